// SPDX-License-Identifier: Apache-2.0
/* The manager's probes by DNS, with name servers that are sockets of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "base/alloc.h"
#include "base/str.h"
#include "deploy/dns.h"
#include "probes_util.h"

#define SERVER "127.0.0.5"
#define NAME   "www.example.test"

enum { NOERROR = 0, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5, HEADER = 12 };

struct query {
	uint8_t bytes[512];
	size_t len;
	struct sockaddr_storage from;
};

/* *port 0: any, which it is set to. */
static int open_server(const char *address, uint16_t *port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at = {0};
	struct ip_addr ip;

	assert_true(ip_parse(address, &ip));
	if (ip.version == 6) {
		at.v6.sin6_family = AF_INET6;
		at.v6.sin6_port = htons(*port);
		memcpy(&at.v6.sin6_addr, ip.bytes, 16);
	} else {
		at.v4.sin_family = AF_INET;
		at.v4.sin_port = htons(*port);
		memcpy(&at.v4.sin_addr, ip.bytes, 4);
	}
	socklen_t size = sizeof(at);
	int fd = socket(ip_family(&ip), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &at.any, size), 0);
	assert_int_equal(getsockname(fd, &at.any, &size), 0);
	*port = ntohs(at.v4.sin_port); /* at the same place in both */
	return fd;
}

/* The last one that has come. */
static struct query read_query(int fd)
{
	struct query q = {0};
	ssize_t n, last = -1;
	socklen_t size = sizeof(q.from);

	settle();
	while ((n = recvfrom(fd, q.bytes, sizeof(q.bytes), 0, (struct sockaddr *)&q.from, &size)) >
	       0)
		last = n;
	assert_true(last > HEADER);
	q.len = (size_t)last;
	return q;
}

static void reply(int fd, const struct query *query, int rcode)
{
	struct query q = *query;

	q.bytes[2] |= 0x84; /* QR, AA */
	q.bytes[3] = (uint8_t)rcode;
	assert_int_equal(sendto(fd, q.bytes, q.len, 0, (struct sockaddr *)&q.from,
				q.from.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							     : sizeof(struct sockaddr_in)),
			 q.len);
}

static void test_query(void **state)
{
	static const char *const names[] = {NAME, ".", "example", "a.b.c.d.e.f.test."};
	uint16_t port = 0;
	int fd = open_server(SERVER, &port);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		uint8_t expected[DNS_QUERY_MAX];
		size_t len;
		struct probe *probe = add(PROBE_DNS, SERVER, 1000, port, names[i]);
		run_ms(1000);
		struct query q = read_query(fd);
		assert_int_equal(dns_message(names[i], streq(names[i], ".") ? "SOA" : "A", expected,
					     &len, NULL),
				 0);
		assert_int_equal(q.len, len);
		assert_memory_equal(q.bytes + 2, expected + 2, len - 2); /* but for the id */
		probe_remove(world.probes, probe);
	}
	close(fd);
}

/* Whether an answer with an rcode says that the server serves: as deploy/alive.c judges. */
static void test_rcodes(void **state)
{
	static const struct {
		const char *name;
		int rcode;
		bool serves;
	} cases[] = {
		{NAME, NOERROR, true},   {NAME, SERVFAIL, false}, {NAME, REFUSED, false},
		{NAME, NXDOMAIN, false}, {".", NOERROR, true},    {".", SERVFAIL, true},
		{".", REFUSED, true},
	};
	static const char *const servers[] = {SERVER, "::1"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const char *server = servers[i % 2];
		uint16_t port = 0;
		int fd = open_server(server, &port);
		struct probe *probe = add(PROBE_DNS, server, 1000, port, cases[i / 2].name);
		run_ms(1000);
		struct query q = read_query(fd);
		assert_int_equal(look(probe).rcode, -1);
		reply(fd, &q, cases[i / 2].rcode);
		run_ms(2000);
		struct probe_view v = look(probe);
		assert_true(v.answered_ms > 0);
		assert_int_equal(v.rcode, cases[i / 2].rcode);
		assert_int_equal(v.served_ms, cases[i / 2].serves ? v.answered_ms : -1);
		assert_int_equal(v.misses, 1); /* the one after it */
		probe_remove(world.probes, probe);
		close(fd);
	}
}

/* It did serve, and refuses now: silence is something else. */
static void test_it_ceases_to_serve(void **state)
{
	uint16_t port = 0;
	int fd = open_server(SERVER, &port);
	struct probe *probe = add(PROBE_DNS, SERVER, 1000, port, NAME);

	(void)state;
	run_ms(1000);
	struct query q = read_query(fd);
	reply(fd, &q, NOERROR);
	run_ms(1000);
	struct probe_view before = look(probe);
	for (int i = 0; i < 3; i++) {
		q = read_query(fd);
		reply(fd, &q, SERVFAIL);
		run_ms(1000);
	}
	struct probe_view v = look(probe);
	assert_int_equal(v.misses, 0);
	assert_int_equal(v.served_ms, before.served_ms);
	assert_true(v.answered_ms > before.answered_ms + 1500);
	assert_int_equal(v.rcode, SERVFAIL);
	close(fd);
}

static void test_strays(void **state)
{
	uint16_t port = 0, other_port = 0;
	int fd = open_server(SERVER, &port), elsewhere = open_server("127.0.0.6", &port);
	int other = open_server(SERVER, &other_port);
	struct probe *probe = add(PROBE_DNS, SERVER, 1000, port, NAME);

	(void)state;
	run_ms(100);
	const struct query q = read_query(fd);
	struct query forged = q;
	forged.bytes[1] ^= 1;
	reply(fd, &forged, NOERROR); /* id */
	forged = q;
	forged.bytes[HEADER + 1] ^= 1;
	reply(fd, &forged, NOERROR); /* name */
	forged = q;
	forged.bytes[q.len - 3] = 28;
	reply(fd, &forged, NOERROR); /* type */
	forged = q;
	forged.len--;
	reply(fd, &forged, NOERROR);
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_TOKEN], 4);

	reply(elsewhere, &q, NOERROR);
	reply(other, &q, NOERROR);
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_SOURCE], 2);

	forged = q;
	forged.bytes[5] = 2; /* two questions */
	reply(fd, &forged, NOERROR);
	forged = q;
	forged.bytes[2] = 0x28; /* an update's answer */
	reply(fd, &forged, NOERROR);
	forged = q;
	forged.len = HEADER - 1;
	reply(fd, &forged, NOERROR);
	assert_int_equal(sendto(fd, q.bytes, q.len, 0, (const struct sockaddr *)&q.from,
				sizeof(struct sockaddr_in)),
			 q.len); /* the query itself */
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_FORMAT], 4);
	assert_int_equal(look(probe).answered_ms, -1);
	assert_int_equal(health().answered, 0);

	forged = q;
	forged.bytes[HEADER + 1] ^= 0x20; /* another case */
	reply(fd, &forged, NOERROR);
	run_ms(10);
	assert_true(look(probe).answered_ms > 0);
	reply(fd, &q, NOERROR); /* twice */
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_TOKEN], 5);

	run_ms(1000);
	const struct query late = read_query(fd);
	run_ms(1000);
	assert_int_equal(look(probe).misses, 1);
	reply(fd, &late, NOERROR);
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_TOKEN], 6);
	assert_int_equal(look(probe).misses, 1);
	assert_int_equal(health().answered, 1);
	close(fd);
	close(elsewhere);
	close(other);
}

static void test_removal_of_an_open_probe(void **state)
{
	uint16_t port = 0;
	int fd = open_server(SERVER, &port);
	struct probe *probe = add(PROBE_DNS, SERVER, 1000, port, NAME);

	(void)state;
	run_ms(1000);
	struct query q = read_query(fd);
	probe_remove(world.probes, probe);
	probe = add(PROBE_DNS, SERVER, 1000, port, NAME);
	reply(fd, &q, NOERROR);
	run_ms(10);
	assert_int_equal(look(probe).answered_ms, -1);
	assert_int_equal(health().strays[PROBES_STRAY_TOKEN], 1);
	q = read_query(fd);
	probe_restart(world.probes, probe);
	reply(fd, &q, NOERROR);
	run_ms(10);
	assert_int_equal(look(probe).answered_ms, -1);
	assert_int_equal(health().strays[PROBES_STRAY_TOKEN], 2);
	close(fd);
}

/* The real clocks: an answer counts from its arrival, however late it is read. */
static void test_arrival(void **state)
{
	uint16_t port = 0;
	int fd = open_server(SERVER, &port);

	(void)state;
	world.now = 0;
	int64_t start = __real_clock_now();
	struct probe *probe = add(PROBE_DNS, SERVER, 60000, port, NAME);
	while (health().sent == 0) {
		usleep(10000);
		probes_dispatch(world.probes);
	}
	int64_t sent = __real_clock_now();
	struct query q = read_query(fd);
	usleep(50000);
	int64_t before = __real_clock_now();
	reply(fd, &q, NOERROR);
	settle();
	int64_t after = __real_clock_now();
	usleep(300000);
	probes_dispatch(world.probes);

	struct probe_view v = look(probe);
	assert_in_range(v.answered_ms, before / 1000 - 1, after / 1000);
	assert_in_range(v.rtt_us, before - sent - 1000, after - start);
	close(fd);
}

static void test_refusals(void **state)
{
	static const char *const names[] = {
		"", "..", "a..b",
		"a123456789012345678901234567890123456789012345678901234"
		"567890123.test"};
	struct probe_target t = {.kind = PROBE_DNS, .interval_ms = 1000, .port = 53};
	struct probe *probe = NULL;

	(void)state;
	assert_true(ip_parse(SERVER, &t.address));
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_err struct err err = ERR_INIT;
		t.name = names[i];
		assert_int_equal(probe_add(world.probes, &t, &probe, &err), -EINVAL);
		assert_non_null(strstr(err.text, "must be a domain name"));
	}
	t.name = NAME;
	t.port = 0;
	assert_int_equal(probe_add(world.probes, &t, &probe, NULL), -EINVAL);
}

/* As many as there may be: each open probe has an id of its own. */
static void test_many_targets(void **state)
{
	static bool used[65536];
	uint16_t port = 0;
	int fd = open_server(SERVER, &port), room = 1 << 20;
	struct probe_target t = {
		.kind = PROBE_DNS, .interval_ms = 1000, .port = port, .name = NAME};
	struct probe *probe = NULL;
	unsigned n = 0;

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	assert_true(ip_parse(SERVER, &t.address));
	for (int i = 0; i < PROBE_DNS_MAX; i++)
		assert_int_equal(probe_add(world.probes, &t, &probe, NULL), 0);
	struct probe *last = probe;
	assert_int_equal(probe_add(world.probes, &t, &probe, NULL), -ENOSPC);
	probe_remove(world.probes, last);
	assert_int_equal(probe_add(world.probes, &t, &probe, NULL), 0);
	for (int i = 0; i < 100; i++) {
		uint8_t m[512];
		run_ms(10);
		settle();
		for (; recv(fd, m, sizeof(m), 0) > 0; n++) {
			bool *id = &used[m[0] << 8 | m[1]];
			assert_false(*id);
			*id = true;
		}
	}
	assert_int_equal(n, PROBE_DNS_MAX);
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start_world, stop_world)
	const struct CMUnitTest tests[] = {
		TEST(test_query),
		TEST(test_rcodes),
		TEST(test_it_ceases_to_serve),
		TEST(test_strays),
		TEST(test_removal_of_an_open_probe),
		TEST(test_arrival),
		TEST(test_refusals),
		TEST(test_many_targets),
	};

	enter_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
