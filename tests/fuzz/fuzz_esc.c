// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a descriptor: read into a model, which is checked by every rule. */
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "check/check.h"
#include "esc/internal.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = xmemdup(data, size);
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;

	esc_read_memory("dep.xml", text, size, &model, &findings);
	/* A descriptor that cannot be read must say why. */
	if (!model && findings_count(&findings, SEVERITY_ERROR) == 0)
		abort();
	if (model) {
		check_references(model, &findings);
		check_design(model, &findings);
	}
	return 0;
}
