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
