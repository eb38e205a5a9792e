/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of the shell whose value is known before the guest boots. */
#pragma once

#include "base/str.h"

enum truth { TRUTH_UNKNOWN = -1, TRUTH_NO, TRUTH_YES };

/*
 * "[ A = B ]", "[[ A == PATTERN ]]", "test -n A", "true" (POSIX test(1), bash(1)): expanded words
 * without keywords. literal: the last operand is quoted, so it is no pattern.
 */
enum truth shell_test(const struct strv *words, bool literal);

enum truth truth_not(enum truth truth);

/* Whether the word of "case" matches one of the patterns, which "|" separates. */
enum truth shell_matches(const char *word, const char *patterns);
