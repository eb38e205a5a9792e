/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a file, in compiler style: "dep.xml:33: error: ... [rule]". */
#pragma once

#include <stddef.h>

enum severity {
	SEVERITY_ERROR,   /* will not work, or not as intended */
	SEVERITY_WARNING, /* works, and will surprise */
	SEVERITY_NOTE,
};

struct finding {
	enum severity severity;
	const char *rule; /* static: "descriptor-value", "day0-mime-delimiter" ... */
	char *file;
	unsigned line;   /* from 1; 0 is unknown */
	char *path;      /* of the element in the descriptor, or NULL */
	char *text;      /* one sentence: what is wrong, and what to do */
	char *also_file; /* the other place, where two contradict each other, or NULL */
	unsigned also_line;
	char *waived; /* why this is meant to be so, or NULL: a finding of severity note then */
};

struct findings {
	struct finding *v;
	size_t n;
};

/*
 * Adds one; file and path (may be NULL) are copied, rule is not. What is neither UTF-8 nor
 * printable in the text becomes '?'.
 */
void findings_add(struct findings *f, enum severity severity, const char *rule, const char *file,
		  unsigned line, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));

/* Names the other place of the finding that was added last; file may be NULL: there is none. */
void findings_also(struct findings *f, const char *file, unsigned line);

/* How many of this severity there are. */
size_t findings_count(const struct findings *f, enum severity severity);

/* By file in order of first appearance, then line; stable. Of findings that say the same of the
 * same place one stays: two VM groups may share a day-0 file. */
void findings_sort(struct findings *f);

void findings_clear(struct findings *f);

/* "error", "warning", "note" */
const char *severity_name(enum severity severity);

#define cleanup_findings __attribute__((__cleanup__(findings_clear)))
