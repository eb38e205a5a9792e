// SPDX-License-Identifier: Apache-2.0
/* Listings of a cloud, as members of one object, as a descriptor; and any bytes as user data. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "day0/day0.h"
#include "esc/esc.h"
#include "esc/internal.h"
#include "model/model.h"
#include "vim/openstack/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is written can be read again, whatever is in it. */
static void write_and_read(const struct model *model)
{
	cleanup_findings struct findings findings = {0};
	cleanup_strbuf struct strbuf xml = {0};
	struct model *again = NULL;

	esc_write(model, NULL, &xml);
	esc_read_memory("dep.xml", xml.s, xml.len, &again, &findings);
	if (!again)
		abort();
	model_free(again);
}

static void import(const json_t *all)
{
	static const char *const servers[] = {"s", NULL};
	cleanup_model struct model *model = model_new(NULL);
	cleanup_strv struct strv notes = {0};
	cleanup_err struct err err = ERR_INIT;
	struct importer im = {.vim = "v", .project = "p", .model = model, .notes = &notes};

	for (int kind = VIM_IMAGE; kind <= VIM_SERVER; kind++)
		(void)resources_add_list(&im.resources, (enum vim_kind)kind, all, NULL);
	im.security_groups = json_incref(json_object_get(all, "security_groups"));
	if (import_choose(&im, servers, &err) == 0 && import_build(&im, servers[0], &err) == 0)
		write_and_read(model);
	importer_clear(&im);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *all = json_loadb((const char *)data, size, 0, NULL);
	struct day0_parts parts;

	if (all)
		import(all);
	json_decref(all);
	day0_split((const char *)data, size, &parts);
	day0_parts_clear(&parts);
	return 0;
}
