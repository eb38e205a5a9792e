/* SPDX-License-Identifier: Apache-2.0 */
/* Flavor extra specs, by Nova's names and syntax. No I/O. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct flavor;

/*
 * Whether Nova has an extra spec of that name. Names outside the namespaces that Nova validates
 * count as known. On false, *ret_near is the most similar known name (static), or NULL.
 */
bool extra_spec_known(const char *name, const char **ret_near);

/* Whether Nova accepts the value for that name. On false, *ret_wants (static) says what it accepts.
 */
bool extra_spec_takes(const char *name, const char *value, const char **ret_wants);

/* The value of the flavor's extra spec, or NULL. */
const char *extra_spec(const struct flavor *flavor, const char *name);

/* Nova's mem_page_size in KiB: "2MB", "2048", "1GB". 0 if it is not a size, for example "large". */
uint64_t extra_spec_page_kb(const char *value);

enum { EXTRA_SPEC_CPUS_MAX = 1024 };

/* Parses a CPU set such as "0-3,^2,8". False if it is malformed, empty, or above the maximum. */
bool extra_spec_cpus(const char *value, bool cpus[static EXTRA_SPEC_CPUS_MAX]);
