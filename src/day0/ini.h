/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with [Section] and Key=Value lines: NetworkManager's keyfiles (GLib's GKeyFile) and those
 * of systemd (systemd.syntax(7)). A section may occur several times; each occurrence has its
 * number.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct ini_entry {
	char *section; /* "" before the first one */
	size_t number; /* of the section's occurrence in the file, from 0 */
	char *key, *value;
	size_t line; /* in the text, from 0 */
};

struct ini {
	struct ini_entry *v;
	size_t n;
};

/* Lines that begin with one of the characters in comments are skipped. Never fails. */
void ini_parse(const struct text *text, const char *comments, struct ini *ret);
void ini_clear(struct ini *ini);

/* The last value of the key in any occurrence of the section, or NULL. */
const char *ini_get(const struct ini *ini, const char *section, const char *key);

#define cleanup_ini __attribute__((__cleanup__(ini_clear)))
