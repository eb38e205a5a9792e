/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a design, told from the model alone: pure functions, no I/O. */
#pragma once

#include <stddef.h>

#include "base/finding.h"

struct deployment;
struct model;
struct rule_ctx;
struct vm_group;

/* A rule that findings name by its id; all texts are static. */
struct check_rule {
	const char *id;
	enum severity severity; /* of its findings; the worst of them where they differ */
	int level;              /* what a design rule is asked of: enum level of rule.h */
	const char *title;      /* what must hold, in a few words */
	const char *text;       /* the rule */
	const char *reason;     /* what happens otherwise */
	const char *remedy;
	const char *source;                        /* where this is known from */
	void (*check)(const struct rule_ctx *ctx); /* of a design rule; NULL of a reader's */
};

/* Every rule whose id a finding can carry, those of the readers (esc, day0) too; NULL past the
 * last. */
const struct check_rule *check_rule_at(size_t i);
const struct check_rule *check_rule_find(const char *id); /* or NULL */

/* References that lead nowhere: networks and subnets nobody defines, placement of unknown groups
 * ... */
void check_references(const struct model *model, struct findings *findings);

/* The design rules, of a model whose day-0 is loaded. Findings that are waived are marked so. */
void check_design(const struct model *model, struct findings *findings);

/*
 * Marks the findings from index `from` on that the group's or deployment's extension "dnsvnf"
 * waives (property waive.RULE, whose value is the reason): they become notes. Without a deployment,
 * of what the descriptor as a whole has, the waiver of any deployment or group counts.
 */
void check_waive(const struct model *model, const struct deployment *deployment,
		 const struct vm_group *group, struct findings *findings, size_t from);
