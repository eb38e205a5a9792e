// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/utf8.h"

static void test_err_wraps_context_in_front(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;

	assert_int_equal(err_errno(&err, ENOENT, "cannot open %s", "a.xml"), -ENOENT);
	assert_int_equal(err_wrap(&err, "deploy %s", "cpnr"), -ENOENT);
	assert_string_equal(err.text, "deploy cpnr: cannot open a.xml: No such file or directory");
}

/* FIPS 180-4's example. */
static void test_hash(void **state)
{
	(void)state;
	cleanup_free char *hex = hash_hex("abc", 3);

	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(hash64("abc", 3) == UINT64_C(0xba7816bf8f01cfea));
}

static void test_strv(void **state)
{
	(void)state;
	cleanup_strv struct strv l = {0};

	assert_false(strv_contains(&l, "a"));
	strv_add(&l, "a");
	strv_take(&l, xstrdup("b"));
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[1], "b");
	assert_true(strv_contains(&l, "a"));
	strv_clear(&l);
	assert_null(l.v);
	strv_add(&l, "c");
	assert_int_equal(l.n, 1);
	assert_false(strv_contains(&l, "a"));
}

static void test_err_takes_null(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, BUSY, "nobody listens"), -EBUSY);
}

static void assert_err(struct err *err, enum err_kind kind, int code, const char *text)
{
	assert_int_equal(err->kind, kind);
	assert_int_equal(err->code, code);
	assert_string_equal(err->text, text);
}

static void test_err_kind_gives_the_code(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT, above = ERR_INIT;

	assert_int_equal(err.kind, ERR_NONE);
	assert_int_equal(err_set(&err, NO_CAPACITY, "no host"), -ENOSPC);
	assert_err(&err, ERR_NO_CAPACITY, -ENOSPC, "no host");
	assert_int_equal(err_errno(&err, EACCES, "cannot open a"), -EACCES);
	assert_err(&err, ERR_LOCAL, -EACCES, "cannot open a: Permission denied");
	assert_int_equal(err_net(&err, -EACCES, "ping"), -EACCES);
	assert_err(&err, ERR_UNREACHABLE, -EACCES, "ping: Permission denied");
	assert_int_equal(err_code(&err, FAILED, ETIMEDOUT, "late"), -ETIMEDOUT);
	assert_int_equal(err_pass(&above, &err, "server %s", "s"), -ETIMEDOUT);
	assert_err(&above, ERR_FAILED, -ETIMEDOUT, "server s: late");
	assert_int_equal(err_copy(NULL, &err), -ETIMEDOUT);
	assert_int_equal(err_copy(&above, &err), -ETIMEDOUT);
	assert_err(&above, ERR_FAILED, -ETIMEDOUT, "late");
}

static void test_plural_of_one(void **state)
{
	(void)state;
	assert_string_equal(plural(0, "query", "queries"), "queries");
	assert_string_equal(plural(1, "query", "queries"), "query");
	assert_string_equal(plural(2, "query", "queries"), "queries");
}

static void test_numbers_are_the_whole_string(void **state)
{
	(void)state;
	int64_t n = 7;

	assert_int_equal(str_to_int("4094", 1, 4094, &n), 0);
	assert_int_equal(n, 4094);
	assert_int_equal(str_to_int("4095", 1, 4094, &n), -ERANGE);
	assert_int_equal(str_to_int("99999999999999999999", 1, INT64_MAX, &n), -ERANGE);
	assert_int_equal(str_to_int("12x", 0, 100, &n), -EINVAL);
	assert_int_equal(str_to_int(" 12", 0, 100, &n), -EINVAL);
	assert_int_equal(str_to_int("", 0, 100, &n), -EINVAL);
	assert_int_equal(n, 4094);
}

/* A text that somebody else wrote steers no terminal and breaks no XML. */
static void test_what_is_printable(void **state)
{
	(void)state;
	static const struct {
		const char *s, *shown;
	} cases[] = {
		{"caf\u00e9 \u4e2d \U0001f600", "caf\u00e9 \u4e2d \U0001f600"},
		{"a\033[2Jb\177", "a?[2Jb?"},
		{"\xc2\x9b"
		 "2J\xc2\xa0",
		 "??2J\u00a0"}, /* C1: CSI in one character */
		{"two\nlines\tand\rmore", "two\nlines\tand?more"},
		{"\xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf", "?? ??? ????"},      /* overlong */
		{"\xed\xa0\x80 \xf4\x90\x80\x80 \xef\xbf\xbf", "??? ???? ???"}, /* none, in XML */
		{"cut \xe4\xb8", "cut ??"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *s = xstrdup(cases[i].s);
		utf8_make_printable(s, "\n\t");
		assert_string_equal(s, cases[i].shown);
	}
	assert_int_equal(utf8_length("\n", 1), 1);
	assert_int_equal(utf8_length("", 1), 1);
	assert_int_equal(utf8_length("\u00e9", 1), 0);
	assert_int_equal(utf8_length("\u00e9", 2), 2);
}

static void test_findings_sort_by_file_and_line(void **state)
{
	(void)state;
	cleanup_findings struct findings f = {0};

	findings_add(&f, SEVERITY_WARNING, "r", "dep.xml", 9, NULL, "third");
	findings_add(&f, SEVERITY_ERROR, "r", "day0.cfg", 1, NULL, "last");
	findings_add(&f, SEVERITY_ERROR, "r", "dep.xml", 2, "/a/b", "first");
	findings_add(&f, SEVERITY_NOTE, "r", "dep.xml", 2, NULL, "second");
	findings_sort(&f);
	const char *order[] = {"first", "second", "third", "last"};
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_string_equal(f.v[i].text, order[i]);
	assert_int_equal(findings_count(&f, SEVERITY_ERROR), 2);
}

static void test_file_read_is_bounded(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *data = NULL;
	size_t len = 0;

	assert_int_equal(file_read("meson.build", 10, &data, &len, &err), -EFBIG);
	assert_null(data);
	assert_string_equal(err.text, "meson.build is larger than 10 bytes");
	err_clear(&err);
	assert_int_equal(file_read("meson.build", 1 << 20, &data, &len, &err), 0);
	assert_int_equal(data[len], 0);
}

static void test_file_read_does_not_wait_for_ever(void **state)
{
	(void)state;
	char dir[] = "/tmp/test-base-XXXXXX";
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *data = NULL;
	size_t len;

	assert_non_null(mkdtemp(dir));
	cleanup_free char *fifo = xasprintf("%s/fifo", dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(file_read(fifo, 10, &data, &len, &err), -ETIME);
	assert_non_null(strstr(err.text, fifo));

	/* As a shell's <(...) does: the writer is there. */
	int fd = open(fifo, O_RDWR);
	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(file_read(fifo, 2, &data, &len, NULL), -EFBIG);
	close(fd);
	assert_int_equal(dir_remove(dir, NULL), 0);
}

/* Another user's link where the new file would be is neither followed nor replaced. */
static void test_file_write_follows_no_link(void **state)
{
	(void)state;
	char dir[] = "/tmp/test-base-XXXXXX";
	cleanup_free char *data = NULL;
	size_t len;

	assert_non_null(mkdtemp(dir));
	cleanup_free char *file = xasprintf("%s/out", dir);
	cleanup_free char *link = xasprintf("%s/out.new", dir);
	cleanup_free char *victim = xasprintf("%s/victim", dir);
	assert_int_equal(file_write_at(-1, victim, "v", 1, 0600, NULL), 0);
	assert_int_equal(symlink(victim, link), 0);
	assert_int_equal(file_write_at(-1, file, "new", 3, 0600, NULL), 0);
	assert_int_equal(file_read(victim, 10, &data, &len, NULL), 0);
	assert_string_equal(data, "v");
	assert_int_equal(dir_remove(dir, NULL), 0);
}

/* The longest name that a file may have. */
static void test_file_write_takes_long_names(void **state)
{
	(void)state;
	char dir[] = "/tmp/test-base-XXXXXX", name[256];

	assert_non_null(mkdtemp(dir));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	cleanup_free char *file = xasprintf("%s/%s", dir, name);
	assert_int_equal(file_write_at(-1, file, "x", 1, 0600, NULL), 0);
	assert_true(file_exists(file));
	assert_int_equal(dir_remove(dir, NULL), 0);
}

static void test_file_write_replaces_whole(void **state)
{
	(void)state;
	char dir[] = "/tmp/dnsvnf-test-XXXXXX";
	cleanup_err struct err err = ERR_INIT;

	assert_non_null(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/a/b", dir);
	cleanup_free char *file = xasprintf("%s/file", path);
	cleanup_free char *data = NULL;
	size_t len;
	assert_int_equal(dir_make(path, &err), 0);
	assert_int_equal(file_write_at(-1, file, "one", 3, 0600, &err), 0);
	assert_int_equal(file_write_at(-1, file, "two", 3, 0600, &err), 0);
	assert_int_equal(file_read(file, 100, &data, &len, &err), 0);
	assert_string_equal(data, "two");

	/* /dev/stdout is a link like this: it stays one. */
	cleanup_free char *link = xasprintf("%s/link", path);
	cleanup_free char *through = NULL;
	struct stat st;
	assert_int_equal(symlink(file, link), 0);
	assert_int_equal(file_write_output(link, "3", 1, 0644, &err), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(file_read(file, 100, &through, &len, &err), 0);
	assert_string_equal(through, "3");
	assert_int_equal(dir_remove(dir, &err), 0);
	assert_false(file_exists(dir));
	assert_int_equal(dir_remove(dir, &err), 0);
}

static void test_arrays_grow(void **state)
{
	(void)state;
	unsigned *v = NULL;
	size_t n = 0;

	for (unsigned i = 0; i < 1000; i++)
		*array_push(v, n) = i;
	assert_int_equal(n, 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(v[i], i);
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err_wraps_context_in_front),
		cmocka_unit_test(test_err_takes_null),
		cmocka_unit_test(test_strv),
		cmocka_unit_test(test_err_kind_gives_the_code),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_plural_of_one),
		cmocka_unit_test(test_numbers_are_the_whole_string),
		cmocka_unit_test(test_what_is_printable),
		cmocka_unit_test(test_findings_sort_by_file_and_line),
		cmocka_unit_test(test_file_read_is_bounded),
		cmocka_unit_test(test_file_read_does_not_wait_for_ever),
		cmocka_unit_test(test_file_write_follows_no_link),
		cmocka_unit_test(test_file_write_takes_long_names),
		cmocka_unit_test(test_file_write_replaces_whole),
		cmocka_unit_test(test_arrays_grow),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
