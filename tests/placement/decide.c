// SPDX-License-Identifier: Apache-2.0
/*
 * Answers placement cases, one JSON object a line on stdin, one answer a line on stdout; what
 * differential.py compares with Nova, and what bench/placement.py times (--time ROUNDS: each case
 * is decided ROUNDS times; printed are the mean ns of CPU time of the verdict and of the whole).
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "placement/fit.h"
#include "placement/host_json.h"

struct decision {
	struct compute_host host;
	struct fit_request request;
};

static struct properties read_properties(json_t *object)
{
	struct properties p = {0};
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value) {
		struct property *added = array_push(p.v, p.n);
		*added = (struct property){.name = xstrdup(name),
					   .value = xstrdup(json_string_value(value))};
	}
	return p;
}

static void properties_free(struct properties *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].name);
		free(p->v[i].value);
	}
	free(p->v);
}

static unsigned number(const json_t *object, const char *key)
{
	return (unsigned)json_integer_value(json_object_get(object, key));
}

static int read_request(const json_t *asked, struct fit_request *ret, struct err *err)
{
	const json_t *spec = json_object_get(asked, "flavor");
	struct flavor flavor = {
		.name = (char *)"f",
		.vcpus = number(spec, "vcpus"),
		.memory_mb = number(spec, "memory_mb"),
		.properties = read_properties(json_object_get(spec, "extra_specs")),
	};
	struct image image = {.properties = read_properties(json_object_get(asked, "image"))};
	json_t *port;
	size_t i;

	int r = fit_request_from_flavor(&flavor, &image, ret, err);
	json_array_foreach (json_object_get(asked, "ports"), i, port) {
		const char *physnet = json_string_value(json_object_get(port, "physnet"));
		const char *type = json_string_value(json_object_get(port, "type"));
		struct fit_port wanted = {.nicid = (unsigned)i,
					  .physnet = xstrdup(physnet),
					  .type = streq(type, "passthru") ? PCI_PF : PCI_VF,
					  .trusted =
						  json_is_true(json_object_get(port, "trusted"))};

		if (r == 0)
			r = fit_request_add_port(ret, &flavor, &image, &wanted,
						 json_string_value(json_object_get(port, "policy")),
						 err);
		free(wanted.physnet);
	}
	if (r < 0)
		fit_request_clear(ret);
	properties_free(&flavor.properties);
	properties_free(&image.properties);
	return r;
}

static int read_case(const char *line, struct decision *ret, struct err *err)
{
	json_t *document = json_loads(line, 0, NULL);
	cleanup_free char *host = json_dumps(json_object_get(document, "host"), 0);

	int r = host ? host_json_parse(host, strlen(host), "host.json", &ret->host, err)
		     : err_set(err, INVALID, "no host");
	if (r < 0) {
		fprintf(stderr, "decide: %s\n", err->text);
		exit(1);
	}
	/* the scheduler's filters alone are compared */
	for (size_t i = 0; i < INVENTORY_CLASSES; i++)
		ret->host.inventory[i].total = -1;
	r = read_request(document, &ret->request, err);
	json_decref(document);
	return r;
}

static json_t *reasons_json(const struct decision *d, const struct fit_result *result)
{
	json_t *reasons = json_array();

	for (size_t i = 0; i < result->n_reasons; i++) {
		cleanup_strbuf struct strbuf b = {0};

		fit_reason_format(&result->reasons[i], &d->host, &d->request, &b);
		json_array_append_new(reasons, json_string(b.s));
	}
	return reasons;
}

static json_t *cells_json(const struct fit_result *result)
{
	json_t *cells = json_array();

	for (size_t g = 0; g < result->n_cells; g++) {
		const struct fit_placed_cell *c = &result->cells[g];
		json_t *pins = json_array();

		for (size_t i = 0; i < c->n_pins; i++)
			json_array_append_new(pins,
					      json_pack("[ii]", c->pins[i].vcpu, c->pins[i].cpu));
		json_array_append_new(cells, json_pack("{si si so si}", "node", c->node, "page_kb",
						       (int)c->page_kb, "pins", pins, "emulator",
						       c->emulator_cpu));
	}
	return cells;
}

/* The host with the guest on it. */
static json_t *usage_json(const struct compute_host *host)
{
	json_t *cells = json_array();

	for (size_t i = 0; i < host->n_cells; i++) {
		const struct compute_cell *c = &host->cells[i];
		json_t *pages = json_array();

		for (size_t j = 0; j < c->n_pages; j++)
			json_array_append_new(pages, json_integer(c->pages[j].used));
		json_array_append_new(cells,
				      json_pack("{sI sI si so}", "memory", c->memory_used_mb,
						"shared", c->shared_usage, "pinned",
						(int)cpuset_count(&c->pinned), "pages", pages));
	}
	return cells;
}

static json_t *decide(struct decision *d)
{
	cleanup_fit_result struct fit_result result = {0};
	json_t *pools = json_array();

	fit_host(&d->host, &d->request, &result);
	bool same = (fit_host(&d->host, &d->request, NULL) == result.verdict) &&
		    (result.verdict == FIT_YES || result.n_reasons > 0);
	for (size_t i = 0; i < result.n_pools; i++)
		json_array_append_new(pools, json_string(d->host.pools[result.pools[i]].pf));
	json_t *answer =
		json_pack("{sb si so so so}", "sound", same, "verdict", result.verdict, "cells",
			  cells_json(&result), "pools", pools, "reasons", reasons_json(d, &result));
	if (result.verdict == FIT_YES) {
		fit_consume(&d->host, &d->request, &result);
		json_object_set_new(answer, "usage", usage_json(&d->host));
	}
	return answer;
}

static void answer_case(const char *line)
{
	cleanup_err struct err err = ERR_INIT;
	struct decision d = {0};
	json_t *answer =
		read_case(line, &d, &err) < 0 ? json_pack("{ss}", "error", err.text) : decide(&d);
	cleanup_free char *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);

	puts(text);
	fflush(stdout);
	json_decref(answer);
	compute_host_clear(&d.host);
	fit_request_clear(&d.request);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double mean_ns(const struct decision *d, unsigned rounds, bool whole)
{
	double start = now_ns();

	for (unsigned i = 0; i < rounds; i++) {
		cleanup_fit_result struct fit_result result = {0};
		fit_host(&d->host, &d->request, whole ? &result : NULL);
	}
	return (now_ns() - start) / rounds;
}

static void time_case(const char *line, unsigned rounds)
{
	cleanup_err struct err err = ERR_INIT;
	struct decision d = {0};

	if (read_case(line, &d, &err) < 0) {
		fprintf(stderr, "decide: %s\n", err.text);
		exit(1);
	}
	printf("[%.1f, %.1f]\n", mean_ns(&d, rounds, false), mean_ns(&d, rounds, true));
	fflush(stdout);
	compute_host_clear(&d.host);
	fit_request_clear(&d.request);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc == 3 && streq(argv[1], "--time") ? (unsigned)atoi(argv[2]) : 0;
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		if (rounds)
			time_case(line, rounds);
		else
			answer_case(line);
	}
	return 0;
}
