/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as one table: a row gives a verb's dispatch, options, help, completion and the
 * man page's synopsis.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct err;

/* Exit codes of every verb. */
enum {
	EXIT_DONE = 0,        /* done, clean */
	EXIT_NOT_RIGHT = 1,   /* findings of severity error, a failed verification or deployment */
	EXIT_USAGE = 2,       /* the command line */
	EXIT_UNREACHABLE = 3, /* the VIM or the network */
	EXIT_INTERRUPTED = 4, /* the state left behind is named */
};

/* What the options said. */
struct options {
	const volatile sig_atomic_t *interrupted; /* see struct run_ctx */
	const char *vim;                          /* --vim, or NULL: the descriptor's */
	bool json;                                /* -o json */
	bool sarif;                               /* -o sarif */
	bool list;                                /* --list */
	const char *explain;                      /* --explain: a rule's id, or NULL */
	bool keep_failed;                         /* --keep-failed */
	unsigned qps;                             /* --qps */
	bool silent;                              /* --failure silent */
	const char *svg;                          /* --svg, or NULL */
	const char *root;                         /* --root, or NULL: this machine */
	const char *capture;                      /* --capture, or NULL */
	const char *hosts;                        /* --hosts, or NULL */
	const char *file;                         /* --output FILE, or NULL: standard output */
	bool tune;                                /* --tune */
	bool apply;                               /* --apply */
	unsigned count;                           /* --count; 0: not given */
	const char *operand;                      /* DEP.xml, or NULL */
};

struct verb {
	const char *name;
	const char *operand; /* "DEP.xml", "[DEP.xml]" or "" */
	const char *options; /* letters of option_table that it takes */
	const char *summary; /* one line */
	const char *text;    /* what it does, for --help and the man page */
	const char *example; /* a command line that works */
	bool changes;        /* something in the VIM: an interrupt is handled, not just obeyed */
	int (*run)(const struct options *options);
};

struct option_row {
	char letter;          /* by which a verb takes it */
	char brief;           /* its short option, or 0 */
	const char *name;     /* long option */
	const char *argument; /* its name, or NULL for a flag */
	const char *values;   /* words to complete, "" for a file name, NULL for none */
	const char *text;
};

extern const struct verb verb_table[];
extern const size_t verb_count;
extern const struct option_row option_table[];
extern const size_t option_count;

int verb_check(const struct options *options);
int verb_plan(const struct options *options);
int verb_explain(const struct options *options);
int verb_deploy(const struct options *options);
int verb_verify(const struct options *options);
int verb_drill(const struct options *options);
int verb_status(const struct options *options);
int verb_undeploy(const struct options *options);
int verb_host(const struct options *options);
int verb_draw(const struct options *options);
