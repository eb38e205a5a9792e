// SPDX-License-Identifier: Apache-2.0
/* Ports against the guest's interfaces; port security, security groups, conntrack; day-0's network
 * stacks. */
#include "base/str.h"
#include "check/rule.h"

enum {
	CONNTRACK_MAX = 65536, /* nf_conntrack_max as many hosts have it */
	UDP_TIMEOUT = 30,      /* s, nf_conntrack_udp_timeout */
};

/* NICs that day-0 sets up: each name or MAC once, connections of the image that it changes not. */
static size_t count_nics(const struct guest_network *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_nics; i++) {
		const struct guest_nic *nic = &g->nics[i];
		bool again = !nic->name && !nic->mac;
		for (size_t k = 0; k < i && !again; k++)
			again = streq(nic->name, g->nics[k].name) &&
				streq(nic->mac, g->nics[k].mac);
		n += !again;
	}
	return n;
}

static void interface_count(const struct rule_ctx *ctx)
{
	const struct vm_group *g = ctx->group;
	size_t nics = count_nics(&g->guest), wanted = ctx->match->n_legs + nics;

	if (g->n_configurations == 0 || wanted <= g->n_interfaces)
		return;
	const struct guest_nic *nic = g->guest.n_nics ? &g->guest.nics[g->guest.n_nics - 1] : NULL;
	finding(ctx, g->line,
		"vm_group \"%s\" has %zu interface%s, and its day-0 sets up %zu (%zu leg%s of "
		"bonds, "
		"%zu other%s): each needs a port of its own",
		g->name, g->n_interfaces, g->n_interfaces == 1 ? "" : "s", wanted,
		ctx->match->n_legs, ctx->match->n_legs == 1 ? "" : "s", nics, nics == 1 ? "" : "s");
	if (nic)
		related_in(ctx, nic->file, nic->line);
	else
		related_in(ctx, g->guest.bonds[0].file, g->guest.bonds[0].line);
}

static void guest_mac(const struct rule_ctx *ctx)
{
	for (size_t i = 0; i < ctx->match->n_legs + ctx->match->n_nics; i++) {
		bool leg = i < ctx->match->n_legs;
		const struct leg_match *l = leg ? &ctx->match->legs[i] : NULL;
		const struct nic_match *n = leg ? NULL : &ctx->match->nics[i - ctx->match->n_legs];
		const char *mac = leg ? l->leg->mac : n->nic->mac;
		if (!mac || (leg ? l->port : n->port))
			continue;
		finding_in(ctx, leg ? l->leg->file : n->nic->file,
			   leg ? l->leg->line : n->nic->line,
			   "no interface of vm_group \"%s\" has mac_address %s, so the VIM picks "
			   "another and this is never configured: give one the MAC",
			   ctx->group->name, mac);
	}
}

static void guest_names(const struct rule_ctx *ctx)
{
	size_t n = 0;
	const char *file = NULL, *name = NULL;
	unsigned line = 0;

	for (size_t i = 0; i < ctx->match->n_legs; i++) {
		const struct bond_leg *leg = ctx->match->legs[i].leg;
		if (leg->mac || !leg->name || n++ > 0)
			continue;
		file = leg->file;
		line = leg->line;
		name = leg->name;
	}
	for (size_t i = 0; i < ctx->match->n_nics; i++) {
		const struct guest_nic *nic = ctx->match->nics[i].nic;
		if (nic->mac || !nic->name || n++ > 0)
			continue;
		file = nic->file;
		line = nic->line;
		name = nic->name;
	}
	if (n == 0)
		return;
	finding_in(
		ctx, file, line,
		"%s%s bound by name, which depends on the machine type, the slots and the order of "
		"the ports: bind by the port's MAC (mac_address in the descriptor, MAC in day-0)",
		name, n > 1 ? " and others are" : " is");
}

static void leg_down(const struct rule_ctx *ctx)
{
	for (size_t i = 0; i < ctx->bond->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (!port || port->admin_state_up)
			continue;
		finding(ctx, port->line,
			"nicid %u is a leg of %s and has admin_state_up=false: the leg stays down",
			port->nicid, ctx->bond->name);
		related_in(ctx, ctx->bond->file, ctx->bond->line);
	}
}

static void security_group_direct(const struct rule_ctx *ctx)
{
	const struct interface *p = ctx->port;

	if (p->type != PORT_VIRTUAL && p->security_groups.n > 0)
		finding(ctx, p->line,
			"security group \"%s\" has no effect on nicid %u, a %s port: its packets "
			"do "
			"not pass the host's filters; filter in the guest or in the fabric",
			p->security_groups.v[0], p->nicid, port_type_name(p->type));
}

static void security_group_refused(const struct rule_ctx *ctx)
{
	const struct interface *p = ctx->port;
	const char *what = p->security_groups.n > 0         ? "security groups"
			   : p->n_allowed_address_pairs > 0 ? "allowed_address_pairs"
							    : NULL;

	if (what && p->port_security_enabled == TRI_NO)
		finding(ctx, p->line,
			"nicid %u has %s and port_security_enabled=false: Neutron refuses the two "
			"together; keep one",
			p->nicid, what);
}

static void port_security_unsaid(const struct rule_ctx *ctx)
{
	const struct interface *p = ctx->port;

	if (port_is_vf(p) && p->port_security_enabled == TRI_UNKNOWN)
		finding(ctx, p->line,
			"nicid %u, a VF, does not say port_security_enabled: by default spoof "
			"checking is on and trust off, and frames from any MAC but the port's are "
			"dropped",
			p->nicid);
}

/* Whether DNS is served behind that port: a leg's, or, of a VM without bond and VFs, any but that
 * for management. */
static bool serves_dns(const struct rule_ctx *ctx, const struct interface *port)
{
	if (ctx->group->guest.n_bonds > 0)
		return guest_match_bond(ctx->match, port);
	for (size_t i = 0; i < ctx->group->n_interfaces; i++)
		if (ctx->group->interfaces[i].type != PORT_VIRTUAL)
			return false;
	return ctx->group->n_interfaces == 1 ||
	       port->nicid != vm_group_management_nicid(ctx->group);
}

static void conntrack(const struct rule_ctx *ctx)
{
	for (size_t i = 0; i < ctx->group->n_interfaces; i++) {
		const struct interface *p = &ctx->group->interfaces[i];
		if (!port_is_filtered(p) || !serves_dns(ctx, p))
			continue;
		finding(ctx, p->line,
			"DNS behind nicid %u, a virtual port with port security: the host tracks "
			"each query's flow for %d s, so %d entries (nf_conntrack_max) are full at "
			"%d "
			"new flows a second, and then queries are dropped; use direct ports, or "
			"port_security_enabled=false, or raise nf_conntrack_max",
			p->nicid, UDP_TIMEOUT, CONNTRACK_MAX, CONNTRACK_MAX / UDP_TIMEOUT);
		return;
	}
}

static void network_stacks(const struct rule_ctx *ctx)
{
	const struct guest_network *g = &ctx->group->guest;

	if (g->n_dialects < 2)
		return;
	const struct guest_dialect *a = &g->dialects[0], *b = &g->dialects[1];
	finding_in(
		ctx, b->file, b->line,
		"the guest's network is set up twice, by %s and by %s: whichever stack runs last, "
		"or at the next boot, wins; keep the one that the image has",
		dialect_name(a->dialect), dialect_name(b->dialect));
	related_in(ctx, a->file, a->line);
}

const struct check_rule port_rules[] = {
	{
		RULE("interface-count", SEVERITY_ERROR, LEVEL_GROUP, interface_count),
		.title = "each interface of the guest has a port",
		.text = "A vm_group has at least as many interfaces as its day-0 sets up NICs and "
			"legs.",
		.reason = "The guest waits for an interface that is not there; the legs then are "
			  "other ports than meant.",
		.remedy = "Add the missing interfaces to the descriptor.",
		.source =
			"TechNote 223247, ESC sample (three interfaces) and step 1 (four networks)",
	},
	{
		RULE("guest-mac", SEVERITY_ERROR, LEVEL_GROUP, guest_mac),
		.title = "a MAC that day-0 names is a port's",
		.text = "Each MAC address by which day-0 binds is the mac_address of an interface.",
		.reason = "The VIM chooses the MAC of a port that does not say it.",
		.remedy = "Add mac_address to the interface.",
		.source = "Neutron API, ports",
	},
	{
		RULE("guest-names", SEVERITY_NOTE, LEVEL_GROUP, guest_names),
		.title = "day-0 binds by MAC, not by name",
		.text = "Legs and NICs are bound to MAC addresses.",
		.reason = "eth2, ens6 and the like depend on machine type, PCI slots and the order "
			  "of ports; with another flavor or QEMU they are other interfaces.",
		.remedy = "Set mac_address in the descriptor and match it in day-0 "
			  "(802-3-ethernet.mac-address, HWADDR, match: macaddress).",
		.source = "TechNote 223247: ens6 and ens7 in day-0, eth2 and eth3 in step 3; "
			  "systemd.net-naming-scheme(7)",
	},
	{
		RULE("leg-down", SEVERITY_WARNING, LEVEL_BOND, leg_down),
		.title = "a leg's port is up",
		.text = "The ports of legs have admin_state_up true.",
		.reason =
			"Neutron disables the VF's link, and the bond runs on the other leg alone.",
		.remedy = "Remove admin_state_up=false.",
		.source = "Neutron, ml2/drivers/mech_sriov/agent (link state disable)",
	},
	{
		RULE("security-group-direct", SEVERITY_WARNING, LEVEL_PORT, security_group_direct),
		.title = "security groups are where they act",
		.text = "Direct, macvtap and passthru ports have no security groups.",
		.reason = "They are accepted and filter nothing: the port is open.",
		.remedy = "Remove them and filter in the guest (nftables) or in the fabric.",
		.source = "Neutron Admin Guide, SR-IOV, limitations",
	},
	{
		RULE("security-group-refused", SEVERITY_ERROR, LEVEL_PORT, security_group_refused),
		.title = "security groups go with port security",
		.text = "A port with security groups or allowed_address_pairs has port security.",
		.reason = "Neutron answers 409 (PortSecurityAndIPRequiredForSecurityGroups, "
			  "AddressPairAndPortSecurityRequired).",
		.remedy = "Keep one of the two.",
		.source = "Neutron API, port security",
	},
	{
		RULE("port-security-unsaid", SEVERITY_NOTE, LEVEL_PORT, port_security_unsaid),
		.title = "a VF's port says whether it is checked",
		.text = "Direct ports give port_security_enabled.",
		.reason = "Neutron sets the VF's spoof checking by it. With it on and trust off "
			  "the VF sends with its own MAC only, which decides what the bond may do.",
		.remedy = "Say true or false; with fail_over_mac=active both work.",
		.source = "Neutron, ml2/drivers/mech_sriov/agent (spoofchk); TechNote 223247 is "
			  "silent",
	},
	{
		RULE("conntrack", SEVERITY_WARNING, LEVEL_GROUP, conntrack),
		.title = "DNS does not pass connection tracking",
		.text = "The ports that DNS is served on are direct, or have port security off.",
		.reason = "Each query from a new client port is a flow of 30 s: 65,536 entries / "
			  "30 s = 2,184 new flows a second, then the table is full and packets are "
			  "dropped.",
		.remedy = "Use SR-IOV ports for the service, or disable port security on them, or "
			  "raise nf_conntrack_max on the hosts.",
		.source = "TechNote 223247, conntrack limits on OVS ports; "
			  "Documentation/networking/nf_conntrack-sysctl.rst",
	},
	{
		RULE("network-stacks", SEVERITY_WARNING, LEVEL_GROUP, network_stacks),
		.title = "one network stack sets up the guest",
		.text = "Day-0 uses one of nmcli, ifcfg files, netplan and cloud-init's network "
			"config.",
		.reason = "Two stacks fight over the interfaces, and the one that the image does "
			  "not have is dead text that looks valid.",
		.remedy = "Keep the one that the image has.",
		.source = "TechNote 223247: nmcli in day-0, ifcfg in step 3",
	},
	{0},
};
