// SPDX-License-Identifier: Apache-2.0
#include <stdbool.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "deploy/guest.h"
#include "net/watch_json.h"

static int small_number(const json_t *object, const char *key)
{
	int64_t n = json_try_int64(object, key);

	return n > INT32_MAX ? -1 : (int)n;
}

static void parse_leg(const json_t *object, struct guest_leg *l)
{
	*l = (struct guest_leg){
		.name = json_try_text(object, "name"),
		.mac = json_try_text(object, "mac"),
		.permanent_mac = json_try_text(object, "permanent_mac"),
		.carrier = json_try_bool(object, "carrier"),
		.mii_status = json_try_text(object, "mii_status"),
		.speed = json_try_int64(object, "speed"),
		.link_failures = json_try_int64(object, "link_failures"),
		.numa_node = small_number(object, "numa_node"),
		.driver = json_try_text(object, "driver"),
		.pci_address = json_try_text(object, "pci_address"),
		.watch = guest_leg_watch_parse(object),
	};
}

static bool has_name(const json_t *object)
{
	return json_is_string(json_object_get(object, "name"));
}

static void parse_bond(const json_t *object, struct guest_bond *b)
{
	*b = (struct guest_bond){
		.name = json_try_text(object, "name"),
		.mode = json_try_text(object, "mode"),
		.fail_over_mac = json_try_text(object, "fail_over_mac"),
		.miimon = json_try_int64(object, "miimon"),
		.arp_interval = json_try_int64(object, "arp_interval"),
		.primary = json_try_text(object, "primary"),
		.primary_reselect = json_try_text(object, "primary_reselect"),
		.active_leg = json_try_text(object, "active_leg"),
		.mii_status = json_try_text(object, "mii_status"),
		.proc = json_try_lines(object, "proc"),
		.watch = guest_watch_parse(object),
	};
	json_try_texts(object, "arp_ip_targets", &b->arp_ip_targets);
	json_for_each (leg, json_object_get(object, "legs")) {
		if (has_name(leg))
			parse_leg(leg, array_push(b->legs, b->n_legs));
	}
}

static void parse_interface(const json_t *object, struct guest_interface *i)
{
	const json_t *gateways = json_object_get(object, "gateways");

	*i = (struct guest_interface){
		.name = json_try_text(object, "name"),
		.mac = json_try_text(object, "mac"),
		.operstate = json_try_text(object, "operstate"),
		.carrier = json_try_bool(object, "carrier"),
		.numa_node = small_number(object, "numa_node"),
		.driver = json_try_text(object, "driver"),
		.pci_address = json_try_text(object, "pci_address"),
		.bond = json_try_text(object, "bond"),
		.gateway4 = json_try_text(gateways, "ipv4"),
		.gateway6 = json_try_text(gateways, "ipv6"),
	};
	json_try_texts(object, "addresses", &i->addresses);
}

int guest_status_parse(const char *json, size_t len, struct guest_status *ret_status,
		       struct err *err)
{
	cleanup_json json_t *document = NULL;
	cleanup_err struct err why = ERR_INIT;

	if (json_parse_document(json, len, "status", &document, &why) < 0)
		return err_code(err, UNREACHABLE, EPROTO, "the answer is not JSON: %s", why.text);

	const json_t *bonds = json_object_get(document, "bonds");
	const json_t *interfaces = json_object_get(document, "interfaces");
	if (!json_is_array(bonds) || !json_is_array(interfaces))
		return err_code(err, UNREACHABLE, EPROTO, "the answer is not a bondd status");

	const json_t *cloud_init = json_object_get(document, "cloud_init");
	struct guest_status s = {
		.version = json_try_text(document, "version"),
		.hostname = json_try_text(document, "hostname"),
		.uptime = json_try_int64(document, "uptime"),
		.cloud_init.status = json_try_text(cloud_init, "status"),
	};
	json_try_texts(cloud_init, "errors", &s.cloud_init.errors);
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
