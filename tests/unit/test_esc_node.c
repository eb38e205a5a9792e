// SPDX-License-Identifier: Apache-2.0
/* The table made from yang/esc.yang says of each value of each leaf what libyang says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "esc/node.h"

static struct ly_ctx *ctx;
static size_t leaves, valid, invalid;

static const char *const values[] = {
	"",
	"0",
	"-0",
	"+0",
	"1",
	"-1",
	"+1",
	"+-1",
	"-+1",
	"--1",
	"007",
	"0x10",
	"1.0",
	"1e3",

	"1024",
	"1025",
	"255",
	"256",
	"65535",
	"65536",
	"16777215",
	"16777216",
	"2147483647",
	"2147483648",
	"-2147483648",
	"-2147483649",
	"4294967295",
	"4294967296",
	"9223372036854775807",
	"99999999999999999999",
	"true",
	"false",
	"TRUE",
	"True",
	"yes",
	"true ",
	"true\nx",
	"192.0.2.1",
	"2001:db8::1",
	"192.0.2.1/24",
	".",
	":",
	"g",
	"fa:16:3e:00:00:01",
	"FA:16:3E:AA:bb:0c",
	"fa:16:3e:00:00",
	"fa:16:3e:00:00:01:02",
	"fa-16-3e-00-00-01",
	"192.0.2.1\n",
	"\n",
	"\t\r\n",
	"\x7f",
	"\xc2\x80",
	"caf\xc3\xa9",
	"\xef\xbf\xbd",
	"\xf0\x9f\x98\x80",
};

/* Not in a YANG string (RFC 7950, section 9.4); older libyang takes them. */
static const char *const forbidden[] = {
	"a\x01",
	"\x1f",
	"\xc3",
	"\xff",
	"\xed\xa0\x80",
	"\xef\xb7\x90",
	"\xef\xbf\xbe",
	"\xf0\x9f\xbf\xbe",
	"\xf4\x90\x80\x80",
	"\xc0\x80",
};

static const char *const blanks[] = {" 1", "1 ", "1\n", " x", "true "};

static void compare(const struct lysc_node *y, const struct node *n, const char *value)
{
	const char *canonical = NULL;
	cleanup_free char *ours = NULL;
	size_t len = strlen(value);
	bool expected =
		lyd_value_validate(ctx, y, value, len, NULL, NULL, &canonical) == LY_SUCCESS;

	if (value_is_valid(n, value, len, &ours) != expected)
		fail_msg("%s \"%s\": libyang says %d", n->name, value, expected);
	if (expected)
		assert_string_equal(ours ? ours : value, canonical);
	if (!expected) {
		cleanup_free char *why = value_why_invalid(n, value);
		assert_non_null(why);
	}
	lydict_remove(ctx, canonical);
	*(expected ? &valid : &invalid) += 1;
}

static void compare_leaf(const struct lysc_node *y, const struct node *n)
{
	static const size_t lengths[] = {45, 46, 255, 256, 4096, 4097};

	leaves++;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		compare(y, n, values[i]);
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
		assert_false(value_is_valid(n, forbidden[i], strlen(forbidden[i]), NULL));
	/* Around a number libyang takes blanks; schema.c has trimmed them. */
	for (size_t i = 0; n->type != TYPE_NUMBER && i < ARRAY_SIZE(blanks); i++)
		compare(y, n, blanks[i]);
	if (n->type == TYPE_STRING)
		assert_false(value_is_valid(n, "1\0", 2, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct strbuf plain = {0}, wide = {0};
		for (size_t k = 0; k < lengths[i]; k++) {
			strbuf_adds(&plain, "x");
			strbuf_adds(&wide, "\xc3\xa9");
		}
		compare(y, n, plain.s);
		compare(y, n, wide.s);
		strbuf_clear(&plain);
		strbuf_clear(&wide);
	}
	for (const char *const *word = n->words; word && *word; word++)
		compare(y, n, *word);
}

static void compare_nodes(const struct lysc_node *y, const struct node *n)
{
	bool leaf = y->nodetype & (LYS_LEAF | LYS_LEAFLIST);

	assert_string_equal(n->name, y->name);
	assert_int_equal(n->is_key, lysc_is_key(y));
	assert_int_equal(n->is_needed, lysc_is_key(y) || (y->flags & LYS_MAND_TRUE) != 0);
	assert_int_equal(n->kind == NODE_LIST, y->nodetype == LYS_LIST);
	assert_int_equal(n->kind == NODE_ANYDATA, y->nodetype == LYS_ANYDATA);
	assert_int_equal(n->kind == NODE_LEAF || n->kind == NODE_LEAF_LIST, leaf);
	if (leaf)
		compare_leaf(y, n);
	const struct lysc_node *a = lysc_node_child(y);
	const struct node *b = n->child;
	for (; a && b; a = a->next, b = b->next)
		compare_nodes(a, b);
	assert_true(!a && !b);
}

static void test_as_libyang(void **state)
{
	struct lys_module *module = NULL;

	(void)state;
	assert_int_equal(ly_ctx_new(NULL, LY_CTX_NO_YANGLIBRARY, &ctx), LY_SUCCESS);
	ly_log_options(LY_LOSTORE_LAST);
	assert_int_equal(lys_parse_path(ctx, "yang/esc.yang", LYS_IN_YANG, &module), LY_SUCCESS);
	compare_nodes(module->compiled->data, esc_nodes);
	assert_true(leaves > 100 && valid > 1000 && invalid > 1000);
	ly_ctx_destroy(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_libyang)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
