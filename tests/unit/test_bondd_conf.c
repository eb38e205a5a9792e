// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "bondd/conf.h"

static void test_nothing_is_needed(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct conf c;
	const struct sockaddr_in *in = (const void *)&c.listen.address;

	assert_int_equal(conf_parse(CONF_MONITOR, BONDD_CONF, "", &c, &err), 0);
	assert_int_equal(ntohl(in->sin_addr.s_addr), INADDR_LOOPBACK);
	assert_int_equal(ntohs(in->sin_port), 9780);
	assert_int_equal(c.n_targets, 0);
	assert_int_equal(c.track.interval, 20000);
	assert_int_equal(c.track.fall, 3);
	assert_int_equal(c.limits.failback, FAILBACK_NEVER);
}

static void test_all_settings(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct conf c;
	const struct sockaddr_in *in = (const void *)&c.listen.address;
	char text[IP_TEXT_SIZE];

	assert_int_equal(conf_parse(CONF_MONITOR, "bondd.conf",
				    "# management\n"
				    "listen = 192.0.2.9:1234\n"
				    "targets = 172.16.1.1, 172.16.1.2\n"
				    "targets = 2001:db8::1\n"
				    "interval = 50\n"
				    "fall = 4 ; probes\n"
				    "rise = 64\n"
				    "moves = 3\n"
				    "failback = better\n"
				    "prefer = ens6\n"
				    "announce_loopback = yes\n",
				    &c, &err),
			 0);
	assert_int_equal(ntohl(in->sin_addr.s_addr), 0xc0000209);
	assert_int_equal(ntohs(in->sin_port), 1234);
	assert_int_equal(c.n_targets, 3);
	assert_string_equal(ip_format(&c.targets[1], text), "172.16.1.2");
	assert_string_equal(ip_format(&c.targets[2], text), "2001:db8::1");
	assert_int_equal(c.track.interval, 50000);
	assert_int_equal(c.track.fall, 4);
	assert_int_equal(c.track.rise, 64);
	assert_int_equal(c.limits.max_moves, 3);
	assert_int_equal(c.limits.failback, FAILBACK_BETTER);
	assert_string_equal(c.prefer, "ens6");
	assert_true(c.announce_loopback);
}

static void test_refusals(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"\nlisten = nowhere\n", "f:2: listen: 'nowhere' must be ADDRESS or ADDRESS:PORT"},
		{"port = 1\n", "f:1: unknown setting 'port'"},
		{"rubbish\n", "f:1: not NAME = VALUE"},
		{"[probes]\ninterval = 20\n",
		 "f:2: unknown setting 'interval' (there are no sections)"},
		{"interval = 4\n", "f:1: interval: '4' must be an integer from 5 to 1000"},
		{"interval = 20ms\n", "f:1: interval: '20ms' must be an integer from 5 to 1000"},
		{"rise = 65\n", "f:1: rise: '65' must be an integer from 2 to 64"},
		{"targets = 172.16.1.1/24\n",
		 "f:1: targets: target '172.16.1.1/24' must be an IP address"},
		{"targets = 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 "
		 "10.0.0.8 10.0.0.9\n",
		 "f:1: targets: more than 8 targets"},
		{"failback = sometimes\n",
		 "f:1: failback: 'sometimes' must be never, better or always"},
		{"prefer = a-name-of-sixteen\n",
		 "f:1: prefer: 'a-name-of-sixteen' must be the name of an interface"},
		{"moves = 2\nfailback = always\n", "f: failback requires moves to be at least 3"},
		{"announce_loopback = maybe\n",
		 "f:1: announce_loopback: 'maybe' must be yes or no"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_err struct err err = ERR_INIT;
		struct conf c;
		assert_int_equal(conf_parse(CONF_MONITOR, "f", rows[i][0], &c, &err), -EINVAL);
		assert_memory_equal(err.text, rows[i][1], strlen(rows[i][1]));
	}
}

#define PFS "pf = pf0 pf0.101\npf = pf1\ntargets = 172.16.1.1\n"

static void test_relay(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct conf c;

	assert_int_equal(conf_parse(CONF_RELAY, "r.conf", PFS, &c, &err), 0);
	assert_int_equal(c.relay.n_pfs, 2);
	assert_string_equal(c.relay.pfs[0].name, "pf0");
	assert_string_equal(c.relay.pfs[0].probe, "pf0.101");
	assert_string_equal(c.relay.pfs[1].probe, "pf1");
	assert_int_equal(c.relay.hold_down, 10);
	assert_int_equal(c.relay.holds, 6);
	assert_false(c.relay.pf_down || c.relay.enabled_vfs);
	assert_int_equal(conf_parse(CONF_RELAY, "r.conf",
				    PFS "vlan = 101\ninterval = 50\nfall = 4\nrise = 64\n"
					"hold_down = 300\nholds = 2\nmeans = pf\n"
					"enabled_vfs = yes\n",
				    &c, &err),
			 0);
	assert_int_equal(c.relay.vlan, 101);
	assert_int_equal(c.relay.hold_down, 300);
	assert_int_equal(c.relay.holds, 2);
	assert_int_equal(c.track.interval, 50000);
	assert_true(c.relay.pf_down && c.relay.enabled_vfs);
}

static void test_what_is_no_relay(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "r.conf: at least two lines 'pf = PF' are required"},
		{"pf = pf0\ntargets = 172.16.1.1\n", "at least two lines"},
		{"pf = pf0\npf = pf1\n", "a line 'targets = ADDRESS' is required"},
		{PFS "pf = pf0 eth0\n", "r.conf:4: pf: 'pf0 eth0' is there already"},
		{PFS "pf = pf2 pf1\n", "r.conf:4: pf: 'pf2 pf1' is there already"},
		{PFS "pf = a b c\n", "must be a PF and the interface to probe from"},
		{PFS "pf = a-name-of-16-byt\n", "must be the name of an interface"},
		{PFS "pf =\n", "must be the name of an interface"},
		{PFS "pf = ../pf0\n", "must be the name of an interface"},
		{PFS "vlan = 4095\n", "must be an integer from 0 to 4094"},
		{PFS "hold_down = 0\n", "must be an integer from 1 to 300"},
		{PFS "means = both\n", "'both' must be vf or pf"},
		{PFS "enabled_vfs = 1\n", "'1' must be yes or no"},
		{PFS "failback = always\n", "unknown setting 'failback'"},
	};
	struct conf c;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_err struct err err = ERR_INIT;
		assert_int_equal(conf_parse(CONF_RELAY, "r.conf", rows[i].text, &c, &err), -EINVAL);
		if (!strstr(err.text, rows[i].says))
			fail_msg("%s: not '%s'", err.text, rows[i].says);
	}
	/* Nor does it belong into bondd.conf. */
	assert_int_equal(conf_parse(CONF_MONITOR, "b.conf", "pf = pf0\n", &c, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_needed), cmocka_unit_test(test_all_settings),
		cmocka_unit_test(test_refusals),          cmocka_unit_test(test_relay),
		cmocka_unit_test(test_what_is_no_relay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
