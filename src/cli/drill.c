// SPDX-License-Identifier: Apache-2.0
#include <langinfo.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/output.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/drill_report.h"
#include "cli/verb.h"
#include "deploy/drill.h"
#include "deploy/plot.h"
#include "model/service.h"

struct runs {
	struct drill_result *v;
	size_t n;
	struct outage_summary summary;
};

static void runs_clear(struct runs *runs)
{
	array_free(runs->v, runs->n, drill_result_clear);
	*runs = (struct runs){0};
}

static unsigned terminal_width(void)
{
	int columns = output_columns(stdout);

	return columns < 40 ? 79 : columns < 120 ? (unsigned)columns - 1 : 120;
}

/* The measured one with the longest outage, else the first. */
static const struct drill_result *worst(const struct runs *runs)
{
	const struct drill_result *w = &runs->v[0];

	for (size_t i = 1; i < runs->n; i++) {
		const struct outage_gap *gap = &runs->v[i].outage.failover,
					*most = &w->outage.failover;
		if (gap->measured > most->measured ||
		    (gap->measured == most->measured && outage_ms(gap) > outage_ms(most)))
			w = &runs->v[i];
	}
	return w;
}

static struct plot plot_of(const struct drill_result *r)
{
	return (struct plot){
		.answers = r->load.answers,
		.n_answers = r->load.n_answers,
		.bucket_ms = DNSLOAD_BUCKET_MS,
		.qps = r->qps,
		.duration_ms = DRILL_BEFORE_MS + DRILL_DOWN_MS + DRILL_AFTER_MS,
		.down_ms = r->down.to_ms,
		.up_ms = r->up.to_ms,
		.object = drill_failure_object(r->failure),
		.gap_start_ms = r->outage.failover.start_ms,
		.gap_end_ms = r->outage.failover.end_ms,
	};
}

static int write_svg(const char *file, const struct drill_result *r, unsigned max_outage,
		     struct err *err)
{
	cleanup_free char *how = drill_monitor(r);
	bool silent = r->failure == DRILL_SILENT;
	cleanup_free char *title =
		xasprintf("%s of %s: %s of %s taken down%s", r->bond, r->server,
			  drill_failure_object(r->failure), r->leg ? r->leg : r->port,
			  silent ? ", carrier up" : "");
	cleanup_free char *figures =
		xasprintf("%s, %u queries/s to %s: %llu of %llu lost; outage %.0f ms", how, r->qps,
			  r->address, (unsigned long long)r->load.lost,
			  (unsigned long long)r->load.sent, outage_ms(&r->outage.failover));
	cleanup_free char *verdict = drill_verdict_text(r, max_outage);
	cleanup_free char *source = drill_source_text(r);
	cleanup_free char *legs = xasprintf("active leg: %s, then %s, finally %s; known by %s",
					    r->leg_before ? r->leg_before : "unknown",
					    r->leg_after ? r->leg_after : "unknown",
					    r->leg_end ? r->leg_end : "unknown", source);
	cleanup_free char *said = drill_bondd_text(r);
	cleanup_free char *bondd_said = xasprintf("bondd: %s", said);
	const char *caption[] = {figures, verdict, legs, bondd_said};
	struct plot plot = plot_of(r);

	plot.title = title;
	plot.caption = caption;
	plot.n_caption = ARRAY_SIZE(caption);
	cleanup_free char *svg = plot_svg(&plot);
	return file_write_output(file, svg, strlen(svg), 0644, err);
}

static int write_files(const struct drill_options *own, const struct runs *runs, struct err *err)
{
	int r = own->svg ? write_svg(own->svg, worst(runs), own->max_outage, err) : 0;

	if (r < 0 || !own->csv)
		return r;
	cleanup_free char *csv = drill_csv(runs->v, runs->n);
	return file_write_output(own->csv, csv, strlen(csv), 0644, err);
}

static void print_text(const struct drill_options *own, const struct runs *runs)
{
	for (size_t i = 0; i < runs->n; i++) {
		if (own->repeat > 1)
			printf("%sdrill %zu: ", i ? "\n" : "", i + 1);
		drill_print(&runs->v[i], own->max_outage);
	}
	if (own->repeat > 1) {
		fputs("\n", stdout);
		drill_print_summary(&runs->summary);
	}
	const struct plot plot = plot_of(worst(runs));
	cleanup_free char *text =
		plot_text(&plot, terminal_width(), streq(nl_langinfo(CODESET), "UTF-8"));
	fputs(text, stdout);
}

static int verdict_code(enum outage_verdict verdict)
{
	switch (verdict) {
	case OUTAGE_PASS:
		return EXIT_DONE;
	case OUTAGE_FAIL:
		return EXIT_NOT_RIGHT;
	case OUTAGE_INCONCLUSIVE:
		return EXIT_INCONCLUSIVE;
	}
	return EXIT_NOT_RIGHT;
}

/* Text, or the members of each drill in the open array, and the files. */
static int report(const struct drill_options *own, struct runs *runs)
{
	struct json_writer *json = own->common.json;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free struct outage const **list = xcalloc(runs->n, sizeof(*list));

	for (size_t i = 0; i < runs->n; i++)
		list[i] = &runs->v[i].outage;
	outage_summarize(list, runs->n, &runs->summary);
	for (size_t i = 0; json && i < runs->n; i++)
		drill_put(json, &runs->v[i], own->max_outage);
	if (!json)
		print_text(own, runs);
	if (write_files(own, runs, &err) < 0)
		return cli_fail("drill", &err);
	return verdict_code(runs->summary.verdict);
}

static int drill_group(const struct drill_options *own, const struct deployment *deployment,
		       const struct vm_group *group, struct vim *vim, struct runs *runs)
{
	cleanup_err struct err err = ERR_INIT;
	struct drill_settings settings = {
		.failure = (enum drill_failure)own->failure,
		.qps = own->qps,
		.leg = own->leg,
		.port = own->port,
		.max_outage_ms = own->max_outage,
	};
	int r = 0;

	for (unsigned i = 0; i < own->repeat && r == 0; i++) {
		struct drill_result result;
		r = drill_run(vim, deployment, group, &settings, &result, &err);
		if (r == 0) {
			settings.rate = result.qps;
			*array_push(runs->v, runs->n) = result;
		}
	}
	/* Also the results before an error or an interrupt. */
	int code = runs->n ? report(own, runs) : EXIT_DONE;
	return r < 0 ? cli_fail("drill", &err) : code;
}

static bool has_bond(const struct deployment *deployment)
{
	return array_find(deployment->vm_groups, deployment->n_vm_groups, service_bond(it)) != NULL;
}

static int drill_one(const struct options *options, const struct model *model,
		     const struct tenant *tenant, const struct deployment *deployment,
		     struct vim *vim)
{
	const struct drill_options *own = (const void *)options;
	struct json_writer *json = options->json;
	cleanup_free struct runs *groups = xcalloc(deployment->n_vm_groups + 1, sizeof(*groups));
	bool bonds = has_bond(deployment);
	int code = EXIT_DONE;

	(void)model;
	(void)tenant;
	if (json)
		json_open_array(json, "drills");
	for (size_t g = 0; g < deployment->n_vm_groups && code == EXIT_DONE; g++)
		/* Skip groups without a bond; if no group has one, drill_run reports it. */
		if (!bonds || service_bond(&deployment->vm_groups[g]))
			code = drill_group(own, deployment, &deployment->vm_groups[g], vim,
					   &groups[g]);
	if (json) {
		json_close(json);
		json_open_array(json, "summaries");
		for (size_t g = 0; g < deployment->n_vm_groups; g++)
			if (groups[g].n)
				drill_put_summary(json, &groups[g].v[0], &groups[g].summary);
		json_close(json);
	}
	for (size_t g = 0; g < deployment->n_vm_groups; g++)
		runs_clear(&groups[g]);
	return code;
}

int verb_drill(const struct verb *verb, const void *options)
{
	const struct drill_options *own = options;

	if (own->leg && own->port)
		return command_usage_error(&dnsvnf_program, verb,
					   "--leg and --port exclude each other: use one of them");
	return cli_each_deployment(verb, options, drill_one);
}
