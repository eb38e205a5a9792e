// SPDX-License-Identifier: Apache-2.0
/* SUSE's ifcfg files below /etc/sysconfig/network: ifcfg(5), ifcfg-bonding(5), routes(5) of wicked.
 */
#include "base/alloc.h"
#include "base/str.h"
#include "day0/ifcfg.h"
#include "day0/readers.h"
#include "net/ip.h"

static struct guest_link *link_named(struct guest_links *links, const char *name,
				     const struct text *text, size_t line)
{
	struct guest_link *l = link_find(links, DIALECT_IFCFG, name);

	if (!l) {
		l = link_add(links, LINK_ETHERNET, DIALECT_IFCFG, text, line);
		l->name = xstrdup(name);
	}
	return l;
}

/* Splits NAME=VALUE at command i. False: it is none, or its name does not begin with start. */
static bool assignment(const struct ifcfg *f, size_t i, const char *start, char **ret_suffix,
		       const char **ret_value, size_t *ret_line)
{
	const struct command *c = &f->script.v[i];
	const char *s = c->n_words ? c->words[0].s : "", *sign = strchr(s, '=');
	size_t len = strlen(start);

	if (!sign || !sign[1] || strncmp(s, start, len) != 0 || s + len > sign)
		return false;
	*ret_suffix = xstrndup(s + len, (size_t)(sign - s) - len);
	*ret_value = sign + 1;
	*ret_line = c->words[0].line;
	return true;
}

/* IPADDR and IPADDR_x with a length, or with PREFIXLEN_x or NETMASK_x. */
static void add_address(const struct ifcfg *f, struct guest_link *l, const char *suffix,
			const char *value, size_t line, struct findings *findings)
{
	cleanup_free char *of_len = xasprintf("PREFIXLEN%s", suffix);
	cleanup_free char *of_mask = xasprintf("NETMASK%s", suffix);
	size_t other;
	const char *len = ifcfg_get(f, of_len, &other), *mask = ifcfg_get(f, of_mask, &other);
	int of_netmask = mask ? ip_netmask_parse(mask, 0) : -1;
	char *whole = strchr(value, '/') ? xstrdup(value)
		      : len              ? xasprintf("%s/%s", value, len)
		      : of_netmask >= 0  ? xasprintf("%s/%d", value, of_netmask)
					 : xstrdup(value);

	address_check(whole, 0, ADDRESS_WITH_PREFIX, f->text, line, findings);
	*array_push(l->addresses.v, l->addresses.n) = whole;
}

/* The suffix of a variable that may be given several times: "", "_1", "0". */
static bool is_suffix(const char *s)
{
	return strspn(s, "_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
	       strlen(s);
}

static void add_leg(struct guest_links *links, const struct ifcfg *f, const char *bond,
		    const char *name, size_t line)
{
	struct guest_link *leg = link_named(links, name, f->text, line);

	string_set(&leg->master, bond);
	leg->several = str_starts(name, "bus-"); /* a bus address, as "bus-pci-0000:00:08.0" */
}

/* By index, because legs are added to the array. */
static void read_variables(const struct ifcfg *f, struct guest_links *links, const char *name,
			   struct findings *findings)
{
	for (size_t i = 0; i < f->script.n; i++) {
		cleanup_free char *suffix = NULL;
		const char *value;
		size_t line;
		if (assignment(f, i, "BONDING_SLAVE", &suffix, &value, &line) &&
		    is_suffix(suffix)) {
			add_leg(links, f, name, value, line);
			continue;
		}
		free(suffix);
		suffix = NULL;
		if (assignment(f, i, "IPADDR", &suffix, &value, &line) && is_suffix(suffix))
			add_address(f, link_named(links, name, f->text, 0), suffix, value, line,
				    findings);
	}
}

/* "bond0 eth3" */
static void add_ports(struct guest_link *l, const char *names)
{
	cleanup_free char *copy = xstrdup(names ? names : "");
	char *save = NULL;

	for (char *s = strtok_r(copy, " \t", &save); s; s = strtok_r(NULL, " \t", &save))
		strv_add(&l->ports, s);
}

static void set_kind(const struct ifcfg *f, struct guest_link *l, struct findings *findings)
{
	size_t line;
	const char *options = ifcfg_get(f, "BONDING_MODULE_OPTS", &line);
	const char *parent = NULL, *id = NULL, *digits = l->name + strcspn(l->name, "0123456789");
	size_t id_line = 0;

	if (ifcfg_is_yes(ifcfg_get(f, "BONDING_MASTER", &id_line))) {
		l->kind = LINK_BOND;
		if (options)
			bond_options(&l->bond, options, " \t", f->text, line, findings);
	} else if ((parent = ifcfg_get(f, "ETHERDEVICE", &id_line))) {
		l->kind = LINK_VLAN;
		string_set(&l->parent, parent);
		id = ifcfg_get(f, "VLAN_ID", &id_line);
		if (!id)
			id = strrchr(l->name, '.') ? strrchr(l->name, '.') + 1 : digits;
		vlan_id_read(id, f->text, id_line, findings, &l->vlan_id);
	} else if (ifcfg_is_yes(ifcfg_get(f, "BRIDGE", &id_line))) {
		l->kind = LINK_UPPER;
		add_ports(l, ifcfg_get(f, "BRIDGE_PORTS", &id_line));
	} else if ((parent = ifcfg_get(f, "MACVLAN_DEVICE", &id_line))) {
		l->kind = LINK_UPPER;
		string_set(&l->parent, parent);
	}
}

/* Devices of which several interfaces are ports, as of a bond. */
static void find_unread(const struct ifcfg *f, const char *path, struct guest_links *links)
{
	size_t line = 0;

	if (ifcfg_get(f, "TEAM_RUNNER", &line) || ifcfg_is_yes(ifcfg_get(f, "OVS_BRIDGE", &line)))
		links_unread(links, f->text, line, true, path, "devices of its type are not read");
}

void wicked_read(const char *path, const struct text *text, struct guest_links *links,
		 struct findings *findings)
{
	struct ifcfg f = {.text = text};
	const char *name = strstr(path, "/ifcfg-") + strlen("/ifcfg-"), *value;
	size_t line = 0;

	if (streq(name, "lo") || !*name)
		return;
	shell_parse(text, &f.script);
	struct guest_link *l = link_named(links, name, text, 0);
	if (!l->id) /* its own file, not one that names it as a leg */
		l->line = text_line(text, 0);
	string_set(&l->id, name);
	set_kind(&f, l, findings);
	find_unread(&f, path, links);
	if ((value = ifcfg_get(&f, "MTU", &line)))
		l->mtu = mtu_parse(value);
	if ((value = ifcfg_get(&f, "BOOTPROTO", &line))) {
		l->addresses.dhcp4 = str_in_words("dhcp dhcp4 dhcp+autoip", value);
		l->addresses.dhcp6 = str_in_words("dhcp dhcp6", value);
	}
	read_variables(&f, links, name, findings);
	script_clear(&f.script);
}

/* "default GATEWAY - INTERFACE": a line of ifroute-INTERFACE or routes. */
static void read_route(char *s, const char *interface, const struct text *text, size_t line,
		       struct guest_links *links, struct findings *findings)
{
	char *save = NULL, *to = strtok_r(s, " \t\r", &save);
	const char *gateway = strtok_r(NULL, " \t\r", &save);
	const char *dev;

	strtok_r(NULL, " \t\r", &save); /* the netmask, or "-" */
	dev = strtok_r(NULL, " \t\r", &save);
	if (!to || *to == '#' || !gateway)
		return;
	if (!interface)
		interface = dev && !streq(dev, "-") ? dev : NULL;
	struct guest_link *l =
		interface ? link_named(links, interface, text, line) : link_towards(links, gateway);
	if (!l)
		return;
	if (!str_in_words("default 0.0.0.0/0 ::/0", to)) {
		l->addresses.routes = true;
		return;
	}
	if (streq(gateway, "-"))
		return;
	address_check(gateway, 0, ADDRESS_ALONE, text, line, findings);
	string_set(strchr(gateway, ':') ? &l->addresses.gateway6 : &l->addresses.gateway4, gateway);
}

void wicked_routes_read(const char *interface, const struct text *text, struct guest_links *links,
			struct findings *findings)
{
	cleanup_free char *copy = xstrdup(text->s);
	char *rest = copy, *s;

	for (size_t line = 0; (s = strsep(&rest, "\n")); line++)
		read_route(s, interface, text, line, links, findings);
}
