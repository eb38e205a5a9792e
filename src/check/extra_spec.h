/* SPDX-License-Identifier: Apache-2.0 */
/* Flavor extra specs, by Nova's names and syntax. No I/O. */
#pragma once

#include <stdbool.h>

/*
 * Whether Nova has an extra spec of that name. Names outside the namespaces that Nova validates
 * count as known. On false, *ret_near is the most similar known name (static), or NULL.
 */
bool extra_spec_known(const char *name, const char **ret_near);

/* Whether Nova accepts the value for that name. On false, *ret_wants (static) says what it accepts.
 */
bool extra_spec_takes(const char *name, const char *value, const char **ret_wants);
