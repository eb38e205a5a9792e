// SPDX-License-Identifier: Apache-2.0
#include "bondd/status.h"

#include "base/json_write.h"
#include "net/status.h"

static void put_leg_watch(struct json_writer *w, const struct guest_leg_watch *l)
{
	if (!l)
		return json_put_null(w, "watch");
	json_open_object(w, "watch");
	json_put_known_bool(w, "probed", l->probed);
	json_put_text(w, "path", l->path);
	json_put_known(w, "sent", l->sent);
	json_put_known(w, "answered", l->answered);
	json_put_known(w, "lost", l->lost);
	json_put_known(w, "excess", l->excess);
	json_put_known(w, "other_mac", l->other_mac);
	json_put_known(w, "round_trip_sum_us", l->round_trip_sum_us);
	json_open_array(w, "round_trips");
	for (size_t i = 0; i < GUEST_ROUND_TRIPS; i++)
		json_put_int64(w, NULL, l->round_trips[i]);
	json_close(w);
	json_close(w);
}

static void put_watch(struct json_writer *w, const struct guest_watch *b)
{
	if (!b)
		return json_put_null(w, "watch");
	json_open_object(w, "watch");
	json_put_text(w, "state", b->state);
	json_put_text(w, "sentence", b->sentence);
	json_put_known(w, "said_at", b->said_at);
	json_put_known(w, "outage_us", b->outage_us);
	json_put_known(w, "interval_ms", b->interval_ms);
	json_put_known(w, "announced", b->announced);
	json_put_known(w, "bursts", b->bursts);
	json_open_object(w, "moves");
	for (size_t i = 0; i < b->n_moves; i++)
		json_put_known(w, b->moves[i].cause, b->moves[i].count);
	json_close(w);
	json_put_texts(w, "targets", b->targets.v, b->targets.n);
	json_put_texts(w, "findings", b->findings.v, b->findings.n);
	json_close(w);
}

static void put_leg(struct json_writer *w, const struct guest_leg *l)
{
	json_open_object(w, NULL);
	json_put_text(w, "name", l->name);
	json_put_text(w, "mac", l->mac);
	json_put_text(w, "permanent_mac", l->permanent_mac);
	json_put_known_bool(w, "carrier", l->carrier);
	json_put_text(w, "mii_status", l->mii_status);
	json_put_known(w, "speed", l->speed);
	json_put_known(w, "numa_node", l->numa_node);
	json_put_text(w, "driver", l->driver);
	json_put_text(w, "pci_address", l->pci_address);
	json_put_known(w, "link_failures", l->link_failures);
	put_leg_watch(w, l->watch);
	json_close(w);
}

static void put_addresses(struct json_writer *w, const struct guest_interface *i)
{
	json_put_texts(w, "addresses", i ? i->addresses.v : NULL, i ? i->addresses.n : 0);
	json_open_object(w, "gateways");
	json_put_text(w, "ipv4", i ? i->gateway4 : NULL);
	json_put_text(w, "ipv6", i ? i->gateway6 : NULL);
	json_close(w);
}

static void put_bond(struct json_writer *w, const struct guest_status *s,
		     const struct guest_bond *b)
{
	json_open_object(w, NULL);
	json_put_text(w, "name", b->name);
	json_put_text(w, "mode", b->mode);
	json_put_known(w, "miimon", b->miimon);
	json_put_known(w, "arp_interval", b->arp_interval);
	json_put_texts(w, "arp_ip_targets", b->arp_ip_targets.v, b->arp_ip_targets.n);
	json_put_text(w, "fail_over_mac", b->fail_over_mac);
	json_put_text(w, "primary", b->primary);
	json_put_text(w, "primary_reselect", b->primary_reselect);
	json_put_text(w, "active_leg", b->active_leg);
	json_put_text(w, "mii_status", b->mii_status);
	json_open_array(w, "legs");
	for (size_t n = 0; n < b->n_legs; n++)
		put_leg(w, &b->legs[n]);
	json_close(w);
	put_addresses(w, guest_status_interface(s, b->name));
	json_put_text(w, "proc", b->proc);
	put_watch(w, b->watch);
	json_close(w);
}

static void put_interface(struct json_writer *w, const struct guest_interface *i)
{
	json_open_object(w, NULL);
	json_put_text(w, "name", i->name);
	json_put_text(w, "mac", i->mac);
	json_put_text(w, "operstate", i->operstate);
	json_put_known_bool(w, "carrier", i->carrier);
	json_put_known(w, "numa_node", i->numa_node);
	json_put_text(w, "driver", i->driver);
	json_put_text(w, "pci_address", i->pci_address);
	json_put_text(w, "bond", i->bond);
	put_addresses(w, i);
	json_close(w);
}

char *status_json(const struct guest_status *s, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	json_put_int64(&w, "format_version", 1);
	json_put_text(&w, "version", s->version);
	json_put_text(&w, "hostname", s->hostname);
	json_put_known(&w, "uptime", s->uptime);
	json_open_array(&w, "bonds");
	for (size_t n = 0; n < s->n_bonds; n++)
		put_bond(&w, s, &s->bonds[n]);
	json_close(&w);
	json_open_array(&w, "interfaces");
	for (size_t n = 0; n < s->n_interfaces; n++)
		put_interface(&w, &s->interfaces[n]);
	json_close(&w);
	json_open_object(&w, "cloud_init");
	json_put_text(&w, "status", s->cloud_init.status);
	json_put_texts(&w, "errors", s->cloud_init.errors.v, s->cloud_init.errors.n);
	json_close(&w);
	json_close(&w);
	return json_write_text(&w, JSON_INDENT(2), err);
}
