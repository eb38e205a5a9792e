// SPDX-License-Identifier: Apache-2.0
/*
 * Build-time program: writes the table of esc/node.h from a YANG module. libyang reads YANG's own
 * modules whenever it starts, which takes longer than all else that check does.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libyang/libyang.h>

static size_t n_nodes;

static void fail(const struct lysc_node *node, const char *what)
{
	fprintf(stderr, "compile: %s: %s\n", node ? node->name : "the module", what);
	exit(1);
}

static void print_range(const struct lysc_node *node, const struct lysc_range *range,
			bool is_signed, int64_t min, int64_t max)
{
	if (range && LY_ARRAY_COUNT(range->parts) != 1)
		fail(node, "a range of several parts");
	if (range) {
		min = range->parts[0].min_64;
		max = range->parts[0].max_64;
		if (!is_signed && range->parts[0].max_u64 > INT64_MAX)
			max = INT64_MAX;
	}
	printf(", .min = INT64_C(%" PRId64 "), .max = INT64_C(%" PRId64 ")", min, max);
}

static void print_enum(const struct lysc_type_enum *type)
{
	printf(", .type = TYPE_ENUM, .words = (const char *const[]){");
	for (size_t i = 0; i < LY_ARRAY_COUNT(type->enums); i++)
		printf("\"%s\", ", type->enums[i].name);
	printf("NULL}");
}

static void print_string(const struct lysc_node *node, const struct lysc_type_str *type)
{
	printf(", .type = TYPE_STRING");
	print_range(node, type->length, false, 0, INT64_MAX);
	if (LY_ARRAY_COUNT(type->patterns) == 0)
		return;
	const struct lysc_pattern *pattern = type->patterns[0];
	/* What XML Schema and POSIX write alike. */
	if (LY_ARRAY_COUNT(type->patterns) > 1 || pattern->inverted || !pattern->emsg ||
	    strpbrk(pattern->expr, "\\\"^$"))
		fail(node, "a pattern that regcomp(3) does not have, or without error-message");
	printf(", .pattern = \"^(%s)$\", .wrong = \"%s\"", pattern->expr, pattern->emsg);
}

static void print_type(const struct lysc_node *node, const struct lysc_type *type)
{
	static const struct {
		LY_DATA_TYPE type;
		bool is_signed;
		int64_t min, max;
	} numbers[] = {
		{LY_TYPE_INT8, true, INT8_MIN, INT8_MAX},
		{LY_TYPE_INT16, true, INT16_MIN, INT16_MAX},
		{LY_TYPE_INT32, true, INT32_MIN, INT32_MAX},
		{LY_TYPE_UINT8, false, 0, UINT8_MAX},
		{LY_TYPE_UINT16, false, 0, UINT16_MAX},
		{LY_TYPE_UINT32, false, 0, UINT32_MAX},
		{LY_TYPE_UINT64, false, 0, INT64_MAX},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].type == type->basetype) {
			printf(", .type = TYPE_NUMBER");
			print_range(node, ((const struct lysc_type_num *)type)->range,
				    numbers[i].is_signed, numbers[i].min, numbers[i].max);
			return;
		}
	if (type->basetype == LY_TYPE_BOOL)
		printf(", .type = TYPE_BOOL");
	else if (type->basetype == LY_TYPE_ENUM)
		print_enum((const struct lysc_type_enum *)type);
	else if (type->basetype == LY_TYPE_STRING)
		print_string(node, (const struct lysc_type_str *)type);
	else
		fail(node, "a type that esc/value_type.c does not have");
}

static size_t count(const struct lysc_node *node)
{
	size_t n = 1;

	for (const struct lysc_node *c = lysc_node_child(node); c; c = c->next)
		n += count(c);
	return n;
}

/* Rows in the order of the tree: the first child follows its parent. */
static void print_node(const struct lysc_node *node)
{
	size_t i = n_nodes++;

	printf("\t{.name = \"%s\"", node->name);
	if (lysc_node_child(node))
		printf(", .child = &esc_nodes[%zu]", i + 1);
	if (node->parent && node->next)
		printf(", .next = &esc_nodes[%zu]", i + count(node));
	if (lysc_is_key(node))
		printf(", .is_key = true");
	if (lysc_is_key(node) || node->flags & LYS_MAND_TRUE)
		printf(", .is_needed = true");
	if (node->nodetype == LYS_CONTAINER)
		printf(", .kind = NODE_CONTAINER");
	else if (node->nodetype == LYS_LIST)
		printf(", .kind = NODE_LIST");
	else if (node->nodetype == LYS_ANYDATA)
		printf(", .kind = NODE_ANYDATA");
	else if (node->nodetype == LYS_LEAF)
		printf(", .kind = NODE_LEAF");
	else if (node->nodetype == LYS_LEAFLIST)
		printf(", .kind = NODE_LEAF_LIST");
	else
		fail(node, "a kind of node that esc/schema.c does not have");
	if (node->nodetype == LYS_LEAF)
		print_type(node, ((const struct lysc_node_leaf *)node)->type);
	if (node->nodetype == LYS_LEAFLIST)
		print_type(node, ((const struct lysc_node_leaflist *)node)->type);
	puts("},");
	for (const struct lysc_node *c = lysc_node_child(node); c; c = c->next)
		print_node(c);
}

int main(int argc, char **argv)
{
	struct ly_ctx *ctx = NULL;
	struct lys_module *module = NULL;

	if (argc != 2) {
		fprintf(stderr, "usage: compile MODULE.yang\n");
		return 2;
	}
	if (ly_ctx_new(NULL, LY_CTX_NO_YANGLIBRARY | LY_CTX_DISABLE_SEARCHDIRS, &ctx) !=
		    LY_SUCCESS ||
	    lys_parse_path(ctx, argv[1], LYS_IN_YANG, &module) != LY_SUCCESS)
		return 1;
	if (!module->compiled->data || module->compiled->data->next)
		fail(NULL, "does not have one root");
	print_node(module->compiled->data);
	ly_ctx_destroy(ctx);
	return 0;
}
