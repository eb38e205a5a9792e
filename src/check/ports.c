// SPDX-License-Identifier: Apache-2.0
/* Ports against the guest's interfaces; port security, security groups, conntrack; network stacks
 * of day-0. */
#include "base/alloc.h"
#include "base/str.h"
#include "check/rule.h"

enum {
	CONNTRACK_MAX = 65536, /* a common value of nf_conntrack_max */
	UDP_TIMEOUT = 30,      /* s, nf_conntrack_udp_timeout */
};

/* Number of NICs that day-0 configures: each name or MAC once, without connections of the image
 * that day-0 only modifies. */
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
		"vm_group \"%s\" has %zu %s, but its day-0 configures %zu (bond legs: %zu, others: "
		"%zu): add the missing interfaces",
		g->name, g->n_interfaces, plural(g->n_interfaces, "interface", "interfaces"),
		wanted, ctx->match->n_legs, nics);
	if (nic)
		related_in(ctx, nic->file, nic->line);
	else
		related_in(ctx, g->guest.bonds[0].file, g->guest.bonds[0].line);
}

static void say_guest_mac(const struct rule_ctx *ctx, const char *mac, const char *file,
			  unsigned line)
{
	finding_in(ctx, file, line,
		   "no interface of vm_group \"%s\" has mac_address %s, so the VIM chooses another "
		   "MAC and the guest never configures this interface: set mac_address",
		   ctx->group->name, mac);
}

static void guest_mac(const struct rule_ctx *ctx)
{
	for (size_t i = 0; i < ctx->match->n_legs; i++) {
		const struct leg_match *m = &ctx->match->legs[i];
		if (m->leg->mac && !m->port && !has_variable(m->leg->mac))
			say_guest_mac(ctx, m->leg->mac, m->leg->file, m->leg->line);
	}
	for (size_t i = 0; i < ctx->match->n_nics; i++) {
		const struct nic_match *m = &ctx->match->nics[i];
		if (m->nic->mac && !m->port && !has_variable(m->nic->mac))
			say_guest_mac(ctx, m->nic->mac, m->nic->file, m->nic->line);
	}
}

/* Whether a port is neither a known leg nor a known NIC. */
static bool has_unmatched_port(const struct rule_ctx *ctx)
{
	for (size_t i = 0; i < ctx->group->n_interfaces; i++) {
		const struct interface *port = &ctx->group->interfaces[i];
		if (!guest_match_bond(ctx->match, port) &&
		    !array_find(ctx->match->nics, ctx->match->n_nics, it->port == port))
			return true;
	}
	return false;
}

/* The first program or file that sets up the network and is not read, and the number of others. */
static void guest_unread(const struct rule_ctx *ctx)
{
	const struct guest_network *g = &ctx->group->guest;
	const struct guest_unread *u = array_find(g->unread, g->n_unread, it->likely);
	bool may_matter = guest_may_have_bond(g) && ctx->group->n_interfaces > 1;

	if (!u && may_matter && has_unmatched_port(ctx))
		u = g->unread;
	if (!u)
		return;
	size_t others = 0;
	for (size_t i = 0; i < g->n_unread; i++)
		others += &g->unread[i] != u && (g->unread[i].likely || !u->likely);
	cleanup_free char *more = xasprintf(" (and %zu more)", others);
	finding_in(
		ctx, u->file, u->line,
		"the network of the guest is unknown, because \"%s\"%s %s it up and is not read: "
		"%s; rules that depend on bonds, addresses or routes in the guest do not apply",
		u->what, others ? more : "", u->likely ? "sets" : "may set", u->why);
}

static void legs_unknown(const struct rule_ctx *ctx)
{
	if (ctx->bond->legs_unknown)
		bond_finding(
			ctx,
			"which interfaces are legs of bond \"%s\" is known in the guest only: "
			"rules that depend on its legs do not apply; name each leg, or bind it "
			"by its MAC",
			ctx->bond->name);
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
	finding_in(ctx, file, line,
		   "%s%s bound by name, which depends on the machine type, the PCI slots and the "
		   "order of ports: bind by the port's MAC (mac_address in the descriptor, the "
		   "same MAC in day-0)",
		   name, n > 1 ? " and others are" : " is");
}

static void leg_down(const struct rule_ctx *ctx)
{
	for (size_t i = 0; i < ctx->bond->n_legs; i++) {
		const struct interface *port = rule_leg_port(ctx, i);
		if (!port || port->admin_state_up)
			continue;
		finding(ctx, port->line,
			"nicid %u is a leg of bond \"%s\" but has admin_state_up=false, so the leg "
			"stays down: remove admin_state_up",
			port->nicid, ctx->bond->name);
		related_in(ctx, ctx->bond->file, ctx->bond->line);
	}
}

static void security_group_direct(const struct rule_ctx *ctx)
{
	const struct interface *p = ctx->port;

	if (p->type != PORT_VIRTUAL && p->security_groups.n > 0)
		finding(ctx, p->line,
			"security group \"%s\" has no effect on nicid %u, a %s port, because its "
			"packets bypass the host's firewall: filter in the guest or in the fabric",
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
			"nicid %u has %s and port_security_enabled=false, which Neutron rejects: "
			"remove one of the two",
			p->nicid, what);
}

static void port_security_unsaid(const struct rule_ctx *ctx)
{
	const struct interface *p = ctx->port;

	if (port_is_vf(p) && p->port_security_enabled == TRI_UNKNOWN)
		finding(ctx, p->line,
			"nicid %u, a VF, does not set port_security_enabled: by default spoof "
			"checking is on and trust is off, so frames with any other MAC are dropped",
			p->nicid);
}

/* Whether DNS is served on the port: a leg's; in a VM without a bond or VFs, any port but the
 * management port. */
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
	for (size_t i = 0; !guest_may_have_bond(&ctx->group->guest) && i < ctx->group->n_interfaces;
	     i++) {
		const struct interface *p = &ctx->group->interfaces[i];
		if (!port_is_filtered(p) || !serves_dns(ctx, p))
			continue;
		finding(ctx, p->line,
			"nicid %u serves DNS on a virtual port with port security: the host tracks "
			"each query's flow for %d s, so %d entries (nf_conntrack_max) are full at "
			"%d new flows per second and further queries are dropped; use direct "
			"ports, set port_security_enabled=false, or raise nf_conntrack_max",
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
		"day-0 configures the network twice, with %s and with %s: the stack that runs last "
		"wins, and this may change at the next boot; keep the one that the image uses",
		dialect_name(a->dialect), dialect_name(b->dialect));
	related_in(ctx, a->file, a->line);
}

const struct check_rule port_rules[] = {
	{"interface-count", SEVERITY_ERROR, LEVEL_GROUP, interface_count},
	{"guest-mac", SEVERITY_ERROR, LEVEL_GROUP, guest_mac},
	{"guest-unread", SEVERITY_WARNING, LEVEL_GROUP, guest_unread},
	{"legs-unknown", SEVERITY_NOTE, LEVEL_BOND, legs_unknown},
	{"guest-names", SEVERITY_NOTE, LEVEL_GROUP, guest_names},
	{"leg-down", SEVERITY_WARNING, LEVEL_BOND, leg_down},
	{"security-group-direct", SEVERITY_WARNING, LEVEL_PORT, security_group_direct},
	{"security-group-refused", SEVERITY_ERROR, LEVEL_PORT, security_group_refused},
	{"port-security-unsaid", SEVERITY_NOTE, LEVEL_PORT, port_security_unsaid},
	{"conntrack", SEVERITY_WARNING, LEVEL_GROUP, conntrack},
	{"network-stacks", SEVERITY_WARNING, LEVEL_GROUP, network_stacks},
	{0},
};
