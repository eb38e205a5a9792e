// SPDX-License-Identifier: Apache-2.0
/* systemd-networkd: systemd.netdev(5), systemd.network(5), systemd.link(5). */
#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/timespan.h"
#include "day0/ini.h"
#include "day0/readers.h"
#include "net/ip.h"

struct networkd {
	struct ini ini;
	const struct text *text;
	struct guest_links *links;
	struct findings *findings;
};

/* The driver's names of options of [Bond]; the others differ in spelling only. */
static const struct bond_key {
	const char *key, *option;
	bool interval; /* systemd.time(7): a number is in seconds */
} bond_keys[] = {
	{"Mode", "mode", false},
	{"MIIMonitorSec", "miimon", true},
	{"UpDelaySec", "updelay", true},
	{"DownDelaySec", "downdelay", true},
	{"ARPIntervalSec", "arp_interval", true},
	{"ARPIPTargets", "arp_ip_target", false},
	{"ARPValidate", "arp_validate", false},
	{"FailOverMACPolicy", "fail_over_mac", false},
	{"PrimaryReselectPolicy", "primary_reselect", false},
	{"GratuitousARP", "num_grat_arp", false},
	{"AllSlavesActive", "all_slaves_active", false},
};

static void set_bond(const struct networkd *d, struct bond *b, const struct ini_entry *e)
{
	const struct bond_key *k =
		array_find(bond_keys, ARRAY_SIZE(bond_keys), strcasecmp(it->key, e->key) == 0);

	if (!k)
		return;
	int n;
	bool known = k->interval && timespan_parse(e->value, 1000, &n) == 0;
	cleanup_free char *ms = known ? xasprintf("%d", n) : NULL;
	bond_option(b, k->option, ms ? ms : e->value, d->text, e->line, d->findings);
}

/* .netdev: a bond, a VLAN, an interface above others ... */
static void netdev_read(const struct networkd *d)
{
	const char *kind = ini_get(&d->ini, "NetDev", "Kind"), *mtu;
	const char *name = ini_get(&d->ini, "NetDev", "Name");
	bool bond = kind && strcasecmp(kind, "bond") == 0;
	bool vlan = kind && strcasecmp(kind, "vlan") == 0;

	if (!name)
		return;
	struct guest_link *l = link_find(d->links, DIALECT_NETWORKD, name);
	if (!l)
		l = link_add(d->links, LINK_OTHER, DIALECT_NETWORKD, d->text, 0);
	bool upper = kind && (strcasecmp(kind, "bridge") == 0 || strcasecmp(kind, "macvlan") == 0 ||
			      strcasecmp(kind, "ipvlan") == 0);
	bool dummy = kind && strcasecmp(kind, "dummy") == 0;
	l->kind = bond    ? LINK_BOND
		  : vlan  ? LINK_VLAN
		  : upper ? LINK_UPPER
		  : dummy ? LINK_LOCAL
			  : LINK_OTHER;
	l->file = d->text->file;
	string_set(&l->name, name);
	if ((mtu = ini_get(&d->ini, "NetDev", "MTUBytes")))
		l->mtu = mtu_parse(mtu);
	for (size_t i = 0; i < d->ini.n; i++) {
		const struct ini_entry *e = &d->ini.v[i];
		if (streq(e->section, "NetDev") && streq(e->key, "Name"))
			l->line = text_line(d->text, e->line);
		else if (bond && streq(e->section, "Bond"))
			set_bond(d, &l->bond, e);
		else if (vlan && streq(e->section, "VLAN") && streq(e->key, "Id"))
			vlan_id_read(e->value, d->text, e->line, d->findings, &l->vlan_id);
	}
}

static bool is_true(const char *s)
{
	return s && str_in_words("yes true on 1", s);
}

static void set_dhcp(struct guest_addresses *a, const char *value)
{
	a->dhcp4 = is_true(value) || streq(value, "ipv4");
	a->dhcp6 = is_true(value) || streq(value, "ipv6");
}

static void add_address(const struct networkd *d, struct guest_addresses *a,
			const struct ini_entry *e)
{
	if (!*e->value) {
		strv_clear(&(struct strv){a->v, a->n}); /* an empty value removes the ones before */
		a->v = NULL;
		a->n = 0;
		return;
	}
	struct ip_addr ip;
	bool bare = !strchr(e->value, '/') && ip_parse(e->value, &ip);
	int len = !bare ? 0 : ip.version == 4 ? ip_classful_len(&ip) : 128;
	cleanup_free char *whole = bare ? xasprintf("%s/%d", e->value, len) : xstrdup(e->value);
	if (bare)
		report(d->findings, d->text, e->line, SEVERITY_WARNING, "day0-address",
		       "\"%s\" has no prefix length, so systemd takes that of its class, /%d, or "
		       "in "
		       "newer versions /%d: add one",
		       e->value, len, ip.version == 4 ? 32 : 128);
	address_check(whole, 0, ADDRESS_WITH_PREFIX, d->text, e->line, d->findings);
	*array_push(a->v, a->n) = steal_ptr(whole);
}

static void set_gateway(const struct networkd *d, struct guest_addresses *a,
			const struct ini_entry *e)
{
	if (str_starts(e->value, "_dhcp") || str_starts(e->value, "_ipv6ra"))
		return;
	address_check(e->value, 0, ADDRESS_ALONE, d->text, e->line, d->findings);
	string_set(strchr(e->value, ':') ? &a->gateway6 : &a->gateway4, e->value);
}

/* The value of the key in the same [Route] section as entry i, or NULL. */
static const char *beside(const struct networkd *d, size_t i, const char *key)
{
	const struct ini_entry *e = array_find(
		d->ini.v, d->ini.n, it->number == d->ini.v[i].number && streq(it->key, key));

	return e ? e->value : NULL;
}

static bool is_default_route(const char *destination)
{
	return !destination || str_in_words("0.0.0.0/0 ::/0 default", destination);
}

static void set_route(const struct networkd *d, struct guest_addresses *a, size_t i)
{
	const struct ini_entry *e = &d->ini.v[i];
	const char *table = beside(d, i, "Table");
	bool other = !is_default_route(beside(d, i, "Destination")) ||
		     (table && !str_in_words("254 main", table));

	if (streq(e->key, "Gateway") && !other) {
		set_gateway(d, a, e);
		a->on_link |= is_true(beside(d, i, "GatewayOnLink"));
	}
	a->routes |= other;
}

/* One VLAN of "VLAN=": its .netdev may be read before or after. */
static void add_vlan(const struct networkd *d, const char *name, const char *parent)
{
	struct guest_link *l = link_find(d->links, DIALECT_NETWORKD, name);

	if (!l) {
		l = link_add(d->links, LINK_OTHER, DIALECT_NETWORKD, d->text, 0);
		l->name = xstrdup(name);
	}
	string_set(&l->parent, parent);
}

static void each_word(const struct networkd *d, const char *value, const char *parent)
{
	cleanup_free char *copy = xstrdup(value);
	char *save = NULL;

	for (char *s = strtok_r(copy, " \t", &save); s; s = strtok_r(NULL, " \t", &save))
		add_vlan(d, s, parent);
}

/* Applies the .network to the link, which is given by its index: others may be added meanwhile. */
static void set_network(const struct networkd *d, size_t at)
{
	for (size_t i = 0; i < d->ini.n; i++) {
		const struct ini_entry *e = &d->ini.v[i];
		struct guest_link *l = &d->links->v[at];
		const char *section = e->section;
		if (streq(section, "Link") && streq(e->key, "MTUBytes"))
			l->mtu = mtu_parse(e->value);
		else if (streq(e->key, "Address") && str_in_words("Network Address", section))
			add_address(d, &l->addresses, e);
		else if (streq(section, "Network") && streq(e->key, "Gateway"))
			set_gateway(d, &l->addresses, e);
		else if (streq(section, "Network") && streq(e->key, "DHCP"))
			set_dhcp(&l->addresses, e->value);
		else if (streq(section, "Network") && streq(e->key, "Bond"))
			string_set(&l->master, *e->value ? e->value : NULL);
		else if (streq(section, "Network") && streq(e->key, "Bridge")) {
			string_set(&l->master, *e->value ? e->value : NULL);
			l->bridged = true;
		} else if (streq(section, "Network") && l->name &&
			   str_in_words("VLAN MACVLAN IPVLAN", e->key)) {
			cleanup_free char *parent = xstrdup(l->name);
			each_word(d, e->value, parent);
		} else if (streq(section, "Route"))
			set_route(d, &l->addresses, i);
		else if (streq(section, "RoutingPolicyRule"))
			l->addresses.routes = true;
	}
}

/* Notes that the leg is the bond's primary: "PrimarySlave=true" in the leg's file. */
static void set_primary(const struct networkd *d, const char *name)
{
	const char *bond = ini_get(&d->ini, "Network", "Bond");

	if (!bond || !name || !is_true(ini_get(&d->ini, "Network", "PrimarySlave")))
		return;
	struct guest_link *l = link_find(d->links, DIALECT_NETWORKD, bond);
	if (!l) {
		l = link_add(d->links, LINK_OTHER, DIALECT_NETWORKD, d->text, 0);
		l->name = xstrdup(bond);
	}
	string_set(&l->bond.primary, name);
}

/* An interface that the [Match] section matches. */
static void match_one(const struct networkd *d, const char *name, const char *mac, size_t line)
{
	struct guest_link *l = name ? link_find(d->links, DIALECT_NETWORKD, name) : NULL;
	size_t at = l ? (size_t)(l - d->links->v) : d->links->n;

	if (!l) {
		l = link_add(d->links, LINK_ETHERNET, DIALECT_NETWORKD, d->text, line);
		at = d->links->n - 1;
		l->name = xstrdup(name);
	} else if (l->kind == LINK_OTHER && !l->parent) {
		l->kind = LINK_ETHERNET; /* its .link has given the name */
		l->line = text_line(d->text, line);
	}
	if (mac && !l->mac) {
		mac_check(mac, d->text, line, d->findings);
		l->mac = xstrdup(mac);
	}
	l->several = !mac && (!name || strpbrk(name, "*?[!"));
	set_network(d, at);
	set_primary(d, name);
}

static size_t line_of(const struct networkd *d, const char *key)
{
	const struct ini_entry *e =
		array_find(d->ini.v, d->ini.n, streq(it->section, "Match") && streq(it->key, key));

	return e ? e->line : 0;
}

/* All values of a key of [Match], which may be given several times. NULL: none. */
static char *match_values(const struct networkd *d, const char *key)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < d->ini.n; i++) {
		const struct ini_entry *e = &d->ini.v[i];
		if (!streq(e->section, "Match") || !streq(e->key, key))
			continue;
		if (!*e->value) /* removes the ones before */
			strbuf_clear(&b);
		else
			strbuf_addf(&b, "%s%s", b.len ? " " : "", e->value);
	}
	return b.s ? strbuf_steal(&b) : NULL;
}

static void network_read(const struct networkd *d)
{
	const char *key =
		ini_get(&d->ini, "Match", "MACAddress") ? "MACAddress" : "PermanentMACAddress";
	cleanup_free char *macs = match_values(d, key), *names = match_values(d, "Name");
	const char *list = macs ? macs : names;
	size_t line = line_of(d, macs ? key : "Name");

	if (!list) {
		match_one(d, NULL, NULL, 0);
		return;
	}
	cleanup_free char *copy = xstrdup(list);
	char *save = NULL;
	for (char *s = strtok_r(copy, " \t", &save); s; s = strtok_r(NULL, " \t", &save))
		match_one(d, macs ? names && !strpbrk(names, " *?[!") ? names : NULL : s,
			  macs ? s : NULL, line);
}

/* .link: only the name that it gives to an interface of that MAC matters. */
static void link_read(const struct networkd *d)
{
	const char *mac = ini_get(&d->ini, "Match", "MACAddress");
	const char *name = ini_get(&d->ini, "Link", "Name");

	if (!mac)
		mac = ini_get(&d->ini, "Match", "PermanentMACAddress");
	if (!mac || !name || strchr(mac, ' '))
		return;
	struct guest_link *l = link_find(d->links, DIALECT_NETWORKD, name);
	if (!l) {
		l = link_add(d->links, LINK_OTHER, DIALECT_NETWORKD, d->text, 0);
		l->name = xstrdup(name);
	}
	string_set(&l->mac, mac);
	l->several = false;
}

void networkd_read(const char *path, const struct text *text, struct guest_links *links,
		   struct findings *findings)
{
	struct networkd d = {.text = text, .links = links, .findings = findings};

	ini_parse(text, "#;", &d.ini);
	if (str_ends(path, ".netdev"))
		netdev_read(&d);
	else if (str_ends(path, ".network"))
		network_read(&d);
	else
		link_read(&d);
	ini_clear(&d.ini);
}
