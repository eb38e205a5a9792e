/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source that a host is read from: the machine, a folder with its /sys, /proc and /etc (a
 * capture), or a table of such files in memory. Paths are relative to the root, without a leading
 * slash. Unreadable values are NULL or -1; callers do not distinguish "absent" from "not
 * permitted", both are unknown; other errors (EIO, EMFILE) are kept for tree_error. In a folder,
 * links cannot lead outside it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum tree_kind { TREE_FOLDER, TREE_FILE, TREE_LINK };

struct tree_entry {
	char *path;
	enum tree_kind kind;
	char *data; /* the contents, or the last component of a link's target; NUL-terminated */
	size_t len;
};

struct tree_table {
	struct tree_entry *v;
	size_t n;
};

void tree_table_add(struct tree_table *table, const char *path, enum tree_kind kind,
		    const void *data, size_t len);
/* Sorts by path and removes duplicates: files and links win over folders, then the first entry. */
void tree_table_sort(struct tree_table *table);
void tree_table_clear(struct tree_table *table);
#define cleanup_tree_table __attribute__((__cleanup__(tree_table_clear)))

struct tree;

int tree_open_live(struct tree **ret_tree, struct err *err);
int tree_open_folder(const char *root, struct tree **ret_tree, struct err *err);
/* The table must be sorted and outlive the tree. */
struct tree *tree_open_table(const struct tree_table *table);
void tree_close(struct tree *tree); /* NULL is fine */

/* The first error of the machine since the tree was opened, or 0. */
int tree_error(const struct tree *tree, struct err *err);

/* Keeps errno for tree_error if it is of the machine; for what is read by other means. */
void tree_note(struct tree *tree, const char *path);

/* From now on, records everything that is read in `into` (for a capture). */
void tree_record(struct tree *tree, struct tree_table *into);

bool tree_is_live(const struct tree *tree);

/* A file's contents, at most 4 MiB, NUL-terminated. NULL if unreadable. */
char *tree_data(struct tree *tree, const char *path, size_t *ret_len);

/* As tree_read, without recording: for files that a capture must contain only in part (tree_put).
 */
char *tree_peek(struct tree *tree, const char *path, size_t *ret_len);

/* Records a file that was read by other means or with tree_peek. */
void tree_put(struct tree *tree, const char *path, const void *data, size_t len);

/* The file's text: other characters than printable ASCII and line breaks become '?', trailing white
 * space is removed. */
char *tree_text(struct tree *tree, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The non-negative decimal number that the file consists of, or -1. */
int64_t tree_number(struct tree *tree, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Last component of the link's target, for example "i40e" for ".../driver"; or NULL. */
char *tree_target(struct tree *tree, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Whether the path exists, readable or not. */
bool tree_exists(struct tree *tree, const char *path);

struct tree_names {
	char **v; /* sorted; only letters, digits and ":._@+-" */
	size_t n;
	bool known; /* whether the folder is readable */
};

/* Names in a folder that begin with prefix ("" for all). */
void tree_list(struct tree *tree, struct tree_names *ret_names, const char *prefix, const char *fmt,
	       ...) __attribute__((format(printf, 4, 5)));
void tree_names_clear(struct tree_names *names);
#define cleanup_tree_names __attribute__((__cleanup__(tree_names_clear)))

/*
 * Captures what host_read reads from a machine as a tar.gz, which capture_read reads elsewhere, and
 * tree_open_folder once it is unpacked. From nova.conf, the command line and the module lists it
 * contains only the words that host_read uses.
 *
 * Reads a capture as it was written, or compressed in another way, into an empty table, sorted.
 * -EINVAL: not an archive, or without a host in it.
 */
int capture_read(const char *path, struct tree_table *ret_table, struct err *err);

/* Writes the recorded files below the folder `host/`, with mode 0600. The table must be sorted. */
int capture_write(const char *path, const struct tree_table *table, struct err *err);
