// SPDX-License-Identifier: Apache-2.0
/* ifcfg files: /usr/share/doc/initscripts/sysconfig.txt and nm-settings-ifcfg-rh(5). */
#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/ifcfg.h"
#include "day0/readers.h"
#include "net/ip.h"

const char *ifcfg_get(const struct ifcfg *f, const char *name, size_t *ret_line)
{
	size_t len = strlen(name);

	for (size_t i = f->script.n; i-- > 0;) {
		const struct command *c = &f->script.v[i];
		const char *s = c->n_words > 0 ? c->words[0].s : "";
		if (strncmp(s, name, len) == 0 && s[len] == '=' && s[len + 1]) {
			*ret_line = c->words[0].line;
			return s + len + 1;
		}
	}
	return NULL;
}

static const char *get_numbered(const struct ifcfg *f, const char *name, int number,
				size_t *ret_line)
{
	cleanup_free char *full = number < 0 ? xstrdup(name) : xasprintf("%s%d", name, number);

	return ifcfg_get(f, full, ret_line);
}

bool ifcfg_is_yes(const char *s)
{
	return s && (strcasecmp(s, "yes") == 0 || strcasecmp(s, "true") == 0 || streq(s, "1"));
}

/* IPADDR, IPADDR0, IPADDR1 ... with PREFIXn or NETMASKn. */
static void add_ipv4(const struct ifcfg *f, struct guest_link *l, struct findings *findings)
{
	for (int i = -1; i < 256; i++) {
		size_t line, other;
		const char *address = get_numbered(f, "IPADDR", i, &line);
		if (!address)
			continue;
		const char *prefix = get_numbered(f, "PREFIX", i, &other);
		const char *mask = get_numbered(f, "NETMASK", i, &other);
		cleanup_free char *whole = NULL;
		if (prefix) {
			whole = xasprintf("%s/%s", address, prefix);
		} else if (mask && strpbrk(mask, "$`")) {
			whole = xasprintf("%s/%s", address, mask);
		} else if (mask) {
			struct ip_addr ip;
			int n = ip_parse(mask, &ip) && ip.version == 4 ? ip_netmask_len(&ip) : -1;
			cleanup_free char *q = quotable(mask);
			if (n < 0)
				report(findings, f->text, other, SEVERITY_ERROR, "day0-address",
				       "\"%s\" is not a netmask", q);
			whole = xasprintf("%s/%d", address, n < 0 ? 32 : n);
		} else { /* by its class, as ipcalc and NetworkManager do */
			struct ip_addr ip;
			bool known = ip_parse(address, &ip) && ip.version == 4;
			whole = known ? xasprintf("%s/%d", address, ip_classful_len(&ip))
				      : xstrdup(address);
		}
		address_check(whole, 4, ADDRESS_WITH_PREFIX, f->text, line, findings);
		*array_push(l->addresses.v, l->addresses.n) = xstrdup(whole);
	}
}

/* ifcfg-eth0-range0: all addresses from IPADDR_START to IPADDR_END. */
static void add_range(const struct ifcfg *f, struct guest_link *l)
{
	size_t line;
	const char *first = ifcfg_get(f, "IPADDR_START", &line),
		   *last = ifcfg_get(f, "IPADDR_END", &line);
	const char *prefix = ifcfg_get(f, "PREFIX", &line), *mask = ifcfg_get(f, "NETMASK", &line);
	struct ip_addr a, b;

	if (!first || !last || !ip_parse(first, &a) || !ip_parse(last, &b) || a.version != 4 ||
	    b.version != 4)
		return;
	int len = prefix ? ip_netmask_parse(prefix, 4) : mask ? ip_netmask_parse(mask, 4) : -1;
	if (len < 0)
		len = ip_classful_len(&a);
	for (unsigned n = a.bytes[3]; memcmp(a.bytes, b.bytes, 3) == 0 && n <= b.bytes[3]; n++)
		*array_push(l->addresses.v, l->addresses.n) =
			xasprintf("%u.%u.%u.%u/%d", a.bytes[0], a.bytes[1], a.bytes[2], n, len);
}

static void add_ipv6(const struct ifcfg *f, struct guest_link *l, struct findings *findings)
{
	static const char *const names[] = {"IPV6ADDR", "IPV6ADDR_SECONDARIES"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t line = 0;
		const char *value = ifcfg_get(f, names[i], &line);
		cleanup_free char *copy = xstrdup(value ? value : "");
		char *save = NULL;
		for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save)) {
			cleanup_free char *whole =
				strpbrk(s, "/$`") ? xstrdup(s) : xasprintf("%s/64", s);
			address_check(whole, 6, ADDRESS_WITH_PREFIX, f->text, line, findings);
			*array_push(l->addresses.v, l->addresses.n) = steal_ptr(whole);
		}
	}
}

static void add_gateway(const struct ifcfg *f, const char *name, int family, char **gateway,
			struct findings *findings)
{
	size_t line;
	const char *value = ifcfg_get(f, name, &line);

	if (!value)
		return;
	cleanup_free char *bare = xstrndup(value, strcspn(value, "%")); /* "fe80::1%eth0" */
	address_check(bare, family, ADDRESS_ALONE, f->text, line, findings);
	string_set(gateway, bare);
}

static void add_addresses(const struct ifcfg *f, struct guest_link *l, struct findings *findings)
{
	static const char *const gateways[] = {"GATEWAY", "GATEWAY0", "GATEWAY1"};
	size_t line;
	const char *proto = ifcfg_get(f, "BOOTPROTO", &line);
	const char *defroute = ifcfg_get(f, "DEFROUTE", &line);

	add_ipv4(f, l, findings);
	add_range(f, l);
	add_ipv6(f, l, findings);
	if (!defroute || ifcfg_is_yes(defroute))
		for (size_t i = 0; i < ARRAY_SIZE(gateways) && !l->addresses.gateway4; i++)
			add_gateway(f, gateways[i], 4, &l->addresses.gateway4, findings);
	add_gateway(f, "IPV6_DEFAULTGW", 6, &l->addresses.gateway6, findings);
	l->addresses.dhcp4 = proto && (streq(proto, "dhcp") || streq(proto, "bootp"));
	l->addresses.dhcp6 = ifcfg_is_yes(ifcfg_get(f, "DHCPV6C", &line));
}

static void add_vlan(const struct ifcfg *f, struct guest_link *l, struct findings *findings)
{
	size_t line = 0;
	const char *parent = ifcfg_get(f, "PHYSDEV", &line);
	const char *id = ifcfg_get(f, "VLAN_ID", &line);
	const char *dot = l->name ? strrchr(l->name, '.') : NULL;
	bool by_number = l->name && str_starts(l->name, "vlan");

	/* in "bond0.10", both parent and id */
	if (parent)
		l->parent = xstrdup(parent);
	else if (dot)
		l->parent = xstrndup(l->name, (size_t)(dot - l->name));
	if (!id) /* "bond0.10", "vlan10" */
		id = dot ? dot + 1 : by_number ? l->name + strlen("vlan") : "";
	vlan_id_read(id, f->text, line, findings, &l->vlan_id);
}

static enum link_kind kind_of(const struct ifcfg *f, const char **ret_options, size_t *ret_line)
{
	size_t line;
	const char *type = ifcfg_get(f, "TYPE", &line);

	*ret_options = ifcfg_get(f, "BONDING_OPTS", ret_line);
	if (*ret_options || ifcfg_is_yes(ifcfg_get(f, "BONDING_MASTER", &line)) ||
	    (type && strcasecmp(type, "bond") == 0))
		return LINK_BOND;
	if (ifcfg_is_yes(ifcfg_get(f, "VLAN", &line)) || (type && strcasecmp(type, "vlan") == 0))
		return LINK_VLAN;
	if (type && strcasecmp(type, "bridge") == 0)
		return LINK_UPPER;
	return !type || strcasecmp(type, "ethernet") == 0 ? LINK_ETHERNET : LINK_OTHER;
}

/* Devices of which several interfaces are ports, as of a bond; and their ports. */
static void find_unread(const struct ifcfg *f, const char *path, struct guest_links *links)
{
	size_t line = 0;
	const char *type = ifcfg_get(f, "DEVICETYPE", &line);

	if (!type)
		type = ifcfg_get(f, "TYPE", &line);
	if (type && (strncasecmp(type, "team", 4) == 0 || strncasecmp(type, "ovs", 3) == 0))
		links_unread(links, f->text, line, true, path, "devices of its type are not read");
}

/* "eth0-range0" defines aliases of eth0. */
static void name_of_range(struct guest_link *l)
{
	char *range = l->name ? strstr(l->name, "-range") : NULL;

	if (range && range != l->name)
		*range = ':';
}

void ifcfg_read(const char *path, const struct text *text, struct guest_links *links,
		struct findings *findings)
{
	struct ifcfg f = {.text = text};
	const char *base = strrchr(path, '/');
	const char *id = strstr(base ? base : path, "ifcfg-"), *options;
	size_t line = 0;

	id = id ? id + strlen("ifcfg-") : path;
	shell_parse(text, &f.script);
	find_unread(&f, path, links);
	enum link_kind kind = kind_of(&f, &options, &line);
	struct guest_link *l = link_add(links, kind, DIALECT_IFCFG, text, 0);
	const char *device = ifcfg_get(&f, "DEVICE", &line), *value;
	if (device)
		l->line = text_line(text, line);
	l->id = xstrdup(id);
	l->mac = xstrdup(ifcfg_get(&f, "HWADDR", &line));
	l->name = xstrdup(device ? device : l->mac ? NULL : id);
	if (l->mac)
		mac_check(l->mac, text, line, findings);
	value = ifcfg_get(&f, "MASTER", &line);
	if (!value) /* as NetworkManager writes it */
		value = ifcfg_get(&f, "MASTER_UUID", &line);
	l->master = xstrdup(value);
	l->uuid = xstrdup(ifcfg_get(&f, "UUID", &line));
	if ((value = ifcfg_get(&f, "BRIDGE", &line))) {
		string_set(&l->master, value);
		l->bridged = true;
	}
	name_of_range(l);
	if (kind == LINK_BOND && ifcfg_get(&f, "BONDING_OPTS", &line)) {
		bond_options(&l->bond, options, " \t", text, line, findings);
	} else if (kind == LINK_VLAN) {
		add_vlan(&f, l, findings);
	}
	if ((value = ifcfg_get(&f, "MTU", &line)))
		l->mtu = mtu_parse(value);
	add_addresses(&f, l, findings);
	if (!streq(id, "lo"))
		report(findings, text, 0, SEVERITY_NOTE, "day0-ifcfg",
		       "%s: only RHEL's network scripts read ifcfg files; the Debian image ignores "
		       "them: "
		       "use nmcli or netplan there",
		       base ? base + 1 : path);
	script_clear(&f.script);
}

void ifcfg_routes_read(const char *name, const struct text *text, struct guest_links *links)
{
	struct guest_link *l = link_add(links, LINK_OTHER, DIALECT_IFCFG, text, 0);

	l->name = xstrdup(name);
	l->addresses.routes = true;
}
