/* SPDX-License-Identifier: Apache-2.0 */
/* The network dialects of day-0 files. Each adds its links. */
#pragma once

#include <stddef.h>

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

struct command;
struct yaml;

extern const struct yaml_reader cloud_init_yaml;

/* An "nmcli connection add | modify | delete ..." command. name is the index of "nmcli". */
void nmcli_read(const struct command *c, size_t name, const struct text *text,
		struct guest_links *links, struct findings *findings);

/* An ifcfg file (initscripts' sysconfig.txt). path is its path in the guest. */
void ifcfg_read(const char *path, const struct text *text, struct guest_links *links,
		struct findings *findings);

/* A route-NAME or rule-NAME file of ifcfg: only whether it contains any is kept. */
void ifcfg_routes_read(const char *name, const struct text *text, struct guest_links *links);

/* The value of "network:", netplan's or cloud-init's (version 1 or 2). */
void network_config_read(struct yaml *y, void *network, enum dialect dialect,
			 struct guest_links *links, struct findings *findings);

/* A file in the guest: read if a dialect uses its path. */
void guest_file_read(const char *path, const struct text *text, struct guest_links *links,
		     struct findings *findings);
