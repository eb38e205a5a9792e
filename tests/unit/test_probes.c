// SPDX-License-Identifier: Apache-2.0
/* The manager's probes by echo, and what it knows of its own sight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <malloc.h>
#include <netinet/ip.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "probe/lateness.h"
#include "probes_util.h"

#define TARGET "127.0.0.5"
#define OTHER  "127.0.0.6"

static struct probe *add_echo(const char *address)
{
	return add(PROBE_ECHO, address, 1000, 0, NULL);
}

/* Whoever answers in place of the kernel: sees the requests. */
static int open_impostor(const char *address)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	struct icmp_filter requests = {.data = ~(1U << ICMP_ECHO)};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(setsockopt(fd, SOL_RAW, ICMP_FILTER, &requests, sizeof(requests)), 0);
	return fd;
}

enum { ECHO = 24, SEQUENCE = 7, TOKEN = 8, NUMBER = 20 }; /* offsets of last bytes; its size */

/* The last request that it received. */
static struct sockaddr_in read_request(int fd, uint8_t ret_message[ECHO])
{
	struct sockaddr_in from = {0};
	socklen_t size = sizeof(from);
	uint8_t packet[128];
	ssize_t n, last = 0;

	while ((n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size)) > 0) {
		last = n;
		memcpy(ret_message, packet + sizeof(struct iphdr), ECHO);
	}
	assert_int_equal(last, sizeof(struct iphdr) + ECHO);
	return from;
}

/* As a reply, with one byte changed: -1 for none. */
static void reply(int fd, const struct sockaddr_in *to, const uint8_t *request, int change)
{
	uint8_t m[ECHO];
	uint32_t sum = 0;

	memcpy(m, request, sizeof(m));
	m[0] = ICMP_ECHOREPLY;
	if (change >= 0)
		m[change] ^= 1;
	m[2] = m[3] = 0;
	for (int i = 0; i < ECHO; i += 2)
		sum += (uint32_t)(m[i] << 8 | m[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	m[2] = (uint8_t)(sum >> 8);
	m[3] = (uint8_t)sum;
	assert_int_equal(sendto(fd, m, sizeof(m), 0, (const struct sockaddr *)to, sizeof(*to)),
			 ECHO);
}

static void test_answers(void **state)
{
	struct probe *v4 = add_echo(TARGET), *v6 = add_echo("::1");
	struct probe *const both[] = {v4, v6};

	(void)state;
	run_ms(3000);
	for (unsigned i = 0; i < ARRAY_SIZE(both); i++) {
		struct probe_view v = look(both[i]);
		assert_true(world.now / 1000 - v.answered_ms <= 1010);
		assert_true(v.answered_ms > v.since_ms);
		assert_int_equal(v.served_ms, v.answered_ms);
		assert_int_equal(v.misses, 0);
		assert_int_equal(v.missed_ms, -1);
		assert_int_equal(v.rcode, -1);
		assert_int_equal(v.error, 0);
		assert_in_range(v.rtt_us, 0, TICK_US);
	}
	assert_int_equal(health().sent, 6);
	assert_int_equal(health().missed, 0);
	assert_int_equal(health().gap_ms, -1);
}

/* Sockets that need no privileges, where ping_group_range permits them. */
static void test_ping_sockets(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct probes_sockets s = PROBES_NO_SOCKETS;
	int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "0 0", 3), 3);
	close(fd);
	s.echo4 = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
	s.echo6 = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	assert_true(s.echo4 >= 0 && s.echo6 >= 0);
	probes_free(world.probes);
	if (probes_new(&s, &world.probes, &err) < 0)
		fail_msg("%s", err.text);
	test_answers(state);
}

static void test_losses(void **state)
{
	struct probe *q = add_echo(TARGET);

	(void)state;
	run_ms(1000);
	int64_t silent = world.now / 1000;
	set_answering(false);
	run_ms(5000); /* the first probe in it is judged in the second after it */
	struct probe_view v = look(q);
	assert_int_equal(v.misses, 4);
	assert_in_range(v.missed_ms, silent, silent + 1000);
	assert_in_range(v.answered_ms, silent - 1000, silent + 10);

	set_answering(true);
	run_ms(1010);
	assert_int_equal(look(q).misses, 0);
	assert_int_equal(look(q).missed_ms, -1);
	assert_true(look(q).answered_ms > silent + 4000);
}

/* The first answer of all comes late: it is alive from then on only. */
static void test_never_answered(void **state)
{
	struct probe *q = add_echo(TARGET);

	(void)state;
	set_answering(false);
	run_ms(3000);
	assert_int_equal(look(q).answered_ms, -1);
	assert_int_equal(look(q).rtt_us, -1);
	assert_int_equal(look(q).misses, 2);
}

static void test_interval(void **state)
{
	(void)state;
	set_answering(false);
	struct probe *fast = add(PROBE_ECHO, TARGET, 100, 0, NULL);
	struct probe *slow = add(PROBE_ECHO, OTHER, 5000, 0, NULL);
	run_ms(10000);
	assert_in_range(look(fast).misses, 98, 100);
	assert_int_equal(look(slow).misses, 1);
}

static void test_forged_echoes(void **state)
{
	static const int changes[] = {SEQUENCE, TOKEN, TOKEN + 4, NUMBER - 1, NUMBER, NUMBER + 3};
	int fd = open_impostor(TARGET), other = open_impostor(OTHER);
	uint8_t request[ECHO], before[ECHO];

	(void)state;
	set_answering(false);
	struct probe *q = add_echo(TARGET);
	run_ms(100);
	struct sockaddr_in prober = read_request(fd, request);

	for (unsigned i = 0; i < ARRAY_SIZE(changes); i++)
		reply(fd, &prober, request, changes[i]);
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_TOKEN], ARRAY_SIZE(changes));
	reply(other, &prober, request, -1);
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_SOURCE], 1);
	assert_int_equal(
		sendto(fd, "\0\0\xff\xff\0\0\0", 8, 0, (struct sockaddr *)&prober, sizeof(prober)),
		8);
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_FORMAT], 1);
	assert_int_equal(look(q).answered_ms, -1);

	reply(fd, &prober, request, -1);
	run_ms(10);
	assert_true(look(q).answered_ms > 0);
	reply(fd, &prober, request, -1); /* twice */
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_TOKEN], ARRAY_SIZE(changes) + 1);

	memcpy(before, request, ECHO);
	run_ms(1000);
	assert_int_equal(look(q).misses, 0);
	(void)read_request(fd, before);
	run_ms(1000);
	(void)read_request(fd, request);
	assert_int_equal(look(q).misses, 1);
	reply(fd, &prober, before, -1); /* late: the next one is open */
	run_ms(10);
	assert_int_equal(health().strays[PROBES_STRAY_TOKEN], ARRAY_SIZE(changes) + 2);
	assert_int_equal(look(q).misses, 1);
	assert_int_equal(health().answered, 1);
	close(fd);
	close(other);
}

/* Until the next probe is sent, an answer may take its time. */
static void test_slow_answer(void **state)
{
	int fd = open_impostor(TARGET);
	uint8_t request[ECHO];

	(void)state;
	set_answering(false);
	struct probe *q = add(PROBE_ECHO, TARGET, 3000, 0, NULL);
	run_ms(1000);
	struct sockaddr_in prober = read_request(fd, request);
	run_ms(1500);
	reply(fd, &prober, request, -1);
	run_ms(10);
	assert_true(look(q).answered_ms > 0);
	run_ms(1500); /* the next one is open */
	assert_int_equal(look(q).misses, 0);
	assert_int_equal(health().sent, 2);
	close(fd);
}

static void test_restart(void **state)
{
	int fd = open_impostor(TARGET);
	uint8_t request[ECHO];
	struct probe *q = add_echo(TARGET);

	(void)state;
	run_ms(1000);
	set_answering(false);
	run_ms(3000);
	assert_int_equal(look(q).misses, 2);
	struct sockaddr_in prober = read_request(fd, request);
	probe_restart(world.probes, q);
	struct probe_view v = look(q);
	assert_int_equal(v.since_ms, world.now / 1000);
	assert_int_equal(v.answered_ms, -1);
	assert_int_equal(v.misses, 0);
	assert_int_equal(v.missed_ms, -1);
	reply(fd, &prober, request, -1); /* of the server as it was */
	run_ms(10);
	assert_int_equal(look(q).answered_ms, -1);
	run_ms(1500);
	assert_int_equal(look(q).misses, 1);
	close(fd);
}

static void test_removal_of_an_open_probe(void **state)
{
	int fd = open_impostor(TARGET);
	uint8_t request[ECHO];

	(void)state;
	set_answering(false);
	struct probe *q = add_echo(TARGET), *stays = add_echo(OTHER);
	run_ms(1000);
	struct sockaddr_in prober = read_request(fd, request);
	probe_remove(world.probes, q);
	probe_remove(world.probes, NULL);
	q = add_echo(TARGET); /* in its place */
	assert_int_equal(health().targets, 2);
	reply(fd, &prober, request, -1);
	run_ms(10);
	assert_int_equal(look(q).answered_ms, -1);
	assert_int_equal(health().strays[PROBES_STRAY_TOKEN], 1);
	set_answering(true);
	run_ms(1100);
	assert_true(look(q).answered_ms > 0);
	assert_true(look(stays).answered_ms > 0);
	close(fd);
}

/* Without targets the timer rests; that is no gap. */
static void test_no_targets(void **state)
{
	struct pollfd timer = {.fd = probes_fd(world.probes), .events = POLLIN};

	(void)state;
	struct probe *q = add_echo(TARGET);
	assert_int_equal(poll(&timer, 1, 10000), 1);
	probe_remove(world.probes, q);
	probes_dispatch(world.probes);
	assert_int_equal(poll(&timer, 1, 100), 0);
	pause_ms(60000);
	q = add_echo(TARGET);
	run_ms(1010);
	assert_true(look(q).answered_ms > 0);
	assert_int_equal(health().gap_ms, -1);
	assert_true(health().late_max_us <= TICK_US);
}

static void test_late_process(void **state)
{
	(void)state;
	set_answering(false);
	struct probe *q = add_echo(TARGET);
	run_ms(3000);
	assert_int_equal(look(q).misses, 2);
	uint64_t sent = health().sent;
	pause_ms(3000);
	int64_t end = world.now / 1000;

	struct probes_health h = health();
	assert_int_equal(h.gap, PROBES_GAP_LATE);
	assert_int_equal(h.gap_ms, end);
	assert_int_equal(h.gaps[PROBES_GAP_LATE], 1);
	assert_in_range(h.late_max_us, 2980000, 3000000);
	assert_in_range(h.late_p99_us, 2980000, 3000000);
	assert_int_equal(look(q).misses, 0); /* what was counted before says nothing now */
	run_ms(1000);
	assert_int_equal(health().sent, sent + 1); /* what was left out is not made up for */
	assert_int_equal(health().voided, 1);
	assert_int_equal(look(q).misses, 0);
	run_ms(1000);
	assert_int_equal(look(q).misses, 1);
	assert_true(look(q).missed_ms >= end);
}

/* A short delay is no gap. But a probe that was sent late has its time nevertheless. */
static void test_delay(void **state)
{
	(void)state;
	set_answering(false);
	struct probe *q = add_echo(TARGET);
	pause_ms(PROBES_LATE_MS - 20);
	assert_int_equal(health().sent, 1);
	run_ms(700); /* its next turn is in this time */
	assert_int_equal(health().missed, 0);
	assert_int_equal(health().sent, 1);
	run_ms(1000);
	assert_int_equal(health().missed, 1);
	assert_int_equal(look(q).misses, 1);
	assert_int_equal(health().gap_ms, -1);
}

/* Answers that wait in the queue are read before anything is judged. */
static void test_answers_before_misses(void **state)
{
	struct probe *q = add(PROBE_ECHO, TARGET, 100, 0, NULL);

	(void)state;
	run_ms(10);
	assert_int_equal(health().sent, 1);
	assert_int_equal(look(q).answered_ms, -1); /* not read yet */
	pause_ms(400);
	assert_int_equal(health().sent, 2);
	assert_in_range(health().answered, 1, 2);
	assert_int_equal(health().missed, 0);
	assert_int_equal(health().gap_ms, -1);
}

static void test_suspend(void **state)
{
	(void)state;
	set_answering(false);
	struct probe *q = add_echo(TARGET);
	run_ms(3050);
	assert_int_equal(look(q).misses, 3);
	world.asleep += 3600 * INT64_C(1000000);
	run_ms(10);
	assert_int_equal(health().gap, PROBES_GAP_SUSPEND);
	assert_int_equal(health().gap_ms, world.now / 1000);
	assert_int_equal(look(q).misses, 0);
	run_ms(3000);
	assert_int_equal(health().gaps[PROBES_GAP_SUSPEND], 1);
	assert_int_equal(health().voided, 1);
	assert_int_equal(look(q).misses, 2);
}

static void test_no_room_to_send(void **state)
{
	static const int codes[] = {ENOBUFS, EAGAIN, ENOMEM};

	(void)state;
	set_answering(false);
	struct probe *q = add_echo(TARGET);
	run_ms(3000);
	assert_int_equal(look(q).misses, 2);
	for (unsigned i = 0; i < ARRAY_SIZE(codes); i++) {
		world.no_room = codes[i];
		uint64_t missed = health().missed;
		int64_t before = world.now / 1000;
		run_ms(3000);
		assert_int_equal(health().gap, PROBES_GAP_UNSENT);
		assert_true(health().gap_ms > before + 2000);
		assert_int_equal(look(q).misses, 0);
		assert_int_equal(look(q).error, codes[i]);
		assert_in_range(health().missed, missed, missed + 1); /* the one sent before */
	}
	world.no_room = 0;
	run_ms(2000);
	assert_int_equal(look(q).misses, 1);
	assert_int_equal(look(q).error, 0);
}

/* The fault of one target is nothing to the others, nor a miss. */
static void test_no_route(void **state)
{
	struct probe *first = add(PROBE_ECHO, TARGET, 10, 0, NULL);
	struct probe *lost = add(PROBE_ECHO, "192.0.2.1", 10, 0, NULL);
	struct probe *last = add(PROBE_ECHO, OTHER, 10, 0, NULL);

	(void)state;
	run_ms(100); /* all three at each tick */
	assert_int_equal(look(lost).error, ENETUNREACH);
	assert_int_equal(look(lost).misses, 0);
	assert_int_equal(look(lost).answered_ms, -1);
	assert_true(look(first).answered_ms > 0);
	assert_true(look(last).answered_ms > 0);
	assert_int_equal(health().refused, 10);
	assert_int_equal(health().sent, 20);
	assert_int_equal(health().gap_ms, -1);
}

static void test_full_queue(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = open_impostor(OTHER), little = 1;
	uint8_t request[ECHO] = {0};

	(void)state;
	assert_int_equal(
		setsockopt(world.sockets.echo4, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)), 0);
	set_answering(false);
	struct probe *q = add_echo(TARGET);
	run_ms(3050);
	assert_int_equal(look(q).misses, 3);
	for (int i = 0; i < 100; i++)
		reply(fd, &to, request, -1);
	run_ms(10);
	assert_int_equal(health().gap, PROBES_GAP_DROPPED);
	assert_in_range(health().dropped, 1, 99);
	assert_int_equal(health().dropped + health().strays[PROBES_STRAY_TOKEN], 100);
	assert_int_equal(look(q).misses, 0);
	run_ms(1000);
	assert_int_equal(health().voided, 1);
	assert_int_equal(look(q).misses, 0);
	close(fd);
}

/* In a process of its own, with the real clocks. */
static _Noreturn void be_stopped(int out)
{
	struct pollfd timer = {.fd = probes_fd(world.probes), .events = POLLIN};
	struct result {
		struct probes_health health;
		struct probe_view view;
	} result = {0};
	struct probe *q;

	world.now = 0;
	q = add(PROBE_ECHO, TARGET, 200, 0, NULL);
	for (bool ready = false; !ready || result.health.late_max_us < 2500000;) {
		(void)poll(&timer, 1, -1);
		probes_dispatch(world.probes);
		result.health = health();
		if (!ready && result.health.missed >= 2) {
			ready = true;
			(void)!write(out, "", 1);
		}
	}
	result.view = look(q);
	(void)!write(out, &result, sizeof(result));
	_exit(0);
}

static void test_stopped_process(void **state)
{
	struct {
		struct probes_health health;
		struct probe_view view;
	} result;
	int pipes[2];
	char byte;

	(void)state;
	set_answering(false);
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	if (child == 0)
		be_stopped(pipes[1]);
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(kill(child, SIGSTOP), 0);
	assert_int_equal(waitpid(child, NULL, WUNTRACED), child);
	sleep(3);
	assert_int_equal(kill(child, SIGCONT), 0);
	assert_int_equal(read(pipes[0], &result, sizeof(result)), sizeof(result));
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(pipes[0]);
	assert_true(result.health.late_max_us > 2500000);
	assert_int_equal(result.health.gap, PROBES_GAP_LATE);
	assert_int_equal(result.view.misses, 0);
}

/* They are spread, and need little memory each. */
static void test_many_targets(void **state)
{
	enum { N = 10000 };
	static struct probe *all[N];
	char address[IP_TEXT_SIZE];
	size_t before = mallinfo2().uordblks;

	(void)state;
	for (int i = 0; i < N; i++) {
		snprintf(address, sizeof(address), "127.1.%d.%d", i / 250, i % 250 + 1);
		all[i] = add_echo(address);
	}
	assert_true(mallinfo2().uordblks - before <= N * 200);
	for (int i = 0; i < 100; i++) {
		uint64_t sent = health().sent;
		run_ms(10);
		assert_int_equal(health().sent, sent + N / 100);
	}
	run_ms(10);
	for (int i = 0; i < N; i++)
		assert_true(look(all[i]).answered_ms > 0);
	assert_int_equal(health().gap_ms, -1);
}

static void test_refusals(void **state)
{
	struct probe_target t = {.kind = PROBE_ECHO, .interval_ms = 1000};
	struct probes_sockets none = PROBES_NO_SOCKETS;
	cleanup_err struct err err = ERR_INIT;
	struct probe *q = NULL;
	struct probes *blind;

	(void)state;
	assert_int_equal(probe_add(world.probes, &t, &q, NULL), -EINVAL);
	assert_true(ip_parse(TARGET, &t.address));
	t.interval_ms = PROBE_INTERVAL_MIN_MS - 1;
	assert_int_equal(probe_add(world.probes, &t, &q, NULL), -EINVAL);
	t.interval_ms = PROBE_INTERVAL_MAX_MS + 1;
	assert_int_equal(probe_add(world.probes, &t, &q, NULL), -EINVAL);
	t.interval_ms = PROBE_INTERVAL_MAX_MS;
	assert_int_equal(probes_new(&none, &blind, NULL), 0);
	assert_int_equal(probe_add(blind, &t, &q, &err), -EAFNOSUPPORT);
	assert_non_null(strstr(err.text, TARGET));
	probes_free(blind);
	assert_null(q);
}

static void test_lateness(void **state)
{
	struct lateness l = {0};
	int64_t now = 1;

	(void)state;
	assert_int_equal(lateness_p99(&l), 0);
	for (int i = 0; i < 990; i++)
		lateness_add(&l, 1000, 1, now);
	assert_in_range(lateness_p99(&l), 1000, 1000);
	lateness_add(&l, 70000, 10, now);
	assert_in_range(lateness_p99(&l), 1000, 1125);
	lateness_add(&l, 70000, 1, now);
	assert_in_range(lateness_p99(&l), 70000, 70000);
	lateness_add(&l, 80000, 1, now);
	assert_in_range(lateness_p99(&l), 70000, 78750);
	assert_int_equal(lateness_max(&l), 80000);

	now += LATENESS_WINDOW_US; /* both windows */
	lateness_add(&l, 5, 1, now);
	assert_int_equal(lateness_max(&l), 80000);
	now += LATENESS_WINDOW_US;
	lateness_add(&l, 7, 1, now);
	assert_int_equal(lateness_max(&l), 7);
	assert_int_equal(lateness_p99(&l), 7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start_world, stop_world)
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_ping_sockets),
		TEST(test_losses),
		TEST(test_never_answered),
		TEST(test_interval),
		TEST(test_forged_echoes),
		TEST(test_slow_answer),
		TEST(test_restart),
		TEST(test_removal_of_an_open_probe),
		TEST(test_no_targets),
		TEST(test_late_process),
		TEST(test_delay),
		TEST(test_answers_before_misses),
		TEST(test_suspend),
		TEST(test_no_room_to_send),
		TEST(test_no_route),
		TEST(test_full_queue),
		TEST(test_stopped_process),
		TEST(test_many_targets),
		TEST(test_refusals),
		cmocka_unit_test(test_lateness),
	};

	enter_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
