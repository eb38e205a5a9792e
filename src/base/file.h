/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, read with a bound and written so that a reader sees the old or the new one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;

/*
 * Reads path (relative to dirfd; AT_FDCWD for the current folder) whole. *ret_data is terminated by
 * a zero byte not counted in *ret_len; the caller frees it. A file over max bytes is -EFBIG, a
 * folder -EISDIR.
 */
int file_read_at(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_len,
		 struct err *err);
int file_read(const char *path, size_t max, char **ret_data, size_t *ret_len, struct err *err);

/* Writes aside, fsyncs, renames over path. mode as in open(2). */
int file_write_at(int dirfd, const char *path, const void *data, size_t len, unsigned mode,
		  struct err *err);

/* A result that the user named a place for: as file_write_at, mode 0644, but a device, a pipe or a
 * link (/dev/stdout) is written into and not replaced. */
int file_write_output(const char *path, const void *data, size_t len, struct err *err);

/* mkdir -p, mode 0755 for what is missing. */
int dir_make(const char *path, struct err *err);

/* Removes path and all below it, not following links; a missing path is no error. */
int dir_remove(const char *path, struct err *err);

bool file_exists(const char *path);
