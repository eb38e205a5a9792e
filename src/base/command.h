/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line "PROGRAM VERB [options] [operand]" as one table, from which dispatch, parsing,
 * help, completion and man page are derived. These functions print; only main() and verbs use them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define COMMAND_USAGE 2 /* exit code: invalid command line */

enum { OPTION_FILES_MAX = 8, OPERANDS_MAX = 64 };

enum option_type {
	OPTION_FLAG,   /* bool */
	OPTION_COUNT,  /* unsigned: number of occurrences */
	OPTION_STRING, /* const char * */
	OPTION_FILE,   /* const char *, completed as a path */
	OPTION_FILES,  /* const char *[OPTION_FILES_MAX + 1], NULL at the end; may be repeated */
	OPTION_UINT,   /* unsigned, min to max */
	OPTION_ENUM,   /* enum from 0: the index in words */
};

struct option_row {
	const char *name; /* long option; NULL ends the table */
	char brief;       /* short option, or 0 */
	enum option_type type;
	size_t offset;        /* of the member that it sets in the verb's options */
	const char *argument; /* the value's name in the help; NULL for an ENUM: its words */
	const char *help;
	const char *words; /* "A B C": values of an ENUM, completions of a STRING */
	const char
		*complete; /* a shell command that prints more completions, one per line; or NULL */
	const char *preset; /* the default value; NULL: zero */
	unsigned min, max;  /* of an UINT */
	const char *needs;  /* the long option that it requires, or NULL */
	bool stands_alone;  /* with this option the operand may be missing */
};

#define OPTION_ROWS(NAME, ...) static const struct option_row NAME[] = {__VA_ARGS__, {0}}

struct verb {
	const char *name;
	/* "DEP.xml"; "[DEP.xml]" if optional; "SERVER..." for one or more; NULL: none */
	const char *operand;
	size_t operand_offset; /* of a const char * in the verb's options; of several operands, of a
				  const char *[OPERANDS_MAX + 1], NULL at the end */
	const char *operand_words; /* "A B C": completions of the first operand, or NULL */
	const struct option_row *options;
	size_t options_size; /* of the struct that the options are offsets into */
	const char *summary; /* one line */
	const char *text;    /* what it does */
	const char *example; /* a working command line */
	unsigned policy;     /* bits defined by the program */
	int (*run)(const struct verb *verb, const void *options); /* returns the exit code */
};

struct synonym {
	const char *words; /* "A B C": the verb's names in other tools */
	const char *verb;
};

struct program {
	const char *name, *version;
	const char *operand;    /* in the first line of the help, or NULL */
	const char *summary;    /* one sentence */
	const char *exit_codes; /* one sentence */
	const struct verb *verbs;
	size_t n_verbs;
	const struct synonym *synonyms;
	size_t n_synonyms;
	/* Called with each printed usage error, or NULL. */
	void (*usage_error)(const char *text, const char *hint);
};

/* Runs the verb with given values, presets or zero as options. Returns the exit code. */
typedef int command_run_fn(const struct verb *verb, void *options);

/* Shows help or version, or parses the command line and calls run. Returns the exit code. */
int command_main(const struct program *program, int argc, char **argv, command_run_fn *run);

/*
 * Writes out what stdout still holds. Returns exit_code, or 1 with a message if stdout could not be
 * written, unless its reader has gone.
 */
int command_finish(const struct program *program, int exit_code);

/* Prints "PROGRAM VERB: TEXT; see 'PROGRAM VERB --help'" on stderr; verb may be NULL. Returns
 * COMMAND_USAGE. */
int command_usage_error(const struct program *program, const struct verb *verb, const char *fmt,
			...) __attribute__((format(printf, 3, 4)));

bool option_takes_value(const struct option_row *row);

/* "--output text|json|sarif" and the help with range and preset, for help and man page. */
#define OPTION_LEFT_SIZE 64
void option_left(const struct option_row *row, char ret_left[OPTION_LEFT_SIZE]);
void option_help(const struct option_row *row, char *ret_help, size_t size);

void command_print_usage(const struct program *program, FILE *out);
void command_print_help(const struct program *program, const struct verb *verb);

/* Prints text wrapped at 80 columns, beginning at column; further lines are indented. */
void print_wrapped(FILE *out, const char *text, int column, int indent);
void print_wrapped_at(FILE *out, const char *text, int column, int indent, int width);
