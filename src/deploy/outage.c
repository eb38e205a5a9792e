// SPDX-License-Identifier: Apache-2.0
#include "deploy/outage.h"

#include <math.h>

#include "base/alloc.h"

enum {
	IN_FLIGHT_MS = 100, /* the failure may affect queries sent up to this long before it */
	MIN_IN_FLIGHT_MS = 10,
	RETURN_MS = 500, /* after the leg's return, of a bond that does not move back */
	MARGIN_MS = 20,  /* what was delayed just before the gap, or just after, moves its ends */
	MIN_LOST = 3,
	OVERFLOW_MS = 100, /* a server this late may lose what waits in its socket's queue */
};

const char *outage_verdict_name(enum outage_verdict verdict)
{
	static const char *const names[] = {
		[OUTAGE_PASS] = "pass",
		[OUTAGE_FAIL] = "fail",
		[OUTAGE_INCONCLUSIVE] = "inconclusive",
	};

	return names[verdict];
}

const char *outage_noise_name(enum outage_noise noise)
{
	static const char *const names[] = {
		[OUTAGE_NOISE_LOAD] = "load",
		[OUTAGE_NOISE_GUEST] = "guest",
		[OUTAGE_NOISE_BASELINE] = "baseline",
		[OUTAGE_NOISE_ANSWERS] = "answers",
	};

	return names[noise];
}

static bool is_lost(const struct dnsload_query *q)
{
	return q->latency_ms < 0;
}

/* The gap that begins with the lost query i; *ret_next is the first query after it. */
static struct outage_gap gap_at(struct outage_series s, size_t i, size_t *ret_next)
{
	size_t end = i, row = 0;
	struct outage_gap gap = {.start_ms = s.v[i].sent_ms};

	for (; end < s.n && row < OUTAGE_SETTLED; end++)
		row = is_lost(&s.v[end]) ? 0 : row + 1;
	end -= row;
	for (size_t k = i; k < end; k++)
		gap.lost += is_lost(&s.v[k]);
	gap.open = end == s.n;
	gap.end_ms = s.v[gap.open ? end - 1 : end].sent_ms;
	gap.at_most_ms = gap.end_ms - s.v[i ? i - 1 : i].sent_ms;
	*ret_next = end;
	return gap;
}

/* The longest time between two consecutive queries, one of them sent in [from, to]. */
static double longest_pause(struct outage_series s, double from, double to)
{
	double longest = 0;

	for (size_t i = 1; i < s.n && s.v[i - 1].sent_ms <= to; i++)
		if (s.v[i].sent_ms >= from)
			longest = fmax(longest, s.v[i].sent_ms - s.v[i - 1].sent_ms);
	return longest;
}

/* The longest time that an echo outstanding in [from, to] waited for its reply; for a lost one,
 * until the next answered echo was sent. */
static double longest_wait(struct outage_series s, double from, double to)
{
	double longest = 0, answered = s.n ? s.v[s.n - 1].sent_ms : 0;

	for (size_t i = s.n; i-- > 0;) {
		const struct dnsload_query *q = &s.v[i];
		double wait = is_lost(q) ? answered - q->sent_ms : q->latency_ms;
		if (!is_lost(q))
			answered = q->sent_ms;
		if (q->sent_ms <= to && q->sent_ms + wait >= from)
			longest = fmax(longest, wait);
	}
	return longest;
}

/* The longest time that a query took which was answered and was under way in [from, to]. */
static double longest_answer(struct outage_series s, double from, double to)
{
	double longest = 0;

	for (size_t i = 0; i < s.n && s.v[i].sent_ms <= to; i++)
		if (s.v[i].sent_ms + s.v[i].latency_ms >= from)
			longest = fmax(longest, s.v[i].latency_ms);
	return longest;
}

static void find_baseline(const struct outage_input *in, double until, struct outage_baseline *ret)
{
	cleanup_dnsload_result struct dnsload_result before;

	dnsload_evaluate(in->dns.v, in->dns.n, 0, until, &before);
	*ret = (struct outage_baseline){
		.sent = before.sent,
		.lost = before.lost,
		.longest_gap_ms = before.longest.end_ms - before.longest.start_ms,
		.rtt_mean_ms = before.latency_mean,
		.rtt_p99_ms = before.latency_p99,
		.rtt_max_ms = before.latency_max,
		.longest_pause_ms = before.longest_pause,
	};
}

/*
 * Everything that could have lengthened the gap or be hidden in it. The uncertainty is the longest
 * of these, not their sum, because a busy machine delays all of them alike. Where the guest's
 * kernel replies in time, late answers are the server's own work, as after each change of a link.
 */
static void find_noise(const struct outage_input *in, const struct outage_baseline *baseline,
		       const struct outage_moment *moment, double early_ms, struct outage_gap *gap)
{
	double from = fmin(gap->start_ms, moment->from_ms) - MARGIN_MS;
	double to = fmax(gap->end_ms, moment->to_ms) + MARGIN_MS;
	double noise[] = {
		[OUTAGE_NOISE_LOAD] = longest_pause(in->dns, gap->start_ms, gap->end_ms),
		[OUTAGE_NOISE_BASELINE] = baseline->longest_gap_ms,
		[OUTAGE_NOISE_ANSWERS] = longest_answer(in->dns, from, to),
		[OUTAGE_NOISE_GUEST] = early_ms,
	};

	if (in->echo.n) {
		noise[OUTAGE_NOISE_GUEST] = fmax(early_ms, longest_wait(in->echo, from, to));
		noise[OUTAGE_NOISE_LOAD] =
			fmax(noise[OUTAGE_NOISE_LOAD], longest_pause(in->echo, from, to));
		if (noise[OUTAGE_NOISE_ANSWERS] < OVERFLOW_MS)
			noise[OUTAGE_NOISE_ANSWERS] = 0;
	} else { /* there is no measurement at that moment: use the worst before it */
		noise[OUTAGE_NOISE_BASELINE] =
			fmax(noise[OUTAGE_NOISE_BASELINE], baseline->rtt_max_ms);
	}
	gap->noise = OUTAGE_NOISE_LOAD;
	for (enum outage_noise k = OUTAGE_NOISE_LOAD; k <= OUTAGE_NOISE_GUEST; k++)
		if (noise[k] > noise[gap->noise])
			gap->noise = k;
	gap->noise_ms = noise[gap->noise];
	gap->measured = gap->noise_ms <= fmax(outage_ms(gap) / 4, OUTAGE_TOLERANCE_MS);
}

/* The longest of the gaps that overlap [from, to]; without one, none at `moment`. */
static struct outage_gap find_gap(struct outage_series s, double from, double to, double moment)
{
	struct outage_gap longest = {
		.start_ms = moment, .end_ms = moment, .at_most_ms = longest_pause(s, from, to)};
	size_t next;

	for (size_t i = 0; i < s.n && s.v[i].sent_ms <= to; i = next) {
		next = i + 1;
		if (!is_lost(&s.v[i]))
			continue;
		struct outage_gap gap = gap_at(s, i, &next);
		if ((gap.end_ms >= from || gap.open) &&
		    (!longest.lost || outage_ms(&gap) > outage_ms(&longest)))
			longest = gap;
	}
	return longest;
}

/* What was lost before `from` is not the failure's: the gap begins there. Returns how many those
 * are; 0 if nothing is left, for then the gap is one elsewhere. */
static uint64_t cut_before(struct outage_series s, double from, struct outage_gap *gap)
{
	uint64_t before = 0;
	double start = gap->end_ms;

	if (gap->start_ms >= from)
		return 0;
	for (size_t i = s.n; i-- > 0;) {
		const struct dnsload_query *q = &s.v[i];
		if (!is_lost(q) || q->sent_ms < gap->start_ms || q->sent_ms > gap->end_ms)
			continue;
		if (q->sent_ms < from)
			before++;
		else
			start = q->sent_ms;
	}
	gap->start_ms = start;
	gap->lost -= before;
	return gap->lost ? before : 0;
}

/* The first query that was sent after ms, or ms. */
static double next_sent(struct outage_series s, double ms)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.v[i].sent_ms >= ms)
			return s.v[i].sent_ms;
	return ms;
}

static void find_elsewhere(struct outage_series s, struct outage *o)
{
	size_t next;

	for (size_t i = 0; i < s.n; i = next) {
		next = i + 1;
		if (!is_lost(&s.v[i]))
			continue;
		struct outage_gap gap = gap_at(s, i, &next);
		if ((o->failover.lost && gap.end_ms == o->failover.end_ms) ||
		    (o->failback.lost && gap.end_ms == o->failback.end_ms))
			continue;
		o->lost_elsewhere += gap.lost;
		if (gap.lost < MIN_LOST)
			continue;
		o->n_elsewhere++;
		if (outage_ms(&gap) > outage_ms(&o->longest_elsewhere))
			o->longest_elsewhere = gap;
	}
}

/* Was a query answered that was sent after the failover's gap and before the leg's return? */
static bool answered_while_broken(const struct outage_input *in, const struct outage_gap *gap)
{
	for (size_t i = 0; i < in->dns.n; i++) {
		const struct dnsload_query *q = &in->dns.v[i];
		if (q->sent_ms > fmax(gap->end_ms, in->down.to_ms + in->delay_ms) &&
		    q->sent_ms < in->up.from_ms && !is_lost(q))
			return true;
	}
	return false;
}

/* Overload only lengthens a gap, so a short gap passes despite it. */
static enum outage_verdict judge_gap(const struct outage_gap *gap, double max_ms)
{
	if (gap->at_most_ms <= max_ms)
		return OUTAGE_PASS;
	if (outage_ms(gap) - gap->noise_ms > max_ms)
		return OUTAGE_FAIL;
	if (!gap->measured)
		return OUTAGE_INCONCLUSIVE;
	return outage_ms(gap) <= max_ms ? OUTAGE_PASS : OUTAGE_FAIL;
}

static enum outage_verdict judge(const struct outage_input *in, const struct outage *o)
{
	if (o->stayed_lost.lost && o->stayed_lost.measured)
		return OUTAGE_FAIL;
	if (o->untouched)
		return OUTAGE_INCONCLUSIVE;
	if (in->must_move && !o->failed_over && (in->known || o->failover.measured))
		return OUTAGE_FAIL;
	if (o->stayed_lost.lost || (in->must_move && !o->failed_over))
		return OUTAGE_INCONCLUSIVE;
	if (in->max_ms <= 0)
		return o->failover.measured ? OUTAGE_PASS : OUTAGE_INCONCLUSIVE;
	enum outage_verdict over = judge_gap(&o->failover, in->max_ms);
	enum outage_verdict back = judge_gap(&o->failback, in->max_ms);
	if (over == OUTAGE_FAIL || back == OUTAGE_FAIL)
		return OUTAGE_FAIL;
	return over == OUTAGE_PASS ? back : over;
}

/* Single queries get lost; several in a row at the end are an outage that has not ended. */
static void find_stayed_lost(const struct outage_input *in, struct outage *o)
{
	const struct outage_series s = in->dns;
	size_t first = s.n;

	while (first > 0 && is_lost(&s.v[first - 1]))
		first--;
	if (s.n - first < MIN_LOST)
		return;
	const double end = s.v[s.n - 1].sent_ms;
	const struct outage_moment moment = {end, end};
	o->stayed_lost = gap_at(s, first, &first);
	find_noise(in, &o->baseline, &moment, 0, &o->stayed_lost);
}

void outage_evaluate(const struct outage_input *in, struct outage *ret)
{
	struct outage o = {0};

	find_baseline(in, in->down.from_ms - IN_FLIGHT_MS, &o.baseline);
	double in_flight = fmin(fmax(o.baseline.rtt_max_ms, MIN_IN_FLIGHT_MS), IN_FLIGHT_MS);
	double from = in->down.from_ms - in_flight;
	double to = next_sent(in->dns, in->down.to_ms) + in->delay_ms;

	o.failover = find_gap(in->dns, from, to, in->down.to_ms);
	double early_ms = fmax(from - o.failover.start_ms, 0);
	o.lost_elsewhere = cut_before(in->dns, from, &o.failover);
	find_noise(in, &o.baseline, &in->down, early_ms, &o.failover);
	o.failed_over =
		in->must_move && (in->known ? in->moved : answered_while_broken(in, &o.failover));

	from = fmax(in->up.from_ms - in_flight, o.failover.end_ms + 0.001);
	to = in->moves_back ? INFINITY : in->up.to_ms + in->delay_ms + RETURN_MS;
	o.failback = find_gap(in->dns, from, to, in->up.to_ms);
	find_noise(in, &o.baseline, &in->up, 0, &o.failback);
	o.untouched = in->must_move && !o.failed_over && in->untouched &&
		      !(o.failover.lost && o.failover.measured);
	find_stayed_lost(in, &o);
	find_elsewhere(in->dns, &o);
	o.verdict = judge(in, &o);
	*ret = o;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void outage_summarize(const struct outage *const *runs, size_t n, struct outage_summary *ret)
{
	struct outage_summary s = {.n = n};
	cleanup_free double *ms = xcalloc(n + 1, sizeof(*ms));

	for (size_t i = 0; i < n; i++) {
		s.n_failed += runs[i]->verdict == OUTAGE_FAIL;
		s.n_inconclusive += runs[i]->verdict == OUTAGE_INCONCLUSIVE;
		if (runs[i]->failover.measured)
			ms[s.n_measured++] = outage_ms(&runs[i]->failover);
	}
	qsort(ms, s.n_measured, sizeof(*ms), by_value);
	if (s.n_measured) {
		size_t half = s.n_measured / 2;
		s.median_ms = s.n_measured % 2 ? ms[half] : (ms[half - 1] + ms[half]) / 2;
		s.p95_ms = ms[(s.n_measured * 95 + 99) / 100 - 1];
		s.max_ms = ms[s.n_measured - 1];
	}
	s.verdict = s.n_failed                 ? OUTAGE_FAIL
		    : s.n_inconclusive * 2 > n ? OUTAGE_INCONCLUSIVE
					       : OUTAGE_PASS;
	*ret = s;
}
