/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICMP echoes and DNS queries to thousands of addresses, at a steady rate each, from one socket a
 * protocol and family. No threads, no callbacks: the caller's event loop watches one descriptor,
 * and reads what was seen when it wants to.
 *
 * One probe of a target is open at a time, until the next is sent. An answer counts only if it
 * settles an open probe: with its token (echo) or id and question (DNS), from its address. Anything
 * else is a stray: counted, never believed.
 *
 * A probe that is not answered is a miss only if this process has looked without a gap since it
 * was sent. Whenever it may have overlooked answers (see enum probes_gap) all open probes are void:
 * neither answered nor missed, and the misses counted before are forgotten.
 *
 * Times are ms of CLOCK_MONOTONIC (clock_now() / 1000); -1: never.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/ip.h"

struct err;
struct probe;  /* one target: an address and what is asked of it */
struct probes; /* all targets of one network namespace */

/* Not connected, non-blocking. Those of a family or kind that is not probed are -1. */
struct probes_sockets {
	int echo4, echo6; /* ICMP, ICMPv6: raw, or ping sockets (SOCK_DGRAM; see icmp(7)) */
	int dns4, dns6;   /* UDP */
};

#define PROBES_NO_SOCKETS ((struct probes_sockets){-1, -1, -1, -1})

/*
 * Opens all four, raw ones for echoes, in the network namespace of the calling thread. Needs
 * CAP_NET_RAW; with CAP_NET_ADMIN their buffers may exceed net.core.rmem_max and wmem_max. Without
 * IPv6 in the kernel, echo6 and dns6 are -1. They may be opened by another process and handed over.
 */
int probes_open(struct probes_sockets *ret_sockets, struct err *err);

void probes_close(struct probes_sockets *sockets);

/* Takes the sockets over, also when it fails. */
int probes_new(struct probes_sockets *sockets, struct probes **ret_probes, struct err *err);

/* With all of its targets. */
void probes_free(struct probes *p);

/*
 * A timer's descriptor, which remains the probes': readable when probes_dispatch has work, 100
 * times a second while there are targets. Answers wait for it in their sockets, with the kernel's
 * timestamps.
 */
int probes_fd(const struct probes *p);

/*
 * Reads the answers, then counts the misses and sends what is due. Never blocks. The event loop
 * must call it within 10 ms of the descriptor's being readable; by how much later it did is in
 * probes_health.
 */
void probes_dispatch(struct probes *p);

enum probe_kind { PROBE_ECHO, PROBE_DNS };

enum {
	PROBE_INTERVAL_MIN_MS = 10,
	PROBE_INTERVAL_MAX_MS = 3600000,
	PROBE_DNS_MAX = 32768, /* targets: half of the ids of a DNS message */
};

struct probe_target {
	enum probe_kind kind;
	struct ip_addr address;
	unsigned interval_ms; /* rounded up to 10 ms */
	uint16_t port;        /* DNS only */

	/*
	 * DNS only: "." is asked for SOA, any other name for A, as deploy does. With "."
	 * every rcode says that the server serves, otherwise only NOERROR.
	 */
	const char *name;
};

/*
 * The first probe is sent within a second, or within the interval if that is shorter; targets that
 * are added at the same time are spread. -EINVAL: not a domain name, an interval out of range, or
 * no address; -EAFNOSUPPORT: there is no socket for it; -ENOSPC: more than PROBE_DNS_MAX.
 */
int probe_add(struct probes *p, const struct probe_target *target, struct probe **ret_probe,
	      struct err *err);

/* An answer to its open probe becomes a stray. Does nothing for NULL. */
void probe_remove(struct probes *p, struct probe *probe);

/* Forgets what was seen: of a server that was restarted, the old answers say nothing. */
void probe_restart(struct probes *p, struct probe *probe);

struct probe_view {
	int64_t since_ms;    /* added or restarted */
	int64_t answered_ms; /* when the last answer arrived at this machine */
	int64_t served_ms;   /* the same, of those whose rcode says that it serves; echo: of all */

	/* In a row, since the last answer of any rcode and since the last gap. */
	unsigned misses;
	int64_t missed_ms; /* when the first of these was sent; -1: none */

	int64_t rtt_us; /* of the last answer; -1: none */
	int rcode;      /* of the last answer (RFC 6895); -1: none, or an echo */
	int error; /* errno that refused the last probe ("no route" ...), which is no miss; 0 */
};

void probe_look(const struct probes *p, const struct probe *probe, struct probe_view *ret_view);

/* Why this process may have overlooked answers. */
enum probes_gap {
	PROBES_GAP_NONE,
	PROBES_GAP_LATE, /* dispatched over PROBES_LATE_MS late: stopped, or the CPU is overloaded
			  */
	PROBES_GAP_SUSPEND, /* the machine was suspended: CLOCK_BOOTTIME went on */
	PROBES_GAP_DROPPED, /* the kernel dropped packets, since a receive queue was full */
	PROBES_GAP_UNSENT,  /* the kernel had no room to send: ENOBUFS, EAGAIN, ENOMEM */
	PROBES_GAP_N,
};

enum { PROBES_LATE_MS = 500 };

enum probes_stray {
	PROBES_STRAY_FORMAT, /* not an answer at all */
	PROBES_STRAY_TOKEN,  /* no open probe has this token, or id and question: forged, late,
				double */
	PROBES_STRAY_SOURCE, /* an open probe's, from another address or port */
	PROBES_STRAY_N,
};

struct probes_health {
	/*
	 * When the last gap ended, and its kind. What was not seen before says nothing; -1 and
	 * PROBES_GAP_NONE: there was none since probes_new.
	 */
	int64_t gap_ms;
	enum probes_gap gap;

	uint64_t gaps[PROBES_GAP_N]; /* how many of each */
	uint64_t sent, answered, missed, voided, dropped;
	uint64_t refused; /* not sent, for a reason of its target: see probe_view.error */
	uint64_t strays[PROBES_STRAY_N];
	size_t targets;

	/* How late the 100 ticks a second were, in the last 10 to 20 s. p99: up to a fifth too
	 * high. */
	int64_t late_max_us, late_p99_us;
};

void probes_health(const struct probes *p, struct probes_health *ret_health);
