// SPDX-License-Identifier: Apache-2.0
/* Which packets the rules of security groups admit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "vim/openstack/handle.h"

#define IN(rest) "[{\"direction\": \"ingress\", \"ethertype\": \"IPv4\"" rest "}]"
/* What Neutron gives a new project's default group. */
#define DEFAULT                                                  \
	"[{\"direction\": \"egress\", \"ethertype\": \"IPv4\"}," \
	" {\"direction\": \"ingress\", \"ethertype\": \"IPv4\", \"remote_group_id\": \"g\"}]"

static void test_rules(void **state)
{
	static const struct {
		const char *rules, *to, *protocol;
		unsigned port;
		const char *says; /* NULL: admitted */
	} rows[] = {
		{"[]", "10.0.0.9", "icmp", 0, "admit no icmp from outside"},
		{DEFAULT, "10.0.0.9", "icmp", 0, "admit no icmp from outside"},
		{IN(""), "10.0.0.9", "icmp", 0, NULL},
		{IN(""), "2001:db8::9", "icmp", 0, "admit no icmp"},
		{IN(", \"protocol\": \"icmp\""), "10.0.0.9", "icmp", 0, NULL},
		{IN(", \"protocol\": \"1\", \"port_range_min\": 8"), "10.0.0.9", "icmp", 0, NULL},
		{IN(", \"protocol\": \"icmp\", \"port_range_min\": 0"), "10.0.0.9", "icmp", 0,
		 "admit no icmp"},
		{IN(", \"protocol\": \"icmp\""), "10.0.0.9", "udp", 53, "admit no udp"},
		{IN(", \"protocol\": \"udp\", \"port_range_min\": 53, \"port_range_max\": 53"),
		 "10.0.0.9", "udp", 53, NULL},
		{IN(", \"protocol\": \"17\", \"port_range_min\": 1, \"port_range_max\": 52"),
		 "10.0.0.9", "udp", 53, "admit no udp"},
		{IN(", \"remote_ip_prefix\": \"192.0.2.0/24\""), "10.0.0.9", "tcp", 53, NULL},
		{IN(", \"remote_ip_prefix\": \"198.51.100.0/24\""), "10.0.0.9", "tcp", 53,
		 "admit tcp only from 198.51.100.0/24, and the address of this machine is "
		 "192.0.2.1"},
		{"[{\"direction\": \"ingress\", \"ethertype\": \"IPv6\", \"protocol\": "
		 "\"ipv6-icmp\"}]",
		 "2001:db8::9", "icmp", 0, NULL},
		{"[7, null, {}]", "10.0.0.9", "icmp", 0, "admit no icmp"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *rules = json_loads(rows[i].rules, 0, NULL);
		struct vim_packet p = {.protocol = rows[i].protocol, .port = rows[i].port};
		assert_non_null(rules);
		assert_true(ip_parse(rows[i].to, &p.to));
		assert_true(ip_parse(p.to.version == 4 ? "192.0.2.1" : "2001:db8::1", &p.from));
		cleanup_free char *why = security_barrier(rules, "port1", &p);
		if (!rows[i].says ? why != NULL : !why || !strstr(why, rows[i].says))
			fail_msg("row %zu: %s", i, why ? why : "admitted");
		json_decref(rules);
	}
}

/* The services' own words, of a network that has no subnet. */
static void test_hints(void **state)
{
	(void)state;
	assert_non_null(strstr(
		hint_for(VIM_NETWORK, 400, "Unrecognized attribute(s) 'port_security_enabled'"),
		"extension driver port_security"));
	assert_non_null(strstr(hint_for(VIM_SERVER, 400,
					"Network requires port_security_enabled and subnet "
					"associated in order to apply security groups."),
			       "--disable-port-security"));
	assert_null(hint_for(VIM_NETWORK, 500, "port_security_enabled"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules),
					   cmocka_unit_test(test_hints)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
