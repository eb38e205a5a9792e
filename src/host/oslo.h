/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration files of OpenStack services by the rules of oslo_config.iniparser: a line that
 * begins with white space continues the value before it, a key may come several times, comments
 * begin a line. (libinih cuts lines at 200 bytes, and a device_spec may be longer.)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct tree;

struct oslo_value {
	char *section, *key, *value;
};

struct oslo_conf {
	struct oslo_value *v;
	size_t n;
};

/* Which values are taken; all others, passwords among them, are forgotten at once. */
struct oslo_key {
	const char *section, *key;
};

/* NULL when the file cannot be read. A capture gets a file with the values taken, no more. */
struct oslo_conf *oslo_read(struct tree *tree, const char *path, const struct oslo_key *keys,
			    size_t n_keys);
void oslo_free(struct oslo_conf *conf); /* NULL is fine */

/* The last one, as oslo.config takes it; NULL: not set, or empty. */
const char *oslo_get(const struct oslo_conf *conf, const char *section, const char *key);
