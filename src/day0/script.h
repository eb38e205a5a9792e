/* SPDX-License-Identifier: Apache-2.0 */
/* What a shell script, a boothook or a runcmd says that matters to us. */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

struct script;

/* Reads the commands of a shell script. */
void script_read(const struct text *text, struct guest_links *links, struct findings *findings);

/* The same of commands already parsed out of text. */
void script_commands(const struct script *script, const struct text *text,
		     struct guest_links *links, struct findings *findings);
