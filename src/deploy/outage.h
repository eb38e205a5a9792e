/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which gap in a series of answers the failure caused, how long it lasted, and whether the
 * measurement can be trusted. Pure: no clock, no I/O. All times are ms since the first query.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deploy/dnsload.h"

/* A gap ends with the first of this many consecutive answered queries. */
#define OUTAGE_SETTLED 5

/* Noise up to this (ms) never makes a measurement inconclusive. */
#define OUTAGE_TOLERANCE_MS 10

struct outage_series {
	const struct dnsload_query *v; /* in the order of sending */
	size_t n;
};

/* A link or path is failed or restored: when requested, and when done. */
struct outage_moment {
	double from_ms, to_ms;
};

struct outage_input {
	struct outage_series dns;
	struct outage_series
		echo; /* replies of the guest's kernel on the management address; n 0: none */
	struct outage_moment down, up;
	double delay_ms;   /* longest delay until the guest sees the change */
	bool moves_back;   /* the bond moved again once the broken leg was back */
	bool must_move;    /* the broken leg was the active one */
	bool untouched;    /* the guest saw nothing of the failure */
	bool known, moved; /* whether another leg became active while it was broken */
	double max_ms;     /* the longest outage that passes; 0: any that ends */
};

/* What most of a gap's noise is. */
enum outage_noise {
	OUTAGE_NOISE_LOAD,     /* this machine delayed the load, or its rate is low */
	OUTAGE_NOISE_BASELINE, /* the service had such gaps, or was as slow, without a failure */
	OUTAGE_NOISE_ANSWERS,  /* the answers next to the gap were late: so were its first and last
				*/
	OUTAGE_NOISE_GUEST,    /* the guest did not reply on its management address either */
};

struct outage_gap {
	double start_ms, end_ms; /* first lost query, next answered one (open: last one), sent */
	uint64_t lost;           /* 0: nothing was lost; start and end are the moment */
	bool open;               /* nothing was answered after it */
	double at_most_ms;       /* from the last query answered before to the next answered one */
	double noise_ms;         /* how much of its length may have other causes */
	enum outage_noise noise;
	bool measured; /* the noise is small in comparison */
};

/* The service without a failure, just before it. */
struct outage_baseline {
	uint64_t sent, lost;
	double longest_gap_ms;
	double rtt_mean_ms, rtt_p99_ms, rtt_max_ms;
	double longest_pause_ms; /* of the load itself */
};

enum outage_verdict {
	OUTAGE_PASS,
	OUTAGE_FAIL,
	OUTAGE_INCONCLUSIVE, /* this machine or the guest was overloaded */
};

struct outage {
	struct outage_baseline baseline;
	struct outage_gap failover;    /* around the failure: from at most 100 ms before it */
	struct outage_gap failback;    /* around the leg's return */
	struct outage_gap stayed_lost; /* not ended at the end of the load; lost 0: none */
	bool failed_over; /* as the guest reported, else by answers while it was broken */
	bool untouched;   /* of the input, and no loss is certain to be of the failure */
	enum outage_verdict verdict;
	uint64_t lost_elsewhere;             /* queries lost at neither moment */
	size_t n_elsewhere;                  /* gaps of 3 of them or more */
	struct outage_gap longest_elsewhere; /* lost 0: none */
};

void outage_evaluate(const struct outage_input *input, struct outage *ret);

static inline double outage_ms(const struct outage_gap *gap)
{
	return gap->end_ms - gap->start_ms;
}

const char *outage_verdict_name(enum outage_verdict verdict); /* "pass", "fail", "inconclusive" */
/* "load", "baseline", "answers", "guest" */
const char *outage_noise_name(enum outage_noise noise);

/* Of several runs; percentiles by nearest rank. All zero: none was measured. */
struct outage_summary {
	size_t n, n_measured, n_failed, n_inconclusive;
	double median_ms, p95_ms, max_ms; /* of the measured ones */
	/* One that fails fails all; else inconclusive when more than half are. */
	enum outage_verdict verdict;
};

void outage_summarize(const struct outage *const *runs, size_t n, struct outage_summary *ret);
