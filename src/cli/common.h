/* SPDX-License-Identifier: Apache-2.0 */
/* Common to all verbs: descriptor, VIM, progress, the final error message. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/event.h"
#include "base/finding.h"
#include "model/model.h"
#include "vim/vim.h"

struct draft_files;
struct findings;
struct json_writer;
struct options;
struct plan;
struct verb;

/*
 * Prints "dnsvnf VERB: TEXT" on stderr and keeps the error for the answer (cli/answer.h). Returns
 * the exit code for the error's kind.
 */
int cli_fail(const char *verb, const struct err *err);

/* Prints findings of that severity or worse as "FILE:LINE: SEVERITY: TEXT [RULE]" to out. */
void cli_print_findings(FILE *out, const struct findings *findings, enum severity least);

/* The same as the member "findings" of an answer. */
void cli_put_findings(struct json_writer *w, const struct findings *findings, enum severity least);

/* Both: on stderr, and with -o json in the answer. */
void cli_report_findings(const struct options *options, const struct findings *findings,
			 enum severity least);

/*
 * Reads the descriptor and prints its errors. Returns the model only if there are no errors, or if
 * the verb has VERB_TAKES_BROKEN. Returns 0 or an exit code. The caller clears ret_findings in any
 * case.
 */
int cli_read_design(const struct verb *verb, const struct options *options,
		    struct model **ret_model, struct findings *ret_findings);

/*
 * Calls fn for each deployment of the descriptor with its open VIM (NULL for explain with --hosts
 * alone) and returns the highest exit code. Verbs with VERB_STOPS stop at the first that is not
 * EXIT_DONE, the others only when interrupted. With -o json fn adds members to its deployment's
 * object in options->json.
 */
typedef int cli_deployment_fn(const struct options *options, const struct model *model,
			      const struct tenant *tenant, const struct deployment *deployment,
			      struct vim *vim);
int cli_each_deployment(const struct verb *verb, const struct options *options,
			cli_deployment_fn *fn);

/*
 * For --replace SERVER (NULL: not given): whether this deployment is left alone, because another
 * one of the descriptor defines the server.
 */
bool cli_is_left_alone(const struct model *model, const struct deployment *deployment,
		       const char *replace);

/* Of a design that was written to the folder: its files and what `check` says, as `init` and
 * `import` print them. Returns the exit code. */
int cli_report_written(const struct verb *verb, const struct options *options, const char *folder,
		       const struct draft_files *files);

/* A table with columns as wide as their widest cell. Cells are copied. */
struct table {
	size_t columns;
	char **cells;
	size_t n;
};

void table_init(struct table *table, size_t columns, const char *const *heads);
void table_add(struct table *table, const char *cell); /* row by row */
void table_print(FILE *out, struct table *table);      /* and frees it */
void table_free(struct table *table);

/* Prints the warnings of the plan's steps. */
void cli_warn(FILE *out, const struct plan *plan);

/*
 * If the plan deletes, replaces or interrupts something: prints these steps on stderr, and without
 * `yes` asks on the terminal. Returns 0 to go on; EXIT_USAGE: there is no terminal to ask on;
 * EXIT_NOT_RIGHT: the answer was no; EXIT_INTERRUPTED.
 */
int cli_confirm(const char *verb, const struct options *options, bool yes, const struct plan *plan);

/* Asks on the terminal, "QUESTION [y/N]"; returns as cli_confirm. */
int cli_ask(const char *verb, const struct options *options, const char *question);

/*
 * Findings as SARIF 2.1.0, which CI systems show beside the source lines. The whole log: one run,
 * all rules, one result per finding; a waived finding has a suppression. Paths below the folder
 * `here` are written relative to it.
 */
void put_sarif(struct json_writer *w, const struct findings *findings, const char *here);
