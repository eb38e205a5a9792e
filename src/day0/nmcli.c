// SPDX-License-Identifier: Apache-2.0
/* nmcli(1) and nm-settings-nmcli(5): "connection add", "modify" and "delete". */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "day0/network.h"
#include "day0/shell.h"

struct nmcli {
	const struct text *text;
	struct guest_links *links;
	struct findings *findings;
	struct guest_link *link; /* the connection that is added or changed */
	size_t line;             /* of the current word */
	bool method4;            /* whether ipv4.method is given */
};

/* nmcli accepts abbreviated words. */
static bool abbreviates(const char *s, const char *whole, size_t least)
{
	return strlen(s) >= least && str_starts(whole, s);
}

enum property {
	PROPERTY_NONE,
	CON_ID,
	CON_IFNAME,
	CON_TYPE,
	CON_MASTER,
	CON_SLAVE_TYPE,
	BOND_OPTIONS,
	BOND_OPTION, /* an option under its own name: "miimon 100" */
	IP4_ADDRESSES,
	IP4_ADD, /* "ip4": adds an address and sets method manual */
	IP4_GATEWAY,
	IP4_METHOD,
	IP6_ADDRESSES,
	IP6_ADD,
	IP6_GATEWAY,
	IP6_METHOD,
	VLAN_PARENT,
	VLAN_ID,
	ETHERNET_MAC,
	ETHERNET_MTU,
	ROUTES,
};

static const struct {
	const char *setting, *name; /* an alias of "connection add" */
	enum property property;
} properties[] = {
	{NULL, "con-name", CON_ID},
	{NULL, "ifname", CON_IFNAME},
	{NULL, "type", CON_TYPE},
	{NULL, "master", CON_MASTER},
	{NULL, "controller", CON_MASTER},
	{NULL, "slave-type", CON_SLAVE_TYPE},
	{NULL, "port-type", CON_SLAVE_TYPE},
	{NULL, "mac", ETHERNET_MAC},
	{NULL, "mtu", ETHERNET_MTU},
	{NULL, "ip4", IP4_ADD},
	{NULL, "gw4", IP4_GATEWAY},
	{NULL, "ip6", IP6_ADD},
	{NULL, "gw6", IP6_GATEWAY},
	{NULL, "dev", VLAN_PARENT},
	{NULL, "id", VLAN_ID},
	{NULL, "mode", BOND_OPTION},
	{NULL, "primary", BOND_OPTION},
	{NULL, "miimon", BOND_OPTION},
	{NULL, "downdelay", BOND_OPTION},
	{NULL, "updelay", BOND_OPTION},
	{NULL, "arp-interval", BOND_OPTION},
	{NULL, "arp-ip-target", BOND_OPTION},
	{NULL, "lacp-rate", BOND_OPTION},
	{"connection", "id", CON_ID},
	{"connection", "interface-name", CON_IFNAME},
	{"connection", "type", CON_TYPE},
	{"connection", "master", CON_MASTER},
	{"connection", "controller", CON_MASTER},
	{"connection", "slave-type", CON_SLAVE_TYPE},
	{"connection", "port-type", CON_SLAVE_TYPE},
	{"bond", "options", BOND_OPTIONS},
	{"ipv4", "addresses", IP4_ADDRESSES},
	{"ipv4", "gateway", IP4_GATEWAY},
	{"ipv4", "method", IP4_METHOD},
	{"ipv6", "addresses", IP6_ADDRESSES},
	{"ipv6", "gateway", IP6_GATEWAY},
	{"ipv6", "method", IP6_METHOD},
	{"vlan", "parent", VLAN_PARENT},
	{"vlan", "id", VLAN_ID},
	{"802-3-ethernet", "mac-address", ETHERNET_MAC},
	{"ethernet", "mac-address", ETHERNET_MAC},
	{"802-3-ethernet", "mtu", ETHERNET_MTU},
	{"ethernet", "mtu", ETHERNET_MTU},
	{"ipv4", "routes", ROUTES},
	{"ipv6", "routes", ROUTES},
	{"ipv4", "routing-rules", ROUTES},
	{"ipv6", "routing-rules", ROUTES},
};

/* The property that the word names. *ret_name is the word without "+", "-" and setting. */
static enum property find_property(const char *word, const char **ret_name)
{
	const char *dot = strchr(word, '.');
	cleanup_free char *setting = dot ? xstrndup(word, (size_t)(dot - word)) : NULL;
	const char *name = dot ? dot + 1 : word;

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		if (!properties[i].setting != !setting)
			continue;
		if (setting && !abbreviates(setting, properties[i].setting, 3))
			continue;
		if (streq(name, properties[i].name) ||
		    (setting && abbreviates(name, properties[i].name, 2))) {
			*ret_name = properties[i].name;
			return properties[i].property;
		}
	}
	return PROPERTY_NONE;
}

static void set_type(struct guest_link *l, const char *value)
{
	if (abbreviates(value, "ethernet", 2) || abbreviates(value, "802-3-ethernet", 5) ||
	    streq(value, "bond-slave") || streq(value, "bond-port"))
		l->kind = LINK_ETHERNET;
	else if (streq(value, "bond"))
		l->kind = LINK_BOND;
	else if (abbreviates(value, "vlan", 2))
		l->kind = LINK_VLAN;
	else
		l->kind = LINK_OTHER;
}

static void drop_address(struct guest_addresses *a, const char *value)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!streq(a->v[i], value))
			continue;
		free(a->v[i]);
		memmove(a->v + i, a->v + i + 1, (a->n - i - 1) * sizeof(*a->v));
		a->n--;
		return;
	}
}

/* Removes the addresses of a family. Invalid addresses have no family and are kept. */
static void drop_family(struct guest_addresses *a, int family)
{
	for (size_t i = a->n; i-- > 0;) {
		if (address_family(a->v[i]) != family)
			continue;
		free(a->v[i]);
		memmove(a->v + i, a->v + i + 1, (a->n - i - 1) * sizeof(*a->v));
		a->n--;
	}
}

/* op is '+', '-', or 0 to replace. */
static void set_addresses(struct nmcli *n, int family, char op, const char *value)
{
	struct guest_addresses *a = &n->link->addresses;
	cleanup_free char *copy = xstrdup(value);
	char *save = NULL;

	if (op == 0)
		drop_family(a, family);
	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		s += strspn(s, " \t");
		s[strcspn(s, " \t")] = 0; /* NetworkManager used to accept "address gateway" */
		if (!*s)
			continue;
		if (op == '-') {
			drop_address(a, s);
			continue;
		}
		address_check(s, family, ADDRESS_WITH_PREFIX, n->text, n->line, n->findings);
		*array_push(a->v, a->n) = xstrdup(s);
	}
}

static void set_gateway(struct nmcli *n, int family, char **gateway, const char *value)
{
	if (!*value) {
		string_set(gateway, NULL);
		return;
	}
	address_check(value, family, ADDRESS_ALONE, n->text, n->line, n->findings);
	string_set(gateway, value);
}

static void set_vlan_id(struct nmcli *n, const char *value)
{
	int64_t id;

	if (strpbrk(value, "$`"))
		return;
	if (str_to_int(value, 0, 4094, &id) < 0) {
		cleanup_free char *q = quotable(value);
		report(n->findings, n->text, n->line, SEVERITY_ERROR, "day0-vlan",
		       "VLAN id \"%s\" must be from 0 to 4094", q);
		return;
	}
	n->link->vlan_id = (int)id;
}

static void set_bond_options(struct nmcli *n, char op, const char *value)
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

static void set_method(struct nmcli *n, bool *dhcp, const char *value)
{
	static const char *const methods[] = {"auto",   "manual", "disabled", "link-local",
					      "shared", "ignore", "dhcp"};

	*dhcp = streq(value, "auto") || streq(value, "dhcp");
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (streq(value, methods[i]) || strpbrk(value, "$`"))
			return;
	cleanup_free char *q = quotable(value);
	report(n->findings, n->text, n->line, SEVERITY_ERROR, "day0-nmcli",
	       "NetworkManager has no method \"%s\"", q);
}

static void set_property(struct nmcli *n, const char *word, const char *value)
{
	struct guest_link *l = n->link;
	char op = *word == '+' || *word == '-' ? *word : (char)0;
	const char *name = word;

	switch (find_property(op ? word + 1 : word, &name)) {
	case PROPERTY_NONE:
		break;
	case CON_ID:
		string_set(&l->id, value);
		break;
	case CON_IFNAME:
		string_set(&l->name, streq(value, "*") || !*value ? NULL : value);
		break;
	case CON_TYPE:
		set_type(l, value);
		break;
	case CON_MASTER:
		string_set(&l->master, *value ? value : NULL);
		break;
	case CON_SLAVE_TYPE:
		if (*value && !streq(value, "bond"))
			l->kind = LINK_OTHER;
		break;
	case BOND_OPTIONS:
		set_bond_options(n, op, value);
		break;
	case BOND_OPTION:
		bond_option(&l->bond, name, value, n->text, n->line, n->findings);
		break;
	case IP4_ADDRESSES:
		set_addresses(n, 4, op, value);
		break;
	case IP4_ADD:
		n->method4 = true;
		set_addresses(n, 4, '+', value);
		break;
	case IP4_GATEWAY:
		set_gateway(n, 4, &l->addresses.gateway4, value);
		break;
	case IP4_METHOD:
		n->method4 = true;
		set_method(n, &l->addresses.dhcp4, value);
		break;
	case IP6_ADDRESSES:
		set_addresses(n, 6, op, value);
		break;
	case IP6_ADD:
		set_addresses(n, 6, '+', value);
		break;
	case IP6_GATEWAY:
		set_gateway(n, 6, &l->addresses.gateway6, value);
		break;
	case IP6_METHOD:
		set_method(n, &l->addresses.dhcp6, value);
		break;
	case VLAN_PARENT:
		string_set(&l->parent, value);
		break;
	case VLAN_ID:
		set_vlan_id(n, value);
		break;
	case ETHERNET_MAC:
		mac_check(value, n->text, n->line, n->findings);
		string_set(&l->mac, value);
		break;
	case ETHERNET_MTU:
		l->mtu = mtu_parse(value);
		break;
	case ROUTES:
		l->addresses.routes = *value && op != '-';
		break;
	}
}

static void set_properties(struct nmcli *n, const struct command *c, size_t i)
{
	for (; i < c->n_words; i++) {
		const char *word = c->words[i].s;
		n->line = c->words[i].line;
		if (streq(word, "--") || streq(word, "--temporary"))
			continue;
		if (i + 1 == c->n_words) {
			cleanup_free char *q = quotable(word);
			report(n->findings, n->text, n->line, SEVERITY_ERROR, "day0-nmcli",
			       "nmcli: \"%s\" has no value", q);
			return;
		}
		i++;
		n->line = c->words[i].line;
		set_property(n, word, c->words[i].s);
	}
}

/* nmcli's default for con-name: "bond-bond0", "bond-slave-ens6". */
static char *default_id(const struct guest_link *l)
{
	const char *type = l->kind == LINK_BOND    ? "bond"
			   : l->kind == LINK_VLAN  ? "vlan"
			   : l->kind == LINK_OTHER ? "connection"
			   : l->master             ? "bond-slave"
						   : "ethernet";

	return l->name ? xasprintf("%s-%s", type, l->name) : xstrdup(type);
}

static void add(struct nmcli *n, const struct command *c, size_t i)
{
	n->link = link_add(n->links, LINK_OTHER, DIALECT_NMCLI, n->text, c->line);
	set_properties(n, c, i);
	struct guest_link *l = n->link;
	if (!l->id)
		l->id = default_id(l);
	/* The default method is "auto", and none for a leg. IPv6 "auto" usually means SLAAC. */
	if (!l->master && !n->method4)
		l->addresses.dhcp4 = true;
}

/* Parses "[id | uuid | path] ID" at i and moves past it. NULL if there is none. */
static const char *take_id(const struct command *c, size_t *i)
{
	while (*i < c->n_words && str_starts(c->words[*i].s, "--"))
		(*i)++;
	if (*i + 1 < c->n_words && (streq(c->words[*i].s, "id") || streq(c->words[*i].s, "uuid") ||
				    streq(c->words[*i].s, "path")))
		(*i)++;
	return *i < c->n_words ? c->words[(*i)++].s : NULL;
}

static void modify(struct nmcli *n, const struct command *c, size_t i)
{
	const char *id = take_id(c, &i);

	if (!id)
		return;
	n->link = link_find(n->links, DIALECT_NMCLI, id);
	if (!n->link) { /* a connection that is part of the image */
		n->link = link_add(n->links, LINK_ETHERNET, DIALECT_NMCLI, n->text, c->line);
		n->link->id = xstrdup(id);
	}
	set_properties(n, c, i);
}

static void remove_links(struct nmcli *n, const struct command *c, size_t i)
{
	const char *id;

	while ((id = take_id(c, &i))) {
		struct guest_link *l = link_find(n->links, DIALECT_NMCLI, id);
		if (l)
			link_remove(n->links, l);
	}
}

/* Skips nmcli's own options, some of which have a value. */
static size_t skip_options(const struct command *c, size_t i)
{
	static const char *const with_value[] = {"-c",       "-e",           "-f",       "-g",
						 "-m",       "-w",           "--colors", "--escape",
						 "--fields", "--get-values", "--mode",   "--wait"};

	for (; i < c->n_words && c->words[i].s[0] == '-'; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(with_value); k++) {
			if (streq(c->words[i].s, with_value[k])) {
				i++;
				break;
			}
		}
	}
	return i;
}

void nmcli_read(const struct command *c, size_t name, const struct text *text,
		struct guest_links *links, struct findings *findings)
{
	struct nmcli n = {.text = text, .links = links, .findings = findings, .line = c->line};
	size_t i = skip_options(c, name + 1);

	if (i + 1 >= c->n_words || !abbreviates(c->words[i].s, "connection", 1))
		return;
	const char *verb = c->words[i + 1].s;
	if (abbreviates(verb, "add", 1))
		add(&n, c, i + 2);
	else if (abbreviates(verb, "modify", 1))
		modify(&n, c, i + 2);
	else if (abbreviates(verb, "delete", 1))
		remove_links(&n, c, i + 2);
}
