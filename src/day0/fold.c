// SPDX-License-Identifier: Apache-2.0
/* Interfaces that are merged into others: aliases, bridges and macvlans above a link, loopback. */
#include "base/alloc.h"
#include "base/str.h"
#include "day0/link.h"

enum { UPPERS_MAX = 8 }; /* interfaces above each other */

void addresses_move(struct guest_addresses *from, struct guest_addresses *to)
{
	for (size_t i = 0; i < from->n; i++)
		*array_push(to->v, to->n) = from->v[i];
	free(from->v);
	if (!to->gateway4)
		to->gateway4 = steal_ptr(from->gateway4);
	if (!to->gateway6)
		to->gateway6 = steal_ptr(from->gateway6);
	free_all(from->gateway4, from->gateway6);
	to->on_link |= from->on_link;
	to->on_link_added |= from->on_link_added;
	to->dhcp4 |= from->dhcp4;
	to->dhcp6 |= from->dhcp6;
	to->routes |= from->routes;
	*from = (struct guest_addresses){0};
}

static bool is_upper(const struct guest_link *l)
{
	return l->kind == LINK_UPPER;
}

/* The link of that name in the dialect, other than this one; NULL if there is none. */
static struct guest_link *find_other(struct guest_links *links, const struct guest_link *self,
				     const char *name)
{
	struct guest_link *l = link_find(links, self->dialect, name);

	return l == self ? NULL : l;
}

/* "eth0:1" is one more address of eth0. */
static void fold_aliases(struct guest_links *links)
{
	for (size_t i = 0; i < links->n;) {
		struct guest_link *l = &links->v[i++];
		const char *colon = l->name ? strchr(l->name, ':') : NULL;
		if (!colon || colon == l->name)
			continue;
		cleanup_free char *base = xstrndup(l->name, (size_t)(colon - l->name));
		struct guest_link *of = find_other(links, l, base);
		if (!of) { /* the image sets it up */
			string_set(&l->name, base);
			continue;
		}
		addresses_move(&l->addresses, &of->addresses);
		link_remove(links, l);
		i--;
	}
}

/* A port may name its bridge, the bridge its ports, a macvlan its parent: makes it the second. */
static void list_ports(struct guest_links *links)
{
	for (size_t i = 0; i < links->n; i++) {
		struct guest_link *l = &links->v[i];
		if (is_upper(l) && l->parent)
			strv_add(&l->ports, l->parent);
		struct guest_link *upper = l->master ? find_other(links, l, l->master) : NULL;
		const char *name = l->id ? l->id : l->name;
		if (upper && is_upper(upper) && name)
			strv_add(&upper->ports, name);
		if (l->bridged || (upper && is_upper(upper)))
			string_set(&l->master, NULL);
	}
}

static int rank(enum link_kind kind)
{
	return kind == LINK_BOND ? 3 : kind == LINK_VLAN ? 2 : kind == LINK_OTHER ? 0 : 1;
}

/* The link below all uppers: a bond rather than a VLAN, a VLAN rather than a NIC. */
static struct guest_link *lowest(struct guest_links *links, const struct guest_link *upper,
				 unsigned depth)
{
	struct guest_link *best = NULL;

	for (size_t i = 0; i < upper->ports.n && depth < UPPERS_MAX; i++) {
		struct guest_link *l = find_other(links, upper, upper->ports.v[i]);
		if (l && is_upper(l))
			l = lowest(links, l, depth + 1);
		if (l && (!best || rank(l->kind) > rank(best->kind)))
			best = l;
	}
	return best;
}

/* What is above this upper is above the link below it. */
static void lower_vlans(struct guest_links *links, const struct guest_link *upper,
			const struct guest_link *below)
{
	for (size_t i = 0; i < links->n; i++) {
		struct guest_link *l = &links->v[i];
		if (l->kind == LINK_VLAN && l->dialect == upper->dialect && l->parent &&
		    (streq(l->parent, upper->id) || streq(l->parent, upper->name)))
			string_set(&l->parent, below->id ? below->id : below->name);
		if (l->kind == LINK_OTHER && l->addresses.routes && l->name &&
		    streq(l->name, upper->name))
			string_set(&l->name, below->name);
	}
}

void links_fold(struct guest_links *links, struct guest_addresses *ret)
{
	fold_aliases(links);
	list_ports(links);
	for (size_t i = 0; i < links->n; i++) {
		struct guest_link *l = &links->v[i];
		if (l->kind == LINK_LOCAL || streq(l->name, "lo")) {
			addresses_move(&l->addresses, ret);
			l->kind = LINK_LOCAL;
		}
		struct guest_link *below = is_upper(l) ? lowest(links, l, 0) : NULL;
		if (below) {
			addresses_move(&l->addresses, &below->addresses);
			lower_vlans(links, l, below);
		}
	}
}
