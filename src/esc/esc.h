/* SPDX-License-Identifier: Apache-2.0 */
/* Reads ESC descriptors (XML, or JSON with the same model), and writes them. */
#pragma once

struct err;
struct findings;
struct model;
struct strbuf;

/*
 * Reads the descriptor at path. Errors in its contents become findings with line and path; the
 * model contains what could be read. *ret_model is NULL if not even the tree could be parsed.
 * Returns -errno, without a model, if the file cannot be read. The caller frees the model with
 * model_free.
 */
int esc_read(const char *path, struct model **ret_model, struct findings *findings,
	     struct err *err);

/* The model as XML: reading it gives the same model. comment (may be NULL) must not have "--". */
void esc_write(const struct model *model, const char *comment, struct strbuf *ret);
