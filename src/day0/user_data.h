/* SPDX-License-Identifier: Apache-2.0 */
/* What user data does to a guest: its parts, each read by its type. */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

/* Reads user data (gzipped, MIME or plain); the links that it sets up are added to *links. */
void user_data_read(const struct text *text, struct guest_links *links, struct findings *findings);

/* Reads a file that the guest gets at that path: a dialect's, or a shell script. */
void configuration_read(const char *path, const struct text *text, struct guest_links *links,
			struct findings *findings);
