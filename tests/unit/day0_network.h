/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's network of user data as a text, for the tests of the dialects. */
#pragma once

#include "day0_util.h"

static inline void add_addresses(struct strbuf *b, const struct guest_addresses *a)
{
	for (size_t i = 0; i < a->n; i++)
		strbuf_addf(b, " %s", a->v[i]);
	if (a->gateway4)
		strbuf_addf(b, " gw4 %s", a->gateway4);
	if (a->gateway6)
		strbuf_addf(b, " gw6 %s", a->gateway6);
	if (a->dhcp4)
		strbuf_adds(b, " dhcp4");
	if (a->dhcp6)
		strbuf_adds(b, " dhcp6");
	if (a->routes)
		strbuf_adds(b, " routes");
	if (a->on_link)
		strbuf_adds(b, " onlink");
	strbuf_adds(b, "\n");
}

static inline void add_mtu(struct strbuf *b, int mtu)
{
	if (mtu)
		strbuf_addf(b, " mtu %d", mtu);
}

/* The whole of a network, a line for each thing, each with its line. */
static inline char *network_text(const struct guest_network *g)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < g->n_bonds; i++) {
		const struct bond *bond = &g->bonds[i];
		strbuf_addf(&b, "%u %s %s mode %s miimon %d arp %d mac %s", bond->line,
			    dialect_name(bond->dialect), bond->name, bond_mode_name(bond->mode),
			    bond->miimon, bond->arp_interval,
			    fail_over_mac_name(bond->fail_over_mac));
		for (size_t k = 0; k < bond->arp_ip_targets.n; k++)
			strbuf_addf(&b, " target %s", bond->arp_ip_targets.v[k]);
		if (bond->downdelay >= 0)
			strbuf_addf(&b, " downdelay %d", bond->downdelay);
		if (bond->arp_validate)
			strbuf_addf(&b, " validate %s", bond->arp_validate);
		if (bond->num_grat_arp >= 0)
			strbuf_addf(&b, " grat_arp %d", bond->num_grat_arp);
		if (bond->all_slaves_active)
			strbuf_adds(&b, " all_active");
		add_mtu(&b, bond->mtu);
		if (bond->options_unknown)
			strbuf_adds(&b, " options?");
		if (bond->primary)
			strbuf_addf(&b, " primary %s", bond->primary);
		if (bond->primary_reselect)
			strbuf_addf(&b, " reselect %s", bond->primary_reselect);
		add_addresses(&b, &bond->addresses);
		for (size_t k = 0; k < bond->n_legs; k++) {
			strbuf_addf(&b, "  %u leg %s %s", bond->legs[k].line,
				    bond->legs[k].name ? bond->legs[k].name : "-",
				    bond->legs[k].mac ? bond->legs[k].mac : "-");
			add_mtu(&b, bond->legs[k].mtu);
			strbuf_adds(&b, "\n");
		}
		if (bond->legs_unknown)
			strbuf_adds(&b, "  legs?\n");
		for (size_t k = 0; k < bond->n_vlans; k++) {
			strbuf_addf(&b, "  %u vlan %s id %d", bond->vlans[k].line,
				    bond->vlans[k].name, bond->vlans[k].id);
			add_mtu(&b, bond->vlans[k].mtu);
			add_addresses(&b, &bond->vlans[k].addresses);
		}
	}
	for (size_t i = 0; i < g->n_nics; i++) {
		strbuf_addf(&b, "%u nic %s %s", g->nics[i].line,
			    g->nics[i].name ? g->nics[i].name : "-",
			    g->nics[i].mac ? g->nics[i].mac : "-");
		add_mtu(&b, g->nics[i].mtu);
		add_addresses(&b, &g->nics[i].addresses);
	}
	if (g->local.n > 0) {
		strbuf_adds(&b, "local");
		add_addresses(&b, &g->local);
	}
	for (size_t i = 0; i < g->n_unread; i++)
		strbuf_addf(&b, "%u unread %s%s\n", g->unread[i].line, g->unread[i].what,
			    g->unread[i].likely ? "" : ", maybe");
	return strbuf_steal(&b);
}

static inline void expect(const char *user_data, const char *network, const char *findings)
{
	cleanup_fixture struct fixture f = {0};

	fixture_user_data(&f, user_data);
	cleanup_free char *text = network_text(&f.group->guest);
	cleanup_free char *found = fixture_findings(&f);
	assert_string_equal(text, network);
	assert_string_equal(found, findings);
}
