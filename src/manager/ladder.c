// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/str.h"
#include "manager/decide.h"

enum {
	MAX_RETRIES = 3,
	BOOT_DOUBLINGS = 5, /* at most: 32 minutes */
};

/* No rules at all: as with ESC's defaults, the policy alone decides. */
static bool recovers(const struct vm_group *group)
{
	for (size_t i = 0; i < group->n_rules; i++)
		for (size_t j = 0; j < group->rules[i].actions.n; j++)
			if (strstr(group->rules[i].actions.v[j], "recover"))
				return true;
	return group->n_rules == 0;
}

struct vm_policy vm_policy_of(const struct vm_group *group)
{
	const struct kpi *kpi =
		array_find(group->kpis, group->n_kpis, streq(it->event_name, "VM_ALIVE"));
	int64_t bootup = 1000 * (int64_t)group->bootup_time;
	struct vm_policy policy = {
		.watched = kpi && group->bootup_time > 0,
		.kpi = {.period = 1000, .n_true = 1, .n_false = 1},
		.bootup = bootup,
		.reboot = group->reboot_time > 0 ? 1000 * (int64_t)group->reboot_time : bootup,
		.wait = group->recovery_wait_time > 0 ? 1000 * (int64_t)group->recovery_wait_time
						      : 0,
		.action = group->action_on_recovery,
		.manual = group->recovery_manual || !recovers(group),
		.max_retries = MAX_RETRIES,
	};

	if (!kpi)
		return policy;
	int64_t unit = kpi->polling_unit && str_starts(kpi->polling_unit, "minute") ? 60000 : 1000;
	if (kpi->poll_frequency > 0)
		policy.kpi.period = unit * kpi->poll_frequency;
	if (kpi->metric_occurrences_true > 0)
		policy.kpi.n_true = kpi->metric_occurrences_true;
	if (kpi->metric_occurrences_false > 0)
		policy.kpi.n_false = kpi->metric_occurrences_false;
	return policy;
}

enum act ladder_next(const struct vm_policy *policy, enum assessment is, const unsigned tried[ACTS])
{
	bool redeploys = policy->action != RECOVERY_REBOOT_ONLY;
	unsigned reboots = 0;

	if (is == ASSESS_UNBORN || is == ASSESS_GONE)
		return redeploys && tried[ACT_REDEPLOY] < policy->max_retries ? ACT_REDEPLOY
									      : ACT_NONE;
	if (is == ASSESS_OFF && tried[ACT_START] == 0)
		return ACT_START;
	if (policy->action == RECOVERY_REBOOT_ONLY)
		reboots = policy->max_retries;
	else if (policy->action == RECOVERY_REBOOT_THEN_REDEPLOY)
		reboots = 1;
	/* After a redeploy the rungs below it are done with. */
	if (tried[ACT_REBOOT] < reboots && tried[ACT_REDEPLOY] == 0)
		return ACT_REBOOT;
	return redeploys && tried[ACT_REDEPLOY] < policy->max_retries ? ACT_REDEPLOY : ACT_NONE;
}

int64_t vm_boot_time(const struct vm_policy *policy, const struct vm_memory *m)
{
	bool rebooted = m->state == VM_BOOTING ? m->rebooted : m->act != ACT_REDEPLOY;
	int64_t given = rebooted ? policy->reboot : policy->bootup;
	unsigned tries = m->tried[ACT_START] + m->tried[ACT_REBOOT] + m->tried[ACT_REDEPLOY];

	if (m->state == VM_BOOTING || tries == 0)
		return given;
	unsigned doublings = tries - 1 < BOOT_DOUBLINGS ? tries - 1 : BOOT_DOUBLINGS;
	int64_t least = (int64_t)DECIDE_LEAST_BOOT_MS << doublings;
	return given > least ? given : least;
}

const char *act_name(enum act act)
{
	static const char *const names[ACTS] = {
		[ACT_NONE] = "nothing",
		[ACT_START] = "start",
		[ACT_REBOOT] = "reboot",
		[ACT_REDEPLOY] = "redeploy",
	};
	return names[act];
}
