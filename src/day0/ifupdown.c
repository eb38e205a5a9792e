// SPDX-License-Identifier: Apache-2.0
/* Debian's ifupdown: interfaces(5), ifenslave's bonding options, vlan-interfaces(5). */
#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/readers.h"
#include "net/ip.h"

struct ifupdown {
	const struct text *text;
	struct guest_links *links;
	struct findings *findings;
	size_t link; /* index of the current stanza's link; SIZE_MAX outside of one */
	size_t line; /* of the current option */
	int family;
	char *netmask;     /* of the stanza, or NULL */
	size_t address;    /* index of the stanza's address without a length; SIZE_MAX: none */
	size_t address_at; /* its line */
};

static struct guest_link *current(const struct ifupdown *f)
{
	return &f->links->v[f->link];
}

/* Returns the index of the link with that name, which is added if it is missing. */
static size_t link_named(const struct ifupdown *f, const char *name)
{
	struct guest_link *l = link_find(f->links, DIALECT_IFUPDOWN, name);

	if (!l) {
		l = link_add(f->links, LINK_ETHERNET, DIALECT_IFUPDOWN, f->text, f->line);
		l->name = xstrdup(name);
	}
	return (size_t)(l - f->links->v);
}

/* That of the class, or 64: make_v4_mask and inet6.defn of ifupdown. -1 if it is not an address. */
static int default_length(const char *address)
{
	struct ip_addr ip;

	if (!ip_parse(address, &ip))
		return -1;
	return ip.version == 4 ? ip_classful_len(&ip) : 64;
}

/* The stanza ends: its address gets the length of its netmask. */
static void end_stanza(struct ifupdown *f)
{
	if (f->link != SIZE_MAX && f->address != SIZE_MAX) {
		struct guest_addresses *a = &current(f)->addresses;
		char *bare = a->v[f->address];
		int len =
			f->netmask ? ip_netmask_parse(f->netmask, f->family) : default_length(bare);
		if (len >= 0)
			a->v[f->address] = xasprintf("%s/%d", bare, len);
		else if (f->netmask)
			a->v[f->address] = xasprintf("%s/%s", bare, f->netmask);
		else
			bare = NULL;
		free(bare);
		if (!f->netmask || len >= 0 || has_variable(f->netmask))
			address_check(a->v[f->address], f->family, ADDRESS_WITH_PREFIX, f->text,
				      f->address_at, f->findings);
	}
	free(f->netmask);
	f->netmask = NULL;
	f->link = f->address = SIZE_MAX;
}

/* "bond0.310" and "vlan310" are VLANs by their names: vlan-interfaces(5). */
static void find_vlan(const struct ifupdown *f, struct guest_link *l)
{
	const char *dot = strrchr(l->name, '.');
	const char *id = dot ? dot + 1 : str_starts(l->name, "vlan") ? l->name + 4 : "";

	if (l->kind != LINK_ETHERNET || !*id || strspn(id, "0123456789") != strlen(id))
		return;
	l->kind = LINK_VLAN;
	vlan_id_read(id, f->text, f->line, f->findings, &l->vlan_id);
	if (dot && !l->parent)
		l->parent = xstrndup(l->name, (size_t)(dot - l->name));
}

static void begin_stanza(struct ifupdown *f, char **save)
{
	const char *name = strtok_r(NULL, " \t", save);
	const char *family = strtok_r(NULL, " \t", save), *method = strtok_r(NULL, " \t", save);

	end_stanza(f);
	if (!name)
		return;
	cleanup_free char *bare =
		xstrndup(name, strcspn(name, ":")); /* "bond0:1": one more address */
	f->link = link_named(f, bare);
	struct guest_link *l = current(f);
	if (!l->id) /* its own stanza, not one that names it as a leg */
		l->line = text_line(f->text, f->line);
	string_set(&l->id, bare);
	l->several = strpbrk(bare, "*?[/") != NULL;
	if (streq(bare, "lo"))
		l->kind = LINK_LOCAL;
	find_vlan(f, l);
	f->family = streq(family, "inet6") ? 6 : 4;
	const char *inherits = strtok_r(NULL, " \t", save);
	if (streq(inherits, "inherits"))
		links_unread(f->links, f->text, f->line, true, "inherits of ifupdown",
			     "options of another stanza are not read");
	if (streq(method, "dhcp"))
		*(f->family == 6 ? &l->addresses.dhcp6 : &l->addresses.dhcp4) = true;
}

/* The words of "bond-slaves": names, or "none". */
static void set_legs(struct ifupdown *f, char **save)
{
	cleanup_free char *bond = xstrdup(current(f)->name);
	char *s;

	current(f)->kind = LINK_BOND;
	while ((s = strtok_r(NULL, " \t", save))) {
		if (streq(s, "none"))
			continue;
		size_t at = link_named(f, s);
		struct guest_link *leg = &f->links->v[at];
		string_set(&leg->master, bond);
		/* ifupdown2: "all", "glob ens[4-5]", "regex ..." */
		leg->several = strpbrk(s, "*?[") || str_in_words("all glob regex", s);
	}
}

/* "bond-mode", "bond_mode": an option of the driver, or how bond and legs name each other. */
static void set_bond_option(struct ifupdown *f, const char *name, char **save)
{
	const char *rest;

	if (str_in_words("slaves members", name)) {
		set_legs(f, save);
		return;
	}
	rest = strtok_r(NULL, "", save);
	rest = rest ? rest + strspn(rest, " \t") : "";
	if (str_in_words("master controller", name)) {
		string_set(&current(f)->master, rest);
	} else if (!str_in_words("give-a-chance updelay_if give_a_chance", name)) {
		if (!streq(name, "primary"))
			current(f)->kind = LINK_BOND;
		bond_option(&current(f)->bond, name, rest, f->text, f->line, f->findings);
	}
}

static void add_address(struct ifupdown *f, const char *value)
{
	struct guest_addresses *a = &current(f)->addresses;

	if (strchr(value, '/')) {
		address_check(value, f->family, ADDRESS_WITH_PREFIX, f->text, f->line, f->findings);
	} else {
		f->address = a->n;
		f->address_at = f->line;
	}
	*array_push(a->v, a->n) = xstrdup(value);
}

/* "up ip route add ...", "post-up ...": commands of the shell. */
static void run_command(struct ifupdown *f, const char *command)
{
	cleanup_free char *script = xasprintf("IFACE=%s; %s", current(f)->name, command);

	links_defer_script(f->links, f->text, f->line, script, true);
}

/* "bridge_ports bond0", "bridge_ports none" */
static void set_ports(struct guest_link *l, const char *value)
{
	cleanup_free char *copy = xstrdup(value);
	char *save = NULL;

	l->kind = LINK_UPPER;
	for (char *s = strtok_r(copy, " \t", &save); s; s = strtok_r(NULL, " \t", &save))
		if (!streq(s, "none"))
			strv_add(&l->ports, s);
}

static void set_option(struct ifupdown *f, const char *key, char **save)
{
	const char *value;

	if (str_starts(key, "bond-") || str_starts(key, "bond_")) {
		set_bond_option(f, key + strlen("bond-"), save);
		return;
	}
	if (streq(key, "slaves")) {
		set_legs(f, save);
		return;
	}
	value = strtok_r(NULL, "", save);
	value = value ? value + strspn(value, " \t") : "";
	struct guest_addresses *a = &current(f)->addresses;
	if (streq(key, "address")) {
		add_address(f, value);
	} else if (streq(key, "netmask")) {
		string_set(&f->netmask, value);
	} else if (streq(key, "gateway")) {
		address_check(value, f->family, ADDRESS_ALONE, f->text, f->line, f->findings);
		string_set(f->family == 6 ? &a->gateway6 : &a->gateway4, value);
	} else if (streq(key, "mtu")) {
		current(f)->mtu = mtu_parse(value);
	} else if (streq(key, "vlan-raw-device") || streq(key, "vlan_raw_device")) {
		current(f)->kind = LINK_VLAN;
		string_set(&current(f)->parent, value);
	} else if (streq(key, "vlan-id")) {
		vlan_id_read(value, f->text, f->line, f->findings, &current(f)->vlan_id);
	} else if (streq(key, "bridge_ports") || streq(key, "bridge-ports")) {
		set_ports(current(f), value);
	} else if (str_in_words("up post-up pre-up", key)) {
		run_command(f, value);
	}
}

static void read_line(struct ifupdown *f, char *line)
{
	char *save = NULL, *key = strtok_r(line, " \t", &save);

	if (!key || *key == '#')
		return;
	if (streq(key, "iface")) {
		begin_stanza(f, &save);
	} else if (streq(key, "auto") || str_starts(key, "allow-") || streq(key, "no-auto-down") ||
		   streq(key, "no-scripts") || streq(key, "mapping") || streq(key, "source") ||
		   streq(key, "source-directory") || streq(key, "template") ||
		   streq(key, "rename")) {
		end_stanza(f);
	} else if (f->link != SIZE_MAX) {
		set_option(f, key, &save);
	}
}

/* ifenslave lets a leg name options of its bond: they are the bond's where it has none itself. */
static void give_options_to_bonds(struct guest_links *links)
{
	for (size_t i = 0; i < links->n; i++) {
		struct guest_link *leg = &links->v[i];
		if (leg->dialect != DIALECT_IFUPDOWN || leg->kind != LINK_BOND || !leg->master)
			continue;
		struct guest_link *bond = link_find(links, DIALECT_IFUPDOWN, leg->master);
		leg->kind = LINK_ETHERNET;
		if (!bond || bond == leg || (bond->kind == LINK_BOND && bond->bond.mode))
			continue;
		struct bond options = bond->bond;
		bond->bond = leg->bond;
		leg->bond = options;
		bond->kind = LINK_BOND;
	}
}

void ifupdown_read(const struct text *text, struct guest_links *links, struct findings *findings)
{
	struct ifupdown f = {.text = text,
			     .links = links,
			     .findings = findings,
			     .link = SIZE_MAX,
			     .address = SIZE_MAX};
	cleanup_free char *copy = xstrdup(text->s);
	char *rest = copy, *s;

	for (size_t line = 0; (s = strsep(&rest, "\n")); line++) {
		size_t len = strlen(s);
		f.line = line;
		/* a line continuation */
		while (len > 0 && s[len - 1] == '\\' && rest) {
			s[len - 1] = ' ';
			rest[-1] = ' ';
			strsep(&rest, "\n");
			len = strlen(s);
			line++;
		}
		if (len > 0 && s[len - 1] == '\r')
			s[len - 1] = 0;
		read_line(&f, s);
	}
	end_stanza(&f);
	give_options_to_bonds(links);
}
