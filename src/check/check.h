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

/* The text of each rule, from data/rules.md, which is compiled in: for --list, --explain, reports.
 */
struct rule_text {
	const char *id;
	const char *severity; /* of its findings, the worst if they differ: "error" ... */
	const char *title;    /* what must hold, in a few words */
	const char *text;     /* the rule */
	const char *reason;   /* what happens otherwise */
	const char *remedy;
	const char *source; /* where this is known from */
};

/* Rule number i, of esc and day0 too; NULL past the last. Static. */
const struct rule_text *rule_text_at(size_t i);
const struct rule_text *rule_text_find(const char *id); /* or NULL */
