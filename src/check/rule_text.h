/* SPDX-License-Identifier: Apache-2.0 */
/* What data/rules.md, which is compiled in, says of each rule: for --list, --explain and reports. */
#pragma once

struct rule_text {
	const char *id;
	const char *severity; /* "error", "warning", "note" */
	const char *title;    /* what must hold, in a few words */
	const char *rule;
	const char *reason; /* what happens otherwise */
	const char *remedy;
	const char *source; /* where this is known from */
};

/* Never NULL: of an id that the document does not have, all texts are "". Static. */
const struct rule_text *rule_text_find(const char *id);
