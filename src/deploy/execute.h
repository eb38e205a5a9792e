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
