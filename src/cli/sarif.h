/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as SARIF 2.1.0, which CI systems show beside the source lines. */
#pragma once

struct findings;
struct json_writer;

/*
 * The whole log: one run, all rules, one result per finding; a waived finding has a suppression.
 * Paths below the folder `here` are written relative to it.
 */
void put_sarif(struct json_writer *w, const struct findings *findings, const char *here);
