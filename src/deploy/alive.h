/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a deployment to come alive, as ESC means it: VM_DEPLOYED, VM_ALIVE, SERVICE_ALIVE. */
#pragma once

#include <stdbool.h>

#include "base/tristate.h"

struct err;
struct plan;
struct step;
struct vim;

/*
 * For each server of the plan for which which[number of its step] is set: ACTIVE in the VIM
 * (VM_DEPLOYED), then an echo from its management address (VM_ALIVE), then a DNS answer from every
 * service address (SERVICE_ALIVE); bootup_time counts from the call. A group with bootup_time -1 is
 * not waited for beyond ACTIVE. -ETIMEDOUT names what did not come and shows the end of the
 * console.
 */
int alive_wait(struct vim *vim, const struct plan *plan, const bool *which, struct err *err);

/* As alive_wait, of one server whose change has begun; and its DNS has to answer for 3 s without a
 * gap. */
int alive_wait_server(struct vim *vim, const struct plan *plan, const struct step *server,
		      struct err *err);

/* Is it ACTIVE, and does its DNS answer now? Unknown: it cannot be asked from here. */
enum tristate alive_serves(struct vim *vim, const struct plan *plan, const struct step *server);
