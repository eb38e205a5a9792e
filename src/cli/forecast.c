// SPDX-License-Identifier: Apache-2.0
#include "cli/forecast.h"

#include <string.h>

#include "base/str.h"
#include "deploy/forecast.h"

#define HOSTS_SHOWN 20 /* reasons of more are in the JSON */

static const char *verdict_name(enum schedule_verdict verdict)
{
	switch (verdict) {
	case SCHEDULE_FITS:
		return "fits";
	case SCHEDULE_NOWHERE:
		return "nowhere";
	case SCHEDULE_UNKNOWN:
		return "unknown";
	}
	return "?";
}

static void print_reasons(FILE *out, const struct scheduled_server *s)
{
	size_t n = s->hosts.n;

	for (size_t i = 0; i < n && i < HOSTS_SHOWN; i++) {
		/* The one that lacks least stands first. */
		size_t host = i == 0                        ? s->explanation.nearest
			      : i <= s->explanation.nearest ? i - 1
							    : i;
		cleanup_strbuf struct strbuf b = {0};
		scheduled_format_reasons(s, host, &b);
		fprintf(out, "  %s: %s\n", s->hosts.v[host].name, b.s);
	}
	if (n > HOSTS_SHOWN)
		fprintf(out, "  and %zu other hosts; see -o json\n", n - HOSTS_SHOWN);
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
			fprintf(out, "  %zu other host%s would take it too\n", s->n_others,
				s->n_others == 1 ? "" : "s");
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
		fprintf(out, "  not known: %s\n", s->request.unseen);
}

void print_forecast(FILE *out, const struct forecast *o)
{
	for (size_t i = 0; i < o->schedule.n; i++)
		print_scheduled(out, &o->schedule.v[i]);
	if (o->notes)
		fputs(o->notes, out);
}

/* May more fit? */
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
	fprintf(out, "capacity: %s%u such deployment%s\n", is_at_least(capacity) ? "at least " : "",
		capacity->n, capacity->n == 1 ? "" : "s");
	for (size_t i = 0; i < o->hosts.n && i < HOSTS_SHOWN; i++)
		if (capacity->servers[i])
			fprintf(out, "  %s: %u server%s\n", o->hosts.v[i].name,
				capacity->servers[i], capacity->servers[i] == 1 ? "" : "s");
	if (capacity->stop.verdict == SCHEDULE_FITS)
		return;
	fputs("then ", out);
	print_scheduled(out, &capacity->stop);
}

static json_t *cells_json(const struct fit_result *result)
{
	json_t *cells = json_array();

	for (size_t i = 0; i < result->n_cells; i++) {
		const struct fit_placed_cell *c = &result->cells[i];
		json_t *pins = json_object();
		for (size_t k = 0; k < c->n_pins; k++) {
			char vcpu[8];
			snprintf(vcpu, sizeof(vcpu), "%u", c->pins[k].vcpu);
			json_object_set_new(pins, vcpu, json_integer(c->pins[k].cpu));
		}
		json_array_append_new(cells,
				      json_pack("{s:i, s:i, s:o}", "node", c->node, "page_kb",
						(int)c->page_kb, "pinned_cpus", pins));
	}
	return cells;
}

static json_t *ports_json(const struct scheduled_server *s)
{
	const struct fit_result *result = &s->explanation.results[s->host];
	json_t *ports = json_array();

	for (size_t i = 0; i < result->n_pools; i++) {
		const struct pci_pool *pool = &s->hosts.v[s->host].pools[result->pools[i]];
		json_array_append_new(
			ports, json_pack("{s:i, s:s*, s:s*, s:s*, s:o}", "nicid",
					 (int)s->request.ports[i].nicid, "physnet", pool->physnet,
					 "pf", pool->pf, "device", scheduled_device(s, i), "node",
					 pool->node < 0 ? json_null() : json_integer(pool->node)));
	}
	return ports;
}

static json_t *reasons_json(const struct scheduled_server *s)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < s->hosts.n; i++) {
		cleanup_strbuf struct strbuf b = {0};
		scheduled_format_reasons(s, i, &b);
		json_array_append_new(
			hosts, json_pack("{s:s, s:s}", "host", s->hosts.v[i].name, "reasons", b.s));
	}
	return hosts;
}

static json_t *change_json(const struct scheduled_server *s, const struct change *c)
{
	json_t *port = c->port < 0 ? json_null() : json_integer(s->request.ports[c->port].nicid);

	return json_pack("{s:s, s:s?, s:o}", "property", c->property, "value", c->value, "nicid",
			 port);
}

static json_t *counterfactuals_json(const struct scheduled_server *s)
{
	json_t *all = json_array();

	for (size_t i = 0; !s->why && i < s->explanation.n; i++) {
		const struct counterfactual *c = &s->explanation.v[i];
		json_t *changes = json_array();
		for (size_t k = 0; k < c->n_changes; k++)
			json_array_append_new(changes, change_json(s, &c->changes[k]));
		json_array_append_new(
			all, json_pack("{s:s, s:s, s:s, s:i, s:o}", "of",
				       c->kind == COUNTERFACTUAL_REQUEST ? "request" : "host",
				       "text", c->text, "host", s->hosts.v[c->host].name, "cost",
				       (int)c->cost, "changes", changes));
	}
	return all;
}

json_t *scheduled_json(const struct scheduled_server *s)
{
	json_t *o =
		json_pack("{s:s, s:s, s:s*, s:s*}", "server", s->server->name, "verdict",
			  verdict_name(s->verdict), "why", s->why, "not_known", s->request.unseen);

	switch (s->verdict) {
	case SCHEDULE_FITS:
		json_object_set_new(o, "host", json_string(s->hosts.v[s->host].name));
		json_object_set_new(o, "other_hosts", json_integer((json_int_t)s->n_others));
		json_object_set_new(o, "cells", cells_json(&s->explanation.results[s->host]));
		json_object_set_new(o, "ports", ports_json(s));
		break;
	case SCHEDULE_NOWHERE:
		json_object_set_new(o, "hosts", reasons_json(s));
		if (s->hosts.n)
			json_object_set_new(o, "nearest",
					    json_string(s->hosts.v[s->explanation.nearest].name));
		json_object_set_new(o, "counterfactuals", counterfactuals_json(s));
		break;
	case SCHEDULE_UNKNOWN:
		json_object_set_new(o, "hosts", reasons_json(s));
		break;
	}
	return o;
}

json_t *forecast_json(const struct forecast *forecast)
{
	json_t *servers = json_array(), *notes = json_array();

	for (size_t i = 0; i < forecast->schedule.n; i++)
		json_array_append_new(servers, scheduled_json(&forecast->schedule.v[i]));
	for (const char *line = forecast->notes; line && *line;) {
		size_t len = strcspn(line, "\n");
		json_array_append_new(notes, json_stringn(line, len));
		line += len + (line[len] == '\n');
	}
	return json_pack("{s:o, s:o}", "servers", servers, "notes", notes);
}

json_t *capacity_json(const struct forecast *forecast, const struct capacity *capacity)
{
	bool unknown = capacity->stop.verdict == SCHEDULE_UNKNOWN && capacity->n == 0;
	json_t *o = json_pack("{s:o, s:b}", "deployments",
			      unknown ? json_null() : json_integer(capacity->n), "at_least",
			      is_at_least(capacity));
	json_t *hosts = json_object();

	for (size_t i = 0; i < forecast->hosts.n; i++)
		json_object_set_new(hosts, forecast->hosts.v[i].name,
				    json_integer(capacity->servers[i]));
	json_object_set_new(o, "servers_on", hosts);
	if (capacity->stop.verdict != SCHEDULE_FITS)
		json_object_set_new(o, "then", scheduled_json(&capacity->stop));
	return o;
}
