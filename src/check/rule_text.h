/* SPDX-License-Identifier: Apache-2.0 */
/* The text of each rule, from data/rules.md, which is compiled in: for --list, --explain, reports.
 */
#pragma once

#include <stddef.h>

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
