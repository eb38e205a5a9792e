// SPDX-License-Identifier: Apache-2.0
/*
 * Probes at once when an answer is late: how soon a dead leg is left, and what must not move the
 * bond. Two legs and one target in virtual time, with bondd's monitor as its main loop runs it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "bondd/conf.h"
#include "bondd/monitor.h"
#include "bondd/tables.h"
#include "random_util.h"

enum { MS = 1000, SECOND = 1000 * MS, TICK = 20 * MS, IN_FLIGHT = 64 };

struct world {
	struct bond_monitor m;
	struct conf conf;
	struct tables tables;
	struct monitor_ctx ctx;
	int64_t now, handled, next_tick;
	int64_t round_trip[2]; /* us, without the pauses of this machine */
	bool dead[2];          /* the path; the carrier stays */
	int64_t cut;           /* when it died */
	unsigned lost;         /* of 1000 probes or answers */
	int64_t answers[2][IN_FLIGHT];
	size_t n_answers[2];
	uint64_t sent[2];                               /* probes that the target has got */
	int64_t target_pauses, target_wakes;            /* from, until: answers wait */
	int64_t (*late)(struct world *w, int64_t wake); /* when bondd runs; NULL: at once */
	bool busy;                                      /* the machine: all is late, see delay_of */
	bool stalls;                                    /* and now and then, all of one leg */
	int64_t stalled[2], resumed[2];                 /* from, until */
	size_t moves, idle_wakes;
	int64_t moved_at;
};

static bool chance(unsigned of, unsigned all)
{
	return roll(all) < of;
}

/*
 * What a machine with twice as much to do as it can adds, in us: the median, and what is exceeded
 * once in 10, 100 and 1000 times; and the most. As seen in a VM under emulation on such a machine.
 */
struct delays {
	int64_t us[6];
};

static const struct delays of_both_legs = {{0, 1000, 6000, 14000, 25000, 35000}};
static const struct delays of_one_leg = {{0, 100, 3000, 7000, 12000, 15000}};
static const struct delays of_bondd = {{0, 1500, 4500, 20000, 50000, 60000}};

static int64_t delay_of(const struct delays *d)
{
	static const unsigned below[] = {0, 5000, 9000, 9900, 9990, 10000};
	unsigned at = roll(10000), i = 1;

	while (at >= below[i])
		i++;
	return d->us[i - 1] +
	       (d->us[i] - d->us[i - 1]) * (at - below[i - 1]) / (below[i] - below[i - 1]);
}

/* The vCPU that takes in a leg's answers does not run for up to 11 ms, every 100 ms. */
static int64_t after_stall(struct world *w, unsigned leg, int64_t at)
{
	while (at >= w->resumed[leg]) {
		int64_t lasts = (chance(1, 4) ? 4 * MS + roll(7 * MS) : roll(4 * MS));
		w->stalled[leg] = w->resumed[leg] + roll(200 * MS);
		w->resumed[leg] = w->stalled[leg] + lasts;
	}
	return at >= w->stalled[leg] ? w->resumed[leg] : at;
}

static int64_t run_late(struct world *w, int64_t wake)
{
	return wake + (w->busy ? delay_of(&of_bondd) : 0);
}

/* The answers of the target to probes that have just been sent. */
static void world_answer(struct world *w)
{
	int64_t both = w->busy ? delay_of(&of_both_legs) : 0;

	for (unsigned i = 0; i < 2; i++)
		for (; w->sent[i] < w->m.legs[i].sent; w->sent[i]++) {
			int64_t at = w->now + w->round_trip[i] + both;
			if (w->busy)
				at += delay_of(&of_one_leg);
			if (w->stalls)
				at = after_stall(w, i, at);
			if ((w->dead[i] && at > w->cut) || chance(w->lost, 1000) ||
			    w->n_answers[i] == IN_FLIGHT)
				continue;
			if (at >= w->target_pauses && at < w->target_wakes)
				at = w->target_wakes + w->round_trip[i];
			size_t n = w->n_answers[i]++;
			if (n > 0 && w->answers[i][n - 1] > at)
				at = w->answers[i][n - 1]; /* one after the other */
			w->answers[i][n] = at;
		}
}

static void world_hear(struct world *w)
{
	for (unsigned i = 0; i < 2; i++) {
		struct leg *l = &w->m.legs[i];
		size_t left = 0;
		for (size_t k = 0; k < w->n_answers[i]; k++) {
			if (w->answers[i][k] > w->now)
				w->answers[i][left++] = w->answers[i][k];
			else if (!w->dead[i] || w->answers[i][k] <= w->cut)
				track_answer(&l->tracks[0], &w->conf.track, w->now);
		}
		w->n_answers[i] = left;
	}
}

static void world_choose(struct world *w)
{
	struct decision d = monitor_choose(&w->m, &w->ctx, w->now);

	world_answer(w);
	if (!d.to)
		return;
	w->m.moves[w->m.n_moves++ % DECIDE_MOVES] = w->now;
	w->m.active = d.to;
	burst_end(&w->m.burst, w->m.legs, w->m.n_legs);
	w->moves++;
	w->moved_at = w->now;
}

/* One round of the main loop: in watch.c's order. */
static void world_step(struct world *w)
{
	int64_t due = monitor_due_at(&w->m, &w->ctx, w->handled);
	int64_t wake = due < w->next_tick ? due : w->next_tick;
	bool answered = false;

	for (unsigned i = 0; i < 2; i++)
		if (w->n_answers[i] > 0 && w->answers[i][0] <= wake) {
			wake = w->answers[i][0];
			answered = true;
		}
	if (wake < w->now)
		wake = w->now;
	w->now = w->late ? w->late(w, wake) : wake;
	w->handled = w->now;
	world_hear(w);
	w->idle_wakes += !answered && w->now < w->next_tick;
	if (w->now >= due)
		world_choose(w);
	if (w->now < w->next_tick)
		return;
	monitor_tick(&w->m, &w->ctx, w->now);
	world_answer(w);
	world_choose(w);
	w->next_tick = w->now > w->next_tick + TICK / 4 ? w->now + TICK : w->next_tick + TICK;
}

static void world_run(struct world *w, int64_t us)
{
	for (int64_t end = w->now + us; w->now < end;)
		world_step(w);
}

static void world_init(struct world *w, int64_t active_us, int64_t idle_us)
{
	*w = (struct world){.round_trip = {active_us, idle_us}};
	conf_init(&w->conf);
	w->ctx = (struct monitor_ctx){.conf = &w->conf, .tables = &w->tables, .epoll = -1};
	monitor_init(&w->m, &(struct rtnl_link){.index = 9, .name = "bond0"});
	w->m.active_backup = true;
	w->m.active = w->m.last_active = 1;
	w->m.targets.n = 1;
	for (int i = 0; i < 2; i++) {
		const struct rtnl_link link = {
			.index = i + 1, .carrier = TRI_YES, .mii_up = TRI_YES};
		struct leg *l = &w->m.legs[w->m.n_legs++];
		leg_init(l, &link, 0);
		l->probed = true;
		l->fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* nothing is sent */
		assert_true(l->fd >= 0);
	}
	world_run(w, 2 * SECOND);
	assert_int_equal(w->moves, 0);
}

/* us from the cut of the active leg, between two ticks, until the bond has left it. */
static int64_t time_to_leave(struct world *w)
{
	w->cut = w->next_tick + roll(TICK);
	while (w->now + TICK < w->cut)
		world_step(w);
	w->dead[w->m.active - 1] = true;
	for (size_t moves = w->moves; w->moves == moves;) {
		world_step(w);
		assert_true(w->now - w->cut < SECOND);
	}
	return w->moved_at - w->cut;
}

static void test_dead_leg_is_left_soon(void **state)
{
	(void)state;
	int64_t sum = 0, worst = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct world w;
		world_init(&w, 800, 800);
		int64_t us = time_to_leave(&w);
		sum += us;
		worst = us > worst ? us : worst;
		assert_int_equal(w.m.burst.total, 1);
		monitor_clear(&w.m);
	}
	printf("left after %.1f ms (mean), %.1f ms (worst)\n", (double)sum / 200 / MS,
	       (double)worst / MS);
	assert_true(sum / 200 <= 25 * MS);
	assert_true(worst <= 35 * MS);
}

/* Neither probes nor wakes while all is well. */
static void test_costs_nothing_while_all_is_well(void **state)
{
	(void)state;
	struct world w;

	world_init(&w, 1500, 800);
	w.idle_wakes = 0;
	world_run(&w, 60 * SECOND);
	assert_int_equal(w.m.burst.total, 0);
	assert_int_equal(w.idle_wakes, 0);
	monitor_clear(&w.m);
}

/* A round trip longer than a burst's probes are apart, on one leg or on both, whenever it begins.
 */
static void test_slow_path_is_kept(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct world w;
		world_init(&w, 800, 800);
		world_run(&w, (int64_t)roll(5000) * 100);
		w.round_trip[0] = 8 * MS;
		w.round_trip[1] = i % 2 ? 8 * MS : 800;
		world_run(&w, 10 * SECOND);
		assert_int_equal(w.moves, 0);
		/* Then it is known to be slow. Both at once are no reason to compare them. */
		assert_in_range(w.m.burst.total, i % 2 ? 0 : 1, i % 2 ? 0 : BURSTS);
		monitor_clear(&w.m);
	}
	for (int64_t ms = 1; ms < 60; ms++) {
		struct world w;
		world_init(&w, ms * MS, 800);
		world_run(&w, 10 * SECOND);
		assert_int_equal(w.moves, 0);
		monitor_clear(&w.m);
	}
}

/* The target pauses, then answers what it has got: one leg's answers first, or the other's. */
static void test_pause_of_the_target_moves_nothing(void **state)
{
	(void)state;
	struct world w;

	world_init(&w, 800, 300);
	for (unsigned i = 0; i < 20000; i++) {
		w.target_pauses = w.now + roll(100 * MS);
		w.target_wakes = w.target_pauses + 1 * MS + roll(30 * MS);
		w.round_trip[0] = 300 + roll(900);
		w.round_trip[1] = 300 + roll(900);
		world_run(&w, 200 * MS);
	}
	assert_int_equal(w.moves, 0);
	assert_true(w.m.burst.total > 0);
	monitor_clear(&w.m);
}

/* Nor does a target that fails for longer, whatever the round trips of the legs. */
static void test_failure_of_the_target_moves_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct world w;
		world_init(&w, 300 + roll(TICK), 300 + roll(TICK));
		for (unsigned k = 0; k < 20; k++) {
			world_run(&w, roll(1000) * MS + roll(MS));
			w.dead[0] = w.dead[1] = true;
			w.cut = w.now;
			/* Also for so long that what is known of the legs might be forgotten. */
			world_run(&w, (200 + roll(i % 20 || k ? 1000 : 60000)) * MS + roll(MS));
			w.dead[0] = w.dead[1] = false;
		}
		assert_int_equal(w.moves, 0);
		monitor_clear(&w.m);
	}
}

/*
 * A machine that runs for 1 ms and pauses for 7 ms: what it has to do for an answer of the active
 * leg takes 3 ms of its time, for one of the other leg hardly any. bondd is late for each look.
 */
static int64_t run_in_pieces(struct world *w, int64_t wake)
{
	int64_t phase = wake % (8 * MS);

	w->round_trip[0] = 3 * 8 * MS + 300;
	w->m.legs[1].tracks[0].slowest = 100;
	return phase < MS ? wake : wake - phase + 8 * MS;
}

static void test_late_bondd_moves_nothing(void **state)
{
	(void)state;
	size_t bursts = 0;

	for (unsigned i = 0; i < 300; i++) {
		struct world w;
		world_init(&w, 800, 100);
		world_run(&w, (int64_t)roll(10000) * 10);
		w.late = run_in_pieces;
		world_run(&w, 5 * SECOND);
		assert_int_equal(w.moves, 0);
		bursts += w.m.burst.total;
		monitor_clear(&w.m);
	}
	printf("%zu bursts\n", bursts);
}

/* However many answers are late, and even if that does not make the pace slower. */
static void test_bursts_are_few(void **state)
{
	(void)state;
	for (unsigned lost = 10; lost <= 160; lost *= 2) {
		struct world w;
		world_init(&w, 800, 800);
		uint64_t sent = w.m.legs[0].sent + w.m.legs[1].sent;
		w.lost = lost;
		for (int64_t end = w.now + 600 * (int64_t)SECOND; w.now < end; world_step(&w))
			w.m.legs[0].tracks[0].slowest = w.m.legs[1].tracks[0].slowest = 800;
		sent = w.m.legs[0].sent + w.m.legs[1].sent - sent;
		printf("%u of 1000 lost: %llu bursts, %llu probes in 600 s\n", lost,
		       (unsigned long long)w.m.burst.total, (unsigned long long)sent);
		assert_in_range(w.m.burst.total, 1, 604);
		/* 50 a second and leg, and in a burst two more of each. */
		assert_true(sent <= 2 * 50 * 600 + 4 * 604 + 2);
		monitor_clear(&w.m);
	}
}

/* Once bursts are used up, a leg is still left: by the probes at ticks. */
static void test_dead_leg_is_left_without_a_burst(void **state)
{
	(void)state;
	struct world w;

	world_init(&w, 800, 800);
	for (unsigned i = 0; i < BURSTS; i++)
		w.m.burst.started[i] = w.now;
	w.m.burst.total = BURSTS;
	assert_in_range(time_to_leave(&w), 44 * MS, 67 * MS);
	assert_int_equal(w.m.burst.total, BURSTS);
	monitor_clear(&w.m);
}

/* Answers forged on the dead leg, at the rate of its probes, do not hide its death. */
static void test_forged_answers_do_not_hide_a_dead_leg(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct world w;
		world_init(&w, 800, 800);
		w.cut = w.now;
		w.dead[0] = true;
		while (w.moves == 0) {
			world_step(&w);
			for (unsigned k = roll(8); k > 0; k--)
				track_answer(&w.m.legs[0].tracks[0], &w.conf.track, w.now);
			assert_true(w.now - w.cut <= 2 * SECOND);
		}
		assert_int_equal(w.m.active, 2);
		monitor_clear(&w.m);
	}
}

/*
 * Traffic on the active leg: bursts of 2 to 60 ms that fill a queue of up to 7 ms on its way,
 * faster than an interval or slower, then a pause of 5 to 500 ms.
 */
static void test_hour_of_bursty_traffic_moves_nothing(void **state)
{
	(void)state;
	struct world w;
	unsigned pauses = 0;

	world_init(&w, 800, 800);
	for (int64_t end = w.now + 3600 * (int64_t)SECOND; w.now < end; pauses++) {
		int64_t stop = w.now + 2 * MS + roll(58 * MS), full = roll(7 * MS);
		int64_t grows = 1 + roll(30); /* us of queue in 10 us */
		for (int64_t queue = 0; w.now < stop;) {
			int64_t then = w.now;
			world_step(&w);
			queue += (w.now - then) * grows / 10;
			w.round_trip[0] = 800 + (queue < full ? queue : full);
		}
		w.round_trip[0] = 800;
		world_run(&w, 5 * MS + roll(495 * MS));
	}
	printf("%u pauses, %llu bursts\n", pauses, (unsigned long long)w.m.burst.total);
	assert_int_equal(w.moves, 0);
	assert_true(w.m.burst.total > 0);
	monitor_clear(&w.m);
}

/* An hour of a machine that is busy for up to 20 s, then not for as long. */
static void test_busy_machine_moves_nothing(void **state)
{
	(void)state;
	struct world w;

	world_init(&w, 800, 800);
	w.late = run_late;
	for (int64_t end = w.now + 3600 * (int64_t)SECOND; w.now < end;) {
		w.busy = !w.busy;
		world_run(&w, roll(20 * SECOND));
	}
	printf("%llu bursts, %zu moves\n", (unsigned long long)w.m.burst.total, w.moves);
	assert_int_equal(w.moves, 0);
	monitor_clear(&w.m);
}

/* Half an hour of a machine that stalls one leg's answers or the other's. */
static void test_stalls_move_nothing(void **state)
{
	(void)state;
	struct world w;

	world_init(&w, 800, 800);
	w.stalls = true;
	w.resumed[0] = w.resumed[1] = w.now;
	world_run(&w, 1800 * (int64_t)SECOND);
	printf("%llu bursts, %zu moves\n", (unsigned long long)w.m.burst.total, w.moves);
	assert_int_equal(w.moves, 0);
	monitor_clear(&w.m);
}

/* Though answers are late there, a leg whose path dies is left soon. */
static void test_dead_leg_is_left_on_a_busy_machine(void **state)
{
	(void)state;
	int64_t sum = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct world w;
		world_init(&w, 800, 800);
		w.late = run_late;
		w.busy = true;
		world_run(&w, 5 * SECOND);
		sum += time_to_leave(&w);
		monitor_clear(&w.m);
	}
	printf("left after %.1f ms (mean)\n", (double)sum / 200 / MS);
	assert_true(sum / 200 <= 100 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dead_leg_is_left_soon),
		cmocka_unit_test(test_costs_nothing_while_all_is_well),
		cmocka_unit_test(test_slow_path_is_kept),
		cmocka_unit_test(test_pause_of_the_target_moves_nothing),
		cmocka_unit_test(test_failure_of_the_target_moves_nothing),
		cmocka_unit_test(test_late_bondd_moves_nothing),
		cmocka_unit_test(test_bursts_are_few),
		cmocka_unit_test(test_dead_leg_is_left_without_a_burst),
		cmocka_unit_test(test_forged_answers_do_not_hide_a_dead_leg),
		cmocka_unit_test(test_hour_of_bursty_traffic_moves_nothing),
		cmocka_unit_test(test_busy_machine_moves_nothing),
		cmocka_unit_test(test_stalls_move_nothing),
		cmocka_unit_test(test_dead_leg_is_left_on_a_busy_machine),
	};

	random_begin();
	return cmocka_run_group_tests_name("burst", tests, NULL, NULL);
}
