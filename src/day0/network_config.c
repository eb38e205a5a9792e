// SPDX-License-Identifier: Apache-2.0
/*
 * netplan's YAML (https://netplan.readthedocs.io/en/stable/netplan-yaml/) and cloud-init's network
 * config, version 2 (same keys) and version 1 (network-config-format-v1 of its manual).
 */

#include "base/alloc.h"
#include "base/str.h"
#include "base/yaml_tree.h"
#include "day0/readers.h"
#include "net/ip.h"

const struct yaml_reader cloud_init_yaml = {"cloud-init", "part", "day0-yaml", "day0-yaml-key"};

struct network_config {
	struct yaml *y;
	enum dialect dialect;
	struct guest_links *links;
	struct findings *findings;
};

static void wrong(const struct network_config *c, const yaml_node_t *n, const char *rule,
		  const char *what)
{
	report(c->findings, c->y->text, yaml_line(n), SEVERITY_ERROR, rule, "%s", what);
}

/* Whether it is a default route, in any notation. */
static bool is_default(const char *to)
{
	return to && (streq(to, "default") || streq(to, "0.0.0.0/0") || streq(to, "::/0") ||
		      streq(to, "0/0"));
}

static void set_gateway(const struct network_config *c, struct guest_addresses *a, int family,
			const yaml_node_t *n)
{
	const char *s = yaml_str(n);

	if (!s)
		return;
	address_check(s, family, ADDRESS_ALONE, c->y->text, yaml_line(n), c->findings);
	if (family == 0)
		family = strchr(s, ':') ? 6 : 4;
	string_set(family == 4 ? &a->gateway4 : &a->gateway6, s);
}

static void add_address(const struct network_config *c, struct guest_addresses *a, int family,
			const char *s, const yaml_node_t *n)
{
	address_check(s, family, ADDRESS_WITH_PREFIX, c->y->text, yaml_line(n), c->findings);
	*array_push(a->v, a->n) = xstrdup(s);
}

static void v2_addresses(const struct network_config *c, struct guest_addresses *a,
			 yaml_node_t *map)
{
	struct yaml *y = c->y;
	yaml_node_t *list = yaml_get(y, map, "addresses"), *routes = yaml_get(y, map, "routes");

	for (size_t i = 0; i < yaml_len(list); i++) {
		yaml_node_t *n = yaml_item(y, list, i);
		if (yaml_pairs(n) > 0) { /* "10.0.0.1/24": {label: ...} */
			yaml_node_t *options;
			yaml_pair(y, n, 0, &n, &options);
		}
		if (yaml_str(n))
			add_address(c, a, 0, yaml_str(n), n);
	}
	a->dhcp4 = yaml_bool(yaml_get(y, map, "dhcp4"), false);
	a->dhcp6 = yaml_bool(yaml_get(y, map, "dhcp6"), false);
	set_gateway(c, a, 4, yaml_get(y, map, "gateway4"));
	set_gateway(c, a, 6, yaml_get(y, map, "gateway6"));
	for (size_t i = 0; i < yaml_len(routes); i++) {
		yaml_node_t *route = yaml_item(y, routes, i);
		if (is_default(yaml_str(yaml_get(y, route, "to"))))
			set_gateway(c, a, 0, yaml_get(y, route, "via"));
		else
			a->routes = true;
	}
	a->routes = a->routes || yaml_len(yaml_get(y, map, "routing-policy")) > 0;
}

static int mtu_of(const struct network_config *c, yaml_node_t *map)
{
	const char *s = yaml_str(yaml_get(c->y, map, "mtu"));

	return s ? mtu_parse(s) : 0;
}

/* netplan's names for options of the bonding driver. */
static const char *driver_option(const char *name)
{
	static const char *const names[][2] = {
		{"mii-monitor-interval", "miimon"},
		{"arp-ip-targets", "arp_ip_target"},
		{"fail-over-mac-policy", "fail_over_mac"},
		{"primary-reselect-policy", "primary_reselect"},
		{"up-delay", "updelay"},
		{"down-delay", "downdelay"},
		{"transmit-hash-policy", "xmit_hash_policy"},
		{"arp-all-targets", "arp_all_targets"},
		{"gratuitous-arp", "num_grat_arp"},
		{"gratuitious-arp", "num_grat_arp"},
		{"packets-per-slave", "packets_per_slave"},
		{"packets-per-member", "packets_per_slave"},
		{"learn-packet-interval", "lp_interval"},
		{"all-slaves-active", "all_slaves_active"},
		{"all-members-active", "all_slaves_active"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(name, names[i][0]))
			return names[i][1];
	return name;
}

/* Converts "100", "100ms" and "1s" to milliseconds; returns other values unchanged. */
static char *milliseconds(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	if (digits > 0 && digits < 7 && streq(s + digits, "ms"))
		return xstrndup(s, digits);
	if (digits > 0 && digits < 7 && streq(s + digits, "s"))
		return xasprintf("%ld", strtol(s, NULL, 10) * 1000);
	return xstrdup(s);
}

static void one_option(const struct network_config *c, struct bond *b, const char *option,
		       const yaml_node_t *value)
{
	const char *s = yaml_str(value);
	bool interval = streq(option, "miimon") || strncmp(option, "arp", 3) == 0;
	cleanup_free char *number = s && interval ? milliseconds(s) : NULL;

	if (s)
		bond_option(b, option, number ? number : s, c->y->text, yaml_line(value),
			    c->findings);
	for (size_t i = 0; i < yaml_len(value); i++) {
		yaml_node_t *item = yaml_item(c->y, value, i);
		if (yaml_str(item))
			bond_option(b, option, yaml_str(item), c->y->text, yaml_line(item),
				    c->findings);
	}
}

static void v2_parameters(const struct network_config *c, struct bond *b, yaml_node_t *parameters)
{
	for (size_t i = 0; i < yaml_pairs(parameters); i++) {
		yaml_node_t *key, *value;
		yaml_pair(c->y, parameters, i, &key, &value);
		if (yaml_str(key))
			one_option(c, b, driver_option(yaml_str(key)), value);
	}
}

/* Adds the legs that the bond names as links, except those under "ethernets". */
static void add_legs(const struct network_config *c, yaml_node_t *interfaces, const char *bond)
{
	for (size_t i = 0; i < yaml_len(interfaces); i++) {
		yaml_node_t *n = yaml_item(c->y, interfaces, i);
		const char *id = yaml_str(n);
		if (!id)
			continue;
		struct guest_link *l = link_find(c->links, c->dialect, id);
		if (!l) {
			l = link_add(c->links, LINK_ETHERNET, c->dialect, c->y->text, yaml_line(n));
			l->id = xstrdup(id);
			l->name = xstrdup(id);
		}
		string_set(&l->master, bond);
	}
}

static void v2_ethernet(const struct network_config *c, struct guest_link *l, yaml_node_t *value)
{
	yaml_node_t *match = yaml_get(c->y, value, "match");
	yaml_node_t *mac = yaml_get(c->y, match, "macaddress");
	const char *set_name = yaml_str(yaml_get(c->y, value, "set-name"));
	const char *name = yaml_str(yaml_get(c->y, match, "name"));

	if (yaml_str(mac)) {
		mac_check(yaml_str(mac), c->y->text, yaml_line(mac), c->findings);
		l->mac = xstrdup(yaml_str(mac));
	}
	/* A pattern or a driver matches any number of interfaces. */
	l->several = match && !yaml_str(mac) && (!name || strpbrk(name, "*?["));
	/* The id is the interface's name only if there is no match. */
	l->name = xstrdup(set_name ? set_name : match ? name : l->id);
}

static void set_vlan(const struct network_config *c, struct guest_link *l,
		     const yaml_node_t *parent, const yaml_node_t *id)
{
	int64_t n;

	l->parent = xstrdup(yaml_str(parent));
	if (yaml_str(id) && str_to_int(yaml_str(id), 0, 4094, &n) == 0)
		l->vlan_id = (int)n;
	else
		wrong(c, id ? id : parent, "day0-vlan", "this VLAN needs an id from 0 to 4094");
}

static void v2_section(const struct network_config *c, yaml_node_t *network, const char *section,
		       enum link_kind kind)
{
	yaml_node_t *map = yaml_get(c->y, network, section);

	for (size_t i = 0; i < yaml_pairs(map); i++) {
		yaml_node_t *key, *value;
		yaml_pair(c->y, map, i, &key, &value);
		const char *id = yaml_str(key);
		if (!id || !yaml_is_map(value))
			continue;
		struct guest_link *l =
			link_add(c->links, kind, c->dialect, c->y->text, yaml_line(key));
		l->id = xstrdup(id);
		l->mtu = mtu_of(c, value);
		v2_addresses(c, &l->addresses, value);
		if (kind == LINK_ETHERNET) {
			v2_ethernet(c, l, value);
			continue;
		}
		l->name = xstrdup(id);
		if (kind == LINK_VLAN) {
			set_vlan(c, l, yaml_get(c->y, value, "link"), yaml_get(c->y, value, "id"));
		} else if (kind == LINK_BOND) {
			v2_parameters(c, &l->bond, yaml_get(c->y, value, "parameters"));
			add_legs(c, yaml_get(c->y, value, "interfaces"), id);
		}
	}
}

static void v1_subnets(const struct network_config *c, struct guest_addresses *a,
		       yaml_node_t *subnets)
{
	struct yaml *y = c->y;

	for (size_t i = 0; i < yaml_len(subnets); i++) {
		yaml_node_t *subnet = yaml_item(y, subnets, i);
		const char *type = yaml_str(yaml_get(y, subnet, "type"));
		yaml_node_t *address = yaml_get(y, subnet, "address");
		const char *s = yaml_str(address);
		const char *mask = yaml_str(yaml_get(y, subnet, "netmask"));
		if (type && (streq(type, "dhcp") || streq(type, "dhcp4")))
			a->dhcp4 = true;
		if (type && (str_starts(type, "dhcp6") || str_starts(type, "ipv6_dhcp")))
			a->dhcp6 = true;
		int prefix = s && mask && !strchr(s, '/') ? ip_netmask_parse(mask, 0) : -1;
		cleanup_free char *whole = prefix >= 0 ? xasprintf("%s/%d", s, prefix) : xstrdup(s);
		if (whole)
			add_address(c, a, 0, whole, address);
		set_gateway(c, a, 0, yaml_get(y, subnet, "gateway"));
		a->routes = a->routes || yaml_len(yaml_get(y, subnet, "routes")) > 0;
	}
}

static void v1_parameters(const struct network_config *c, struct bond *b, yaml_node_t *params)
{
	for (size_t i = 0; i < yaml_pairs(params); i++) {
		yaml_node_t *key, *value;
		yaml_pair(c->y, params, i, &key, &value);
		const char *name = yaml_str(key);
		if (!name)
			continue;
		/* "bond-mode", "bond_mode", "mode" */
		if (str_starts(name, "bond-") || str_starts(name, "bond_"))
			name += strlen("bond-");
		one_option(c, b, name, value);
	}
}

static void v1_item(const struct network_config *c, yaml_node_t *item)
{
	struct yaml *y = c->y;
	const char *type = yaml_str(yaml_get(y, item, "type"));
	yaml_node_t *mac = yaml_get(y, item, "mac_address");
	const char *name = yaml_str(yaml_get(y, item, "name"));
	enum link_kind kind = streq(type, "bond")       ? LINK_BOND
			      : streq(type, "vlan")     ? LINK_VLAN
			      : streq(type, "physical") ? LINK_ETHERNET
							: LINK_OTHER;

	if (!type || streq(type, "nameserver") || streq(type, "route"))
		return;
	/* A bond may be defined before or after its legs. */
	struct guest_link *l = name ? link_find(c->links, c->dialect, name) : NULL;
	if (!l) {
		l = link_add(c->links, kind, c->dialect, y->text, yaml_line(item));
		string_set(&l->id, name);
		string_set(&l->name, name);
	}
	l->kind = kind;
	if (yaml_str(mac)) {
		mac_check(yaml_str(mac), y->text, yaml_line(mac), c->findings);
		string_set(&l->mac, yaml_str(mac));
	}
	l->mtu = mtu_of(c, item);
	v1_subnets(c, &l->addresses, yaml_get(y, item, "subnets"));
	if (kind == LINK_VLAN) {
		free(l->parent);
		set_vlan(c, l, yaml_get(y, item, "vlan_link"), yaml_get(y, item, "vlan_id"));
	} else if (kind == LINK_BOND) {
		v1_parameters(c, &l->bond, yaml_get(y, item, "params"));
		if (name)
			add_legs(c, yaml_get(y, item, "bond_interfaces"), name);
	}
}

void network_config_read(struct yaml *y, void *network, enum dialect dialect,
			 struct guest_links *links, struct findings *findings)
{
	struct network_config c = {y, dialect, links, findings};
	yaml_node_t *root = network;
	yaml_node_t *version = yaml_get(y, root, "version");

	if (!yaml_is_map(root)) {
		wrong(&c, root, "day0-network", "\"network\" is not a mapping");
		return;
	}
	if (dialect != DIALECT_NETPLAN)
		c.dialect = streq(yaml_str(version), "1") ? DIALECT_CLOUD_INIT_V1
							  : DIALECT_CLOUD_INIT_V2;
	if (c.dialect == DIALECT_CLOUD_INIT_V1) {
		yaml_node_t *list = yaml_get(y, root, "config");
		for (size_t i = 0; i < yaml_len(list); i++)
			v1_item(&c, yaml_item(y, list, i));
		return;
	}
	if (!streq(yaml_str(version), "2"))
		wrong(&c, version ? version : root, "day0-network",
		      "\"network\" needs \"version: 2\" (or 1, for cloud-init's format)");
	v2_section(&c, root, "ethernets", LINK_ETHERNET);
	v2_section(&c, root, "bridges", LINK_OTHER);
	v2_section(&c, root, "bonds", LINK_BOND);
	v2_section(&c, root, "vlans", LINK_VLAN);
}

void network_file_read(const struct text *text, enum dialect dialect, struct guest_links *links,
		       struct findings *findings)
{
	cleanup_yaml struct yaml y = {0};

	if (!yaml_load(&y, text, &cloud_init_yaml, findings)) {
		links->incomplete = true;
		return;
	}
	yaml_node_t *network = yaml_get(&y, yaml_root(&y), "network");
	if (network)
		network_config_read(&y, network, dialect, links, findings);
}
