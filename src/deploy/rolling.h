/* SPDX-License-Identifier: Apache-2.0 */
/* Changes existing servers one at a time, while those redundant to them serve. */
#pragma once

#include <stdbool.h>

struct err;
struct plan;
struct vim;

/*
 * Carries out the steps of PHASE_ROLL, server by server: the next one after the last has served for
 * a while. A server that was changed in place and does not serve within bootup_time is rolled back,
 * unless no_rollback. ret_settled[i] is set for each server, by the number of its step, that serves
 * as wanted. Stops at the first failure; the error says what is left to do. -EAGAIN: a server
 * redundant to the next does not serve.
 */
int rolling_apply(struct vim *vim, const struct plan *plan, bool no_rollback, bool *ret_settled,
		  struct err *err);
