/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share: the descriptor, the VIM, the progress, the error at the end. */
#pragma once

#include <stdio.h>

#include "base/err.h"
#include "base/event.h"
#include "base/finding.h"
#include "model/model.h"
#include "vim/vim.h"

struct json_writer;
struct options;
struct verb;

/* Prints "dnsvnf VERB: TEXT" on stderr; returns the exit code that fits the error. */
int cli_fail(const char *verb, const struct err *err);

/* Prints the document on stdout and returns code, or reports why not, with the exit code of that.
 */
int cli_print_json(const char *verb, struct json_writer *w, int code);

/* Prints findings of that severity or worse as "FILE:LINE: SEVERITY: TEXT [RULE]" to out. */
void cli_print_findings(FILE *out, const struct findings *findings, enum severity least);

/*
 * Reads the descriptor of the options. Errors in it are printed, and warnings before something is
 * made; the model is returned only when there are no errors, except to status and undeploy, which
 * look at what was built before, and explain. Returns 0 or an exit code.
 */
int cli_read_design(const struct verb *verb, const struct options *options,
		    struct model **ret_model);

/* Opens the deployment's VIM; 0 or an exit code, with the error printed. */
int cli_open_vim(const struct verb *verb, const struct options *options,
		 const struct tenant *tenant, const struct deployment *deployment,
		 const struct run_ctx *run, struct vim **ret_vim);

/*
 * Calls fn for each deployment of the descriptor with its VIM opened (explain with --hosts alone:
 * with none, NULL) and returns the highest exit code. deploy and drill stop at the first that is
 * not EXIT_DONE, the other verbs only when interrupted.
 */
typedef int cli_deployment_fn(const struct options *options, const struct model *model,
			      const struct tenant *tenant, const struct deployment *deployment,
			      struct vim *vim);
int cli_each_deployment(const struct verb *verb, const struct options *options,
			cli_deployment_fn *fn);

/* The name of the VIM to use: --vim, else the locator's vim_id, else "local". */
const char *cli_vim_name(const struct options *options, const struct deployment *deployment);

/*
 * The cloud's project: the locator's vim_project, else the one named like the tenant, as ESC maps
 * them; NULL when vim_mapping is false: the one that the credentials name.
 */
const char *cli_project(const struct tenant *tenant, const struct deployment *deployment);

/* A table whose columns are as wide as their widest cell. Cells are copied. */
struct table {
	size_t columns;
	char **cells;
	size_t n;
};

void table_init(struct table *table, size_t columns, const char *const *heads);
void table_add(struct table *table, const char *cell); /* row by row */
void table_print(FILE *out, struct table *table);      /* and frees it */
