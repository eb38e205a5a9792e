// SPDX-License-Identifier: Apache-2.0
/*
 * bondd's probes and announcements on a real kernel, over two veth legs to a target in another
 * namespace. Without a bond: not every kernel has the driver. As root, in namespaces of its own.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/announce.h"
#include "bondd/kernel.h"
#include "bondd/leg.h"
#include "bondd/tables.h"
#include "net/packet.h"

#define assert_ok(call)                                      \
	do {                                                 \
		cleanup_err struct err why = ERR_INIT;       \
		int r_ = (call);                             \
		if (r_ < 0)                                  \
			fail_msg("%s: %s", #call, why.text); \
	} while (0)

static const struct track_limits limits = {.interval = 20000, .fall = 3, .rise = 10};
static struct tables tables;
static struct kernel *kernel;

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static struct target target(const char *text)
{
	struct target t = {0};

	assert_true(ip_parse(text, &t.ip));
	return t;
}

/* leg0 and leg1 here; their other ends in the namespace "peer", in a bridge with the target. */
static int set_up(void **state)
{
	(void)state;
	run("ip netns add peer");
	run("ip -n peer link add br0 type bridge forward_delay 0 mcast_snooping 0");
	run("ip -n peer link set br0 up");
	run("ip -n peer address add 172.16.1.1/24 dev br0");
	run("ip -n peer address add 2001:db8:101::1/64 dev br0 nodad");
	for (int i = 0; i < 2; i++) {
		cleanup_free char *make = xasprintf(
			"ip link add leg%d type veth peer name port%d netns peer && "
			"ip link set leg%d up && ip -n peer link set port%d master br0 up",
			i, i, i, i);
		run(make);
	}
	/* Until then a busy machine's bridge drops what it gets. */
	run("for i in $(seq 100); do test 2 = $(ip -n peer -d link show | grep -c 'state "
	    "forwarding') && exit 0; sleep 0.05; done; exit 1");
	assert_ok(kernel_open(&tables, &kernel, &why));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	kernel_close(kernel);
	kernel = NULL;
	tables_clear(&tables);
	(void)!system("ip netns del peer 2>/dev/null; ip link del leg0 2>/dev/null; "
		      "ip link del leg1 2>/dev/null");
	return 0;
}

/* Takes in news until wanted() holds; two seconds are more than any kernel needs. */
static void hear_until(bool (*wanted)(void))
{
	int64_t end = clock_now() + 2000000;
	bool changed;

	for (;;) {
		assert_ok(kernel_hear(kernel, &tables, &changed, &why));
		if (wanted())
			return;
		struct pollfd p = {kernel_fd(kernel), POLLIN, 0};
		if (clock_now() > end || poll(&p, 1, 2000) <= 0)
			fail_msg("the kernel did not say so within 2 s");
	}
}

static bool both_legs_up(void)
{
	const struct rtnl_link *a = tables_link_named(&tables, "leg0");
	const struct rtnl_link *b = tables_link_named(&tables, "leg1");

	return a && b && a->carrier == TRI_YES && b->carrier == TRI_YES;
}

static bool address6_ready(void)
{
	struct ip_addr wanted = target("2001:db8:101::10").ip;

	for (size_t i = 0; i < tables.n_addresses; i++)
		if (ip_equal(&tables.addresses[i].prefix.addr, &wanted))
			return !tables.addresses[i].tentative;
	return false;
}

static void open_leg(struct leg *l, const char *name, const struct targets *targets)
{
	hear_until(both_legs_up);
	leg_init(l, tables_link_named(&tables, name), clock_now());
	l->probed = true;
	assert_ok(leg_open(l, targets, &why));
}

static void run_wait(struct leg *l, const struct targets *targets, int64_t us)
{
	int64_t end = clock_now() + us;

	for (int64_t left; (left = end - clock_now()) > 0;) {
		struct pollfd p = {l->fd, POLLIN, 0};
		struct timespec wait = {.tv_nsec = left * 1000};
		if (ppoll(&p, 1, &wait, NULL) > 0)
			leg_hear(l, l, 1, targets, &limits, clock_now());
	}
}

/* n intervals of 20 ms, as the loop of bondd has them. */
static void probe(struct leg *l, const struct targets *targets, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		leg_probe(l, l, 1, targets, &limits, clock_now());
		run_wait(l, targets, 20000);
	}
}

static struct decide_leg snapshot(const struct leg *l, const struct targets *targets)
{
	struct decide_leg d;

	leg_snapshot(l, targets, &limits, 0, clock_now(), &d);
	return d;
}

static void test_probes_are_answered(void **state)
{
	(void)state;
	struct targets targets = {.v = {target("172.16.1.1"), target("2001:db8:101::1")}, .n = 2};
	struct leg l;

	open_leg(&l, "leg0", &targets);
	probe(&l, &targets, 15);
	assert_int_equal(snapshot(&l, &targets).proven, 3);
	assert_int_equal(snapshot(&l, &targets).silent, 0);
	assert_int_equal(l.sent, 30);
	/* One answer each: the probes after the first went to the one who answered. */
	assert_in_range(l.answered, 28, 30);
	assert_true(l.neighbours[0].known);
	leg_close(&l);
	/* Nobody has learned an address from an ARP probe. */
	run("test -z \"$(ip -n peer -4 neighbour show)\"");
}

static void test_nobody_there(void **state)
{
	(void)state;
	struct targets targets = {.v = {target("172.16.1.99"), target("2001:db8:101::99")}, .n = 2};
	struct leg l;

	open_leg(&l, "leg0", &targets);
	probe(&l, &targets, 5);
	assert_int_equal(snapshot(&l, &targets).silent, 3);
	assert_int_equal(snapshot(&l, &targets).heard, 0);
	assert_int_equal(l.answered, 0);
	leg_close(&l);
}

static void drop(const char *hook)
{
	cleanup_free char *rules =
		xasprintf("ip netns exec peer nft 'add table netdev t; add chain netdev t c "
			  "{ type filter hook %s device port0 priority 0; policy drop; }'",
			  hook);

	run(rules);
}

/* The path dies with the carrier up, one way or the other; the other leg is not touched. */
static void check_one_way(const char *hook)
{
	struct targets targets = {.v = {target("172.16.1.1")}, .n = 1};
	struct leg a, b;

	open_leg(&a, "leg0", &targets);
	open_leg(&b, "leg1", &targets);
	probe(&a, &targets, 15);
	probe(&b, &targets, 15);
	assert_int_equal(snapshot(&a, &targets).proven, 1);
	drop(hook);
	int64_t cut = clock_now();
	probe(&a, &targets, 5);
	probe(&b, &targets, 5);
	assert_int_equal(a.carrier, TRI_YES);
	assert_int_equal(snapshot(&a, &targets).silent, 1);
	assert_true(snapshot(&a, &targets).silent_since[0] <= cut + 25000);
	assert_int_equal(snapshot(&b, &targets).proven, 1);

	run("ip netns exec peer nft delete table netdev t");
	probe(&a, &targets, 12);
	assert_int_equal(snapshot(&a, &targets).silent, 0);
	leg_close(&a);
	leg_close(&b);
}

static void test_one_way_from_here(void **state)
{
	(void)state;
	check_one_way("ingress");
}

static void test_one_way_to_here(void **state)
{
	(void)state;
	check_one_way("egress");
}

/* Lets one leg answer the other's probe of the address, as the machine with that MAC. */
static void reply_as(const struct mac_addr *mac, const struct leg *from, const struct leg *to,
		     const struct ip_addr *ip, uint16_t vlan)
{
	struct frame f;
	size_t arp = vlan ? 18 : 14;

	frame_announcement(&(struct frame_way){.from = mac, .to = &to->mac, .vlan = vlan}, ip,
			   false, &f);
	f.bytes[arp + 7] = 2; /* a reply */
	memcpy(f.bytes + arp + 18, to->mac.bytes, MAC_SIZE);
	memset(f.bytes + arp + 24, 0, 4);
	assert_int_equal(packet_send(from->fd, from->index, &f), 0);
}

static void reply(const struct leg *from, const struct leg *to, const struct ip_addr *ip)
{
	reply_as(&from->mac, from, to, ip, 0);
}

/* Greetings to all, as a gateway sends them, do not show that it hears us. */
static void test_broadcasts_prove_nothing(void **state)
{
	(void)state;
	struct targets targets = {.v = {target("172.16.1.1")}, .n = 1};
	static const struct mac_addr all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct leg a, b;
	struct frame f;

	run("ip -n peer address flush dev br0");
	open_leg(&a, "leg0", &targets);
	open_leg(&b, "leg1", &targets);
	frame_announcement(&(struct frame_way){.from = &b.mac, .to = &all}, &targets.v[0].ip, false,
			   &f);
	f.bytes[21] = 2; /* a reply that nobody asked for */
	assert_int_equal(packet_send(b.fd, b.index, &f), 0);
	reply(&b, &a, &targets.v[0].ip); /* which comes after it */
	struct pollfd p = {a.fd, POLLIN, 0};
	assert_int_equal(poll(&p, 1, 2000), 1);
	leg_hear(&a, &a, 1, &targets, &limits, clock_now());
	assert_int_equal(a.answered + a.excess, 1);
	leg_close(&a);
	leg_close(&b);
}

/* An answer behind what others were told is there when the clock asks for it. */
static void test_answers_that_wait_are_heard_at_once(void **state)
{
	(void)state;
	struct targets targets = {.v = {target("172.16.1.1")}, .n = 1};
	struct ip_addr other = target("172.16.1.2").ip;
	struct leg a, b;

	open_leg(&a, "leg0", &targets);
	open_leg(&b, "leg1", &targets);
	track_sent(&a.tracks[0], &limits, clock_now());
	for (int i = 0; i < 13; i++)
		reply(&b, &a, i < 12 ? &other : &targets.v[0].ip);
	run("sleep 0.1"); /* they need microseconds */
	leg_hear(&a, &a, 1, &targets, &limits, clock_now());
	assert_int_equal(a.answered, 1);
	leg_close(&a);
	leg_close(&b);
}

/* What is sent to the MAC that it shares with the active leg says nothing of an idle one. */
static void test_a_leg_that_is_not_probed_hears_nothing(void **state)
{
	(void)state;
	struct targets targets = {.v = {target("172.16.1.1")}, .n = 1};
	struct leg a, b;

	open_leg(&a, "leg0", &targets);
	open_leg(&b, "leg1", &targets);
	a.probed = false;
	reply(&b, &a, &targets.v[0].ip);
	struct pollfd p = {a.fd, POLLIN, 0};
	assert_int_equal(poll(&p, 1, 2000), 1);
	leg_hear(&a, &a, 1, &targets, &limits, clock_now());
	assert_int_equal(snapshot(&a, &targets).heard, 0);
	assert_int_equal(a.answered, 0);
	assert_int_equal(poll(&p, 1, 0), 0); /* nor does it wait to be heard */
	leg_close(&a);
	leg_close(&b);
}

/* The kernel takes the tag off before a socket of one protocol would see it. */
static void test_answers_in_a_vlan_are_heard(void **state)
{
	(void)state;
	struct targets targets = {.v = {target("172.16.1.1")}, .n = 1};
	struct leg a, b;

	targets.v[0].vlan = 101;
	open_leg(&a, "leg0", &targets);
	open_leg(&b, "leg1", &targets);
	track_sent(&a.tracks[0], &limits, clock_now());
	for (uint16_t vlan = 100; vlan <= 101; vlan++) {
		reply_as(&b.mac, &b, &a, &targets.v[0].ip, vlan);
		struct pollfd p = {a.fd, POLLIN, 0};
		assert_int_equal(poll(&p, 1, 2000), 1);
		leg_hear(&a, &a, 1, &targets, &limits, clock_now());
		assert_int_equal(a.answered, vlan == 101);
	}
	leg_close(&a);
	leg_close(&b);
}

/* As probe(), while a neighbour at leg1 sends n forged answers in each interval. */
static void probe_under_lies(struct leg *l, const struct leg *liar, const struct mac_addr *mac,
			     const struct targets *targets, unsigned intervals, unsigned n)
{
	for (unsigned i = 0; i < intervals; i++) {
		leg_probe(l, l, 1, targets, &limits, clock_now());
		for (unsigned k = 0; k < n; k++) {
			run_wait(l, targets, 20000 / n);
			reply_as(mac, liar, l, &targets->v[0].ip, 0);
		}
	}
	run_wait(l, targets, 5000);
}

/* A neighbour does not hold a dead path: not under its own MAC, and not under the target's. */
static void test_forged_answers_prove_nothing(void **state)
{
	(void)state;
	struct targets targets = {.v = {target("172.16.1.1")}, .n = 1};
	struct leg a, liar;

	open_leg(&a, "leg0", &targets);
	open_leg(&liar, "leg1", &targets);
	probe(&a, &targets, 15);
	assert_int_equal(snapshot(&a, &targets).proven, 1);
	struct mac_addr mac = a.neighbours[0].mac;
	drop("ingress");
	probe_under_lies(&a, &liar, &liar.mac, &targets, 2, 10);
	assert_in_range(a.other_mac, 15, 20);
	assert_int_equal(a.tracks[0].open, 2);
	a.neighbours[0].known = false; /* as a liar has it who was first */
	probe_under_lies(&a, &liar, &mac, &targets, 20, 2);
	assert_true(a.excess >= 8);
	struct decide_leg d = snapshot(&a, &targets);
	assert_int_equal(d.heard | d.proven, 0);
	assert_int_equal(d.doubted, 1);
	leg_close(&a);
	leg_close(&liar);
}

/* What others are told does not even wake bondd up. */
static void test_other_answers_are_filtered(void **state)
{
	(void)state;
	struct targets targets = {.v = {target("172.16.1.1")}, .n = 1};
	struct ip_addr other = target("172.16.1.2").ip;
	struct leg a, b;

	open_leg(&a, "leg0", &targets);
	open_leg(&b, "leg1", &targets);
	for (int i = 0; i < 100; i++)
		reply(&b, &a, &other);
	struct pollfd p = {a.fd, POLLIN, 0};
	assert_int_equal(poll(&p, 1, 200), 0);
	leg_close(&a);
	leg_close(&b);
}

static void send_on(void *data, const struct frame *frame)
{
	struct leg *l = data;

	assert_int_equal(packet_send(l->fd, l->index, frame), 0);
}

/* The peer knows the service address by another MAC, and learns the new one. */
static void test_announcements_are_believed(void **state)
{
	(void)state;
	struct targets targets = {.v = {target("172.16.1.1")}, .n = 1};
	struct leg l;

	run("ip -n peer neighbour add 172.16.1.10 lladdr 02:00:00:00:00:01 dev br0 nud stale");
	run("ip -n peer neighbour add 2001:db8:101::10 lladdr 02:00:00:00:00:01 dev br0 nud stale");
	/* The address stands on leg0, which plays the bond; the frames leave by leg1. */
	run("ip address add 172.16.1.10/24 dev leg0");
	run("ip address add 2001:db8:101::10/64 dev leg0 nodad");
	hear_until(address6_ready);
	open_leg(&l, "leg1", &targets);
	/* One more when leg0's link-local address is ready. */
	assert_in_range(announce_frames(&tables, tables_link_named(&tables, "leg0"), &l.mac, false,
					send_on, &l),
			2, 3);
	leg_close(&l);
	char mac[MAC_TEXT_SIZE];
	cleanup_free char *seen =
		xasprintf("test 2 = $(ip -n peer neighbour show | grep -v fe80 | grep -c %s)",
			  mac_format(&l.mac, mac));
	run(seen);
}

static bool leg1_gone(void)
{
	return tables_link_named(&tables, "leg1") == NULL;
}

static bool leg1_without_carrier(void)
{
	const struct rtnl_link *l = tables_link_named(&tables, "leg1");

	return l && l->carrier == TRI_NO;
}

static void test_legs_come_and_go(void **state)
{
	(void)state;
	hear_until(both_legs_up);
	int before = tables_link_named(&tables, "leg1")->index;
	run("ip -n peer link set port1 down");
	hear_until(leg1_without_carrier);
	run("ip link del leg1");
	hear_until(leg1_gone);
	run("ip link add leg1 type veth peer name port1 netns peer && ip link set leg1 up && "
	    "ip -n peer link set port1 master br0 up");
	hear_until(both_legs_up);
	assert_int_not_equal(tables_link_named(&tables, "leg1")->index, before);
}

/* A socket that is overrun tells nothing of what was lost: only a new dump does. */
static void test_overrun_is_dumped_again(void **state)
{
	(void)state;
	bool changed = false;

	hear_until(both_legs_up);
	run("i=0; while [ $i -lt 400 ]; do echo link set leg0 mtu $((1400 + i % 2)); i=$((i+1)); "
	    "done > /run/batch && for n in 1 2 3 4 5; do ip -batch /run/batch; done");
	run("ip link del leg1");
	assert_ok(kernel_hear(kernel, &tables, &changed, &why));
	assert_true(changed);
	assert_true(leg1_gone());
}

/* Anyone with the privilege may send to a netlink socket's address. */
static void test_messages_of_others_are_ignored(void **state)
{
	(void)state;
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct sockaddr_nl to = {0};
	socklen_t len = sizeof(to);
	bool changed = true;
	const struct rtnl_link *leg0 = tables_link_named(&tables, "leg0");
	struct nlmsghdr *m = rtnl_put_link(buf, RTM_DELLINK, 0, leg0->index, "leg0");

	assert_int_equal(getsockname(kernel_fd(kernel), (struct sockaddr *)&to, &len), 0);
	assert_int_equal(sendto(fd, m, m->nlmsg_len, 0, (struct sockaddr *)&to, len), m->nlmsg_len);
	assert_ok(kernel_hear(kernel, &tables, &changed, &why));
	assert_false(changed);
	assert_non_null(tables_link_named(&tables, "leg0"));
}

static void test_default_routes(void **state)
{
	(void)state;
	bool changed = false;

	run("ip address add 172.16.1.10/24 dev leg0");
	run("ip route add default via 172.16.1.1 dev leg0 metric 300");
	assert_ok(kernel_hear(kernel, &tables, &changed, &why));
	assert_int_equal(tables.n_routes, 1);
	assert_int_equal(tables.routes[0].gateway.bytes[3], 1);
	/* Of a route that is replaced the kernel does not say that the old one went. */
	run("ip route replace default via 172.16.1.2 dev leg0 metric 300");
	assert_ok(kernel_hear(kernel, &tables, &changed, &why));
	assert_int_equal(tables.n_routes, 1);
	assert_int_equal(tables.routes[0].gateway.bytes[3], 2);
	/* Nor of those that go with the last address. */
	run("ip address flush dev leg0");
	assert_ok(kernel_hear(kernel, &tables, &changed, &why));
	assert_int_equal(tables.n_routes, 0);
}

static void test_refusal_has_words(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;

	hear_until(both_legs_up);
	int r = kernel_set_active(kernel, tables_link_named(&tables, "leg0")->index,
				  tables_link_named(&tables, "leg1")->index, &err);
	assert_true(r < 0); /* it is no bond */
	assert_non_null(strstr(err.text, "the kernel refused"));
}

static void private_namespaces(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0) {
		perror("cannot make private namespaces");
		exit(1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_probes_are_answered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_way_from_here, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_way_to_here, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broadcasts_prove_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_answers_that_wait_are_heard_at_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_leg_that_is_not_probed_hears_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_answers_in_a_vlan_are_heard, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_forged_answers_prove_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_other_answers_are_filtered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_announcements_are_believed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_legs_come_and_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overrun_is_dumped_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_messages_of_others_are_ignored, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_default_routes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusal_has_words, set_up, tear_down),
	};

	if (geteuid() != 0) {
		fputs("FAILED: it makes network namespaces: run it as root (sudo)\n", stderr);
		return 1;
	}
	private_namespaces();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
