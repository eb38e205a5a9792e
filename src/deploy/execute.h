/* SPDX-License-Identifier: Apache-2.0 */
/* Creates and deletes steps of a plan, with their events. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
struct plan;
struct vim;
struct vim_object;

/* Creates the objects of steps that create or replace and have which[number] set. */
int execute_create(struct vim *vim, const struct plan *plan, const bool *which, struct err *err);

/*
 * Deletes the existing objects of those of the steps that delete or replace. -EEXIST: an object
 * that must be replaced is used by others.
 */
int execute_delete(struct vim *vim, const struct plan *plan, const bool *which, struct err *err);

int execute_destroy(struct vim *vim, const struct vim_object *const *objects, size_t n,
		    struct err *err);

/*
 * Changes existing servers one at a time, while those redundant to them serve: carries out the
 * steps of PHASE_ROLL, server by server: the next one after the last has served for a while. A
 * server that was changed in place and does not serve within bootup_time is rolled back, unless
 * no_rollback. ret_settled[i] is set for each server, by the number of its step, that serves as
 * wanted. Stops at the first failure; the error says what is left to do. -EAGAIN: a server
 * redundant to the next does not serve.
 */
int rolling_apply(struct vim *vim, const struct plan *plan, bool no_rollback, bool *ret_settled,
		  struct err *err);
