// SPDX-License-Identifier: Apache-2.0
#include "manager/decide.h"

void vm_memory_init(struct vm_memory *m, int64_t now)
{
	*m = (struct vm_memory){
		.state = VM_UNKNOWN,
		.since = now,
		.bad_since = MANAGER_NEVER,
		.booting_from = now,
		.claimed = MANAGER_NEVER,
	};
	for (size_t i = 0; i < DECIDE_EPISODES; i++)
		m->episodes[i] = MANAGER_NEVER;
}

void vm_memory_end_episode(struct vm_memory *m)
{
	m->act = ACT_NONE;
	m->claimed = MANAGER_NEVER;
	m->testimony = false;
	for (size_t i = 0; i < ACTS; i++)
		m->tried[i] = 0;
}

void vm_memory_boot(struct vm_memory *m, bool rebooted, int64_t now)
{
	vm_memory_end_episode(m);
	m->state = VM_BOOTING;
	m->hold = HOLD_NONE;
	m->since = now;
	m->bad_since = MANAGER_NEVER;
	m->booting_from = now;
	m->rebooted = rebooted;
}

static void shift(int64_t *time, int64_t ms)
{
	if (*time != MANAGER_NEVER)
		*time += ms;
}

void vm_memory_shift(struct vm_memory *m, int64_t ms)
{
	shift(&m->since, ms);
	shift(&m->bad_since, ms);
	shift(&m->booting_from, ms);
	shift(&m->claimed, ms);
	for (size_t i = 0; i < DECIDE_EPISODES; i++)
		shift(&m->episodes[i], ms);
}

unsigned vm_memory_tried(const struct vm_memory *m)
{
	unsigned n = 0;

	for (size_t i = 0; i < ACTS; i++)
		n += m->tried[i];
	return n;
}

bool vm_memory_in_episode(const struct vm_memory *m)
{
	return vm_memory_tried(m) > 0;
}

/* Replaces the oldest. */
static void note_episode(struct vm_memory *m, int64_t now)
{
	size_t oldest = 0;

	for (size_t i = 1; i < DECIDE_EPISODES; i++)
		if (m->episodes[i] < m->episodes[oldest])
			oldest = i;
	m->episodes[oldest] = now;
}

void vm_claim(struct vm_memory *m, enum act act, bool testimony, int64_t now)
{
	if (!vm_memory_in_episode(m))
		note_episode(m, now);
	m->tried[act]++;
	m->act = act;
	m->claimed = now;
	m->testimony = testimony;
	m->booting_from = now;
	m->state = VM_RECOVERING;
	m->hold = HOLD_NONE;
	m->since = now;
}

unsigned vm_memory_episodes(const struct vm_memory *m, int64_t now)
{
	unsigned n = 0;

	for (size_t i = 0; i < DECIDE_EPISODES; i++)
		n += m->episodes[i] != MANAGER_NEVER && now - m->episodes[i] < DECIDE_EPISODE_MS;
	return n;
}
