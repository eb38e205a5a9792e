// SPDX-License-Identifier: Apache-2.0
/* Every state with every answer, and the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "vim/openstack/op.h"

enum { STATES = OP_FAILED + 1, ANSWERS = OP_INTERRUPTED + 1 };

/* One letter for each state: ready, posted, unknown, probing, follow-up, reset, done, failed. */
static const char letters[STATES + 1] = "RPUOFSD.";

static const char *const answers[ANSWERS] = {
	"PROCEED",    "OK",          "ACCEPTED",  "REFUSED",    "CONFLICT",
	"LOST",       "UNREACHABLE", "FOUND",     "FOUND_PART", "FOUND_OTHER",
	"FOUND_SOFT", "FOUND_STUCK", "NOT_FOUND", "TIMEOUT",    "INTERRUPTED",
};

/* The next states, a line a state in the order of the enum, a column an answer. */
static void assert_table(struct op op, const char *const table[STATES])
{
	for (int state = 0; state < STATES; state++)
		for (int answer = 0; answer < ANSWERS; answer++) {
			op.state = (enum op_state)state;
			struct op next = op_next(op, (enum op_answer)answer);
			if (letters[next.state] != table[state][answer])
				fail_msg("state %c, answer %s: %c, not %c", letters[state],
					 answers[answer], letters[next.state],
					 table[state][answer]);
			assert_int_equal(next.kind, op.kind);
			assert_true(next.tries >= op.tries);
		}
}

static void test_create_of_one(void **state)
{
	(void)state;
	/* PROCEED OK ACCEPTED REFUSED CONFLICT LOST UNREACHABLE FOUND PART OTHER SOFT STUCK
	 * NOT_FOUND TIMEOUT INTERRUPTED */
	static const char *const table[STATES] = {
		"P..............", /* READY */
		".F...U.........", /* POSTED */
		"O..............", /* UNKNOWN */
		".......F.D.....", /* PROBING, after a conflict of names */
		".D.............", /* FOLLOWUP */
		".P..........D..", /* RESET, of deletions only */
		"DDDDDDDDDDDDDDD", /* DONE */
		"...............", /* FAILED */
	};
	assert_table((struct op){.kind = OP_CREATE}, table);
}

static void test_create_in_bulk_is_refused_to_be_repeated_one_by_one(void **state)
{
	(void)state;
	static const char *const table[STATES] = {
		"P..............", ".F.RRU.........", "O..............", ".......F.D.....",
		".D.............", ".P..........D..", "DDDDDDDDDDDDDDD", "...............",
	};
	struct op op = {.kind = OP_CREATE, .state = OP_POSTED, .bulk = true};

	assert_table(op, table);
	assert_false(op_next(op, OP_REFUSED).bulk);
	assert_true(op_next(op, OP_LOST).bulk);
}

/* A second request may meet what the first one made. */
static void test_create_after_a_lost_request(void **state)
{
	(void)state;
	static const char *const table[STATES] = {
		"P..............", ".F..UU.........", "O..............", ".......F.D..U..",
		".D.............", ".P..........D..", "DDDDDDDDDDDDDDD", "...............",
	};
	struct op op = {.kind = OP_CREATE, .state = OP_POSTED, .tries = 1};

	assert_table(op, table);
	assert_int_equal(op_next(op, OP_CONFLICT).tries, 2);
	op.bulk = true; /* which of them conflicts is not known: the marks tell */
	assert_int_equal(op_next(op, OP_CONFLICT).state, OP_UNKNOWN);
	op.probes = OP_MAX_PROBES;
	op.state = OP_PROBING;
	assert_int_equal(op_next(op, OP_NOT_FOUND).state, OP_READY);
	op.tries = OP_MAX_TRIES;
	assert_int_equal(op_next(op, OP_NOT_FOUND).state, OP_FAILED);
}

static void test_create_of_a_unique_name(void **state)
{
	(void)state;
	static const char *const table[STATES] = {
		"P..............", ".F..OU.........", "O..............", ".......F.D.....",
		".D.............", ".P..........D..", "DDDDDDDDDDDDDDD", "...............",
	};
	assert_table((struct op){.kind = OP_CREATE, .unique_name = true}, table);
}

static void test_delete(void **state)
{
	(void)state;
	static const char *const table[STATES] = {
		"P..............", /* READY */
		".DU.D.......D..", /* POSTED: a conflict means that others use it */
		"O..............", /* UNKNOWN */
		".......U..FSD..", /* PROBING */
		".U..........U..", /* FOLLOWUP */
		".P..........D..", /* RESET */
		"DDDDDDDDDDDDDDD", "...............",
	};
	struct op op = {.kind = OP_DELETE};

	assert_table(op, table);
	op.state = OP_FOLLOWUP;
	op = op_next(op, OP_OK);
	op = op_next(op, OP_PROCEED);
	assert_int_equal(op.state, OP_PROBING);
	assert_int_equal(op_next(op, OP_FOUND_SOFT).state, OP_UNKNOWN); /* forced once */
}

/* A server that Nova cannot delete: after a few resets of its state the caller reports it. */
static void test_delete_gives_up(void **state)
{
	(void)state;
	struct op op = {.kind = OP_DELETE};
	unsigned deletes = 0;

	while (op.state != OP_FAILED) {
		deletes += op.state == OP_POSTED;
		op = op_next(op, op.state == OP_POSTED    ? OP_ACCEPTED
				 : op.state == OP_PROBING ? OP_FOUND_STUCK
				 : op.state == OP_RESET   ? OP_OK
							  : OP_PROCEED);
		if (op.state == OP_POSTED)
			assert_int_equal(op.probes, 0);
		assert_true(deletes <= OP_MAX_RESETS + 1);
	}
	assert_int_equal(deletes, OP_MAX_RESETS + 1);
}

/* A service that loses each request, and never shows what it made of it. */
static void test_create_gives_up(void **state)
{
	(void)state;
	struct op op = {.kind = OP_CREATE};
	unsigned posts = 0, probes = 0;

	while (op.state != OP_FAILED) {
		posts += op.state == OP_POSTED;
		probes += op.state == OP_PROBING;
		op = op_next(op, op.state == OP_POSTED    ? OP_LOST
				 : op.state == OP_PROBING ? OP_NOT_FOUND
							  : OP_PROCEED);
		assert_true(posts <= OP_MAX_TRIES);
	}
	assert_int_equal(posts, OP_MAX_TRIES);
	assert_int_equal(probes, OP_MAX_TRIES * OP_MAX_PROBES);
}

/* Whatever a service answers: a POST follows another only when the outcome of the first was looked
 * for, or when it was refused in bulk. */
static void test_no_post_is_repeated_blindly(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct op op = {.kind = OP_CREATE, .bulk = rand() % 2};
		bool looked = true;
		for (int i = 0; i < 100; i++) {
			struct op next = op_next(op, (enum op_answer)(rand() % ANSWERS));
			if (op.state == OP_PROBING || (op.bulk && !next.bulk))
				looked = true;
			if (next.state == OP_POSTED) {
				assert_true(looked);
				looked = false;
			}
			op = next;
		}
	}
}

static void test_running(void **state)
{
	(void)state;
	static const bool running[STATES] = {[OP_POSTED] = true,
					     [OP_UNKNOWN] = true,
					     [OP_PROBING] = true,
					     [OP_FOLLOWUP] = true,
					     [OP_RESET] = true};

	for (int s = 0; s < STATES; s++)
		assert_int_equal(op_is_running((enum op_state)s), running[s]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_of_one),
		cmocka_unit_test(test_create_in_bulk_is_refused_to_be_repeated_one_by_one),
		cmocka_unit_test(test_create_after_a_lost_request),
		cmocka_unit_test(test_create_of_a_unique_name),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_create_gives_up),
		cmocka_unit_test(test_delete_gives_up),
		cmocka_unit_test(test_no_post_is_repeated_blindly),
		cmocka_unit_test(test_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
