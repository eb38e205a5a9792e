/* SPDX-License-Identifier: Apache-2.0 */
/* Finds design errors in a model. Pure functions, no I/O. */
#pragma once

#include <stddef.h>

#include "base/finding.h"

struct deployment;
struct model;
struct rule_ctx;
struct vm_group;

/* A rule; findings refer to it by id. All strings are static. */
struct check_rule {
	const char *id;
	enum severity severity; /* of its findings; the highest if they vary */
	int level;              /* enum level of rule.h: what the rule runs on */
	const char *title;      /* the requirement in a few words */
	const char *text;       /* the rule */
	const char *reason;     /* the consequence of a violation */
	const char *remedy;
	const char *source;                        /* where the requirement comes from */
	void (*check)(const struct rule_ctx *ctx); /* of a design rule; NULL for a reader's rule */
};

/* Rule number i of all rules, including those of the readers (esc, day0); NULL past the last. */
const struct check_rule *check_rule_at(size_t i);
const struct check_rule *check_rule_find(const char *id); /* or NULL */

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
