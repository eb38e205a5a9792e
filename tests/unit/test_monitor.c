// SPDX-License-Identifier: Apache-2.0
/* What bondd makes of the kernel's tables, and what it tells of it. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "bondd/leg.h"
#include "bondd/monitor.h"
#include "bondd/report.h"
#include "bondd/status.h"
#include "bondd/tables.h"
#include "net/frame.h"
#include "net/status_json.h"

enum { LO = 1, ENS6 = 3, ENS7 = 4, BOND = 5, VLAN = 6, ETH0 = 2 };

static struct ip_addr address(const char *text)
{
	struct ip_addr ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static struct rtnl_link *add_link(struct tables *t, int index, const char *name)
{
	struct rtnl_link *l = array_push(t->links, t->n_links);

	l->index = index;
	snprintf(l->name, sizeof(l->name), "%s", name);
	l->carrier = TRI_YES;
	l->has_mac = true;
	memcpy(l->mac.bytes, "\x52\x54\x00\xaa\x00", 5);
	l->mac.bytes[5] = (uint8_t)index;
	l->mii_up = TRI_UNKNOWN;
	return l;
}

static void add_address(struct tables *t, int index, const char *text, unsigned prefix)
{
	*array_push(t->addresses, t->n_addresses) =
		(struct rtnl_addr){.index = index, .prefix = {address(text), prefix}};
}

static void add_route(struct tables *t, int index, const char *gateway, uint32_t metric)
{
	*array_push(t->routes, t->n_routes) =
		(struct rtnl_route){.index = index, .gateway = address(gateway), .metric = metric};
}

/* lo, eth0, bond0 of ens6 and ens7, bond0.101. */
static void fill(struct tables *t)
{
	*t = (struct tables){0};
	add_link(t, LO, "lo")->loopback = true;
	add_link(t, ETH0, "eth0");
	for (int i = ENS6; i <= ENS7; i++) {
		struct rtnl_link *leg = add_link(t, i, i == ENS6 ? "ens6" : "ens7");
		leg->master = BOND;
		leg->mii_up = TRI_YES;
	}
	struct rtnl_link *bond = add_link(t, BOND, "bond0");
	bond->is_bond = true;
	bond->bond = (struct rtnl_bond){
		.mode = BOND_OPTION_ACTIVE_BACKUP,
		.active = ENS6,
		.miimon = 100,
		.fail_over_mac = BOND_FAIL_OVER_MAC_ACTIVE,
		.primary_reselect = BOND_RESELECT_ALWAYS,
	};
	struct rtnl_link *vlan = add_link(t, VLAN, "bond0.101");
	vlan->is_vlan = true;
	vlan->parent = BOND;
	vlan->vlan = 101;
	add_address(t, LO, "127.0.0.1", 8);
	add_address(t, LO, "192.0.2.53", 32);
	add_address(t, ETH0, "10.10.10.10", 24);
	add_address(t, BOND, "172.16.1.10", 24);
	add_address(t, VLAN, "2001:db8:101::10", 64);
	add_route(t, ETH0, "10.10.10.1", 10);
	add_route(t, BOND, "172.16.1.1", 400);
	add_route(t, BOND, "172.16.1.2", 300);
	add_route(t, VLAN, "2001:db8:101::1", 100);
}

static const struct rtnl_link *bond_of(const struct tables *t)
{
	return tables_link(t, BOND);
}

static void test_targets(void **state)
{
	(void)state;
	struct tables t;
	struct targets found;
	struct conf conf;
	char text[IP_TEXT_SIZE];

	fill(&t);
	conf_init(&conf);
	targets_find(&t, bond_of(&t), &conf, &found);
	assert_int_equal(found.n, 1);
	assert_string_equal(ip_format(&found.v[0].ip, text), "172.16.1.2"); /* lowest metric */
	assert_int_equal(found.v[0].vlan, 0);

	t.n_routes = 1; /* of eth0: no way of the bond's */
	targets_find(&t, bond_of(&t), &conf, &found);
	assert_int_equal(found.n, 0);
	add_route(&t, VLAN, "2001:db8:101::1", 100);
	targets_find(&t, bond_of(&t), &conf, &found);
	assert_int_equal(found.n, 1);
	assert_string_equal(ip_format(&found.v[0].ip, text), "2001:db8:101::1");
	assert_int_equal(found.v[0].vlan, 101);

	conf.targets[0] = address("172.16.1.9");
	conf.targets[1] = address("2001:db8:101::9");
	conf.n_targets = 2;
	targets_find(&t, bond_of(&t), &conf, &found);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.v[0].vlan, 0);
	assert_int_equal(found.v[1].vlan, 101);
	add_address(&t, VLAN, "172.16.1.10", 28); /* the longer prefix, though it comes later */
	targets_find(&t, bond_of(&t), &conf, &found);
	assert_int_equal(found.v[0].vlan, 101);
	tables_clear(&t);
}

struct caught {
	struct frame frames[8];
	size_t n;
};

static void catch_frame(void *data, const struct frame *frame)
{
	struct caught *c = data;

	assert_true(c->n < ARRAY_SIZE(c->frames));
	c->frames[c->n++] = *frame;
}

static void test_announcements(void **state)
{
	(void)state;
	static const struct mac_addr mac = {{0x52, 0x54, 0x00, 0xaa, 0x00, ENS7}};
	struct caught c = {0};
	struct tables t;

	fill(&t);
	assert_int_equal(announce_frames(&t, bond_of(&t), &mac, false, catch_frame, &c), 2);
	/* An ARP announcement without a tag, an advertisement with VLAN 101; both from this MAC. */
	assert_memory_equal(c.frames[0].bytes + 12, "\x08\x06", 2);
	assert_memory_equal(c.frames[0].bytes + 28, "\xac\x10\x01\x0a", 4);
	assert_memory_equal(c.frames[1].bytes + 12, "\x81\x00\x00\x65\x86\xdd", 6);
	assert_memory_equal(c.frames[1].bytes + 6, mac.bytes, MAC_SIZE);

	c.n = 0;
	assert_int_equal(announce_frames(&t, bond_of(&t), &mac, true, catch_frame, &c), 3);
	assert_memory_equal(c.frames[0].bytes + 28, "\xc0\x00\x02\x35", 4); /* 192.0.2.53 */
	t.addresses[1].tentative = true;
	c.n = 0;
	assert_int_equal(announce_frames(&t, bond_of(&t), &mac, true, catch_frame, &c), 2);
	tables_clear(&t);
}

static void test_announcements_are_repeated(void **state)
{
	(void)state;
	struct announcements a = {0};
	unsigned rounds = 0;

	assert_false(announce_due(&a, 0));
	announce_start(&a, 1000);
	assert_true(announce_due(&a, 1000));
	assert_false(announce_due(&a, 1001));
	for (int64_t now = 1000; now < 10000000; now += 20000)
		rounds += announce_due(&a, now);
	assert_int_equal(rounds, 4);
	assert_int_equal(announce_at(&a), INT64_MAX);

	/* Two that are late are one, and the next is still to come. */
	announce_start(&a, 0);
	assert_true(announce_due(&a, 210000));
	assert_false(announce_due(&a, 210000));
	assert_int_equal(announce_at(&a), 1000000);
}

/* The bond's findings in one text. */
static char *audit_text(const struct tables *t, size_t n_targets, const char *sysfs)
{
	struct targets targets = {.n = n_targets};
	struct strbuf out = {0};
	struct audit a;

	audit_bond(t, bond_of(t), &targets, sysfs, &a);
	for (size_t i = 0; i < a.n; i++)
		strbuf_addf(&out, "%s\n", a.findings[i]);
	audit_clear(&a);
	return strbuf_steal(&out);
}

#define assert_finding(t, n_targets, words)                                       \
	do {                                                                      \
		cleanup_free char *text_ = audit_text((t), (n_targets), "/none"); \
		if (!strstr(text_, (words)))                                      \
			fail_msg("'%s' is not in:\n%s", (words), text_);          \
	} while (0)

static void test_audit(void **state)
{
	(void)state;
	struct tables t;

	fill(&t);
	t.n_links--; /* no VLAN */
	cleanup_free char *nothing = audit_text(&t, 1, "/none");
	assert_string_equal(nothing, "");

	struct rtnl_bond *o = &t.links[4].bond;
	assert_finding(&t, 0, "bond0 has no default gateway");
	o->fail_over_mac = BOND_FAIL_OVER_MAC_NONE;
	assert_finding(&t, 1, "only the active leg is probed");
	o->fail_over_mac = BOND_FAIL_OVER_MAC_ACTIVE;
	o->primary = ENS6;
	assert_finding(&t, 1, "bond0 has primary ens6 with primary_reselect=always");
	o->primary_reselect = BOND_RESELECT_BETTER;
	assert_finding(&t, 1, "bond0 has primary ens6 with primary_reselect=better");
	o->primary_reselect = BOND_RESELECT_FAILURE;
	cleanup_free char *kept = audit_text(&t, 1, "/none");
	assert_string_equal(kept, "");
	o->primary = 0;
	o->miimon = 0;
	assert_finding(&t, 1, "bond0 has miimon=0");
	o->arp_interval = 100;
	assert_finding(&t, 1, "bond0 has arp_interval=100");
	o->arp_interval = 0;
	o->miimon = 100;
	t.links[3].mac = t.links[2].mac;
	assert_finding(&t, 1, "ens6 and ens7 have the same MAC");
	t.links[3].mac.bytes[5]++;
	t.links[3].master = 0;
	assert_finding(&t, 1, "bond0 has 1 leg, ");
	t.links[3].master = BOND;
	o->mode = 0;
	assert_finding(&t, 1, "bond0 is not in mode active-backup");
	o->mode = BOND_OPTION_ACTIVE_BACKUP;
	t.n_links++;
	assert_finding(&t, 1, "bond0.101 has no target");
	tables_clear(&t);
}

static void test_audit_of_many_legs(void **state)
{
	(void)state;
	struct tables t;

	fill(&t);
	for (int i = 0; i < 7; i++)
		add_link(&t, 100 + i, "more")->master = BOND;
	assert_finding(&t, 1, "bond0 has 9 legs: only 8 of them are probed and used");
	tables_clear(&t);
}

static void test_audit_one_nic(void **state)
{
	(void)state;
	char top[] = "/tmp/test_monitor.XXXXXX";
	struct tables t;

	assert_non_null(mkdtemp(top));
	cleanup_free char *pf = xasprintf("%s/0000:41:00.0", top);
	assert_int_equal(mkdir(pf, 0755), 0);
	for (int i = ENS6; i <= ENS7; i++) {
		cleanup_free char *device =
			xasprintf("%s/class/net/%s/device", top, i == ENS6 ? "ens6" : "ens7");
		cleanup_free char *link = xasprintf("%s/physfn", device);
		assert_int_equal(dir_make(device, NULL), 0);
		assert_int_equal(symlink(pf, link), 0);
	}
	fill(&t);
	cleanup_free char *text = audit_text(&t, 1, top);
	assert_non_null(strstr(text, "ens6 and ens7 are functions of one NIC port (0000:41:00.0)"));
	tables_clear(&t);
	assert_int_equal(dir_remove(top, NULL), 0);
}

/* A probe from an idle leg with the active one's MAC would turn the switch to it. */
static void test_legs_of_one_mac_are_not_probed_at_once(void **state)
{
	(void)state;
	struct tables t;
	struct conf conf;
	struct bond_monitor m;

	conf_init(&conf);
	fill(&t);
	/* No such interfaces: nothing can be sent. */
	struct rtnl_link *ens6 = &t.links[2], *ens7 = &t.links[3], *bond = &t.links[4];
	ens6->index = INT_MAX - 1;
	ens7->index = INT_MAX;
	bond->bond.active = ens6->index;
	const struct monitor_ctx ctx = {.conf = &conf, .tables = &t, .epoll = -1};
	monitor_init(&m, bond);
	monitor_update(&m, &ctx, 0);
	assert_true(m.legs[0].probed && m.legs[1].probed);
	ens7->mac = ens6->mac;
	monitor_update(&m, &ctx, 0);
	assert_true(m.legs[0].probed && !m.legs[1].probed);
	monitor_clear(&m);
	tables_clear(&t);
}

/* A monitor that has just moved the bond, as its report goes through /status to dnsvnf. */
static void fill_monitor(struct bond_monitor *m)
{
	monitor_init(m, &(struct rtnl_link){.index = BOND, .name = "bond0"});
	m->sentence = xstrdup("ens6 lost 3 of 3 probes to 172.16.1.1 with carrier up: moved to "
			      "ens7 after 61 ms");
	m->said_at = 1700000000;
	m->outage = 61234;
	m->reason = DECIDE_HEALTHY;
	m->moved[MOVE_SILENT] = 2;
	m->announced = 10;
	m->burst.total = 5;
	m->targets.v[m->targets.n++].ip = address("172.16.1.1");
	m->audit.findings[m->audit.n++] = xstrdup("bond0 has miimon=0");
	for (int i = ENS6; i <= ENS7; i++) {
		struct rtnl_link link = {.index = i, .carrier = TRI_YES};
		snprintf(link.name, sizeof(link.name), "ens%d", i + 3);
		struct leg *l = &m->legs[m->n_legs++];
		leg_init(l, &link, 0);
		l->probed = true;
		l->sent = 100;
		l->answered = i == ENS6 ? 90 : 100;
		l->excess = 7;
		l->other_mac = 3;
		l->round_trips[1] = 80;
		l->round_trips[GUEST_ROUND_TRIPS - 1] = 1;
		l->round_trip_sum = 250000;
		l->tracks[0] = (struct track){.answered = i == ENS7, .proven = i == ENS7};
		l->tracks[0].open = i == ENS6 ? 3 : 0;
		l->tracks[0].last_sent = 40000;
	}
}

/* The kernel moves the bond within the request, which a driver may delay: not bondd's time. */
static void test_delay_of_the_kernel_is_told(void **state)
{
	(void)state;
	static const struct {
		int64_t failed, asked;
		const char *text;
	} cases[] = {
		{1000000, 1062000, " after 63 ms"},
		{1000000, 1013000, " after 63 ms (the kernel took 50 ms to move it)"},
		{-1, 1062000, ""},
		{-1, 63000, " (the kernel took 1000 ms to move it)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text =
			monitor_delay_text(cases[i].failed, cases[i].asked, 1063000);
		assert_string_equal(text, cases[i].text);
	}
}

static char *tree_with_report(void)
{
	static char top[] = "/tmp/test_monitor.XXXXXX";
	cleanup_free char *proc = xasprintf("%s/proc/net/bonding", mkdtemp(top));
	cleanup_free char *run = xasprintf("%s/run/bondd", top);
	cleanup_free char *bond = xasprintf("%s/bond0", proc);
	cleanup_free char *report = xasprintf("%s/watch.json", run);
	cleanup_free char *text = NULL;
	size_t len;
	struct bond_monitor m;
	struct conf conf;

	conf_init(&conf);
	fill_monitor(&m);
	assert_int_equal(dir_make(proc, NULL), 0);
	assert_int_equal(dir_make(run, NULL), 0);
	assert_int_equal(file_read("tests/unit/data/bondd/active-backup/proc/net/bonding/bond0",
				   1 << 16, &text, &len, NULL),
			 0);
	assert_int_equal(file_write_at(-100, bond, text, len, 0644, NULL), 0);
	cleanup_free char *json = report_json(&m, 1, &conf, 1000000, NULL);
	assert_int_equal(file_write_at(-100, report, json, strlen(json), 0644, NULL), 0);
	monitor_clear(&m);
	return top;
}

static void test_report_reaches_dnsvnf(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s, back;
	const char *top = tree_with_report();

	assert_int_equal(0, status_read(top, &s, NULL));
	cleanup_free char *json = guest_status_json(&s, NULL);
	assert_int_equal(guest_status_parse(json, strlen(json), &back, NULL), 0);
	const struct guest_bond *b = guest_status_bond(&back, "bond0");
	assert_non_null(b);
	assert_non_null(b->watch);
	assert_string_equal(b->watch->state, "healthy");
	assert_non_null(strstr(b->watch->sentence, "moved to ens7 after 61 ms"));
	assert_int_equal(b->watch->outage_us, 61234);
	assert_int_equal(b->watch->said_at, 1700000000);
	assert_int_equal(b->watch->interval_ms, 20);
	assert_int_equal(b->watch->bursts, 5);
	assert_string_equal(b->watch->targets.v[0], "172.16.1.1");
	assert_string_equal(b->watch->findings.v[0], "bond0 has miimon=0");
	int64_t silent = -1;
	for (size_t i = 0; i < b->watch->n_moves; i++)
		if (streq(b->watch->moves[i].cause, "silent"))
			silent = b->watch->moves[i].count;
	assert_int_equal(silent, 2);

	const struct guest_leg_watch *l = guest_bond_leg(b, "ens6")->watch;
	assert_int_equal(l->probed, TRI_YES);
	assert_string_equal(l->path, "silent");
	assert_int_equal(l->answered, 90);
	assert_int_equal(l->excess, 7);
	assert_int_equal(l->other_mac, 3);
	assert_int_equal(l->round_trips[1], 80);
	assert_string_equal(guest_bond_leg(b, "ens7")->watch->path, "proven");

	cleanup_free char *metrics = status_metrics(&s);
	static const char *const lines[] = {
		"\nbondd_watching{bond=\"bond0\"} 1\n",
		"\nbondd_leg_proven{bond=\"bond0\",leg=\"ens6\"} 0\n",
		"\nbondd_leg_proven{bond=\"bond0\",leg=\"ens7\"} 1\n",
		"\nbondd_probes_sent_total{bond=\"bond0\",leg=\"ens6\"} 100\n",
		"\nbondd_answers_excess_total{bond=\"bond0\",leg=\"ens6\"} 7\n",
		"\nbondd_answers_other_mac_total{bond=\"bond0\",leg=\"ens6\"} 3\n",
		"_bucket{bond=\"bond0\",leg=\"ens6\",le=\"0.0005\"} 80\n",
		"_bucket{bond=\"bond0\",leg=\"ens6\",le=\"+Inf\"} 81\n",
		"_sum{bond=\"bond0\",leg=\"ens6\"} 0.250000\n",
		"\nbondd_moves_total{bond=\"bond0\",cause=\"silent\"} 2\n",
		"\nbondd_bursts_total{bond=\"bond0\"} 5\n",
		"\nbondd_last_outage_seconds{bond=\"bond0\"} 0.061234\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!strstr(metrics, lines[i]))
			fail_msg("%s is not in:\n%s", lines[i], metrics);
	assert_int_equal(dir_remove(top, NULL), 0);
}

static void test_nobody_watches(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s;

	assert_int_equal(0, status_read("tests/unit/data/bondd/active-backup", &s, NULL));
	assert_null(s.bonds[0].watch);
	cleanup_free char *metrics = status_metrics(&s);
	assert_non_null(strstr(metrics, "\nbondd_watching{bond=\"bond0\"} 0\n"));
	assert_non_null(strstr(metrics, "\nbondd_leg_active{bond=\"bond0\",leg=\"ens6\"} 1\n"));
	assert_null(strstr(metrics, "bondd_probes_sent_total{"));
	/* An unknown carrier has no sample. */
	struct guest_leg *leg = guest_bond_leg(&s.bonds[0], "ens6");
	assert_non_null(strstr(metrics, "\nbondd_leg_carrier{bond=\"bond0\",leg=\"ens6\"} 1\n"));
	leg->carrier = TRI_UNKNOWN;
	cleanup_free char *unknown = status_metrics(&s);
	assert_null(strstr(unknown, "bondd_leg_carrier{bond=\"bond0\",leg=\"ens6\"}"));
	leg->carrier = TRI_NO;
	cleanup_free char *down = status_metrics(&s);
	assert_non_null(strstr(down, "\nbondd_leg_carrier{bond=\"bond0\",leg=\"ens6\"} 0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_announcements),
		cmocka_unit_test(test_announcements_are_repeated),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_audit_of_many_legs),
		cmocka_unit_test(test_audit_one_nic),
		cmocka_unit_test(test_legs_of_one_mac_are_not_probed_at_once),
		cmocka_unit_test(test_delay_of_the_kernel_is_told),
		cmocka_unit_test(test_report_reaches_dnsvnf),
		cmocka_unit_test(test_nobody_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
