/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct deployment;
struct vm_group;

/*
 * Name and Nova's policy of the server group that the VMs of the group are to be in, by the
 * deployment's placement groups and placements; false: in none. Both are borrowed.
 */
bool server_group_of(const struct deployment *deployment, const struct vm_group *group,
		     const char **ret_name, const char **ret_policy);
