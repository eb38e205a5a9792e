// SPDX-License-Identifier: Apache-2.0
/* Many VMs in one tick: breakers, pace and budget, claims, clocks; what people are told; the cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "manager/explain.h"

enum {
	SECOND = 1000,
	NETWORKS = 2,
	HOSTS = 10,
	FIRST_HOST = 2 + NETWORKS,
	FIRST_DEPLOYMENT = FIRST_HOST + HOSTS,
};

/* VM i: network i * NETWORKS / n, host i % HOSTS, a deployment of its own. */
struct site {
	struct fleet f;
	struct vm_policy policy;
	struct answers controls[NETWORKS], api;
	bool *answers, *off;
	bool network_up[NETWORKS], api_up;
	uint32_t *proposed;
	size_t n_proposed;
	int64_t now;
};

static void add_vm(struct site *s, uint32_t i)
{
	struct fleet_vm *vm = &s->f.vms[i];

	vm->policy = &s->policy;
	observation_init(&vm->seen, SECOND);
	vm_memory_init(&vm->memory, s->now);
	for (size_t k = 0; k < DOMAIN_KINDS; k++)
		vm->domains[k] = DOMAIN_NONE;
	vm->domains[DOMAIN_VANTAGE] = 0;
	vm->domains[DOMAIN_CLOUD] = 1;
	vm->domains[DOMAIN_NETWORK] = (uint32_t)(2 + i * NETWORKS / s->f.n_vms);
	vm->domains[DOMAIN_HOST] = FIRST_HOST + i % HOSTS;
	vm->domains[DOMAIN_DEPLOYMENT] = FIRST_DEPLOYMENT + i;
	s->answers[i] = true;
}

static void begin(struct site *s, size_t n)
{
	static const enum domain_kind kinds[] = {DOMAIN_VANTAGE, DOMAIN_CLOUD, DOMAIN_NETWORK,
						 DOMAIN_NETWORK};
	struct fleet_limits limits;

	*s = (struct site){
		.policy = {.watched = true,
			   .kpi = {.period = SECOND, .n_true = 1, .n_false = 5},
			   .bootup = 100 * SECOND,
			   .reboot = 100 * SECOND,
			   .wait = 10 * SECOND,
			   .action = RECOVERY_REBOOT_ONLY,
			   .max_retries = 3},
		.answers = xcalloc(n, sizeof(bool)),
		.off = xcalloc(n, sizeof(bool)),
		.network_up = {true, true},
		.api_up = true,
		.proposed = xcalloc(n, sizeof(uint32_t)),
		.now = 1000 * SECOND,
	};
	fleet_limits_default(&limits);
	fleet_init(&s->f, &limits, s->now);
	s->f.vms = xcalloc(n, sizeof(*s->f.vms));
	s->f.n_vms = n;
	s->f.n_domains = FIRST_DEPLOYMENT + n;
	s->f.domains = xcalloc(s->f.n_domains, sizeof(*s->f.domains));
	for (size_t i = 0; i < s->f.n_domains; i++)
		s->f.domains[i] =
			(struct domain){.kind = i < FIRST_HOST         ? kinds[i]
						: i < FIRST_DEPLOYMENT ? DOMAIN_HOST
								       : DOMAIN_DEPLOYMENT,
					.name = "mgmt"};
	answers_init(&s->api, SECOND);
	s->f.domains[1].controls = &s->api;
	s->f.domains[1].n_controls = 1;
	for (size_t i = 0; i < NETWORKS; i++) {
		answers_init(&s->controls[i], SECOND);
		s->f.domains[2 + i].controls = &s->controls[i];
		s->f.domains[2 + i].n_controls = 1;
	}
	for (uint32_t i = 0; i < n; i++)
		add_vm(s, i);
}

static void end(struct site *s)
{
	free_all(s->answers, s->off, s->proposed, s->f.vms, s->f.domains);
}

static void look_at(struct site *s, uint32_t i)
{
	struct fleet_vm *vm = &s->f.vms[i];

	answers_note(&vm->seen.echo, s->now,
		     s->answers[i] && !s->off[i] && s->network_up[vm->domains[DOMAIN_NETWORK] - 2]);
	if (s->api_up)
		vm->seen.vim = (struct vim_report){
			.at = s->now,
			.presence = PRESENCE_LISTED,
			.absent_since = MANAGER_NEVER,
			.absent_at = MANAGER_NEVER,
			.state = s->off[i] ? SERVER_STOPPED : SERVER_ACTIVE,
			.power = s->off[i] ? POWER_OFF : POWER_RUNNING,
			.host = HOST_UP,
			.ever_on_host = TRI_YES,
		};
}

static void tick(struct site *s)
{
	for (size_t i = 0; i < NETWORKS; i++)
		answers_note(&s->controls[i], s->now, s->network_up[i]);
	answers_note(&s->api, s->now, s->api_up);
	for (uint32_t i = 0; i < s->f.n_vms; i++)
		look_at(s, i);
	s->n_proposed = fleet_tick(&s->f, s->now, s->proposed);
}

/* Claims all that is proposed for so many seconds; returns how many claims. A VM that is acted on
 * answers at once, if it is to be mended. */
static unsigned run(struct site *s, int seconds, bool mends)
{
	unsigned claims = 0;

	for (int t = 0; t < seconds; t++) {
		s->now += SECOND;
		tick(s);
		for (size_t k = 0; k < s->n_proposed; k++) {
			uint32_t i = s->proposed[k];
			if (!fleet_claim(&s->f, i, s->now))
				continue;
			claims++;
			s->off[i] = false;
			s->answers[i] |= mends;
		}
	}
	return claims;
}

static unsigned count(const struct site *s, enum vm_state state)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->f.n_vms; i++)
		n += s->f.vms[i].memory.state == state;
	return n;
}

static void test_settles_first(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	s.answers[0] = false;
	assert_int_equal(run(&s, 59, false), 0);
	assert_int_equal(s.f.vms[0].decision.hold, HOLD_SETTLING);
	assert_int_equal(run(&s, 1, false), 1);
	assert_int_equal(count(&s, VM_ALIVE), 99);
	assert_int_equal(count(&s, VM_RECOVERING), 1);
	end(&s);
}

/* Twenty of a hundred, not nineteen. */
static void test_breaker_trips_at_its_share(void **state)
{
	(void)state;
	for (uint32_t silent = 9; silent <= 10; silent++) {
		struct site s;
		begin(&s, 100);
		run(&s, 100, false);
		for (uint32_t i = 0; i < silent; i++)
			s.answers[i] = false; /* one on each host, all of 50 in network 2 */
		unsigned claims = run(&s, 30, false);
		assert_int_equal(s.f.domains[2].tripped, silent == 10);
		assert_false(s.f.domains[3].tripped);
		assert_int_equal(claims > 0, silent == 9);
		end(&s);
	}
}

static void test_breaker_of_a_host(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	run(&s, 100, false);
	for (uint32_t i = 0; i < 100; i += 20)
		s.answers[i] = false; /* half of host 0 */
	assert_int_equal(run(&s, 60, false), 0);
	assert_true(s.f.domains[FIRST_HOST].tripped);
	assert_false(s.f.domains[0].tripped);
	end(&s);
}

/* A network is gone; elsewhere a VM hangs and another is off: those two are healed. */
static void test_two_faults_are_separate(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	/* Half of all VMs, and of those of each host, are in the network. */
	s.f.limits.breaker_percent = 60;
	s.f.limits.breaker_host_percent = 70;
	run(&s, 100, false);
	for (uint32_t i = 0; i < 50; i++)
		s.answers[i] = false; /* behind a network whose control answers */
	s.answers[77] = false;
	s.off[78] = true;
	s.off[3] = true; /* in the network that is gone */
	assert_int_equal(run(&s, 60, true), 3);
	assert_true(s.f.domains[2].tripped);
	assert_int_equal(s.f.vms[77].memory.state, VM_ALIVE);
	assert_int_equal(s.f.vms[78].memory.state, VM_ALIVE);
	/* Its own word was enough to start it. */
	assert_int_equal(s.f.vms[3].memory.episodes[0] != MANAGER_NEVER, true);
	assert_int_equal(s.f.vms[4].decision.hold, HOLD_MANY);
	end(&s);
}

static void test_breaker_mends(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	run(&s, 100, false);
	for (uint32_t i = 0; i < 12; i++)
		s.answers[i] = false;
	run(&s, 30, false);
	assert_true(s.f.domains[2].tripped);
	for (uint32_t i = 5; i < 12; i++)
		s.answers[i] = true; /* five are left: half of what trips it */
	assert_int_equal(run(&s, 119, true), 0);
	assert_int_equal(run(&s, 60, true), 5);
	assert_false(s.f.domains[2].tripped);
	/* By hand, it does not trip again at once. */
	for (uint32_t i = 0; i < 12; i++)
		s.answers[i] = false;
	assert_int_equal(run(&s, 30, false), 0);
	fleet_release(&s.f, 2);
	assert_in_range(run(&s, 30, false), 1, 12);
	end(&s);
}

static void test_pace_of_silence(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	run(&s, 100, false);
	for (uint32_t i = 0; i < 9; i++)
		s.answers[i] = false;
	assert_int_equal(run(&s, 15, false), 1);
	assert_int_equal(run(&s, 9, false), 0);
	assert_int_equal(run(&s, 1, false), 1); /* 10 s later */
	assert_int_equal(run(&s, 60, false), 3);
	assert_int_equal(count(&s, VM_RECOVERING), 5);
	assert_int_equal(s.f.vms[8].decision.hold, HOLD_BUDGET);
	end(&s);
}

static void test_at_most_two_a_host(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	run(&s, 100, false);
	for (uint32_t i = 0; i < 40; i += 10)
		s.answers[i] = false; /* four on host 0 */
	assert_int_equal(run(&s, 60, false), 2);
	assert_int_equal(s.f.vms[20].decision.hold, HOLD_BUDGET);
	end(&s);
}

static void test_slow_start_of_what_is_off(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	run(&s, 100, false);
	for (uint32_t i = 0; i < 100; i++)
		s.off[i] = true;
	assert_int_equal(run(&s, 11, true), 5);
	/* Each that came back makes room for one more. */
	assert_int_equal(run(&s, 1, true), 10);
	assert_int_equal(run(&s, 1, true), 20);
	end(&s);
	/* None comes back: it stays at five at once. */
	begin(&s, 100);
	run(&s, 100, false);
	for (uint32_t i = 0; i < 100; i++) {
		s.off[i] = true;
		s.answers[i] = false;
	}
	assert_int_equal(run(&s, 60, false), 5);
	end(&s);
}

static void test_one_act_in_a_deployment(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	s.f.vms[1].domains[DOMAIN_DEPLOYMENT] = s.f.vms[0].domains[DOMAIN_DEPLOYMENT];
	run(&s, 100, false);
	s.off[0] = s.off[1] = true;
	s.answers[0] = false;
	assert_int_equal(run(&s, 60, false), 1);
	assert_int_equal(s.f.vms[1].decision.hold, HOLD_BUDGET);
	end(&s);
}

/* What answers, or was not looked at again, is not claimed. */
static void test_looks_again(void **state)
{
	(void)state;
	struct site s;

	for (int last = 0; last < 4; last++) {
		begin(&s, 100);
		run(&s, 100, false);
		s.answers[7] = false;
		do {
			s.now += SECOND;
			tick(&s);
		} while (s.n_proposed == 0);
		assert_int_equal(s.proposed[0], 7);
		assert_int_equal(s.f.vms[7].proposed, ACT_REBOOT);
		s.now += SECOND;
		if (last == 1)
			s.answers[7] = true;
		if (last == 2)
			s.now += DECIDE_LOOK_MS;
		if (last > 0)
			look_at(&s, 7);
		if (last == 0)
			s.f.vms[7].seen.echo.asked = s.f.vms[7].proposed_at - 1;
		assert_int_equal(fleet_claim(&s.f, 7, s.now), last == 3);
		assert_int_equal(s.f.vms[7].proposed, ACT_NONE);
		assert_int_equal(vm_memory_tried(&s.f.vms[7].memory), last == 3);
		assert_false(fleet_claim(&s.f, 7, s.now)); /* once */
		end(&s);
	}
}

static void test_a_gap_settles(void **state)
{
	(void)state;
	static const int64_t gaps[] = {7, 600, -600};

	for (size_t i = 0; i < 3; i++) {
		struct site s;
		begin(&s, 100);
		run(&s, 100, false);
		s.answers[7] = false;
		run(&s, 10, false);
		assert_int_equal(s.f.vms[7].memory.state, VM_WAITING);
		s.now += gaps[i] * SECOND;
		assert_int_equal(run(&s, 60, false), 0);
		assert_int_equal(run(&s, 2, false), 1);
		end(&s);
	}
}

static void test_unsound_probes_settle(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	run(&s, 100, false);
	s.answers[7] = false;
	s.off[8] = true;
	s.f.sound = false;
	assert_int_equal(run(&s, 120, false), 0);
	assert_int_equal(s.f.vms[7].memory.state, VM_UNKNOWN);
	assert_int_equal(s.f.vms[8].decision.hold, HOLD_SETTLING);
	s.f.sound = true;
	assert_int_equal(run(&s, 59, false), 0);
	assert_int_equal(run(&s, 10, false), 2);
	end(&s);
}

static void test_the_api_comes_back(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	run(&s, 100, false);
	s.api_up = false;
	s.answers[7] = false;
	assert_int_equal(run(&s, 100, false), 0);
	assert_int_equal(s.f.vms[7].decision.hold, HOLD_VIM);
	s.api_up = true;
	assert_int_equal(run(&s, 120, false), 0);
	assert_int_equal(run(&s, 2, false), 1);
	end(&s);
}

static void assert_told(const struct site *s, uint32_t i, const char *expected)
{
	char why[1000];

	vm_explain(&s->f, i, "dns_0", s->now, why, sizeof(why));
	if (!strstr(why, expected))
		fail_msg("\"%s\" is not in \"%s\"", expected, why);
	/* Any size will do. */
	for (size_t size = 0; size < 400; size++) {
		char small[400] = {[399] = 'x'};
		vm_explain(&s->f, i, "dns_0", s->now, small, size);
		assert_true(size == 0 || strlen(small) < size);
		assert_int_equal(small[399], 'x');
	}
}

static void test_what_is_told(void **state)
{
	(void)state;
	struct site s;

	begin(&s, 100);
	run(&s, 100, false);
	s.answers[7] = false;
	run(&s, 8, false);
	assert_told(&s, 7,
		    "echo silent (8 misses in 7 s), DNS not asked; 1 of 1 controls "
		    "of network \"mgmt\" answer");
	assert_told(&s, 7, "the VIM says ACTIVE, power running, 0 s ago. Healing begins in 7 s");
	s.f.domains[2].held = true;
	run(&s, 20, false);
	assert_told(&s, 7,
		    "Held (operator): an operator holds network \"mgmt\"; `dnsvnf release "
		    "network mgmt`");
	s.f.domains[2].held = false;
	s.f.watch_only = true;
	run(&s, 1, false);
	assert_told(&s, 7,
		    "Held (watch-only): the manager only watches; set heal = on; it would "
		    "reboot it now");
	s.f.watch_only = false;
	assert_int_equal(run(&s, 1, false), 1);
	run(&s, 1, false);
	assert_told(&s, 7, "reboot 1 of this episode began 1 s ago; it has 99 s more to answer");
	for (uint32_t i = 10; i < 22; i++)
		s.answers[i] = false;
	run(&s, 30, false);
	assert_told(&s, 12,
		    "Held (many): 13 of 50 VMs of network \"mgmt\" are silent, and 10 are "
		    "taken for a common fault; repair that, or `dnsvnf release network "
		    "mgmt`");
	for (uint32_t i = 10; i < 22; i++)
		s.answers[i] = true;
	run(&s, 1000, false);
	assert_told(&s, 7, "");
	assert_told(&s, 7, "0 starts, 3 reboots and 0 redeploys did not help");
	end(&s);
}

/* A tick over 10,000 VMs fits into its second many times, on any machine. */
static void test_cost(void **state)
{
	(void)state;
	struct site s;
	struct timespec from, to;
	double least = 1e9;

	begin(&s, 10000);
	run(&s, 70, false);
	for (uint32_t i = 0; i < 10000; i += 3)
		s.answers[i] = false;
	for (int t = 0; t < 20; t++) {
		run(&s, 1, false);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		fleet_tick(&s.f, s.now, s.proposed);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		double ms = 1e3 * (double)(to.tv_sec - from.tv_sec) +
			    1e-6 * (double)(to.tv_nsec - from.tv_nsec);
		least = ms < least ? ms : least;
	}
	printf("a tick over 10,000 VMs: %.1f ms of CPU, %zu bytes a VM\n", least,
	       sizeof(struct fleet_vm));
	assert_true(least < 100);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settles_first),
		cmocka_unit_test(test_breaker_trips_at_its_share),
		cmocka_unit_test(test_breaker_of_a_host),
		cmocka_unit_test(test_two_faults_are_separate),
		cmocka_unit_test(test_breaker_mends),
		cmocka_unit_test(test_pace_of_silence),
		cmocka_unit_test(test_at_most_two_a_host),
		cmocka_unit_test(test_slow_start_of_what_is_off),
		cmocka_unit_test(test_one_act_in_a_deployment),
		cmocka_unit_test(test_looks_again),
		cmocka_unit_test(test_a_gap_settles),
		cmocka_unit_test(test_unsound_probes_settle),
		cmocka_unit_test(test_the_api_comes_back),
		cmocka_unit_test(test_what_is_told),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
