/* SPDX-License-Identifier: Apache-2.0 */
/* dnsvnf's verbs: what each takes, how each runs. The table is in verb.c, its meaning in
 * base/command.h. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "base/command.h"

/* Exit codes of every verb. */
enum {
	EXIT_DONE = 0,        /* done, clean */
	EXIT_NOT_RIGHT = 1,   /* findings of severity error, a failed verification or deployment */
	EXIT_USAGE = 2,       /* the command line */
	EXIT_UNREACHABLE = 3, /* the VIM or the network */
	EXIT_INTERRUPTED = 4, /* the state left behind is named */
};

/* struct verb's policy. */
enum {
	VERB_CHANGES = 1,       /* takes the VIM's lock; an interrupt ends its waits, not the run */
	VERB_TAKES_BROKEN = 2,  /* runs with a descriptor that has errors */
	VERB_WARNS = 4,         /* prints the descriptor's warnings first */
	VERB_STREAMS = 8,       /* -o json: a line for each event */
	VERB_STOPS = 16,        /* at the first deployment that fails */
	VERB_NEEDS_NO_VIM = 32, /* when --hosts is given and --vim is not */
};

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF };

/* What the verbs share; each verb's options begin with it. */
struct options {
	const volatile sig_atomic_t *interrupted; /* see struct run_ctx */
	const char *operand;                      /* DEP.xml, or NULL */
	unsigned verbose;                         /* how many -v */
	enum format format;
	const char *vim; /* or NULL: the descriptor's */
	bool timings;
	const char *hosts; /* folder, or NULL */
};

struct check_options {
	struct options common;
	bool list;
	const char *explain; /* a rule's id, or NULL */
};

struct draw_options {
	struct options common;
	const char *file; /* NULL: standard output */
};

struct plan_options {
	struct options common;
	unsigned count; /* 0: not given */
};

struct deploy_options {
	struct options common;
	bool keep_failed;
};

struct drill_options {
	struct options common;
	unsigned qps;
	int failure;     /* enum drill_failure */
	const char *svg; /* or NULL */
};

struct host_options {
	struct options common;
	const char *root;    /* NULL: this machine */
	const char *capture; /* or NULL */
	bool tune, apply;
};

extern const struct program dnsvnf_program;

/*
 * What needs a VIM, the guest or PCI is not in the program dnsvnf but in the module that it loads:
 * there these are NULL.
 */
#define IN_MODULE __attribute__((__weak__))
int verb_check(const struct verb *verb, const void *options) IN_MODULE;
int verb_plan(const struct verb *verb, const void *options) IN_MODULE;
int verb_explain(const struct verb *verb, const void *options) IN_MODULE;
int verb_deploy(const struct verb *verb, const void *options) IN_MODULE;
int verb_verify(const struct verb *verb, const void *options) IN_MODULE;
int verb_drill(const struct verb *verb, const void *options) IN_MODULE;
int verb_status(const struct verb *verb, const void *options) IN_MODULE;
int verb_undeploy(const struct verb *verb, const void *options) IN_MODULE;
int verb_host(const struct verb *verb, const void *options) IN_MODULE;
int verb_draw(const struct verb *verb, const void *options) IN_MODULE;

/* The whole of dnsvnf. elsewhere runs a verb that this program does not have; NULL: has all. */
typedef int cli_elsewhere_fn(int argc, char **argv);
int cli_main(int argc, char **argv, cli_elsewhere_fn *elsewhere);
