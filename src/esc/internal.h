/* SPDX-License-Identifier: Apache-2.0 */
/* Functions shared within esc/ besides the element tree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct element;
struct err;
struct findings;
struct address_pool;
struct model;
struct esc_reading;
struct vm_group;

/* As esc_read, from memory. data ends with a zero byte that len does not count. */
void esc_read_memory(const char *file, const char *data, size_t len, struct model **ret_model,
		     struct findings *findings);

/*
 * Validates the tree against the data model. Unknown, missing, repeated and invalid elements are
 * reported and marked; values become canonical. False if the root is not esc_datamodel.
 */
bool schema_check(struct esc_reading *r, struct element *root);

/* Builds the model from a validated tree. Reports errors that YANG types do not cover. */
void model_build(struct esc_reading *r, struct element *root, struct model *model);

/*
 * Assigns the pool's addresses to the group's interfaces on its network, VM by VM. Skips addresses
 * that an interface has already.
 */
void pool_share_out(struct vm_group *group, const struct address_pool *pool);
