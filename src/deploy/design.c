// SPDX-License-Identifier: Apache-2.0
#include "deploy/design.h"

#include <string.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "check/check.h"
#include "day0/day0.h"
#include "deploy/ddi.h"
#include "dns/dns.h"
#include "esc/esc.h"
#include "model/model.h"

/* Resolves a path relative to the descriptor; URLs and absolute paths are unchanged. */
static void resolve_images(struct model *model)
{
	const char *slash = strrchr(model->file, '/');

	for (size_t i = 0; i < model->n_images; i++) {
		struct image *image = &model->images[i];
		if (!slash || !image->src || image->src[0] == '/' || strstr(image->src, "://"))
			continue;
		char *beside =
			xasprintf("%.*s/%s", (int)(slash - model->file), model->file, image->src);
		free(image->src);
		image->src = beside;
	}
}

/* Day-0 of all groups. */
static void load_day0(struct model *model, struct findings *findings)
{
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++) {
			struct deployment *dep = &model->tenants[t].deployments[d];
			for (size_t g = 0; g < dep->n_vm_groups; g++) {
				size_t from = findings->n;
				day0_load(model, &dep->vm_groups[g], findings);
				dns_check(dep, &dep->vm_groups[g], findings);
				check_waive(model, dep, &dep->vm_groups[g], findings, from);
			}
		}
}

int design_read_with(const char *path, const char *const *folders, design_more_fn *more, void *data,
		     struct model **ret_model, struct findings *findings, struct err *err)
{
	cleanup_model struct model *model = NULL;
	int r = esc_read(path, &model, findings, err);

	if (r < 0)
		return r;
	if (model) {
		model->folders = folders;
		resolve_images(model);
		check_references(model, findings);
		check_waive(model, NULL, NULL, findings, 0);
		load_day0(model, findings);
		if (more && findings_count(findings, SEVERITY_ERROR) == 0)
			r = more(data, model, findings, err);
		if (r < 0)
			return r;
		ddi_check_model(model, findings); /* also against the subnets that `more` adds */
		check_design(model, findings);
	}
	findings_sort(findings);
	*ret_model = steal_ptr(model);
	return 0;
}

int design_read(const char *path, const char *const *folders, struct model **ret_model,
		struct findings *findings, struct err *err)
{
	return design_read_with(path, folders, NULL, NULL, ret_model, findings, err);
}
