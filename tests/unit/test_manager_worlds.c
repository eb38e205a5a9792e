// SPDX-License-Identifier: Apache-2.0
/*
 * The manager in simulated clouds (manager_world.h), beside the plain rule that reboots what does
 * not answer ICMP: no harmful act in any of them, everything healed in time; and each hold is
 * needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "manager_world.h"

#define N(a) (sizeof(a) / sizeof(*(a)))

static bool at(const struct world *w, int64_t t)
{
	return w->t == t;
}

static bool during(const struct world *w, int64_t from, int64_t until)
{
	return w->t >= from && w->t < until;
}

static void a_guest_hangs(struct world *w)
{
	if (at(w, 300))
		world_kill(w, WORLD_SPECIAL);
}

static void uplink_is_cut(struct world *w)
{
	w->uplink = !during(w, 300, 420);
}

static void network_is_down(struct world *w)
{
	w->network_up[3] = !during(w, 300, 600);
}

static void port_is_dead(struct world *w)
{
	w->vms[WORLD_SPECIAL].port_dead = w->t >= 300;
}

static void host_loses_power(struct world *w)
{
	if (at(w, 300))
		w->host_down[4] = w->t;
	if (!at(w, 900))
		return;
	w->host_down[4] = -1;
	for (unsigned i = 0; i < w->n; i++)
		if (w->vms[i].host == 4)
			world_off(w, i); /* Nova does not start them again by default */
}

static void guests_migrate(struct world *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->vms[i].host == 4)
			w->vms[i].migrating = during(w, 300, 390);
}

static void a_guest_migrates(struct world *w)
{
	w->vms[WORLD_SPECIAL].migrating = during(w, 300, 390);
}

static void a_person_stops_one(struct world *w)
{
	w->vms[WORLD_SPECIAL].stopped = w->t >= 300;
}

static void cloud_is_away(struct world *w)
{
	w->api = !during(w, 300, 900);
	for (unsigned i = 0; i < WORLD_NETWORKS; i++)
		w->network_up[i] = !during(w, 300, 900);
}

static void manager_freezes(struct world *w)
{
	w->frozen = during(w, 300, 420);
	w->uplink = !during(w, 300, 440);
}

static void one_dies_after_each_boot(struct world *w)
{
	if (at(w, 300))
		w->vms[WORLD_SPECIAL].crash_after = 60;
}

static void thirty_die(struct world *w)
{
	for (unsigned i = 0; at(w, 300) && i < 300; i += 10)
		world_kill(w, i);
}

static void both_of_a_pair_hang(struct world *w)
{
	if (at(w, 300)) {
		world_kill(w, 6);
		world_kill(w, 7);
	}
}

static void site_loses_power(struct world *w)
{
	for (unsigned i = 0; at(w, 300) && i < w->n; i++)
		world_off(w, i);
}

static void cloud_is_slow(struct world *w)
{
	w->act_delay = 90;
	w->report_delay = 20;
	for (unsigned i = 0; at(w, 300) && i < 5; i++)
		world_kill(w, 201 * i);
}

/* Down for 54 s, up for 6 s; one guest hangs meanwhile. */
static void network_flaps(struct world *w)
{
	w->network_up[3] = !(during(w, 300, 2100) && w->t % 60 < 54);
	if (at(w, 600))
		world_kill(w, 305);
}

/* Two of four answer for a network that is down; then two are silent in one that is well. */
static void controls_lie(struct world *w)
{
	w->network_up[3] = !during(w, 300, 600);
	for (unsigned i = 0; i < WORLD_CONTROLS / 2; i++)
		w->control_lies[3][i] = during(w, 300, 600) || w->t >= 700;
	if (at(w, 801))
		world_kill(w, 305);
}

static void clock_jumps(struct world *w)
{
	w->clock_off = w->t < 300 ? 0 : w->t < 900 ? 3600 : -3600;
	if (at(w, 291))
		world_kill(w, 5);
	if (at(w, 894))
		world_kill(w, 40);
}

/* Asleep for 10 minutes; for the first 55 s after it some answers find no way to it. */
static void manager_sleeps(struct world *w)
{
	w->frozen = during(w, 300, 900);
	for (unsigned i = 0; i < w->n; i += 67)
		w->vms[i].hidden = during(w, 880, 955);
	if (at(w, 402))
		world_kill(w, 5);
}

/* Beyond the eighteen: one for each hold that those do not need. */

static void hangs_where_it_is_forbidden(struct world *w)
{
	w->forbidden = true;
	a_guest_hangs(w);
}

static void not_leader(struct fleet *f)
{
	f->leads = false;
}

static void watch_only(struct fleet *f)
{
	f->watch_only = true;
}

static void held_by_an_operator(struct fleet *f)
{
	f->domains[f->vms[WORLD_SPECIAL].domains[DOMAIN_HOST]].held = true;
}

static void somebody_deploys(struct world *w)
{
	w->busy = during(w, 291, 500);
	if (at(w, 300))
		w->vms[WORLD_SPECIAL].dead = true;
	if (at(w, 480))
		w->vms[WORLD_SPECIAL].dead = false;
}

static void a_locked_one_hangs(struct world *w)
{
	w->vms[WORLD_SPECIAL].locked = true;
	a_guest_hangs(w);
}

static void a_lone_host_loses_power(struct world *w)
{
	if (at(w, 300))
		w->host_down[w->n_hosts] = w->t;
	if (at(w, 900)) {
		w->host_down[w->n_hosts] = -1;
		world_off(w, WORLD_SPECIAL);
	}
}

/* The API comes back before the services behind it: for a minute it tells of the world before. */
static void api_comes_back_with_old_news(struct world *w)
{
	w->api = !during(w, 300, 600);
	w->stale = during(w, 600, 660);
	w->vms[WORLD_SPECIAL].stopped = w->t >= 400;
}

static void a_lone_network_is_down(struct world *w)
{
	w->network_up[WORLD_NETWORKS] = !during(w, 300, 600);
	w->vms[WORLD_SPECIAL].hidden = !w->network_up[WORLD_NETWORKS]; /* DNS goes that way, too */
}

#define POLICY(wait_s, reboot_s, action_, ...)                                                    \
	.watched = true, .kpi.period = 3000, .kpi.n_true = 1, .kpi.n_false = 5, .bootup = 300000, \
	.reboot = 1000 * (reboot_s), .wait = 1000 * (wait_s), .action = (action_),                \
	.max_retries = 3, __VA_ARGS__

/* acts, down: exactly; latest: at most. */
static const struct world_script worlds[] = {
	{"one guest hangs", 1800, a_guest_hangs, .n = 1000, .acts = 1, .latest = 45},
	{"the manager's uplink is cut for 120 s", 1800, uplink_is_cut, .n = 1000},
	{"a management network is down for 300 s", 1800, network_is_down, .n = 1000},
	{"a management port is dead, DNS answers", 3600, port_is_dead, .n = 1000,
	 .hold = HOLD_ANSWERS},
	{"a host has no power for 600 s", 7200, host_loses_power, .n = 1000, .acts = 20,
	 .latest = 600, .hold = HOLD_MANY},
	{"20 VMs are silent in live migration for 90 s", 1800, guests_migrate, .n = 1000},
	{"a person stops a VM", 3600, a_person_stops_one, .n = 1000, .hold = HOLD_WANTED},
	{"the cloud is away for 600 s", 3600, cloud_is_away, .n = 1000},
	{"the manager is frozen for 120 s", 1800, manager_freezes, .n = 1000},
	{"a guest dies a minute after each boot, 24 h", 86400, one_dies_after_each_boot, .n = 20,
	 .acts = 3, .down = 1, .latest = 45},
	{"30 guests die at once", 3600, thirty_die, .n = 1000, .acts = 30, .latest = 600},
	{"both of a pair hang", 3600, both_of_a_pair_hang, .n = 1000, .acts = 2, .latest = 150,
	 .hold = HOLD_PARTNER},
	{"the site loses power, all are off", 7200, site_loses_power, .n = 1000, .acts = 1000,
	 .latest = 1500, .hold = HOLD_BUDGET},

	{"a slow cloud: acts take 90 s, reports are old", 3600, cloud_is_slow, .n = 1000, .acts = 5,
	 .latest = 90, .policy = {POLICY(30, 120, RECOVERY_REBOOT_ONLY)}},
	{"a network flaps for 30 minutes", 3600, network_flaps, .n = 1000, .acts = 1,
	 .latest = 1560},
	{"half of the controls lie", 3600, controls_lie, .n = 1000, .acts = 1, .latest = 560},
	{"the clock jumps by 1 h, and by -2 h", 3600, clock_jumps, .n = 1000, .acts = 2,
	 .latest = 120},
	{"the manager is frozen for 600 s", 1800, manager_sleeps, .n = 1000, .acts = 1,
	 .latest = 570, .hold = HOLD_SETTLING},

	{"another manager leads", 900, hangs_where_it_is_forbidden, .n = 20, .down = 1,
	 .set_up = not_leader, .hold = HOLD_NOT_LEADER},
	{"the manager only watches", 900, hangs_where_it_is_forbidden, .n = 20, .down = 1,
	 .set_up = watch_only, .hold = HOLD_WATCH_ONLY},
	{"recovery is manual", 900, hangs_where_it_is_forbidden, .n = 20, .down = 1,
	 .policy = {POLICY(30, 300, RECOVERY_REBOOT_ONLY, .manual = true)}, .hold = HOLD_MANUAL},
	{"an operator works on the host", 900, hangs_where_it_is_forbidden, .n = 20, .down = 1,
	 .set_up = held_by_an_operator, .hold = HOLD_OPERATOR},
	{"somebody deploys", 900, somebody_deploys, .n = 20, .hold = HOLD_BUSY},
	{"a locked guest hangs", 900, a_locked_one_hangs, .n = 20, .down = 1, .hold = HOLD_LOCKED},
	{"one VM migrates", 900, a_guest_migrates, .n = 20, .hold = HOLD_TASK},
	{"a host of one VM has no power", 1800, a_lone_host_loses_power, .n = 40, .special = true,
	 .acts = 1, .latest = 60, .policy = {POLICY(90, 300, RECOVERY_REBOOT_ONLY)},
	 .hold = HOLD_HOST},
	{"the API comes back with old news", 1800, api_comes_back_with_old_news, .n = 20,
	 .hold = HOLD_VIM},
	{"a network of one VM is down", 900, a_lone_network_is_down, .n = 40, .special = true,
	 .hold = HOLD_UNPROVEN},
	{"a guest with leases hangs", 900, a_guest_hangs, .n = 20, .down = 1,
	 .policy = {POLICY(30, 300, RECOVERY_REDEPLOY_ONLY, .has_state = true)},
	 .hold = HOLD_STATE},
};

static void print_row(const struct world_script *script, const struct world *icmp,
		      const struct world *w)
{
	printf("%-46s | %5u (%5u), %4u, %5lld s | %5u (%u), %4u, %5lld s\n", script->name,
	       icmp->acts, icmp->harmful, icmp->down, (long long)icmp->latest, w->acts, w->harmful,
	       w->down, (long long)w->latest);
}

static void test_no_act_does_harm(void **state)
{
	(void)state;
	printf("%-46s | %-29s | manager\n", "acts (harmful), left down, latest after", "ICMP rule");
	for (size_t i = 0; i < N(worlds); i++) {
		struct world icmp, w;
		world_run_icmp(&icmp, &worlds[i]);
		world_run_manager(&w, &worlds[i], 0);
		print_row(&worlds[i], &icmp, &w);
		world_clear(&icmp);
		world_clear(&w);
		assert_int_equal(w.harmful, 0);
		assert_int_equal(w.acts, worlds[i].acts);
		assert_int_equal(w.down, worlds[i].down);
		assert_in_range(w.latest, 0, worlds[i].latest);
	}
}

/* The worlds are worth something: the plain rule does harm in most of the first 18. */
static void test_the_plain_rule_does_harm(void **state)
{
	(void)state;
	unsigned harmful = 0;

	for (size_t i = 0; i < 18; i++) {
		struct world icmp;
		world_run_icmp(&icmp, &worlds[i]);
		harmful += icmp.harmful > 0;
		world_clear(&icmp);
	}
	assert_in_range(harmful, 9, 18);
}

static void test_each_hold_is_needed(void **state)
{
	(void)state;
	for (unsigned hold = HOLD_NONE + 1; hold < HOLDS; hold++) {
		const struct world_script *script = NULL;
		for (size_t i = 0; i < N(worlds) && !script; i++)
			if (worlds[i].hold == (enum hold)hold)
				script = &worlds[i];
		assert_non_null(script);
		if (!script)
			return;
		struct world w;
		world_run_manager(&w, script, HOLD_BIT(hold));
		printf("without %-11s %5u harmful acts: %s\n", hold_name((enum hold)hold),
		       w.harmful, script->name);
		world_clear(&w);
		assert_in_range(w.harmful, 1, UINT32_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_act_does_harm),
		cmocka_unit_test(test_the_plain_rule_does_harm),
		cmocka_unit_test(test_each_hold_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
