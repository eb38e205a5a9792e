/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits a shell script into simple commands: quotes and backslashes resolved, heredocs attached.
 * shell_expand then evaluates what is known before the guest boots.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct word {
	char *s;
	size_t line;   /* line in the script's text, from 0 */
	bool variable; /* has a variable or command substitution to expand */
	bool literal;  /* has a "$" or "`" that is none */
	bool quoted;   /* in part or as a whole: its expansion is not split */
};

struct command {
	struct word *words; /* may be empty: "> file" */
	size_t n_words;
	size_t line;
	bool piped;           /* its standard input is the previous command */
	bool conditional;     /* it follows && or || */
	bool alternative;     /* it follows || */
	unsigned parentheses; /* that it is in */
	size_t branch;        /* index in the script's branches, 0: it always runs */
	bool function;        /* "name ()": the function's body follows */
	char *output;         /* target of > or >>, or NULL */
	bool append;
	char *pattern;       /* of "case": what follows is its branch; there are no words */
	char *heredoc_end;   /* the word after <<, or NULL */
	bool heredoc_plain;  /* it is quoted: nothing is expanded in the body */
	struct text heredoc; /* its body; .s is NULL if there is none */
};

/* One of the branches of an "if" or "case", which exclude each other. */
struct branch {
	size_t outer;    /* the branch that the condition is in, or 0 */
	size_t decision; /* which "if" or "case" it is, from 1 */
	size_t number;   /* of the branch */
};

struct script {
	struct command *v;
	size_t n;
	struct branch *branches; /* of an expanded script; index 0 is unused */
	size_t n_branches, n_decisions;
};

void shell_parse(const struct text *text, struct script *ret);

/*
 * Evaluates a parsed script as far as its values are known: variables, loops over words, functions
 * with their arguments, which begin with the script's own. All branches of a condition are taken,
 * and each command knows its branch.
 * What is known in the guest only stays as it is written, "$X" or "$(...)". The result has at most
 * 10,000 commands.
 */
void shell_expand(const struct script *script, char *const *arguments, size_t n_arguments,
		  struct script *ret);

void script_clear(struct script *s);

/* The last command of "{ ...; }" or "( ... )" if command i begins it, else i. */
size_t group_end(const struct script *script, size_t i);

/* A copy of the word, or of a whole command. */
void word_add(struct command *c, const struct word *word, const char *s);

/* Whether s is an assignment, "NAME=..." or "NAME+=...". */
bool is_assignment(const char *s);

/*
 * Index of the command's name, after assignments, keywords ("if", "then", "!") and programs that
 * run another one ("sudo -u root", "env A=b", "timeout 5"); n_words if there is none.
 */
size_t command_name(const struct command *c);

#define cleanup_script __attribute__((__cleanup__(script_clear)))
