// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/verb.h"
#include "placement/schedule.h"
#include "vim/vim.h"

static void print_usage(FILE *out)
{
	fputs("usage: dnsvnf VERB [options] [DEP.xml]\n\n"
	      "Deploys a DNS VNF that outlives the loss of a NIC, proves it, and breaks it on "
	      "purpose.\n\nVerbs:\n",
	      out);
	for (size_t i = 0; i < verb_count; i++)
		fprintf(out, "  %-9s %s\n", verb_table[i].name, verb_table[i].summary);
	fputs("\n'dnsvnf VERB --help' tells more of a verb; 'dnsvnf --version' the version.\n"
	      "Exit codes: 0 done, 1 not right, 2 usage, 3 not reached, 4 interrupted.\n",
	      out);
}

static void print_wrapped(const char *text)
{
	size_t column = 0;

	for (const char *word = text; *word;) {
		size_t len = strcspn(word, " ");
		if (column && column + 1 + len > 78) {
			putchar('\n');
			column = 0;
		}
		printf("%s%.*s", column ? " " : "", (int)len, word);
		column += len + (column != 0);
		word += len + strspn(word + len, " ");
	}
	putchar('\n');
}

static void print_verb_help(const struct verb *verb)
{
	printf("usage: dnsvnf %s [options]%s%s\n\n", verb->name, *verb->operand ? " " : "",
	       verb->operand);
	print_wrapped(verb->text);
	puts("\nOptions:");
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *o = &option_table[i];
		if (!strchr(verb->options, o->letter))
			continue;
		char left[64];
		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->argument ? " " : "",
			 o->argument ? o->argument : "");
		if (o->brief)
			printf("  -%c, %-18s %s\n", o->brief, left, o->text);
		else
			printf("      %-18s %s\n", left, o->text);
	}
	printf("\nExample:\n  %s\n", verb->example);
}

static int usage_error(const struct verb *verb, const char *what, const char *which)
{
	fprintf(stderr, "dnsvnf%s%s: %s%s%s; see 'dnsvnf %s%s--help'\n", verb ? " " : "",
		verb ? verb->name : "", what, which ? " " : "", which ? which : "",
		verb ? verb->name : "", verb ? " " : "");
	return EXIT_USAGE;
}

/* getopt_long's tables for the options that the verb takes; both end with zeroes. */
static void option_tables(const struct verb *verb, struct option *longs, char *shorts)
{
	*shorts++ = ':';
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *o = &option_table[i];
		if (!strchr(verb->options, o->letter))
			continue;
		*longs++ = (struct option){o->name, o->argument ? required_argument : no_argument,
					   NULL, o->letter};
		if (o->brief) {
			*shorts++ = o->brief;
			if (o->argument)
				*shorts++ = ':';
		}
	}
}

/* The letter of the verb's option that getopt_long found by its short or long form. */
static int option_letter(const struct verb *verb, int found)
{
	for (size_t i = 0; i < option_count; i++)
		if (option_table[i].brief == found && strchr(verb->options, option_table[i].letter))
			return option_table[i].letter;
	return found;
}

/* What getopt_long stopped at: of the letters "-xv" the one that it does not know. */
static int bad_option(const struct verb *verb, const char *word)
{
	const char letter[] = {'-', (char)optopt, 0};

	if (optopt && str_starts(word, "--") && strchr(word, '='))
		return usage_error(verb, "this option takes no value:", word);
	return usage_error(verb, "unknown option", optopt ? letter : word);
}

/* What follows the options: 0, or an exit code (usage). */
static int parse_operand(const struct verb *verb, int argc, char **argv, struct options *ret)
{
	if (optind < argc)
		ret->operand = argv[optind++];
	else if (str_starts(verb->operand, "DEP") && !ret->list && !ret->explain)
		return usage_error(verb, "which descriptor?", NULL);
	if (optind < argc)
		return usage_error(verb, "one descriptor at a time, what is", argv[optind]);
	return 0;
}

/* Returns 0, an exit code (usage), or -1 when help was shown. */
static int parse_options(const struct verb *verb, int argc, char **argv, struct options *ret)
{
	struct option longs[24] = {0};
	char shorts[32] = {0};
	int verbose = 0;
	int letter;
	int64_t number;

	option_tables(verb, longs, shorts);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		switch (option_letter(verb, letter)) {
		case 'h':
			print_verb_help(verb);
			return -1;
		case 'v':
			log_set_level(++verbose);
			break;
		case 'o':
			ret->json = streq(optarg, "json");
			ret->sarif = streq(optarg, "sarif") && strchr(verb->options, 'e');
			if (!ret->json && !ret->sarif && !streq(optarg, "text"))
				return usage_error(verb, "--output is text or json, not", optarg);
			break;
		case 'O':
			ret->file = optarg;
			break;
		case 'H':
			ret->hosts = optarg;
			break;
		case 'l':
			ret->list = true;
			break;
		case 'e':
			ret->explain = optarg;
			break;
		case 'V':
			ret->vim = optarg;
			break;
		case 'k':
			ret->keep_failed = true;
			break;
		case 'T':
			vim_show_timings(true);
			break;
		case 'q':
			if (str_to_int(optarg, 1, 20000, &number) < 0)
				return usage_error(verb, "--qps is a number from 1 to 20000, not",
						   optarg);
			ret->qps = (unsigned)number;
			break;
		case 'f':
			ret->silent = streq(optarg, "silent");
			if (!ret->silent && !streq(optarg, "carrier"))
				return usage_error(verb, "--failure is carrier or silent, not",
						   optarg);
			break;
		case 's':
			ret->svg = optarg;
			break;
		case 'r':
			ret->root = optarg;
			break;
		case 'c':
			ret->capture = optarg;
			break;
		case 't':
			ret->tune = true;
			break;
		case 'a':
			ret->apply = true;
			break;
		case 'n':
			if (str_to_int(optarg, 1, CAPACITY_MAX, &number) < 0)
				return usage_error(verb, "--count is a number from 1 to 4096, not",
						   optarg);
			ret->count = (unsigned)number;
			break;
		case ':':
			return usage_error(verb, "an argument is missing after", argv[optind - 1]);
		default:
			return bad_option(verb, argv[optind - 1]);
		}
	}
	if (ret->count && !ret->hosts)
		return usage_error(verb, "--count needs --hosts", NULL);
	return parse_operand(verb, argc, argv, ret);
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < verb_count; i++)
		if (streq(verb_table[i].name, name))
			return &verb_table[i];
	return NULL;
}

static volatile sig_atomic_t interrupted;

static void end_wait(int number)
{
	(void)number;
	interrupted = 1;
}

static void end_at_once(int number)
{
	(void)number;
	_exit(EXIT_INTERRUPTED);
}

/* Ctrl-C, SIGTERM and a terminal that is closed end a wait of the verbs that change something, so
 * that drill can put the link back and deploy can say what is left. The others just end. */
static void catch_signals(const struct verb *verb)
{
	struct sigaction action = {.sa_handler = verb->changes ? end_wait : end_at_once};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN) /* nohup(1) */
		sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

int main(int argc, char **argv)
{
	struct options options = {.qps = 1000, .interrupted = &interrupted};

	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (streq(argv[1], "--help") || streq(argv[1], "-h") || streq(argv[1], "help")) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	if (streq(argv[1], "--version")) {
		puts("dnsvnf " DNSVNF_VERSION);
		return EXIT_DONE;
	}
	const struct verb *verb = find_verb(argv[1]);
	if (!verb)
		return usage_error(NULL, "there is no verb", argv[1]);
	int r = parse_options(verb, argc - 1, argv + 1, &options);
	if (r != 0)
		return r < 0 ? EXIT_DONE : r;
	catch_signals(verb);
	r = verb->run(&options);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "dnsvnf: cannot write the result: %s\n", strerror(errno));
		return EXIT_NOT_RIGHT;
	}
	return r;
}
