/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens in day-0 that are filled in from the group's interfaces. */
#pragma once

struct configuration;
struct findings;
struct model;
struct vm_group;

/*
 * Adds a variable for each token ${NICID_...} in the content, unless the descriptor has one of that
 * name. A value that only the VIM knows becomes a finding.
 */
void tokens_read(const struct model *model, const struct vm_group *group, struct configuration *c,
		 struct findings *findings);
