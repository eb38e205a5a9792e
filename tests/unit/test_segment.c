// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "vim/local/segment.h"

/* Literals stand in for the model's own strings; nothing here frees them. */
#define S(text) ((char *)(uintptr_t)(text))

static struct subnet service_subnets[] = {
	{.name = S("svc4"),
	 .ip_version = 4,
	 .address = S("172.16.1.0"),
	 .prefix = 24,
	 .gateway = S("172.16.1.1")},
	{.name = S("svc6"),
	 .ip_version = 6,
	 .address = S("2001:db8:1::"),
	 .prefix = 64,
	 .gateway = S("2001:db8:1:0::1")},
};

static struct network vlan(const char *name, const char *physnet, unsigned id)
{
	return (struct network){
		.name = S(name),
		.provider_network_type = S("vlan"),
		.provider_physical_network = S(physnet),
		.provider_segmentation_id = id,
		.subnets = service_subnets,
		.n_subnets = 2,
	};
}

static struct network vxlan(const char *name)
{
	return (struct network){.name = S(name), .provider_network_type = S("vxlan")};
}

static void assert_address(int version, const char *address, unsigned prefix, const char *gateway,
			   bool none, const char *expected)
{
	struct subnet s = {S("s"), 0, version, false, S(address), prefix, S(gateway), none};
	char *own = NULL;

	assert_int_equal(segment_own_address(&s, &own, NULL), 0);
	assert_string_equal(own, expected);
	free(own);
}

static void test_own_address(void **state)
{
	(void)state;
	assert_address(4, "10.1.2.0", 24, "10.1.2.254", false, "10.1.2.254");
	assert_address(4, "10.1.2.0", 24, NULL, false, "10.1.2.1");
	assert_address(4, "10.1.2.0", 24, NULL, true, "10.1.2.254");
	assert_address(4, "10.1.2.0", 24, "10.9.9.9", false, "10.1.2.254");
	assert_address(4, "10.1.2.64", 27, NULL, true, "10.1.2.94");
	assert_address(4, "10.1.2.4", 31, NULL, false, "10.1.2.4");
	assert_address(4, "10.1.2.4", 31, NULL, true, "10.1.2.5");
	assert_address(4, "10.1.2.4", 32, NULL, true, "10.1.2.4");
	assert_address(4, "0.0.0.0", 0, NULL, true, "255.255.255.254");
	assert_address(6, "2001:db8::", 64, NULL, false, "2001:db8::1");
	assert_address(6, "2001:db8::", 64, NULL, true, "2001:db8::ffff:ffff:ffff:ffff");
	assert_address(6, "2001:db8::7", 128, NULL, true, "2001:db8::7");
	assert_address(6, "2001:db8::", 64, "2001:db8:0::5", false, "2001:db8::5");
}

static void test_own_address_refusals(void **state)
{
	(void)state;
	static const struct {
		struct subnet subnet;
		const char *text;
	} rows[] = {
		{{S("a"), 0, 4, false, S("10.1.2"), 24, NULL, false},
		 "subnet \"a\": 10.1.2/24 is not an IPv4 network"},
		{{S("b"), 0, 4, false, S("10.1.2.0"), 33, NULL, false},
		 "subnet \"b\": 10.1.2.0/33 is not an IPv4 network"},
		{{S("c"), 0, 6, false, NULL, 64, NULL, false},
		 "subnet \"c\": /64 is not an IPv6 network"},
		{{S("d"), 0, 6, false, S("2001:db8::"), 64, S("10.0.0.1"), false},
		 "subnet \"d\": gateway \"10.0.0.1\" is not an IPv6 address"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_err struct err err = ERR_INIT;
		char *own;

		assert_int_equal(segment_own_address(&rows[i].subnet, &own, &err), -EINVAL);
		assert_string_equal(err.text, rows[i].text);
	}
}

static void test_two_fabrics_one_segment(void **state)
{
	(void)state;
	struct network mgmt = vxlan("mgmt-net");
	struct network a = vlan("sriov-net-1", "sriov0", 101);
	struct network b = vlan("sriov-net-2", "sriov1", 101);
	const struct network *all[] = {&mgmt, &a, &b};
	cleanup_segments struct segments s = {0};

	assert_int_equal(segment_plan(all, 3, &s, NULL), 0);
	assert_string_equal(segment_bridge(&s, "mgmt-net"), "mgmt-net");
	assert_string_equal(segment_service_bridge(&s, "mgmt-net"), "mgmt-net");
	assert_string_equal(segment_bridge(&s, "sriov-net-1"), "sriov0.101");
	assert_string_equal(segment_bridge(&s, "sriov-net-2"), "sriov1.101");
	assert_string_equal(segment_service_bridge(&s, "sriov-net-1"), "vlan101");
	assert_string_equal(segment_service_bridge(&s, "sriov-net-2"), "vlan101");
	assert_null(segment_bridge(&s, "other"));

	assert_int_equal(s.n_bridges, 4);
	assert_string_equal(s.bridges[2].name, "vlan101");
	assert_int_equal(s.bridges[1].n_addresses, 0);
	assert_int_equal(s.bridges[2].n_addresses, 2); /* the same subnets twice, added once */
	assert_string_equal(s.bridges[2].addresses[0], "172.16.1.1/24");
	assert_string_equal(s.bridges[2].addresses[1], "2001:db8:1::1/64");

	assert_int_equal(s.n_uplinks, 2);
	assert_string_equal(s.uplinks[1].up, "up-sriov1.101");
	assert_string_equal(s.uplinks[1].down, "dn-sriov1.101");
	assert_string_equal(s.uplinks[1].fabric, "sriov1.101");
	assert_string_equal(s.uplinks[1].service, "vlan101");
}

static void test_second_vlan_of_a_physnet(void **state)
{
	(void)state;
	struct network a = vlan("a", "sriov0", 101);
	struct network b = vlan("b", "sriov0", 102);
	struct network c = vlan("c", "sriov1", 102);
	const struct network *all[] = {&a, &b, &c};
	cleanup_segments struct segments s = {0};

	assert_int_equal(segment_plan(all, 3, &s, NULL), 0);
	assert_string_equal(segment_bridge(&s, "a"), "sriov0.101");
	assert_string_equal(segment_bridge(&s, "b"), "sriov0.102");
	assert_string_equal(segment_bridge(&s, "c"), "sriov1.102");
	assert_string_equal(segment_service_bridge(&s, "c"), segment_service_bridge(&s, "b"));
	assert_string_not_equal(segment_service_bridge(&s, "a"), segment_service_bridge(&s, "b"));
}

static void test_one_less_changes_no_name(void **state)
{
	(void)state;
	struct network v[] = {vlan("a", "sriov0", 101), vlan("b", "sriov0", 102),
			      vlan("c", "sriov1", 101), vlan("d", "sriov1", 0), vxlan("mgmt")};
	const struct network *all[ARRAY_SIZE(v)];
	cleanup_segments struct segments before = {0};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		all[i] = &v[i];
	assert_int_equal(segment_plan(all, ARRAY_SIZE(v), &before, NULL), 0);
	v[3].provider_segmentation_id = segment_find(&before, "d")->vlan;
	for (size_t gone = 0; gone < ARRAY_SIZE(v); gone++) {
		const struct network *left[ARRAY_SIZE(v)];
		cleanup_segments struct segments s = {0};
		size_t n = 0;
		for (size_t i = 0; i < ARRAY_SIZE(v); i++)
			if (i != gone)
				left[n++] = &v[i];
		assert_int_equal(segment_plan(left, n, &s, NULL), 0);
		for (size_t i = 0; i < n; i++) {
			const char *name = left[i]->name;
			assert_string_equal(segment_bridge(&s, name),
					    segment_bridge(&before, name));
			assert_string_equal(segment_service_bridge(&s, name),
					    segment_service_bridge(&before, name));
		}
	}
}

static void test_one_more_at_the_end_changes_no_name(void **state)
{
	(void)state;
	struct network v[] = {vxlan("up-sriov0.101"),  vlan("a", "sriov0", 101),
			      vxlan("sriov0.101"),     vxlan("vlan101"),
			      vxlan("tap0"),           vxlan("a name that is much too long"),
			      vlan("b", "sriov0", 7),  vlan("c", "lo", 0),
			      vlan("d", "sriov1", 101)};
	const struct network *all[ARRAY_SIZE(v)];
	char names[ARRAY_SIZE(v)][LINK_NAME_SIZE];

	for (size_t n = 1; n <= ARRAY_SIZE(v); n++) {
		cleanup_segments struct segments s = {0};

		all[n - 1] = &v[n - 1];
		assert_int_equal(segment_plan(all, n, &s, NULL), 0);
		for (size_t i = 0; i < n; i++) {
			const char *name = segment_bridge(&s, v[i].name);

			if (i == n - 1)
				strcpy(names[i], name);
			assert_string_equal(name, names[i]);
			for (size_t k = 0; k < i; k++)
				assert_string_not_equal(names[i], names[k]);
		}
		/* No link's name twice. */
		for (size_t i = 0; i < s.n_bridges; i++)
			for (size_t k = 0; k < s.n_uplinks; k++)
				assert_string_not_equal(s.bridges[i].name, s.uplinks[k].up);
	}
	assert_string_equal(names[4], "n-tap0");
	assert_string_equal(names[6], "sriov0.7");
	assert_string_equal(names[7], "lo.4094");
}

static void test_vlan_without_id_is_a_segment_of_its_own(void **state)
{
	(void)state;
	struct network a = vlan("a", "sriov0", 0);
	struct network b = vlan("b", "sriov1", 4094);
	struct network c = vlan("c", "sriov1", 0);
	const struct network *all[] = {&a, &b, &c};
	cleanup_segments struct segments s = {0};

	assert_int_equal(segment_plan(all, 3, &s, NULL), 0);
	assert_string_equal(segment_service_bridge(&s, "a"), "vlan4093");
	assert_string_equal(segment_service_bridge(&s, "b"), "vlan4094");
	assert_string_equal(segment_service_bridge(&s, "c"), "vlan4092");
}

static void test_flat_networks_are_untagged(void **state)
{
	(void)state;
	struct network a = vlan("a", "sriov0", 0);
	struct network b = vlan("b", "sriov1", 0);
	const struct network *all[] = {&a, &b};
	cleanup_segments struct segments s = {0};

	a.provider_network_type = b.provider_network_type = S("flat");
	assert_int_equal(segment_plan(all, 2, &s, NULL), 0);
	assert_string_equal(segment_bridge(&s, "a"), "sriov0");
	assert_string_equal(segment_service_bridge(&s, "a"), "untagged");
	assert_string_equal(segment_service_bridge(&s, "b"), "untagged");
}

static void test_names_that_the_kernel_keeps(void **state)
{
	(void)state;
	static const char *const kept[] = {"all", "default", "lo", "tap0"};

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		struct network n = {.name = S(kept[i])};
		const struct network *one[] = {&n};
		cleanup_segments struct segments s = {0};

		assert_int_equal(segment_plan(one, 1, &s, NULL), 0);
		assert_string_not_equal(segment_bridge(&s, kept[i]), kept[i]);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	struct network a = vlan("a", "sriov0", 101);
	struct network b = vlan("b", "sriov0", 101);
	struct network c = vlan("c", "sriov0", 5000);
	const struct network *twice[] = {&a, &b};
	const struct network *high[] = {&c};
	cleanup_err struct err err = ERR_INIT;
	struct segments s;

	assert_int_equal(segment_plan(twice, 2, &s, &err), -EEXIST);
	assert_string_equal(
		err.text,
		"network b: VLAN 101 of physical network \"sriov0\" is in use by network \""
		"a\": choose another provider_segmentation_id");
	assert_int_equal(segment_plan(high, 1, &s, &err), -ERANGE);
	assert_string_equal(err.text, "network c: VLAN id 5000: must be at most 4094");
}

static void test_link_names(void **state)
{
	(void)state;
	char name[LINK_NAME_SIZE], other[LINK_NAME_SIZE];

	link_name("tap", "0", name);
	assert_string_equal(name, "tap0");
	link_name("", "exactly-fifteen", name);
	assert_string_equal(name, "exactly-fifteen");
	link_name("up-", "a/b c", name);
	assert_memory_equal(name, "up-a_b_c~", 9);
	assert_int_equal(strlen(name), 15);
	link_name("", "sixteen-letters1", name);
	link_name("", "sixteen-letters2", other);
	assert_int_equal(strlen(name), 15);
	assert_string_not_equal(name, other);
	link_name("", "", name);
	assert_int_equal(name[0], '~');
	link_name("", "..", name);
	assert_string_not_equal(name, "..");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_address),
		cmocka_unit_test(test_own_address_refusals),
		cmocka_unit_test(test_two_fabrics_one_segment),
		cmocka_unit_test(test_second_vlan_of_a_physnet),
		cmocka_unit_test(test_one_less_changes_no_name),
		cmocka_unit_test(test_one_more_at_the_end_changes_no_name),
		cmocka_unit_test(test_vlan_without_id_is_a_segment_of_its_own),
		cmocka_unit_test(test_flat_networks_are_untagged),
		cmocka_unit_test(test_names_that_the_kernel_keeps),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_link_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
