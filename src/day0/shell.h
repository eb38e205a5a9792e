/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits a shell script into simple commands: quotes and backslashes resolved, heredocs attached.
 * Variables and command substitutions are kept unexpanded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct word {
	char *s;
	size_t line; /* line in the script's text, from 0 */
};

struct command {
	struct word *words; /* may be empty: "> file" */
	size_t n_words;
	size_t line;
	bool piped;   /* its standard input is the previous command */
	char *output; /* target of > or >>, or NULL */
	bool append;
	char *heredoc_end;   /* the word after <<, or NULL */
	struct text heredoc; /* its body; .s is NULL if there is none */
};

struct script {
	struct command *v;
	size_t n;
};

void shell_parse(const struct text *text, struct script *ret);

/* Makes a command of words that are already split, such as a list under runcmd. Copies them. */
void shell_command(const char *const *words, const size_t *lines, size_t n, struct script *ret);

void script_clear(struct script *s);

/* Index of the command's name, after assignments, "sudo", "if", "then", "!" ...; n_words if there
 * is none. */
size_t command_name(const struct command *c);

#define cleanup_script __attribute__((__cleanup__(script_clear)))
