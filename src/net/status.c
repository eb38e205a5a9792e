// SPDX-License-Identifier: Apache-2.0
#include "net/status.h"

#include "base/alloc.h"

struct guest_bond *guest_status_bond(const struct guest_status *s, const char *name)
{
	return array_find(s->bonds, s->n_bonds, streq(it->name, name));
}

struct guest_interface *guest_status_interface(const struct guest_status *s, const char *name)
{
	return array_find(s->interfaces, s->n_interfaces, streq(it->name, name));
}

struct guest_leg *guest_bond_leg(const struct guest_bond *b, const char *name)
{
	return array_find(b->legs, b->n_legs, streq(it->name, name));
}

static void leg_watch_free(struct guest_leg_watch *w)
{
	if (w)
		free_all(w->path, w);
}

static void watch_free(struct guest_watch *w)
{
	if (!w)
		return;
	free_all(w->state, w->sentence);
	for (size_t i = 0; i < w->n_moves; i++)
		free(w->moves[i].cause);
	free(w->moves);
	strv_clear(&w->targets);
	strv_clear(&w->findings);
	free(w);
}

static void leg_clear(struct guest_leg *l)
{
	free_all(l->name, l->mac, l->permanent_mac, l->mii_status, l->driver, l->pci_address);
	leg_watch_free(l->watch);
}

void guest_bond_clear(struct guest_bond *b)
{
	free_all(b->name, b->mode, b->fail_over_mac);
	strv_clear(&b->arp_ip_targets);
	free_all(b->primary, b->primary_reselect, b->active_leg, b->mii_status);
	for (size_t i = 0; i < b->n_legs; i++)
		leg_clear(&b->legs[i]);
	free_all(b->legs, b->proc);
	watch_free(b->watch);
	*b = (struct guest_bond){0};
}

static void interface_clear(struct guest_interface *i)
{
	free_all(i->name, i->mac, i->operstate, i->driver, i->pci_address, i->bond);
	strv_clear(&i->addresses);
	free_all(i->gateway4, i->gateway6);
}

void guest_status_clear(struct guest_status *s)
{
	free_all(s->version, s->hostname);
	array_free(s->bonds, s->n_bonds, guest_bond_clear);
	for (size_t i = 0; i < s->n_interfaces; i++)
		interface_clear(&s->interfaces[i]);
	free_all(s->interfaces, s->cloud_init.status);
	strv_clear(&s->cloud_init.errors);
	*s = (struct guest_status){0};
}
