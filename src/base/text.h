/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoded part of a file that maps each of its lines to a line of the file: findings in a heredoc
 * in a script in a base64 part of a day-0 file are reported with the line in the file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"

struct text {
	const char *file; /* not owned */
	char *s;          /* terminated; may hold zero bytes */
	size_t len;
	unsigned *lines; /* lines[i]: line in the file of line i (from 0) */
	size_t n_lines;  /* at least 1 */
};

/* Copies s; its first line is first_line of the file. */
void text_init(struct text *t, const char *file, const char *s, size_t len, unsigned first_line);

/* Copies s, whose line i is line first + i of the parent. */
void text_init_slice(struct text *t, const struct text *parent, size_t first, const char *s,
		     size_t len);

/* Copies s, which comes from a single line of the parent. */
void text_init_at(struct text *t, const struct text *parent, size_t line, const char *s,
		  size_t len);

void text_clear(struct text *t);

/* Line in the file of line i; the last one's for an i past the end. */
unsigned text_line(const struct text *t, size_t i);

/* Only white space, or nothing. */
bool text_is_blank(const struct text *t);

/* Replaces each "${name}" by value. */
void text_substitute(struct text *t, const char *name, const char *value, size_t *ret_count);

/* Removes the tabs at the start of each line. */
void text_strip_tabs(struct text *t);

/* s shortened for a message, with control characters as '?'. The caller frees it. */
char *quotable(const char *s);
char *quotable_n(const char *s, size_t len);

/* Builds a text from lines of any origin. Initialise with {.file = ...}. */
struct text_builder {
	struct text text;
	size_t room, lines_room;
};

/* Adds a byte; if it is the first of its line, the line comes from `line` of the file. */
void text_builder_add(struct text_builder *b, char c, unsigned line);
void text_builder_finish(struct text_builder *b, unsigned line, struct text *ret);

#define report(findings, text, i, severity, rule, ...) \
	findings_add(findings, severity, rule, (text)->file, text_line(text, i), NULL, __VA_ARGS__)

#define cleanup_text __attribute__((__cleanup__(text_clear)))
