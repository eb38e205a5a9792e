/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of probes.h share: targets, and the sockets (probes_io.c) and the wheel that use
 * them. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/icmp_echo.h"
#include "net/ip.h"
#include "probe/lateness.h"
#include "probe/probe_dns.h"
#include "probe/probes.h"

enum {
	PROBES_TICK_US = 10000,
	PROBES_SLOTS = 100,
	PROBES_BATCH = 64,
	PROBES_CHANNELS = 4,
	PROBES_RANDOM = 256, /* bytes: getrandom(2) returns all of them */
	PROBES_TOKEN = 8,    /* random bytes in an echo */
	PROBES_READ_MAX =
		288, /* bytes of a packet: an answer to DNS; an echo with IPv4 header has 84 */
};

_Static_assert((int)PROBES_READ_MAX >= (int)PROBE_DNS_READ_MAX, "a question fits");

struct probe {
	struct probe *next, *previous; /* in its slot */
	int64_t due;                   /* number of a tick; the slot is due % PROBES_SLOTS */
	uint32_t interval;             /* ticks */
	uint32_t index;                /* in all */
	struct ip_addr address;
	uint16_t port; /* of DNS; 0: an echo */
	uint16_t id;   /* of the last probe: message id of DNS, sequence of an echo */
	bool open, any_rcode;
	uint8_t token[PROBES_TOKEN]; /* of the last echo */

	/* us of CLOCK_MONOTONIC, -1: never */
	int64_t sent, since, answered, served, missed;
	uint32_t misses;
	int32_t rtt; /* us, -1 */
	int16_t rcode, error;
	uint16_t question_len;
	uint8_t question[]; /* of DNS */
};

struct datagram {
	const uint8_t *bytes;
	size_t len;
	struct ip_addr from;
	uint16_t port;
	int64_t arrived; /* us of CLOCK_MONOTONIC, by the kernel's timestamp; -1: it has none */
};

/* What is received at once. */
struct incoming {
	uint8_t bytes[PROBES_BATCH][PROBES_READ_MAX];
	struct datagram datagrams[PROBES_BATCH];
};

/* What is sent at once. */
struct outgoing {
	struct probe *probes[PROBES_BATCH];
	size_t n;
};

/* One socket. */
struct channel {
	int fd; /* -1: none */
	int family;
	bool dns;
	bool raw; /* packets of IPv4 have their header, and other messages than replies come */
	uint32_t drops; /* the socket's count of packets that found no room */
	struct outgoing out;
};

struct probes {
	struct channel channels[PROBES_CHANNELS];
	struct incoming in;
	int timer;
	int64_t start;  /* us; of tick 0 */
	int64_t tick;   /* the next one */
	int64_t asleep; /* us; CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC by this at most */
	int64_t gap;    /* us; see probes_health */
	uint8_t random[PROBES_RANDOM];
	size_t random_left;
	uint8_t identity[ICMP_ECHO_TOKEN - PROBES_TOKEN]; /* begins every token */
	struct probe *slots[PROBES_SLOTS];
	uint32_t in_slot[PROBES_SLOTS]; /* how many */
	struct probe **all;             /* by index; NULL: free */
	size_t n_all;
	uint32_t *vacant; /* free ones of all */
	size_t n_vacant, n_dns;
	struct probe *by_id[UINT16_MAX + 1]; /* open DNS probes */
	struct lateness lateness;
	struct probes_health health; /* counters only */
};

/* The sockets: probes_io.c */

/* Which of the channels. */
static inline size_t channel_of(bool dns, int version)
{
	return (dns ? 2U : 0U) + (version == 6 ? 1U : 0U);
}

/* Sets options of a socket that may come from another process. */
int channel_init(struct channel *c, struct err *err);

/* Reads at most PROBES_BATCH packets. */
size_t channel_receive(struct channel *c, struct incoming *in);

/* Packets dropped since the last call. */
uint32_t channel_dropped(struct channel *c);

/*
 * Sends the open probes of c->out from the one with number `from` on; returns how many, at least 1,
 * or -errno for the first of them.
 */
int channel_send(const struct probes *p, const struct channel *c, size_t from);

/* The wheel: probes_wheel.c */

/* Puts it where few are due, from the next tick on. */
void wheel_add(struct probes *p, struct probe *q);
void wheel_remove(struct probes *p, struct probe *q);

/* The timer runs only while there are targets. */
int wheel_start(struct probes *p, struct err *err);
void wheel_stop(struct probes *p);

/* Answers: probes_receive.c */

/* Reads what has arrived. False: packets come faster than they can be read. */
bool probes_receive(struct probes *p);

/* The open probe of q, if there is one, is no more. */
void probe_close(struct probes *p, struct probe *q);
