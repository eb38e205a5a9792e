/* SPDX-License-Identifier: Apache-2.0 */
/* Starts, stops and reboots servers of a deployment. */
#pragma once

#include <stdbool.h>

#include "vim/vim.h"

struct err;

/*
 * Whether a server that was listed may be changed now. *ret_status (the caller frees) is the VIM's
 * status, *ret_needed false if the server is as wanted. -EBUSY: the VIM has a task for it; -EPERM:
 * it is locked, or, without force, the compute service of its host is down. A note says if the
 * state of that service is unknown.
 */
int power_check(struct vim *vim, const struct vim_object *server, enum vim_power power, bool force,
		char **ret_status, bool *ret_needed, struct err *err);

/* Checks again and does it, with its event (VM_STARTED ...); returns when the VIM is done. */
int power_apply(struct vim *vim, const struct vim_object *server, enum vim_power power,
		struct err *err);
