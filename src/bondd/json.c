// SPDX-License-Identifier: Apache-2.0
#include "bondd/json.h"

#include <jansson.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "model/status.h"

/* Names of interfaces may be any bytes: what is no UTF-8 loses its bytes beyond ASCII. */
static json_t *text(const char *s)
{
	if (!s)
		return json_null();

	json_t *string = json_string(s);
	if (string)
		return string;

	cleanup_free char *ascii = xstrdup(s);
	for (char *p = ascii; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return json_string(ascii);
}

static json_t *number(int64_t n)
{
	return n < 0 ? json_null() : json_integer(n);
}

static json_t *truth(int n)
{
	return n < 0 ? json_null() : json_boolean(n);
}

static json_t *texts(char *const *v, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, text(v[i]));
	return array;
}

static json_t *leg_json(const struct guest_leg *l)
{
	return json_pack("{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o}", "name", text(l->name), "mac",
			 text(l->mac), "permanent_mac", text(l->permanent_mac), "carrier",
			 truth(l->carrier), "mii_status", text(l->mii_status), "speed",
			 number(l->speed), "numa_node", number(l->numa_node), "driver",
			 text(l->driver), "pci_address", text(l->pci_address), "link_failures",
			 number(l->link_failures));
}

static json_t *bond_json(const struct guest_status *s, const struct guest_bond *b)
{
	const struct guest_interface *i = guest_status_interface(s, b->name);
	json_t *legs = json_array();

	for (size_t n = 0; n < b->n_legs; n++)
		json_array_append_new(legs, leg_json(&b->legs[n]));
	return json_pack("{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:{s:o s:o} s:o}",
			 "name", text(b->name), "mode", text(b->mode), "miimon", number(b->miimon),
			 "arp_interval", number(b->arp_interval), "arp_ip_targets",
			 texts(b->arp_ip_targets, b->n_arp_ip_targets), "fail_over_mac",
			 text(b->fail_over_mac), "primary", text(b->primary), "primary_reselect",
			 text(b->primary_reselect), "active_leg", text(b->active_leg), "mii_status",
			 text(b->mii_status), "legs", legs, "addresses",
			 texts(i ? i->addresses : NULL, i ? i->n_addresses : 0), "gateways", "ipv4",
			 text(i ? i->gateway4 : NULL), "ipv6", text(i ? i->gateway6 : NULL), "proc",
			 text(b->proc));
}

static json_t *interface_json(const struct guest_interface *i)
{
	return json_pack("{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:{s:o s:o}}", "name", text(i->name),
			 "mac", text(i->mac), "operstate", text(i->operstate), "carrier",
			 truth(i->carrier), "numa_node", number(i->numa_node), "driver",
			 text(i->driver), "pci_address", text(i->pci_address), "bond",
			 text(i->bond), "addresses", texts(i->addresses, i->n_addresses),
			 "gateways", "ipv4", text(i->gateway4), "ipv6", text(i->gateway6));
}

char *status_json(const struct guest_status *s)
{
	json_t *bonds = json_array();
	json_t *interfaces = json_array();

	for (size_t n = 0; n < s->n_bonds; n++)
		json_array_append_new(bonds, bond_json(s, &s->bonds[n]));
	for (size_t n = 0; n < s->n_interfaces; n++)
		json_array_append_new(interfaces, interface_json(&s->interfaces[n]));

	json_t *document = json_pack("{s:o s:o s:o s:o s:o s:{s:o s:o}}", "version",
				     text(s->version), "hostname", text(s->hostname), "uptime",
				     number(s->uptime), "bonds", bonds, "interfaces", interfaces,
				     "cloud_init", "status", text(s->cloud_init.status), "errors",
				     texts(s->cloud_init.errors, s->cloud_init.n_errors));
	char *dump = json_dumps(document, JSON_INDENT(2));
	char *json = xasprintf("%s\n", dump);

	free(dump);
	json_decref(document);
	return json;
}
