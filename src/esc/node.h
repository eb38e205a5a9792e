/* SPDX-License-Identifier: Apache-2.0 */
/* The data model of yang/esc.yang as a table, made from it at build time by yang/compile.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_kind { NODE_CONTAINER, NODE_LIST, NODE_ANYDATA, NODE_LEAF, NODE_LEAF_LIST };
enum value_type { TYPE_STRING, TYPE_NUMBER, TYPE_BOOL, TYPE_ENUM };

struct node {
	const char *name;
	const struct node *child, *next; /* first child, of a list its keys first; next sibling */
	enum node_kind kind;
	bool is_key, is_needed; /* needed: a key, mandatory, min-elements */
	/* Of leaf and leaf-list: */
	enum value_type type;
	int64_t min, max;         /* of a number; characters of a string. INT64_MAX: no limit */
	const char *const *words; /* of an enum, NULL at the end */
	const char *pattern;      /* of a string, for regcomp(3), or NULL */
	const char *wrong;        /* what a value that does not match it is */
};

extern const struct node esc_nodes[]; /* [0] is the root, esc_datamodel */

/*
 * Whether the value, len bytes with a zero byte behind, is one of the leaf's type by RFC 7950.
 * There are no blanks around a number.
 * ret_canonical is written when it is valid and differs from its canonical form; the caller frees.
 */
bool value_is_valid(const struct node *leaf, const char *value, size_t len, char **ret_canonical);

/* Why the value is invalid: "must be an integer from 0 to 255". The caller
 * frees. */
char *value_why_invalid(const struct node *leaf, const char *value);
