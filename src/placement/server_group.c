// SPDX-License-Identifier: Apache-2.0
#include "placement/request.h"

#include "base/str.h"
#include "model/model.h"

/* Nova's policy for ESC's type of placement; NULL: not a server group. */
static const char *policy_of(const char *placement_type)
{
	return streq(placement_type, "affinity")        ? "affinity"
	       : streq(placement_type, "anti_affinity") ? "anti-affinity"
							: NULL;
}

/* From a placement of the group, or of another group that refers to it. */
static bool placed_by_group(const struct deployment *d, const struct vm_group *group,
			    const char **ret_name, const char **ret_policy)
{
	for (size_t i = 0; i < d->n_vm_groups; i++) {
		const struct vm_group *g = &d->vm_groups[i];
		for (size_t k = 0; k < g->n_placements; k++) {
			const struct placement *p = &g->placements[k];
			if (!policy_of(p->type) ||
			    (g != group && !strv_contains(&p->vm_group_refs, group->name)))
				continue;
			*ret_name = g->name;
			*ret_policy = policy_of(p->type);
			return true;
		}
	}
	return false;
}

bool server_group_of(const struct deployment *deployment, const struct vm_group *group,
		     const char **ret_name, const char **ret_policy)
{
	for (size_t i = 0; i < deployment->n_placement_groups; i++) {
		const struct placement_group *g = &deployment->placement_groups[i];
		if (policy_of(g->type) && strv_contains(&g->vm_groups, group->name)) {
			*ret_name = g->name;
			*ret_policy = policy_of(g->type);
			return true;
		}
	}
	if (placed_by_group(deployment, group, ret_name, ret_policy))
		return true;
	/* VMs of one service should be on different hosts, but one host is better than none. */
	*ret_name = group->name;
	*ret_policy = "soft-anti-affinity";
	return group->scaling.min_active > 1;
}
