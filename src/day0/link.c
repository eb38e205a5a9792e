// SPDX-License-Identifier: Apache-2.0
#include "day0/link.h"

#include <limits.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/ip.h"

enum { LINKS_MAX = 1024, UNREAD_MAX = 64, SCRIPTS_MAX = 256 };

void string_set(char **p, const char *s)
{
	char *copy = xstrdup(s);

	free(*p);
	*p = copy;
}

struct guest_link *link_add(struct guest_links *links, enum link_kind kind, enum dialect dialect,
			    const struct text *text, size_t line)
{
	if (links->n == LINKS_MAX)
		link_remove(links, &links->v[LINKS_MAX - 1]);
	struct guest_link *l = array_push(links->v, links->n);

	l->kind = kind;
	l->dialect = dialect;
	l->file = text->file;
	l->line = text_line(text, line);
	l->bond.miimon = -1;
	l->bond.downdelay = -1;
	l->bond.num_grat_arp = -1;
	l->bond.arp_interval = -1;
	return l;
}

void links_unread(struct guest_links *links, const struct text *text, size_t line, bool likely,
		  const char *what, const char *why)
{
	if (links->n_unread == UNREAD_MAX)
		return;
	struct guest_unread *u = array_push(links->unread, links->n_unread);

	*u = (struct guest_unread){.what = quotable(what),
				   .why = xstrdup(why),
				   .file = xstrdup(text->file),
				   .line = text_line(text, line),
				   .likely = likely};
}

void links_defer_script(struct guest_links *links, const struct text *text, size_t line,
			const char *s)
{
	if (links->n_scripts < SCRIPTS_MAX)
		text_init_at(array_push(links->scripts, links->n_scripts), text, line, s,
			     strlen(s));
}

int mtu_parse(const char *s)
{
	int64_t n;

	return str_to_int(s, 0, 65535, &n) == 0 ? (int)n : 0;
}

void vlan_id_read(const char *s, const struct text *text, size_t line, struct findings *findings,
		  int *ret)
{
	cleanup_free char *q = quotable(s);
	int64_t id;

	if (str_to_int(s, 0, 4094, &id) == 0)
		*ret = (int)id;
	else if (!strpbrk(s, "$`"))
		report(findings, text, line, SEVERITY_ERROR, "day0-vlan",
		       "VLAN id \"%s\" must be from 0 to 4094", q);
}

struct guest_link *link_find(struct guest_links *links, enum dialect dialect, const char *id)
{
	struct guest_link *l =
		array_find(links->v, links->n,
			   it->dialect == dialect && (streq(it->id, id) || streq(it->uuid, id)));

	if (l)
		return l;
	return array_find(links->v, links->n, it->dialect == dialect && streq(it->name, id));
}

struct guest_link *link_towards(struct guest_links *links, const char *gateway)
{
	struct ip_addr to;
	struct ip_prefix own;

	for (size_t i = 0; ip_parse(gateway, &to) && i < links->n; i++)
		for (size_t k = 0; k < links->v[i].addresses.n; k++)
			if (ip_prefix_parse(links->v[i].addresses.v[k], &own) &&
			    ip_prefix_contains(&own, &to))
				return &links->v[i];
	return NULL;
}

static void link_clear(struct guest_link *l)
{
	free_all(l->id, l->uuid, l->name, l->mac, l->master, l->parent);
	guest_addresses_clear(&l->addresses);
	strv_clear(&l->bond.arp_ip_targets);
	free_all(l->bond.arp_validate, l->bond.primary, l->bond.primary_reselect);
}

void link_remove(struct guest_links *links, struct guest_link *link)
{
	size_t i = (size_t)(link - links->v);

	link_clear(link);
	memmove(link, link + 1, (links->n - i - 1) * sizeof(*link));
	links->n--;
}

static void file_clear(struct guest_file *f)
{
	free(f->path);
	text_clear(&f->text);
}

void links_clear(struct guest_links *links)
{
	array_free(links->v, links->n, link_clear);
	array_free(links->unread, links->n_unread, guest_unread_clear);
	array_free(links->files, links->n_files, file_clear);
	array_free(links->scripts, links->n_scripts, text_clear);
	*links = (struct guest_links){0};
}

/* Valid options of the driver that no check needs (bonding.rst, "Bonding Driver Options"). */
static const char *const other_options[] = {
	"active_slave",     "ad_actor_sys_prio", "ad_actor_system",  "ad_select",
	"ad_user_port_key", "arp_all_targets",   "arp_missed_max",   "lacp_active",
	"lacp_rate",        "lp_interval",       "max_bonds",        "min_links",
	"ns_ip6_target",    "packets_per_slave", "peer_notif_delay", "resend_igmp",
	"tlb_dynamic_lb",   "updelay",           "use_carrier",      "xmit_hash_policy",
	"balance_slb",      "vlan_srcmac",
};

static void number(int *ret, int max, const char *what, const char *name, const char *value,
		   const struct text *text, size_t line, struct findings *findings)
{
	int64_t n;

	if (str_to_int(value, 0, max, &n) < 0) {
		cleanup_free char *q = quotable(value);
		report(findings, text, line, SEVERITY_ERROR, "day0-bond", "%s=%s must be %s", name,
		       q, what);
		return;
	}
	*ret = (int)n;
}

/* By name or by the driver's number, which is the index in names. Leaves *ret unchanged otherwise.
 */
static bool choice(const char *value, const char *const *names, size_t n, char **ret)
{
	for (size_t i = 0; i < n; i++) {
		const char digit[] = {(char)('0' + i), 0};
		if (streq(value, names[i]) || streq(value, digit)) {
			string_set(ret, names[i]);
			return true;
		}
	}
	return false;
}

/* Numeric options. False if the option is not numeric. */
static bool number_option(struct bond *bond, const char *key, const char *value,
			  const struct text *text, size_t line, struct findings *findings)
{
	static const char *const ms = "a number of milliseconds", *const count = "0 to 255";

	if (streq(key, "miimon"))
		number(&bond->miimon, INT_MAX, ms, key, value, text, line, findings);
	else if (streq(key, "arp_interval"))
		number(&bond->arp_interval, INT_MAX, ms, key, value, text, line, findings);
	else if (streq(key, "downdelay"))
		number(&bond->downdelay, INT_MAX, ms, key, value, text, line, findings);
	else if (streq(key, "num_grat_arp") || streq(key, "num_unsol_na"))
		number(&bond->num_grat_arp, 255, count, key, value, text, line, findings);
	else
		return false;
	return true;
}

void bond_option(struct bond *bond, const char *name, const char *value, const struct text *text,
		 size_t line, struct findings *findings)
{
	cleanup_free char *key = xstrdup(name);
	cleanup_free char *q = quotable(value);

	for (char *p = key; *p; p++)
		if (*p == '-')
			*p = '_';
	if (has_variable(value)) {
		bond->options_unknown = true;
		return;
	}
	if (streq(key, "mode")) {
		if (bond_mode_parse(value, &bond->mode) < 0)
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "the bonding driver has no mode \"%s\"", q);
	} else if (number_option(bond, key, value, text, line, findings)) {
		return;
	} else if (streq(key, "all_slaves_active")) {
		bond->all_slaves_active =
			streq(value, "1") || streq(value, "true") || streq(value, "delivered");
	} else if (streq(key, "arp_validate")) {
		static const char *const names[] = {"none",         "active", "backup",
						    "all",          "filter", "filter_active",
						    "filter_backup"};
		if (!choice(value, names, ARRAY_SIZE(names), &bond->arp_validate))
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "arp_validate=%s must be none, active, backup, all, filter, "
			       "filter_active or filter_backup",
			       q);
	} else if (streq(key, "fail_over_mac")) {
		if (fail_over_mac_parse(value, &bond->fail_over_mac) < 0)
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "fail_over_mac=%s must be none, active or follow", q);
	} else if (streq(key, "primary")) {
		string_set(&bond->primary, value);
	} else if (streq(key, "primary_reselect")) {
		static const char *const names[] = {"always", "better", "failure"};
		if (!choice(value, names, ARRAY_SIZE(names), &bond->primary_reselect))
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "primary_reselect=%s must be always, better or failure", q);
	} else if (streq(key, "arp_ip_target")) {
		cleanup_free char *copy = xstrdup(value);
		char *save = NULL;
		for (char *s = strtok_r(copy, ", ;", &save); s; s = strtok_r(NULL, ", ;", &save)) {
			address_check(s, 4, ADDRESS_ALONE, text, line, findings);
			strv_add(&bond->arp_ip_targets, s);
		}
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(other_options); i++)
			if (streq(key, other_options[i]))
				return;
		cleanup_free char *k = quotable(name);
		report(findings, text, line, SEVERITY_ERROR, "day0-bond",
		       "the bonding driver has no option \"%s\"", k);
	}
}

void bond_options(struct bond *bond, const char *options, const char *separators,
		  const struct text *text, size_t line, struct findings *findings)
{
	cleanup_free char *copy = xstrdup(options);
	char *save = NULL;

	for (char *s = strtok_r(copy, separators, &save); s;
	     s = strtok_r(NULL, separators, &save)) {
		s += strspn(s, " \t");
		char *value = strchr(s, '=');
		if (!value && has_variable(s)) {
			bond->options_unknown = true;
			continue;
		}
		if (!value) {
			cleanup_free char *q = quotable(s);
			report(findings, text, line, SEVERITY_ERROR, "day0-bond",
			       "\"%s\" must have the form option=value", q);
			continue;
		}
		*value++ = 0;
		bond_option(bond, s, value, text, line, findings);
	}
}

/* Precedence of the dialects if two describe one interface; the higher wins. */
static int strength(enum dialect dialect)
{
	static const int strengths[] = {
		[DIALECT_IFCFG] = 0,    [DIALECT_CLOUD_INIT_V1] = 1, [DIALECT_CLOUD_INIT_V2] = 2,
		[DIALECT_IFUPDOWN] = 3, [DIALECT_NETWORKD] = 4,      [DIALECT_NETPLAN] = 5,
		[DIALECT_NMCLI] = 6,    [DIALECT_IPROUTE] = 7,
	};

	return strengths[dialect];
}

static const char *link_name(const struct guest_link *l)
{
	return l->name ? l->name : l->id ? l->id : "";
}

static bool is_named(const struct guest_link *l, const char *s)
{
	return s && (streq(l->name, s) || streq(l->id, s) || streq(l->uuid, s));
}

static void copy_addresses(struct guest_addresses *to, const struct guest_addresses *from)
{
	for (size_t i = 0; i < from->n; i++)
		*array_push(to->v, to->n) = xstrdup(from->v[i]);
	to->gateway4 = xstrdup(from->gateway4);
	to->gateway6 = xstrdup(from->gateway6);
	to->dhcp4 = from->dhcp4;
	to->dhcp6 = from->dhcp6;
	to->routes = from->routes;
}

/* Routes may be set by a separate file or command for the interface. */
static void add_routes(const struct guest_links *links, const char *name, struct guest_addresses *a)
{
	for (size_t i = 0; i < links->n; i++)
		if (links->v[i].kind == LINK_OTHER && name && streq(links->v[i].name, name))
			a->routes = a->routes || links->v[i].addresses.routes;
}

/*
 * Whether the name in link l is that of link to. Each dialect has its own names, but ip commands
 * know an interface of any dialect by the kernel's name.
 */
static bool refers(const struct guest_link *l, const char *name, const struct guest_link *to)
{
	if (l->dialect == to->dialect)
		return is_named(to, name);
	return (l->dialect == DIALECT_IPROUTE || to->dialect == DIALECT_IPROUTE) && name &&
	       streq(to->name, name);
}

/* Of the bond, or of one that is known in the guest only and so may be this one. */
static bool is_leg_of(const struct guest_link *bond, const struct guest_link *l)
{
	return l->master && (refers(l, l->master, bond) || has_variable(l->master));
}

/* It may be any number of interfaces, or of another bond. */
static bool is_unknown_leg(const struct guest_link *bond, const struct guest_link *l)
{
	return l->several || !refers(l, l->master, bond) || (l->name && has_variable(l->name));
}

/* Its MAC, also by a rule that gives the interface of that MAC its name; or NULL. */
static const char *mac_of(const struct guest_links *links, const struct guest_link *l)
{
	const struct guest_link *rule = array_find(links->v, links->n,
						   it->kind == LINK_OTHER && it->mac && l->name &&
							   streq(it->name, l->name));

	return l->mac ? l->mac : rule ? rule->mac : NULL;
}

static void add_legs(const struct guest_links *links, const struct guest_link *bond, struct bond *b)
{
	for (size_t i = 0; i < links->n; i++) {
		const struct guest_link *l = &links->v[i];
		if (l == bond || !is_leg_of(bond, l))
			continue;
		if (is_unknown_leg(bond, l)) {
			b->legs_unknown = true;
			continue;
		}
		struct bond_leg *known = NULL;
		for (size_t k = 0; k < b->n_legs && l->name; k++)
			if (streq(b->legs[k].name, l->name))
				known = &b->legs[k];
		if (!known) {
			known = array_push(b->legs, b->n_legs);
			known->name = xstrdup(l->name);
			known->file = xstrdup(l->file);
			known->line = l->line;
		}
		if (l->mtu)
			known->mtu = l->mtu;
		const char *mac = mac_of(links, l);
		if (mac)
			string_set(&known->mac, mac);
		b->legs_unknown |= mac && has_variable(mac);
	}
}

static void add_vlans(const struct guest_links *links, const struct guest_link *bond,
		      struct bond *b)
{
	for (size_t i = 0; i < links->n; i++) {
		const struct guest_link *l = &links->v[i];
		if (l->kind != LINK_VLAN || !refers(l, l->parent, bond))
			continue;
		struct guest_vlan *v = array_push(b->vlans, b->n_vlans);
		v->name = xstrdup(link_name(l));
		v->id = l->vlan_id;
		v->file = xstrdup(l->file);
		v->line = l->line;
		v->mtu = l->mtu;
		copy_addresses(&v->addresses, &l->addresses);
		add_routes(links, v->name, &v->addresses);
	}
}

/* The interface of the primary leg; netplan refers to it by its id. */
static const char *primary_name(const struct guest_links *links, const struct guest_link *bond)
{
	for (size_t i = 0; bond->bond.primary && i < links->n; i++) {
		const struct guest_link *l = &links->v[i];
		if (l->dialect == bond->dialect && l->name && streq(l->id, bond->bond.primary))
			return l->name;
	}
	return bond->bond.primary;
}

static void add_bond(const struct guest_links *links, const struct guest_link *l,
		     struct guest_network *ret)
{
	struct bond *b = array_push(ret->bonds, ret->n_bonds);

	b->name = xstrdup(link_name(l));
	b->dialect = l->dialect;
	b->file = xstrdup(l->file);
	b->line = l->line;
	b->mtu = l->mtu;
	b->options_unknown = l->bond.options_unknown;
	b->mode = l->bond.mode;
	b->miimon = l->bond.miimon;
	b->downdelay = l->bond.downdelay;
	b->arp_validate = xstrdup(l->bond.arp_validate);
	b->num_grat_arp = l->bond.num_grat_arp;
	b->all_slaves_active = l->bond.all_slaves_active;
	b->arp_interval = l->bond.arp_interval;
	for (size_t i = 0; i < l->bond.arp_ip_targets.n; i++)
		strv_add(&b->arp_ip_targets, l->bond.arp_ip_targets.v[i]);
	b->fail_over_mac = l->bond.fail_over_mac;
	b->primary = xstrdup(primary_name(links, l));
	b->primary_reselect = xstrdup(l->bond.primary_reselect);
	copy_addresses(&b->addresses, &l->addresses);
	add_routes(links, b->name, &b->addresses);
	add_legs(links, l, b);
	add_vlans(links, l, b);
}

static void compare_ms(const struct guest_link *weak, const struct guest_link *strong,
		       const char *option, int theirs, int ours, struct findings *findings)
{
	if (theirs == ours)
		return;
	cleanup_free char *a = theirs < 0 ? xstrdup("not set") : xasprintf("%d", theirs);
	cleanup_free char *b = ours < 0 ? xstrdup("not set") : xasprintf("%d", ours);
	findings_add(findings, SEVERITY_WARNING, "day0-contradiction", weak->file, weak->line, NULL,
		     "%s: %s is %s here (%s) but %s in line %u (%s): use one value",
		     link_name(weak), option, a, dialect_name(weak->dialect), b, strong->line,
		     dialect_name(strong->dialect));
	findings_also(findings, strong->file, strong->line);
}

static void compare_names(const struct guest_link *weak, const struct guest_link *strong,
			  const char *option, const char *theirs, const char *ours,
			  struct findings *findings)
{
	if (streq(theirs, ours))
		return;
	findings_add(findings, SEVERITY_WARNING, "day0-contradiction", weak->file, weak->line, NULL,
		     "%s: %s is %s here (%s) but %s in line %u (%s): use one value",
		     link_name(weak), option, theirs, dialect_name(weak->dialect), ours,
		     strong->line, dialect_name(strong->dialect));
	findings_also(findings, strong->file, strong->line);
}

static void contradictions(const struct guest_link *weak, const struct guest_link *strong,
			   struct findings *findings)
{
	const struct bond *a = &weak->bond, *b = &strong->bond;

	compare_names(weak, strong, "mode", bond_mode_name(a->mode), bond_mode_name(b->mode),
		      findings);
	compare_ms(weak, strong, "miimon", a->miimon, b->miimon, findings);
	compare_ms(weak, strong, "arp_interval", a->arp_interval, b->arp_interval, findings);
	compare_names(weak, strong, "fail_over_mac", fail_over_mac_name(a->fail_over_mac),
		      fail_over_mac_name(b->fail_over_mac), findings);
}

/* A link for the same interface in a dialect with higher precedence, or NULL. */
static const struct guest_link *stronger(const struct guest_links *links,
					 const struct guest_link *l)
{
	for (size_t i = 0; i < links->n; i++) {
		const struct guest_link *o = &links->v[i];
		if (strength(o->dialect) > strength(l->dialect) && o->kind == l->kind && l->name &&
		    streq(o->name, l->name))
			return o;
	}
	return NULL;
}

static void note_missing_bond(const struct guest_links *links, const struct guest_link *l,
			      struct findings *findings)
{
	for (size_t i = 0; i < links->n; i++)
		if (refers(l, l->master, &links->v[i]))
			return;
	if (has_variable(l->master))
		return;
	cleanup_free char *q = quotable(l->master);
	findings_add(findings, SEVERITY_WARNING, "day0-bond", l->file, l->line, NULL,
		     "%s is a leg of \"%s\", which no day-0 file defines: define the bond",
		     link_name(l), q);
}

/* Takes over what was not read. */
static void add_unread(const struct guest_links *links, struct guest_network *ret)
{
	ret->incomplete = links->incomplete;
	for (size_t i = 0; i < links->n_unread; i++) {
		const struct guest_unread *u = &links->unread[i];
		struct guest_unread *copy = array_push(ret->unread, ret->n_unread);
		*copy = (struct guest_unread){xstrdup(u->what), xstrdup(u->why), xstrdup(u->file),
					      u->line, u->likely};
	}
}

static void note_dialect(const struct guest_link *l, struct guest_network *ret)
{
	for (size_t i = 0; i < ret->n_dialects; i++)
		if (ret->dialects[i].dialect == l->dialect)
			return;
	struct guest_dialect *d = array_push(ret->dialects, ret->n_dialects);
	d->dialect = l->dialect;
	d->file = xstrdup(l->file);
	d->line = l->line;
}

void links_resolve(const struct guest_links *links, struct guest_network *ret,
		   struct findings *findings)
{
	add_unread(links, ret);
	for (size_t i = 0; i < links->n; i++) {
		const struct guest_link *l = &links->v[i];
		const struct guest_link *other = stronger(links, l);
		if (l->kind != LINK_OTHER)
			note_dialect(l, ret);
		if (other) {
			if (l->kind == LINK_BOND)
				contradictions(l, other, findings);
			continue;
		}
		if (l->kind == LINK_BOND) {
			add_bond(links, l, ret);
		} else if (l->master) {
			note_missing_bond(links, l, findings);
		} else if (l->kind == LINK_ETHERNET && !l->several) {
			struct guest_nic *nic = array_push(ret->nics, ret->n_nics);
			nic->name = l->name && !has_variable(l->name) ? xstrdup(l->name) : NULL;
			nic->mac = xstrdup(mac_of(links, l));
			nic->dialect = l->dialect;
			nic->file = xstrdup(l->file);
			nic->line = l->line;
			nic->mtu = l->mtu;
			copy_addresses(&nic->addresses, &l->addresses);
			add_routes(links, nic->name, &nic->addresses);
		}
	}
}
