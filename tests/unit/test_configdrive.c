// SPDX-License-Identifier: Apache-2.0
/*
 * The config drive, read back. With an argument the program writes the drive of these tests to
 * that file instead; tests/openstack/nova_configdrive.py compares it with what Nova makes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "model/model.h"
#include "vim/local/configdrive.h"

#define SECTOR 2048

static const char *const dns[] = {"192.0.2.53", "192.0.2.54"};

static const struct configdrive_address mgmt[] = {
	{4, "10.20.0.10", 24, "10.20.0.1", false, dns, 2},
};
static const struct configdrive_address leg[] = {
	{4, "172.16.1.50", 26, NULL, false, dns, 1},
	{6, "2001:db8:1::50", 64, "2001:db8:1::1", false, NULL, 0},
	{4, "172.16.1.51", 26, NULL, false, NULL, 0},
};
static const struct configdrive_address dynamic[] = {
	{4, "10.30.0.10", 24, "10.30.0.1", true, dns, 1},
};

static const struct configdrive_port ports[] = {
	{.id = "11111111-aaaa-4bbb-8ccc-000000000001",
	 .network_id = "21111111-aaaa-4bbb-8ccc-000000000001",
	 .mac_address = "fa:16:3e:00:00:01",
	 .vif_type = "ovs",
	 .mtu = 1450,
	 .addresses = mgmt,
	 .n_addresses = 1,
	 .pci_address = "0000:00:08.0"},
	{.id = "11111111-aaaa-4bbb-8ccc-000000000002",
	 .network_id = "21111111-aaaa-4bbb-8ccc-000000000002",
	 .mac_address = "fa:16:3e:00:00:02",
	 .vif_type = "hw_veb",
	 .mtu = 1500,
	 .addresses = leg,
	 .n_addresses = 3,
	 .pci_address = "0000:41:00.0",
	 .vlan = 101,
	 .vf_trusted = true},
	{.id = "11111111-aaaa-4bbb-8ccc-000000000003",
	 .network_id = "21111111-aaaa-4bbb-8ccc-000000000003",
	 .mac_address = "fa:16:3e:00:00:03",
	 .vif_type = "hw_veb",
	 .mtu = 1500,
	 .pci_address = "0000:61:00.0",
	 .vlan = 101},
	{.id = "11111111-aaaa-4bbb-8ccc-000000000004",
	 .network_id = "21111111-aaaa-4bbb-8ccc-000000000004",
	 .mac_address = "fa:16:3e:00:00:04",
	 .vif_type = "hostdev_physical",
	 .mtu = 1500,
	 .addresses = dynamic,
	 .n_addresses = 1,
	 .pci_address = "0000:00:09.0",
	 .tag = "oam"},
};

static const unsigned cpus[] = {0, 1, 2, 3};

static const struct drive_file injected[] = {
	{(char *)"cpnr/licence.txt", (char *)"INCREMENT base\n", 15},
	{(char *)"key.bin", (char *)"\0\xff", 2},
};

static struct configdrive example(void)
{
	static const char user_data[] = "Content-Type: multipart/mixed; boundary=\"b\"\n\n--b--\n";

	return (struct configdrive){
		.uuid = "0d4c3a6e-5f55-4d6b-9c55-1f2e3d4c5b6a",
		.name = "CPNR DNS_1.a",
		.project_id = "9f6c2a0be6f84f9c8f5b0f5c1f2e3d4c",
		.flavor = "dns-cross-numa",
		.dedicated_cpus = cpus,
		.n_dedicated_cpus = 4,
		.ports = ports,
		.n_ports = 4,
		.user_data = user_data,
		.user_data_len = sizeof(user_data) - 1,
		.files = injected,
		.n_files = 2,
	};
}

struct drive {
	char folder[32], path[64];
};

static int set_up(void **state)
{
	struct drive *d = xcalloc(1, sizeof(*d));

	strcpy(d->folder, "/tmp/configdrive-XXXXXX");
	if (!mkdtemp(d->folder))
		return -1;
	snprintf(d->path, sizeof(d->path), "%s/drive.iso", d->folder);
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	struct drive *d = *state;
	int r = dir_remove(d->folder, NULL);

	free(d);
	return r;
}

/* What the drive has at path, or NULL; the caller frees. */
static char *read_back(const char *drive, const char *path)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	char *text = NULL;

	archive_read_support_format_iso9660(a);
	assert_int_equal(archive_read_open_filename(a, drive, 10240), ARCHIVE_OK);
	while (!text && archive_read_next_header(a, &e) == ARCHIVE_OK) {
		if (!streq(archive_entry_pathname(e), path))
			continue;

		size_t len = (size_t)archive_entry_size(e);

		text = xcalloc(1, len + 1);
		assert_int_equal(archive_read_data(a, text, len), len);
	}
	archive_read_free(a);
	return text;
}

static char *list_files(const char *drive)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	cleanup_strbuf struct strbuf b = {0};

	archive_read_support_format_iso9660(a);
	assert_int_equal(archive_read_open_filename(a, drive, 10240), ARCHIVE_OK);
	while (archive_read_next_header(a, &e) == ARCHIVE_OK) {
		bool folder = archive_entry_filetype(e) == AE_IFDIR;

		/* As mkisofs -r: anybody's to read, nobody's to write. */
		assert_int_equal(archive_entry_perm(e), folder ? 0555 : 0444);
		assert_int_equal(archive_entry_uid(e), 0);
		if (!folder)
			strbuf_addf(&b, "%s\n", archive_entry_pathname(e));
	}
	archive_read_free(a);
	return strbuf_steal(&b);
}

static json_t *read_json(const char *drive, const char *path)
{
	cleanup_free char *text = read_back(drive, path);

	assert_non_null(text);

	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

/* The key's value as JSON text is as expected. */
static void assert_value(json_t *json, const char *key, const char *expected)
{
	cleanup_free char *text =
		json_dumps(json_object_get(json, key), JSON_ENCODE_ANY | JSON_SORT_KEYS);

	assert_string_equal(text, expected);
}

static void test_files_are_novas(void **state)
{
	struct drive *d = *state;
	struct configdrive drive = example();
	static const char *const expected[] = {
		"ec2/2009-04-04/meta-data.json",
		"ec2/2009-04-04/user-data",
		"ec2/latest/meta-data.json",
		"ec2/latest/user-data",
		"openstack/2012-08-10/meta_data.json",
		"openstack/2012-08-10/user_data",
		"openstack/2013-04-04/meta_data.json",
		"openstack/2013-04-04/user_data",
		"openstack/2013-10-17/meta_data.json",
		"openstack/2013-10-17/user_data",
		"openstack/2013-10-17/vendor_data.json",
		"openstack/2015-10-15/meta_data.json",
		"openstack/2015-10-15/network_data.json",
		"openstack/2015-10-15/user_data",
		"openstack/2015-10-15/vendor_data.json",
		"openstack/2016-06-30/network_data.json",
		"openstack/2016-10-06/vendor_data2.json",
		"openstack/2017-02-22/vendor_data2.json",
		"openstack/2018-08-27/vendor_data2.json",
		"openstack/2020-10-14/vendor_data2.json",
		"openstack/latest/meta_data.json",
		"openstack/latest/network_data.json",
		"openstack/latest/user_data",
		"openstack/latest/vendor_data.json",
		"openstack/latest/vendor_data2.json",
	};
	static const char *const absent[] = {
		"openstack/2012-08-10/vendor_data.json",
		"openstack/2013-10-17/network_data.json",
		"openstack/2016-06-30/vendor_data2.json",
	};

	assert_int_equal(configdrive_write(d->path, &drive, NULL), 0);

	cleanup_free char *files = list_files(d->path);
	size_t lines = 0;

	for (const char *p = files; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 2 * 2 + 10 * 2 + 8 + 7 + 5 + 2);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (!strstr(files, expected[i]))
			fail_msg("no %s in\n%s", expected[i], files);
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		assert_null(strstr(files, absent[i]));
}

static void test_label_and_joliet(void **state)
{
	struct drive *d = *state;
	struct configdrive drive = example();
	char *iso;
	size_t len;
	struct stat st;

	assert_int_equal(configdrive_write(d->path, &drive, NULL), 0);
	assert_int_equal(stat(d->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(file_read(d->path, 1 << 24, &iso, &len, NULL), 0);
	assert_true(len > 20 * SECTOR);
	/* Primary descriptor: the label is what cloud-init finds the drive by. */
	assert_memory_equal(iso + 16 * SECTOR, "\1CD001\1", 7);
	assert_memory_equal(iso + 16 * SECTOR + 40, "config-2        ", 16);
	/* Supplementary descriptor of Joliet, level 3. */
	assert_memory_equal(iso + 17 * SECTOR, "\2CD001\1", 7);
	assert_memory_equal(iso + 17 * SECTOR + 88, "%/E", 3);
	free(iso);
}

static void test_meta_data(void **state)
{
	struct drive *d = *state;
	struct configdrive drive = example();

	assert_int_equal(configdrive_write(d->path, &drive, NULL), 0);

	json_t *md = read_json(d->path, "openstack/latest/meta_data.json");

	assert_value(md, "uuid", "\"0d4c3a6e-5f55-4d6b-9c55-1f2e3d4c5b6a\"");
	assert_value(md, "name", "\"CPNR DNS_1.a\"");
	assert_value(md, "hostname", "\"cpnr-dns-1-a.novalocal\"");
	assert_value(md, "launch_index", "0");
	assert_value(md, "availability_zone", "\"nova\"");
	assert_value(md, "project_id", "\"9f6c2a0be6f84f9c8f5b0f5c1f2e3d4c\"");
	assert_value(md, "dedicated_cpus", "[0, 1, 2, 3]");
	assert_int_equal(json_string_length(json_object_get(md, "random_seed")), 684);
	assert_value(md, "devices",
		     "[{\"address\": \"0000:41:00.0\", \"bus\": \"pci\", "
		     "\"mac\": \"fa:16:3e:00:00:02\", \"type\": \"nic\", "
		     "\"vf_trusted\": true, \"vlan\": 101}, "
		     "{\"address\": \"0000:61:00.0\", \"bus\": \"pci\", "
		     "\"mac\": \"fa:16:3e:00:00:03\", \"type\": \"nic\", "
		     "\"vf_trusted\": false, \"vlan\": 101}, "
		     "{\"address\": \"0000:00:09.0\", \"bus\": \"pci\", "
		     "\"mac\": \"fa:16:3e:00:00:04\", \"tags\": [\"oam\"], \"type\": \"nic\", "
		     "\"vf_trusted\": false}]");
	assert_null(json_object_get(md, "public_keys"));
	assert_value(md, "files",
		     "[{\"content_path\": \"/content/0000\", \"path\": \"cpnr/licence.txt\"}, "
		     "{\"content_path\": \"/content/0001\", \"path\": \"key.bin\"}]");
	json_decref(md);

	/* What came with a later release is not in an earlier one's folder. */
	md = read_json(d->path, "openstack/2016-06-30/meta_data.json");
	assert_int_equal(json_array_size(json_object_get(md, "devices")), 1); /* the tagged one */
	assert_null(json_object_get(md, "dedicated_cpus"));
	json_decref(md);
	md = read_json(d->path, "openstack/2012-08-10/meta_data.json");
	assert_int_equal(json_object_size(md), 6);
	json_decref(md);
}

static void test_network_data(void **state)
{
	struct drive *d = *state;
	struct configdrive drive = example();

	assert_int_equal(configdrive_write(d->path, &drive, NULL), 0);

	json_t *nd = read_json(d->path, "openstack/latest/network_data.json");

	/* The port without an address is not in it; of DHCP the guest learns by DHCP. */
	assert_value(nd, "links",
		     "[{\"ethernet_mac_address\": \"fa:16:3e:00:00:01\", \"id\": "
		     "\"tap11111111-aa\", \"mtu\": 1450, \"type\": \"ovs\", \"vif_id\": "
		     "\"11111111-aaaa-4bbb-8ccc-000000000001\"}, "
		     "{\"ethernet_mac_address\": \"fa:16:3e:00:00:02\", \"id\": "
		     "\"tap11111111-aa\", \"mtu\": 1500, \"type\": \"hw_veb\", \"vif_id\": "
		     "\"11111111-aaaa-4bbb-8ccc-000000000002\"}, "
		     "{\"ethernet_mac_address\": \"fa:16:3e:00:00:04\", \"id\": "
		     "\"tap11111111-aa\", \"mtu\": null, \"type\": \"phy\", \"vif_id\": "
		     "\"11111111-aaaa-4bbb-8ccc-000000000004\"}]");
	assert_value(nd, "services",
		     "[{\"address\": \"192.0.2.53\", \"type\": \"dns\"}, "
		     "{\"address\": \"192.0.2.54\", \"type\": \"dns\"}]");

	json_t *networks = json_object_get(nd, "networks");

	assert_int_equal(json_array_size(networks), 4);
	assert_value(json_array_get(networks, 0), "routes",
		     "[{\"gateway\": \"10.20.0.1\", \"netmask\": \"0.0.0.0\", \"network\": "
		     "\"0.0.0.0\"}]");
	assert_value(json_array_get(networks, 1), "type", "\"ipv4\"");
	assert_value(json_array_get(networks, 1), "netmask", "\"255.255.255.192\"");
	assert_value(json_array_get(networks, 1), "routes", "[]");
	assert_value(json_array_get(networks, 2), "type", "\"ipv6\"");
	assert_value(json_array_get(networks, 2), "netmask", "\"ffff:ffff:ffff:ffff::\"");
	assert_value(json_array_get(networks, 2), "routes",
		     "[{\"gateway\": \"2001:db8:1::1\", \"netmask\": \"::\", \"network\": "
		     "\"::\"}]");
	assert_value(json_array_get(networks, 3), "type", "\"ipv4_dhcp\"");
	assert_int_equal(json_object_size(json_array_get(networks, 3)), 4);
	json_decref(nd);
}

static void test_user_data_and_files_are_untouched(void **state)
{
	struct drive *d = *state;
	struct configdrive drive = example();
	static char all[CONFIGDRIVE_USER_DATA_MAX + 2];

	for (size_t i = 0; i < sizeof(all) - 1; i++)
		all[i] = (char)('!' + i % 90);
	drive.user_data = all;
	drive.user_data_len = CONFIGDRIVE_USER_DATA_MAX;
	assert_int_equal(configdrive_write(d->path, &drive, NULL), 0);

	cleanup_free char *read = read_back(d->path, "openstack/latest/user_data");

	assert_memory_equal(read, all, CONFIGDRIVE_USER_DATA_MAX);

	cleanup_free char *text = read_back(d->path, "openstack/content/0000");
	cleanup_free char *bytes = read_back(d->path, "openstack/content/0001");

	assert_string_equal(text, "INCREMENT base\n");
	assert_memory_equal(bytes, "\0\xff", 2);

	cleanup_err struct err err = ERR_INIT;

	drive.user_data_len++;
	assert_int_equal(configdrive_write(d->path, &drive, &err), -EFBIG);
	assert_string_equal(
		err.text,
		"the user data has 49150 bytes: Nova's limit is 49149 (65,535 in base64)");
}

static void test_least_drive(void **state)
{
	struct drive *d = *state;
	struct configdrive drive = {.uuid = "u", .name = "n", .project_id = "p", .flavor = "f"};

	assert_int_equal(configdrive_write(d->path, &drive, NULL), 0);

	json_t *nd = read_json(d->path, "openstack/latest/network_data.json");

	assert_int_equal(json_object_size(nd), 0);
	json_decref(nd);
	assert_null(read_back(d->path, "openstack/latest/user_data"));
}

static void test_failures_leave_no_file(void **state)
{
	struct drive *d = *state;
	struct configdrive drive = example();
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *aside = xasprintf("%s.new", d->path);
	cleanup_free char *nowhere = xasprintf("%s/none/drive.iso", d->folder);

	drive.name = "\xff";
	assert_int_equal(configdrive_write(d->path, &drive, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/meta_data.json: cannot write JSON: name: is not UTF-8"));
	assert_false(file_exists(d->path));
	assert_false(file_exists(aside));
	drive = example();
	assert_int_equal(configdrive_write(nowhere, &drive, &err), -ENOENT);
	assert_non_null(strstr(err.text, nowhere));
}

static void test_host_names(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"dns1", "dns1"},    {"My Server_1.example", "my-server-1-example"},
		{"-a!b-", "ab"},     {"\xc3\xa9t\xc3\xa9", "t"},
		{"...", "Server-U"}, {"", "Server-U"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *host = configdrive_hostname(rows[i][0], "U");

		assert_string_equal(host, rows[i][1]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files_are_novas, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_label_and_joliet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_meta_data, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_network_data, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_user_data_and_files_are_untouched, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_least_drive, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failures_leave_no_file, set_up, tear_down),
		cmocka_unit_test(test_host_names),
	};

	if (argc > 1) {
		struct configdrive drive = example();
		cleanup_err struct err err = ERR_INIT;

		if (configdrive_write(argv[1], &drive, &err) == 0)
			return 0;
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
