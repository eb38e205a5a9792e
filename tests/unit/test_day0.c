// SPDX-License-Identifier: Apache-2.0
#include "day0_util.h"

#include "base/alloc.h"
#include "base/file.h"

static void test_published_sample_is_diagnosed(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "examples/technote/published/dep.xml");
	fixture_add(&f, "--user-data", NULL, "sriov-vm-1.cfg");
	fixture_load(&f);
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(found, "2 warning day0-mime-version\n"
				   "12 warning day0-cloud-cfg\n"
				   "22 error day0-no-break-space\n"
				   "22 error day0-ssh-key\n"
				   "23 error day0-ssh-key\n"
				   "25 warning day0-password\n"
				   "26 error day0-placeholder\n"
				   "27 error day0-placeholder\n"
				   "28 error day0-placeholder\n"
				   "28 error day0-placeholder\n"
				   "28 error day0-placeholder\n"
				   "28 error day0-placeholder\n"
				   "40 warning day0-mime-delimiter\n");
	for (size_t i = 0; i < f.findings.n; i++)
		assert_string_equal(f.findings.v[i].file,
				    "examples/technote/published/sriov-vm-1.cfg");
	assert_string_equal(f.findings.v[0].text,
			    "MIME-Version is \"1.0`\", not \"1.0\": remove the extra characters");
	assert_string_equal(f.findings.v[6].text,
			    "\"10.xx.xx.xx/24\" is a placeholder, not an address: replace it");
	assert_string_equal(
		f.findings.v[10].text,
		"\"2402:xxxx:xx:0025::5/64\" is a placeholder, not an address: replace it");
}

static void test_published_sample_shows_its_bond(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "examples/technote/published/dep.xml");
	fixture_add(&f, "--user-data", NULL, "sriov-vm-1.cfg");
	fixture_load(&f);
	const struct guest_network *g = &f.group->guest;
	assert_int_equal(g->n_bonds, 1);
	assert_int_equal(g->bonds[0].miimon, 1000);
	assert_int_equal(g->bonds[0].n_legs, 2);
	assert_string_equal(g->bonds[0].addresses.v[0], "xx.xx.xx.xx/29");
}

static void test_corrected_sample_is_clean(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "examples/technote/corrected/dep.xml");
	fixture_add(&f, "--user-data", NULL, "day0.cfg");
	fixture_load(&f);
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(found, "");

	const struct guest_network *g = &f.group->guest;
	assert_int_equal(g->n_bonds, 1);
	const struct bond *b = &g->bonds[0];
	assert_string_equal(b->name, "bond0");
	assert_int_equal(b->dialect, DIALECT_NMCLI);
	assert_int_equal(b->mode, BOND_MODE_ACTIVE_BACKUP);
	assert_int_equal(b->miimon, 100);
	assert_int_equal(b->arp_interval, -1);
	assert_int_equal(b->fail_over_mac, FAIL_OVER_MAC_ACTIVE);
	assert_int_equal(b->n_legs, 2);
	assert_null(b->legs[0].name);
	assert_string_equal(b->legs[0].mac, "fa:16:3e:10:00:02");
	assert_string_equal(b->legs[1].mac, "fa:16:3e:10:00:03");
	assert_int_equal(b->legs[1].line, b->line + 2);
	assert_int_equal(b->addresses.n, 2);
	assert_int_equal(g->n_nics, 2);
	assert_string_equal(g->nics[1].mac, "fa:16:3e:10:00:01");
}

static char *load_file(const char *file, unsigned *ret_line, const char **ret_path)
{
	cleanup_fixture struct fixture f = {0};
	char *text;

	fixture_init(&f, "/no/such/folder/dep.xml");
	fixture_add(&f, "--user-data", NULL, file);
	fixture_load(&f);
	struct configuration *c = &f.group->configurations[0];
	*ret_path = c->path ? "set" : NULL;
	*ret_line = f.findings.n ? f.findings.v[0].line : 0;
	text = xasprintf("%s", f.findings.n ? f.findings.v[f.findings.n - 1].text : "");
	return text;
}

static void test_file_forms(void **state)
{
	(void)state;
	static const struct {
		const char *file, *text;
	} cases[] = {
		{"file:///no/file", "--user-data: cannot open /no/file: No such file or directory; "
				    "create the file or correct <file>"},
		{"file:/no/file", "--user-data: cannot open /no/file: No such file or directory; "
				  "create the file or correct <file>"},
		{"file://no/file", "--user-data: cannot open /no/file: No such file or directory; "
				   "create the file or correct <file>"},
		{"file://localhost/no/f%20", "--user-data: cannot open /no/f : No such file or "
					     "directory; create the file or correct <file>"},
		{"init/a.cfg", "--user-data: cannot open /no/such/folder/init/a.cfg: No such file "
			       "or directory; create the file or correct <file>"},
		{"file:///",
		 "--user-data: / is outside the descriptor's folder; permit its folder with "
		 "--files"},
		{"http://host/a.cfg",
		 "http://host/a.cfg is not downloaded: copy it, and refer to the copy by file:///"},
		{"https://host/a.cfg", "https://host/a.cfg is not downloaded: copy it, and refer "
				       "to the copy by file:///"},
		{"ftp://host/a",
		 "ftp://host/a must be file:///path or a path relative to the descriptor"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned line;
		const char *path;
		cleanup_free char *text = load_file(cases[i].file, &line, &path);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(line, 11);
	}
}

static void test_host_in_file_url_is_a_warning(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "dep.xml");
	fixture_add(&f, "--user-data", NULL, "file://tmp/init/a.cfg");
	fixture_load(&f);
	assert_int_equal(f.findings.v[0].severity, SEVERITY_WARNING);
	assert_string_equal(f.findings.v[0].text,
			    "in file://tmp/init/a.cfg, \"tmp\" is a host name (RFC 8089); it is "
			    "read as /tmp/init/a.cfg: write file:///tmp/init/a.cfg");
	assert_string_equal(f.group->configurations[0].path, "/tmp/init/a.cfg");
}

static void test_twin_beside_the_descriptor_is_checked(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "examples/technote/corrected/dep.xml");
	fixture_add(&f, "--user-data", NULL, "file:///no/such/folder/day0.cfg");
	fixture_load(&f);
	assert_int_equal(f.findings.n, 1);
	assert_string_equal(f.findings.v[0].text,
			    "--user-data: cannot open /no/such/folder/day0.cfg: No such file or "
			    "directory; create the file or correct <file> "
			    "(examples/technote/corrected/day0.cfg is checked instead)");
	assert_int_equal(f.group->guest.n_bonds, 1);
}

static void test_inline_data_is_counted_in_the_descriptor(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "dep.xml");
	struct configuration *c =
		fixture_add(&f, "--user-data", "#cloud-config\nruncmd: 1: 2\n", NULL);
	c->source_line = 41;
	fixture_load(&f);
	assert_int_equal(f.findings.n, 1);
	assert_string_equal(f.findings.v[0].file, "dep.xml");
	assert_int_equal(f.findings.v[0].line, 42);
	assert_string_equal(f.findings.v[0].rule, "day0-yaml");
}

static void test_nova_limit(void **state)
{
	(void)state;
	for (size_t len = 49149; len <= 49150; len++) {
		cleanup_fixture struct fixture f = {0};
		cleanup_free char *data = xcalloc(len + 1, 1);
		memset(data, 'x', len);
		memcpy(data, "#!/bin/sh\n#", 11);
		fixture_user_data(&f, data);
		if (len == 49149) {
			assert_int_equal(f.findings.n, 0);
			continue;
		}
		assert_int_equal(f.findings.n, 1);
		assert_string_equal(f.findings.v[0].rule, "day0-size");
		assert_string_equal(
			f.findings.v[0].text,
			"the user data has 49150 bytes, 65536 after base64, but Nova accepts 65535 "
			"at most: move files into the image, or compress it with gzip");
	}
}

static void test_variables(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "dep.xml");
	struct configuration *c =
		fixture_add(&f, "--user-data",
			    "#!/bin/sh\nnmcli c a type ethernet ifname e0 ip4 ${IP}/24\n", NULL);
	fixture_variable(c, "IP", "10.0.0.300", NULL);
	fixture_variable(c, "UNUSED", "1", NULL);
	f.group->scaling.max_active = 2;
	fixture_load(&f);
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(found, "2 error day0-address\n"
				   "20 error day0-variable\n"
				   "20 error day0-variable\n"
				   "20 warning day0-variable\n");
	assert_string_equal(
		f.findings.v[1].text,
		"variable IP has 1 value, but the group may have 2 VMs: give one <val> per VM");
}

static void test_relative_destination(void **state)
{
	(void)state;
	cleanup_fixture struct fixture f = {0};

	fixture_init(&f, "dep.xml");
	fixture_add(&f, "iosxe_config.txt", "x", NULL);
	fixture_add(&f, "--license", "x", NULL)->line = 11;
	fixture_load(&f);
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(found, "11 warning day0-dst\n");
}

/* Files for the drive: five small ones, and one with that path and content. */
static void load_drive(struct fixture *f, const char *path, const char *data, bool one_more)
{
	static const char *const names[] = {"a", "b", "/etc/c", "d", "e"};

	fixture_init(f, "dep.xml");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		fixture_add(f, names[i], "x", NULL);
	fixture_add(f, path, data, NULL)->line = 15;
	if (one_more)
		fixture_add(f, "one-too-many", "x", NULL)->line = 16;
	fixture_load(f);
}

/* Nova's default quotas: 5 files, 10,240 bytes each in base64. */
static void test_too_much_for_the_drive(void **state)
{
	(void)state;
	cleanup_fixture struct fixture fits = {0}, f = {0};
	cleanup_free char *big = xcalloc(7682, 1), *path = xcalloc(257, 1);

	memset(big, 'x', 7680);
	memset(path, 'p', 255);
	load_drive(&fits, path, big, false);
	assert_int_equal(fits.findings.n, 0);

	big[7680] = 'x';
	path[255] = 'p';
	load_drive(&f, path, big, true);
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(found, "15 warning day0-drive\n15 warning day0-drive\n"
				   "16 warning day0-drive\n");
	assert_non_null(strstr(f.findings.v[0].text, "has 7681 bytes, 10244 in base64"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_sample_is_diagnosed),
		cmocka_unit_test(test_published_sample_shows_its_bond),
		cmocka_unit_test(test_corrected_sample_is_clean),
		cmocka_unit_test(test_file_forms),
		cmocka_unit_test(test_host_in_file_url_is_a_warning),
		cmocka_unit_test(test_twin_beside_the_descriptor_is_checked),
		cmocka_unit_test(test_inline_data_is_counted_in_the_descriptor),
		cmocka_unit_test(test_nova_limit),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_relative_destination),
		cmocka_unit_test(test_too_much_for_the_drive),
	};

	return cmocka_run_group_tests_name("day0", tests, NULL, NULL);
}
