/* SPDX-License-Identifier: Apache-2.0 */
/* ifcfg files, of RHEL and of SUSE: a shell assignment per line. */
#pragma once

#include <stdbool.h>

#include "day0/shell.h"

struct ifcfg {
	const struct text *text;
	struct script script;
};

/* The last value of the variable and its line, or NULL if it is empty or missing. */
const char *ifcfg_get(const struct ifcfg *f, const char *name, size_t *ret_line);

bool ifcfg_is_yes(const char *s); /* takes NULL */
