/* SPDX-License-Identifier: Apache-2.0 */
/* Extra specs of flavors as Nova knows and reads them. No I/O. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flavor;

/*
 * Whether Nova has an extra spec of that name. Names outside the namespaces that Nova validates are
 * anybody's and known. When false, *ret_near is the known name that looks most like it, or NULL;
 * it is static.
 */
bool extra_spec_known(const char *name, const char **ret_near);

/* Whether the value is one that Nova takes for that name; if not, *ret_wants says what it takes. */
bool extra_spec_takes(const char *name, const char *value, const char **ret_wants);

/* The value of the flavor's extra spec, or NULL. */
const char *extra_spec(const struct flavor *flavor, const char *name);

/*
 * Nova's mem_page_size in KiB: "2MB", "2048", "1GB"; 0 for what is no number, such as "large".
 */
uint64_t extra_spec_page_kb(const char *value);

enum { EXTRA_SPEC_CPUS_MAX = 1024 };

/* "0-3,^2,8" as a set. false when it is none, or names a CPU past the maximum. */
bool extra_spec_cpus(const char *value, bool cpus[static EXTRA_SPEC_CPUS_MAX]);
