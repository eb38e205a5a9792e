/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of user data, its parts and other day-0 files. Each checks the text as its program in the
 * guest would read it, and adds the links that it defines.
 */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

struct command;
struct script;
struct yaml;

/* User data (gzip, MIME or plain): splits it and reads each part by its type. */
void user_data_read(const struct text *text, struct guest_links *links, struct findings *findings);

/* Reads a file that is at that path in the guest: a network dialect or a shell script. */
void configuration_read(const char *path, const struct text *text, struct guest_links *links,
			struct findings *findings);

/* A text/cloud-config part, as cloud-init's modules would read it. */
void cloud_config_read(const struct text *text, struct guest_links *links,
		       struct findings *findings);

/* Reports a line of an authorized_keys file (sshd(8)) without key data. */
bool ssh_key_is_valid(const char *line);

/* Reports the first private key (PEM: RFC 7468; OpenSSH, PGP) in the text. */
void check_private_key(const struct text *text, struct findings *findings);

/* The commands of a shell script, boothook or runcmd. */
void script_read(const struct text *text, struct guest_links *links, struct findings *findings);

/* As script_read, for commands that are already parsed. */
void script_commands(const struct script *script, const struct text *text,
		     struct guest_links *links, struct findings *findings);

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
