// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "deploy/dnsload.h"
#include "deploy/outage.h"

enum { MS = 9000, DOWN = 2000, UP = 6000 };

/* A query a millisecond, an echo every five, each answered after 1 ms. */
static struct dnsload_query dns[MS], echo[MS / 5];
static size_t n_dns;

static struct outage_input fresh(void)
{
	n_dns = MS;
	for (size_t i = 0; i < MS; i++)
		dns[i] = (struct dnsload_query){(double)i, 1};
	for (size_t i = 0; i < MS / 5; i++)
		echo[i] = (struct dnsload_query){(double)i * 5, 1};
	return (struct outage_input){
		.dns = {dns, MS},
		.echo = {echo, MS / 5},
		.down = {DOWN, DOWN + 2.5},
		.up = {UP, UP + 2.5},
		.must_move = true,
		.known = true,
		.moved = true,
	};
}

/* The queries sent in [from, to) are lost. */
static void lose(double from, double to)
{
	for (size_t i = 0; i < n_dns; i++)
		if (dns[i].sent_ms >= from && dns[i].sent_ms < to)
			dns[i].latency_ms = -1;
}

/* What is sent in [from, to) is answered at its end. */
static void slow_down(double from, double to)
{
	for (size_t i = 0; i < n_dns; i++)
		if (dns[i].sent_ms >= from && dns[i].sent_ms < to && dns[i].latency_ms > 0)
			dns[i].latency_ms = to - dns[i].sent_ms;
}

/* This machine sends nothing in [from, to). */
static void pause_load(struct outage_input *in, double from, double to)
{
	size_t kept = 0;

	for (size_t i = 0; i < n_dns; i++)
		if (dns[i].sent_ms < from || dns[i].sent_ms >= to)
			dns[kept++] = dns[i];
	in->dns.n = n_dns = kept;
}

/* The guest does nothing in [from, to): echoes wait until then. */
static void hold_guest(double from, double to)
{
	for (size_t i = 0; i < ARRAY_SIZE(echo); i++)
		if (echo[i].sent_ms >= from && echo[i].sent_ms < to)
			echo[i].latency_ms = to - echo[i].sent_ms;
}

static struct outage evaluate(const struct outage_input *in)
{
	struct outage o;

	outage_evaluate(in, &o);
	return o;
}

static void assert_ms(double is, double wanted)
{
	if (fabs(is - wanted) > 0.001)
		fail_msg("%g ms, not %g", is, wanted);
}

/* What was seen on a busy machine: bondd moved after 28 ms, a queue overflowed three seconds later.
 */
static void test_noise_elsewhere_is_not_the_outage(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	lose(DOWN + 1, DOWN + 29);
	lose(DOWN + 3000, DOWN + 3425);
	lose(7000, 7001);
	struct outage o = evaluate(&in);
	assert_ms(o.failover.start_ms, DOWN + 1);
	assert_ms(outage_ms(&o.failover), 28);
	assert_ms(o.failover.at_most_ms, 29);
	assert_true(o.failover.measured && o.failed_over);
	assert_int_equal(o.verdict, OUTAGE_PASS);
	assert_int_equal(o.n_elsewhere, 1);
	assert_int_equal(o.lost_elsewhere, 426);
	assert_ms(outage_ms(&o.longest_elsewhere), 425);
	assert_int_equal(o.baseline.lost, 0);
	assert_ms(o.baseline.rtt_mean_ms, 1);
}

static void test_nothing_lost(void **state)
{
	struct outage_input in = fresh();
	struct outage o = evaluate(&in);

	(void)state;
	assert_ms(outage_ms(&o.failover), 0);
	assert_ms(o.failover.start_ms, DOWN + 2.5);
	assert_ms(o.failover.at_most_ms, 1);
	assert_int_equal(o.verdict, OUTAGE_PASS);
	assert_int_equal(o.failback.lost + o.stayed_lost.lost + o.longest_elsewhere.lost, 0);
}

static void test_gap_with_single_answers_is_one(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	lose(DOWN + 1, DOWN + 30);
	lose(DOWN + 34, DOWN + 50);
	struct outage o = evaluate(&in);
	assert_ms(outage_ms(&o.failover), 49);
	assert_int_equal(o.failover.lost, 45);
	lose(DOWN + 55, DOWN + 90); /* answered five times: the service was back */
	o = evaluate(&in);
	assert_ms(outage_ms(&o.failover), 49);
	assert_int_equal(o.n_elsewhere, 1);
}

/* Each kind of noise, where the outage is and where it is not. */
static void test_noise_makes_it_inconclusive(void **state)
{
	static const struct {
		double pause[2], hold[2], lost[2], slow[2];
		bool no_echo;
		enum outage_verdict verdict;
		enum outage_noise noise;
	} rows[] = {
		{.verdict = OUTAGE_PASS},
		{.pause = {DOWN + 5, DOWN + 25},
		 .verdict = OUTAGE_INCONCLUSIVE,
		 .noise = OUTAGE_NOISE_LOAD},
		{.pause = {1000, 1100}, .verdict = OUTAGE_PASS},
		{.hold = {DOWN + 5, DOWN + 45},
		 .verdict = OUTAGE_INCONCLUSIVE,
		 .noise = OUTAGE_NOISE_GUEST},
		{.hold = {DOWN - 30, DOWN - 10},
		 .verdict = OUTAGE_INCONCLUSIVE,
		 .noise = OUTAGE_NOISE_GUEST},
		{.hold = {4000, 4400}, .verdict = OUTAGE_PASS},
		{.hold = {DOWN + 5, DOWN + 45}, .no_echo = true, .verdict = OUTAGE_PASS},
		{.lost = {1000, 1030},
		 .verdict = OUTAGE_INCONCLUSIVE,
		 .noise = OUTAGE_NOISE_BASELINE},
		/* DNS alone is slow: answers to what was sent then come at its end. */
		{.slow = {DOWN - 20, DOWN - 1}, .verdict = OUTAGE_PASS},
		{.slow = {DOWN + 45, DOWN + 90}, .verdict = OUTAGE_PASS},
		{.slow = {DOWN + 45, DOWN + 90},
		 .no_echo = true,
		 .verdict = OUTAGE_INCONCLUSIVE,
		 .noise = OUTAGE_NOISE_ANSWERS},
		{.slow = {DOWN + 45, DOWN + 160}, /* its queue may overflow */
		 .verdict = OUTAGE_INCONCLUSIVE,
		 .noise = OUTAGE_NOISE_ANSWERS},
		{.slow = {1000, 1080}, .verdict = OUTAGE_PASS},
		{.slow = {1000, 1080},
		 .no_echo = true,
		 .verdict = OUTAGE_INCONCLUSIVE,
		 .noise = OUTAGE_NOISE_BASELINE},
		/* It had begun before the failure. */
		{.lost = {DOWN - 60, DOWN + 1},
		 .verdict = OUTAGE_INCONCLUSIVE,
		 .noise = OUTAGE_NOISE_GUEST},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outage_input in = fresh();
		lose(DOWN + 1, DOWN + 41);
		lose(rows[i].lost[0], rows[i].lost[1]);
		slow_down(rows[i].slow[0], rows[i].slow[1]);
		hold_guest(rows[i].hold[0], rows[i].hold[1]);
		pause_load(&in, rows[i].pause[0], rows[i].pause[1]);
		if (rows[i].no_echo)
			in.echo.n = 0;
		struct outage o = evaluate(&in);
		if (o.verdict != rows[i].verdict ||
		    (o.verdict != OUTAGE_PASS && o.failover.noise != rows[i].noise))
			fail_msg("row %zu: %s, noise %g ms of %s", i,
				 outage_verdict_name(o.verdict), o.failover.noise_ms,
				 outage_noise_name(o.failover.noise));
	}
}

/* It had begun before the failure: what was lost then is not the failover's. */
static void test_gap_begins_at_the_failure(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	lose(DOWN - 700, DOWN + 41);
	struct outage o = evaluate(&in);
	assert_ms(o.failover.start_ms, DOWN - 10);
	assert_ms(outage_ms(&o.failover), 51);
	assert_int_equal(o.failover.lost, 51);
	assert_int_equal(o.lost_elsewhere, 690);
	assert_int_equal(o.verdict, OUTAGE_INCONCLUSIVE);
	in = fresh();
	lose(DOWN - 700, DOWN - 12);
	o = evaluate(&in);
	assert_int_equal(o.failover.lost, 0);
	assert_int_equal(o.lost_elsewhere, 688);
	in = fresh();
	lose(DOWN - 700, DOWN - 10); /* up to where the failure may begin to have an effect */
	o = evaluate(&in);
	assert_int_equal(o.failover.lost, 0);
	assert_int_equal(o.lost_elsewhere, 690);
}

/* Without echoes the worst round trip before the failure counts. */
static void test_slow_answers_before_without_echo(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	lose(DOWN + 1, DOWN + 41);
	dns[1000].latency_ms = 35;
	assert_int_equal(evaluate(&in).verdict, OUTAGE_PASS);
	in.echo.n = 0;
	assert_int_equal(evaluate(&in).verdict, OUTAGE_INCONCLUSIVE);
}

static void test_limit(void **state)
{
	static const struct {
		double max, held;
		enum outage_verdict verdict;
	} rows[] = {
		{50, 0, OUTAGE_PASS},          {39, 0, OUTAGE_FAIL},
		{41, 30, OUTAGE_PASS},                               /* overload does not shorten */
		{39, 30, OUTAGE_INCONCLUSIVE}, {9, 30, OUTAGE_FAIL}, /* too long without it, too */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outage_input in = fresh();
		lose(DOWN + 1, DOWN + 41);
		hold_guest(DOWN + 5, DOWN + 5 + rows[i].held);
		in.max_ms = rows[i].max;
		struct outage o = evaluate(&in);
		if (o.verdict != rows[i].verdict)
			fail_msg("row %zu: %s", i, outage_verdict_name(o.verdict));
	}
}

static void test_no_failover(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	in.moved = false;
	lose(DOWN + 1, UP + 2);
	struct outage o = evaluate(&in);
	assert_ms(outage_ms(&o.failover), 4001);
	assert_int_equal(o.verdict, OUTAGE_FAIL);
	in.known = false;
	o = evaluate(&in);
	assert_false(o.failed_over);
	assert_int_equal(o.verdict, OUTAGE_FAIL);
	hold_guest(DOWN, UP); /* all of the guest stood still */
	assert_int_equal(evaluate(&in).verdict, OUTAGE_INCONCLUSIVE);

	in = fresh();
	in.moved = false;
	in.untouched = true; /* the leg kept its carrier, and nothing was lost */
	assert_int_equal(evaluate(&in).verdict, OUTAGE_INCONCLUSIVE);
	lose(DOWN + 1, UP + 2); /* the path has failed, whatever the carrier says */
	assert_int_equal(evaluate(&in).verdict, OUTAGE_FAIL);
	hold_guest(DOWN, UP); /* all of the guest stood still: that was not the failure */
	o = evaluate(&in);
	assert_true(o.untouched);
	assert_int_equal(o.verdict, OUTAGE_INCONCLUSIVE);

	in = fresh();
	in.known = in.moved = false;
	lose(DOWN + 1, DOWN + 41);
	o = evaluate(&in);
	assert_true(o.failed_over); /* the answers tell */
	assert_int_equal(o.verdict, OUTAGE_PASS);
}

static void test_standby_leg(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	in.must_move = in.moved = false;
	struct outage o = evaluate(&in);
	assert_false(o.failed_over);
	assert_int_equal(o.verdict, OUTAGE_PASS);
}

static void test_failback(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	lose(DOWN + 1, DOWN + 41);
	lose(UP + 1500, UP + 1560);
	struct outage o = evaluate(&in);
	assert_int_equal(o.failback.lost, 0);
	assert_int_equal(o.n_elsewhere, 1);
	in.moves_back = true;
	o = evaluate(&in);
	assert_ms(outage_ms(&o.failback), 60);
	assert_int_equal(o.n_elsewhere, 0);
	in.max_ms = 50;
	assert_int_equal(evaluate(&in).verdict, OUTAGE_FAIL);

	in = fresh();
	lose(UP + 1, UP + 21);
	o = evaluate(&in);
	assert_ms(outage_ms(&o.failback), 20);
}

static void test_lost_to_the_end(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	lose(MS - 2, MS);
	assert_int_equal(evaluate(&in).verdict, OUTAGE_PASS);
	lose(8000, MS);
	assert_int_equal(evaluate(&in).verdict, OUTAGE_FAIL);
	hold_guest(8000, MS + 1000);
	assert_int_equal(evaluate(&in).verdict, OUTAGE_INCONCLUSIVE);
}

/* Where the link goes down some time after it was asked for. */
static void test_delay(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	lose(DOWN + 600, DOWN + 640);
	struct outage o = evaluate(&in);
	assert_ms(outage_ms(&o.failover), 0);
	assert_int_equal(o.n_elsewhere, 1);
	in.delay_ms = 1000;
	o = evaluate(&in);
	assert_ms(outage_ms(&o.failover), 40);
	assert_int_equal(o.n_elsewhere, 0);
}

static void test_no_queries(void **state)
{
	struct outage_input in = fresh();

	(void)state;
	in.dns.n = in.echo.n = 0;
	assert_int_equal(evaluate(&in).failover.lost, 0);
}

static struct outage run_of(double ms, enum outage_verdict verdict)
{
	return (struct outage){
		.failover = {.end_ms = ms, .measured = verdict != OUTAGE_INCONCLUSIVE},
		.verdict = verdict};
}

static void test_summary(void **state)
{
	struct outage runs[21];
	const struct outage *list[ARRAY_SIZE(runs)];
	struct outage_summary s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		runs[i] = run_of((double)(20 - i) + 1, OUTAGE_PASS);
		list[i] = &runs[i];
	}
	outage_summarize(list, 20, &s);
	assert_ms(s.median_ms, 11.5); /* of 2 to 21 */
	assert_ms(s.p95_ms, 20);
	assert_ms(s.max_ms, 21);
	outage_summarize(list, 21, &s);
	assert_ms(s.median_ms, 11);
	assert_int_equal(s.verdict, OUTAGE_PASS);

	runs[0] = run_of(500, OUTAGE_INCONCLUSIVE);
	outage_summarize(list, 21, &s);
	assert_ms(s.max_ms, 20);
	assert_int_equal(s.n_measured, 20);
	assert_int_equal(s.verdict, OUTAGE_PASS);
	outage_summarize(list, 1, &s);
	assert_int_equal(s.n_measured, 0);
	assert_int_equal(s.verdict, OUTAGE_INCONCLUSIVE);
	runs[1] = run_of(4000, OUTAGE_FAIL);
	outage_summarize(list, 2, &s);
	assert_int_equal(s.verdict, OUTAGE_FAIL);
}

static void test_rate(void **state)
{
	static const struct {
		unsigned qps, next;
		struct dnsload_result result;
	} rows[] = {
		{1000, 1000, {.answered = 400, .latency_p99 = 20}},
		{1000, 500, {.answered = 399, .lost = 1, .latency_p99 = 20}},
		{1000, 500, {.answered = 399, .skipped = 1, .latency_p99 = 20}},
		{1000, 500, {.answered = 400, .latency_p99 = 200}},
		{1000, 500, {0}},
		{30, 20, {.lost = 1}},
		{20, 20, {.lost = 1}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(rate_next(rows[i].qps, &rows[i].result), rows[i].next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noise_elsewhere_is_not_the_outage),
		cmocka_unit_test(test_nothing_lost),
		cmocka_unit_test(test_gap_with_single_answers_is_one),
		cmocka_unit_test(test_noise_makes_it_inconclusive),
		cmocka_unit_test(test_gap_begins_at_the_failure),
		cmocka_unit_test(test_slow_answers_before_without_echo),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_no_failover),
		cmocka_unit_test(test_standby_leg),
		cmocka_unit_test(test_failback),
		cmocka_unit_test(test_lost_to_the_end),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_no_queries),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
