// SPDX-License-Identifier: Apache-2.0
/* Rolling changes: single decisions, then random worlds against the rules of roll.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lifecycle/roll.h"

#define N(a) (sizeof(a) / sizeof(*(a)))

static void assert_roll(struct roll roll, enum roll_verdict verdict, size_t vm)
{
	assert_int_equal(roll.verdict, verdict);
	assert_int_equal(roll.vm, vm);
}

static void test_one_after_the_other(void **state)
{
	(void)state;
	struct roll_vm v[] = {{0, ROLL_PENDING, TRI_YES}, {0, ROLL_PENDING, TRI_YES}};

	assert_roll(roll_next(v, 2), ROLL_START, 0);
	v[0] = (struct roll_vm){0, ROLL_CHANGING, TRI_NO};
	assert_roll(roll_next(v, 2), ROLL_WAIT, 0);
	v[0].state = ROLL_CHANGED; /* ACTIVE, and no DNS yet */
	assert_roll(roll_next(v, 2), ROLL_WAIT, 0);
	v[0].serves = TRI_YES;
	assert_roll(roll_next(v, 2), ROLL_START, 1);
	v[1] = (struct roll_vm){0, ROLL_CHANGED, TRI_YES};
	assert_int_equal(roll_next(v, 2).verdict, ROLL_DONE);
}

static void test_what_does_not_serve_is_first(void **state)
{
	(void)state;
	struct roll_vm v[] = {{0, ROLL_PENDING, TRI_YES}, {0, ROLL_PENDING, TRI_NO}};

	assert_roll(roll_next(v, 2), ROLL_START, 1);
}

static void test_the_last_that_serves_is_left_alone(void **state)
{
	(void)state;
	struct roll_vm v[] = {
		{0, ROLL_PENDING, TRI_YES}, {0, ROLL_KEEP, TRI_NO}, {1, ROLL_PENDING, TRI_YES}};

	assert_roll(roll_next(v, 2), ROLL_HOLD, 0);
	assert_int_equal(roll_next(v, 2).peer, 1);
	/* One of another set does not wait for it. */
	assert_roll(roll_next(v, 3), ROLL_START, 2);
}

static void test_nothing_after_a_failure(void **state)
{
	(void)state;
	struct roll_vm v[] = {{0, ROLL_PENDING, TRI_NO}, {1, ROLL_FAILED, TRI_YES}};

	assert_roll(roll_next(v, 2), ROLL_STOP, 1);
}

static void test_unknown_holds_nothing(void **state)
{
	(void)state;
	struct roll_vm v[] = {{0, ROLL_PENDING, TRI_UNKNOWN}, {0, ROLL_CHANGED, TRI_UNKNOWN}};

	assert_roll(roll_next(v, 2), ROLL_START, 0);
	assert_int_equal(roll_next(NULL, 0).verdict, ROLL_DONE);
}

/* A world: VMs break and mend by themselves, changes end well or badly. */
struct world {
	struct roll_vm v[8];
	size_t n;
	unsigned seed;
};

static unsigned draw(struct world *w, unsigned below)
{
	w->seed = w->seed * 1103515245 + 12345;
	return (w->seed >> 16) % below;
}

static size_t out_of_set(const struct world *w, size_t set, size_t but)
{
	size_t out = 0;

	for (size_t i = 0; i < w->n; i++)
		out += i != but && w->v[i].set == set && w->v[i].serves == TRI_NO;
	return out;
}

static void start(struct world *w, size_t vm)
{
	assert_int_equal(w->v[vm].state, ROLL_PENDING);
	for (size_t i = 0; i < w->n; i++) {
		assert_int_not_equal(w->v[i].state, ROLL_CHANGING);
		assert_int_not_equal(w->v[i].state, ROLL_FAILED);
	}
	/* Never two of a set out by us: one that serves is taken only when no other is out. */
	if (w->v[vm].serves != TRI_NO)
		assert_int_equal(out_of_set(w, w->v[vm].set, vm), 0);
	w->v[vm].state = ROLL_CHANGING;
	w->v[vm].serves = TRI_NO;
}

static void pass_time(struct world *w, bool calm)
{
	for (size_t i = 0; i < w->n; i++) {
		struct roll_vm *v = &w->v[i];
		if (v->state == ROLL_CHANGING && draw(w, 3) == 0)
			v->state = !calm && draw(w, 8) == 0 ? ROLL_FAILED : ROLL_CHANGED;
		else if (v->state == ROLL_CHANGED && v->serves == TRI_NO && draw(w, 2) == 0)
			v->serves = TRI_YES;
		else if (!calm && v->state != ROLL_CHANGING && draw(w, 20) == 0)
			v->serves = v->serves == TRI_NO ? TRI_YES : TRI_NO;
		else if (calm && v->state == ROLL_KEEP)
			v->serves = TRI_YES;
	}
}

static void run(struct world *w, bool calm)
{
	enum roll_verdict verdict = ROLL_WAIT;

	for (int step = 0; step < 1000 && verdict != ROLL_STOP && verdict != ROLL_DONE; step++) {
		struct roll next = roll_next(w->v, w->n);
		verdict = next.verdict;
		if (verdict == ROLL_START)
			start(w, next.vm);
		if (verdict == ROLL_HOLD) {
			assert_int_equal(w->v[next.vm].state, ROLL_PENDING);
			assert_int_equal(w->v[next.peer].serves, TRI_NO);
			assert_int_equal(w->v[next.peer].set, w->v[next.vm].set);
		}
		pass_time(w, calm);
	}
	if (!calm)
		return;
	/* Where nothing fails for good, all is changed in the end. */
	assert_int_equal(verdict, ROLL_DONE);
	for (size_t i = 0; i < w->n; i++)
		assert_true(w->v[i].state == ROLL_KEEP || w->v[i].state == ROLL_CHANGED);
}

static void test_random_worlds(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 20000; seed++) {
		struct world w = {.seed = seed * 2654435761u};
		w.n = 1 + draw(&w, N(w.v));
		for (size_t i = 0; i < w.n; i++)
			w.v[i] = (struct roll_vm){
				.set = draw(&w, 3),
				.state = draw(&w, 3) ? ROLL_PENDING : ROLL_KEEP,
				.serves = draw(&w, 4) ? TRI_YES : TRI_NO,
			};
		run(&w, seed % 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_what_does_not_serve_is_first),
		cmocka_unit_test(test_the_last_that_serves_is_left_alone),
		cmocka_unit_test(test_nothing_after_a_failure),
		cmocka_unit_test(test_unknown_holds_nothing),
		cmocka_unit_test(test_random_worlds),
	};

	return cmocka_run_group_tests_name("roll", tests, NULL, NULL);
}
