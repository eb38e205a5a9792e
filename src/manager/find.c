// SPDX-License-Identifier: Apache-2.0
/* What all files of the daemon need of its state. */
#include "base/clock.h"
#include "base/str.h"
#include "manager/manager.h"

int64_t manager_now(void)
{
	return clock_boottime() / US_PER_MS;
}

struct managed *manager_find(const struct manager *m, const char *tenant, const char *deployment)
{
	struct managed **found = array_find(m->deployments, m->n_deployments,
					    streq((*it)->watch.tenant, tenant) &&
						    streq((*it)->watch.deployment, deployment));

	return found ? *found : NULL;
}

size_t manager_find_vm(const struct manager *m, const char *name)
{
	for (size_t i = 0; i < m->fleet.n_vms; i++)
		if (streq(m->vms[i].watch->name, name))
			return i;
	return SIZE_MAX;
}

void work_want(struct managed *d, enum task task, int64_t now)
{
	d->task = task;
	d->task_due = now;
	d->failures = 0;
	d->unsaved = true;
	free(steal_ptr(d->task_error));
}
