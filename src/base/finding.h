/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about a file, in the format of compilers: "dep.xml:33: error: ... [rule]". */
#pragma once

#include <stddef.h>

enum severity {
	SEVERITY_ERROR,   /* will not work, or not as intended */
	SEVERITY_WARNING, /* works, with unexpected effects */
	SEVERITY_NOTE,
};

struct finding {
	enum severity severity;
	const char *rule; /* static: "descriptor-value", "day0-mime-delimiter" ... */
	char *file;
	unsigned line;   /* from 1; 0 is unknown */
	char *path;      /* of the element in the descriptor, or NULL */
	char *text;      /* one sentence: the problem and the remedy */
	char *also_file; /* the other place of a contradiction, or NULL */
	unsigned also_line;
	char *waived; /* the reason for accepting it, or NULL; if set, severity is note */
};

struct findings {
	struct finding *v;
	size_t n;
};

/*
 * Adds one; file and path (may be NULL) are copied, rule is not. Bytes of the text that are not
 * UTF-8 or not printable become '?'.
 */
void findings_add(struct findings *f, enum severity severity, const char *rule, const char *file,
		  unsigned line, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));

/* Sets the other place of the finding added last; file may be NULL: none. */
void findings_also(struct findings *f, const char *file, unsigned line);

void findings_remove(struct findings *f, size_t i);

/* Number of findings of this severity. */
size_t findings_count(const struct findings *f, enum severity severity);

/*
 * Sorts by file in order of first appearance, then line; stable. Removes duplicates with the same
 * place and text: two VM groups may share a day-0 file.
 */
void findings_sort(struct findings *f);

void findings_clear(struct findings *f);

/* "error", "warning", "note" */
const char *severity_name(enum severity severity);

#define cleanup_findings __attribute__((__cleanup__(findings_clear)))
