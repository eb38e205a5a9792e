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
 * A copy of data without NETCONF's message separators: of several messages, the first with a
 * descriptor; the others are blank lines. NULL: there are none. The caller frees.
 */
char *envelope_message(const char *data, size_t len);

/*
 * The only esc_datamodel of the tree, on its own; takes ownership of outer. NULL after a finding.
 * *ret_default_none is the line of a default-operation "none", or 0.
 */
struct element *envelope_open(struct esc_reading *r, struct element *outer,
			      unsigned *ret_default_none);

/* Reports the operations delete and remove in the tree, errors; returns how many there are that
 * make something. */
size_t operations_check(struct esc_reading *r, const struct element *e);

/* Whether the element's own operation is delete or remove: it needs its keys only. */
bool operation_deletes(const struct element *e);

/*
 * Validates the tree of an esc_datamodel against the data model. Unknown, missing, repeated and
 * invalid elements are reported and marked; values become canonical.
 */
void schema_check(struct esc_reading *r, struct element *root);

/* Builds the model from a validated tree. Reports errors that YANG types do not cover. */
void model_build(struct esc_reading *r, struct element *root, struct model *model);

/*
 * Assigns the pool's addresses to the group's interfaces on its network, VM by VM. Skips addresses
 * that an interface has already.
 */
void pool_share_out(struct vm_group *group, const struct address_pool *pool);
