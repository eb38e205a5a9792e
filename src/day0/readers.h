/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of user data, its parts and other day-0 files. Each checks the text as its program in the
 * guest would read it, and adds the links that it defines.
 */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

struct cloud_configs;
struct command;
struct ini;
struct script;
struct yaml;

/* User data (gzip, MIME or plain): splits it and reads each part by its type. */
void user_data_read(const struct text *text, struct guest_links *links, struct findings *findings);

/* Reads a file that is at that path in the guest: a network dialect or a shell script. */
void configuration_read(const char *path, const struct text *text, struct guest_links *links,
			struct findings *findings);

/* A file of the config drive, which a program of the image may read. */
void drive_file_read(const char *path, const struct text *text, struct guest_links *links);

/* Loads a text/cloud-config part and adds it to those that will be merged. merge_type: the value of
 * its header Merge-Type, or NULL. */
void cloud_config_add(struct cloud_configs *configs, const struct text *text,
		      const char *merge_type, struct guest_links *links, struct findings *findings);

/* The merged cloud-config, as cloud-init's modules read it until scripts run, and what runs last.
 */
void cloud_config_read(struct yaml *y, struct guest_links *links, struct findings *findings);
void cloud_config_run(struct yaml *y, struct guest_links *links, struct findings *findings);

/* write_files of a cloud-config. */
void write_files_read(struct yaml *y, struct guest_links *links, struct findings *findings);

/* Reports a line of an authorized_keys file (sshd(8)) without key data. */
bool ssh_key_is_valid(const char *line);

/* Reports the first private key (PEM: RFC 7468; OpenSSH, PGP) in the text. */
void check_private_key(const struct text *text, struct findings *findings);

/* The commands of a shell script, boothook or runcmd. */
void script_read(const struct text *text, struct guest_links *links, struct findings *findings);

/* As script_read, for a script with arguments. */
void script_run(const struct text *text, char *const *arguments, size_t n_arguments,
		struct guest_links *links, struct findings *findings);

/* Reports errors of command i of a script that do not concern the network. */
void script_check(const struct script *script, size_t i, const struct text *text,
		  struct findings *findings);

/* A program in a file: a shell script is read, another language is not. name: for the finding. */
void program_text_read(const char *name, const struct text *text, char *const *arguments,
		       size_t n_arguments, struct guest_links *links, struct findings *findings);

/* Whether it begins with a shell interpreter, as "#!/bin/sh" or "#!/usr/bin/env bash -e". */
bool is_shell_script(const struct text *text);

extern const struct yaml_reader cloud_init_yaml;

/* An "nmcli connection add | modify | delete ..." command. name is the index of "nmcli". */
void nmcli_read(const struct command *c, size_t name, const struct text *text,
		struct guest_links *links, struct findings *findings);

/* An "ip link | address | route ..." command, and "ifenslave BOND LEG...". */
void iproute_read(const struct command *c, size_t name, const struct text *text,
		  struct guest_links *links, struct findings *findings);
void ifenslave_read(const struct command *c, size_t name, const struct text *text,
		    struct guest_links *links);

/* What a command writes to a file below /sys/class/net. False: it is another file. */
bool sysfs_read(const char *path, const char *value, const struct command *c,
		const struct text *text, struct guest_links *links, struct findings *findings);

/* An ifcfg file (initscripts' sysconfig.txt). path is its path in the guest. */
void ifcfg_read(const char *path, const struct text *text, struct guest_links *links,
		struct findings *findings);

/* A file of systemd-networkd: NAME.netdev, NAME.network, NAME.link. */
void networkd_read(const char *path, const struct text *text, struct guest_links *links,
		   struct findings *findings);

/* /etc/network/interfaces, or a file of interfaces.d. */
void ifupdown_read(const struct text *text, struct guest_links *links, struct findings *findings);

/* Reports what NetworkManager refuses in a keyfile. */
void keyfile_check(const struct ini *ini, const struct text *text, struct findings *findings);

/* Whether the key of a keyfile is the name, alone or with a number, also in the plural: "address1",
 * "addresses". */
bool keyfile_is_numbered(const char *key, const char *name);

/* Whether the section, "ipv4" or "ipv6", has that method. */
bool keyfile_has_method(const char *section, const char *method);

/* A NetworkManager keyfile: NAME.nmconnection. */
void keyfile_read(const char *path, const struct text *text, struct guest_links *links,
		  struct findings *findings);

/* An ifcfg file of SUSE, and its routes: of ifroute-INTERFACE, or of "routes" if that is NULL. */
void wicked_read(const char *path, const struct text *text, struct guest_links *links,
		 struct findings *findings);
void wicked_routes_read(const char *interface, const struct text *text, struct guest_links *links,
			struct findings *findings);

/* A route-NAME or rule-NAME file of ifcfg: only whether it contains any is kept. */
void ifcfg_routes_read(const char *name, const struct text *text, struct guest_links *links);

/* The value of "network:", netplan's or cloud-init's (version 1 or 2). */
void network_config_read(struct yaml *y, void *network, enum dialect dialect,
			 struct guest_links *links, struct findings *findings);

/* A file of netplan's or cloud-init's network config. */
void network_file_read(const char *path, const struct text *text, enum dialect dialect,
		       struct guest_links *links, struct findings *findings);

/* A file in the guest: read if a program of the guest reads its path. Its scripts are deferred. */
void guest_file_read(const char *path, const struct text *text, struct guest_links *links,
		     struct findings *findings);

/* A file that day-0 writes: kept and read. Its scripts are deferred. */
void guest_file_written(const char *path, const struct text *text, struct guest_links *links,
			struct findings *findings);

/*
 * Keeps a file that day-0 writes; NULL if there are too many. It is valid until the next one is
 * put. A script may append to what it writes, so that is marked as pending and read later.
 */
struct guest_file *guest_file_put(struct guest_links *links, const char *path,
				  const struct text *text, bool appends);
struct guest_file *guest_file_find(const struct guest_links *links, const char *path);

/* Removes file i, also from those that must be applied. */
void guest_file_remove(struct guest_links *links, size_t i);

/* Copies a file that is kept, as pending. False: there is none of that path. */
bool guest_file_copy(const char *from, const char *to, struct guest_links *links);

/* Runs the scripts that were deferred, when all files are there that they may run. */
void scripts_run_deferred(struct guest_links *links, struct findings *findings);

/* A crontab; of_system: with the user's name after the schedule, as in /etc/cron.d/. */
void crontab_read(const struct text *text, bool of_system, struct guest_links *links);

/* The path, which may be relative to the folder (NULL: not known). The caller frees it. */
char *path_from(const char *folder, const char *path);

/* Whether a command's word (a path, a pattern, or a folder above it) names the file; true if the
 * word is known in the guest only. */
bool path_is_in(const char *path, const char *folder, const char *names);

/* Commands that copy files (cp, mv, install, ln, rsync), change their mode, or download or unpack
 * them. name is the index of the program, folder the working folder or NULL. */
void copy_read(const struct command *c, size_t name, const char *folder, const struct text *text,
	       struct guest_links *links);
void chmod_read(const struct command *c, size_t name, const char *folder,
		struct guest_links *links);
void download_read(const struct command *c, size_t name, const char *folder,
		   const struct text *text, struct guest_links *links);
