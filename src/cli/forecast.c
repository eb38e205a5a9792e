// SPDX-License-Identifier: Apache-2.0
#include "cli/forecast.h"

#include "base/json_write.h"
#include "base/str.h"
#include "deploy/forecast.h"

#define HOSTS_SHOWN 20 /* the JSON has the reasons of all */

static const char *verdict_name(enum schedule_verdict verdict)
{
	static const char *const names[] = {
		[SCHEDULE_FITS] = "fits",
		[SCHEDULE_NOWHERE] = "nowhere",
		[SCHEDULE_UNKNOWN] = "unknown",
	};

	return names[verdict];
}

static void print_reasons(FILE *out, const struct scheduled_server *s)
{
	size_t n = s->hosts.n;

	for (size_t i = 0; i < n && i < HOSTS_SHOWN; i++) {
		/* The host that lacks least comes first. */
		size_t host = i == 0                        ? s->explanation.nearest
			      : i <= s->explanation.nearest ? i - 1
							    : i;
		cleanup_strbuf struct strbuf b = {0};
		scheduled_format_reasons(s, host, &b);
		fprintf(out, "  %s: %s\n", s->hosts.v[host].name, b.s);
	}
	if (n > HOSTS_SHOWN)
		fprintf(out, "  and %zu other %s; see -o json\n", n - HOSTS_SHOWN,
			plural(n - HOSTS_SHOWN, "host", "hosts"));
}

static void print_counterfactuals(FILE *out, const struct scheduled_server *s)
{
	for (size_t i = 0; !s->why && i < s->explanation.n; i++) {
		const struct counterfactual *c = &s->explanation.v[i];
		bool tell_host = c->kind == COUNTERFACTUAL_REQUEST && s->hosts.n > 1;
		fprintf(out, "  it %s%s%s\n", c->text, tell_host ? ", on " : "",
			tell_host ? s->hosts.v[c->host].name : "");
	}
}

void print_scheduled(FILE *out, const struct scheduled_server *s)
{
	cleanup_strbuf struct strbuf b = {0};

	switch (s->verdict) {
	case SCHEDULE_FITS:
		scheduled_format_place(s, &b);
		fprintf(out, "server %s fits on %s: %s\n", s->server->name,
			s->hosts.v[s->host].name, b.s);
		if (s->n_others)
			fprintf(out, "  it also fits on %zu other %s\n", s->n_others,
				plural(s->n_others, "host", "hosts"));
		break;
	case SCHEDULE_NOWHERE:
		fprintf(out, "server %s fits on no host\n", s->server->name);
		if (s->why)
			fprintf(out, "  %s\n", s->why);
		print_reasons(out, s);
		print_counterfactuals(out, s);
		break;
	case SCHEDULE_UNKNOWN:
		fprintf(out, "server %s: unknown: %s\n", s->server->name, s->why);
		print_reasons(out, s);
		break;
	}
	if (s->request.unseen)
		fprintf(out, "  unknown: %s\n", s->request.unseen);
}

void print_forecast(FILE *out, const struct forecast *o)
{
	for (size_t i = 0; i < o->schedule.n; i++)
		print_scheduled(out, &o->schedule.v[i]);
	if (o->notes)
		fputs(o->notes, out);
}

/* Is the number only a lower bound? */
static bool is_at_least(const struct capacity *capacity)
{
	return capacity->n == CAPACITY_MAX || capacity->stop.verdict == SCHEDULE_UNKNOWN;
}

void print_capacity(FILE *out, const struct forecast *o, const struct capacity *capacity)
{
	if (capacity->stop.verdict == SCHEDULE_UNKNOWN && capacity->n == 0) {
		fprintf(out, "capacity for such deployments: unknown: %s\n", capacity->stop.why);
		return;
	}
	fprintf(out, "capacity: %s%u such %s\n", is_at_least(capacity) ? "at least " : "",
		capacity->n, plural(capacity->n, "deployment", "deployments"));
	for (size_t i = 0; i < o->hosts.n && i < HOSTS_SHOWN; i++)
		if (capacity->servers[i])
			fprintf(out, "  %s: %u %s\n", o->hosts.v[i].name, capacity->servers[i],
				plural(capacity->servers[i], "server", "servers"));
	if (capacity->stop.verdict == SCHEDULE_FITS)
		return;
	fputs("then ", out);
	print_scheduled(out, &capacity->stop);
}

static void put_cells(struct json_writer *w, const struct fit_result *result)
{
	json_open_array(w, "cells");
	for (size_t i = 0; i < result->n_cells; i++) {
		const struct fit_placed_cell *c = &result->cells[i];

		json_open_object(w, NULL);
		json_put_int64(w, "node", c->node);
		json_put_int64(w, "page_kb", c->page_kb);
		json_open_object(w, "pinned_cpus");
		for (size_t k = 0; k < c->n_pins; k++) {
			char vcpu[8];
			snprintf(vcpu, sizeof(vcpu), "%u", c->pins[k].vcpu);
			json_put_int64(w, vcpu, c->pins[k].cpu);
		}
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

static void put_ports(struct json_writer *w, const struct scheduled_server *s)
{
	const struct fit_result *result = &s->explanation.results[s->host];

	json_open_array(w, "ports");
	for (size_t i = 0; i < result->n_pools; i++) {
		const struct pci_pool *pool = &s->hosts.v[s->host].pools[result->pools[i]];

		json_open_object(w, NULL);
		json_put_int64(w, "nicid", s->request.ports[i].nicid);
		json_put_text_opt(w, "physnet", pool->physnet);
		json_put_text_opt(w, "pf", pool->pf);
		json_put_text_opt(w, "device", scheduled_device(s, i));
		json_put_known(w, "node", pool->node);
		json_close(w);
	}
	json_close(w);
}

static void put_reasons(struct json_writer *w, const struct scheduled_server *s)
{
	json_open_array(w, "hosts");
	for (size_t i = 0; i < s->hosts.n; i++) {
		cleanup_strv struct strv reasons = {0};

		scheduled_reasons(s, i, &reasons);
		json_open_object(w, NULL);
		json_put_text(w, "host", s->hosts.v[i].name);
		json_put_texts(w, "reasons", reasons.v, reasons.n);
		json_close(w);
	}
	json_close(w);
}

static void put_change(struct json_writer *w, const struct scheduled_server *s,
		       const struct change *c)
{
	json_open_object(w, NULL);
	json_put_text(w, "property", c->property);
	json_put_text(w, "value", c->value);
	if (c->port < 0)
		json_put_null(w, "nicid");
	else
		json_put_int64(w, "nicid", s->request.ports[c->port].nicid);
	json_close(w);
}

static void put_counterfactuals(struct json_writer *w, const struct scheduled_server *s)
{
	json_open_array(w, "counterfactuals");
	for (size_t i = 0; !s->why && i < s->explanation.n; i++) {
		const struct counterfactual *c = &s->explanation.v[i];

		json_open_object(w, NULL);
		json_put_text(w, "of", c->kind == COUNTERFACTUAL_REQUEST ? "request" : "host");
		json_put_text(w, "text", c->text);
		json_put_text(w, "host", s->hosts.v[c->host].name);
		json_put_int64(w, "cost", c->cost);
		json_open_array(w, "changes");
		for (size_t k = 0; k < c->n_changes; k++)
			put_change(w, s, &c->changes[k]);
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

void put_scheduled(struct json_writer *w, const struct scheduled_server *s)
{
	json_put_text(w, "server", s->server->name);
	json_put_text(w, "verdict", verdict_name(s->verdict));
	json_put_text_opt(w, "why", s->why);
	json_put_text_opt(w, "not_known", s->request.unseen);
	switch (s->verdict) {
	case SCHEDULE_FITS:
		json_put_text(w, "host", s->hosts.v[s->host].name);
		json_put_uint64(w, "other_hosts", s->n_others);
		put_cells(w, &s->explanation.results[s->host]);
		put_ports(w, s);
		break;
	case SCHEDULE_NOWHERE:
		put_reasons(w, s);
		if (s->hosts.n)
			json_put_text(w, "nearest", s->hosts.v[s->explanation.nearest].name);
		put_counterfactuals(w, s);
		break;
	case SCHEDULE_UNKNOWN:
		put_reasons(w, s);
		break;
	}
}

void put_notes(struct json_writer *w, const struct forecast *forecast)
{
	json_open_array(w, "notes");
	for (const char *line = forecast->notes; line && *line;) {
		size_t len = strcspn(line, "\n");
		json_put_textn(w, NULL, line, len);
		line += len + (line[len] == '\n');
	}
	json_close(w);
}

void put_forecast(struct json_writer *w, const char *key, const struct forecast *forecast)
{
	json_open_object(w, key);
	json_open_array(w, "servers");
	for (size_t i = 0; i < forecast->schedule.n; i++) {
		json_open_object(w, NULL);
		put_scheduled(w, &forecast->schedule.v[i]);
		json_close(w);
	}
	json_close(w);
	put_notes(w, forecast);
	json_close(w);
}

void put_capacity(struct json_writer *w, const char *key, const struct forecast *forecast,
		  const struct capacity *capacity)
{
	bool unknown = capacity->stop.verdict == SCHEDULE_UNKNOWN && capacity->n == 0;

	json_open_object(w, key);
	json_put_known(w, "deployments", unknown ? -1 : (int64_t)capacity->n);
	json_put_bool(w, "at_least", is_at_least(capacity));
	json_open_object(w, "servers_on");
	for (size_t i = 0; i < forecast->hosts.n; i++)
		json_put_int64(w, forecast->hosts.v[i].name, capacity->servers[i]);
	json_close(w);
	if (capacity->stop.verdict != SCHEDULE_FITS) {
		json_open_object(w, "then");
		put_scheduled(w, &capacity->stop);
		json_close(w);
	}
	json_close(w);
}
