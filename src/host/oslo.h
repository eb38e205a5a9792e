/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenStack configuration files, by the rules of oslo_config.iniparser: a line that begins with
 * white space continues the previous value, a key may appear several times, comments start at the
 * beginning of a line. (libinih truncates lines at 200 bytes; a device_spec may be longer.)
 */
#pragma once

#include <stddef.h>

struct strv;
struct tree;

struct oslo_value {
	char *section, *key, *value;
	char *file; /* path from the root, without a leading slash */
	unsigned line;
};

struct oslo_conf {
	struct oslo_value *v;
	size_t n;
};

/* The keys to keep. All other values, such as passwords, are discarded at once. */
struct oslo_key {
	const char *section, *key;
};

/*
 * Reads the files in order, as a service that is given all of them. NULL if none is readable. A
 * capture records only the values that are kept, each on its line.
 */
struct oslo_conf *oslo_read(struct tree *tree, const struct strv *paths,
			    const struct oslo_key *keys, size_t n_keys);
void oslo_free(struct oslo_conf *conf); /* NULL is fine */

/* The last value of the key, as in oslo.config. NULL if unset or empty. */
const char *oslo_get(const struct oslo_conf *conf, const char *section, const char *key);
