// SPDX-License-Identifier: Apache-2.0
/* The embedded VIM's images, and the programs that it runs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "vim/local/image.h"
#include "vim/local/process.h"

static char folder[] = "/tmp/dnsvnf-test-XXXXXX";

/* Images */

static void make_file(const char *path, const char *content)
{
	assert_int_equal(file_write_at(AT_FDCWD, path, content, strlen(content), 0644, NULL), 0);
}

static void test_image_is_found_or_the_places_are_told(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *disk = xasprintf("%s/vnf.qcow2", folder);
	cleanup_free char *kernel = xasprintf("%s/vnf.vmlinux", folder);
	cleanup_free char *other = xasprintf("%s/other.raw", folder);
	cleanup_free char *src = xasprintf("file://%s", other);

	setenv("DNSVNF_IMAGE_DIR", folder, 1);
	cleanup_image_files struct image_files none = {0};
	assert_int_equal(image_find("vnf", "https://x.test/vnf.qcow2", &none, &err), -ENOENT);
	cleanup_free char *place = xasprintf("%s/vnf{.qcow2,.img,.raw}", folder);
	assert_non_null(strstr(err.text, place));
	assert_non_null(strstr(err.text, "/image/vnf{.qcow2,.img,.raw}"));
	assert_non_null(strstr(err.text, "/var/lib/dnsvnf/images/vnf{.qcow2,.img,.raw}"));
	assert_non_null(strstr(err.text, "`make image`"));
	assert_non_null(strstr(err.text, "does not download"));

	make_file(disk, "QFI\xfb");
	make_file(kernel, "");
	make_file(other, "");
	cleanup_image_files struct image_files by_name = {0};
	assert_int_equal(image_find("vnf", NULL, &by_name, NULL), 0);
	assert_string_equal(by_name.disk, disk);
	assert_string_equal(by_name.format, "qcow2");
	assert_string_equal(by_name.kernel, kernel);
	assert_null(by_name.initrd);
	cleanup_image_files struct image_files by_src = {0};
	assert_int_equal(image_find("vnf", src, &by_src, NULL), 0);
	assert_string_equal(by_src.disk, other);
	assert_string_equal(by_src.format, "raw");
	assert_null(by_src.kernel);
	cleanup_image_files struct image_files out = {0};
	assert_int_equal(image_find("../vnf", NULL, &out, NULL), -ENOENT);
}

/* QEMU is root when it opens the image: what the image names would be shown to the guest. */
static void test_image_that_refers_to_other_files_is_refused(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		const char *why;
	} bits[] = {{15, "a backing file"},
		    {35, "is encrypted"},
		    {79, "an external data file"},
		    {6, "an unknown qcow2 version"}};
	cleanup_free char *disk = xasprintf("%s/other.qcow2", folder);
	struct image_files image = {.disk = disk, .format = "qcow2"};
	cleanup_err struct err err = ERR_INIT;
	uint64_t bytes = 0;

	for (size_t i = 0; i <= ARRAY_SIZE(bits); i++) {
		char header[104] = "QFI\xfb\0\0\0\3";
		header[29] = 0x10; /* 1 MiB */
		if (i < ARRAY_SIZE(bits))
			header[bits[i].at] = 4;
		assert_int_equal(file_write_at(-1, disk, header, sizeof(header), 0600, NULL), 0);
		err_clear(&err);
		int r = image_size(&image, &bytes, &err);
		assert_int_equal(r, i < ARRAY_SIZE(bits) ? -EINVAL : 0);
		assert_true(r == 0 || strstr(err.text, bits[i].why));
	}
	assert_int_equal(bytes, 1 << 20);
	/* A raw image may have any bytes, and one that has become a qcow2 since is not raw. */
	image.format = "raw";
	assert_int_equal(image_size(&image, &bytes, NULL), -EBUSY);
	assert_int_equal(file_write_at(-1, disk, "raw", 3, 0600, NULL), 0);
	assert_int_equal(image_size(&image, &bytes, NULL), 0);
	assert_int_equal(bytes, 512);
}

/* Processes */

static void test_run_gives_output_and_status(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *output = NULL;
	const char *const both[] = {"sh", "-c", "echo out; echo err >&2; exit 3", NULL};
	const char *const killed[] = {"sh", "-c", "kill -KILL $$", NULL};
	const char *const slow[] = {"sleep", "60", NULL};
	const char *const endless[] = {"yes", NULL};
	const char *const missing[] = {"no-such-program", NULL};

	assert_int_equal(process_run(both, 5000, &output, &err), 3);
	assert_string_equal(output, "out\nerr\n");
	assert_int_equal(process_run(killed, 5000, NULL, &err), 128 + SIGKILL);
	assert_int_equal(process_run(slow, 100, NULL, &err), -ETIME);
	assert_string_equal(err.text, "sleep took more than 100 ms");
	assert_int_equal(process_run(endless, 100, NULL, &err), -ETIME);
	assert_int_equal(process_run(missing, 5000, NULL, &err), -ENOENT);
}

static void test_programs_do_not_see_our_environment(void **state)
{
	(void)state;
	const char *const argv[] = {"env", NULL};
	cleanup_free char *output = NULL;

	setenv("OS_PASSWORD", "s3cret", 1);
	assert_int_equal(process_run(argv, 20000, &output, NULL), 0);
	unsetenv("OS_PASSWORD");
	assert_null(strstr(output, "s3cret"));
	assert_non_null(strstr(output, "PATH="));
}

static void test_process_that_ignores_sigterm_ends(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct process p = {0}, other;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	poll(NULL, 0, 50);
	assert_int_equal(process_look(pid, &p), 0);
	assert_true(process_alive(&p));
	assert_true(process_uptime(&p) >= 0);
	/* The same pid at another time is another process, and nothing to be killed. */
	other = p;
	other.starttime--;
	assert_false(process_alive(&other));
	assert_int_equal(process_end(&other, 100, &err), 0);
	assert_true(process_alive(&p));
	assert_int_equal(process_wait(&p, 50), -ETIME);
	assert_int_equal(process_end(&p, 100, &err), 0);
	assert_false(process_alive(&p));
	assert_int_equal(process_end(&p, 100, &err), 0);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return dir_remove(folder, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image_is_found_or_the_places_are_told),
		cmocka_unit_test(test_image_that_refers_to_other_files_is_refused),
		cmocka_unit_test(test_run_gives_output_and_status),
		cmocka_unit_test(test_programs_do_not_see_our_environment),
		cmocka_unit_test(test_process_that_ignores_sigterm_ends),
	};

	return cmocka_run_group_tests_name("local_image", tests, setup, teardown);
}
