/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as SARIF 2.1.0, which CI systems show beside the lines they are about. */
#pragma once

#include <jansson.h>

struct findings;

/*
 * The whole log: one run, every rule, a result for each finding; what is waived carries a
 * suppression. Paths are made relative to the folder `here` where they lie below it. The caller
 * drops the reference.
 */
json_t *sarif_log(const struct findings *findings, const char *here);
