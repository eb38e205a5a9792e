// SPDX-License-Identifier: Apache-2.0
#include "net/status_json.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_field.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "net/status.h"

enum { MAX_CAUSES = 16 };

#define LEG_WATCH(TYPE, MEMBER) JSON_FIELD(guest_leg_watch, TYPE, MEMBER)
JSON_FIELDS(leg_watch_fields, LEG_WATCH(TRISTATE, probed), LEG_WATCH(TEXT, path),
	    LEG_WATCH(KNOWN, sent), LEG_WATCH(KNOWN, answered), LEG_WATCH(KNOWN, lost),
	    LEG_WATCH(KNOWN, excess), LEG_WATCH(KNOWN, other_mac),
	    LEG_WATCH(KNOWN, round_trip_sum_us));

/* Then its moves, targets and findings. */
#define WATCH(TYPE, MEMBER) JSON_FIELD(guest_watch, TYPE, MEMBER)
JSON_FIELDS(watch_fields, WATCH(TEXT, state), WATCH(TEXT, sentence), WATCH(KNOWN, said_at),
	    WATCH(KNOWN, outage_us), WATCH(KNOWN, interval_ms), WATCH(KNOWN, announced),
	    WATCH(KNOWN, bursts));
JSON_FIELDS(watch_lists, WATCH(TEXTS, targets), WATCH(TEXTS, findings));

#define LEG(TYPE, MEMBER) JSON_FIELD(guest_leg, TYPE, MEMBER)
JSON_FIELDS(leg_fields, LEG(TEXT, name), LEG(TEXT, mac), LEG(TEXT, permanent_mac),
	    LEG(TRISTATE, carrier), LEG(TEXT, mii_status), LEG(KNOWN, speed),
	    LEG(KNOWN_INT, numa_node), LEG(TEXT, driver), LEG(TEXT, pci_address),
	    LEG(KNOWN, link_failures));

/* Then its legs, addresses, proc and watch. */
#define BOND(TYPE, MEMBER) JSON_FIELD(guest_bond, TYPE, MEMBER)
JSON_FIELDS(bond_fields, BOND(TEXT, name), BOND(TEXT, mode), BOND(KNOWN, miimon),
	    BOND(KNOWN, arp_interval), BOND(TEXTS, arp_ip_targets), BOND(TEXT, fail_over_mac),
	    BOND(TEXT, primary), BOND(TEXT, primary_reselect), BOND(TEXT, active_leg),
	    BOND(TEXT, mii_status));
JSON_FIELDS(bond_proc, BOND(LINES, proc));

/* Then its addresses and gateways. */
#define INTERFACE(TYPE, MEMBER) JSON_FIELD(guest_interface, TYPE, MEMBER)
JSON_FIELDS(interface_fields, INTERFACE(TEXT, name), INTERFACE(TEXT, mac),
	    INTERFACE(TEXT, operstate), INTERFACE(TRISTATE, carrier),
	    INTERFACE(KNOWN_INT, numa_node), INTERFACE(TEXT, driver), INTERFACE(TEXT, pci_address),
	    INTERFACE(TEXT, bond));
JSON_FIELDS(address_fields, INTERFACE(TEXTS, addresses));
JSON_FIELDS(gateway_fields, JSON_FIELD_AS(guest_interface, TEXT, "ipv4", gateway4),
	    JSON_FIELD_AS(guest_interface, TEXT, "ipv6", gateway6));

#define STATUS(TYPE, MEMBER) JSON_FIELD(guest_status, TYPE, MEMBER)
JSON_FIELDS(status_fields, STATUS(TEXT, version), STATUS(TEXT, hostname), STATUS(KNOWN, uptime));

#define CLOUD_INIT(TYPE, MEMBER) JSON_FIELD(guest_cloud_init, TYPE, MEMBER)
JSON_FIELDS(cloud_init_fields, CLOUD_INIT(TEXT, status), CLOUD_INIT(TEXTS, errors));

static void put_leg_watch(struct json_writer *w, const struct guest_leg_watch *l)
{
	if (!l)
		return json_put_null(w, "watch");
	json_open_object(w, "watch");
	json_put_fields(w, leg_watch_fields, l);
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
	json_put_fields(w, watch_fields, b);
	json_open_object(w, "moves");
	for (size_t i = 0; i < b->n_moves; i++)
		json_put_known(w, b->moves[i].cause, b->moves[i].count);
	json_close(w);
	json_put_fields(w, watch_lists, b);
	json_close(w);
}

static void put_addresses(struct json_writer *w, const struct guest_interface *i)
{
	static const struct guest_interface unknown;

	json_put_fields(w, address_fields, i ? i : &unknown);
	json_put_object(w, "gateways", gateway_fields, i ? i : &unknown);
}

static void put_bond(struct json_writer *w, const struct guest_status *s,
		     const struct guest_bond *b)
{
	json_open_object(w, NULL);
	json_put_fields(w, bond_fields, b);
	json_open_array(w, "legs");
	for (size_t n = 0; n < b->n_legs; n++) {
		json_open_object(w, NULL);
		json_put_fields(w, leg_fields, &b->legs[n]);
		put_leg_watch(w, b->legs[n].watch);
		json_close(w);
	}
	json_close(w);
	put_addresses(w, guest_status_interface(s, b->name));
	json_put_fields(w, bond_proc, b);
	put_watch(w, b->watch);
	json_close(w);
}

char *guest_status_json(const struct guest_status *s, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	json_put_int64(&w, "format_version", 1);
	json_put_fields(&w, status_fields, s);
	json_open_array(&w, "bonds");
	for (size_t n = 0; n < s->n_bonds; n++)
		put_bond(&w, s, &s->bonds[n]);
	json_close(&w);
	json_open_array(&w, "interfaces");
	for (size_t n = 0; n < s->n_interfaces; n++) {
		json_open_object(&w, NULL);
		json_put_fields(&w, interface_fields, &s->interfaces[n]);
		put_addresses(&w, &s->interfaces[n]);
		json_close(&w);
	}
	json_close(&w);
	json_put_object(&w, "cloud_init", cloud_init_fields, &s->cloud_init);
	json_close(&w);
	return json_write_text(&w, JSON_INDENT(2), err);
}

struct guest_watch *guest_watch_parse(const json_t *bond)
{
	const json_t *object = json_object_get(bond, "watch");
	const char *cause;
	json_t *count;

	if (!json_is_object(object))
		return NULL;

	struct guest_watch *w = xcalloc(1, sizeof(*w));
	json_try_fields(object, watch_fields, w);
	json_try_fields(object, watch_lists, w);

	json_t *moves = json_object_get(object, "moves");
	json_object_foreach (moves, cause, count) {
		if (!json_is_integer(count) || w->n_moves == MAX_CAUSES)
			continue;
		struct guest_moves *m = array_push(w->moves, w->n_moves);
		m->count = json_try_int64(moves, cause);
		m->cause = xstrdup(cause);
	}
	return w;
}

struct guest_leg_watch *guest_leg_watch_parse(const json_t *leg)
{
	const json_t *object = json_object_get(leg, "watch");
	size_t index;
	json_t *count;

	if (!json_is_object(object))
		return NULL;

	struct guest_leg_watch *w = xcalloc(1, sizeof(*w));
	json_try_fields(object, leg_watch_fields, w);
	json_array_foreach (json_object_get(object, "round_trips"), index, count) {
		if (index < GUEST_ROUND_TRIPS && json_is_integer(count) &&
		    json_integer_value(count) >= 0)
			w->round_trips[index] = json_integer_value(count);
	}
	return w;
}

static bool has_name(const json_t *object)
{
	return json_is_string(json_object_get(object, "name"));
}

static void parse_bond(const json_t *object, struct guest_bond *b)
{
	json_try_fields(object, bond_fields, b);
	json_try_fields(object, bond_proc, b);
	b->watch = guest_watch_parse(object);
	json_for_each (leg, json_object_get(object, "legs")) {
		if (!has_name(leg))
			continue;
		struct guest_leg *l = array_push(b->legs, b->n_legs);
		json_try_fields(leg, leg_fields, l);
		l->watch = guest_leg_watch_parse(leg);
	}
}

static void parse_interface(const json_t *object, struct guest_interface *i)
{
	json_try_fields(object, interface_fields, i);
	json_try_fields(object, address_fields, i);
	json_try_fields(json_object_get(object, "gateways"), gateway_fields, i);
}

int guest_status_parse(const char *json, size_t len, struct guest_status *ret_status,
		       struct err *err)
{
	cleanup_json json_t *document = NULL;
	cleanup_err struct err why = ERR_INIT;
	struct guest_status s = {0};

	if (json_parse_document(json, len, "status", &document, &why) < 0)
		return err_code(err, UNREACHABLE, EPROTO, "the answer is not JSON: %s", why.text);

	const json_t *bonds = json_object_get(document, "bonds");
	const json_t *interfaces = json_object_get(document, "interfaces");
	if (!json_is_array(bonds) || !json_is_array(interfaces))
		return err_code(err, UNREACHABLE, EPROTO, "the answer is not a bondd status");

	json_try_fields(document, status_fields, &s);
	json_try_fields(json_object_get(document, "cloud_init"), cloud_init_fields, &s.cloud_init);
	json_for_each (value, bonds) {
		if (has_name(value))
			parse_bond(value, array_push(s.bonds, s.n_bonds));
	}
	json_for_each (value, interfaces) {
		if (has_name(value))
			parse_interface(value, array_push(s.interfaces, s.n_interfaces));
	}
	*ret_status = s;
	return 0;
}
