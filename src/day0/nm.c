// SPDX-License-Identifier: Apache-2.0
/* Properties of NetworkManager's connections: nm-settings-nmcli(5). */
#include "day0/nm.h"

#include "base/alloc.h"
#include "base/str.h"

bool nm_abbreviates(const char *s, const char *whole, size_t least)
{
	return strlen(s) >= least && str_starts(whole, s);
}

enum property {
	CON_ID,
	CON_IFNAME,
	CON_TYPE,
	CON_MASTER,
	CON_SLAVE_TYPE,
	CON_UUID,
	BOND_OPTIONS,
	BOND_OPTION, /* an option under its own name: "miimon 100" */
	IP_ADDRESSES,
	IP_ADD, /* "ip4": adds an address and sets method manual */
	IP_GATEWAY,
	IP_METHOD,
	VLAN_PARENT,
	VLAN_ID,
	ETHERNET_MAC,
	ETHERNET_MTU,
	ROUTES,
};

static const struct property_row {
	const char *setting, *name; /* an alias of "connection add" */
	enum property property;
	int family; /* of IP_* */
} properties[] = {
	{NULL, "con-name", CON_ID, 0},
	{NULL, "ifname", CON_IFNAME, 0},
	{NULL, "type", CON_TYPE, 0},
	{NULL, "master", CON_MASTER, 0},
	{NULL, "controller", CON_MASTER, 0},
	{NULL, "slave-type", CON_SLAVE_TYPE, 0},
	{NULL, "port-type", CON_SLAVE_TYPE, 0},
	{NULL, "mac", ETHERNET_MAC, 0},
	{NULL, "mtu", ETHERNET_MTU, 0},
	{NULL, "ip4", IP_ADD, 4},
	{NULL, "gw4", IP_GATEWAY, 4},
	{NULL, "ip6", IP_ADD, 6},
	{NULL, "gw6", IP_GATEWAY, 6},
	{NULL, "dev", VLAN_PARENT, 0},
	{NULL, "id", VLAN_ID, 0},
	{NULL, "mode", BOND_OPTION, 0},
	{NULL, "primary", BOND_OPTION, 0},
	{NULL, "miimon", BOND_OPTION, 0},
	{NULL, "downdelay", BOND_OPTION, 0},
	{NULL, "updelay", BOND_OPTION, 0},
	{NULL, "arp-interval", BOND_OPTION, 0},
	{NULL, "arp-ip-target", BOND_OPTION, 0},
	{NULL, "lacp-rate", BOND_OPTION, 0},
	{"connection", "id", CON_ID, 0},
	{"connection", "interface-name", CON_IFNAME, 0},
	{"connection", "type", CON_TYPE, 0},
	{"connection", "uuid", CON_UUID, 0},
	{"connection", "master", CON_MASTER, 0},
	{"connection", "controller", CON_MASTER, 0},
	{"connection", "slave-type", CON_SLAVE_TYPE, 0},
	{"connection", "port-type", CON_SLAVE_TYPE, 0},
	{"bond", "options", BOND_OPTIONS, 0},
	{"ipv4", "addresses", IP_ADDRESSES, 4},
	{"ipv4", "gateway", IP_GATEWAY, 4},
	{"ipv4", "method", IP_METHOD, 4},
	{"ipv6", "addresses", IP_ADDRESSES, 6},
	{"ipv6", "gateway", IP_GATEWAY, 6},
	{"ipv6", "method", IP_METHOD, 6},
	{"vlan", "parent", VLAN_PARENT, 0},
	{"vlan", "id", VLAN_ID, 0},
	{"macvlan", "parent", VLAN_PARENT, 0},
	{"ipvlan", "parent", VLAN_PARENT, 0},
	{"802-3-ethernet", "mac-address", ETHERNET_MAC, 0},
	{"ethernet", "mac-address", ETHERNET_MAC, 0},
	{"802-3-ethernet", "mtu", ETHERNET_MTU, 0},
	{"ethernet", "mtu", ETHERNET_MTU, 0},
	{"ipv4", "routes", ROUTES, 4},
	{"ipv6", "routes", ROUTES, 6},
	{"ipv4", "routing-rules", ROUTES, 0},
	{"ipv6", "routing-rules", ROUTES, 0},
};

/* The property that the word, without "+" and "-", names, or NULL. */
static const struct property_row *find_property(const char *word)
{
	const char *dot = strchr(word, '.');
	cleanup_free char *setting = dot ? xstrndup(word, (size_t)(dot - word)) : NULL;
	const char *name = dot ? dot + 1 : word;

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		if (!properties[i].setting != !setting)
			continue;
		if (setting && !nm_abbreviates(setting, properties[i].setting, 3))
			continue;
		if (streq(name, properties[i].name) ||
		    (setting && nm_abbreviates(name, properties[i].name, 2)))
			return &properties[i];
	}
	return NULL;
}

/* A port of a bridge, of whatever type. */
static void set_bridged(struct guest_link *l)
{
	l->bridged = true;
	if (l->kind == LINK_OTHER)
		l->kind = LINK_ETHERNET;
}

/* A device of which several interfaces are ports, as of a bond; or one of its ports. */
static void set_unread(const struct nm *n, const char *value)
{
	cleanup_free char *what = xasprintf("%s of NetworkManager", value);

	if (str_starts(value, "team") || str_starts(value, "ovs-"))
		links_unread(n->links, n->text, n->line, true, what,
			     "connections of its type are not read");
}

static void set_type(const struct nm *n, struct guest_link *l, const char *value)
{
	set_unread(n, value);
	if (nm_abbreviates(value, "ethernet", 2) || nm_abbreviates(value, "802-3-ethernet", 5) ||
	    streq(value, "bond-slave") || streq(value, "bond-port"))
		l->kind = LINK_ETHERNET;
	else if (streq(value, "bond"))
		l->kind = LINK_BOND;
	else if (nm_abbreviates(value, "vlan", 2))
		l->kind = LINK_VLAN;
	else if (streq(value, "bridge") || streq(value, "macvlan") || streq(value, "ipvlan"))
		l->kind = LINK_UPPER;
	else if (streq(value, "loopback") || streq(value, "dummy"))
		l->kind = LINK_LOCAL;
	else if (streq(value, "bridge-slave") || streq(value, "bridge-port"))
		set_bridged(l);
	else
		l->kind = LINK_OTHER;
}

/* Removes the address, or all addresses of a family. Invalid addresses have no family. */
static void drop_addresses(struct guest_addresses *a, const char *value, int family)
{
	for (size_t i = a->n; i-- > 0;) {
		if (value ? !streq(a->v[i], value) : address_family(a->v[i]) != family)
			continue;
		free(a->v[i]);
		memmove(a->v + i, a->v + i + 1, (a->n - i - 1) * sizeof(*a->v));
		a->n--;
	}
}

/* op is '+', '-', or 0 to replace. */
static void set_addresses(struct nm *n, int family, char op, const char *value)
{
	struct guest_addresses *a = &n->link->addresses;
	cleanup_free char *copy = xstrdup(value);
	char *save = NULL;

	if (op == 0)
		drop_addresses(a, NULL, family);
	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		s += strspn(s, " \t");
		s[strcspn(s, " \t")] = 0; /* NetworkManager used to accept "address gateway" */
		if (!*s)
			continue;
		if (op == '-') {
			drop_addresses(a, s, 0);
			continue;
		}
		address_check(s, family, ADDRESS_WITH_PREFIX, n->text, n->line, n->findings);
		*array_push(a->v, a->n) = xstrdup(s);
	}
}

static void set_gateway(struct nm *n, int family, const char *value)
{
	struct guest_addresses *a = &n->link->addresses;
	char **gateway = family == 4 ? &a->gateway4 : &a->gateway6;

	if (!*value) {
		string_set(gateway, NULL);
		return;
	}
	address_check(value, family, ADDRESS_ALONE, n->text, n->line, n->findings);
	string_set(gateway, value);
}

static void set_bond_options(struct nm *n, char op, const char *value)
{
	struct bond *b = &n->link->bond;

	if (op == '-')
		return; /* resets an option to its default; the result is left unknown */
	if (op == 0) {
		b->mode = BOND_MODE_UNSET;
		b->miimon = b->arp_interval = -1;
		b->fail_over_mac = FAIL_OVER_MAC_UNSET;
	}
	bond_options(b, value, ",\n", n->text, n->line, n->findings);
}

static void set_method(struct nm *n, int family, const char *value)
{
	static const char *const methods[] = {"auto",   "manual", "disabled", "link-local",
					      "shared", "ignore", "dhcp"};
	bool *dhcp = family == 4 ? &n->link->addresses.dhcp4 : &n->link->addresses.dhcp6;

	n->method4 |= family == 4;
	*dhcp = streq(value, "auto") || streq(value, "dhcp");
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (streq(value, methods[i]) || strpbrk(value, "$`"))
			return;
	cleanup_free char *q = quotable(value);
	report(n->findings, n->text, n->line, SEVERITY_ERROR, "day0-nmcli",
	       "NetworkManager has no method \"%s\"", q);
}

/* "10.0.0.0/8 192.0.2.1 100, default 192.0.2.2": a default route is a gateway. Rules have no
 * family. */
static void set_routes(struct nm *n, char op, int family, const char *value)
{
	struct guest_addresses *a = &n->link->addresses;
	cleanup_free char *copy = xstrdup(value);
	char *rest = copy, *route;

	a->routes &= op == '+';
	while (op != '-' && (route = strsep(&rest, ","))) {
		char *save = NULL, *to = strtok_r(route, " \t", &save);
		const char *via = to ? strtok_r(NULL, " \t", &save) : NULL;
		if (family && via && str_in_words("default 0.0.0.0/0 ::/0", to))
			set_gateway(n, family, via);
		else
			a->routes |= to != NULL;
	}
}

bool nm_set(struct nm *n, const char *word, const char *value)
{
	struct guest_link *l = n->link;
	char op = *word == '+' || *word == '-' ? *word : (char)0;
	const struct property_row *row = find_property(op ? word + 1 : word);

	if (!row)
		return false;
	switch (row->property) {
	case CON_ID:
		string_set(&l->id, value);
		break;
	case CON_IFNAME:
		string_set(&l->name, streq(value, "*") || !*value ? NULL : value);
		break;
	case CON_TYPE:
		set_type(n, l, value);
		break;
	case CON_MASTER:
		string_set(&l->master, *value ? value : NULL);
		break;
	case CON_SLAVE_TYPE:
		set_unread(n, value);
		if (streq(value, "bridge"))
			l->bridged = true;
		else if (*value && !streq(value, "bond"))
			l->kind = LINK_OTHER;
		break;
	case CON_UUID:
		string_set(&l->uuid, value);
		break;
	case BOND_OPTIONS:
		set_bond_options(n, op, value);
		break;
	case BOND_OPTION:
		if (l->kind == LINK_BOND || l->kind == LINK_OTHER) /* "mode" of a macvlan */
			bond_option(&l->bond, row->name, value, n->text, n->line, n->findings);
		break;
	case IP_ADD:
		n->method4 |= row->family == 4;
		op = '+';
		__attribute__((fallthrough));
	case IP_ADDRESSES:
		set_addresses(n, row->family, op, value);
		break;
	case IP_GATEWAY:
		set_gateway(n, row->family, value);
		break;
	case IP_METHOD:
		set_method(n, row->family, value);
		break;
	case VLAN_PARENT:
		string_set(&l->parent, value);
		break;
	case VLAN_ID:
		vlan_id_read(value, n->text, n->line, n->findings, &l->vlan_id);
		break;
	case ETHERNET_MAC:
		mac_check(value, n->text, n->line, n->findings);
		string_set(&l->mac, value);
		break;
	case ETHERNET_MTU:
		l->mtu = mtu_parse(value);
		break;
	case ROUTES:
		set_routes(n, op, row->family, value);
		break;
	}
	return true;
}

void nm_finish(struct nm *n)
{
	/* IPv6 "auto" usually means SLAAC. */
	if (!n->link->master && !n->method4)
		n->link->addresses.dhcp4 = true;
}
