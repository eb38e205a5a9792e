/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes in a network namespace of the test's own, with a clock that it sets. Link with
 * --wrap=clock_now, clock_boottime and sendmmsg.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "probe/probes.h"

enum { TICK_US = 10000 };

int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);
int64_t __real_clock_boottime(void);
int64_t __wrap_clock_boottime(void);
int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags);

static struct world {
	int64_t now;    /* us; 0: the real clocks */
	int64_t asleep; /* us; CLOCK_BOOTTIME is ahead by this */
	int no_room;    /* errno of sendmmsg; 0: it works */
	struct probes *probes;
	struct probes_sockets sockets; /* the probes' */
} world;

static int marker; /* a UDP socket that is connected to itself */

int64_t __wrap_clock_now(void)
{
	return world.now ? world.now : __real_clock_now();
}

int64_t __wrap_clock_boottime(void)
{
	return world.now ? world.now + world.asleep : __real_clock_boottime();
}

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
	errno = world.no_room;
	return world.no_room ? -1 : __real_sendmmsg(fd, messages, n, flags);
}

/* Whether the kernel of the namespace answers echoes. */
static inline void set_answering(bool on)
{
	static const char *const files[] = {"/proc/sys/net/ipv4/icmp_echo_ignore_all",
					    "/proc/sys/net/ipv6/icmp/echo_ignore_all"};

	for (unsigned i = 0; i < 2; i++) {
		int fd = open(files[i], O_WRONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, on ? "0" : "1", 1), 1);
		close(fd);
	}
}

/* Once, before the first test. */
static inline void enter_namespace(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		perror("cannot make a network namespace");
		exit(1);
	}
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0) {
		perror("cannot set lo up");
		exit(1);
	}
	close(fd);

	cpu_set_t cpu; /* one: its packets stay in order */
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	(void)sched_setaffinity(0, sizeof(cpu), &cpu);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	marker = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(marker, (struct sockaddr *)&at, size) < 0 ||
	    getsockname(marker, (struct sockaddr *)&at, &size) < 0 ||
	    connect(marker, (struct sockaddr *)&at, size) < 0) {
		perror("cannot make the marker");
		exit(1);
	}
}

/* Until all that was sent so far has arrived, and the kernel's answers to it. */
static inline void settle(void)
{
	char byte = 0;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(send(marker, &byte, 1, 0), 1);
		assert_int_equal(recv(marker, &byte, 1, 0), 1);
	}
}

static inline int start_world(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	world = (struct world){.now = __real_clock_now()};
	set_answering(true);
	if (probes_open(&world.sockets, &err) < 0)
		fail_msg("%s", err.text);
	struct probes_sockets given = world.sockets;
	if (probes_new(&given, &world.probes, &err) < 0)
		fail_msg("%s", err.text);
	return 0;
}

static inline int stop_world(void **state)
{
	(void)state;
	probes_free(world.probes);
	return 0;
}

/* The event loop, for that time. */
static inline void run_ms(int64_t ms)
{
	for (int64_t end = world.now + ms * 1000; world.now < end;) {
		world.now += TICK_US;
		settle();
		probes_dispatch(world.probes);
	}
}

/* It does not run in that time, but once after it. */
static inline void pause_ms(int64_t ms)
{
	world.now += ms * 1000;
	settle();
	probes_dispatch(world.probes);
}

static inline struct probe *add(enum probe_kind kind, const char *address, unsigned interval_ms,
				uint16_t port, const char *name)
{
	cleanup_err struct err err = ERR_INIT;
	struct probe_target t = {
		.kind = kind, .interval_ms = interval_ms, .port = port, .name = name};
	struct probe *q = NULL;

	assert_true(ip_parse(address, &t.address));
	if (probe_add(world.probes, &t, &q, &err) < 0)
		fail_msg("%s", err.text);
	return q;
}

static inline struct probe_view look(const struct probe *q)
{
	struct probe_view v;

	probe_look(world.probes, q, &v);
	return v;
}

static inline struct probes_health health(void)
{
	struct probes_health h;

	probes_health(world.probes, &h);
	return h;
}
