// SPDX-License-Identifier: Apache-2.0
/* The guest's view of its ports: interfaces and bonds. */
#include "base/alloc.h"
#include "check/match.h"
#include "draw/internal.h"

/* Does day-0 differ between the VMs of the group? That of the first is drawn. */
static bool has_own_values(const struct vm_group *group)
{
	for (size_t i = 0; i < group->n_configurations; i++)
		for (size_t k = 0; k < group->configurations[i].n_variables; k++)
			if (group->configurations[i].variables[k].values.n > 1)
				return true;
	return false;
}

static void add_addresses(const struct build *b, struct box *box, const struct guest_addresses *a)
{
	if (a->n && b->view->index > 0 && has_own_values(b->view->group)) {
		box_add(box, SVG_FAINT, "addresses: see its day-0");
		return;
	}
	for (size_t i = 0; i < a->n; i++)
		box_add(box, SVG_TEXT, "%s", a->v[i]);
	if (a->dhcp4 || a->dhcp6)
		box_add(box, SVG_TEXT, "DHCP%s", a->dhcp4 ? "" : "v6");
	if (a->gateway4)
		box_add(box, SVG_FAINT, "gateway %s", a->gateway4);
	if (a->gateway6)
		box_add(box, SVG_FAINT, "gateway %s", a->gateway6);
}

static void add_mtu(struct box *box, int mtu)
{
	if (mtu > 0)
		box_add(box, SVG_FAINT, "MTU %d", mtu);
}

/* Day-0 gives an interface's name, its MAC, or both. */
static void name_interface(struct box *box, const char *name, const char *mac)
{
	box->look = "box guest";
	if (name)
		box_add(box, SVG_TITLE, "%s", name);
	if (mac)
		box_add(box, name ? SVG_SMALL : SVG_TITLE, "%s", mac);
}

void build_leg(struct build *b, const struct leg_match *m, struct box *box)
{
	const struct bond_leg *leg = m->leg;

	name_interface(box, leg->name, leg->mac);
	box_add(box, SVG_FAINT, "leg of %s%s", m->bond->name ? m->bond->name : "the bond",
		leg->name && streq(m->bond->primary, leg->name) ? ", primary" : "");
	add_mtu(box, leg->mtu);
	if (!m->port) {
		box->look = "box missing";
		box_add(box, SVG_SMALL, "no port for it");
	}
	box_take_marks(box, b->marks, leg);
}

void build_nic(struct build *b, const struct nic_match *m, struct box *box)
{
	name_interface(box, m->nic->name, m->nic->mac);
	add_addresses(b, box, &m->nic->addresses);
	add_mtu(box, m->nic->mtu);
	if (!m->port) {
		box->look = "box missing";
		box_add(box, SVG_SMALL, "no port for it");
	}
	box_take_marks(box, b->marks, m->nic);
}

static void describe_monitor(const struct bond *bond, struct box *box)
{
	cleanup_strbuf struct strbuf targets = {0};

	if (bond->miimon > 0)
		box_add(box, SVG_TEXT, "miimon %d ms", bond->miimon);
	if (bond->arp_interval > 0)
		box_add(box, SVG_TEXT, "ARP every %d ms%s%s", bond->arp_interval,
			bond->arp_validate ? ", validate " : "",
			bond->arp_validate ? bond->arp_validate : "");
	for (size_t i = 0; i < bond->arp_ip_targets.n; i++)
		strbuf_addf(&targets, "%s%s", i ? ", " : "targets ", bond->arp_ip_targets.v[i]);
	if (targets.len)
		box_add_wrapped(box, SVG_FAINT, NULL, targets.s);
}

void build_bond(struct build *b, const struct bond *bond)
{
	struct layout_bond *s = array_push(b->view->bonds, b->view->n_bonds);
	struct box *box = &s->box;

	s->bond = bond;
	box->look = "box bond";
	box->w = BOND_W;
	box->centred = true;
	box_add(box, SVG_TITLE, "%s", bond->name ? bond->name : "bond");
	box_add(box, SVG_TEXT, "%s",
		bond->mode == BOND_MODE_UNSET ? "balance-rr (no mode given)"
					      : bond_mode_name(bond->mode));
	describe_monitor(bond, box);
	if (bond->fail_over_mac != FAIL_OVER_MAC_UNSET)
		box_add(box, SVG_TEXT, "fail_over_mac %s", fail_over_mac_name(bond->fail_over_mac));
	add_mtu(box, bond->mtu);
	add_addresses(b, box, &bond->addresses);
	for (size_t i = 0; i < bond->n_vlans; i++) {
		box_add(box, SVG_TITLE, "%s: VLAN %d", bond->vlans[i].name, bond->vlans[i].id);
		add_addresses(b, box, &bond->vlans[i].addresses);
		add_mtu(box, bond->vlans[i].mtu);
	}
	box_take_marks(box, b->marks, bond);
}
