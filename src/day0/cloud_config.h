/* SPDX-License-Identifier: Apache-2.0 */
/* A text/cloud-config part, checked as cloud-init's modules would take it. */
#pragma once

#include "base/finding.h"
#include "day0/link.h"
#include "day0/text.h"

void cloud_config_read(const struct text *text, struct links *links, struct findings *findings);

/* One line of an authorized_keys file (sshd(8)) carries a key. */
bool ssh_key_is_valid(const char *line);
