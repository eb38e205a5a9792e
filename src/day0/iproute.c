// SPDX-License-Identifier: Apache-2.0
/*
 * Commands of iproute2 (ip-link(8), ip-address(8), ip-route(8)), ifenslave, and the bonding
 * driver's files below /sys/class/net (Documentation/networking/bonding.rst). They name interfaces
 * by the kernel's names, so they change the links of all dialects.
 */
#include "base/alloc.h"
#include "base/str.h"
#include "day0/readers.h"
#include "day0/shell.h"
#include "net/ip.h"

struct ip_command {
	const struct command *c;
	const struct text *text;
	struct guest_links *links;
	struct findings *findings;
	size_t i; /* the next word */
	int family;
};

static const char *next(struct ip_command *ip)
{
	return ip->i < ip->c->n_words ? ip->c->words[ip->i++].s : NULL;
}

static const char *peek(const struct ip_command *ip)
{
	return ip->i < ip->c->n_words ? ip->c->words[ip->i].s : NULL;
}

static size_t line_of(const struct ip_command *ip)
{
	return ip->i > 0 && ip->i <= ip->c->n_words ? ip->c->words[ip->i - 1].line : ip->c->line;
}

/* ip accepts abbreviations: "a", "addr", "address". */
static bool is(const char *s, const char *whole)
{
	return s && *s && str_starts(whole, s);
}

/* The link of the interface in any dialect, or NULL. */
static struct guest_link *link_of_interface(struct guest_links *links, const char *name)
{
	return array_find(links->v, links->n, it->kind != LINK_OTHER && streq(it->name, name));
}

/* A new link of LINK_OTHER is not an interface of the guest: something else sets it up. */
static struct guest_link *link_or_new(struct ip_command *ip, const char *name, enum link_kind kind)
{
	struct guest_link *l = link_of_interface(ip->links, name);

	if (!l) {
		l = link_add(ip->links, kind, DIALECT_IPROUTE, ip->text, ip->c->line);
		l->name = xstrdup(name);
	}
	return l;
}

/* The rest of "type bond mode active-backup miimon 100 ..." */
static void bond_words(struct ip_command *ip, struct guest_link *l)
{
	const char *key, *value;

	while ((key = next(ip)) && (value = next(ip)))
		bond_option(&l->bond, key, value, ip->text, line_of(ip), ip->findings);
}

/* "type vlan proto 802.1Q id 310" */
static void vlan_words(struct ip_command *ip, struct guest_link *l)
{
	const char *key, *value;

	while ((key = next(ip)) && (value = next(ip)))
		if (streq(key, "id"))
			vlan_id_read(value, ip->text, line_of(ip), ip->findings, &l->vlan_id);
}

static void type_words(struct ip_command *ip, struct guest_link *l, const char *type)
{
	if (streq(type, "bond")) {
		l->kind = LINK_BOND;
		bond_words(ip, l);
	} else if (streq(type, "vlan")) {
		l->kind = LINK_VLAN;
		vlan_words(ip, l);
	} else if (str_in_words("bridge macvlan ipvlan", type)) {
		l->kind = LINK_UPPER;
	} else if (streq(type, "dummy")) {
		l->kind = LINK_LOCAL;
	} else if (streq(type, "bond_slave")) {
		ip->i = ip->c->n_words;
	} else {
		if (streq(type, "team"))
			links_unread(ip->links, ip->text, ip->c->line, true, "ip link",
				     "team devices are not read");
		l->kind = LINK_OTHER;
	}
}

/* "ip link add [link PARENT] [name] NAME [mtu N] type TYPE ..." */
static void link_new(struct ip_command *ip)
{
	const char *name = NULL, *parent = NULL, *mtu = NULL, *type = NULL, *s;

	while (!type && (s = next(ip))) {
		if (streq(s, "type"))
			type = next(ip);
		else if (streq(s, "link"))
			parent = next(ip);
		else if (streq(s, "mtu"))
			mtu = next(ip);
		else if (str_in_words("address txqueuelen txqlen numtxqueues numrxqueues", s))
			next(ip);
		else if (streq(s, "name") || streq(s, "dev"))
			name = next(ip);
		else if (!name)
			name = s;
	}
	if (!name || !type)
		return;
	struct guest_link *l = link_or_new(ip, name, LINK_ETHERNET);
	if (mtu)
		l->mtu = mtu_parse(mtu);
	if (parent)
		string_set(&l->parent, parent);
	type_words(ip, l, type);
}

/* "ip link set NAME master BOND mtu 9000 up" */
static void link_set(struct ip_command *ip)
{
	const char *s = next(ip), *name = streq(s, "dev") ? next(ip) : s;

	if (!name || streq(name, "group"))
		return;
	/* "up" alone sets up nothing. */
	while ((s = next(ip))) {
		if (streq(s, "master")) {
			const char *master = next(ip);
			string_set(&link_or_new(ip, name, LINK_ETHERNET)->master, master);
		} else if (streq(s, "nomaster")) {
			string_set(&link_or_new(ip, name, LINK_ETHERNET)->master, NULL);
		} else if (streq(s, "mtu") && peek(ip)) {
			link_or_new(ip, name, LINK_OTHER)->mtu = mtu_parse(next(ip));
		} else if (streq(s, "name") && peek(ip)) {
			struct guest_link *l = link_of_interface(ip->links, name);
			if (l)
				string_set(&l->name, peek(ip));
			name = next(ip);
		} else if (streq(s, "type") && peek(ip)) {
			const char *type = next(ip);
			type_words(ip, link_or_new(ip, name, LINK_ETHERNET), type);
		} else if (str_in_words("address txqueuelen txqlen alias vf", s)) {
			next(ip);
		}
	}
}

static void link_delete(struct ip_command *ip)
{
	const char *s = next(ip), *name = streq(s, "dev") ? next(ip) : s;
	struct guest_link *l = name ? link_of_interface(ip->links, name) : NULL;

	if (l)
		link_remove(ip->links, l);
}

/* A peer, scope, label and the like follow the address; "dev NAME" is anywhere. */
static void address(struct ip_command *ip, bool add)
{
	const char *value = NULL, *name = NULL, *s;
	size_t line = 0;

	while ((s = next(ip))) {
		if (streq(s, "dev")) {
			name = next(ip);
		} else if (str_in_words("scope label broadcast brd peer anycast metric valid_lft "
					"preferred_lft",
					s)) {
			next(ip);
		} else if (!value) {
			value = streq(s, "local") ? next(ip) : s;
			line = line_of(ip);
		}
	}
	if (!value || !name || streq(name, "lo"))
		return;
	const char *slash = strchr(value, '/'); /* "192.0.2.1/255.255.255.0" */
	int len = slash && strchr(slash, '.') ? ip_netmask_parse(slash + 1, 4) : -1;
	cleanup_free char *of_mask =
		len >= 0 ? xasprintf("%.*s/%d", (int)(slash - value), value, len) : NULL;
	value = of_mask ? of_mask : value;
	struct guest_addresses *a = &link_or_new(ip, name, LINK_ETHERNET)->addresses;
	if (!add) {
		char **old = array_find(a->v, a->n, streq(*it, value));
		if (old) {
			free(*old);
			memmove(old, old + 1, (size_t)(a->v + --a->n - old) * sizeof(*old));
		}
		return;
	}
	address_check(value, ip->family, ADDRESS_WITH_PREFIX, ip->text, line, ip->findings);
	if (!str_in(value, a->v, a->n))
		*array_push(a->v, a->n) = xstrdup(value);
}

/* "ip route add default via GATEWAY dev NAME"; other routes: only that there are some. */
static void route(struct ip_command *ip)
{
	const char *to = NULL, *gateway = NULL, *name = NULL, *s;
	size_t line = 0;
	bool table = false;

	while ((s = next(ip))) {
		if (streq(s, "dev")) {
			name = next(ip);
		} else if (streq(s, "via")) {
			gateway = next(ip);
			if (gateway && (streq(gateway, "inet") || streq(gateway, "inet6")))
				gateway = next(ip);
			line = line_of(ip);
		} else if (str_in_words("metric proto scope src mtu advmss table tos pref", s)) {
			table |= streq(s, "table");
			next(ip);
		} else if (!to) {
			to = streq(s, "to") ? next(ip) : s;
		}
	}
	bool is_default = to && str_in_words("default 0.0.0.0/0 ::/0 0/0", to) && !table;
	struct guest_link *l =
		name ? link_or_new(ip, name, LINK_OTHER) : link_towards(ip->links, gateway);
	if (!l || !to)
		return;
	if (!is_default || !gateway) {
		l->addresses.routes = true;
		return;
	}
	address_check(gateway, ip->family, ADDRESS_ALONE, ip->text, line, ip->findings);
	string_set(strchr(gateway, ':') ? &l->addresses.gateway6 : &l->addresses.gateway4, gateway);
}

/* ip's own options: "-4", "-6", "-n NETNS", "-batch FILE". False: it is not about this namespace.
 */
static bool options(struct ip_command *ip)
{
	while (peek(ip) && peek(ip)[0] == '-') {
		const char *s = next(ip);
		if (streq(s, "-4") || streq(s, "-6")) {
			ip->family = s[1] - '0';
		} else if (streq(s, "-f") || streq(s, "-family")) {
			s = next(ip);
			ip->family = streq(s, "inet6") ? 6 : streq(s, "inet") ? 4 : 0;
		} else if (streq(s, "-n") || streq(s, "-netns")) {
			return false;
		} else if (is(s, "-batch") && s[1]) {
			links_unread(ip->links, ip->text, ip->c->line, true, "ip -batch",
				     "the commands in its file are not read");
			return false;
		}
	}
	return true;
}

void iproute_read(const struct command *c, size_t name, const struct text *text,
		  struct guest_links *links, struct findings *findings)
{
	struct ip_command ip = {c, text, links, findings, name + 1, 0};

	if (!options(&ip))
		return;
	const char *object = next(&ip), *verb = next(&ip);
	bool add =
		is(verb, "add") || is(verb, "replace") || is(verb, "change") || is(verb, "append");
	if (!verb)
		return;
	if (is(object, "link") && is(verb, "add"))
		link_new(&ip);
	else if (is(object, "link") && is(verb, "set"))
		link_set(&ip);
	else if (is(object, "link") && is(verb, "delete"))
		link_delete(&ip);
	else if (is(object, "address") && (add || is(verb, "delete")))
		address(&ip, add);
	else if (is(object, "route") && add)
		route(&ip);
}

void ifenslave_read(const struct command *c, size_t name, const struct text *text,
		    struct guest_links *links)
{
	struct ip_command ip = {c, text, links, NULL, name + 1, 0};
	const char *bond = NULL, *s;

	while ((s = next(&ip))) {
		if (*s == '-')
			continue;
		if (!bond) {
			bond = s;
			link_or_new(&ip, bond, LINK_BOND)->kind = LINK_BOND;
		} else {
			string_set(&link_or_new(&ip, s, LINK_ETHERNET)->master, bond);
		}
	}
}

/* "+eth1" to "slaves" of /sys/class/net/BOND/bonding/, "+bond0" to bonding_masters */
static void sysfs_names(struct ip_command *ip, const char *bond, const char *value)
{
	cleanup_free char *copy = xstrdup(value);
	char *save = NULL;

	for (char *s = strtok_r(copy, " \t\n", &save); s; s = strtok_r(NULL, " \t\n", &save)) {
		if (*s != '+')
			continue;
		if (bond)
			string_set(&link_or_new(ip, s + 1, LINK_ETHERNET)->master, bond);
		else
			link_or_new(ip, s + 1, LINK_BOND)->kind = LINK_BOND;
	}
}

bool sysfs_read(const char *path, const char *value, const struct command *c,
		const struct text *text, struct guest_links *links, struct findings *findings)
{
	static const char start[] = "/sys/class/net/";
	struct ip_command ip = {c, text, links, findings, 0, 0};

	if (!str_starts(path, start))
		return false;
	path += strlen(start);
	cleanup_free char *name = xstrndup(path, strcspn(path, "/"));
	cleanup_free char *bare = xstrndup(value, strcspn(value, "\n"));
	const char *file = path + strlen(name);
	if (streq(path, "bonding_masters")) {
		sysfs_names(&ip, NULL, bare);
	} else if (streq(file, "/bonding/slaves")) {
		sysfs_names(&ip, name, bare);
	} else if (str_starts(file, "/bonding/")) {
		struct guest_link *l = link_or_new(&ip, name, LINK_BOND);
		bare[strcspn(bare, " ")] = 0; /* "active-backup 1" */
		if (*bare != '-')
			bond_option(&l->bond, file + strlen("/bonding/"), bare + (*bare == '+'),
				    text, c->line, findings);
	} else if (streq(file, "/mtu")) {
		link_or_new(&ip, name, LINK_OTHER)->mtu = mtu_parse(bare);
	}
	return true;
}
