// SPDX-License-Identifier: Apache-2.0
/* What bondd makes of the answers that a path gives, or does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bondd/leg.h"

static const struct track_limits track_limits = {.interval = 20000, .fall = 3, .rise = 25};

/* Probes at 20 ms, each answered after 1 ms while answers is true. */
static int64_t run_track(struct track *t, int64_t now, unsigned n, bool answers)
{
	for (unsigned i = 0; i < n; i++, now += 20000) {
		track_sent(t, &track_limits, now);
		if (answers)
			track_answer(t, &track_limits, now + 1000);
	}
	return now;
}

static void test_track_rises_and_falls(void **state)
{
	(void)state;
	struct track t = {0};
	int64_t now = run_track(&t, 0, 24, true);

	track_sent(&t, &track_limits, now);
	assert_int_equal(track_answer(&t, &track_limits, now + 1500), 1500);
	now += 20000;

	assert_true(t.answered);
	assert_false(t.proven);
	now = run_track(&t, now, 1, true);
	assert_true(t.proven);

	int64_t first_missed = now;
	now = run_track(&t, now, 2, false);
	assert_int_equal(track_silent_at(&t, &track_limits), INT64_MAX);
	now = run_track(&t, now, 1, false);
	assert_true(t.proven);
	/* The third is lost when a quarter of an interval is over. */
	int64_t silent = now - 20000 + 5000;
	assert_in_range(t.slowest, 1, 1500);
	assert_int_equal(track_silent_at(&t, &track_limits), silent);
	assert_int_equal(track_misses(&t, &track_limits, silent - 1), 2);
	assert_false(track_is_silent(&t, &track_limits, silent - 1));
	assert_int_equal(track_misses(&t, &track_limits, silent), 3);
	assert_true(track_is_silent(&t, &track_limits, silent));
	now = run_track(&t, now, 1, false);
	assert_false(t.proven);
	assert_int_equal(t.open_since, first_missed);

	now = run_track(&t, now, 25, true);
	assert_false(track_is_silent(&t, &track_limits, now));
	assert_false(t.proven);
	run_track(&t, now, 1, true);
	assert_true(t.proven);
	assert_int_equal(t.total_sent, 56);
	assert_int_equal(t.total_answered, 52);
}

/* Answers that were held up and come at once say nothing of the probes to come. */
static void test_track_burst_proves_nothing(void **state)
{
	(void)state;
	struct track t = {0};
	int64_t now = run_track(&t, 0, 40, true);

	now = run_track(&t, now, 15, false);
	assert_false(t.proven);
	for (unsigned i = 0; i < 15; i++)
		track_answer(&t, &track_limits, now - 1000);

	struct track poor = t;
	int64_t later = now;
	/* With the probe that was open when they came, 25. */
	now = run_track(&t, now, 24, true);
	assert_false(t.proven);
	run_track(&t, now, 1, true);
	assert_true(t.proven);
	/* Nor does it make up for what is lost after it. */
	for (unsigned i = 0; i < 10; i++) {
		later = run_track(&poor, later, 1, false);
		later = run_track(&poor, later, 2, true);
		assert_false(poor.proven);
	}
	assert_true(track_is_lossy(&poor));
}

/* A round trip of two intervals and a half: always open, never silent, nothing lost. */
static void test_track_slow_path(void **state)
{
	(void)state;
	struct track t = {0};
	int64_t now = 0;

	for (unsigned i = 0; i < 100; i++, now += 20000) {
		track_sent(&t, &track_limits, now);
		if (i >= 2)
			track_answer(&t, &track_limits, now + 10000);
		assert_false(track_is_silent(&t, &track_limits, now));
	}
	assert_true(t.proven);
	assert_int_equal(track_lost(&t), 0);
}

/* Some answers come after the next probes, as from a slow guest or a busy gateway: none of them is
 * excess. */
static void test_track_late_answers_are_not_doubted(void **state)
{
	(void)state;
	for (unsigned late = 1; late <= TRACK_PATIENCE; late++) {
		struct track t = {0};
		int64_t now = 0;
		for (unsigned i = 0, waiting = 0; i < 10000; i++, now += 20000) {
			track_sent(&t, &track_limits, now);
			waiting++;
			if (i % 7 < late && i % 7 != 6)
				continue;
			for (; waiting; waiting--)
				track_answer(&t, &track_limits, now + 1000);
		}
		assert_int_equal(t.total_excess, 0);
		/* A neighbour that answers each probe, too, is found out all the same. */
		for (unsigned i = 0; i < 60; i++, now += 20000) {
			track_sent(&t, &track_limits, now);
			track_answer(&t, &track_limits, now + 1000);
			track_answer(&t, &track_limits, now + 2000);
		}
		assert_true(track_is_doubted(&t));
	}
}

/* One that was slow a moment ago is given the time that it took then, and no more later on. */
static void test_track_patience(void **state)
{
	(void)state;
	struct track t = {0};
	int64_t now = run_track(&t, 0, 40, true);

	track_sent(&t, &track_limits, now);
	now += 20000;
	track_sent(&t, &track_limits, now);
	track_answer(&t, &track_limits, now + 25000); /* after 45 ms */
	now = run_track(&t, now + 30000, 2, true);
	int64_t first = now;
	now = run_track(&t, now, 4, false);
	assert_in_range(t.slowest, 40000, 45000);
	assert_false(track_is_silent(&t, &track_limits, first + 60000));
	assert_int_equal(track_silent_at(&t, &track_limits), first + 35000 + t.slowest);
	assert_true(track_is_silent(&t, &track_limits, first + 80000));

	now = run_track(&t, now, 200, true);
	now = run_track(&t, now, 4, false);
	assert_true(track_is_silent(&t, &track_limits, now));
	/* An outage is no round trip. */
	now = run_track(&t, now, 1, true);
	assert_true(t.slowest < 20000);
}

/* A path that was slow of late does not vouch for itself with a probe that it has not answered. */
static void test_track_fresh(void **state)
{
	(void)state;
	struct track slow = {0}, fast = {0};
	int64_t now = run_track(&fast, 0, 40, true);

	run_track(&slow, 0, 39, true);
	track_sent(&slow, &track_limits, now - 20000);
	track_answer(&slow, &track_limits, now - 5000); /* after 15 ms */
	run_track(&slow, now, 2, true);
	now = run_track(&fast, now, 2, false);
	track_sent(&slow, &track_limits, now);
	track_sent(&fast, &track_limits, now);

	int64_t silent = track_silent_at(&fast, &track_limits);
	assert_int_equal(silent, now + 5000);
	assert_true(track_is_fresh(&slow, &track_limits, silent - 1));
	assert_int_equal(track_misses(&slow, &track_limits, silent), 0);
	assert_false(track_is_fresh(&slow, &track_limits, silent));
	track_answer(&slow, &track_limits, silent);
	assert_true(track_is_fresh(&slow, &track_limits, silent));
}

static void test_track_loss(void **state)
{
	(void)state;
	struct track t = {0};
	int64_t now = run_track(&t, 0, 40, true);

	for (unsigned i = 0; i < 3; i++) {
		now = run_track(&t, now, 1, false);
		now = run_track(&t, now, 2, true);
	}
	assert_false(track_is_lossy(&t));
	now = run_track(&t, now, 1, false);
	assert_false(track_is_lossy(&t)); /* it may be late */
	now = run_track(&t, now, 2, true);
	assert_true(track_is_lossy(&t));
	assert_false(t.proven);
	now = run_track(&t, now, 16, true);
	assert_false(track_is_lossy(&t));

	track_forget(&t);
	assert_false(t.answered);
	assert_int_equal(track_lost(&t), 0);
	run_track(&t, now, 3, false);
	assert_false(track_is_silent(&t, &track_limits, now)); /* of what came after */
	assert_false(track_is_lossy(&t));
}

/* A burst finds silence sooner, and its probes are counted once. */
static void test_track_burst(void **state)
{
	(void)state;
	struct track t = {0};
	int64_t now = run_track(&t, 0, 40, true);

	track_sent(&t, &track_limits, now);
	track_repeat(&t, now + 4000);
	assert_int_equal(track_silent_at(&t, &track_limits), INT64_MAX);
	track_repeat(&t, now + 8000);
	assert_int_equal(track_silent_at(&t, &track_limits), INT64_MAX);
	assert_int_equal(track_misses(&t, &track_limits, now + 12000), 2);
	track_give_up(&t);
	assert_true(track_is_silent(&t, &track_limits, now + 12000));
	assert_int_equal(track_misses(&t, &track_limits, now + 12000), 3);
	/* Over without a result: as if it had not been. */
	struct track ended = t;
	track_end_burst(&ended);
	assert_int_equal(track_silent_at(&ended, &track_limits), INT64_MAX);
	run_track(&ended, now + 20000, 2, false);
	assert_int_equal(track_silent_at(&ended, &track_limits), now + 45000);

	/* An answer settles all; the next one is no forgery, nor a round trip. */
	assert_int_equal(track_answer(&t, &track_limits, now + 9000), -1);
	assert_true(track_is_fresh(&t, &track_limits, now + 12000));
	assert_int_equal(track_answer(&t, &track_limits, now + 9500), -1);
	assert_int_equal(track_answer(&t, &track_limits, now + 9900), -1);
	assert_int_equal(track_answer(&t, &track_limits, now + 9900), TRACK_EXCESS);
	/* While it lasts, a probe that only just went proves nothing. */
	track_sent(&t, &track_limits, now + 10000);
	assert_false(track_is_fresh(&t, &track_limits, now + 10001));
	track_end_burst(&t);
	assert_true(track_is_fresh(&t, &track_limits, now + 10001));
}

/* Its answers neither hide that their first probe was lost, nor make up for others. */
static void test_track_loss_in_bursts(void **state)
{
	(void)state;
	struct track t = {0};
	int64_t now = run_track(&t, 0, 40, true);

	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(track_lost(&t), i);
		track_sent(&t, &track_limits, now);
		for (unsigned k = 1; k < 3; k++) {
			track_repeat(&t, now + 4000 * k);
			track_answer(&t, &track_limits, now + 4000 * k + 1000);
		}
		track_end_burst(&t);
		now = run_track(&t, now + 20000, 2, true);
	}
	assert_true(track_is_lossy(&t));
	/* All answered: nothing is lost, and what was remains so. */
	track_sent(&t, &track_limits, now);
	track_repeat(&t, now + 4000);
	track_answer(&t, &track_limits, now + 4500);
	track_answer(&t, &track_limits, now + 5000);
	track_end_burst(&t);
	run_track(&t, now + 20000, 1, true);
	assert_int_equal(track_lost(&t), 4);
}

static void test_leg_tells_of_loss(void **state)
{
	(void)state;
	const struct targets targets = {.n = 1};
	struct leg leg = {.index = 1};
	struct decide_leg d;
	int64_t now = run_track(&leg.tracks[0], 0, 40, true);

	leg_snapshot(&leg, &targets, &track_limits, 0, now - 1, &d);
	assert_int_equal(d.lossy, 0);
	assert_int_equal(d.proven, 1);
	for (unsigned i = 0; i < 4; i++) {
		now = run_track(&leg.tracks[0], now, 1, false);
		now = run_track(&leg.tracks[0], now, 2, true);
	}
	leg_snapshot(&leg, &targets, &track_limits, 0, now - 1, &d);
	assert_int_equal(d.lossy, 1);
	assert_int_equal(d.proven, 0);
	assert_int_equal(d.heard, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_track_rises_and_falls),
		cmocka_unit_test(test_track_burst_proves_nothing),
		cmocka_unit_test(test_track_slow_path),
		cmocka_unit_test(test_track_late_answers_are_not_doubted),
		cmocka_unit_test(test_track_patience),
		cmocka_unit_test(test_track_fresh),
		cmocka_unit_test(test_track_loss),
		cmocka_unit_test(test_track_burst),
		cmocka_unit_test(test_track_loss_in_bursts),
		cmocka_unit_test(test_leg_tells_of_loss),
	};

	return cmocka_run_group_tests_name("track", tests, NULL, NULL);
}
