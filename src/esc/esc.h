/* SPDX-License-Identifier: Apache-2.0 */
/* Reads ESC descriptors (XML, or JSON with the same model). */
#pragma once

struct err;
struct findings;
struct model;

/*
 * Reads the descriptor at path. Errors in its contents become findings with line and path; the
 * model contains what could be read. *ret_model is NULL if not even the tree could be parsed.
 * Returns -errno, without a model, if the file cannot be read. The caller frees the model with
 * model_free.
 */
int esc_read(const char *path, struct model **ret_model, struct findings *findings,
	     struct err *err);
