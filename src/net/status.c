// SPDX-License-Identifier: Apache-2.0
#include "net/status.h"

#include <stdlib.h>

#include "base/str.h"

struct guest_bond *guest_status_bond(const struct guest_status *s, const char *name)
{
	for (size_t i = 0; i < s->n_bonds; i++)
		if (streq(s->bonds[i].name, name))
			return &s->bonds[i];
	return NULL;
}

struct guest_interface *guest_status_interface(const struct guest_status *s, const char *name)
{
	for (size_t i = 0; i < s->n_interfaces; i++)
		if (streq(s->interfaces[i].name, name))
			return &s->interfaces[i];
	return NULL;
}

struct guest_leg *guest_bond_leg(const struct guest_bond *b, const char *name)
{
	for (size_t i = 0; i < b->n_legs; i++)
		if (streq(b->legs[i].name, name))
			return &b->legs[i];
	return NULL;
}

void guest_leg_watch_free(struct guest_leg_watch *w)
{
	if (!w)
		return;
	free(w->path);
	free(w);
}

void guest_watch_free(struct guest_watch *w)
{
	if (!w)
		return;
	free(w->state);
	free(w->sentence);
	for (size_t i = 0; i < w->n_moves; i++)
		free(w->moves[i].cause);
	free(w->moves);
	strv_clear(&w->targets);
	strv_clear(&w->findings);
	free(w);
}

static void leg_clear(struct guest_leg *l)
{
	free(l->name);
	free(l->mac);
	free(l->permanent_mac);
	free(l->mii_status);
	free(l->driver);
	free(l->pci_address);
	guest_leg_watch_free(l->watch);
}

void guest_bond_clear(struct guest_bond *b)
{
	free(b->name);
	free(b->mode);
	free(b->fail_over_mac);
	strv_clear(&b->arp_ip_targets);
	free(b->primary);
	free(b->primary_reselect);
	free(b->active_leg);
	free(b->mii_status);
	for (size_t i = 0; i < b->n_legs; i++)
		leg_clear(&b->legs[i]);
	free(b->legs);
	free(b->proc);
	guest_watch_free(b->watch);
	*b = (struct guest_bond){0};
}

static void interface_clear(struct guest_interface *i)
{
	free(i->name);
	free(i->mac);
	free(i->operstate);
	free(i->driver);
	free(i->pci_address);
	free(i->bond);
	strv_clear(&i->addresses);
	free(i->gateway4);
	free(i->gateway6);
}

void guest_status_clear(struct guest_status *s)
{
	free(s->version);
	free(s->hostname);
	for (size_t i = 0; i < s->n_bonds; i++)
		guest_bond_clear(&s->bonds[i]);
	free(s->bonds);
	for (size_t i = 0; i < s->n_interfaces; i++)
		interface_clear(&s->interfaces[i]);
	free(s->interfaces);
	free(s->cloud_init.status);
	strv_clear(&s->cloud_init.errors);
	*s = (struct guest_status){0};
}
