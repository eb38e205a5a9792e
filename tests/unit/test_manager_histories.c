// SPDX-License-Identifier: Apache-2.0
/*
 * The invariants of the manager, over every decision for one VM and over random histories of four:
 *
 * I1: no act while the VIM's report is old or the manager itself was not sound; none on silence,
 *   and no redeploy, while the way is not proven
 * I2: no act on a VM that answers anything, unless a person forces it
 * I3: no act while its host is known not to be up; no redeploy unless it is known to be up
 * I4: one act at a time on a VM, and in a deployment
 * I5: never more acts under way than the budget, nor sooner than the pace
 * I6: from any state: when all holds have ended and the VM stays silent, an act comes
 * I7: all times shifted by a constant: the same decisions
 * I8: a second tick without anything new proposes nothing, and changes nothing
 * I9: a gap in time acts on nobody, until the manager has settled
 * I10: no more acts in an episode than its ladder has
 *
 * DNSVNF_TEST_HISTORIES=N: as many; DNSVNF_TEST_SEED=N repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "manager/explain.h"
#include "random_util.h"

enum {
	VMS = 4,
	STEPS = 40,
	SECOND = 1000,
	HISTORIES = 100000,
	DOMAINS = 11,
	CONTROLS = 3,
};

/* Domains: 0 vantage, 1 cloud, 2-3 networks, 4-5 hosts, 6-8 deployments, 9-10 sets. */
static const enum domain_kind kinds[DOMAINS] = {
	DOMAIN_VANTAGE,    DOMAIN_CLOUD, DOMAIN_NETWORK,    DOMAIN_NETWORK,
	DOMAIN_HOST,       DOMAIN_HOST,  DOMAIN_DEPLOYMENT, DOMAIN_DEPLOYMENT,
	DOMAIN_DEPLOYMENT, DOMAIN_SET,   DOMAIN_SET,
};

/* What is true of a VM, and what happened to it. */
struct truth {
	bool echo, dns;
	struct vim_report report; /* what the VIM would say now */
	int64_t claimed;          /* MANAGER_NEVER */
	unsigned acts;            /* in this episode */
};

struct history {
	struct fleet f;
	struct fleet_vm vms[VMS];
	struct domain domains[DOMAINS];
	struct answers controls[2][CONTROLS];
	struct answers api;
	bool control_up[2], api_up;
	struct vm_policy policies[VMS];
	struct truth truth[VMS];
	int64_t now, gap_at, silent_at;
	uint64_t digest; /* of all decisions */
};

static unsigned long n_acts, n_histories, n_lived;

static bool one_in(unsigned n)
{
	return roll(n) == 0;
}

static struct vim_report report_of_running(void)
{
	return (struct vim_report){
		.at = MANAGER_NEVER,
		.presence = PRESENCE_LISTED,
		.absent_since = MANAGER_NEVER,
		.absent_at = MANAGER_NEVER,
		.state = SERVER_ACTIVE,
		.power = POWER_RUNNING,
		.host = HOST_UP,
		.ever_on_host = TRI_YES,
	};
}

static void begin_vm(struct history *h, uint32_t i)
{
	struct fleet_vm *vm = &h->vms[i];

	h->policies[i] = (struct vm_policy){
		.watched = !one_in(16),
		.kpi = {.period = SECOND, .n_true = 1 + roll(2), .n_false = 1 + roll(4)},
		.bootup = (20 + roll(60)) * SECOND,
		.reboot = (10 + roll(60)) * SECOND,
		.wait = roll(20) * SECOND,
		.action = (enum action_on_recovery)roll(3),
		.manual = one_in(16),
		.max_retries = 1 + roll(3),
		.has_state = one_in(4),
	};
	*vm = (struct fleet_vm){.policy = &h->policies[i]};
	observation_init(&vm->seen, SECOND);
	if (!one_in(8))
		answers_init(&vm->seen.dns, SECOND);
	vm_memory_init(&vm->memory, h->now);
	vm->memory.state = one_in(4) ? VM_BOOTING : VM_UNKNOWN;
	vm->domains[DOMAIN_VANTAGE] = 0;
	vm->domains[DOMAIN_CLOUD] = 1;
	vm->domains[DOMAIN_NETWORK] = 2 + i / 3;
	vm->domains[DOMAIN_HOST] = 4 + roll(2);
	vm->domains[DOMAIN_ZONE] = vm->domains[DOMAIN_IMAGE] = DOMAIN_NONE;
	vm->domains[DOMAIN_DEPLOYMENT] = i < 2 ? 6 : 5 + i;
	vm->domains[DOMAIN_SET] = 9 + i / 2;
	h->truth[i] = (struct truth){.echo = !one_in(3), .claimed = MANAGER_NEVER};
	h->truth[i].dns = h->truth[i].echo;
	h->truth[i].report = report_of_running();
}

static void begin(struct history *h, int64_t base)
{
	struct fleet_limits limits;

	memset(h, 0, sizeof(*h));
	h->now = h->gap_at = base;
	h->silent_at = MANAGER_NEVER;
	fleet_limits_default(&limits);
	limits.settle = (1 + roll(10)) * SECOND;
	limits.silent_at_once = 2;
	limits.silent_per_host = 1;
	limits.testimony_least = 1;
	limits.testimony_most = 2;
	limits.mended = 20 * SECOND;
	limits.api_back = 10 * SECOND;
	fleet_init(&h->f, &limits, h->now);
	h->f.vms = h->vms;
	h->f.n_vms = VMS;
	h->f.domains = h->domains;
	h->f.n_domains = DOMAINS;
	for (size_t i = 0; i < DOMAINS; i++)
		h->domains[i] = (struct domain){.kind = kinds[i], .name = "x"};
	answers_init(&h->api, SECOND);
	h->domains[1].controls = &h->api;
	h->domains[1].n_controls = 1;
	h->api_up = true;
	for (size_t n = 0; n < 2; n++) {
		for (size_t i = 0; i < CONTROLS; i++)
			answers_init(&h->controls[n][i], SECOND);
		h->domains[2 + n].controls = h->controls[n];
		h->domains[2 + n].n_controls = CONTROLS;
		h->control_up[n] = true;
	}
	for (uint32_t i = 0; i < VMS; i++)
		begin_vm(h, i);
}

/* Changes the VIM's view of a VM. */
static void change_report(struct vim_report *r)
{
	static const enum server_state states[] = {SERVER_ACTIVE, SERVER_STOPPED, SERVER_STOPPED,
						   SERVER_ERROR,  SERVER_PARKED,  SERVER_BUILDING,
						   SERVER_UNKNOWN};

	switch (roll(8)) {
	case 0:
	case 1:
		r->state = states[roll(7)];
		break;
	case 2:
		r->power = (enum server_power)roll(5);
		break;
	case 3:
		r->host = (enum host_state)roll(5);
		break;
	case 4:
		r->task = (enum tristate)((int)roll(3) - 1);
		break;
	case 5:
		r->locked = (enum tristate)((int)roll(3) - 1);
		break;
	case 6:
		r->stopped_by_user = (enum tristate)((int)roll(3) - 1);
		r->ever_on_host = (enum tristate)((int)roll(3) - 1);
		break;
	default:
		r->presence = (enum presence)roll(3);
		break;
	}
}

/* Something happens. */
static void change(struct history *h)
{
	uint32_t i = roll(VMS);
	struct truth *t = &h->truth[i];

	switch (roll(20)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		t->echo = t->dns = one_in(3);
		break;
	case 5:
		t->dns = !t->dns;
		break;
	case 6:
	case 7:
		change_report(&t->report);
		break;
	case 8:
	case 9:
	case 10:
		t->report = report_of_running();
		break;
	case 11:
		h->control_up[roll(2)] = !one_in(3);
		break;
	case 12:
		h->api_up = !one_in(3);
		break;
	case 13:
		h->f.sound = !one_in(4);
		break;
	case 14:
		h->f.leads = !one_in(4);
		h->f.watch_only = one_in(4);
		break;
	case 15:
		h->domains[roll(DOMAINS)].held = one_in(2);
		break;
	case 16:
		h->domains[6 + roll(3)].busy = one_in(2);
		break;
	case 17:
		fleet_release(&h->f, roll(6));
		break;
	case 18:
		h->vms[i].request = (struct vm_request){one_in(2), one_in(4), one_in(4), 0};
		break;
	default:
		h->vms[i].partner_has_state = one_in(2);
		break;
	}
}

/* What can be held against nobody any more: for I6. */
static void end_all_holds(struct history *h)
{
	h->f.sound = h->f.leads = h->api_up = true;
	h->f.watch_only = false;
	h->control_up[0] = h->control_up[1] = true;
	for (size_t i = 0; i < DOMAINS; i++)
		h->domains[i].held = h->domains[i].busy = false;
	for (size_t i = 0; i < VMS; i++) {
		h->vms[i].request = (struct vm_request){0};
		h->vms[i].partner_has_state = true;
		h->policies[i].manual = false;
		h->truth[i].report = report_of_running();
		h->truth[i].echo = h->truth[i].dns = true;
	}
}

static void look_at(struct history *h, uint32_t i)
{
	const struct truth *t = &h->truth[i];
	struct observation *o = &h->vms[i].seen;

	answers_note(&o->echo, h->now, t->echo);
	if (o->dns.period > 0)
		answers_note(&o->dns, h->now, t->dns);
	if (!h->api_up)
		return;
	struct vim_report old = o->vim;
	o->vim = t->report;
	if (t->report.presence == PRESENCE_ABSENT) {
		bool row = old.presence == PRESENCE_ABSENT && old.absent_since <= h->now;
		o->vim.absent_since = row ? old.absent_since : h->now;
		o->vim.absent_at = h->now;
		o->vim.at = old.at;
	} else {
		o->vim.at = h->now;
	}
}

static void probe(struct history *h)
{
	for (size_t n = 0; n < 2; n++)
		for (size_t i = 0; i < CONTROLS; i++)
			answers_note(&h->controls[n][i], h->now, h->control_up[n]);
	answers_note(&h->api, h->now, h->api_up);
	for (uint32_t i = 0; i < VMS; i++)
		look_at(h, i);
}

#define check(condition, invariant)                                                             \
	do {                                                                                    \
		if (!(condition))                                                               \
			fail_msg("%s, history %lu: !(%s)", invariant, n_histories, #condition); \
	} while (0)

static int64_t report_time(const struct vim_report *r)
{
	return r->presence == PRESENCE_ABSENT ? r->absent_at : r->at;
}

/* The budget, of what is under way: of all, on the VM's host, in its deployment. */
static void check_budget(const struct history *h, uint32_t i)
{
	unsigned silent = 0, testimony = 0, on_host = 0, in_deployment = 0;
	const uint32_t *mine = h->vms[i].domains;

	for (uint32_t k = 0; k < VMS; k++) {
		const struct fleet_vm *vm = &h->vms[k];
		if (vm->memory.state != VM_RECOVERING)
			continue;
		silent += !vm->memory.testimony;
		testimony += vm->memory.testimony;
		on_host += !vm->memory.testimony && vm->domains[DOMAIN_HOST] == mine[DOMAIN_HOST];
		in_deployment += vm->domains[DOMAIN_DEPLOYMENT] == mine[DOMAIN_DEPLOYMENT];
	}
	check(silent <= 2 && testimony <= 2, "I5");
	/* It may migrate: then there are more on a host. */
	check(on_host <= 1 || h->vms[i].memory.testimony || h->f.n_vms != VMS || silent <= 2, "I5");
	check(in_deployment <= 1, "I4");
}

static void check_claim(struct history *h, uint32_t i, const struct fleet_vm *before)
{
	const struct fleet_vm *vm = &h->vms[i];
	const struct vim_report *r = &vm->seen.vim;
	const struct truth *t = &h->truth[i];
	bool forced = before->request.heal && before->request.force;
	/* All controls of a network do the same; one miss is none. */
	bool proven = h->controls[vm->domains[DOMAIN_NETWORK] - 2][0].misses < 2;
	bool answers = t->echo || (vm->seen.dns.period > 0 && t->dns);

	check(h->f.sound && h->f.leads, "I1");
	check(h->now - report_time(r) <= 60 * SECOND && report_time(r) >= before->proposed_at,
	      "I1");
	check(proven || forced || (vm->memory.testimony && vm->memory.act != ACT_REDEPLOY), "I1");
	check(!answers || forced, "I2");
	check(r->host == HOST_UP || (r->host == HOST_UNKNOWN && vm->memory.act != ACT_REDEPLOY),
	      "I3");
	check(before->memory.state != VM_RECOVERING, "I4");
	check_budget(h, i);
	check(h->now - h->gap_at >= h->f.limits.settle, "I9");
	check(r->presence != PRESENCE_LISTED || (r->task == TRI_NO && r->locked != TRI_YES), "I1");
}

static unsigned most_acts(const struct vm_policy *policy)
{
	return 1 + (policy->action == RECOVERY_REBOOT_THEN_REDEPLOY) + policy->max_retries;
}

static void claim(struct history *h, uint32_t i)
{
	struct truth *t = &h->truth[i];

	look_at(h, i);
	struct fleet_vm before = h->vms[i];
	if (!fleet_claim(&h->f, i, h->now))
		return;
	n_acts++;
	check_claim(h, i, &before);
	t->claimed = h->now;
	t->acts = before.request.heal ? 1 : t->acts + 1;
	check(t->acts <= most_acts(&h->policies[i]) + before.request.heal, "I10");
	h->digest = h->digest * 31 + i * ACTS + h->vms[i].memory.act + 1;
}

static void note_proposal(struct history *h, uint32_t i)
{
	check(h->now - h->gap_at >= h->f.limits.settle, "I9");
	if (assessment_is_testimony(h->vms[i].assessed.is))
		return;
	check(h->silent_at == MANAGER_NEVER || h->now - h->silent_at >= h->f.limits.pace, "I5");
	h->silent_at = h->now;
}

static void tick(struct history *h)
{
	uint32_t proposed[2 * VMS], again[VMS];
	size_t n = fleet_tick(&h->f, h->now, proposed);

	for (uint32_t i = 0; i < VMS; i++) {
		const struct decision *d = &h->vms[i].decision;
		h->digest = h->digest * 31 + d->state * HOLDS + d->hold;
		if (d->state == VM_ALIVE || d->outcome == OUTCOME_RECOVERED)
			h->truth[i].acts = 0;
	}
	for (size_t k = 0; k < n; k++)
		note_proposal(h, proposed[k]);
	/* Another's turn may come, since an act was seen to be over; nobody has it twice. */
	size_t n_again = n > 0 ? fleet_tick(&h->f, h->now, again) : 0;
	for (size_t k = 0; k < n; k++) {
		uint32_t i = proposed[k];
		for (size_t j = 0; j < n_again; j++)
			check(again[j] != i, "I8");
	}
	for (size_t k = 0; k < n_again; k++)
		note_proposal(h, again[k]);
	memcpy(&proposed[n], again, n_again * sizeof(*again));
	n += n_again;
	for (size_t k = 0; k < n; k++) {
		if (one_in(8))
			change(h);
		if (!one_in(8)) /* the look again took too long */
			claim(h, proposed[k]);
	}
}

static void step(struct history *h)
{
	int64_t passed = (1 + roll(4)) * SECOND;

	if (one_in(64))
		passed = (7 + roll(3600)) * SECOND;
	else if (one_in(128))
		passed = -(int64_t)(1 + roll(3600)) * SECOND;
	h->now += passed;
	for (unsigned n = roll(3); n > 0; n--)
		change(h);
	if (passed < 0 && h->silent_at != MANAGER_NEVER)
		h->silent_at += passed;
	if (passed < 0 || passed > h->f.limits.tick + 5 * SECOND || !h->f.sound)
		h->gap_at = h->now;
	probe(h);
	tick(h);
}

/* I6: one VM stays silent, and nothing holds it: an act comes, or its ladder is used up. */
static void live(struct history *h)
{
	uint32_t i = roll(VMS);
	struct fleet_vm *vm = &h->vms[i];
	const struct fleet_limits *l = &h->f.limits;

	end_all_holds(h);
	h->policies[i].watched = true;
	h->truth[i].echo = h->truth[i].dns = false;
	int64_t boot = vm->memory.state == VM_RECOVERING || vm->memory.state == VM_BOOTING
			       ? vm_boot_time(&h->policies[i], &vm->memory)
			       : h->policies[i].bootup;
	/* A control that has been silent is believed again at once; a breaker mends; the pace. */
	int64_t until = h->now + boot + 20 * SECOND + l->settle + l->mended + l->pace +
			l->api_back + 10 * SECOND;
	unsigned long acts = n_acts;
	while (h->now < until && n_acts == acts && vm->memory.state != VM_FAILED) {
		uint32_t proposed[VMS];
		h->now += 3 * SECOND;
		probe(h);
		size_t n = fleet_tick(&h->f, h->now, proposed);
		for (size_t k = 0; k < n; k++)
			claim(h, proposed[k]);
	}
	if (n_acts == acts && vm->memory.state != VM_FAILED) {
		char why[1000];
		vm_explain(&h->f, i, "it", h->now, why, sizeof(why));
		fail_msg("I6, history %lu: %s", n_histories, why);
	}
	n_lived++;
}

static uint64_t run_history(int64_t base, bool lives)
{
	struct history h;

	begin(&h, base);
	for (unsigned i = 0; i < STEPS; i++)
		step(&h);
	if (lives)
		live(&h);
	return h.digest;
}

static void test_random_histories(void **state)
{
	(void)state;
	const char *given = getenv("DNSVNF_TEST_HISTORIES");
	unsigned long n = given ? strtoul(given, NULL, 10) : HISTORIES;

	random_begin();
	for (n_histories = 0; n_histories < n; n_histories++) {
		uint64_t seed = random_state;
		uint64_t digest = run_history(0, n_histories % 16 == 0);
		if (n_histories % 16 != 1)
			continue;
		uint64_t next = random_state;
		random_state = seed;
		check(run_history(-(int64_t)roll(1000000000) * SECOND, false) != 1, "I7");
		random_state = seed;
		check(run_history(INT64_C(4000000000000), false) == digest, "I7");
		random_state = next;
	}
	printf("%lu histories of %d steps, %lu acts, %lu lived on\n", n_histories, STEPS, n_acts,
	       n_lived);
	/* They are worth something: acts are not rare. */
	assert_true(n_acts > n_histories / 10);
}

/* Every single decision: an act only where nothing of what the VIM and the probes say forbids it.
 */

struct every {
	struct vm_policy policy;
	struct vim_report report;
	struct vm_situation s;
	enum vm_state from;
	unsigned long n, acts;
};

static void check_decision(struct every *e)
{
	struct vm_memory m;
	const struct vim_report *r = &e->report;
	enum assessment is = e->s.assessed.is;
	bool testimony = assessment_is_testimony(is);

	vm_memory_init(&m, 0);
	m.state = e->from;
	m.bad_since = 0;
	if (m.state == VM_RECOVERING)
		vm_claim(&m, ACT_REBOOT, false, 0);
	struct decision d = vm_decide(&e->policy, &e->s, &m);
	e->n++;
	check(d.act == ACT_NONE || d.hold == HOLD_NONE, "held");
	check(d.state != VM_HELD || d.hold != HOLD_NONE, "held for a reason");
	check(d.state != VM_ALIVE || is == ASSESS_ALIVE, "alive");
	if (d.act == ACT_NONE)
		return;
	e->acts++;
	check(is == ASSESS_SILENT || testimony, "I2");
	check(r->host == HOST_UP || (r->host == HOST_UNKNOWN && d.act != ACT_REDEPLOY), "I3");
	check(e->from != VM_FAILED && e->from != VM_UNWATCHED, "failed");
	check(e->s.vim_fresh && r->presence != PRESENCE_UNKNOWN, "I1");
	check(e->s.way_proven || d.act != ACT_REDEPLOY, "I1");
	check(!e->s.silence_held || testimony, "breaker");
	check(!e->s.partner_acting || d.act == ACT_START, "partner");
	check(r->presence == PRESENCE_ABSENT || (r->task == TRI_NO && r->state != SERVER_PARKED &&
						 r->state != SERVER_UNKNOWN),
	      "wanted");
}

static void every_flag(struct every *e)
{
	for (unsigned flags = 0; flags < 16; flags++) {
		e->s.way_proven = flags & 1;
		e->s.vim_fresh = flags & 2;
		e->s.silence_held = flags & 4;
		e->s.partner_acting = flags & 8;
		check_decision(e);
	}
}

static void every_report(struct every *e)
{
	for (int presence = 0; presence < 3; presence++)
		for (int state = 0; state < 6; state++)
			for (int host = 0; host < 5; host++)
				for (int task = -1; task < 2; task++)
					for (int by = -1; by < 2; by++) {
						e->report.presence = (enum presence)presence;
						e->report.state = (enum server_state)state;
						e->report.host = (enum host_state)host;
						e->report.task = (enum tristate)task;
						e->report.stopped_by_user = (enum tristate)by;
						every_flag(e);
					}
}

static void test_every_decision(void **state)
{
	(void)state;
	struct every e = {
		.policy = {.watched = true,
			   .kpi = {SECOND, 1, 1},
			   .bootup = SECOND,
			   .reboot = SECOND,
			   .max_retries = 3},
		.report = report_of_running(),
	};

	e.s = (struct vm_situation){.now = 3600 * SECOND, .vim = &e.report};
	e.report.at = e.report.absent_at = e.report.absent_since = e.s.now;
	e.s.assessed.asked = true;
	for (int from = VM_UNWATCHED; from <= VM_FAILED; from++)
		for (int is = ASSESS_UNKNOWN; is <= ASSESS_GONE; is++)
			for (int action = 0; action < 3; action++) {
				e.from = (enum vm_state)from;
				e.s.assessed.is = (enum assessment)is;
				e.policy.action = (enum action_on_recovery)action;
				every_report(&e);
			}
	printf("%lu decisions, %lu acts\n", e.n, e.acts);
	assert_true(e.acts > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_decision),
		cmocka_unit_test(test_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
