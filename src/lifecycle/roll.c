// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/roll.h"

/* Another VM of the set that does not serve, or n. */
static size_t missing_peer(const struct roll_vm *vms, size_t n, size_t vm)
{
	for (size_t i = 0; i < n; i++)
		if (i != vm && vms[i].set == vms[vm].set && vms[i].serves == TRI_NO)
			return i;
	return n;
}

/* The action that must come first, or ROLL_DONE. */
static struct roll obstacle(const struct roll_vm *vms, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (vms[i].state == ROLL_FAILED)
			return (struct roll){.verdict = ROLL_STOP, .vm = i};
	for (size_t i = 0; i < n; i++)
		if (vms[i].state == ROLL_CHANGING ||
		    (vms[i].state == ROLL_CHANGED && vms[i].serves == TRI_NO))
			return (struct roll){.verdict = ROLL_WAIT, .vm = i};
	return (struct roll){.verdict = ROLL_DONE};
}

struct roll roll_next(const struct roll_vm *vms, size_t n)
{
	struct roll held = obstacle(vms, n);

	if (held.verdict != ROLL_DONE)
		return held;
	for (size_t i = 0; i < n; i++)
		if (vms[i].state == ROLL_PENDING && vms[i].serves == TRI_NO)
			return (struct roll){.verdict = ROLL_START, .vm = i};
	for (size_t i = 0; i < n; i++) {
		if (vms[i].state != ROLL_PENDING)
			continue;
		size_t peer = missing_peer(vms, n, i);
		if (peer == n)
			return (struct roll){.verdict = ROLL_START, .vm = i};
		if (held.verdict == ROLL_DONE)
			held = (struct roll){.verdict = ROLL_HOLD, .vm = i, .peer = peer};
	}
	return held;
}
