/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct deployment;
struct vm_group;

/*
 * Name and Nova policy of the server group for the group's VMs, from the deployment's placement
 * groups and placements; false: none. Both are borrowed.
 */
bool server_group_of(const struct deployment *deployment, const struct vm_group *group,
		     const char **ret_name, const char **ret_policy);
