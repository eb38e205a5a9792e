// SPDX-License-Identifier: Apache-2.0
#include "check/match.h"

#include "base/alloc.h"
#include "check/port.h"
#include "model/model.h"
#include "net/mac.h"

struct matching {
	const struct vm_group *group;
	struct guest_match *m;
	bool *taken; /* per interface of the group */
};

static const struct interface *take(struct matching *w, size_t i)
{
	w->taken[i] = true;
	return &w->group->interfaces[i];
}

static const struct interface *by_mac(struct matching *w, const char *mac)
{
	for (size_t i = 0; mac && i < w->group->n_interfaces; i++) {
		const char *of_port = w->group->interfaces[i].mac_address;
		if (!w->taken[i] && mac_text_equal(mac, of_port))
			return take(w, i);
	}
	return NULL;
}

static const struct interface *by_address(struct matching *w, const struct guest_addresses *a)
{
	for (size_t i = 0; i < w->group->n_interfaces; i++)
		for (size_t k = 0; !w->taken[i] && k < a->n; k++) {
			struct ip_prefix ip;
			if (ip_prefix_parse(a->v[k], &ip) &&
			    port_owns(&w->group->interfaces[i], &ip.addr))
				return take(w, i);
		}
	return NULL;
}

static const struct interface *next_port(struct matching *w, bool virtual)
{
	for (size_t i = 0; i < w->group->n_interfaces; i++)
		if (!w->taken[i] && (w->group->interfaces[i].type == PORT_VIRTUAL) == virtual)
			return take(w, i);
	return NULL;
}

static void match_legs(struct matching *w)
{
	bool virtual = true;

	for (size_t i = 0; i < w->group->n_interfaces; i++)
		virtual = virtual && w->group->interfaces[i].type == PORT_VIRTUAL;
	for (size_t i = 0; i < w->m->n_legs; i++)
		if (!w->m->legs[i].port && !w->m->legs[i].leg->mac &&
		    !w->m->legs[i].bond->legs_unknown)
			w->m->legs[i].port = next_port(w, virtual);
}

void guest_match(const struct vm_group *group, struct guest_match *ret)
{
	struct guest_match m = {0};
	struct matching w = {group, &m, xcalloc(group->n_interfaces + 1, sizeof(bool))};
	const struct guest_network *guest = &group->guest;

	for (size_t b = 0; b < guest->n_bonds; b++)
		for (size_t i = 0; i < guest->bonds[b].n_legs; i++) {
			struct leg_match *leg = array_push(m.legs, m.n_legs);
			leg->bond = &guest->bonds[b];
			leg->leg = &guest->bonds[b].legs[i];
			leg->port = by_mac(&w, leg->leg->mac);
		}
	for (size_t i = 0; i < guest->n_nics; i++) {
		struct nic_match *nic = array_push(m.nics, m.n_nics);
		nic->nic = &guest->nics[i];
		nic->port = by_mac(&w, nic->nic->mac);
	}
	for (size_t i = 0; i < m.n_nics; i++)
		if (!m.nics[i].port && !m.nics[i].nic->mac)
			m.nics[i].port = by_address(&w, &m.nics[i].nic->addresses);
	/* Unknown interfaces may be at any position in the order. */
	bool in_order = !guest_is_partial(guest);
	if (in_order)
		match_legs(&w);
	for (size_t i = 0; in_order && i < m.n_nics; i++)
		if (!m.nics[i].port && !m.nics[i].nic->mac && m.nics[i].nic->name)
			m.nics[i].port = next_port(&w, true);
	free(w.taken);
	*ret = m;
}

void guest_match_clear(struct guest_match *m)
{
	free_all(m->legs, m->nics);
	*m = (struct guest_match){0};
}

const struct bond *guest_match_bond(const struct guest_match *m, const struct interface *port)
{
	for (size_t i = 0; i < m->n_legs; i++)
		if (m->legs[i].port == port)
			return m->legs[i].bond;
	return NULL;
}

const struct bond_leg *guest_match_nicid(const struct guest_match *m, const struct bond *bond,
					 unsigned nicid)
{
	const struct leg_match *leg = array_find(
		m->legs, m->n_legs, it->bond == bond && it->port && it->port->nicid == nicid);

	return leg ? leg->leg : NULL;
}

const struct interface *guest_match_leg(const struct guest_match *m, const struct bond *bond,
					size_t i)
{
	for (size_t k = 0; k < m->n_legs; k++)
		if (m->legs[k].bond == bond && m->legs[k].leg == &bond->legs[i])
			return m->legs[k].port;
	return NULL;
}
