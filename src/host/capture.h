/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture: what host_read reads of a machine, as a tar.gz to be unpacked and read again elsewhere
 * (tree_open_folder). Of nova.conf, the command line and the module lists it holds the words that
 * are used and no others.
 */
#pragma once

struct err;
struct tree_table;

/* Writes the recorded files under the folder `host/`; mode 0600. The table must be sorted. */
int capture_write(const char *path, const struct tree_table *table, struct err *err);
