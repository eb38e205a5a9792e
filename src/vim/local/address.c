// SPDX-License-Identifier: Apache-2.0
/* MAC and addresses of a port, chosen as Neutron chooses them. No I/O. */
#include "vim/local/address.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json_read.h"
#include "base/str.h"
#include "net/ip.h"
#include "net/mac.h"
#include "vim/local/segment.h"

/* Number of addresses of a subnet that are searched for a free one. */
#define CANDIDATES 65536

const char *record_string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

int record_int(const json_t *o, const char *key)
{
	return (int)json_integer_value(json_object_get(o, key));
}

void record_subnet(const struct record *record, struct subnet *ret)
{
	*ret = (struct subnet){
		.name = record->name,
		.ip_version = record_int(record->spec, "ip_version"),
		.dhcp = json_is_true(json_object_get(record->spec, "dhcp")),
		.address = (char *)record_string(record->spec, "address"),
		.prefix = (unsigned)record_int(record->spec, "prefix"),
		.gateway = (char *)record_string(record->spec, "gateway"),
		.no_gateway = json_is_true(json_object_get(record->spec, "no_gateway")),
	};
}

bool net_subnet(const struct records *records, const char *name, struct subnet *ret)
{
	const struct record *record = name ? records_find(records, VIM_SUBNET, name) : NULL;

	if (record)
		record_subnet(record, ret);
	return record != NULL;
}

static bool in_subnet(const struct subnet *subnet, const char *text)
{
	struct ip_prefix net;
	struct ip_addr ip;

	return subnet_prefix(subnet, &net) && ip_parse(text, &ip) && ip_prefix_contains(&net, &ip);
}

/* The port that has the address in that subnet, or NULL. */
static const struct record *port_with(const struct records *records, const char *subnet,
				      const char *ip)
{
	for (size_t i = 0; i < records->n; i++) {
		json_t *addresses = json_object_get(records->v[i].made, "addresses");
		if (records->v[i].kind != VIM_PORT)
			continue;
		json_for_each (a, addresses) {
			if (streq(record_string(a, "subnet"), subnet) &&
			    streq(record_string(a, "ip_address"), ip))
				return &records->v[i];
		}
	}
	return NULL;
}

/* The first free address of the subnet, or NULL. */
static char *free_address(const struct records *records, const struct subnet *subnet)
{
	cleanup_free char *own = NULL;
	struct ip_prefix net;
	struct ip_addr ip;

	if (segment_own_address(subnet, &own, NULL) < 0 || !subnet_prefix(subnet, &net))
		return NULL;
	ip = net.addr;
	for (unsigned i = 1; i < CANDIDATES; i++) {
		if (!ip_add(&ip, 1) || !ip_prefix_contains(&net, &ip))
			return NULL;
		/* The last address of an IPv4 subnet is its broadcast address. */
		struct ip_addr last = ip_prefix_last(&net);
		if (ip.version == 4 && ip_equal(&ip, &last))
			return NULL;
		cleanup_free char *text = ip_to_str(&ip);
		if (!streq(text, own) && !streq(text, subnet->gateway) &&
		    !port_with(records, subnet->name, text))
			return steal_ptr(text);
	}
	return NULL;
}

static void add_address(struct record *port, const char *subnet, const char *ip)
{
	json_array_append_new(json_object_get(port->made, "addresses"),
			      json_pack("{s:s*, s:s}", "subnet", subnet, "ip_address", ip));
}

/* One requested fixed address: subnet, address, or both. */
static int fix_address(const struct records *records, struct record *port, const char *subnet_name,
		       const char *ip, struct err *err)
{
	const char *network = record_string(port->spec, "network");
	struct subnet subnet;
	bool known = net_subnet(records, subnet_name, &subnet);

	if (subnet_name && !known)
		return err_set(err, NOT_FOUND, "Subnet %s could not be found.", subnet_name);
	if (subnet_name && ip && !in_subnet(&subnet, ip))
		return err_set(err, INVALID,
			       "IP address %s is not a valid IP for the specified subnet %s.", ip,
			       subnet_name);
	for (size_t i = 0; !known && i < records->n; i++) {
		const struct record *r = &records->v[i];
		if (r->kind != VIM_SUBNET || !streq(record_string(r->spec, "network"), network))
			continue;
		record_subnet(r, &subnet);
		known = in_subnet(&subnet, ip);
	}
	if (!known)
		return err_set(err, INVALID, "IP address %s is in no subnet of network %s.", ip,
			       network);

	cleanup_free char *chosen = ip ? xstrdup(ip) : free_address(records, &subnet);
	if (!chosen)
		return err_set(err, NO_CAPACITY, "No more IP addresses available on network %s.",
			       network);
	const struct record *other = port_with(records, subnet.name, chosen);
	if (other)
		return err_code(err, REFUSED, EADDRINUSE,
				"IP address %s already allocated in subnet %s, to port %s.", chosen,
				subnet.name, other->name);
	add_address(port, subnet.name, chosen);
	return 0;
}

/* As Neutron does for a port without fixed addresses: one address of each IP version available. */
static int choose_addresses(const struct records *records, struct record *port, struct err *err)
{
	for (int version = 4; version <= 6; version += 2) {
		bool any = false, found = false;
		for (size_t i = 0; i < records->n && !found; i++) {
			const struct record *r = &records->v[i];
			struct subnet subnet;
			if (r->kind != VIM_SUBNET || !streq(record_string(r->spec, "network"),
							    record_string(port->spec, "network")))
				continue;
			record_subnet(r, &subnet);
			if (subnet.ip_version != version)
				continue;
			any = true;
			cleanup_free char *ip = free_address(records, &subnet);
			found = ip != NULL;
			if (found)
				add_address(port, subnet.name, ip);
		}
		if (any && !found)
			return err_set(err, NO_CAPACITY,
				       "No more IP addresses available on network %s.",
				       record_string(port->spec, "network"));
	}
	return 0;
}

static int fix_addresses(const struct records *records, struct record *port, struct err *err)
{
	const char *subnet = record_string(port->spec, "subnet");
	const char *ip = record_string(port->spec, "ip_address");
	json_t *wanted = json_object_get(port->spec, "addresses");
	int r = 0;

	json_object_set_new(port->made, "addresses", json_array());
	if (ip || subnet)
		r = fix_address(records, port, subnet, ip, err);
	json_for_each (a, wanted) {
		const char *s = record_string(a, "subnet"), *i = record_string(a, "ip_address");
		if (r == 0 && (s || i))
			r = fix_address(records, port, s, i, err);
	}
	if (r == 0 && !ip && !subnet && json_array_size(wanted) == 0 &&
	    streq(record_string(port->spec, "type"), port_type_name(PORT_VIRTUAL)))
		r = choose_addresses(records, port, err);
	return r;
}

/*
 * Derived from the port's name, so that a repeated deployment has the same MACs. Prefix: Neutron's
 * base_mac.
 */
static char *stable_mac(const char *tenant, const char *deployment, const char *port)
{
	cleanup_free char *text = xasprintf("%s\n%s\n%s", tenant, deployment, port);
	cleanup_free char *hash = hash_hex(text, strlen(text));

	return xasprintf("fa:16:3e:%.2s:%.2s:%.2s", hash, hash + 2, hash + 4);
}

static const struct record *port_with_mac(const struct records *records, const char *mac)
{
	return array_find(records->v, records->n,
			  it->kind == VIM_PORT &&
				  streq(record_string(it->made, "mac_address"), mac));
}

static int fix_mac(const struct records *records, const char *tenant, const char *deployment,
		   struct record *port, struct err *err)
{
	const char *given = record_string(port->spec, "mac_address");
	cleanup_free char *chosen = given ? NULL : stable_mac(tenant, deployment, port->name);
	struct mac_addr parsed;
	char mac[MAC_TEXT_SIZE];

	if (!mac_parse(given ? given : chosen, &parsed))
		return err_set(err, INVALID, "'%s' is not a valid MAC address.", given);
	const struct record *other = port_with_mac(records, mac_format(&parsed, mac));
	if (other)
		return err_code(err, REFUSED, EADDRINUSE, "MAC address %s is in use by port %s.",
				mac, other->name);
	json_object_set_new(port->made, "mac_address", json_string(mac));
	return 0;
}

int port_choose(const struct records *records, const char *tenant, const char *deployment,
		struct record *port, struct err *err)
{
	int r = fix_mac(records, tenant, deployment, port, err);

	return r < 0 ? r : fix_addresses(records, port, err);
}
