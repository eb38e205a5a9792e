// SPDX-License-Identifier: Apache-2.0
#include "base/command.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/output.h"
#include "base/str.h"

#define OPTIONS_MAX 24

struct parse {
	const struct program *program;
	const struct verb *verb;
	char *options;
	const char *given[OPTIONS_MAX]; /* by row: its value, or "" */
};

int command_usage_error(const struct program *program, const struct verb *verb, const char *fmt,
			...)
{
	va_list args;

	va_start(args, fmt);
	cleanup_free char *text = xvasprintf(fmt, args);
	va_end(args);
	cleanup_free char *hint = xasprintf("see '%s %s%s--help'", program->name,
					    verb ? verb->name : "", verb ? " " : "");
	fprintf(stderr, "%s%s%s: %s; %s\n", program->name, verb ? " " : "", verb ? verb->name : "",
		text, hint);
	if (program->usage_error)
		program->usage_error(text, hint);
	return COMMAND_USAGE;
}

#define wrong(p, ...) command_usage_error((p)->program, (p)->verb, __VA_ARGS__)

static struct guess guess_of(const char *word)
{
	return (struct guess){.word = word, .limit = strlen(word) > 4 ? 4 : 3};
}

/* Index of the word in "A B C", or -1. */
static int word_index(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0; *words; i++) {
		size_t n = strcspn(words, " ");
		if (n == len && strncmp(words, word, n) == 0)
			return i;
		words += n;
		words += strspn(words, " ");
	}
	return -1;
}

/* "carrier or silent" */
static char *one_of(const char *words)
{
	struct strbuf b = {0};

	for (bool first = true; *words; first = false) {
		size_t n = strcspn(words, " ");
		bool last = words[n] == 0;
		strbuf_addf(&b, "%s%.*s", first ? "" : last ? " or " : ", ", (int)n, words);
		words += n + !last;
	}
	return strbuf_steal(&b);
}

/* 0, or an exit code. */
static int set_value(const struct parse *p, const struct option_row *row, const char *text)
{
	void *at = p->options + row->offset;
	int64_t number = 0;

	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)at = true;
		return 0;
	case OPTION_COUNT:
		++*(unsigned *)at;
		return 0;
	case OPTION_STRING:
	case OPTION_FILE:
		*(const char **)at = text;
		return 0;
	case OPTION_FILES:
		for (const char **list = at; number < OPTION_FILES_MAX; number++)
			if (!list[number]) {
				list[number] = text;
				return 0;
			}
		return wrong(p, "--%s must occur at most %d times", row->name, OPTION_FILES_MAX);
	case OPTION_UINT:
		if (str_to_int(text, row->min, row->max, &number) < 0)
			return wrong(p, "--%s must be an integer from %u to %u, not '%s'",
				     row->name, row->min, row->max, text);
		*(unsigned *)at = (unsigned)number;
		return 0;
	case OPTION_ENUM:
		number = word_index(row->words, text);
		if (number < 0) {
			cleanup_free char *words = one_of(row->words);
			return wrong(p, "--%s must be %s, not '%s'", row->name, words, text);
		}
		*(int *)at = (int)number;
		return 0;
	}
	return 0;
}

/* Reports the option at which getopt_long stopped: a letter of "-xv", or a long option. */
static int bad_option(const struct parse *p, const char *word)
{
	size_t name_len = strcspn(word, "=");
	cleanup_free char *name = xasprintf("%.*s", (int)name_len, word);
	struct guess guess = guess_of(name + 2 * str_starts(name, "--"));

	if (!str_starts(word, "--"))
		return wrong(p, "unknown option '-%c'", optopt);
	if (optopt && word[name_len])
		return wrong(p, "option '%s' takes no value", name);
	for (const struct option_row *row = p->verb->options; row->name; row++)
		guess_try(&guess, row->name);
	if (guess.best)
		return wrong(p, "unknown option '%s' (did you mean '--%s'?)", name, guess.best);
	return wrong(p, "unknown option '%s'", name);
}

/* Parses the operand; 0, or an exit code. */
static int parse_operand(const struct parse *p, int argc, char **argv)
{
	bool needed = p->verb->operand && *p->verb->operand != '[';

	for (size_t i = 0; p->verb->options[i].name; i++)
		needed &= !(p->given[i] && p->verb->options[i].stands_alone);
	const char *name = p->verb->operand;
	size_t most = !name ? 0 : str_ends(name, "...") ? OPERANDS_MAX : 1;
	const char **at = (const char **)(p->options + p->verb->operand_offset);
	if (needed && optind >= argc)
		return wrong(p, "missing operand %s", name);
	for (; most > 0 && optind < argc; most--)
		*at++ = argv[optind++];
	if (optind < argc)
		return wrong(p, "unexpected operand '%s'", argv[optind]);
	return 0;
}

/* Checks that each given option has the option that it needs; 0, or an exit code. */
static int check_needs(const struct parse *p)
{
	const struct option_row *rows = p->verb->options;

	for (size_t i = 0; rows[i].name; i++) {
		bool missing = p->given[i] && rows[i].needs;
		for (size_t k = 0; missing && rows[k].name; k++)
			missing = !(p->given[k] && streq(rows[k].name, rows[i].needs));
		if (missing)
			return wrong(p, "--%s needs --%s", rows[i].name, rows[i].needs);
	}
	return 0;
}

/* getopt_long's tables; both end with zeroes. A long option's value is its row's number. */
static void option_tables(const struct option_row *rows, struct option *longs, char *shorts)
{
	enum { FIRST_ROW = 256 };

	*shorts++ = ':';
	for (int i = 0; rows[i].name; i++) {
		int has_value = option_takes_value(&rows[i]) ? required_argument : no_argument;
		*longs++ = (struct option){rows[i].name, has_value, NULL, FIRST_ROW + i};
		if (rows[i].brief)
			*shorts++ = rows[i].brief;
		if (rows[i].brief && has_value)
			*shorts++ = ':';
	}
}

static size_t row_of(const struct option_row *rows, int found)
{
	size_t i = 0;

	if (found >= 256)
		return (size_t)found - 256;
	while (rows[i].brief != found)
		i++;
	return i;
}

/* 0, an exit code, or -1 if help was shown. argv[0] is the verb. */
static int parse_options(struct parse *p, int argc, char **argv)
{
	const struct option_row *rows = p->verb->options;
	struct option longs[OPTIONS_MAX + 1] = {0};
	char shorts[2 * OPTIONS_MAX + 2] = {0};
	int found, r = 0;

	for (size_t i = 0; rows[i].name && r == 0; i++)
		if (rows[i].preset)
			r = set_value(p, &rows[i], rows[i].preset);
	option_tables(rows, longs, shorts);
	opterr = 0;
	optind = 0; /* restarts getopt_long */
	while (r == 0 && (found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (found == ':')
			return wrong(p, "option '%s' needs a value", argv[optind - 1]);
		if (found == '?')
			return bad_option(p, argv[optind - 1]);
		size_t i = row_of(rows, found);
		if (streq(rows[i].name, "help")) {
			command_print_help(p->program, p->verb);
			return -1;
		}
		/* The last one would count, and hide that the line was about another VIM. */
		if (p->given[i] && optarg && rows[i].type != OPTION_FILES &&
		    !streq(p->given[i], optarg))
			return wrong(p, "--%s is '%s' and '%s'", rows[i].name, p->given[i], optarg);
		p->given[i] = optarg ? optarg : "";
		r = set_value(p, &rows[i], optarg);
	}
	if (r == 0)
		r = check_needs(p);
	return r == 0 ? parse_operand(p, argc, argv) : r;
}

static const struct verb *find_verb(const struct program *program, const char *name)
{
	return array_find(program->verbs, program->n_verbs, streq(it->name, name));
}

static int unknown_verb(const struct program *program, const char *word)
{
	struct guess guess = guess_of(word);

	if (*word == '-')
		return command_usage_error(program, NULL, "unknown option '%s'", word);
	for (size_t i = 0; i < program->n_synonyms; i++)
		if (word_index(program->synonyms[i].words, word) >= 0) {
			cleanup_free char *text = xasprintf("%s has no '%s'", program->name, word);
			cleanup_free char *hint = xasprintf("use '%s'", program->synonyms[i].verb);
			fprintf(stderr, "%s; %s\n", text, hint);
			if (program->usage_error)
				program->usage_error(text, hint);
			return COMMAND_USAGE;
		}
	for (size_t i = 0; i < program->n_verbs; i++)
		guess_try(&guess, program->verbs[i].name);
	if (guess.best)
		return command_usage_error(program, NULL, "unknown verb '%s' (did you mean '%s'?)",
					   word, guess.best);
	return command_usage_error(program, NULL, "unknown verb '%s'", word);
}

static int show_help(const struct program *program, const char *name)
{
	const struct verb *verb = name ? find_verb(program, name) : NULL;

	if (name && !verb)
		return unknown_verb(program, name);
	if (verb)
		command_print_help(program, verb);
	else
		command_print_usage(program, stdout);
	return 0;
}

/* The reader of stdout, such as head(1), has closed the pipe. */
static bool reader_is_gone(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

int command_finish(const struct program *program, int exit_code)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || reader_is_gone())
		return exit_code;
	fprintf(stderr, "%s: cannot write the result: %s\n", program->name, strerror(errno));
	return 1;
}

int command_main(const struct program *program, int argc, char **argv, command_run_fn *run)
{
	const char *word = argc > 1 ? argv[1] : "";

	json_set_alloc_funcs(xmalloc, free);
	output_init();
	if (argc < 2)
		return command_usage_error(program, NULL, "missing command");
	if (streq(word, "--help") || streq(word, "-h") || streq(word, "help"))
		return command_finish(program, show_help(program, argc > 2 ? argv[2] : NULL));
	if (streq(word, "--version") || streq(word, "-V")) {
		printf("%s %s\n", program->name, program->version);
		return command_finish(program, 0);
	}
	const struct verb *verb = find_verb(program, word);
	if (!verb)
		return unknown_verb(program, word);
	cleanup_free char *options = xcalloc(1, verb->options_size);
	struct parse p = {.program = program, .verb = verb, .options = options};
	int r = parse_options(&p, argc - 1, argv + 1);
	if (r != 0)
		return r < 0 ? command_finish(program, 0) : r;
	return run(verb, options);
}
