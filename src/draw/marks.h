/* SPDX-License-Identifier: Apache-2.0 */
/* Which findings belong to which element of the picture. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"

struct model;

/* A rule's findings at one element. */
struct mark {
	/* A network, vm_group, interface, deployment, bond, bond_leg or guest_nic of the model;
	 * NULL: none of them. */
	const void *element;
	const char *rule;
	enum severity severity; /* the worst of them */
	size_t *numbers;        /* of the findings in the legend, ascending */
	size_t n_numbers;
	char *label; /* "3 legs-segment", "7,20-23 day0-placeholder" */
	char *hint;  /* the findings' texts */
	bool drawn;
};

struct marks {
	struct mark *v;
	size_t n;
	const struct finding **findings; /* those that are drawn: number i + 1 of the legend */
	size_t n_findings;
};

/* Errors and warnings; all point into model and findings, which must outlive *ret. */
void marks_make(const struct model *model, const struct findings *findings, struct marks *ret);
void marks_clear(struct marks *marks);
