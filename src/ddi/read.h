/* SPDX-License-Identifier: Apache-2.0 */
/* Reads ddi.yaml. Pure: files that the plan refers to, and variables, come from the caller. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ddi_plan;
struct err;
struct findings;
struct text;

enum {
	DDI_FILE_MAX = 32 << 20,    /* bytes of the plan */
	DDI_RECORDS_MAX = 64 << 20, /* bytes of the records of all zones */
};

/* What the reader asks for. */
struct ddi_source {
	/* The value of the variable ${NAME}, or NULL: it has none. Borrowed until the next call. */
	const char *(*variable)(void *data, const char *name);
	/* The file that the plan refers to by path. *ret is the caller's, its file only until the
	 * next call. */
	int (*open)(void *data, const char *path, struct text *ret, struct err *err);
	void *data;
	/* Variables without a value are no finding: the plan is read without its descriptor. */
	bool variables_unknown;
};

/*
 * Reads the plan. What cannot be read becomes findings: ddi-yaml, ddi-key, ddi-value, ddi-variable,
 * ddi-records, ddi-limit. *ret_plan has what could be read; NULL: the text is not YAML, or no
 * mapping. The caller frees it with ddi_plan_free.
 */
void ddi_read(const struct text *text, const struct ddi_source *source, struct ddi_plan **ret_plan,
	      struct findings *findings);
