/* SPDX-License-Identifier: Apache-2.0 */
/* The dialects in which a day-0 file sets up networking; each adds its links. */
#pragma once

#include <stddef.h>

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

struct command;
struct yaml;

/* An "nmcli connection add | modify | delete ..." command; name is the index of "nmcli". */
void nmcli_read(const struct command *c, size_t name, const struct text *text,
		struct guest_links *links, struct findings *findings);

/* An ifcfg file (initscripts' sysconfig.txt); path is its path in the guest. */
void ifcfg_read(const char *path, const struct text *text, struct guest_links *links,
		struct findings *findings);

/* A route-NAME or rule-NAME file beside an ifcfg file: only that it has some is of interest. */
void ifcfg_routes_read(const char *name, const struct text *text, struct guest_links *links);

/* What stands under "network:", netplan's or cloud-init's (version 1 or 2). */
void network_config_read(struct yaml *y, void *network, enum dialect dialect,
			 struct guest_links *links, struct findings *findings);

/* A file that the guest gets: read if its path is one of a dialect. */
void guest_file_read(const char *path, const struct text *text, struct guest_links *links,
		     struct findings *findings);
