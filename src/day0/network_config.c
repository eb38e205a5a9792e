// SPDX-License-Identifier: Apache-2.0
/*
 * netplan's YAML (https://netplan.readthedocs.io/en/stable/netplan-yaml/) and cloud-init's network
 * config, version 2 (same keys) and version 1 (network-config-format-v1 of its manual).
 */

#include "base/alloc.h"
#include "base/str.h"
#include "base/timespan.h"
#include "base/yaml_tree.h"
#include "day0/netplan.h"
#include "day0/readers.h"
#include "net/ip.h"

const struct yaml_reader cloud_init_yaml = {"cloud-init", "part", "day0-yaml", "day0-yaml-key"};

struct network_config {
	struct yaml *y;
	enum dialect dialect;
	struct guest_links *links;
	struct findings *findings;
	const char *renderer; /* netplan's, or NULL */
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

/* netplan refuses an address without a prefix length; cloud-init takes /24 or /64
 * (network_state._normalize_net_keys). */
static void add_address(const struct network_config *c, struct guest_addresses *a, const char *s,
			const yaml_node_t *n)
{
	int family = address_family(s);
	bool bare = family && !strchr(s, '/');
	cleanup_free char *whole = bare && c->dialect != DIALECT_NETPLAN
					   ? xasprintf("%s/%d", s, family == 4 ? 24 : 64)
					   : xstrdup(s);

	if (bare && c->dialect == DIALECT_NETPLAN) {
		cleanup_free char *q = quotable(s);
		report(c->findings, c->y->text, yaml_line(n), SEVERITY_ERROR, "day0-address",
		       "\"%s\" has no prefix length, so netplan refuses the whole file: add one",
		       q);
	} else {
		address_check(whole, 0, ADDRESS_WITH_PREFIX, c->y->text, yaml_line(n), c->findings);
	}
	*array_push(a->v, a->n) = steal_ptr(whole);
}

/* Whether the route makes the gateway, which may be outside the networks, one on the link. */
static bool reaches(const struct network_config *c, yaml_node_t *route, const char *gateway)
{
	const char *to = yaml_str(yaml_get(c->y, route, "to"));
	yaml_node_t *via = yaml_get(c->y, route, "via");
	struct ip_prefix net;
	struct ip_addr ip;

	return to && !via && gateway && ip_prefix_parse(to, &net) && ip_parse(gateway, &ip) &&
	       ip_prefix_contains(&net, &ip);
}

/* A default route in the main table sets the gateway. */
static void v2_routes(const struct network_config *c, struct guest_addresses *a,
		      yaml_node_t *routes)
{
	struct yaml *y = c->y;

	for (size_t i = 0; i < yaml_len(routes); i++) {
		yaml_node_t *route = yaml_item(y, routes, i);
		const char *table = yaml_str(yaml_get(y, route, "table"));
		bool main_table = !table || streq(table, "254");
		if (main_table && is_default(yaml_str(yaml_get(y, route, "to")))) {
			set_gateway(c, a, 0, yaml_get(y, route, "via"));
			a->on_link |= yaml_bool(yaml_get(y, route, "on-link"), false);
		} else {
			a->routes = true;
		}
	}
	for (size_t i = 0; i < yaml_len(routes); i++)
		a->on_link |= reaches(c, yaml_item(y, routes, i), a->gateway4) ||
			      reaches(c, yaml_item(y, routes, i), a->gateway6);
}

static void v2_addresses(const struct network_config *c, struct guest_addresses *a,
			 yaml_node_t *map)
{
	struct yaml *y = c->y;
	yaml_node_t *list = yaml_get(y, map, "addresses");
	yaml_node_t *renderer = yaml_get(y, map, "renderer");

	for (size_t i = 0; i < yaml_len(list); i++) {
		yaml_node_t *n = yaml_item(y, list, i);
		if (yaml_pairs(n) > 0) { /* "10.0.0.1/24": {label: ...} */
			yaml_node_t *options;
			yaml_pair(y, n, 0, &n, &options);
		}
		if (yaml_str(n))
			add_address(c, a, yaml_str(n), n);
	}
	a->dhcp4 = yaml_bool(yaml_get(y, map, "dhcp4"), a->dhcp4);
	a->dhcp6 = yaml_bool(yaml_get(y, map, "dhcp6"), a->dhcp6);
	set_gateway(c, a, 4, yaml_get(y, map, "gateway4"));
	set_gateway(c, a, 6, yaml_get(y, map, "gateway6"));
	v2_routes(c, a, yaml_get(y, map, "routes"));
	a->routes = a->routes || yaml_len(yaml_get(y, map, "routing-policy")) > 0;
	a->on_link_added |= streq(renderer ? yaml_str(renderer) : c->renderer, "NetworkManager");
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
		{"arp-interval", "arp_interval"},
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

static void one_option(const struct network_config *c, struct bond *b, const char *option,
		       const yaml_node_t *value)
{
	static const char *const delays[] = {"miimon", "arp_interval", "updelay", "downdelay"};
	const char *s = yaml_str(value);
	bool delay = array_find(delays, ARRAY_SIZE(delays), streq(*it, option));
	int ms;
	/* netplan passes a unit on to systemd (networkd.c, interval_has_suffix). */
	cleanup_free char *number =
		s && delay && c->dialect != DIALECT_CLOUD_INIT_V1 && timespan_parse(s, 1, &ms) == 0
			? xasprintf("%d", ms)
			: NULL;

	if (c->dialect == DIALECT_NETPLAN && streq(option, "num_grat_arp") && streq(s, "0"))
		return; /* netplan writes no 0, so the driver's default stays */
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
		if (!yaml_str(key))
			continue;
		const char *option = driver_option(yaml_str(key));
		one_option(c, b, option, value);
		if (c->dialect == DIALECT_CLOUD_INIT_V2 && streq(option, "fail_over_mac"))
			report(c->findings, c->y->text, yaml_line(key), SEVERITY_WARNING,
			       "day0-v2-dropped",
			       "cloud-init loses \"%s\" when it writes files of NetworkManager "
			       "(RHEL "
			       "10: cloud-init 24.4), so the bond has fail_over_mac=none there: "
			       "look "
			       "at /proc/net/bonding in the guest, or set up the bond with nmcli",
			       yaml_str(key));
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

static void add_ports(const struct network_config *c, struct guest_link *upper,
		      yaml_node_t *interfaces)
{
	for (size_t i = 0; i < yaml_len(interfaces); i++)
		if (yaml_str(yaml_item(c->y, interfaces, i)))
			strv_add(&upper->ports, yaml_str(yaml_item(c->y, interfaces, i)));
}

static void v2_ethernet(const struct network_config *c, struct guest_link *l, yaml_node_t *value)
{
	yaml_node_t *match = yaml_get(c->y, value, "match");
	yaml_node_t *mac = yaml_get(c->y, match, "macaddress");
	const char *set_name = yaml_str(yaml_get(c->y, value, "set-name"));
	const char *name = yaml_str(yaml_get(c->y, match, "name"));

	if (yaml_str(mac)) {
		mac_check(yaml_str(mac), c->y->text, yaml_line(mac), c->findings);
		string_set(&l->mac, yaml_str(mac));
	}
	/* A pattern or a driver matches any number of interfaces. */
	l->several = match && !yaml_str(mac) && (!name || strpbrk(name, "*?["));
	/* The id is the interface's name only if there is no match. */
	if (!l->name || set_name || match)
		string_set(&l->name, set_name ? set_name : match ? name : l->id);
}

static void set_vlan(const struct network_config *c, struct guest_link *l,
		     const yaml_node_t *parent, const yaml_node_t *id)
{
	int64_t n;

	if (yaml_str(parent))
		string_set(&l->parent, yaml_str(parent));
	if (!id && l->vlan_id) /* defined in another file */
		return;
	if (yaml_str(id) && str_to_int(yaml_str(id), 0, 4094, &n) == 0)
		l->vlan_id = (int)n;
	else
		wrong(c, id ? id : parent, "day0-vlan", "this VLAN needs an id from 0 to 4094");
}

/* netplan merges the definitions of one id, also those of several files. */
static struct guest_link *v2_link(const struct network_config *c, enum link_kind kind,
				  const yaml_node_t *key)
{
	const char *id = yaml_str(key);
	struct guest_link *l = array_find(c->links->v, c->links->n,
					  c->dialect == DIALECT_NETPLAN && it->kind == kind &&
						  it->dialect == c->dialect && streq(it->id, id));

	if (!l) {
		l = link_add(c->links, kind, c->dialect, c->y->text, yaml_line(key));
		l->id = xstrdup(id);
	}
	return l;
}

static void v2_definition(const struct network_config *c, enum link_kind kind,
			  const yaml_node_t *key, yaml_node_t *value)
{
	yaml_node_t *interfaces = yaml_get(c->y, value, "interfaces");
	struct guest_link *l = v2_link(c, kind, key);

	/* A key that is misspelt was meant for an option. */
	if (c->dialect == DIALECT_NETPLAN &&
	    !netplan_check_definition(c->y, kind, value, c->findings))
		l->bond.options_unknown = true;
	if (mtu_of(c, value))
		l->mtu = mtu_of(c, value);
	v2_addresses(c, &l->addresses, value);
	if (kind == LINK_ETHERNET) {
		v2_ethernet(c, l, value);
		return;
	}
	string_set(&l->name, l->id);
	if (kind == LINK_VLAN) {
		set_vlan(c, l, yaml_get(c->y, value, "link"), yaml_get(c->y, value, "id"));
	} else if (kind == LINK_BOND) {
		v2_parameters(c, &l->bond, yaml_get(c->y, value, "parameters"));
		add_legs(c, interfaces, yaml_str(key));
	} else if (kind == LINK_UPPER) {
		add_ports(c, l, interfaces);
	}
}

static void v2_section(const struct network_config *c, yaml_node_t *network, const char *section,
		       enum link_kind kind)
{
	yaml_node_t *map = yaml_get(c->y, network, section);

	for (size_t i = 0; i < yaml_pairs(map); i++) {
		yaml_node_t *key, *value;
		yaml_pair(c->y, map, i, &key, &value);
		if (c->dialect == DIALECT_NETPLAN && yaml_str(key))
			netplan_check_section(c->y, key, value, c->findings);
		bool of_switch = kind != LINK_ETHERNET && yaml_get(c->y, value, "openvswitch");
		if (of_switch && yaml_str(key))
			links_unread(c->links, c->y->text, yaml_line(key), true, yaml_str(key),
				     "ports of Open vSwitch are not read");
		else if (yaml_str(key) && yaml_is_map(value))
			v2_definition(c, kind, key, value);
	}
}

/* "192.0.2.1/24", "192.0.2.1/255.255.255.0", or the mask or the length given beside. */
static void v1_address(const struct network_config *c, struct guest_addresses *a,
		       const yaml_node_t *n, const char *mask)
{
	const char *s = yaml_str(n), *slash = strchr(s, '/');
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	int prefix = slash ? ip_netmask_parse(slash + 1, 0) : mask ? ip_netmask_parse(mask, 0) : -1;
	cleanup_free char *whole =
		prefix >= 0 ? xasprintf("%.*s/%d", (int)len, s, prefix) : xstrdup(s);

	add_address(c, a, whole, n);
}

/* A default route sets the gateway. */
static void v1_route(const struct network_config *c, struct guest_addresses *a, yaml_node_t *route)
{
	struct yaml *y = c->y;
	const char *to = yaml_str(yaml_get(y, route, "network"));
	const char *mask = yaml_str(yaml_get(y, route, "netmask"));
	const char *length = yaml_str(yaml_get(y, route, "prefix"));

	if (!to)
		to = yaml_str(yaml_get(y, route, "destination"));
	bool zero = to && (streq(to, "0.0.0.0") || streq(to, "::"));
	if (!mask)
		mask = length;
	if (is_default(to) || (zero && mask && ip_netmask_parse(mask, 0) == 0))
		set_gateway(c, a, 0, yaml_get(y, route, "gateway"));
	else
		a->routes = true;
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
		const char *length = yaml_str(yaml_get(y, subnet, "prefix"));
		if (type && (streq(type, "dhcp") || streq(type, "dhcp4")))
			a->dhcp4 = true;
		if (type && (str_starts(type, "dhcp6") || str_starts(type, "ipv6_dhcp")))
			a->dhcp6 = true;
		if (s)
			v1_address(c, a, address, mask ? mask : length);
		set_gateway(c, a, 0, yaml_get(y, subnet, "gateway"));
		yaml_node_t *routes = yaml_get(y, subnet, "routes");
		for (size_t k = 0; k < yaml_len(routes); k++)
			v1_route(c, a, yaml_item(y, routes, k));
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
			      : streq(type, "bridge")   ? LINK_UPPER
			      : streq(type, "loopback") ? LINK_LOCAL
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
	} else if (kind == LINK_UPPER) {
		add_ports(c, l, yaml_get(y, item, "bridge_interfaces"));
	}
}

void network_config_read(struct yaml *y, void *network, enum dialect dialect,
			 struct guest_links *links, struct findings *findings)
{
	struct network_config c = {
		.y = y, .dialect = dialect, .links = links, .findings = findings};
	yaml_node_t *root = network;
	yaml_node_t *version = yaml_get(y, root, "version");

	if (!yaml_is_map(root)) {
		wrong(&c, root, "day0-network", "\"network\" is not a mapping");
		return;
	}
	if (dialect != DIALECT_NETPLAN && streq(yaml_str(yaml_get(y, root, "config")), "disabled"))
		return; /* cloud-init leaves the network to the image */
	if (dialect != DIALECT_NETPLAN)
		c.dialect = streq(yaml_str(version), "1") ? DIALECT_CLOUD_INIT_V1
							  : DIALECT_CLOUD_INIT_V2;
	if (c.dialect == DIALECT_CLOUD_INIT_V1) {
		yaml_node_t *list = yaml_get(y, root, "config");
		for (size_t i = 0; i < yaml_len(list); i++)
			v1_item(&c, yaml_item(y, list, i));
		return;
	}
	/* netplan takes 2 if there is none. */
	if (!streq(yaml_str(version), "2") && (version || dialect != DIALECT_NETPLAN))
		wrong(&c, version ? version : root, "day0-network",
		      "\"network\" needs \"version: 2\" (or 1, for cloud-init's format)");
	if (dialect == DIALECT_NETPLAN)
		netplan_check_network(y, root, findings);
	c.renderer = yaml_str(yaml_get(y, root, "renderer"));
	v2_section(&c, root, "ethernets", LINK_ETHERNET);
	v2_section(&c, root, "dummy-devices", LINK_LOCAL);
	v2_section(&c, root, "bridges", LINK_UPPER);
	v2_section(&c, root, "bonds", LINK_BOND);
	v2_section(&c, root, "vlans", LINK_VLAN);
}

/* Whether cloud-init sets up a network from it; else it only disables that. */
static bool sets_network(struct yaml *y, yaml_node_t *network)
{
	return yaml_is_map(network) && !streq(yaml_str(yaml_get(y, network, "config")), "disabled");
}

void network_file_read(const char *path, const struct text *text, enum dialect dialect,
		       struct guest_links *links, struct findings *findings)
{
	cleanup_yaml struct yaml y = {0};

	if (!yaml_load(&y, text, &cloud_init_yaml, findings)) {
		links->incomplete = true;
		return;
	}
	yaml_node_t *network = yaml_get(&y, yaml_root(&y), "network");
	if (!network && dialect == DIALECT_NETPLAN && !yaml_is_null(yaml_root(&y)))
		report(findings, text, yaml_line(yaml_root(&y)), SEVERITY_ERROR, "day0-netplan",
		       "the file has no key \"network\", so netplan refuses it: put all of it "
		       "under "
		       "\"network:\"");
	if (!network)
		return;
	if (dialect != DIALECT_NETPLAN && sets_network(&y, network))
		links_file(links, path, text, APPLY_CLOUD_INIT);
	network_config_read(&y, network, dialect, links, findings);
}
