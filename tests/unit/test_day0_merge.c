// SPDX-License-Identifier: Apache-2.0
/* Several cloud-config parts: what is left of each, and in which order it takes effect. */
#include "day0_util.h"

#include <stdio.h>

#include "base/alloc.h"

/* A message of parts: headers and content. */
static char *message(const char *const *parts, size_t n)
{
	struct strbuf b = {0};

	strbuf_adds(&b, "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n");
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&b, "--b\nContent-Type: text/cloud-config\n%s\n", parts[i]);
	strbuf_adds(&b, "--b--\n");
	return strbuf_steal(&b);
}

/* The addresses of all NICs that the merged parts set up. */
static char *addresses(const struct fixture *f)
{
	struct strbuf b = {0};
	const struct guest_network *g = &f->group->guest;

	for (size_t i = 0; i < g->n_nics; i++)
		for (size_t k = 0; k < g->nics[i].addresses.n; k++)
			strbuf_addf(&b, "%s ", g->nics[i].addresses.v[k]);
	return strbuf_steal(&b);
}

static void expect(const char *const *parts, size_t n, const char *expected, const char *findings)
{
	cleanup_fixture struct fixture f = {0};
	cleanup_free char *data = message(parts, n);

	fixture_user_data(&f, data);
	cleanup_free char *found = fixture_findings(&f);
	cleanup_free char *set_up = addresses(&f);
	assert_string_equal(found, findings);
	assert_string_equal(set_up, expected);
}

#define NMCLI(n) "- nmcli c a type ethernet ifname e" #n " ip4 192.0.2." #n "/24\n"
#define FIRST    "\n#cloud-config\nruncmd:\n" NMCLI(1)

static void test_merge_how(void **state)
{
	(void)state;
	static const struct {
		const char *how, *addresses, *findings;
	} cases[] = {
		/* By default the later list replaces the earlier one. */
		{"", "192.0.2.2/24 ", "15 warning day0-merge\n"},
		{"merge_how: list(append)+dict(no_replace,recurse_list)+str()\n",
		 "192.0.2.1/24 192.0.2.2/24 ", ""},
		{"merge_how: dict(recurse_array) + list(prepend)\n", "192.0.2.2/24 192.0.2.1/24 ",
		 ""},
		{"merge_type: List(Append)+Dict(recurse-list)\n", "192.0.2.1/24 192.0.2.2/24 ", ""},
		{"merge_how:\n- {name: list, settings: [append]}\n- {name: dict, settings: "
		 "[no_replace, recurse_list]}\n",
		 "192.0.2.1/24 192.0.2.2/24 ", ""},
		{"merge_how: [[list, append], [dict, recurse_list]]\n",
		 "192.0.2.1/24 192.0.2.2/24 ", ""},
		/* Without recursion the earlier list stays. */
		{"merge_how: dict(no_replace)+list(append)\n", "192.0.2.1/24 ",
		 "16 warning day0-merge\n"},
		/* Item by item, and there is one of each. */
		{"merge_how: dict(recurse_list)+list()\n", "192.0.2.2/24 ",
		 "16 warning day0-merge\n"},
		{"merge_how: dict(recurse_list)+list(no_replace)\n", "192.0.2.1/24 ",
		 "16 warning day0-merge\n"},
		/* No dict(), no form, no merger: the part is dropped. */
		{"merge_how: list(append)\n", "192.0.2.1/24 ", "15 error day0-merge\n"},
		{"merge_how: append\n", "192.0.2.1/24 ", "15 error day0-merge\n"},
		{"merge_how: dict()+set()\n", "192.0.2.1/24 ", "15 error day0-merge\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *second =
			xasprintf("\n#cloud-config\n%sruncmd:\n" NMCLI(2), cases[i].how);
		expect((const char *[]){FIRST, second}, 2, cases[i].addresses, cases[i].findings);
	}
}

static void test_header_merge_type(void **state)
{
	(void)state;
	static const char second[] = "%s: list(append)+dict(recurse_list)\n\n#cloud-config\n"
				     "runcmd:\n" NMCLI(2);
	static const char *const names[] = {"Merge-Type", "X-Merge-Type"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *part = xasprintf(second, names[i]);
		expect((const char *[]){FIRST, part}, 2, "192.0.2.1/24 192.0.2.2/24 ", "");
	}
	/* cloud-init looks headers up by their exact name. */
	cleanup_free char *part = xasprintf(second, "merge-type");
	expect((const char *[]){FIRST, part}, 2, "192.0.2.2/24 ", "16 warning day0-merge\n");
}

static void test_what_is_not_lost(void **state)
{
	(void)state;
	/* Other keys; the same items, and one more; scalars. */
	expect((const char *[]){FIRST, "\n#cloud-config\nhostname: a\n",
				"\n#cloud-config\nhostname: b\nruncmd:\n" NMCLI(1) NMCLI(2)},
	       3, "192.0.2.1/24 192.0.2.2/24 ", "");
	/* How the first part is merged does not matter. */
	expect((const char *[]){"\n#cloud-config\nmerge_how: list(append)+dict(recurse_list)\n"
				"runcmd:\n" NMCLI(1),
				"\n#cloud-config\nruncmd:\n" NMCLI(2)},
	       2, "192.0.2.2/24 ", "16 warning day0-merge\n");
}

static void test_lost_files_are_not_written(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};
	cleanup_free char *data = message(
		(const char *[]){
			"\n#cloud-config\nwrite_files:\n- path: /etc/netplan/6.yaml\n  content: "
			"'network: {ethernets: {a: {addresses: [192.0.2.1/24]}}}'\n"
			"runcmd: [netplan apply]\n",
			"\n#cloud-config\nwrite_files:\n- {path: /etc/motd, content: hello}\n"},
		2);

	fixture_user_data(&f, data);
	assert_int_equal(f.group->guest.n_nics, 0);
	assert_int_equal(f.findings.n, 1);
	assert_string_equal(
		f.findings.v[0].text,
		"\"write_files\" replaces that of the part before, of which 1 item is lost: "
		"cloud-init keeps the last part's only; add \"merge_how: "
		"list(append)+dict(no_replace,recurse_list)+str()\" to this part");
	assert_int_equal(f.findings.v[0].line, 17);
	assert_int_equal(f.findings.v[0].also_line, 8);
}

/* Scripts run by their names, and runcmd is one of them. */
static void test_order_of_scripts(void **state)
{
	(void)state;
	static const char script[] =
		"Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n"
		"--b\nContent-Type: text/x-shellscript\n%s\n#!/bin/sh\n"
		"nmcli c mod e1 ipv4.addresses 192.0.2.9/24\n"
		"--b\nContent-Type: text/cloud-config\n\n#cloud-config\nruncmd:\n" NMCLI(
			1) "--b--\n";
	static const struct {
		const char *header, *expected;
	} cases[] = {
		{"Content-Disposition: attachment; filename=\"setup.sh\"\n", "192.0.2.9/24 "},
		{"Content-Disposition: attachment; filename=net.sh\n",
		 "192.0.2.9/24 192.0.2.1/24 "},
		{"", "192.0.2.9/24 192.0.2.1/24 "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_fixture struct fixture f = {0};
		cleanup_free char *data = xasprintf(script, cases[i].header);
		fixture_user_data(&f, data);
		cleanup_free char *set_up = addresses(&f);
		assert_string_equal(set_up, cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge_how),
		cmocka_unit_test(test_header_merge_type),
		cmocka_unit_test(test_what_is_not_lost),
		cmocka_unit_test(test_lost_files_are_not_written),
		cmocka_unit_test(test_order_of_scripts),
	};

	return cmocka_run_group_tests_name("day0_merge", tests, NULL, NULL);
}
