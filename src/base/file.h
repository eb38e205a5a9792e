/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads whole files up to a maximum size, and writes them so that a reader sees the old or the new
 * content.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;

/*
 * Reads the whole of path (relative to dirfd; AT_FDCWD for the current folder). *ret_data has a
 * final zero byte not counted in *ret_len; the caller frees it. -EFBIG: over max bytes; -EISDIR: a
 * folder; -ETIME: a FIFO or terminal that gave nothing for 5 s.
 */
int file_read_at(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_len,
		 struct err *err);
int file_read(const char *path, size_t max, char **ret_data, size_t *ret_len, struct err *err);

/* Writes all of it, continuing after signals and short writes. Returns 0 or -errno. */
int write_all(int fd, const void *bytes, size_t len);

/*
 * Writes a new file beside path, renames it to path, and has both on the disk (fsync) when it
 * returns. mode as in open(2).
 */
int file_write_at(int dirfd, const char *path, const void *data, size_t len, unsigned mode,
		  struct err *err);

/*
 * For output files named by the user: as file_write_at, but a device, pipe or link (/dev/stdout) is
 * written to, not replaced.
 */
int file_write_output(const char *path, const void *data, size_t len, unsigned mode,
		      struct err *err);

/* mkdir -p with mode 0755. */
int dir_make(const char *path, struct err *err);

/* Removes path and all below it, without following links; a missing path is not an error. */
int dir_remove(const char *path, struct err *err);

bool file_exists(const char *path);

/* openat2(2) with RESOLVE_* flags, close-on-exec: a descriptor, or -1 and errno. */
int open_resolved(int dirfd, const char *path, int flags, unsigned resolve);
