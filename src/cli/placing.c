// SPDX-License-Identifier: Apache-2.0
#include "cli/placing.h"

#include <string.h>

#include "base/str.h"
#include "deploy/outlook.h"
#include "deploy/plan.h"

#define HOSTS_SHOWN 20 /* reasons of more are in the JSON */

static const char *verdict_name(enum placing_verdict verdict)
{
	switch (verdict) {
	case PLACING_FITS:
		return "fits";
	case PLACING_NOWHERE:
		return "nowhere";
	case PLACING_UNKNOWN:
		return "unknown";
	}
	return "?";
}

static void print_reasons(FILE *out, const struct placed_server *s)
{
	size_t n = s->hosts.n;

	for (size_t i = 0; i < n && i < HOSTS_SHOWN; i++) {
		/* The one that lacks least stands first. */
		size_t host = i == 0                        ? s->explanation.nearest
			      : i <= s->explanation.nearest ? i - 1
							    : i;
		cleanup_strbuf struct strbuf b = {0};
		placing_format_reasons(s, host, &b);
		fprintf(out, "  %s: %s\n", s->hosts.v[host].name, b.s);
	}
	if (n > HOSTS_SHOWN)
		fprintf(out, "  and %zu other hosts; -o json tells of them\n", n - HOSTS_SHOWN);
}

static void print_counterfactuals(FILE *out, const struct placed_server *s)
{
	for (size_t i = 0; !s->why && i < s->explanation.n; i++) {
		const struct counterfactual *c = &s->explanation.v[i];
		bool tell_host = c->kind == COUNTERFACTUAL_REQUEST && s->hosts.n > 1;
		fprintf(out, "  it %s%s%s\n", c->text, tell_host ? ", on " : "",
			tell_host ? s->hosts.v[c->host].name : "");
	}
}

void print_placed(FILE *out, const struct placed_server *s)
{
	cleanup_strbuf struct strbuf b = {0};

	switch (s->verdict) {
	case PLACING_FITS:
		placing_format_place(s, &b);
		fprintf(out, "server %s fits on %s: %s\n", s->step->name, s->hosts.v[s->host].name,
			b.s);
		if (s->n_others)
			fprintf(out, "  %zu other host%s would take it too\n", s->n_others,
				s->n_others == 1 ? "" : "s");
		break;
	case PLACING_NOWHERE:
		fprintf(out, "server %s fits on no host\n", s->step->name);
		if (s->why)
			fprintf(out, "  %s\n", s->why);
		print_reasons(out, s);
		print_counterfactuals(out, s);
		break;
	case PLACING_UNKNOWN:
		fprintf(out, "server %s: unknown: %s\n", s->step->name, s->why);
		print_reasons(out, s);
		break;
	}
	if (s->request.unseen)
		fprintf(out, "  not known: %s\n", s->request.unseen);
}

void print_outlook(FILE *out, const struct outlook *o)
{
	for (size_t i = 0; i < o->placing.n; i++)
		print_placed(out, &o->placing.v[i]);
	if (o->notes)
		fputs(o->notes, out);
}

/* Is there perhaps room for more? */
static bool is_at_least(const struct placing_room *room)
{
	return room->n == PLACING_ROOM_MAX || room->stop.verdict == PLACING_UNKNOWN;
}

void print_room(FILE *out, const struct outlook *o, const struct placing_room *room)
{
	if (room->stop.verdict == PLACING_UNKNOWN && room->n == 0) {
		fprintf(out, "room for such deployments is unknown: %s\n", room->stop.why);
		return;
	}
	fprintf(out, "room for %s%u such deployment%s\n", is_at_least(room) ? "at least " : "",
		room->n, room->n == 1 ? "" : "s");
	for (size_t i = 0; i < o->hosts.n && i < HOSTS_SHOWN; i++)
		if (room->servers[i])
			fprintf(out, "  %s: %u server%s\n", o->hosts.v[i].name, room->servers[i],
				room->servers[i] == 1 ? "" : "s");
	if (room->stop.verdict == PLACING_FITS)
		return;
	fputs("then ", out);
	print_placed(out, &room->stop);
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

static json_t *ports_json(const struct placed_server *s)
{
	const struct fit_result *result = &s->explanation.results[s->host];
	json_t *ports = json_array();

	for (size_t i = 0; i < result->n_pools; i++) {
		const struct pci_pool *pool = &s->hosts.v[s->host].pools[result->pools[i]];
		json_array_append_new(
			ports,
			json_pack("{s:i, s:s*, s:s*, s:o}", "nicid", (int)s->request.ports[i].nicid,
				  "physnet", pool->physnet, "pf", pool->pf, "node",
				  pool->node < 0 ? json_null() : json_integer(pool->node)));
	}
	return ports;
}

static json_t *reasons_json(const struct placed_server *s)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < s->hosts.n; i++) {
		cleanup_strbuf struct strbuf b = {0};
		placing_format_reasons(s, i, &b);
		json_array_append_new(
			hosts, json_pack("{s:s, s:s}", "host", s->hosts.v[i].name, "reasons", b.s));
	}
	return hosts;
}

static json_t *change_json(const struct placed_server *s, const struct change *c)
{
	json_t *port = c->port < 0 ? json_null() : json_integer(s->request.ports[c->port].nicid);

	return json_pack("{s:s, s:s?, s:o}", "property", c->property, "value", c->value, "nicid",
			 port);
}

static json_t *counterfactuals_json(const struct placed_server *s)
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

json_t *placed_json(const struct placed_server *s)
{
	json_t *o =
		json_pack("{s:s, s:s, s:s*, s:s*}", "server", s->step->name, "verdict",
			  verdict_name(s->verdict), "why", s->why, "not_known", s->request.unseen);

	switch (s->verdict) {
	case PLACING_FITS:
		json_object_set_new(o, "host", json_string(s->hosts.v[s->host].name));
		json_object_set_new(o, "other_hosts", json_integer((json_int_t)s->n_others));
		json_object_set_new(o, "cells", cells_json(&s->explanation.results[s->host]));
		json_object_set_new(o, "ports", ports_json(s));
		break;
	case PLACING_NOWHERE:
		json_object_set_new(o, "hosts", reasons_json(s));
		if (s->hosts.n)
			json_object_set_new(o, "nearest",
					    json_string(s->hosts.v[s->explanation.nearest].name));
		json_object_set_new(o, "counterfactuals", counterfactuals_json(s));
		break;
	case PLACING_UNKNOWN:
		json_object_set_new(o, "hosts", reasons_json(s));
		break;
	}
	return o;
}

json_t *outlook_json(const struct outlook *outlook)
{
	json_t *servers = json_array(), *notes = json_array();

	for (size_t i = 0; i < outlook->placing.n; i++)
		json_array_append_new(servers, placed_json(&outlook->placing.v[i]));
	for (const char *line = outlook->notes; line && *line;) {
		size_t len = strcspn(line, "\n");
		json_array_append_new(notes, json_stringn(line, len));
		line += len + (line[len] == '\n');
	}
	return json_pack("{s:o, s:o}", "servers", servers, "notes", notes);
}

json_t *room_json(const struct outlook *outlook, const struct placing_room *room)
{
	bool unknown = room->stop.verdict == PLACING_UNKNOWN && room->n == 0;
	json_t *o = json_pack("{s:o, s:b}", "deployments",
			      unknown ? json_null() : json_integer(room->n), "at_least",
			      is_at_least(room));
	json_t *hosts = json_object();

	for (size_t i = 0; i < outlook->hosts.n; i++)
		json_object_set_new(hosts, outlook->hosts.v[i].name,
				    json_integer(room->servers[i]));
	json_object_set_new(o, "servers_on", hosts);
	if (room->stop.verdict != PLACING_FITS)
		json_object_set_new(o, "then", placed_json(&room->stop));
	return o;
}
