/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS queries, or ICMP echoes, at a constant rate from one socket, and the result of each: the
 * outage as a client sees it. A separate thread sends and receives, with real-time priority where
 * permitted, so that the rate is kept while the caller sets a link down and other programs use the
 * CPU; times are ms since the first query (CLOCK_MONOTONIC).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dnsload;
struct err;
struct run_ctx;
struct vim;

#define DNSLOAD_MAX_QPS     100000
#define DNSLOAD_MAX_QUERIES 4000000 /* in one run: qps * duration */
#define DNSLOAD_BUCKET_MS   10

struct dnsload_options {
	const char *server; /* IPv4 or IPv6 */
	unsigned port;      /* 53 */
	const char *name;
	const char *type; /* "A" ... */
	bool echo;        /* echoes instead of queries: port, name and type do not matter */
	unsigned qps;
	unsigned duration_ms; /* of sending */
	unsigned wait_ms;     /* for the answers to the last queries: 1000 */
};

/* Opens the socket through the VIM and starts sending. */
int dnsload_start(struct vim *vim, const struct dnsload_options *options, struct dnsload **ret_load,
		  struct err *err);

/* The time (base/clock.h) of the first query, from which all others count. */
int64_t dnsload_started(const struct dnsload *load);

/* ms since the first query. */
double dnsload_elapsed(const struct dnsload *load);

/* For progress. */
void dnsload_progress(const struct dnsload *load, uint64_t *ret_sent, uint64_t *ret_answered);

/* Sleeps until elapsed is ms; -EINTR, within 20 ms, when run (may be NULL) is interrupted. */
int dnsload_wait_until(struct dnsload *load, double ms, const struct run_ctx *run);

struct dnsload_query {
	double sent_ms;
	double latency_ms; /* < 0: lost */
};

/*
 * A run of consecutive lost queries. It begins when the first of them was sent and ends when the
 * next answered one was sent; open: nothing was answered after it, it ends with the last query.
 */
struct dnsload_gap {
	double start_ms, end_ms;
	uint64_t lost;
	bool open;
};

struct dnsload_result {
	uint64_t sent; /* answered + lost */
	uint64_t answered;
	uint64_t lost;
	uint64_t lost_after;        /* of those: sent after the end of the longest gap */
	struct dnsload_gap longest; /* all zero: nothing was lost */
	struct dnsload_gap *gaps;   /* of 3 lost queries or more, in order */
	size_t n_gaps;
	double latency_min, latency_mean, latency_p99, latency_max; /* ms; 0: no answer at all */

	/* ms between two queries in a row: gaps may be too long by this, because the sender was
	 * delayed by its own machine. */
	double longest_pause;

	uint64_t send_errors; /* lost already here: sendto() refused */
	int send_errno;       /* of the last of them */
	uint64_t skipped;     /* never sent: this machine was over 100 ms late */
	uint64_t failed;      /* answered with an rcode other than NOERROR */
	uint64_t strays;      /* packets that answer no outstanding query */

	unsigned *answers; /* answered ones of those sent in each DNSLOAD_BUCKET_MS, from 0 */
	size_t n_answers;
	struct dnsload_query *queries; /* in the order of sending */
	size_t n_queries;
};

/* Ends it: stops sending, waits wait_ms at most for answers on their way (not
 * when run, which may be NULL, is interrupted), frees the load. The caller clears the result. */
void dnsload_finish(struct dnsload *load, const struct run_ctx *run,
		    struct dnsload_result *ret_result);

/* Counts, gaps and latencies of the queries sent in [from_ms, to_ms), computed from queries, in
 * order of sending. Pure. Fills neither answers nor queries. */
void dnsload_evaluate(const struct dnsload_query *queries, size_t n, double from_ms, double to_ms,
		      struct dnsload_result *ret_result);

void dnsload_result_clear(struct dnsload_result *r);

#define cleanup_dnsload_result __attribute__((__cleanup__(dnsload_result_clear)))

/*
 * The rate of queries that this machine sends and the server answers without loss: tries
 * options->qps, then less, half a second each, seven times at most. duration_ms and wait_ms are not
 * used. -EHOSTUNREACH: nothing was answered at all; -EINTR.
 */
int rate_find(struct vim *vim, const struct dnsload_options *options, unsigned *ret_qps,
	      struct err *err);

/* The rate to try after this result: the same when it was good, else less. Pure. */
unsigned rate_next(unsigned qps, const struct dnsload_result *result);
