/* SPDX-License-Identifier: Apache-2.0 */
/* dnsvnf's verbs and their options. The table is in verb.c; base/command.h documents its format. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "base/command.h"

struct json_writer;

/* Exit codes of every verb. */
enum {
	EXIT_DONE = 0,         /* done, clean */
	EXIT_NOT_RIGHT = 1,    /* findings of severity error, a failed verification or deployment */
	EXIT_USAGE = 2,        /* the command line */
	EXIT_UNREACHABLE = 3,  /* the VIM or the network */
	EXIT_INTERRUPTED = 4,  /* the message names the state left behind */
	EXIT_INCONCLUSIVE = 5, /* drill: this machine or the guest was overloaded */
};

/* Flags of struct verb's policy. */
enum {
	VERB_CHANGES = 1,       /* takes the VIM's lock; an interrupt ends its waits only */
	VERB_TAKES_BROKEN = 2,  /* accepts a descriptor with errors */
	VERB_WARNS = 4,         /* prints the descriptor's warnings before it runs */
	VERB_STREAMS = 8,       /* -o json: one line per event, then the answer */
	VERB_STOPS = 16,        /* stops at the first deployment that fails */
	VERB_NEEDS_NO_VIM = 32, /* if --hosts is given, --vim and --os-cloud are not */
	VERB_OFFLINE = 64,      /* uses no VIM */
};

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF };

/* Options common to all verbs; the first member of each verb's options. */
struct options {
	const volatile sig_atomic_t *interrupted; /* see struct run_ctx */
	const char *operand;                      /* DEP.xml, or NULL */
	unsigned verbose;                         /* number of -v */
	enum format format;
	struct json_writer *json;   /* FORMAT_JSON: the verb's answer (cli/answer.h); else NULL */
	const char *vim, *os_cloud; /* NULL: not given; see target.h */
	bool timings;
	const char *hosts;                       /* folder, or NULL */
	const char *files[OPTION_FILES_MAX + 1]; /* folders, NULL at the end */
};

struct check_options {
	struct options common;
	bool list;
	const char *explain; /* a rule's id, or NULL */
};

/* Answers to the questions of init, as typed; NULL: not given. */
struct init_options {
	struct options common;
	const char *name, *tenant, *vms, *legs, *dialect, *management, *management_gateway,
		*operators, *service, *gateway, *service6, *gateway6, *networks, *vlan, *physnets,
		*zone, *image, *flavor, *ssh_key;
};

struct import_options {
	struct options common;
	const char *servers[OPERANDS_MAX + 1]; /* names or ids, NULL at the end */
	const char *folder;                    /* NULL: named like the deployment */
};

struct draw_options {
	struct options common;
	const char *svg; /* file; NULL: standard output */
};

struct plan_options {
	struct options common;
	unsigned count; /* 0: not given */
	bool exit_code;
	bool undeploy;
	const char *replace; /* server, or NULL */
};

struct deploy_options {
	struct options common;
	bool keep_failed, yes, force;
	bool at_once;
	bool no_rollback;
	const char *replace; /* server, or NULL */
};

struct power_options {
	struct options common;
	const char *operands[OPERANDS_MAX + 1]; /* what, DEP.xml, servers; NULL at the end */
	bool yes, force;
};

struct ipam_options {
	struct options common;
	int csv; /* enum ddi_csv */
};

struct servers_options {
	struct options common;
	const char *since; /* NULL: all that exist */
};

struct undeploy_options {
	struct options common;
	bool yes, force;
};

struct ddi_options {
	struct options common;
	const char *folder;    /* NULL: standard output */
	const char *interface; /* of the guest, with the service addresses */
};

struct drill_options {
	struct options common;
	unsigned qps;
	int failure;            /* enum drill_failure */
	const char *leg, *port; /* to fail, or NULL */
	unsigned repeat;
	unsigned max_outage;   /* ms; 0: not given */
	const char *svg, *csv; /* or NULL */
};

struct status_options {
	struct options common;
	bool watch;
};

struct manage_options {
	struct options common;
	bool no_deploy;
};

struct events_options {
	struct options common;
	bool follow;
	const char *since; /* a number or a time, or NULL */
};

struct hold_options {
	struct options common;
	const char *operands[OPERANDS_MAX + 1];
	const char *why;
	unsigned minutes;
};

struct release_options {
	struct options common;
	const char *operands[OPERANDS_MAX + 1];
};

struct heal_options {
	struct options common;
	bool force, discard_state;
};

struct manager_options {
	struct options common;
	const char *operands[OPERANDS_MAX + 1];
};

struct host_options {
	struct options common;
	const char *root;    /* NULL: this machine */
	const char *capture; /* or NULL */
	bool tune, apply;
};

extern const struct program dnsvnf_program;

/*
 * Verbs that need a VIM, the guest or PCI are in the module dnsvnf-verbs.so, not in the program
 * dnsvnf: there, these are NULL.
 */
#define IN_MODULE __attribute__((__weak__))
int verb_check(const struct verb *verb, const void *options) IN_MODULE;
int verb_plan(const struct verb *verb, const void *options) IN_MODULE;
int verb_ddi(const struct verb *verb, const void *options) IN_MODULE;
int verb_explain(const struct verb *verb, const void *options) IN_MODULE;
int verb_deploy(const struct verb *verb, const void *options) IN_MODULE;
int verb_verify(const struct verb *verb, const void *options) IN_MODULE;
int verb_drill(const struct verb *verb, const void *options) IN_MODULE;
int verb_status(const struct verb *verb, const void *options) IN_MODULE;
int verb_ipam(const struct verb *verb, const void *options) IN_MODULE;
int verb_servers(const struct verb *verb, const void *options) IN_MODULE;
int verb_power(const struct verb *verb, const void *options) IN_MODULE;
int verb_undeploy(const struct verb *verb, const void *options) IN_MODULE;
int verb_import(const struct verb *verb, const void *options) IN_MODULE;
int verb_init(const struct verb *verb, const void *options) IN_MODULE;
int verb_host(const struct verb *verb, const void *options) IN_MODULE;
int verb_draw(const struct verb *verb, const void *options) IN_MODULE;
int verb_render(const struct verb *verb, const void *options) IN_MODULE;
int verb_manage(const struct verb *verb, const void *options) IN_MODULE;
int verb_events(const struct verb *verb, const void *options) IN_MODULE;
int verb_hold(const struct verb *verb, const void *options) IN_MODULE;
int verb_release(const struct verb *verb, const void *options) IN_MODULE;
int verb_heal(const struct verb *verb, const void *options) IN_MODULE;
int verb_manager(const struct verb *verb, const void *options) IN_MODULE;

/* main() of dnsvnf. elsewhere runs a verb that is not in this program; NULL: all are. */
typedef int cli_elsewhere_fn(int argc, char **argv);
int cli_main(int argc, char **argv, cli_elsewhere_fn *elsewhere);
