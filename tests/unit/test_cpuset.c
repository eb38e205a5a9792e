// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cpuset.h"
#include "base/err.h"

static void assert_cpus(const struct cpuset *cpus, const char *expected)
{
	cleanup_free char *text = cpuset_format(cpus);

	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
}

static void lists_of_the_kernel_and_of_nova(void **state)
{
	static const struct {
		const char *text, *expected; /* NULL: not one */
		int error;
	} rows[] = {
		{"", "", 0},
		{"0", "0", 0},
		{"0-3,8-11", "0-3,8-11", 0},
		{"0-3,8\n", "0-3,8", 0},
		{"3,1,2", "1-3", 0},
		{"0-7,^3", "0-2,4-7", 0},
		{"^3,0-7", "0-2,4-7", 0},
		{"0-7,^2-5", "0-1,6-7", 0},
		{" 1 - 2 , ^ 2 ", "1", 0},
		{" 0-3, ^2,8,,9 ", "0-1,3,8-9", 0},
		{"62-65,127-128", "62-65,127-128", 0},
		{"1022-1023", "1022-1023", 0},
		{"1024", NULL, -ERANGE},
		{"0-4294967295", NULL, -ERANGE},
		{"0-18446744073709551616", NULL, -ERANGE},
		{"3-1", NULL, -EINVAL},
		{"a", NULL, -EINVAL},
		{"1-", NULL, -EINVAL},
		{"-1", NULL, -EINVAL},
		{"0-3:1/2", NULL, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_err struct err err = ERR_INIT;
		struct cpuset cpus = CPUSET_UNKNOWN;

		assert_int_equal(cpuset_parse(rows[i].text, &cpus, &err), rows[i].error);
		assert_int_equal(cpuset_parse(rows[i].text, &cpus, NULL), rows[i].error);
		assert_int_equal(err.text != NULL, rows[i].error < 0);
		assert_cpus(&cpus, rows[i].expected);
	}
}

static void sets_are_combined_and_walked(void **state)
{
	struct cpuset a, b, c;
	unsigned sum = 0;

	(void)state;
	cpuset_parse("0-3,70", &a, NULL);
	cpuset_parse("2-5", &b, NULL);
	c = cpuset_and(&a, &b);
	assert_cpus(&c, "2-3");
	assert_true(cpuset_contain(&a, &c));
	assert_false(cpuset_contain(&c, &a));
	c = cpuset_or(&a, &b);
	assert_cpus(&c, "0-5,70");
	assert_int_equal(cpuset_count(&c), 7);
	for_each_cpu (cpu, &c)
		sum += cpu;
	assert_int_equal(sum, 85);
	c = cpuset_without(&a, &b);
	assert_cpus(&c, "0-1,70");
	assert_false(cpuset_equal(&a, &c));
	cpuset_add_range(&c, 2, 2);
	assert_true(cpuset_equal(&a, &c));
	cpuset_remove(&c, 70);
	assert_false(cpuset_has(&c, 70));
	assert_false(cpuset_has(&c, CPUSET_MAX));
	cpuset_add_range(&c, CPUSET_MAX - 1, 9);
	assert_int_equal(cpuset_next(&c, 4), CPUSET_MAX - 1);
	assert_int_equal(cpuset_next(&c, CPUSET_MAX), CPUSET_MAX);
}

static void unknown_is_not_empty(void **state)
{
	const struct cpuset unknown = CPUSET_UNKNOWN, empty = {0};
	struct cpuset some, c;

	(void)state;
	cpuset_parse("0-3", &some, NULL);
	assert_int_equal(cpuset_count(&empty), 0);
	assert_int_equal(cpuset_count(&unknown), -1);
	assert_cpus(&empty, "");
	assert_cpus(&unknown, NULL);
	assert_false(cpuset_has(&unknown, 0));
	assert_int_equal(cpuset_next(&unknown, 0), CPUSET_MAX);
	assert_false(cpuset_equal(&unknown, &unknown));
	assert_false(cpuset_equal(&unknown, &empty));
	assert_false(cpuset_contain(&unknown, &empty));
	assert_false(cpuset_contain(&some, &unknown));
	c = cpuset_and(&some, &unknown);
	assert_true(c.unknown);
	c = cpuset_or(&unknown, &some);
	assert_true(c.unknown);
	c = cpuset_without(&some, &unknown);
	assert_true(c.unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_the_kernel_and_of_nova),
		cmocka_unit_test(sets_are_combined_and_walked),
		cmocka_unit_test(unknown_is_not_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
