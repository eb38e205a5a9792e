// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/drill.h"
#include "deploy/plot.h"
#include "model/service.h"

static unsigned terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		return size.ws_col < 120 ? size.ws_col - 1u : 120;
	return 79;
}

/* The report of the guest's bondd about the failure. */
static char *bondd(const struct drill_result *r)
{
	cleanup_free char *how = drill_monitor(r);

	if (r->sentence)
		return xstrdup(r->sentence);
	return r->watched
		       ? xstrdup("is running, reported nothing")
		       : xasprintf("is not running in the guest: only %s monitors the bond", how);
}

static int draw(const struct drill_options *own, const struct drill_result *r, struct err *err)
{
	const struct dnsload_result *load = &r->load;
	cleanup_free char *how = drill_monitor(r);
	bool silent = r->failure == DRILL_SILENT;
	cleanup_free char *title = xasprintf("%s of %s: %s of %s taken down%s", r->bond, r->server,
					     drill_failure_object(r->failure), r->leg_before,
					     silent ? ", carrier up" : "");
	cleanup_free char *figures =
		xasprintf("%s, %u queries/s to %s: %llu of %llu lost, longest gap %.0f ms", how,
			  own->qps, r->address, (unsigned long long)load->lost,
			  (unsigned long long)load->sent, r->outage.end_ms - r->outage.start_ms);
	cleanup_free char *legs = xasprintf("active leg: %s, then %s, finally %s", r->leg_before,
					    r->leg_after ? r->leg_after : "unknown",
					    r->leg_end ? r->leg_end : "unknown");
	cleanup_free char *said = bondd(r);
	cleanup_free char *bondd_said = xasprintf("bondd: %s", said);
	const char *caption[] = {figures, legs, bondd_said};
	const struct plot plot = {
		.answers = load->answers,
		.n_answers = load->n_answers,
		.bucket_ms = DNSLOAD_BUCKET_MS,
		.qps = own->qps,
		.duration_ms = DRILL_BEFORE_MS + DRILL_DOWN_MS + DRILL_AFTER_MS,
		.down_ms = r->down_ms,
		.up_ms = r->up_ms,
		.object = drill_failure_object(r->failure),
		.gap_start_ms = r->outage.start_ms,
		.gap_end_ms = r->outage.end_ms,
		.title = title,
		.caption = caption,
		.n_caption = ARRAY_SIZE(caption),
	};

	if (own->common.format != FORMAT_JSON) {
		cleanup_free char *text =
			plot_text(&plot, terminal_width(), streq(nl_langinfo(CODESET), "UTF-8"));
		fputs(text, stdout);
	}
	if (!own->svg)
		return 0;
	cleanup_free char *svg = plot_svg(&plot);
	return file_write_output(own->svg, svg, strlen(svg), err);
}

/* Single lost queries are normal; three in a row at the end mean that the outage has not ended. */
static bool stayed_lost(const struct dnsload_result *load)
{
	return load->n_gaps && load->gaps[load->n_gaps - 1].open;
}

static void print_text(const struct drill_options *own, const struct drill_result *r)
{
	const struct dnsload_result *load = &r->load;
	cleanup_free char *how = drill_monitor(r);
	cleanup_free char *said = bondd(r);
	cleanup_free char *why = drill_why(r);
	cleanup_free char *estimate = r->outage_us < 0
					      ? xstrdup("")
					      : xasprintf(", by bondd's own estimate %.0f ms",
							  (double)r->outage_us / 1e3);

	printf("%s of %s (port %s) down at %.1f s, up at %.1f s%s; %s, %u queries/s to %s\n",
	       drill_failure_object(r->failure), r->leg_before, r->port, r->down_ms / 1000,
	       r->up_ms / 1000, r->failure == DRILL_SILENT ? ", carrier up" : "", how, own->qps,
	       r->address);
	printf("queries:     %llu sent, %llu answered, %llu lost (%llu of them after the longest "
	       "gap)\n",
	       (unsigned long long)load->sent, (unsigned long long)load->answered,
	       (unsigned long long)load->lost, (unsigned long long)r->lost_after);
	printf("longest gap: %.0f ms%s%s\n", r->outage.end_ms - r->outage.start_ms, estimate,
	       stayed_lost(load) ? ", and no answers at the end" : "");
	printf("answers in:  %.1f ms mean, %.1f ms p99, %.1f ms at most\n", load->latency_mean,
	       load->latency_p99, load->latency_max);
	printf("active leg:  %s, then %s, finally %s: %s\n", r->leg_before,
	       r->leg_after ? r->leg_after : "unknown", r->leg_end ? r->leg_end : "not known",
	       !r->leg_after     ? "unknown whether it failed over"
	       : !r->failed_over ? "did NOT fail over"
	       : r->failed_back  ? "failed over and returned"
				 : "failed over and stayed there");
	if (why)
		printf("because:     %s\n", why);
	printf("bondd:       %s\n", said);
	if (load->failed)
		printf("%llu answers had an error code\n", (unsigned long long)load->failed);
	if (load->skipped)
		printf("this machine was too busy to send %llu of the queries\n",
		       (unsigned long long)load->skipped);
}

static void put_drill(struct json_writer *w, const struct drill_options *own,
		      const struct drill_result *r)
{
	const struct dnsload_result *load = &r->load;
	cleanup_free char *why = drill_why(r);

	json_open_object(w, NULL);
	json_put_text(w, "server", r->server);
	json_put_text(w, "bond", r->bond);
	json_put_text(w, "port", r->port);
	json_put_text(w, "failure", drill_failure_name(r->failure));
	json_put_text(w, "address", r->address);
	json_put_int64(w, "qps", own->qps);
	json_put_int64(w, "miimon", r->miimon);
	json_put_int64(w, "arp_interval", r->arp_interval);
	json_put_uint64(w, "sent", load->sent);
	json_put_uint64(w, "answered", load->answered);
	json_put_uint64(w, "lost", load->lost);
	json_put_uint64(w, "lost_after", r->lost_after);
	json_put_double(w, "longest_gap_ms", r->outage.end_ms - r->outage.start_ms);
	json_put_double(w, "latency_mean_ms", load->latency_mean);
	json_put_double(w, "latency_max_ms", load->latency_max);
	json_put_double(w, "link_down_ms", r->down_ms);
	json_put_double(w, "link_up_ms", r->up_ms);
	json_put_text_opt(w, "leg_before", r->leg_before);
	json_put_text_opt(w, "leg_after", r->leg_after);
	json_put_text_opt(w, "leg_end", r->leg_end);
	json_put_bool(w, "failed_over", r->failed_over);
	json_put_bool(w, "failed_back", r->failed_back);
	json_put_text_opt(w, "why", why);
	if (r->watched) {
		json_open_object(w, "bondd");
		json_put_text_opt(w, "sentence", r->sentence);
		json_put_text_opt(w, "state", r->watch_state);
		if (r->outage_us >= 0)
			json_put_double(w, "outage_ms", (double)r->outage_us / 1e3);
		json_close(w);
	} else {
		json_put_null(w, "bondd");
	}
	json_close(w);
}

static int drill_each(const struct options *options, const struct model *model,
		      const struct tenant *tenant, const struct deployment *deployment,
		      struct vim *vim)
{
	const struct drill_options *own = (const void *)options;

	(void)model;
	(void)tenant;
	size_t bonds = 0;
	for (size_t g = 0; g < deployment->n_vm_groups; g++)
		bonds += service_bond(&deployment->vm_groups[g]) != NULL;
	for (size_t g = 0; g < deployment->n_vm_groups; g++) {
		/* Skip groups without a bond; if no group has one, drill_run reports it. */
		if (bonds && !service_bond(&deployment->vm_groups[g]))
			continue;
		cleanup_err struct err err = ERR_INIT;
		cleanup_drill_result struct drill_result r = {0};
		if (drill_run(vim, deployment, &deployment->vm_groups[g],
			      (enum drill_failure)own->failure, own->qps, &r, &err) < 0)
			return cli_fail("drill", &err);
		if (options->json)
			put_drill(options->json, own, &r);
		else
			print_text(own, &r);
		if (draw(own, &r, &err) < 0) {
			cli_fail("drill", &err);
			return EXIT_NOT_RIGHT;
		}
		if (!r.failed_over || stayed_lost(&r.load))
			return EXIT_NOT_RIGHT;
	}
	return EXIT_DONE;
}

static int drill_one(const struct options *options, const struct model *model,
		     const struct tenant *tenant, const struct deployment *deployment,
		     struct vim *vim)
{
	if (options->json)
		json_open_array(options->json, "drills");
	int r = drill_each(options, model, tenant, deployment, vim);
	if (options->json)
		json_close(options->json);
	return r;
}

int verb_drill(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, drill_one);
}
