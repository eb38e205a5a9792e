/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures what host_read reads from a machine as a tar.gz, which capture_read reads elsewhere, and
 * tree_open_folder once it is unpacked. From nova.conf, the command line and the module lists it
 * contains only the words that host_read uses.
 */
#pragma once

struct err;
struct tree_table;

/*
 * Reads a capture as it was written, or compressed in another way, into an empty table, sorted.
 * -EINVAL: it is no archive, or has no host in it.
 */
int capture_read(const char *path, struct tree_table *ret_table, struct err *err);

/* Writes the recorded files below the folder `host/`, with mode 0600. The table must be sorted. */
int capture_write(const char *path, const struct tree_table *table, struct err *err);
