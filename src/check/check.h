/* SPDX-License-Identifier: Apache-2.0 */
/* Finds design errors in a model. Pure functions, no I/O. */
#pragma once

#include <stddef.h>

#include "base/finding.h"

struct deployment;
struct model;
struct vm_group;

/* Finds unresolved names: networks, subnets, interfaces, kpis and vm_groups. */
void check_references(const struct model *model, struct findings *findings);

/* Runs the design rules on a model with its day-0 files loaded. Waived findings are marked. */
void check_design(const struct model *model, struct findings *findings);

/*
 * Turns waived findings into notes, starting at index `from`. A waiver is the property waive.RULE
 * of the extension "dnsvnf" of the group or deployment; its value is the reason. Without a
 * deployment (findings about the descriptor as a whole), a waiver in any deployment or group
 * counts.
 */
void check_waive(const struct model *model, const struct deployment *deployment,
		 const struct vm_group *group, struct findings *findings, size_t from);
