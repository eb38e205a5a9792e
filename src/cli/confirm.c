// SPDX-License-Identifier: Apache-2.0
#include "cli/common.h"

#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli/verb.h"
#include "deploy/plan.h"

static bool is_destructive(const struct step *s)
{
	return s->action == ACTION_DELETE || s->action == ACTION_REPLACE || step_interrupts(s);
}

static size_t print_destructive(const struct plan *plan)
{
	static const char *const heads[] = {"ACTION", "KIND", "NAME", "WHY"};
	struct table table;
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += is_destructive(&plan->v[i]);
	if (n == 0)
		return 0;
	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (!is_destructive(s))
			continue;
		table_add(&table, action_name(s->action));
		table_add(&table, vim_kind_name(s->request.kind));
		table_add(&table, s->name);
		table_add(&table, s->why);
	}
	table_print(stderr, &table);
	return n;
}

void cli_warn(FILE *out, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].warning)
			fprintf(out, "warning: %s \"%s\" exists in the VIM: %s\n",
				vim_kind_name(plan->v[i].request.kind), plan->v[i].name,
				plan->v[i].warning);
}

static int refuse(const char *verb, enum err_kind kind, int code, const char *text)
{
	cleanup_err struct err err = ERR_INIT;

	err_set_kind(&err, kind, 0, "%s", text);
	cli_fail(verb, &err);
	return code;
}

/* Waits for a line. Polls in short intervals, since a signal may arrive before poll(2) waits. */
static void wait_for_answer(const volatile sig_atomic_t *interrupted)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	while (!*interrupted && poll(&in, 1, 100) <= 0)
		;
}

int cli_ask(const char *verb, const struct options *options, const char *question)
{
	cleanup_free char *answer = NULL;
	size_t size = 0;

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return refuse(verb, ERR_INVALID, EXIT_USAGE,
			      "nothing was changed: there is no terminal for the confirmation: "
			      "give --yes");
	fprintf(stderr, "%s [y/N] ", question);
	wait_for_answer(options->interrupted);
	ssize_t len = *options->interrupted ? -1 : getline(&answer, &size, stdin);
	if (*options->interrupted)
		return refuse(verb, ERR_INTERRUPTED, EXIT_INTERRUPTED,
			      "interrupted; nothing was changed");
	if (len > 0 && answer[len - 1] == '\n')
		answer[len - 1] = 0;
	if (len > 0 && (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0))
		return EXIT_DONE;
	return refuse(verb, ERR_REFUSED, EXIT_NOT_RIGHT, "not confirmed: nothing was changed");
}

int cli_confirm(const char *verb, const struct options *options, bool yes, const struct plan *plan)
{
	size_t n = print_destructive(plan);

	if (n == 0 || yes)
		return EXIT_DONE;
	cleanup_free char *question =
		xasprintf("%s: %zu %s as above?", verb, n, plural(n, "object", "objects"));
	return cli_ask(verb, options, question);
}
