/* SPDX-License-Identifier: Apache-2.0 */
/* The effect of user data: splits it and checks each part by its type. */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

/* Reads user data (gzip, MIME or plain) and adds the links that it defines to *links. */
void user_data_read(const struct text *text, struct guest_links *links, struct findings *findings);

/* Reads a file that is at that path in the guest: a network dialect or a shell script. */
void configuration_read(const char *path, const struct text *text, struct guest_links *links,
			struct findings *findings);
