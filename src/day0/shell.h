/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shell script cut into simple commands: quotes and backslashes resolved, heredocs attached.
 * Variables and command substitutions stay as they are written; nothing is expanded or run.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct word {
	char *s;
	size_t line; /* in the script's text, from 0 */
};

struct command {
	struct word *words; /* may be none: "> file" */
	size_t n_words;
	size_t line;
	bool piped;   /* its standard input is the command before it */
	char *output; /* file that > or >> names, or NULL */
	bool append;
	char *heredoc_end;   /* the word after <<, or NULL */
	struct text heredoc; /* its body; .s is NULL where there is none */
};

struct script {
	struct command *v;
	size_t n;
};

void shell_parse(const struct text *text, struct script *ret);

/* A command from words already split, as a list under runcmd is. words are copied. */
void shell_command(const char *const *words, const size_t *lines, size_t n, struct script *ret);

void script_clear(struct script *s);

/* Index of the command's name: after assignments, "sudo", "if", "then", "!" ...; n_words if none.
 */
size_t command_name(const struct command *c);

#define cleanup_script __attribute__((__cleanup__(script_clear)))
