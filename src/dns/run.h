/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a name server's checker on copies of files, without privileges. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
struct scratch;

/* Seconds that a checker may take. */
#define RUN_SECONDS 5

/* An empty folder that the checker may read. */
int run_folder(struct scratch *ret, struct err *err);

/* Writes a file that the checker may read. */
int run_file(const char *path, const char *data, size_t len, struct err *err);

/* The program's path, in PATH and where administrators' programs are; NULL: not installed. The
 * caller frees. */
char *run_find(const char *program);

/*
 * Runs argv (NULL at the end) in the folder, with empty input and no environment but LC_ALL
 * and PATH, as user nobody if this process is root. *ret_output is the start of what it printed,
 * printable; the caller frees. Returns its exit code; -ETIME: stopped after RUN_SECONDS; another
 * -errno: it did not run.
 */
int run_checker(const char *folder, const char *const *argv, char **ret_output, struct err *err);
