// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_write.h"
#include "cli/common.h"
#include "cli/target.h"
#include "cli/verb.h"
#include "deploy/design.h"
#include "draw/draw.h"
#include "draw/place.h"
#include "placement/schedule.h"

static int place_on_hosts(const char *folder, const struct model *model, struct draw_places *places,
			  struct err *err)
{
	cleanup_compute_hosts struct compute_hosts hosts = {0};
	int r = hosts_read_dir(folder, &hosts, err);

	for (size_t t = 0; t < model->n_tenants && r == 0; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++) {
			cleanup_schedule_request struct schedule_request request = {0};
			cleanup_schedule struct schedule schedule = {0};
			schedule_request_make(model, &model->tenants[t].deployments[d], &request);
			schedule_make(&request, &hosts, NULL, &schedule);
			draw_places_of_schedule(places, &schedule);
		}
	return r;
}

/* A server that is not deployed is drawn as described. */
static int ask_server(struct vim *vim, const struct deployment *deployment,
		      const struct vm_group *group, unsigned index, struct draw_places *places)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_server_info struct vim_server_info server = {0};
	cleanup_free char *name = vm_group_server_name(deployment, group, index);
	int r = vim->ops->server(vim, name, VIM_LOOK_ALL, &server, &err);

	if (r < 0 && r != -ENOENT)
		return cli_fail("draw", &err);
	if (r == 0)
		draw_places_of_server(places, group, index, &server);
	else
		fprintf(stderr, "dnsvnf draw: %s: VM \"%s\" is drawn as described\n", err.text,
			name);
	return EXIT_DONE;
}

static int ask_deployment(const struct verb *verb, const struct options *options,
			  const struct tenant *tenant, const struct deployment *deployment,
			  struct draw_places *places)
{
	cleanup_vim struct vim *vim = NULL;
	int r = target_open(verb, options, tenant, deployment, NULL, &vim);

	for (size_t g = 0; g < deployment->n_vm_groups; g++) {
		const struct vm_group *group = &deployment->vm_groups[g];
		for (unsigned i = 0; i < group->scaling.min_active && r == EXIT_DONE; i++)
			r = ask_server(vim, deployment, group, i, places);
	}
	return r;
}

static int ask_vim(const struct verb *verb, const struct options *options,
		   const struct model *model, struct draw_places *places)
{
	int r = target_check(verb, options, model);

	for (size_t t = 0; t < model->n_tenants && r == EXIT_DONE; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments && r == EXIT_DONE; d++)
			r = ask_deployment(verb, options, &model->tenants[t],
					   &model->tenants[t].deployments[d], places);
	return r;
}

int verb_draw(const struct verb *verb, const void *all)
{
	const struct draw_options *own = all;
	const struct options *options = &own->common;
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;
	cleanup_draw_places struct draw_places places = {0};

	const bool asks = options->vim || options->os_cloud;

	if (options->hosts && asks)
		return command_usage_error(&dnsvnf_program, verb,
					   "--hosts and --vim exclude each other: use one of them");
	if (design_read(options->operand, options->files, &model, &findings, &err) < 0)
		return cli_fail("draw", &err);
	if (!model) {
		cli_report_findings(options, &findings, SEVERITY_ERROR);
		err_set(&err, INVALID, "cannot read %s: nothing to draw", options->operand);
		return cli_fail("draw", &err);
	}
	if (options->hosts && place_on_hosts(options->hosts, model, &places, &err) < 0)
		return cli_fail("draw", &err);
	int r = asks ? ask_vim(verb, options, model, &places) : EXIT_DONE;
	if (r != EXIT_DONE)
		return r;
	const struct drawing drawing = {model, &findings, places.v, places.n};
	cleanup_free char *svg = draw_svg(&drawing);
	if (own->svg && file_write_output(own->svg, svg, strlen(svg), 0644, &err) < 0)
		return cli_fail("draw", &err);
	if (options->json)
		json_put_text(options->json, own->svg ? "file" : "svg", own->svg ? own->svg : svg);
	else if (!own->svg)
		fputs(svg, stdout);
	return EXIT_DONE;
}
