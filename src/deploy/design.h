/* SPDX-License-Identifier: Apache-2.0 */
/* A design: the descriptor and its day-0 files, read once, at the door. */
#pragma once

struct err;
struct findings;
struct model;

/*
 * Reads the descriptor at path and the day-0 files it names; all that is wrong with them goes to
 * findings, sorted. *ret_model is NULL when nothing could be read; the caller frees it with
 * model_free. Returns -errno only when the descriptor itself cannot be opened.
 */
int design_read(const char *path, struct model **ret_model, struct findings *findings,
		struct err *err);
