// SPDX-License-Identifier: Apache-2.0
/* bondd's choice: rules one by one, then random worlds against what such a world allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "bondd/leg.h"
#include "random_util.h"

static const struct decide_limits limits = {
	.failback = FAILBACK_NEVER,
	.max_moves = 6,
	.window = 60000000,
	.hold = 250000,
};

/* A leg that hears both of two targets. */
static struct decide_leg good_leg(int index)
{
	return (struct decide_leg){
		.index = index,
		.carrier = TRI_YES,
		.up = TRI_YES,
		.heard = 3,
		.fresh = 3,
		.proven = 3,
		.carrier_lost = -1,
		.speed = 10000,
	};
}

static void make_silent(struct decide_leg *l, uint32_t targets)
{
	l->heard &= ~targets;
	l->fresh &= ~targets;
	l->proven &= ~targets;
	l->silent |= targets;
	for (size_t i = 0; i < DECIDE_TARGETS; i++)
		l->silent_since[i] = 940000;
}

struct snapshot {
	struct decide_leg legs[3];
	int64_t moves[8];
	size_t n_moves;
	struct decide_limits limits;
};

static void set_snapshot(struct snapshot *s)
{
	*s = (struct snapshot){.limits = limits};
	for (int i = 0; i < 3; i++)
		s->legs[i] = good_leg(i + 1);
}

static struct decision ask(const struct snapshot *s, int active)
{
	const struct decide_snapshot snapshot = {
		.now = 1000000,
		.active_backup = true,
		.active = active,
		.legs = s->legs,
		.n_legs = 3,
		.moves = s->moves,
		.n_moves = s->n_moves,
	};

	return decide(&snapshot, &s->limits);
}

static void assert_decision(const struct snapshot *s, enum decide_reason reason, int to)
{
	struct decision d = ask(s, 1);

	assert_string_equal(decide_reason_name(d.reason), decide_reason_name(reason));
	assert_int_equal(d.to, to);
}

static void test_healthy_leg_is_kept(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	s.legs[1].preference = 1;
	s.legs[1].speed = 25000;
	assert_decision(&s, DECIDE_HEALTHY, 0);
}

static void test_carrier(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	s.legs[0].carrier = TRI_NO;
	s.legs[0].carrier_lost = 999000;
	assert_decision(&s, DECIDE_CARRIER, 2);
	assert_int_equal(ask(&s, 1).since, 999000);
	s.legs[1].fresh = 0; /* an answer that is late */
	assert_decision(&s, DECIDE_CARRIER, 2);
	s.legs[1].up = TRI_NO; /* the kernel would refuse it */
	assert_decision(&s, DECIDE_CARRIER, 3);
	s.legs[2].carrier = TRI_UNKNOWN;
	assert_decision(&s, DECIDE_NO_PROVEN, 0);
}

static void test_never_to_an_unproven_leg(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	for (int i = 1; i < 3; i++)
		s.legs[i].proven = 0;
	s.legs[0].carrier = TRI_NO;
	assert_decision(&s, DECIDE_NO_PROVEN, 0);
	s.legs[0].carrier = TRI_YES;
	make_silent(&s.legs[0], 3);
	assert_decision(&s, DECIDE_NO_PROVEN, 0);
	s.legs[2].proven = 1;
	assert_decision(&s, DECIDE_SILENT, 3);
}

static void test_silent_path(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	make_silent(&s.legs[0], 3);
	assert_decision(&s, DECIDE_SILENT, 2);
	assert_int_equal(ask(&s, 1).targets, 3);
	assert_int_equal(ask(&s, 1).since, 940000);
	s.legs[1].fresh = 0; /* it, too, missed its last probe: wait for the next */
	assert_decision(&s, DECIDE_SILENT, 3);
	s.legs[2].fresh = 0;
	assert_decision(&s, DECIDE_NO_PROVEN, 0);
}

static void test_dead_target_moves_nobody(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	for (int i = 0; i < 3; i++)
		make_silent(&s.legs[i], 3);
	assert_decision(&s, DECIDE_TARGETS_GONE, 0);
	/* Nobody knows that where only the active leg is probed. */
	s.legs[1].silent = s.legs[2].silent = 0;
	assert_decision(&s, DECIDE_NO_PROVEN, 0);
	/* One is dead for all, the other is not. */
	set_snapshot(&s);
	for (int i = 0; i < 3; i++)
		make_silent(&s.legs[i], 1);
	assert_decision(&s, DECIDE_HEALTHY, 0);
	/* And then the path of the active leg dies. */
	make_silent(&s.legs[0], 2);
	s.legs[0].silent_since[0] = 1; /* long before, and no part of this failure */
	assert_decision(&s, DECIDE_SILENT, 2);
	assert_int_equal(ask(&s, 1).targets, 2);
	assert_int_equal(ask(&s, 1).since, 940000);
}

static void test_targets_vote(void **state)
{
	(void)state;
	struct snapshot s;

	/* One for, one against: no majority. */
	set_snapshot(&s);
	make_silent(&s.legs[0], 1);
	assert_decision(&s, DECIDE_HEALTHY, 0);
	/* One for, two against. */
	for (int i = 0; i < 3; i++)
		s.legs[i].heard = s.legs[i].fresh = s.legs[i].proven = 7;
	s.legs[0] = good_leg(1);
	s.legs[0].heard = 4;
	s.legs[0].silent = 3;
	assert_decision(&s, DECIDE_SILENT, 2);
	/* The majority is the same where no leg is proven. */
	s.legs[1].proven = s.legs[2].proven = 0;
	assert_decision(&s, DECIDE_NO_PROVEN, 0);
	s.legs[2].proven = 7;
	/* Whoever is proven by more targets is taken. */
	s.legs[1].proven = 3;
	assert_decision(&s, DECIDE_SILENT, 3);
}

static void test_lossy_path(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	s.legs[0].lossy = 3;
	assert_decision(&s, DECIDE_LOSSY, 2);
	s.legs[1].lossy = 3; /* as a target that limits its answers makes all */
	s.legs[2].lossy = 3;
	assert_decision(&s, DECIDE_HEALTHY, 0);
	s.legs[2] = good_leg(3);
	s.legs[2].proven = 0; /* better, but not proven yet */
	assert_decision(&s, DECIDE_NO_PROVEN, 0);
}

static void test_unknown_moves_nobody(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	s.legs[0] = (struct decide_leg){.index = 1,
					.carrier = TRI_UNKNOWN,
					.up = TRI_UNKNOWN,
					.carrier_lost = -1,
					.speed = -1};
	assert_decision(&s, DECIDE_UNKNOWN, 0);
	assert_int_equal(ask(&s, 0).reason, DECIDE_NO_ACTIVE);
	assert_int_equal(ask(&s, 9).reason, DECIDE_NO_ACTIVE);

	struct decide_snapshot other_mode = {.active = 1, .legs = s.legs, .n_legs = 3};
	assert_int_equal(decide(&other_mode, &limits).reason, DECIDE_MODE);
}

static void test_order_is_total(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	make_silent(&s.legs[0], 3);
	s.legs[2].preference = 1;
	assert_decision(&s, DECIDE_SILENT, 3);
	s.legs[2].preference = 0;
	s.legs[2].speed = 25000;
	assert_decision(&s, DECIDE_SILENT, 3);
	s.legs[2].speed = 10000;
	assert_decision(&s, DECIDE_SILENT, 2);

	struct decide_leg swap = s.legs[1]; /* the order of the list says nothing */
	s.legs[1] = s.legs[2];
	s.legs[2] = swap;
	assert_decision(&s, DECIDE_SILENT, 2);
}

static void test_moves_are_few(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	make_silent(&s.legs[0], 3);
	s.moves[s.n_moves++] = 999999;
	assert_decision(&s, DECIDE_SILENT, 2); /* one before does not count */
	s.moves[s.n_moves++] = 700000;
	assert_decision(&s, DECIDE_HELD, 0); /* two: 250 ms */
	s.moves[0] = 750000;
	assert_decision(&s, DECIDE_SILENT, 2);
	s.moves[s.n_moves++] = 600000;
	assert_decision(&s, DECIDE_HELD, 0); /* three: 500 ms */
	s.moves[0] = s.moves[1] = s.moves[2] = 500000;
	assert_decision(&s, DECIDE_SILENT, 2);
	for (size_t i = 0; i < 6; i++)
		s.moves[i] = -50000000;
	s.n_moves = 6;
	assert_decision(&s, DECIDE_HELD, 0);
	s.moves[3] = -59000001; /* out of the window */
	assert_decision(&s, DECIDE_SILENT, 2);
}

static void test_failback(void **state)
{
	(void)state;
	struct snapshot s;

	set_snapshot(&s);
	s.legs[2].preference = 1;
	s.limits.failback = FAILBACK_ALWAYS;
	assert_decision(&s, DECIDE_RETURN, 3);
	s.limits.failback = FAILBACK_BETTER;
	assert_decision(&s, DECIDE_HEALTHY, 0);
	s.legs[2].speed = 25000;
	assert_decision(&s, DECIDE_RETURN, 3);
	s.legs[0].speed = -1;
	assert_decision(&s, DECIDE_HEALTHY, 0);

	s.limits.failback = FAILBACK_ALWAYS;
	s.legs[2].proven = 1; /* of two targets that the active leg hears */
	assert_decision(&s, DECIDE_HEALTHY, 0);
	s.legs[2].proven = 3;
	/* A failure to come must find a move left. */
	for (size_t i = 0; i < 4; i++)
		s.moves[s.n_moves++] = -30000000;
	assert_decision(&s, DECIDE_HEALTHY, 0);
	make_silent(&s.legs[0], 3);
	assert_decision(&s, DECIDE_SILENT, 3);
}

static const struct track_limits track_limits = {.interval = 20000, .fall = 3, .rise = 25};

/*
 * A world: legs with a carrier, a path and a round trip, targets alive or dead, probes every 20 ms,
 * and a kernel that leaves a leg without carrier within 100 ms. It keeps a history, from which the
 * model tells what may be done: a move needs a leg that could be heard, and a reason.
 */
enum { TICK = 20000, HISTORY = 4096, MIIMON_TICKS = 5 };

struct world {
	unsigned n_legs, n_targets, tick;
	int active;
	bool path[DECIDE_LEGS], alive[DECIDE_TARGETS];
	unsigned dead_ticks; /* for which the active leg has had no carrier */
	bool uneven;         /* each leg has a round trip of its own */
	int64_t round_trip[DECIDE_LEGS];
	struct leg legs[DECIDE_LEGS];
	struct targets targets;
	/* history[tick][leg]: set of targets that answered through it */
	uint32_t history[HISTORY][DECIDE_LEGS];
	int64_t moves[HISTORY];
	size_t n_moves;
};

static bool has_carrier(const struct world *w, unsigned leg)
{
	return w->legs[leg].carrier == TRI_YES;
}

static void set_carrier(struct leg *l, bool carrier)
{
	l->carrier = l->up = carrier ? TRI_YES : TRI_NO;
	leg_forget(l);
}

static void world_probe(struct world *w)
{
	int64_t now = (int64_t)w->tick * TICK;

	for (unsigned l = 0; l < w->n_legs; l++) {
		w->history[w->tick][l] = 0;
		for (unsigned t = 0; t < w->n_targets && has_carrier(w, l); t++) {
			track_sent(&w->legs[l].tracks[t], &track_limits, now);
			if (w->path[l] && w->alive[t])
				w->history[w->tick][l] |= 1u << t;
		}
	}
}

/* The answers that came after from and up to to. */
static void world_hear(struct world *w, int64_t from, int64_t to)
{
	for (unsigned l = 0; l < w->n_legs; l++) {
		int64_t at = (int64_t)w->tick * TICK + w->round_trip[l];
		for (unsigned t = 0; t < w->n_targets && from < at && at <= to; t++)
			if (w->history[w->tick][l] & 1u << t)
				track_answer(&w->legs[l].tracks[t], &track_limits, at);
	}
}

/* Its last probe was answered; one that only just went may be open yet. */
static bool heard_just_now(const struct world *w, unsigned leg, uint32_t targets, int64_t now)
{
	int64_t since = now - (int64_t)w->tick * TICK;
	uint32_t heard = since >= w->round_trip[leg] ? w->history[w->tick][leg] : 0;

	if (since < TICK / 4)
		heard |= w->history[w->tick - 1][leg];
	return (heard & targets) != 0;
}

/*
 * What the model asks of a move: the new leg was heard within the time in which one falls, and at
 * this moment if the bond moves for what it hears; and the active one lost its carrier, or went
 * without an answer that the other leg had.
 */
static void assert_allowed(const struct world *w, const struct decision *d, int64_t now)
{
	int to = d->to;
	unsigned from = (unsigned)w->active - 1, target = (unsigned)to - 1;
	bool reason = !has_carrier(w, from), heard = false;

	assert_int_not_equal(to, w->active);
	assert_true(has_carrier(w, target));
	for (unsigned back = 0; back <= track_limits.fall && back <= w->tick; back++)
		heard |= w->history[w->tick - back][target] != 0;
	assert_true(heard);
	assert_true(reason || heard_just_now(w, target, d->targets, now));
	for (unsigned back = 0; back <= TRACK_LOSS_WINDOW && back <= w->tick; back++) {
		const uint32_t *then = w->history[w->tick - back];
		reason |= (then[target] & ~then[from]) != 0;
	}
	assert_true(reason);
	unsigned lately = 0;
	for (size_t i = 0; i < w->n_moves; i++)
		lately += (int64_t)w->tick * TICK - w->moves[i] < limits.window;
	assert_true(lately < limits.max_moves);
}

static void world_kernel(struct world *w)
{
	if (w->active && has_carrier(w, (unsigned)w->active - 1)) {
		w->dead_ticks = 0;
		return;
	}
	if (++w->dead_ticks < MIIMON_TICKS)
		return;
	w->active = 0;
	for (unsigned l = 0; l < w->n_legs && !w->active; l++)
		if (has_carrier(w, l))
			w->active = (int)l + 1;
}

/* True when bondd moved the bond. */
static bool world_decide(struct world *w, int64_t now)
{
	struct decide_leg legs[DECIDE_LEGS];

	for (unsigned l = 0; l < w->n_legs; l++)
		leg_snapshot(&w->legs[l], &w->targets, &track_limits, 0, now, &legs[l]);

	const struct decide_snapshot snapshot = {
		.now = now,
		.active_backup = true,
		.active = w->active,
		.legs = legs,
		.n_legs = w->n_legs,
		.moves = w->moves,
		.n_moves = w->n_moves,
	};
	struct decision d = decide(&snapshot, &limits);
	if (d.to) {
		assert_allowed(w, &d, now);
		w->moves[w->n_moves++] = now;
		w->active = d.to;
		w->dead_ticks = 0;
	}
	return d.to != 0;
}

/* When the active leg will have failed, as bondd's clock has it; INT64_MAX. */
static int64_t world_due(const struct world *w, int64_t after)
{
	int64_t due = INT64_MAX;

	for (unsigned t = 0; t < w->n_targets && w->active; t++) {
		int64_t at = track_silent_at(&w->legs[w->active - 1].tracks[t], &track_limits);
		if (at > after && at < due)
			due = at;
	}
	return due;
}

/* One interval: decided at the tick, when the active leg falls silent, and at some news. */
static bool world_step(struct world *w)
{
	int64_t start = (int64_t)w->tick * TICK, now = start, end = start + TICK;
	int64_t news = start + 1 + roll(TICK - 1);
	bool moved;

	world_probe(w);
	for (moved = false; now < end;) {
		int64_t due = world_due(w, now), next = due < end ? due : end;
		moved |= world_decide(w, now);
		if (news > now && news < next)
			next = news;
		world_hear(w, now, next);
		now = next;
	}
	world_kernel(w);
	w->tick++;
	return moved;
}

static void world_change(struct world *w, bool only_targets)
{
	unsigned leg = roll(w->n_legs), target = roll(w->n_targets);

	switch (only_targets ? 2 : roll(4)) {
	case 0:
		set_carrier(&w->legs[leg], !has_carrier(w, leg));
		break;
	case 1:
	case 3:
		w->path[leg] = !w->path[leg];
		break;
	case 2:
		w->alive[target] = !w->alive[target];
		break;
	}
}

/*
 * A pause between two changes. A target that was gone for a moment only is back on the quicker leg
 * first, which is a reason to move: where one leg is quicker, what is gone stays so for longer.
 */
static unsigned roll_pause(const struct world *w, unsigned n)
{
	return (w->uneven ? 10 : 0) + roll(n);
}

static struct world *world_new(void)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->n_legs = 2 + roll(2);
	w->n_targets = 1 + roll(3);
	w->targets.n = w->n_targets;
	w->active = 1;
	w->uneven = roll(2);
	for (unsigned l = 0; l < w->n_legs; l++) {
		w->legs[l] = (struct leg){
			.index = (int)l + 1, .carrier_lost = -1, .speed = -1, .fd = -1};
		set_carrier(&w->legs[l], true);
		w->round_trip[l] = l > 0 && !w->uneven ? w->round_trip[0] : 1 + roll(TICK - 1);
	}
	memset(w->path, 1, sizeof(w->path));
	memset(w->alive, 1, sizeof(w->alive));
	for (unsigned i = 0; i < 40; i++)
		assert_false(world_step(w));
	return w;
}

static bool any_alive(const struct world *w)
{
	for (unsigned t = 0; t < w->n_targets; t++)
		if (w->alive[t])
			return true;
	return false;
}

static bool leg_works(const struct world *w, unsigned leg)
{
	return has_carrier(w, leg) && w->path[leg];
}

/* Legs and targets fail and come back; then all is quiet, and it must come to rest where it works.
 */
static void run_sequence(void)
{
	struct world *w = world_new();
	unsigned changes = 1 + roll(12);

	for (unsigned i = 0; i < changes; i++) {
		world_change(w, false);
		for (unsigned n = roll_pause(w, 80); n > 0; n--)
			world_step(w);
	}
	/* Longer than the window, so that the limit is no excuse. */
	for (unsigned i = 0; i < 3050; i++)
		world_step(w);

	bool some_leg_works = false;
	for (unsigned l = 0; l < w->n_legs; l++)
		some_leg_works |= leg_works(w, l);
	if (some_leg_works && any_alive(w)) {
		assert_true(w->active > 0);
		assert_true(leg_works(w, (unsigned)w->active - 1));
	}
	for (unsigned i = 0; i < 50; i++)
		assert_false(world_step(w));
	free(w);
}

/* Whatever targets do, legs that work are not left. */
static void run_targets_only(void)
{
	struct world *w = world_new();

	for (unsigned i = 0; i < 30; i++) {
		world_change(w, true);
		for (unsigned n = roll_pause(w, 60); n > 0; n--)
			assert_false(world_step(w));
	}
	free(w);
}

static void test_random_sequences(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		run_sequence();
}

static void test_random_target_failures(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		run_targets_only();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy_leg_is_kept),
		cmocka_unit_test(test_carrier),
		cmocka_unit_test(test_never_to_an_unproven_leg),
		cmocka_unit_test(test_silent_path),
		cmocka_unit_test(test_dead_target_moves_nobody),
		cmocka_unit_test(test_targets_vote),
		cmocka_unit_test(test_lossy_path),
		cmocka_unit_test(test_unknown_moves_nobody),
		cmocka_unit_test(test_order_is_total),
		cmocka_unit_test(test_moves_are_few),
		cmocka_unit_test(test_failback),
		cmocka_unit_test(test_random_sequences),
		cmocka_unit_test(test_random_target_failures),
	};

	random_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
