// SPDX-License-Identifier: Apache-2.0
/* A plan of DNS, DHCP and addresses; it is also the zone file that it refers to. */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/str.h"
#include "base/text.h"
#include "ddi/check.h"
#include "ddi/plan.h"
#include "ddi/read.h"
#include "ddi/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *variable(void *data, const char *name)
{
	(void)data;
	return streq(name, "NONE") ? NULL : "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
}

static int open_file(void *data, const char *path, struct text *ret, struct err *err)
{
	const struct text *plan = data;

	(void)path, (void)err;
	text_init(ret, "zone", plan->s, plan->len, 1);
	return 0;
}

static void use(const struct text *text, struct ddi_plan *plan, struct findings *findings)
{
	cleanup_free struct ddi_usage *usage = ddi_usage(plan);

	for (size_t i = 0; i < plan->n_pools; i++)
		if (usage[i].free > usage[i].size)
			abort();
	ddi_check(plan, NULL, NULL, 0, findings);
	ddi_check_apart(&plan, 1, findings);
	for (size_t i = 0; i < findings->n; i++)
		if (findings->v[i].line > text->n_lines)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_text struct text text = {0};
	cleanup_findings struct findings findings = {0};
	cleanup_ddi_plan struct ddi_plan *plan = NULL;
	struct ddi_source source = {variable, open_file, &text, size % 2 == 0};

	text_init(&text, "ddi.yaml", (const char *)data, size, 1);
	ddi_read(&text, &source, &plan, &findings);
	if (plan)
		use(&text, plan, &findings);
	return 0;
}
