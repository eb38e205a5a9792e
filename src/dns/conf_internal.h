/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the readers of configurations. */
#pragma once

#include "dns/conf.h"

/* Reads lines "key: value": Knot, Unbound, NSD. */
void keys_read(const struct written_file *file, struct dns_conf *conf);

/* Reads BIND's statements. */
void named_read(const struct written_file *file, struct dns_conf *conf);

/* Appends an address; a port ("@53", "#53") is removed. */
void conf_listen(struct dns_conf *conf, const char *address, size_t len,
		 const struct written_file *file, size_t line);
struct dns_zone *conf_zone(struct dns_conf *conf, const char *name, const struct written_file *file,
			   size_t line);
void conf_open(struct dns_conf *conf, const char *text, const struct written_file *file,
	       size_t line);

/* The path of a zone's file, relative to folder unless absolute; NULL: unknown. */
char *conf_path(const char *folder, const char *name);

/* "0.0.0.0/0", "::/0", "any" */
bool conf_is_everybody(const char *network);
