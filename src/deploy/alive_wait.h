/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of alive.h share: a server that is waited for, stage by stage. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/event.h"
#include "base/str.h"
#include "deploy/alive_probes.h"
#include "vim/vim.h"

struct plan;
struct step;

/* A service address, and what is seen of DNS there. */
struct wait_address {
	const char *address; /* borrowed from struct wait */
	char *what;          /* "DNS on bond0 192.0.2.1" */
	char *why;           /* why it cannot be asked; NULL: it is asked */
	enum vim_reach reach;
	struct probe *probe;
	bool waits, answers;
	bool barrier_asked;
};

struct wait {
	struct vim *vim;
	const struct plan *plan;
	const struct step *server;
	struct alive_probes *probes; /* of all servers that are waited for */
	int64_t start, limit;        /* clock_now(); s after it */
	struct vim_server_info seen; /* when it became ACTIVE */
	bool served;                 /* before its change, so it can be reached from here */
	bool steady;                 /* its DNS must also have answered for a while */

	size_t stage;
	int64_t since;      /* of the stage */
	bool begins;        /* the stage: this is its first round */
	bool has_turn;      /* it may ask VIM and guest now, which takes time */
	bool shows;         /* it reports progress: one at a time does */
	bool barrier_asked; /* of the echo */
	struct probe *echo;
	struct strv addresses;
	struct wait_address *dns;
	size_t n_dns;
	char *where;     /* the addresses where DNS answered; NULL: nowhere */
	bool by_console; /* day-0 is waited for by the console */
	char *console;   /* what was on it */
};

/*
 * A stage is called in each round until it returns 0: it is over. WAIT_ON: it goes on. -errno: the
 * server will not be alive.
 */
enum { WAIT_ON = 1 };

void wait_report(const struct wait *w, const char *type, enum event_status status,
		 const char *details);

/*
 * 0: it may go on; or why it may not: an interrupt, the server's state, -ETIMEDOUT. Asks the VIM
 * for the state if it has its turn.
 */
int wait_check(const struct wait *w, const char *type, const char *waiting_for, struct err *err);

/* The same for a state that the caller has asked for. */
int wait_check_state(const struct wait *w, const struct vim_server_info *info, const char *type,
		     const char *waiting_for, struct err *err);

/* alive_day0.c: until cloud-init is done, by bondd or by the console. */
int wait_day0(struct wait *w, struct err *err);
int wait_console(struct wait *w, struct err *err);
