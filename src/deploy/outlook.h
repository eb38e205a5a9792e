/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers what is known of the hosts, from files and from the VIM, and places the plan on them. */
#pragma once

#include "deploy/placing.h"
#include "vim/facts.h"

struct err;
struct vim;

struct outlook {
	struct vim_facts facts;
	struct compute_hosts hosts; /* with what the VIM knows */
	char *notes;                /* what that was, and what is not known: lines; or NULL */
	struct placing placing;     /* its steps are the plan's */
};

/*
 * vim NULL: none is asked. dir NULL: no files, the hosts are those that the VIM itself tells whole
 * (the embedded one's). Makes nothing. Errors are hosts_read_dir's and the VIM's.
 */
int outlook_make(struct vim *vim, const struct plan *plan, const char *dir, struct outlook *ret,
		 struct err *err);
void outlook_clear(struct outlook *outlook);

#define cleanup_outlook __attribute__((__cleanup__(outlook_clear)))
