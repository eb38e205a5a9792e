/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a text/cloud-config part as cloud-init's modules would read it. */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

void cloud_config_read(const struct text *text, struct guest_links *links,
		       struct findings *findings);

/* Reports a line of an authorized_keys file (sshd(8)) without key data. */
bool ssh_key_is_valid(const char *line);
