// SPDX-License-Identifier: Apache-2.0
/* src/net/: addresses as values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/ip.h"
#include "net/mac.h"

static struct ip_addr ip(const char *text)
{
	struct ip_addr ip;

	if (!ip_parse(text, &ip))
		fail_msg("'%s' is not an address", text);
	return ip;
}

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix p;

	if (!ip_prefix_parse(text, &p))
		fail_msg("'%s' is not a prefix", text);
	return p;
}

static void test_ip_parse(void **state)
{
	static const struct {
		const char *text, *canonical; /* NULL: no address */
		int version;
	} cases[] = {
		{"172.16.1.10", "172.16.1.10", 4},
		{"0.0.0.0", "0.0.0.0", 4},
		{"2001:DB8::0:1", "2001:db8::1", 6},
		{"::", "::", 6},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1", 6},
		{"172.16.1", NULL, 0},
		{"172.16.1.256", NULL, 0},
		{"172.16.01.1", NULL, 0},
		{"172.16.1.1/24", NULL, 0},
		{" 172.16.1.1", NULL, 0},
		{"fe80::1%eth0", NULL, 0},
		{"1:2", NULL, 0},
		{"", NULL, 0},
		{NULL, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_addr parsed = {.version = 9};
		char buf[IP_TEXT_SIZE];
		bool is = ip_parse(cases[i].text, &parsed);

		assert_int_equal(is, cases[i].canonical != NULL);
		assert_int_equal(parsed.version, is ? cases[i].version : 9);
		assert_int_equal(ip_version_of(cases[i].text), cases[i].version);
		if (is)
			assert_string_equal(ip_format(&parsed, buf), cases[i].canonical);
	}
}

static void test_ip_from_bytes(void **state)
{
	struct ip_addr a = ip_from_bytes(AF_INET, "\x0a\x00\x00\x01", 4), b = ip("10.0.0.1");
	char buf[IP_TEXT_SIZE];

	(void)state;
	assert_true(ip_equal(&a, &b));
	assert_int_equal(ip_size(&a), 4);
	assert_int_equal(ip_family(&a), AF_INET);
	a = ip_from_bytes(AF_INET, "\x01\x02\x03", 3);
	assert_int_equal(a.version, 0);
	assert_int_equal(ip_size(&a), 0);
	assert_string_equal(ip_format(&a, buf), "-");
	assert_int_equal(ip_from_bytes(AF_UNIX, "abcd", 4).version, 0);
	assert_int_equal(ip_from_sockaddr(NULL).version, 0);
}

static void test_ip_order(void **state)
{
	static const char *const ascending[] = {"0.0.0.0",      "9.255.0.0", "10.0.0.1",
						"255.0.0.0",    "::",        "2001:db8::ffff",
						"2001:db8::1:0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++)
		for (size_t k = 0; k < ARRAY_SIZE(ascending); k++) {
			struct ip_addr a = ip(ascending[i]), b = ip(ascending[k]);
			int order = ip_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
			assert_int_equal(ip_equal(&a, &b), i == k);
		}
}

static void test_ip_add(void **state)
{
	static const struct {
		const char *from;
		int64_t n;
		const char *to; /* NULL: there is none */
	} cases[] = {
		{"10.0.0.1", 1, "10.0.0.2"},
		{"10.0.0.255", 1, "10.0.1.0"},
		{"10.0.1.0", -1, "10.0.0.255"},
		{"10.0.0.0", 65536, "10.1.0.0"},
		{"10.1.0.0", -65537, "9.255.255.255"},
		{"10.0.0.1", 0, "10.0.0.1"},
		{"255.255.255.255", 1, NULL},
		{"0.0.0.0", -1, NULL},
		{"0.0.0.0", UINT32_MAX, "255.255.255.255"},
		{"0.0.0.0", INT64_C(1) << 32, NULL},
		{"2001:db8::ffff:ffff", 1, "2001:db8::1:0:0"},
		{"2001:db8::1:0:0", -1, "2001:db8::ffff:ffff"},
		{"::", INT64_MAX, "::7fff:ffff:ffff:ffff"},
		{"::8000:0:0:0", INT64_MIN, "::"},
		{"::", -1, NULL},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_addr a = ip(cases[i].from);
		struct ip_addr to = ip(cases[i].to ? cases[i].to : cases[i].from);

		assert_int_equal(ip_add(&a, cases[i].n), cases[i].to != NULL);
		assert_true(ip_equal(&a, &to));
	}
}

static void test_ip_kinds(void **state)
{
	static const struct {
		const char *text;
		bool link_local, loopback;
	} cases[] = {
		{"169.254.0.1", true, false}, {"169.253.0.1", false, false},
		{"fe80::1", true, false},     {"febf::1", true, false},
		{"fec0::1", false, false},    {"127.0.0.53", false, true},
		{"::1", false, true},         {"::2", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_addr a = ip(cases[i].text);
		assert_int_equal(ip_is_link_local(&a), cases[i].link_local);
		assert_int_equal(ip_is_loopback(&a), cases[i].loopback);
	}
	struct ip_addr lo = ip("127.9.9.9"), far = ip("203.0.113.1");
	assert_true(ip_is_local(&lo));
	assert_false(ip_is_local(&far));
}

static void test_netmasks(void **state)
{
	static const struct {
		const char *text;
		int version, len;
	} cases[] = {
		{"255.255.255.0", 4, 24},
		{"255.255.254.0", 0, 23},
		{"0.0.0.0", 4, 0},
		{"255.255.255.255", 4, 32},
		{"24", 4, 24},
		{"/24", 4, 24},
		{"64", 6, 64},
		{"ffff:ffff::", 6, 32},
		{"255.0.255.0", 4, -1},
		{"0.255.0.0", 4, -1},
		{"33", 4, -1},
		{"129", 6, -1},
		{"255.255.255.0", 6, -1},
		{"ffff::", 4, -1},
		{"24x", 4, -1},
		{"", 4, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(ip_netmask_parse(cases[i].text, cases[i].version), cases[i].len);
	for (int version = 4; version <= 6; version += 2)
		for (unsigned len = 0; len <= (version == 4 ? 32 : 128); len++) {
			struct ip_addr mask = ip_netmask(version, len);
			assert_int_equal(ip_netmask_len(&mask), len);
		}
	assert_int_equal(ip_netmask_len(&(struct ip_addr){0}), -1);
}

static void test_prefix_parse(void **state)
{
	static const struct {
		const char *text, *to; /* NULL: no prefix */
	} cases[] = {
		{"172.16.1.10/24", "172.16.1.10/24"},
		{"172.16.1.10", "172.16.1.10/32"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"2001:DB8::/0", "2001:db8::/0"},
		{"172.16.1.10/33", NULL},
		{"172.16.1.10/", NULL},
		{"172.16.1.10/-1", NULL},
		{"172.16.1.10/24/24", NULL},
		{"2001:db8::1/129", NULL},
		{"/24", NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/1", NULL},
		{NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_prefix p;
		assert_int_equal(ip_prefix_parse(cases[i].text, &p), cases[i].to != NULL);
		if (!cases[i].to)
			continue;
		cleanup_free char *text = ip_prefix_to_str(&p);
		assert_string_equal(text, cases[i].to);
	}
}

static void test_prefix(void **state)
{
	static const struct {
		const char *prefix, *first, *last;
		const char *within, *outside; /* or NULL */
	} cases[] = {
		{"172.16.1.10/22", "172.16.0.0", "172.16.3.255", "172.16.3.254", "172.16.4.0"},
		{"10.0.0.1/32", "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.0"},
		{"10.0.0.1/0", "0.0.0.0", "255.255.255.255", "192.0.2.1", "::"},
		{"2001:db8::/63", "2001:db8::", "2001:db8:0:1:ffff:ffff:ffff:ffff",
		 "2001:db8:0:1::5", "2001:db8:0:2::"},
		{"::1/128", "::1", "::1", "::1", "::"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_prefix p = prefix(cases[i].prefix);
		struct ip_addr first = ip_prefix_first(&p), last = ip_prefix_last(&p);
		struct ip_addr within = ip(cases[i].within), outside = ip(cases[i].outside);
		char buf[IP_TEXT_SIZE];

		assert_string_equal(ip_format(&first, buf), cases[i].first);
		assert_string_equal(ip_format(&last, buf), cases[i].last);
		assert_true(ip_prefix_contains(&p, &within));
		assert_false(ip_prefix_contains(&p, &outside));
	}
	/* What the kernel would never say. */
	struct ip_prefix broken = {.addr = ip("10.0.0.1"), .len = 255};
	assert_false(ip_prefix_contains(&broken, &broken.addr));
}

static void test_prefix_overlaps(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{"10.0.0.0/8", "10.1.0.0/16", true},        {"10.0.0.0/16", "10.1.0.0/16", false},
		{"10.0.0.0/24", "10.0.0.0/24", true},       {"0.0.0.0/0", "::/0", false},
		{"2001:db8::/32", "2001:db8:1::/48", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_prefix a = prefix(cases[i].a), b = prefix(cases[i].b);
		assert_int_equal(ip_prefix_overlaps(&a, &b), cases[i].overlap);
		assert_int_equal(ip_prefix_overlaps(&b, &a), cases[i].overlap);
	}
}

static void test_prefix_reserves(void **state)
{
	static const struct {
		const char *prefix, *ip;
		bool reserved;
	} cases[] = {
		{"10.0.0.0/24", "10.0.0.0", true},      {"10.0.0.0/24", "10.0.0.255", true},
		{"10.0.0.0/24", "10.0.0.1", false},     {"10.0.0.0/24", "10.0.1.255", false},
		{"10.0.0.0/31", "10.0.0.0", false},     {"10.0.0.0/30", "10.0.0.3", true},
		{"2001:db8::/64", "2001:db8::", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_prefix p = prefix(cases[i].prefix);
		struct ip_addr a = ip(cases[i].ip);
		assert_int_equal(ip_prefix_reserves(&p, &a), cases[i].reserved);
	}
}

static void test_range(void **state)
{
	static const struct {
		const char *first, *last;
		uint64_t size; /* 0: no range */
	} cases[] = {
		{"10.0.0.1", "10.0.0.1", 1},
		{"10.0.0.255", "10.0.1.0", 2},
		{"0.0.0.0", "255.255.255.255", UINT64_C(1) << 32},
		{"10.0.0.2", "10.0.0.1", 0},
		{"10.0.0.1", "2001:db8::1", 0},
		{"2001:db8::fffe", "2001:db8::1:1", 4},
		{"2001:db8::", "2001:db8:0:1::", UINT64_MAX},
		{"::", "ffff::", UINT64_MAX},
		{NULL, "10.0.0.1", 0},
		{"10.0.0.1", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_range r;
		assert_int_equal(ip_range_parse(cases[i].first, cases[i].last, &r),
				 cases[i].size != 0);
		if (cases[i].size)
			assert_true(ip_range_size(&r) == cases[i].size);
	}
}

static void test_mac(void **state)
{
	static const struct {
		const char *text, *canonical; /* NULL: no MAC */
	} cases[] = {
		{"fa:16:3e:00:00:01", "fa:16:3e:00:00:01"},
		{"FA-16-3E-00-AB-01", "fa:16:3e:00:ab:01"},
		{"fa:16:3e:00:00", NULL},
		{"fa:16:3e:00:00:0g", NULL},
		{"fa:16:3e:00:00:011", NULL},
		{"fa.16.3e.00.00.01", NULL},
		{"fa:16:3e:00:0:001", NULL},
		{":::::::::::::::::", NULL},
		{"", NULL},
		{NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mac_addr mac;
		char buf[MAC_TEXT_SIZE];
		assert_int_equal(mac_parse(cases[i].text, &mac), cases[i].canonical != NULL);
		if (cases[i].canonical)
			assert_string_equal(mac_format(&mac, buf), cases[i].canonical);
	}
	assert_true(mac_text_equal("fa:16:3e:00:ab:01", "FA-16-3E-00-AB-01"));
	assert_false(mac_text_equal("fa:16:3e:00:ab:01", "fa:16:3e:00:ab:02"));
	assert_false(mac_text_equal("", ""));
	assert_false(mac_text_equal(NULL, "fa:16:3e:00:ab:01"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_parse),        cmocka_unit_test(test_ip_from_bytes),
		cmocka_unit_test(test_ip_order),        cmocka_unit_test(test_ip_add),
		cmocka_unit_test(test_ip_kinds),        cmocka_unit_test(test_netmasks),
		cmocka_unit_test(test_prefix_parse),    cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_prefix_overlaps), cmocka_unit_test(test_prefix_reserves),
		cmocka_unit_test(test_range),           cmocka_unit_test(test_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
