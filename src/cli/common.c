// SPDX-License-Identifier: Apache-2.0
#include "cli/common.h"

#include <wchar.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli/answer.h"
#include "cli/verb.h"
#include "deploy/design.h"

static int exit_code(enum err_kind kind)
{
	return kind == ERR_INTERRUPTED   ? EXIT_INTERRUPTED
	       : kind == ERR_UNREACHABLE ? EXIT_UNREACHABLE
					 : EXIT_NOT_RIGHT;
}

int cli_fail(const char *verb, const struct err *err)
{
	fprintf(stderr, "dnsvnf %s: %s\n", verb, err->text ? err->text : "failed");
	answer_fail(err);
	return exit_code(err->kind);
}

int cli_read_design(const struct verb *verb, const struct options *options,
		    struct model **ret_model, struct findings *ret_findings)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_model struct model *model = NULL;

	if (design_read(options->operand, options->files, &model, ret_findings, &err) < 0) {
		cli_fail(verb->name, &err);
		return EXIT_NOT_RIGHT;
	}
	/*
	 * status, undeploy and explain accept a descriptor with errors: the deployment may have
	 * been created before the errors, and an error may be the reason why no host fits.
	 */
	size_t errors = findings_count(ret_findings, SEVERITY_ERROR);
	if (!model || (errors > 0 && !(verb->policy & VERB_TAKES_BROKEN))) {
		cli_report_findings(options, ret_findings, SEVERITY_WARNING);
		err_set(&err, INVALID, "%s has %zu %s; nothing was changed", options->operand,
			errors, plural(errors, "error", "errors"));
		return cli_fail(verb->name, &err);
	}
	*ret_model = steal_ptr(model);
	return EXIT_DONE;
}

void table_init(struct table *table, size_t columns, const char *const *heads)
{
	*table = (struct table){.columns = columns};
	for (size_t i = 0; i < columns; i++)
		table_add(table, heads[i]);
}

void table_add(struct table *table, const char *cell)
{
	*array_push(table->cells, table->n) = xstrdup(cell && *cell ? cell : "-");
}

/* Columns that the text occupies on a terminal. */
static size_t width(const char *s)
{
	size_t n = mbstowcs(NULL, s, 0);

	return n == (size_t)-1 ? strlen(s) : n;
}

void table_print(FILE *out, struct table *table)
{
	size_t *widest = xcalloc(table->columns, sizeof(*widest));

	for (size_t i = 0; i < table->n; i++)
		if (width(table->cells[i]) > widest[i % table->columns])
			widest[i % table->columns] = width(table->cells[i]);
	for (size_t i = 0; i < table->n; i++) {
		bool last = i % table->columns == table->columns - 1;
		fputs(table->cells[i], out);
		if (last)
			fputc('\n', out);
		else
			fprintf(out, "%*s",
				(int)(widest[i % table->columns] - width(table->cells[i]) + 2), "");
	}
	free(widest);
	table_free(table);
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->n; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){0};
}
