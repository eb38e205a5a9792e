/* SPDX-License-Identifier: Apache-2.0 */
/* Checks shell scripts, boothooks and runcmd. */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

struct script;

/* Checks the commands of a shell script. */
void script_read(const struct text *text, struct guest_links *links, struct findings *findings);

/* As script_read, for commands that are already parsed. */
void script_commands(const struct script *script, const struct text *text,
		     struct guest_links *links, struct findings *findings);
