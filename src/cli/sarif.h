/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as SARIF 2.1.0, which CI systems show beside the lines they are about. */
#pragma once

struct findings;
struct json_writer;

/*
 * The whole log: one run, every rule, a result for each finding; what is waived carries a
 * suppression. Paths are made relative to the folder `here` where they lie below it.
 */
void put_sarif(struct json_writer *w, const struct findings *findings, const char *here);
