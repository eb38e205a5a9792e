// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "deploy/guest.h"

/*
 * The guest is another machine, which may be broken or hostile: a member that is missing or of the
 * wrong type is unknown, and nothing but printable text comes through to a terminal.
 */
static char *clean(const char *s, bool lines)
{
	char *copy = xstrdup(s);

	for (char *p = copy; p && *p; p++) {
		unsigned char c = (unsigned char)*p;
		if ((c < 0x20 && !(lines && (c == '\n' || c == '\t'))) || c == 0x7f)
			*p = '?';
	}
	return copy;
}

static char *text(const json_t *object, const char *key)
{
	return clean(json_string_value(json_object_get(object, key)), false);
}

static int64_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
									: -1;
}

static int small_number(const json_t *object, const char *key)
{
	int64_t n = number(object, key);

	return n > INT32_MAX ? -1 : (int)n;
}

static int truth(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : -1;
}

static void texts(const json_t *object, const char *key, char ***v, size_t *n)
{
	size_t index;
	json_t *value;

	json_array_foreach(json_object_get(object, key), index, value)
	{
		if (json_is_string(value))
			*(char **)array_push_((void **)v, n, sizeof(**v)) =
				clean(json_string_value(value), false);
	}
}

static void parse_leg(const json_t *object, struct guest_leg *l)
{
	*l = (struct guest_leg){
		.name = text(object, "name"),
		.mac = text(object, "mac"),
		.permanent_mac = text(object, "permanent_mac"),
		.carrier = truth(object, "carrier"),
		.mii_status = text(object, "mii_status"),
		.speed = number(object, "speed"),
		.link_failures = number(object, "link_failures"),
		.numa_node = small_number(object, "numa_node"),
		.driver = text(object, "driver"),
		.pci_address = text(object, "pci_address"),
	};
}

static bool has_name(const json_t *object)
{
	return json_is_string(json_object_get(object, "name"));
}

static void parse_bond(const json_t *object, struct guest_bond *b)
{
	size_t index;
	json_t *leg;

	*b = (struct guest_bond){
		.name = text(object, "name"),
		.mode = text(object, "mode"),
		.fail_over_mac = text(object, "fail_over_mac"),
		.miimon = number(object, "miimon"),
		.arp_interval = number(object, "arp_interval"),
		.primary = text(object, "primary"),
		.primary_reselect = text(object, "primary_reselect"),
		.active_leg = text(object, "active_leg"),
		.mii_status = text(object, "mii_status"),
		.proc = clean(json_string_value(json_object_get(object, "proc")), true),
	};
	texts(object, "arp_ip_targets", &b->arp_ip_targets, &b->n_arp_ip_targets);
	json_array_foreach(json_object_get(object, "legs"), index, leg)
	{
		if (has_name(leg))
			parse_leg(leg, array_push(b->legs, b->n_legs));
	}
}

static void parse_interface(const json_t *object, struct guest_interface *i)
{
	const json_t *gateways = json_object_get(object, "gateways");

	*i = (struct guest_interface){
		.name = text(object, "name"),
		.mac = text(object, "mac"),
		.operstate = text(object, "operstate"),
		.carrier = truth(object, "carrier"),
		.numa_node = small_number(object, "numa_node"),
		.driver = text(object, "driver"),
		.pci_address = text(object, "pci_address"),
		.bond = text(object, "bond"),
		.gateway4 = text(gateways, "ipv4"),
		.gateway6 = text(gateways, "ipv6"),
	};
	texts(object, "addresses", &i->addresses, &i->n_addresses);
}

int guest_status_parse(const char *json, size_t len, struct guest_status *ret_status,
		       struct err *err)
{
	json_error_t problem;
	json_t *document = json_loadb(json, len, 0, &problem);

	if (!document)
		return err_set(err, EPROTO, "the answer is no JSON: line %d: %s", problem.line,
			       problem.text);

	const json_t *bonds = json_object_get(document, "bonds");
	const json_t *interfaces = json_object_get(document, "interfaces");
	if (!json_is_array(bonds) || !json_is_array(interfaces)) {
		json_decref(document);
		return err_set(err, EPROTO, "the answer is no status of bondd's");
	}

	const json_t *cloud_init = json_object_get(document, "cloud_init");
	struct guest_status s = {
		.version = text(document, "version"),
		.hostname = text(document, "hostname"),
		.uptime = number(document, "uptime"),
		.cloud_init.status = text(cloud_init, "status"),
	};
	size_t index;
	json_t *value;
	texts(cloud_init, "errors", &s.cloud_init.errors, &s.cloud_init.n_errors);
	json_array_foreach(bonds, index, value)
	{
		if (has_name(value))
			parse_bond(value, array_push(s.bonds, s.n_bonds));
	}
	json_array_foreach(interfaces, index, value)
	{
		if (has_name(value))
			parse_interface(value, array_push(s.interfaces, s.n_interfaces));
	}
	json_decref(document);
	*ret_status = s;
	return 0;
}
