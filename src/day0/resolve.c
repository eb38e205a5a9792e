// SPDX-License-Identifier: Apache-2.0
/* From the links of all files to the guest's network: bonds with legs and VLANs, and NICs. */
#include "base/alloc.h"
#include "base/str.h"
#include "day0/link.h"
#include "day0/readers.h"

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
	to->on_link = from->on_link;
	to->on_link_added = from->on_link_added;
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

/* A leg of the bond, or of a bond whose name is known only in the guest and may be this one. */
static bool is_leg_of(const struct guest_link *bond, const struct guest_link *l)
{
	return l->master && (refers(l, l->master, bond) || has_variable(l->master));
}

/* Whether the leg may be several interfaces, or may belong to another bond. */
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
	if (has_variable(l->master) || links->n_unread > 0 || links->incomplete)
		return;
	cleanup_free char *q = quotable(l->master);
	findings_add(findings, SEVERITY_WARNING, "day0-bond", l->file, l->line, NULL,
		     "%s is a leg of \"%s\", which no day-0 file defines: define the bond",
		     link_name(l), q);
}

static void copy_files(const struct guest_links *links, struct guest_network *ret)
{
	for (size_t i = 0; i < links->n_files; i++) {
		const struct guest_file *f = &links->files[i];
		struct written_file *copy = array_push(ret->written, ret->n_written);

		*copy = (struct written_file){.path = xstrdup(f->path),
					      .text = xcalloc(1, sizeof(*copy->text)),
					      .partial = f->partial};
		text_init_slice(copy->text, &f->text, 0, f->text.s, f->text.len);
	}
}

/* Copies the list of programs and files that were not read. */
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

/* NetworkManager adds a route to a gateway outside the interface's networks by itself
 * (nm-l3-config-data.c), and so does what cloud-init renders for it. */
static bool adds_on_link(enum dialect dialect)
{
	return dialect != DIALECT_NETPLAN && dialect != DIALECT_NETWORKD &&
	       dialect != DIALECT_IPROUTE;
}

void links_resolve(struct guest_links *links, struct guest_network *ret, struct findings *findings)
{
	scripts_run_deferred(links, findings);
	copy_files(links, ret);
	add_unread(links, ret);
	while (links->ambiguous && links->n > 0)
		link_remove(links, &links->v[links->n - 1]);
	for (size_t i = 0; i < links->n; i++)
		links->v[i].addresses.on_link_added |= adds_on_link(links->v[i].dialect);
	links_fold(links, &ret->local);
	links_check_applied(links, findings);
	links_check_modes(links, findings);
	for (size_t i = 0; i < links->n; i++) {
		const struct guest_link *l = &links->v[i];
		const struct guest_link *other = stronger(links, l);
		if (l->kind != LINK_OTHER && l->kind != LINK_LOCAL && !l->of_ifupdown)
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
