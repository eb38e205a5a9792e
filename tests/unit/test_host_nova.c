// SPDX-License-Identifier: Apache-2.0
/* What nova.conf says of a host: CPUs, physical networks, device_spec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host_xl710.h"

static void test_cpus_nova_may_use(void **state)
{
	static const struct {
		const char *conf, *shared, *dedicated;
	} rows[] = {
		{"", "0-3", "0-3"}, /* as before Train: all for both */
		{"[compute]\ncpu_shared_set=0\n", "0", ""},
		{"[compute]\ncpu_dedicated_set=2,3\n", "", "2-3"},
		{"[compute]\ncpu_dedicated_set=2,3\ncpu_shared_set=0-1\n", "0-1", "2-3"},
		{"[DEFAULT]\nvcpu_pin_set=1-3\n", "1-3", "1-3"},
		{"[DEFAULT]\nvcpu_pin_set=1-3\n[compute]\ncpu_shared_set=0\n", "1-3", "1-3"},
		{"[compute]\ncpu_dedicated_set=^1,0-2\n", "", "0,2"},
		/* What cannot be read is unknown, and is nothing that Nova lacks. */
		{"[compute]\ncpu_dedicated_set=all\n", "", NULL},
		{"[compute]\ncpu_shared_set=0\ncpu_dedicated_set=9999\n", "0", NULL},
		{"[DEFAULT]\nvcpu_pin_set=1-\n", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};

		add_node(&t, 0);
		add_file(&t, "sys/devices/system/cpu/online", "0-3\n");
		add_nova(&t, rows[i].conf);
		read_table(&t, &h);
		assert_cpus(&h.nodes[0].shared, rows[i].shared);
		assert_cpus(&h.nodes[0].dedicated, rows[i].dedicated);
		assert_int_equal(finding(&h, "cpus-none-dedicated", NULL) != NULL,
				 streq(rows[i].dedicated, ""));
	}
}

static void test_physnets(void **state)
{
	static const struct {
		const char *spec, *physnet;
	} rows[] = {
		{"{\"devname\":\"ens1f0\",\"physical_network\":\"a\"}", "a"},
		{"{\"devname\":\"ens1f1\",\"physical_network\":\"a\"}", NULL},
		{"{\"address\":\"" PF0 "\",\"physical_network\":\"a\"}", "a"},
		{"{\"address\":\"*:18:02.*\",\"physical_network\":\"a\"}", "a"}, /* its VF */
		{"{\"address\":\":18:2.0\",\"physical_network\":\"a\"}", "a"},
		{"{\"address\":\"*:19:*.*\",\"physical_network\":\"a\"}", NULL},
		{"{\"vendor_id\":\"8086\",\"physical_network\":\"a\"}", "a"},
		{"{\"vendor_id\":\"15b3\",\"physical_network\":\"a\"}", NULL},
		{"{\"vendor_id\":\"8086\",\"product_id\":\"154C\",\"physical_network\":\"a\"}",
		 "a"},
		{"{\"product_id\":\"1583\",\"physical_network\":\"a\"}", "a"},
		{"{\"product_id\":\"1889\",\"physical_network\":\"a\"}", NULL},
		{"{\"physical_network\":\"a\"}", "a"},
		{"{\"vendor_id\":\"8086\",\"address\":{\"bus\":\"18\"},"
		 "\"physical_network\":\"a\"}",
		 "a"},
		{"{\"address\":{\"bus\":\"19\"},\"physical_network\":\"a\"}", NULL},
		{"[{\"devname\":\"x\"},{\"devname\":\"ens1f0\",\"physical_network\":\"b\"}]", "b"},
		{"{\"devname\":", NULL},
		{"{\"physical_network\":\"a\\u009b2J\"}", "a??2J"}, /* steers no terminal */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};
		cleanup_free char *conf =
			xasprintf("[pci]\npassthrough_whitelist = %s\n", rows[i].spec);

		add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
		replace_file(&t, "sys/bus/pci/devices/" PF0 "/sriov_numvfs", "1\n");
		add_vf(&t, PF0, 0, "0000:18:02.0", "");
		add_nova(&t, conf);
		read_table(&t, &h);
		assert_true(streq(h.nics[0].physnet, rows[i].physnet));
	}
}

static int64_t vf_grant(const struct host *h)
{
	return h->nics[0].vfs[0].assignable;
}

/* One PF (product 1583) with one VF (154c) of ens1f0, and one entry of device_spec. */
static void read_spec(const char *spec, struct host *h)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_free char *conf = xasprintf("[pci]\n\ndevice_spec = %s\n", spec);

	add_pf(&t, PF0, "ens1f0", "0x1583\n", "i40e", 0);
	replace_file(&t, "sys/bus/pci/devices/" PF0 "/sriov_numvfs", "1\n");
	add_vf(&t, PF0, 0, "0000:18:02.0", "");
	add_nova(&t, conf);
	read_table(&t, h);
}

#define TAGS ",\"physical_network\":\"a\""

static void test_device_spec_picks_functions(void **state)
{
	static const struct {
		const char *spec;
		int64_t pf, vf, trusted;
	} rows[] = {
		{"{\"devname\":\"ens1f0\"" TAGS "}", 1, 1, 0},
		{"{\"devname\":\"ens1f0\"" TAGS ",\"trusted\":\"True\"}", 1, 1, 1},
		{"{\"devname\":\"ens1f0\"" TAGS ",\"trusted\":\"false\"}", 1, 1, 0},
		{"{\"devname\":\"ens1f0\"" TAGS ",\"trusted\":true}", 1, 1, 0},
		{"{\"product_id\":\"1583\"" TAGS "}", 1, 0, 0},
		{"{\"product_id\":\"1583\",\"address\":\"" PF0 "\"" TAGS "}", 1, 0, 0},
		{"{\"product_id\":\"0x154C\"" TAGS "}", 0, 1, 0},
		{"{\"product_id\":\"154c\",\"address\":\"" PF0 "\"" TAGS "}", 0, 1, 0},
		{"{\"address\":\"" PF0 "\"" TAGS "}", 1, 1, 0},
		{"{\"address\":\"*:18:00.*\"" TAGS "}", 1, 0, 0}, /* no single PF */
		{"{\"address\":\"*:18:02.*\"" TAGS "}", 0, 1, 0},
		{"{\"address\":{\"bus\":\"18\",\"slot\":\"0[1-2]\"}" TAGS "}", 0, 1, 0},
		{"{\"address\":{\"domain\":\"0000\",\"bus\":\"18\",\"slot\":\"00\","
		 "\"function\":\"0\"}" TAGS "}",
		 1, 1, 0},
		{"{\"address\":{\"bus\":\"(?=18)\"}" TAGS "}", -1, -1, -1},
		{"{\"devname\":\"ens1f0\"}", 0, 0, 0}, /* no port asks for "no physnet" */
		{"{\"devname\":\"ens1f0\"" TAGS ",\"remote_managed\":\"no\"}", 1, 1, 0},
		{"{\"product_id\":\"154c\"" TAGS ",\"remote_managed\":\"true\"}", 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_host struct host h = {0};

		read_spec(rows[i].spec, &h);
		assert_int_equal(h.nics[0].assignable, rows[i].pf);
		assert_int_equal(vf_grant(&h), rows[i].vf);
		assert_int_equal(h.nics[0].vfs[0].trusted == 1, rows[i].trusted == 1);
		assert_int_equal(finding(&h, "device-spec-no-vf", "ens1f0") != NULL,
				 rows[i].vf == 0 && rows[i].pf == 1);
		assert_int_equal(finding(&h, "device-spec-trusted", "/etc/nova/nova.conf:3") !=
					 NULL,
				 strstr(rows[i].spec, ":true") != NULL);
		assert_int_equal(finding(&h, "device-spec-unknown", "/etc/nova/nova.conf:3") !=
					 NULL,
				 rows[i].vf < 0);
		assert_null(finding(&h, "device-spec-refused", "/etc/nova/nova.conf:3"));
	}
}

static void test_device_spec_that_nova_refuses(void **state)
{
	static const struct {
		const char *spec, *why;
	} rows[] = {
		{"{\"address\":\"0000:3b:0*.*\"" TAGS "}",
		 "property slot ('0*') does not parse as a hex number"},
		{"{\"address\":\"0000:100:00.0\"" TAGS "}",
		 "property bus (100) is greater than the maximum allowable value (FF)"},
		{"{\"address\":\"0000:18:20.0\"" TAGS "}", "property slot (20)"},
		{"{\"address\":\"0000:18:00.8\"" TAGS "}", "property func (8)"},
		{"{\"address\":\"1:0000:18:00.0\"" TAGS "}", "too many fields"},
		{"{\"address\":{\"slot\":\"*\"}" TAGS "}", "nothing to repeat"},
		{"{\"address\":{\"slot\":\"[0-\"}" TAGS "}", "unterminated character set"},
		{"{\"address\":{\"slot\":\"(0\"}" TAGS "}", "unterminated subpattern"},
		{"{\"address\":{\"function\":0}" TAGS "}", "function of the address is not a text"},
		{"{\"address\":[\"0000:18:00.0\"]" TAGS "}", "neither text nor object"},
		{"{\"address\":\"*\",\"devname\":\"ens1f0\"" TAGS "}",
		 "devname or address, but not both"},
		{"{\"vendor_id\":\"intel\"" TAGS "}", "property vendor_id ('intel')"},
		{"{\"product_id\":5516" TAGS "}", "product_id is not a text"},
		{"{\"devname\":\"ens1f0\"" TAGS, "not a JSON object or array"},
		{"\"ens1f0\"", "not a JSON object or array"},
		{"[\"ens1f0\"]", "not a JSON object"},
		{"{\"devname\":\"ens9\"" TAGS ",\"remote_managed\":\"true\"}",
		 "not actually present"},
		{"{\"devname\":\"ens1f0\"" TAGS ",\"remote_managed\":\"true\"}",
		 "PFs must not have"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_host struct host h = {0};
		const struct host_finding *f;

		read_spec(rows[i].spec, &h);
		f = finding(&h, "device-spec-refused", "/etc/nova/nova.conf:3");
		assert_non_null(f);
		assert_int_equal(f->severity, SEVERITY_ERROR);
		assert_non_null(strstr(f->text, "nova-compute does not start"));
		assert_non_null(strstr(f->text, rows[i].why));
		assert_int_equal(vf_grant(&h), 0);
	}
}

static void test_physnets_that_differ(void **state)
{
	cleanup_tree_table struct tree_table t = {0};
	cleanup_host struct host h = {0};

	(void)state;
	build_xl710(&t);
	read_table(&t, &h);
	assert_string_equal(h.nics[0].vfs[1].physnet, "other");
	assert_non_null(finding(&h, "physnet-differs", "ens1f0"));
	assert_null(finding(&h, "physnet-differs", "ens2f0"));
}

/* Containers and snaps have nova.conf elsewhere. */
static void test_where_nova_conf_is(void **state)
{
	static const char *const folders[] = {
		"etc/kolla/nova-compute",
		"var/lib/config-data/puppet-generated/nova_libvirt/etc/nova",
		"var/snap/openstack-hypervisor/common/etc/nova",
		"var/snap/microstack/common/etc/nova",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		cleanup_tree_table struct tree_table t = {0};
		cleanup_host struct host h = {0};
		cleanup_free char *path = xasprintf("%s/nova.conf", folders[i]);
		cleanup_free char *more = xasprintf("%s/nova.conf.d/10-cpus.conf", folders[i]);

		build_xl710(&t);
		add_file(&t, path,
			 "[compute]\ncpu_dedicated_set = 2-3\n[pci]\n"
			 "device_spec = {\"devname\": \"ens1f0\", "
			 "\"physical_network\": \"sriov0\"}\n");
		add_file(&t, more, "[compute]\ncpu_dedicated_set = 1\n");
		read_table(&t, &h);
		assert_cpus(&h.nodes[0].dedicated, "1");
		assert_string_equal(h.nics[0].vfs[0].physnet, "sriov0");
		assert_non_null(finding(&h, "nova-conf-several", NULL)); /* /etc/nova, too */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpus_nova_may_use),
		cmocka_unit_test(test_physnets),
		cmocka_unit_test(test_device_spec_picks_functions),
		cmocka_unit_test(test_device_spec_that_nova_refuses),
		cmocka_unit_test(test_physnets_that_differ),
		cmocka_unit_test(test_where_nova_conf_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
