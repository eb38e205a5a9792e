// SPDX-License-Identifier: Apache-2.0
/* What an observation is taken for, and what follows for one VM: each row, hold, rung and state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "manager/decide.h"

#define N(a) (sizeof(a) / sizeof(*(a)))

enum {
	NOW = 10000000,
	SECOND = 1000,
};

static const struct alive_kpi kpi = {.period = 3000, .n_true = 2, .n_false = 5};

/* n results, one a second, the last at NOW - 1 s. */
static void note(struct answers *a, unsigned n, bool answered)
{
	a->period = SECOND;
	for (unsigned i = n; i > 0; i--)
		answers_note(a, NOW - i * SECOND, answered);
}

static struct observation observed(void)
{
	struct observation o;

	observation_init(&o, SECOND);
	return o;
}

static struct vim_report said(enum server_state state, enum server_power power)
{
	return (struct vim_report){
		.at = NOW - SECOND,
		.presence = PRESENCE_LISTED,
		.absent_since = MANAGER_NEVER,
		.absent_at = MANAGER_NEVER,
		.state = state,
		.power = power,
		.host = HOST_UP,
		.ever_on_host = TRI_YES,
	};
}

static struct assess_context context(void)
{
	return (struct assess_context){
		.now = NOW,
		.sound_since = NOW - 3600 * SECOND,
		.proven_since = NOW - 3600 * SECOND,
		.not_before = MANAGER_NEVER,
	};
}

/* Silent for 20 s on both, the VIM says that it runs. */
static struct observation silent(void)
{
	struct observation o = observed();

	note(&o.echo, 20, false);
	note(&o.dns, 20, false);
	o.vim = said(SERVER_ACTIVE, POWER_RUNNING);
	return o;
}

#define assert_assessed(o, c, expected) assert_string_equal(name_of(&(o), &(c)), #expected)

static const char *name_of(const struct observation *o, const struct assess_context *c)
{
	return assessment_name(assess(o, &kpi, c).is);
}

static void test_answers_and_misses(void **state)
{
	(void)state;
	struct assess_context c = context();
	struct observation o = observed();

	assert_assessed(o, c, unknown); /* nothing was asked */
	note(&o.echo, 1, true);
	assert_assessed(o, c, suspect); /* n_true is 2 */
	note(&o.echo, 1, true);
	assert_assessed(o, c, alive);
	note(&o.echo, 1, false);
	assert_assessed(o, c, suspect);
	o = observed();
	note(&o.echo, 20, false);
	assert_assessed(o, c, silent); /* no way to ask DNS from here */
	note(&o.dns, 1, false);
	assert_assessed(o, c, suspect); /* one lost query is no silence */
	note(&o.dns, 3, false);
	assert_assessed(o, c, silent);
	note(&o.dns, 1, true);
	assert_assessed(o, c, partial);
	o = silent();
	note(&o.status, 1, true);
	assert_assessed(o, c, partial);
	o = observed();
	note(&o.dns, 1, true);
	assert_assessed(o, c, alive); /* its echo is not asked */
}

static void test_silence_needs_time_and_a_way(void **state)
{
	(void)state;
	struct assess_context c = context();
	struct observation o = observed();

	note(&o.echo, 11, false); /* at 1 Hz: 11 s of the 12 that five probes of the KPI span */
	assert_assessed(o, c, suspect);
	o = silent();
	assert_true(assess(&o, &kpi, &c).quiet);
	c.proven_since = NOW - 5 * SECOND;
	assert_assessed(o, c, suspect);
	c.proven_since = MANAGER_NEVER;
	assert_assessed(o, c, unknown);
	assert_false(assess(&o, &kpi, &c).quiet);
	c = context();
	c.sound_since = NOW - 5 * SECOND;
	assert_assessed(o, c, suspect);
	c.sound_since = MANAGER_NEVER;
	assert_assessed(o, c, unknown);
	/* Results that are old are none. */
	c = context();
	c.now = NOW + 20 * SECOND;
	assert_assessed(o, c, unknown);
}

static void test_what_the_vim_says(void **state)
{
	(void)state;
	static const struct {
		enum server_state state;
		enum server_power power;
		enum tristate ever_on_host;
		const char *is;
	} rows[] = {
		{SERVER_ACTIVE, POWER_RUNNING, TRI_YES, "silent"},
		{SERVER_ACTIVE, POWER_UNKNOWN, TRI_YES, "silent"},
		{SERVER_ACTIVE, POWER_PAUSED, TRI_YES, "silent"},
		{SERVER_ACTIVE, POWER_OFF, TRI_YES, "off"},
		{SERVER_ACTIVE, POWER_CRASHED, TRI_YES, "off"},
		{SERVER_STOPPED, POWER_OFF, TRI_YES, "off"},
		{SERVER_STOPPED, POWER_UNKNOWN, TRI_YES, "off"},
		{SERVER_ERROR, POWER_UNKNOWN, TRI_NO, "unborn"},
		{SERVER_ERROR, POWER_RUNNING, TRI_YES, "silent"},
		{SERVER_ERROR, POWER_OFF, TRI_UNKNOWN, "off"},
		{SERVER_PARKED, POWER_OFF, TRI_YES, "silent"},
		{SERVER_BUILDING, POWER_UNKNOWN, TRI_YES, "silent"},
		{SERVER_UNKNOWN, POWER_OFF, TRI_YES, "silent"},
	};
	struct assess_context c = context(), blind = context();

	blind.proven_since = MANAGER_NEVER;
	for (size_t i = 0; i < N(rows); i++) {
		struct observation o = silent();
		o.vim = said(rows[i].state, rows[i].power);
		o.vim.ever_on_host = rows[i].ever_on_host;
		assert_string_equal(name_of(&o, &c), rows[i].is);
		/* The VIM's word needs no way, silence does. */
		assert_string_equal(name_of(&o, &blind),
				    streq(rows[i].is, "silent") ? "unknown" : rows[i].is);
		/* Old, or from before the last act: nothing is said. */
		o.vim.at = NOW - 61 * SECOND;
		assert_assessed(o, c, silent);
		o.vim.at = NOW - SECOND;
		struct assess_context after = context();
		after.not_before = NOW;
		assert_assessed(o, after, silent);
		/* From before its last answer. */
		o.echo.answered = NOW - SECOND / 2;
		assert_assessed(o, c, silent);
		/* What answers is not off. */
		note(&o.echo, 2, true);
		assert_assessed(o, c, alive);
	}
}

static void test_gone_is_said_twice(void **state)
{
	(void)state;
	struct assess_context c = context();
	struct observation o = silent();

	o.vim.presence = PRESENCE_ABSENT;
	o.vim.absent_since = NOW - 30 * SECOND;
	assert_assessed(o, c, silent);
	o.vim.absent_at = NOW - SECOND;
	assert_assessed(o, c, silent);
	o.vim.absent_at = NOW;
	assert_assessed(o, c, gone);
	note(&o.dns, 1, true);
	assert_assessed(o, c, partial); /* a guest that the cloud has forgotten */
}

static void test_a_service_that_is_silent(void **state)
{
	(void)state;
	struct observation o = observed();
	const int64_t kpi_ms = kpi.n_false * kpi.period;

	assert_false(assess_service_silent(&o, &kpi, NOW - 3600 * SECOND, NOW)); /* not asked */
	note(&o.dns, 14, false); /* the first miss was 14 s ago */
	assert_false(assess_service_silent(&o, &kpi, NOW - 3600 * SECOND, NOW));
	assert_true(assess_service_silent(&o, &kpi, NOW - 3600 * SECOND, NOW + SECOND));
	/* It has just booted: its name server may be later. */
	assert_false(assess_service_silent(&o, &kpi, NOW + SECOND - kpi_ms + 1, NOW + SECOND));
	answers_note(&o.dns, NOW, true);
	assert_false(assess_service_silent(&o, &kpi, NOW - 3600 * SECOND, NOW + SECOND));
}

static void test_the_way_is_proven_by_most(void **state)
{
	(void)state;
	struct answers controls[4];

	for (size_t i = 0; i < 4; i++)
		answers_init(&controls[i], SECOND);
	assert_true(controls_proven_since(controls, 0, true, NOW) == MANAGER_NEVER);
	assert_true(controls_proven_since(controls, 4, true, NOW) == MANAGER_NEVER);
	/* Those that never answered are none. */
	note(&controls[0], 10, true);
	note(&controls[1], 10, false);
	assert_true(controls_proven_since(controls, 4, true, NOW) == NOW - 10 * SECOND);
	note(&controls[2], 5, true);
	note(&controls[3], 4, true);
	assert_true(controls_proven_since(controls, 4, true, NOW) == NOW - 5 * SECOND);
	/* One miss is none; two are. */
	answers_note(&controls[2], NOW, false);
	assert_true(controls_proven_since(controls, 4, true, NOW) == NOW - 5 * SECOND);
	answers_note(&controls[2], NOW, false);
	assert_true(controls_proven_since(controls, 4, true, NOW) == NOW - 4 * SECOND);
	answers_note(&controls[3], NOW, false);
	answers_note(&controls[3], NOW, false);
	assert_true(controls_proven_since(controls, 4, true, NOW) == MANAGER_NEVER);
	/* Silent for long in a network that works: broken. In one that does not: proof. */
	controls[2].answered = controls[3].answered = NOW - 601 * SECOND;
	assert_true(controls_proven_since(controls, 4, true, NOW) == NOW - 10 * SECOND);
	assert_true(controls_proven_since(controls, 4, false, NOW) == MANAGER_NEVER);
	/* Results that are old prove nothing. */
	assert_true(controls_proven_since(controls, 4, true, NOW + 20 * SECOND) == MANAGER_NEVER);
}

static void test_ladder(void **state)
{
	(void)state;
	static const struct {
		enum action_on_recovery action;
		enum assessment is;
		const char *rungs;
	} rows[] = {
		{RECOVERY_REBOOT_ONLY, ASSESS_OFF, "start reboot reboot reboot nothing "},
		{RECOVERY_REBOOT_ONLY, ASSESS_SILENT, "reboot reboot reboot nothing "},
		{RECOVERY_REBOOT_ONLY, ASSESS_UNBORN, "nothing "},
		{RECOVERY_REBOOT_ONLY, ASSESS_GONE, "nothing "},
		{RECOVERY_REDEPLOY_ONLY, ASSESS_OFF, "start redeploy redeploy redeploy nothing "},
		{RECOVERY_REDEPLOY_ONLY, ASSESS_SILENT, "redeploy redeploy redeploy nothing "},
		{RECOVERY_REDEPLOY_ONLY, ASSESS_UNBORN, "redeploy redeploy redeploy nothing "},
		{RECOVERY_REDEPLOY_ONLY, ASSESS_GONE, "redeploy redeploy redeploy nothing "},
		{RECOVERY_REBOOT_THEN_REDEPLOY, ASSESS_OFF,
		 "start reboot redeploy redeploy redeploy nothing "},
		{RECOVERY_REBOOT_THEN_REDEPLOY, ASSESS_SILENT,
		 "reboot redeploy redeploy redeploy nothing "},
		{RECOVERY_REBOOT_THEN_REDEPLOY, ASSESS_UNBORN,
		 "redeploy redeploy redeploy nothing "},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct vm_policy policy = {.action = rows[i].action, .max_retries = 3};
		unsigned tried[ACTS] = {0};
		char rungs[100] = "";
		enum act act;
		do {
			act = ladder_next(&policy, rows[i].is, tried);
			strcat(strcat(rungs, act_name(act)), " ");
			tried[act]++;
		} while (act != ACT_NONE);
		assert_string_equal(rungs, rows[i].rungs);
	}
}

/* One VM, silent for long, which nothing holds. */
struct one {
	struct vm_policy policy;
	struct observation seen;
	struct vm_memory memory;
	struct vm_situation s;
};

static void begin(struct one *one)
{
	*one = (struct one){
		.policy = {.watched = true,
			   .kpi = kpi,
			   .bootup = 300 * SECOND,
			   .reboot = 120 * SECOND,
			   .wait = 30 * SECOND,
			   .max_retries = 3},
		.seen = silent(),
	};
	one->s = (struct vm_situation){.now = NOW,
				       .assessed = {.is = ASSESS_SILENT, .asked = true},
				       .vim = &one->seen.vim,
				       .way_proven = true,
				       .vim_fresh = true};
	vm_memory_init(&one->memory, NOW - 3600 * SECOND);
	one->memory.state = VM_WAITING;
	one->memory.bad_since = NOW - 30 * SECOND;
}

static struct decision decide(struct one *one)
{
	return vm_decide(&one->policy, &one->s, &one->memory);
}

/* Makes one hold apply. */
static void hold_it(struct one *one, enum hold hold)
{
	struct vim_report *r = &one->seen.vim;

	switch (hold) {
	case HOLD_NONE:
	case HOLDS:
		break;
	case HOLD_NOT_LEADER:
	case HOLD_WATCH_ONLY:
	case HOLD_SETTLING:
	case HOLD_OPERATOR:
	case HOLD_BUSY:
		one->s.holds |= HOLD_BIT(hold);
		break;
	case HOLD_MANUAL:
		one->policy.manual = true;
		break;
	case HOLD_LOCKED:
		r->locked = TRI_YES;
		break;
	case HOLD_TASK:
		r->task = TRI_UNKNOWN;
		break;
	case HOLD_WANTED:
		r->state = SERVER_PARKED;
		break;
	case HOLD_HOST:
		r->host = HOST_MAINTENANCE;
		break;
	case HOLD_VIM:
		r->at = NOW - 61 * SECOND;
		break;
	case HOLD_UNPROVEN:
		one->s.way_proven = false;
		break;
	case HOLD_ANSWERS:
		one->s.request.heal = true; /* by a person, although it answers */
		one->s.assessed.is = ASSESS_PARTIAL;
		break;
	case HOLD_MANY:
		one->s.silence_held = true;
		break;
	case HOLD_PARTNER:
		one->s.partner_acting = true;
		break;
	case HOLD_STATE:
		one->policy.has_state = true;
		break;
	case HOLD_BUDGET:
		one->s.silence_budget = true;
		break;
	}
}

static void test_nothing_holds_it(void **state)
{
	(void)state;
	struct one one;

	begin(&one);
	struct decision d = decide(&one);
	assert_int_equal(d.act, ACT_REBOOT);
	assert_int_equal(d.holds, 0);
	assert_int_equal(d.state, VM_WAITING); /* until it is claimed */
	begin(&one);
	one.memory.bad_since = NOW - 29 * SECOND;
	d = decide(&one);
	assert_int_equal(d.act, ACT_NONE);
	assert_true(d.look_again == NOW + SECOND);
}

/* Each alone, then all of those after it as well: the first in the order is told. */
static void test_holds_in_their_order(void **state)
{
	(void)state;
	for (int hold = HOLD_NONE + 1; hold < HOLDS; hold++) {
		for (int all = 0; all < 2; all++) {
			struct one one;
			begin(&one);
			one.policy.action = RECOVERY_REDEPLOY_ONLY; /* every hold can apply */
			hold_it(&one, (enum hold)hold);
			for (int other = hold + 1; all && other < HOLDS; other++)
				if (other != HOLD_ANSWERS) /* the request would end others */
					hold_it(&one, (enum hold)other);
			struct decision d = decide(&one);
			assert_int_equal(d.act, ACT_NONE);
			assert_string_equal(hold_name(d.hold), hold_name((enum hold)hold));
			assert_int_equal(d.state, hold == HOLD_ANSWERS ? VM_PARTIAL : VM_HELD);
		}
	}
}

static void test_holds_that_depend(void **state)
{
	(void)state;
	struct one one;

	/* The VIM's own word is not held by breaker, partner or way; START harms no partner. */
	begin(&one);
	hold_it(&one, HOLD_MANY);
	hold_it(&one, HOLD_UNPROVEN);
	hold_it(&one, HOLD_PARTNER);
	hold_it(&one, HOLD_BUDGET); /* that of silence */
	one.s.assessed.is = ASSESS_OFF;
	one.seen.vim.state = SERVER_STOPPED;
	assert_int_equal(decide(&one).act, ACT_START);
	one.s.testimony_budget = true;
	assert_int_equal(decide(&one).hold, HOLD_BUDGET);
	/* It was stopped, and it is not known by whom. */
	one.s.testimony_budget = false;
	one.seen.vim.stopped_by_user = TRI_UNKNOWN;
	assert_int_equal(decide(&one).hold, HOLD_WANTED);
	/* A host of which nothing is shown: a reboot, no redeploy. */
	begin(&one);
	one.seen.vim.host = HOST_UNKNOWN;
	assert_int_equal(decide(&one).act, ACT_REBOOT);
	one.policy.action = RECOVERY_REDEPLOY_ONLY;
	assert_int_equal(decide(&one).hold, HOLD_HOST);
	/* Leases that a partner has are not lost. */
	begin(&one);
	one.policy.action = RECOVERY_REDEPLOY_ONLY;
	one.policy.has_state = true;
	one.s.partner_has_state = true;
	assert_int_equal(decide(&one).act, ACT_REDEPLOY);
	/* Watching only: what it would do is told. */
	begin(&one);
	hold_it(&one, HOLD_WATCH_ONLY);
	struct decision d = decide(&one);
	assert_int_equal(d.wanted, ACT_REBOOT);
	assert_int_equal(d.holds, HOLD_BIT(HOLD_WATCH_ONLY));
}

static void test_a_request(void **state)
{
	(void)state;
	static const enum hold heals[] = {HOLD_WATCH_ONLY, HOLD_MANUAL, HOLD_MANY};
	static const enum hold never[] = {HOLD_NOT_LEADER, HOLD_OPERATOR, HOLD_BUSY, HOLD_LOCKED,
					  HOLD_TASK,       HOLD_WANTED,   HOLD_HOST, HOLD_VIM};
	struct one one;

	for (size_t i = 0; i < N(heals); i++) {
		begin(&one);
		hold_it(&one, heals[i]);
		one.memory.bad_since = NOW; /* nor does it wait */
		one.s.request.heal = true;
		assert_int_equal(decide(&one).act, ACT_REBOOT);
	}
	for (size_t i = 0; i < N(never); i++) {
		begin(&one);
		hold_it(&one, never[i]);
		one.s.request = (struct vm_request){true, true, true, NOW};
		assert_int_equal(decide(&one).hold, never[i]);
	}
	begin(&one);
	one.s.assessed.is = ASSESS_ALIVE;
	one.s.request = (struct vm_request){.heal = true};
	assert_int_equal(decide(&one).hold, HOLD_ANSWERS);
	assert_int_equal(one.memory.state, VM_ALIVE);
	one.s.request.force = true;
	assert_int_equal(decide(&one).act, ACT_REBOOT);
	/* FAILED begins anew. */
	begin(&one);
	one.memory.state = VM_FAILED;
	one.memory.tried[ACT_REBOOT] = 3;
	assert_int_equal(decide(&one).state, VM_FAILED);
	one.s.request = (struct vm_request){.heal = true};
	assert_int_equal(decide(&one).act, ACT_REBOOT);
	assert_int_equal(vm_memory_tried(&one.memory), 0);
}

static void test_an_episode_ends(void **state)
{
	(void)state;
	/* reboot_time, or 60 s doubled with each try. */
	static const int64_t boots[] = {120000, 120000, 240000};
	struct one one;

	begin(&one);
	one.policy.action = RECOVERY_REBOOT_ONLY;
	for (unsigned try = 0; try < 3; try++) {
		struct decision d = decide(&one);
		assert_int_equal(d.act, ACT_REBOOT);
		vm_claim(&one.memory, d.act, false, one.s.now);
		int64_t boot = vm_boot_time(&one.policy, &one.memory);
		assert_true(boot == boots[try]);
		one.s.now += boot - 1;
		one.seen.vim.at = one.s.now;
		assert_int_equal(decide(&one).state, VM_RECOVERING);
		one.s.now += 1;
	}
	struct decision d = decide(&one);
	assert_int_equal(d.state, VM_FAILED);
	assert_int_equal(d.outcome, OUTCOME_FAILED);
	one.s.assessed.is = ASSESS_ALIVE;
	d = decide(&one);
	assert_int_equal(d.outcome, OUTCOME_RECOVERED);
	assert_int_equal(d.state, VM_ALIVE);
	assert_false(vm_memory_in_episode(&one.memory));
}

/* A ladder that is used up is no failure while the silence may be somebody else's fault. */
static void test_held_before_failed(void **state)
{
	(void)state;
	struct one one;

	begin(&one);
	one.policy.action = RECOVERY_REBOOT_ONLY;
	one.memory.tried[ACT_REBOOT] = 3;
	one.s.silence_held = true;
	assert_int_equal(decide(&one).hold, HOLD_MANY);
	one.s.silence_held = false;
	assert_int_equal(decide(&one).state, VM_FAILED);
}

static void test_three_episodes_a_day(void **state)
{
	(void)state;
	struct one one;

	begin(&one);
	for (int i = 0; i < 4; i++) {
		one.memory.state = VM_WAITING;
		one.memory.bad_since = one.s.now - 30 * SECOND;
		one.seen.vim.at = one.s.now;
		struct decision d = decide(&one);
		assert_int_equal(d.act, i < 3 ? ACT_REBOOT : ACT_NONE);
		if (i < 3)
			vm_claim(&one.memory, d.act, false, one.s.now);
		vm_memory_end_episode(&one.memory);
		one.s.now += 3600 * SECOND;
	}
	assert_int_equal(one.memory.state, VM_FAILED);
	/* A day after the first there is room for another. */
	one.s.now = NOW + DECIDE_EPISODE_MS;
	one.seen.vim.at = one.s.now;
	one.memory.state = VM_WAITING;
	one.memory.bad_since = one.s.now - 30 * SECOND;
	assert_int_equal(decide(&one).act, ACT_REBOOT);
}

static void test_time_to_boot(void **state)
{
	(void)state;
	struct one one;

	begin(&one);
	vm_memory_boot(&one.memory, false, NOW - 299 * SECOND);
	assert_int_equal(decide(&one).state, VM_BOOTING);
	one.s.now = NOW + SECOND;
	assert_int_equal(decide(&one).state, VM_WAITING);
	/* After a reboot: reboot_time. */
	begin(&one);
	vm_memory_boot(&one.memory, true, NOW - 120 * SECOND);
	assert_int_equal(decide(&one).state, VM_WAITING);
	/* It runs from when the cloud is done with it, at most half an hour after it began. */
	begin(&one);
	vm_memory_boot(&one.memory, true, NOW - 120 * SECOND);
	one.seen.vim.task = TRI_YES;
	assert_int_equal(decide(&one).state, VM_BOOTING);
	one.seen.vim.task = TRI_NO;
	one.s.now += 119 * SECOND;
	assert_int_equal(decide(&one).state, VM_BOOTING);
	begin(&one);
	vm_claim(&one.memory, ACT_REBOOT, false, NOW - DECIDE_LONGEST_ACT_MS);
	one.seen.vim.task = TRI_YES;
	struct decision d = decide(&one);
	assert_int_equal(d.state, VM_HELD);
	assert_int_equal(d.hold, HOLD_TASK);
	/* The VIM's word ends it at once. */
	begin(&one);
	vm_memory_boot(&one.memory, false, NOW - SECOND);
	one.s.assessed.is = ASSESS_OFF;
	assert_int_equal(decide(&one).state, VM_WAITING);
}

static void test_states_follow_the_assessment(void **state)
{
	(void)state;
	static const struct {
		enum assessment is;
		enum vm_state state;
		enum hold hold;
	} rows[] = {
		{ASSESS_ALIVE, VM_ALIVE, HOLD_NONE},
		{ASSESS_SUSPECT, VM_SUSPECT, HOLD_NONE},
		{ASSESS_PARTIAL, VM_PARTIAL, HOLD_ANSWERS},
		{ASSESS_UNKNOWN, VM_UNKNOWN, HOLD_UNPROVEN},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct one one;
		begin(&one);
		one.s.assessed.is = rows[i].is;
		struct decision d = decide(&one);
		assert_int_equal(d.from, VM_WAITING);
		assert_int_equal(d.state, rows[i].state);
		assert_int_equal(d.hold, rows[i].hold);
		assert_int_equal(d.act, ACT_NONE);
		assert_true(one.memory.bad_since == MANAGER_NEVER); /* it waits anew */
	}
	struct one one;
	begin(&one);
	one.policy.watched = false;
	assert_int_equal(decide(&one).state, VM_UNWATCHED);
	one.policy.watched = true;
	assert_int_equal(decide(&one).state, VM_BOOTING);
}

/* What only the VIM can tell of has recovered when that says so. */
static void test_a_vm_without_probes(void **state)
{
	(void)state;
	struct one one;

	begin(&one);
	vm_claim(&one.memory, ACT_START, true, NOW - 121 * SECOND);
	one.s.assessed = (struct assessed){.is = ASSESS_UNKNOWN, .asked = false};
	/* A manager that has just started has not asked yet. */
	hold_it(&one, HOLD_SETTLING);
	struct decision d = decide(&one);
	assert_int_equal(d.state, VM_RECOVERING);
	assert_int_equal(d.outcome, OUTCOME_NONE);
	one.s.holds = 0;
	d = decide(&one);
	assert_int_equal(d.state, VM_UNKNOWN);
	assert_int_equal(d.outcome, OUTCOME_RECOVERED);
}

static void test_policy_of_a_group(void **state)
{
	(void)state;
	char *recover[] = {(char *)"ALWAYS log", (char *)"FALSE recover autohealing"};
	struct rule rule = {.event_name = (char *)"VM_ALIVE", .actions = {.v = recover, .n = 2}};
	struct kpi alive = {.event_name = (char *)"VM_ALIVE",
			    .metric_occurrences_true = 2,
			    .metric_occurrences_false = 4,
			    .poll_frequency = 7,
			    .polling_unit = (char *)"seconds"};
	struct vm_group group = {.bootup_time = 60,
				 .reboot_time = -1,
				 .recovery_wait_time = 5,
				 .kpis = &alive,
				 .n_kpis = 1,
				 .rules = &rule,
				 .n_rules = 1};
	struct vm_policy policy = vm_policy_of(&group);

	assert_true(policy.watched);
	assert_false(policy.manual);
	assert_true(policy.kpi.period == 7000);
	assert_int_equal(policy.kpi.n_true, 2);
	assert_int_equal(policy.kpi.n_false, 4);
	assert_true(policy.bootup == 60000 && policy.reboot == 60000 && policy.wait == 5000);
	rule.actions.n = 1;
	assert_true(vm_policy_of(&group).manual);
	group.bootup_time = -1;
	assert_false(vm_policy_of(&group).watched);
	group.bootup_time = 60;
	group.n_kpis = 0;
	assert_false(vm_policy_of(&group).watched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_and_misses),
		cmocka_unit_test(test_silence_needs_time_and_a_way),
		cmocka_unit_test(test_what_the_vim_says),
		cmocka_unit_test(test_gone_is_said_twice),
		cmocka_unit_test(test_a_service_that_is_silent),
		cmocka_unit_test(test_the_way_is_proven_by_most),
		cmocka_unit_test(test_ladder),
		cmocka_unit_test(test_nothing_holds_it),
		cmocka_unit_test(test_holds_in_their_order),
		cmocka_unit_test(test_holds_that_depend),
		cmocka_unit_test(test_a_request),
		cmocka_unit_test(test_an_episode_ends),
		cmocka_unit_test(test_held_before_failed),
		cmocka_unit_test(test_three_episodes_a_day),
		cmocka_unit_test(test_time_to_boot),
		cmocka_unit_test(test_states_follow_the_assessment),
		cmocka_unit_test(test_a_vm_without_probes),
		cmocka_unit_test(test_policy_of_a_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
