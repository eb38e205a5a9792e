// SPDX-License-Identifier: Apache-2.0
#include "day0_util.h"

#include <errno.h>

#include "base/alloc.h"
#include "day0/decode.h"
#include "day0/mime.h"

static const char ours[] = "#cloud-config\n"
			   "merge_how: list(append)+dict(no_replace,recurse_list)+str()\n"
			   "write_files:\n"
			   "- path: \"/etc/added\"\n"
			   "  owner: root:root\n"
			   "  permissions: '0640'\n"
			   "  encoding: b64\n"
			   "  content: YWRkZWQK\n";

static const struct day0_file added = {"/etc/added", "added\n", 0640};

static char *compose(const struct fixture *f, size_t n_files)
{
	cleanup_err struct err err = ERR_INIT;
	char *data;
	size_t len;

	assert_int_equal(day0_compose(f->group, 0, &added, n_files, &data, &len, &err), 0);
	assert_int_equal(strlen(data), len);
	return data;
}

static void test_nothing_to_add_changes_nothing(void **state)
{
	(void)state;
	static const char *const inputs[] = {
		"#cloud-config\nhostname: a\n",
		"MIME-Version: 1.0`\nContent-Type: multipart/mixed; boundary=B\n\n--B\n",
		"no ${NAME} of ours",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		cleanup_fixture struct fixture f = {0};
		fixture_user_data(&f, inputs[i]);
		cleanup_free char *data = compose(&f, 0);
		assert_string_equal(data, inputs[i]);
	}
}

static void test_files_alone(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "dep.xml");
	cleanup_free char *data = compose(&f, 1);
	assert_string_equal(data, ours);
}

static void test_plain_user_data_becomes_a_part(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_user_data(&f, "#cloud-config\nhostname: a\n");
	cleanup_free char *data = compose(&f, 1);
	cleanup_free char *expected =
		xasprintf("Content-Type: multipart/mixed; boundary=\"===============dnsvnf-0==\"\n"
			  "MIME-Version: 1.0\n"
			  "\n"
			  "--===============dnsvnf-0==\n"
			  "MIME-Version: 1.0\n"
			  "Content-Type: text/plain; charset=\"us-ascii\"\n"
			  "\n"
			  "#cloud-config\nhostname: a\n"
			  "\n"
			  "--===============dnsvnf-0==\n"
			  "MIME-Version: 1.0\n"
			  "Content-Type: text/cloud-config; charset=\"us-ascii\"\n"
			  "\n"
			  "%s\n"
			  "--===============dnsvnf-0==--\n",
			  ours);
	assert_string_equal(data, expected);
}

static void read_parts(const char *data, size_t len, struct mime_parts *ret)
{
	cleanup_text struct text text = {0};
	cleanup_findings struct findings findings = {0};

	text_init(&text, "x", data, len, 1);
	mime_read(&text, ret, &findings);
}

static void test_a_message_is_nested_as_it_stands(void **state)
{
	(void)state;
	static const char user[] =
		"MIME-Version: 1.0`\nContent-Type: multipart/mixed; "
		"boundary=\"===============dnsvnf-0==\"\n\n--===============dnsvnf-0==\nContent-"
		"Type: "
		"text/x-shellscript\n\n#!/bin/sh\ntrue\n\n--===============dnsvnf-0==\n";
	cleanup_fixture struct fixture f = {0};
	cleanup_parts struct mime_parts parts = {0};

	fixture_user_data(&f, user);
	cleanup_free char *data = compose(&f, 1);
	assert_non_null(strstr(data, user));
	assert_non_null(strstr(data, "boundary=\"===============dnsvnf-1==\""));
	read_parts(data, strlen(data), &parts);
	assert_string_equal(parts.v[0].type, "text/x-shellscript");
	assert_string_equal(parts.v[0].text.s, "#!/bin/sh\ntrue\n");
	assert_string_equal(parts.v[parts.n - 1].type, "text/cloud-config");
	assert_string_equal(parts.v[parts.n - 1].text.s, ours);
}

static void test_text_outside_of_ascii_is_encoded(void **state)
{
	(void)state;
	static const char user[] = "#cloud-config\n# caf\xc3\xa9\n";
	cleanup_fixture struct fixture f = {0};
	cleanup_parts struct mime_parts parts = {0};

	fixture_user_data(&f, user);
	cleanup_free char *data = compose(&f, 1);
	for (const char *p = data; *p; p++)
		assert_true((unsigned char)*p < 0x80);
	read_parts(data, strlen(data), &parts);
	assert_string_equal(parts.v[0].type, "text/cloud-config");
	assert_string_equal(parts.v[0].text.s, user);
}

static void test_gzip_stays_gzip(void **state)
{
	(void)state;
	static const char user[] = "#!/bin/sh\necho ${NAME}\n";
	cleanup_fixture struct fixture f = {0};
	cleanup_parts struct mime_parts parts = {0};
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *data = NULL, *again = NULL, *plain = NULL;
	size_t len, again_len;

	fixture_init(&f, "dep.xml");
	struct configuration *c = fixture_add(&f, "--user-data", NULL, NULL);
	gzip_pack(user, strlen(user), &c->content, &c->content_len);
	fixture_variable(c, "NAME", "one", NULL);
	assert_int_equal(day0_compose(f.group, 0, &added, 1, &data, &len, &err), 0);
	assert_int_equal(day0_compose(f.group, 0, &added, 1, &again, &again_len, &err), 0);
	assert_int_equal(len, again_len);
	assert_memory_equal(data, again, len);
	assert_int_equal(gunzip(data, len, GUNZIP_MAX, &plain, &len, &err), 0);
	read_parts(plain, len, &parts);
	assert_int_equal(parts.n, 2);
	assert_string_equal(parts.v[0].text.s, "#!/bin/sh\necho one\n");
}

static void test_variables_are_one_a_vm(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *first = NULL, *second = NULL, *third = NULL;
	size_t len;

	fixture_init(&f, "dep.xml");
	f.group->scaling.max_active = 2;
	struct configuration *c =
		fixture_add(&f, "--user-data", "#!/bin/sh\nip=${IP}; echo ${IP} ${ip} $IP\n", NULL);
	fixture_variable(c, "IP", "10.0.0.1", "10.0.0.2");
	fixture_load(&f);
	assert_int_equal(f.findings.n, 0);
	assert_int_equal(day0_compose(f.group, 0, NULL, 0, &first, &len, &err), 0);
	assert_string_equal(first, "#!/bin/sh\nip=10.0.0.1; echo 10.0.0.1 ${ip} $IP\n");
	assert_int_equal(day0_compose(f.group, 1, NULL, 0, &second, &len, &err), 0);
	assert_string_equal(second, "#!/bin/sh\nip=10.0.0.2; echo 10.0.0.2 ${ip} $IP\n");
	assert_int_equal(day0_compose(f.group, 2, NULL, 0, &third, &len, &err), -EINVAL);
	assert_null(third);
	assert_string_equal(err.text, "--user-data: variable \"IP\" has 2 values, and VM 3 needs "
				      "one more: give it one value, or one for each VM");
}

static void test_configurations_are_files(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "dep.xml");
	fixture_add(&f, "/etc/a \"b\"", "x${V}", NULL);
	fixture_variable(&f.group->configurations[0], "V", "y", NULL);
	fixture_add(&f, "relative.txt", "not this", NULL);
	fixture_add(&f, "/etc/empty", "", NULL);
	fixture_load(&f);
	cleanup_free char *data = compose(&f, 0);
	assert_string_equal(data, "#cloud-config\n"
				  "merge_how: list(append)+dict(no_replace,recurse_list)+str()\n"
				  "write_files:\n"
				  "- path: \"/etc/a \\\"b\\\"\"\n"
				  "  owner: root:root\n"
				  "  permissions: '0644'\n"
				  "  encoding: b64\n"
				  "  content: eHk=\n"
				  "- path: \"/etc/empty\"\n"
				  "  owner: root:root\n"
				  "  permissions: '0644'\n"
				  "  encoding: b64\n"
				  "  content: ''\n");
}

static void test_the_descriptors_own_file_holds(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "dep.xml");
	struct configuration *c = array_push(f.group->configurations, f.group->n_configurations);
	c->dst = xstrdup(added.path);
	c->content = xstrdup("given\n");
	c->content_len = strlen(c->content);
	cleanup_free char *data = compose(&f, 1);
	assert_non_null(strstr(data, "content: Z2l2ZW4K\n"));
	assert_null(strstr(data, "YWRkZWQK"));
}

static void test_files_on_the_drive(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};
	cleanup_free char *data = NULL;
	struct drive_file *files = NULL;
	size_t len, n;

	fixture_init(&f, "dep.xml");
	fixture_add(&f, "--user-data", "#cloud-config\nhostname: a\n", NULL);
	fixture_variable(fixture_add(&f, "cpnr/licence.txt", "for ${NAME}\n", NULL), "NAME", "dns1",
			 "dns2");
	f.group->scaling.max_active = 2;
	fixture_load(&f);
	assert_int_equal(f.findings.n, 0);
	assert_int_equal(day0_compose(f.group, 1, NULL, 0, &data, &len, NULL), 0);
	assert_string_equal(data, "#cloud-config\nhostname: a\n");
	assert_int_equal(day0_drive_files(f.group, 1, &files, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_string_equal(files[0].path, "cpnr/licence.txt");
	assert_int_equal(files[0].len, strlen("for dns2\n"));
	assert_memory_equal(files[0].content, "for dns2\n", files[0].len);
	array_free(files, n, drive_file_clear);

	cleanup_err struct err err = ERR_INIT;
	assert_int_equal(day0_drive_files(f.group, 2, &files, &n, &err), -EINVAL);
	assert_non_null(strstr(err.text, "cpnr/licence.txt: variable \"NAME\" has 2 values"));
}

/* What deploy composed is taken apart again: import writes the files that it was made of. */
static void test_split(void **state)
{
	(void)state;
	static const char *const users[] = {
		"#cloud-config\nhostname: a\n",
		"Content-Type: multipart/mixed; boundary=B\nMIME-Version: 1.0\n\n--B\n\n--B--\n",
		"#cloud-config\nhostname: M\xc3\xbcnchen\n",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		cleanup_fixture struct fixture f = {0};
		fixture_user_data(&f, users[i]);
		for (size_t n = 0; n < 2; n++) {
			cleanup_free char *data = compose(&f, n);
			struct day0_parts parts;
			day0_split(data, strlen(data), &parts);
			assert_int_equal(parts.n_files, n);
			assert_string_equal(parts.user ? parts.user : "", users[i]);
			if (n == 1) {
				assert_string_equal(parts.files[0].path, "/etc/added");
				assert_string_equal(parts.files[0].content, "added\n");
				assert_int_equal(parts.files[0].mode, 0640);
			}
			day0_parts_clear(&parts);
		}
	}
}

static void test_too_much_for_nova(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};
	cleanup_free char *big = xcalloc(40001, 1), *data = NULL;
	cleanup_err struct err err = ERR_INIT;
	size_t len;

	memset(big, 'x', 40000);
	fixture_init(&f, "dep.xml");
	fixture_add(&f, "--user-data", "#cloud-config\nhostname: a\n", NULL);
	fixture_add(&f, "/var/lib/knot/big.zone", big, NULL)->line = 77;
	fixture_load(&f);
	assert_int_equal(f.findings.n, 1);
	assert_string_equal(f.findings.v[0].rule, "day0-size");
	assert_int_equal(f.findings.v[0].line, 77);
	assert_int_equal(day0_compose(f.group, 0, NULL, 0, &data, &len, &err), -EFBIG);
	assert_null(data);
	assert_non_null(strstr(err.text, "Nova's limit is 65535"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_add_changes_nothing),
		cmocka_unit_test(test_files_alone),
		cmocka_unit_test(test_plain_user_data_becomes_a_part),
		cmocka_unit_test(test_a_message_is_nested_as_it_stands),
		cmocka_unit_test(test_text_outside_of_ascii_is_encoded),
		cmocka_unit_test(test_gzip_stays_gzip),
		cmocka_unit_test(test_variables_are_one_a_vm),
		cmocka_unit_test(test_configurations_are_files),
		cmocka_unit_test(test_the_descriptors_own_file_holds),
		cmocka_unit_test(test_files_on_the_drive),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_too_much_for_nova),
	};

	return cmocka_run_group_tests_name("day0_compose", tests, NULL, NULL);
}
