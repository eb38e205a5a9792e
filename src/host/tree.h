/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a host is read from: the machine itself, a folder with its /sys, /proc and /etc (a
 * capture), or a table of such files in memory. Paths are relative to the root, without a slash in
 * front. Whatever cannot be read is NULL or -1: nobody above tells "absent" from "not permitted",
 * both are unknown. In a folder no link leads out of it.
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
	char *data; /* content, or the last part of a link's target; terminated */
	size_t len;
};

struct tree_table {
	struct tree_entry *v;
	size_t n;
};

void tree_table_add(struct tree_table *table, const char *path, enum tree_kind kind,
		    const void *data, size_t len);
/* By path, each path once: a file or a link wins over a folder, else the first that was added. */
void tree_table_sort(struct tree_table *table);
void tree_table_clear(struct tree_table *table);
#define cleanup_tree_table __attribute__((__cleanup__(tree_table_clear)))

struct tree;

int tree_open_live(struct tree **ret_tree, struct err *err);
int tree_open_folder(const char *root, struct tree **ret_tree, struct err *err);
/* The table must be sorted and outlive the tree. */
struct tree *tree_open_table(const struct tree_table *table);
void tree_close(struct tree *tree); /* NULL is fine */

/* From now on everything that is read goes to into as well: that is what a capture holds. */
void tree_record(struct tree *tree, struct tree_table *into);

bool tree_is_live(const struct tree *tree);

/* The bytes of a file of at most 4 MiB, terminated; NULL when there are none. */
char *tree_data(struct tree *tree, const char *path, size_t *ret_len);

/* The same, not recorded: of files of which a capture must hold less than all (tree_put). */
char *tree_peek(struct tree *tree, const char *path, size_t *ret_len);

/* Records a file that was not read by the functions here, or only by tree_peek. */
void tree_put(struct tree *tree, const char *path, const void *data, size_t len);

/* Its text: printable ASCII and line breaks ('?' for the rest), no white space at the end. */
char *tree_text(struct tree *tree, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The decimal number from 0 that is the whole of the file, or -1. */
int64_t tree_number(struct tree *tree, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The last part of where the link leads: "i40e" of ".../driver"; or NULL. */
char *tree_target(struct tree *tree, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* There is something of that name, readable or not. */
bool tree_exists(struct tree *tree, const char *path);

struct tree_names {
	char **v; /* sorted; letters, digits and ":._@+-" only */
	size_t n;
	bool known; /* the folder could be read */
};

/* What a folder holds; of names that begin with prefix ("" for all). */
void tree_list(struct tree *tree, struct tree_names *ret_names, const char *prefix, const char *fmt,
	       ...) __attribute__((format(printf, 4, 5)));
void tree_names_clear(struct tree_names *names);
#define cleanup_tree_names __attribute__((__cleanup__(tree_names_clear)))
