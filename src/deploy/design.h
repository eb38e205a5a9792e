/* SPDX-License-Identifier: Apache-2.0 */
/* A design: reads the descriptor and its day-0 files. */
#pragma once

struct err;
struct findings;
struct model;

/*
 * Reads the descriptor at path and its day-0 files, from its folder and the given ones (may be
 * NULL, NULL at the end; borrowed by the model); adds their findings, sorted. *ret_model is NULL
 * if nothing could be parsed; the caller frees it with model_free. Returns -errno only if the
 * descriptor cannot be opened.
 */
int design_read(const char *path, const char *const *folders, struct model **ret_model,
		struct findings *findings, struct err *err);

/*
 * As design_read, but calls more, which may add to model and findings, before the design rules are
 * applied; not for a descriptor with errors so far. Its error is returned.
 */
typedef int design_more_fn(void *data, struct model *model, struct findings *findings,
			   struct err *err);
int design_read_with(const char *path, const char *const *folders, design_more_fn *more, void *data,
		     struct model **ret_model, struct findings *findings, struct err *err);
