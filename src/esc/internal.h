/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of esc/ share beside the element tree. */
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

/* esc_read of a file's content: data ends with a zero byte that len does not count. */
void esc_read_memory(const char *file, const char *data, size_t len, struct model **ret_model,
		     struct findings *findings);

/*
 * Holds the tree against the data model: what is unknown, missing, given twice or of the wrong type
 * is reported and marked, values are brought to their canonical form. false: root is no
 * esc_datamodel.
 */
bool schema_check(struct esc_reading *r, struct element *root);

/* The data model from a checked tree; reports what the types cannot tell. */
void model_build(struct esc_reading *r, struct element *root, struct model *model);

/*
 * Gives the pool's addresses to the group's interfaces on its network, VM after VM, without those
 * that an interface has as its own.
 */
void pool_share_out(struct vm_group *group, const struct address_pool *pool);
