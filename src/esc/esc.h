/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of ESC's descriptors (XML, or JSON in the same model). */
#pragma once

struct err;
struct findings;
struct model;

/*
 * Reads the descriptor at path. What is wrong with its contents goes to findings, each with line
 * and path; the model then holds what could be read. *ret_model is NULL only when not even the tree
 * could be read. Returns -errno (and no model) when the file cannot be read at all. The caller
 * frees the model with model_free.
 */
int esc_read(const char *path, struct model **ret_model, struct findings *findings,
	     struct err *err);
