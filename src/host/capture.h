/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures what host_read reads from a machine as a tar.gz, which tree_open_folder reads elsewhere
 * once unpacked. From nova.conf, the command line and the module lists it contains only the words
 * that host_read uses.
 */
#pragma once

struct err;
struct tree_table;

/* Writes the recorded files below the folder `host/`, with mode 0600. The table must be sorted. */
int capture_write(const char *path, const struct tree_table *table, struct err *err);
