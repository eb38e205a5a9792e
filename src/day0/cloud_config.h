/* SPDX-License-Identifier: Apache-2.0 */
/* A text/cloud-config part, checked as cloud-init's modules would take it. */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "base/yaml_tree.h"
#include "day0/link.h"

/* How cloud-init takes YAML. */
extern const struct yaml_reader cloud_init_yaml;

void cloud_config_read(const struct text *text, struct guest_links *links,
		       struct findings *findings);

/* One line of an authorized_keys file (sshd(8)) carries a key. */
bool ssh_key_is_valid(const char *line);
