// SPDX-License-Identifier: Apache-2.0
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/answer.h"
#include "cli/verb.h"

static volatile sig_atomic_t interrupted;

/* The command line, for the module that runs the verb. */
static struct {
	int argc;
	char **argv;
	cli_elsewhere_fn *run;
} elsewhere;

static void end_wait(int number)
{
	(void)number;
	interrupted = 1;
}

static void end_at_once(int number)
{
	(void)number;
	answer_interrupted();
	_exit(EXIT_INTERRUPTED);
}

/*
 * In verbs that change something, Ctrl-C, SIGTERM and SIGHUP end the current wait, so that drill
 * can restore the link and deploy can report what is left. They end other verbs at once.
 */
static void catch_signals(const struct verb *verb)
{
	struct sigaction action = {.sa_handler =
					   verb->policy & VERB_CHANGES ? end_wait : end_at_once};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN) /* nohup(1) */
		sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL); /* beyond ulimit -f write(2) fails, too */
}

static int run_verb(const struct verb *verb, void *options)
{
	struct options *common = options;

	if (common->format == FORMAT_JSON)
		common->json = answer_begin((verb->policy & VERB_STREAMS) != 0);
	/* The module prints its own answer, unless it is missing. check with a VIM is in it, too.
	 */
	if (!verb->run || (elsewhere.run && (common->vim || common->os_cloud)))
		return answer_end(elsewhere.run(elsewhere.argc, elsewhere.argv));
	setlocale(LC_CTYPE, "");
	log_set_level((int)common->verbose);
	common->interrupted = &interrupted;
	catch_signals(verb);
	return command_finish(&dnsvnf_program, answer_end(verb->run(verb, options)));
}

/* As far as an invalid command line shows it. */
static bool asks_for_json(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (streq(argv[i], "-ojson") || streq(argv[i], "--output=json") ||
		    (i + 1 < argc && streq(argv[i + 1], "json") &&
		     (streq(argv[i], "-o") || streq(argv[i], "--output"))))
			return true;
	return false;
}

int cli_main(int argc, char **argv, cli_elsewhere_fn *run)
{
	elsewhere.argc = argc;
	elsewhere.argv = argv;
	elsewhere.run = run;
	int r = command_main(&dnsvnf_program, argc, argv, run_verb);
	if (r == EXIT_USAGE && asks_for_json(argc, argv))
		answer_begin(false);
	return answer_end(r);
}
