// SPDX-License-Identifier: Apache-2.0
/* A VM whose name server is silent is alive by its KPI, which asks for echo: that is an event, no
 * act. */
#include "manager/explain.h"
#include "manager/manager.h"

static void note_service(struct manager *m, size_t vm, bool silent, int64_t now)
{
	const struct managed_vm *mv = &m->vms[vm];
	char why[1024] = "";

	vm_explain(&m->fleet, (uint32_t)vm, mv->watch->name, now, why, sizeof(why));
	note(m,
	     &(struct note){.type = silent ? "SERVICE_SILENT" : "SERVICE_ANSWERS",
			    .status = silent ? "FAILURE" : "SUCCESS",
			    .vm = mv},
	     "%s%s", why,
	     silent ? ". It is alive by its KPI, which asks for echo, so nothing is done: repair "
		      "its "
		      "name server, or `dnsvnf heal --force`"
		    : "");
}

void note_services(struct manager *m, int64_t now)
{
	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		const struct fleet_vm *vm = &m->fleet.vms[i];
		struct managed_vm *mv = &m->vms[i];
		bool alive = vm->memory.state == VM_ALIVE;
		bool answers = answers_state(&vm->seen.dns, 1, now) == TRI_YES;

		if (!mv->service_silent && alive &&
		    assess_service_silent(&vm->seen, &vm->policy->kpi, vm->memory.since, now)) {
			mv->service_silent = true;
			note_service(m, i, true, now);
		} else if (mv->service_silent && (!alive || answers)) {
			/* What it is otherwise is reported as a state. */
			mv->service_silent = false;
			if (alive)
				note_service(m, i, false, now);
		}
	}
}
