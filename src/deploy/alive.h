/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits for a deployment to become alive, with ESC's events: VM_DEPLOYED, VM_ALIVE, SERVICE_ALIVE.
 */
#pragma once

#include <stdbool.h>

#include "base/tristate.h"

struct err;
struct plan;
struct step;
struct vim;

/*
 * Waits for each server of the plan with which[number of its step] set: ACTIVE in the VIM
 * (VM_DEPLOYED), then an echo reply from its management address (VM_ALIVE), then a DNS answer from
 * every service address (SERVICE_ALIVE); bootup_time counts from the call. Silence of an
 * address that may not be reachable from here is a note. For a group with bootup_time -1 it waits
 * for ACTIVE only. -ETIMEDOUT: the text names the missing state and has the
 * end of the console.
 */
int alive_wait(struct vim *vim, const struct plan *plan, const bool *which, struct err *err);

/*
 * As alive_wait, for one server whose change has begun; its DNS must answer for 3 s without a gap.
 * served: it did before the change, so it can be reached from here, and silence is a failure.
 */
int alive_wait_server(struct vim *vim, const struct plan *plan, const struct step *server,
		      bool served, struct err *err);

/* Whether the server is ACTIVE and its DNS answers now. Unknown: not reachable from here. */
enum tristate alive_serves(struct vim *vim, const struct plan *plan, const struct step *server);
