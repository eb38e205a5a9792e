/* SPDX-License-Identifier: Apache-2.0 */
/* What Python's module re takes as an expression, as far as POSIX has the same. */
#pragma once

#include <regex.h>

struct err;

/*
 * Compiles the pattern so that regexec() on a text says what re.match() says: whether a start of it
 * matches. 1: compiled, the caller calls regfree(); 0: Python has more than POSIX here, so it is
 * unknown; -EINVAL: Python refuses it, too.
 */
int python_re_compile(const char *pattern, regex_t *ret, struct err *err);
