/* SPDX-License-Identifier: Apache-2.0 */
/* Creates and deletes steps of a plan, with their events. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
struct plan;
struct vim;
struct vim_object;

/* Creates those of the steps that create or replace, for which which[number] is set. */
int execute_create(struct vim *vim, const struct plan *plan, const bool *which, struct err *err);

/*
 * Deletes what is there of those of the steps that delete or replace. -EEXIST: one that has to be
 * replaced stays, since others use it.
 */
int execute_delete(struct vim *vim, const struct plan *plan, const bool *which, struct err *err);

int execute_destroy(struct vim *vim, const struct vim_object *const *objects, size_t n,
		    struct err *err);
