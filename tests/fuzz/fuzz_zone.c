// SPDX-License-Identifier: Apache-2.0
/* A zone file, read as that of example.test. */
#include <stdint.h>
#include <stdlib.h>

#include "base/finding.h"
#include "base/text.h"
#include "dns/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct text *text, bool knot)
{
	cleanup_findings struct findings findings = {0};
	struct zone_answer answer;

	zone_check(text, "example.test", knot, "www.example.test", &findings, &answer);
	for (size_t i = 0; i < findings.n; i++)
		if (findings.v[i].line > text->n_lines)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_text struct text text = {0};

	text_init(&text, "example.test.zone", (const char *)data, size, 1);
	check(&text, false);
	check(&text, true);
	return 0;
}
