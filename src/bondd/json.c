// SPDX-License-Identifier: Apache-2.0
#include "bondd/json.h"

#include <jansson.h>

#include "base/alloc.h"
#include "bondd/json_text.h"
#include "model/status.h"

static json_t *number(int64_t n)
{
	return n < 0 ? json_null() : json_integer(n);
}

static json_t *truth(enum tristate t)
{
	return t == TRI_UNKNOWN ? json_null() : json_boolean(t);
}

static json_t *leg_watch_json(const struct guest_leg_watch *w)
{
	if (!w)
		return json_null();

	json_t *round_trips = json_array();
	for (size_t i = 0; i < GUEST_ROUND_TRIPS; i++)
		json_array_append_new(round_trips, json_integer(w->round_trips[i]));
	return json_pack("{s:o s:o s:o s:o s:o s:o s:o}", "probed", truth(w->probed), "path",
			 json_text(w->path), "sent", number(w->sent), "answered",
			 number(w->answered), "lost", number(w->lost), "round_trip_sum_us",
			 number(w->round_trip_sum_us), "round_trips", round_trips);
}

static json_t *watch_json(const struct guest_watch *w)
{
	if (!w)
		return json_null();

	json_t *moves = json_object();
	for (size_t i = 0; i < w->n_moves; i++)
		json_object_set_new(moves, w->moves[i].cause, number(w->moves[i].count));
	return json_pack("{s:o s:o s:o s:o s:o s:o s:o s:o s:o}", "state", json_text(w->state),
			 "sentence", json_text(w->sentence), "said_at", number(w->said_at),
			 "outage_us", number(w->outage_us), "interval_ms", number(w->interval_ms),
			 "announced", number(w->announced), "moves", moves, "targets",
			 json_texts(w->targets, w->n_targets), "findings",
			 json_texts(w->findings, w->n_findings));
}

static json_t *leg_json(const struct guest_leg *l)
{
	return json_pack("{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o}", "name",
			 json_text(l->name), "mac", json_text(l->mac), "permanent_mac",
			 json_text(l->permanent_mac), "carrier", truth(l->carrier), "mii_status",
			 json_text(l->mii_status), "speed", number(l->speed), "numa_node",
			 number(l->numa_node), "driver", json_text(l->driver), "pci_address",
			 json_text(l->pci_address), "link_failures", number(l->link_failures),
			 "watch", leg_watch_json(l->watch));
}

static json_t *bond_json(const struct guest_status *s, const struct guest_bond *b)
{
	const struct guest_interface *i = guest_status_interface(s, b->name);
	json_t *legs = json_array();

	for (size_t n = 0; n < b->n_legs; n++)
		json_array_append_new(legs, leg_json(&b->legs[n]));
	return json_pack(
		"{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:{s:o s:o} s:o s:o}", "name",
		json_text(b->name), "mode", json_text(b->mode), "miimon", number(b->miimon),
		"arp_interval", number(b->arp_interval), "arp_ip_targets",
		json_texts(b->arp_ip_targets, b->n_arp_ip_targets), "fail_over_mac",
		json_text(b->fail_over_mac), "primary", json_text(b->primary), "primary_reselect",
		json_text(b->primary_reselect), "active_leg", json_text(b->active_leg),
		"mii_status", json_text(b->mii_status), "legs", legs, "addresses",
		json_texts(i ? i->addresses : NULL, i ? i->n_addresses : 0), "gateways", "ipv4",
		json_text(i ? i->gateway4 : NULL), "ipv6", json_text(i ? i->gateway6 : NULL),
		"proc", json_text(b->proc), "watch", watch_json(b->watch));
}

static json_t *interface_json(const struct guest_interface *i)
{
	return json_pack("{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:{s:o s:o}}", "name",
			 json_text(i->name), "mac", json_text(i->mac), "operstate",
			 json_text(i->operstate), "carrier", truth(i->carrier), "numa_node",
			 number(i->numa_node), "driver", json_text(i->driver), "pci_address",
			 json_text(i->pci_address), "bond", json_text(i->bond), "addresses",
			 json_texts(i->addresses, i->n_addresses), "gateways", "ipv4",
			 json_text(i->gateway4), "ipv6", json_text(i->gateway6));
}

char *status_json(const struct guest_status *s)
{
	json_t *bonds = json_array();
	json_t *interfaces = json_array();

	for (size_t n = 0; n < s->n_bonds; n++)
		json_array_append_new(bonds, bond_json(s, &s->bonds[n]));
	for (size_t n = 0; n < s->n_interfaces; n++)
		json_array_append_new(interfaces, interface_json(&s->interfaces[n]));

	json_t *document = json_pack(
		"{s:o s:o s:o s:o s:o s:{s:o s:o}}", "version", json_text(s->version), "hostname",
		json_text(s->hostname), "uptime", number(s->uptime), "bonds", bonds, "interfaces",
		interfaces, "cloud_init", "status", json_text(s->cloud_init.status), "errors",
		json_texts(s->cloud_init.errors, s->cloud_init.n_errors));
	char *dump = json_dumps(document, JSON_INDENT(2));
	char *json = xasprintf("%s\n", dump);

	free(dump);
	json_decref(document);
	return json;
}
