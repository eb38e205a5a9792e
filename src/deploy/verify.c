// SPDX-License-Identifier: Apache-2.0
#include "deploy/verify.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "deploy/dns.h"
#include "deploy/guest.h"
#include "deploy/reach.h"
#include "deploy/verify_ctx.h"
#include "model/service.h"
#include "net/ip.h"
#include "net/mac.h"

#define ASK_MS   2000 /* for one answer of the guest */
#define PAUSE_MS 500  /* bondd proves a path in that time */
#define LOOKS    4

/* Unknown when the guest does not report it. */
static enum verdict verdict_of_word(const char *reported, const char *wanted)
{
	return reported ? verify_verdict(streq(reported, wanted)) : VERDICT_UNKNOWN;
}

/* TechNote, verification 1: the instance is ACTIVE. */
static void check_server(struct verify_ctx *ctx)
{
	const struct vim_server_info *server = ctx->server;

	if (server->state == VIM_STATE_ACTIVE)
		verify_add(ctx, "server-active", server->name, VERDICT_PASS, "%s, up %lld s, %s",
			   server->status, (long long)server->uptime,
			   server->hypervisor ? server->hypervisor : "hypervisor unknown");
	else
		verify_add(ctx, "server-active", server->name, VERDICT_FAIL, "%s: %s",
			   server->status, server->fault ? server->fault : "no reason given");

	const struct flavor *flavor = model_flavor(ctx->model, ctx->group->flavor);
	const char *asked = flavor ? property_get(&flavor->properties, "hw:numa_nodes") : NULL;
	cleanup_free char *cells = xasprintf("%u", server->cells);
	if (server->cells == 0)
		verify_add(ctx, "server-cells", server->name, VERDICT_UNKNOWN,
			   "the VIM does not report the guest's NUMA cells");
	else if (!flavor)
		verify_add(ctx, "server-cells", server->name, VERDICT_UNKNOWN,
			   "%s NUMA %s; flavor %s is not in the descriptor, so the requested "
			   "number is unknown",
			   cells, plural(server->cells, "cell", "cells"), ctx->group->flavor);
	else
		verify_add(ctx, "server-cells", server->name,
			   verify_verdict(asked ? streq(asked, cells) : server->cells == 1),
			   "%s NUMA %s, flavor %s requests %s", cells,
			   plural(server->cells, "cell", "cells"), flavor->name,
			   asked ? asked : "1");
}

/* TechNote, troubleshooting 4: the ports. */
static void check_ports(struct verify_ctx *ctx)
{
	for (size_t i = 0; i < ctx->server->n_ports; i++) {
		const struct vim_port_info *p = &ctx->server->ports[i];
		bool good = p->link_up && streq(p->status, "ACTIVE");
		verify_add(ctx, "port-up", p->name, verify_verdict(good),
			   "%s, link %s, %s on %s, %s, %s", p->status, p->link_up ? "up" : "down",
			   port_type_name(p->type), p->network, p->mac_address,
			   p->host_device ? p->host_device : "host device unknown");
	}
}

/* The VIM's port that carries this MAC, or NULL. */
static const struct vim_port_info *port_by_mac(const struct vim_server_info *server,
					       const char *mac)
{
	return array_find(server->ports, server->n_ports, mac_text_equal(it->mac_address, mac));
}

static void check_leg(struct verify_ctx *ctx, const struct guest_leg *leg)
{
	const struct vim_port_info *port = port_by_mac(ctx->server, leg->permanent_mac);

	if (leg->carrier == TRI_UNKNOWN)
		verify_add(ctx, "leg-carrier", leg->name, VERDICT_UNKNOWN,
			   "the guest does not report it");
	else
		verify_add(ctx, "leg-carrier", leg->name, verify_verdict(leg->carrier == TRI_YES),
			   "carrier %s, bond reports %s, %lld link %s",
			   leg->carrier == TRI_YES ? "up" : "down",
			   leg->mii_status ? leg->mii_status : "nothing",
			   (long long)leg->link_failures,
			   plural((uint64_t)leg->link_failures, "failure", "failures"));
	if (!leg->permanent_mac)
		verify_add(ctx, "leg-port", leg->name, VERDICT_UNKNOWN,
			   "the guest does not report its permanent MAC, so its port is unknown");
	else if (!port)
		verify_add(ctx, "leg-port", leg->name, VERDICT_FAIL,
			   "no port of the server has its MAC %s: the bond uses another NIC",
			   leg->permanent_mac);
	else
		verify_add(ctx, "leg-port", leg->name, verify_verdict(port->type == PORT_DIRECT),
			   "port %s, %s on physnet %s", port->name, port_type_name(port->type),
			   port->physical_network ? port->physical_network : "(none)");

	int host_node = port ? port->numa_node : -1;
	if (leg->numa_node < 0)
		verify_add(ctx, "leg-numa", leg->name, VERDICT_UNKNOWN,
			   "the guest does not know the NUMA node of %s%s%s",
			   leg->pci_address ? leg->pci_address : "the NIC",
			   ctx->server->numa ? ", as Nova gives a VF none; its cells: " : "",
			   ctx->server->numa ? ctx->server->numa : "");
	else if (host_node < 0)
		verify_add(ctx, "leg-numa", leg->name, VERDICT_UNKNOWN,
			   "guest node %d (%s); host node unknown", leg->numa_node,
			   leg->pci_address ? leg->pci_address : "?");
	else
		verify_add(ctx, "leg-numa", leg->name, verify_verdict(leg->numa_node == host_node),
			   "guest node %d (%s), host node %d", leg->numa_node,
			   leg->pci_address ? leg->pci_address : "?", host_node);
}

static void check_legs_apart(struct verify_ctx *ctx, const struct guest_bond *bond)
{
	cleanup_free struct verify_leg *legs = xcalloc(bond->n_legs + 1, sizeof(*legs));

	for (size_t i = 0; i < bond->n_legs; i++)
		legs[i] = (struct verify_leg){
			bond->legs[i].name, port_by_mac(ctx->server, bond->legs[i].permanent_mac)};
	verify_legs_apart(ctx, bond->name, legs, bond->n_legs);
}

/* Is each leg of day-0 in the running bond? */
static void check_legs_present(struct verify_ctx *ctx, const struct bond *wanted,
			       const struct guest_bond *bond)
{
	cleanup_strbuf struct strbuf have = {0}, missing = {0}, nics = {0};

	for (size_t i = 0; i < bond->n_legs; i++)
		strbuf_addf(&have, "%s%s", i ? ", " : "", bond->legs[i].name);
	for (size_t i = 0; i < wanted->n_legs; i++) {
		bool found = false;
		for (size_t j = 0; j < bond->n_legs; j++)
			found |= streq(wanted->legs[i].name, bond->legs[j].name) ||
				 mac_text_equal(wanted->legs[i].mac, bond->legs[j].permanent_mac);
		const char *name = wanted->legs[i].name;
		if (!found)
			strbuf_addf(&missing, "%s%s", missing.len ? ", " : "; not in the bond: ",
				    name ? name : wanted->legs[i].mac);
	}
	for (size_t i = 0; missing.len && i < ctx->guest->n_interfaces; i++)
		if (ctx->guest->interfaces[i].pci_address)
			strbuf_addf(&nics, "%s%s", nics.len ? ", " : "; the guest's NICs are ",
				    ctx->guest->interfaces[i].name);
	verify_add(ctx, "bond-legs", bond->name, verify_verdict(!missing.len && bond->n_legs >= 2),
		   "%zu %s: %s%s%s", bond->n_legs, plural(bond->n_legs, "leg", "legs"),
		   have.s ? have.s : "none", missing.s ? missing.s : "", nics.s ? nics.s : "");
}

static void check_monitor(struct verify_ctx *ctx, const struct bond *wanted,
			  const struct guest_bond *bond)
{
	bool on = bond->miimon > 0 || bond->arp_interval > 0;
	bool as_asked = (wanted->miimon < 0 || bond->miimon == wanted->miimon) &&
			(wanted->arp_interval < 0 || bond->arp_interval == wanted->arp_interval);

	if (bond->arp_interval > 0)
		verify_add(ctx, "bond-monitor", bond->name, verify_verdict(as_asked),
			   "arp_interval=%lld", (long long)bond->arp_interval);
	else if (bond->miimon < 0)
		verify_add(ctx, "bond-monitor", bond->name, VERDICT_UNKNOWN,
			   "the guest does not report it");
	else
		verify_add(ctx, "bond-monitor", bond->name, verify_verdict(on && as_asked),
			   "miimon=%lld%s", (long long)bond->miimon,
			   on ? "" : ": no link monitoring");
}

/* "2001:DB8::10/64" and "2001:db8:0::10/64" are one address. */
static bool same_address(const char *a, const char *b)
{
	struct ip_prefix x, y;

	return ip_prefix_parse(a, &x) && ip_prefix_parse(b, &y) && ip_equal(&x.addr, &y.addr) &&
	       x.len == y.len;
}

static bool has_address(const struct guest_interface *i, const char *address)
{
	return array_find(i->addresses.v, i->addresses.n,
			  streq(*it, address) || same_address(*it, address)) != NULL;
}

/* i: the running interface of the day-0's name or MAC, or NULL. */
static void check_addresses(struct verify_ctx *ctx, const char *name,
			    const struct guest_interface *i, const struct guest_addresses *wanted)
{
	cleanup_strbuf struct strbuf have = {0};

	for (size_t a = 0; i && a < i->addresses.n; a++)
		strbuf_addf(&have, "%s%s", a ? ", " : "", i->addresses.v[a]);
	for (size_t a = 0; a < wanted->n; a++)
		verify_add(ctx, "address", name, verify_verdict(i && has_address(i, wanted->v[a])),
			   "expected %s, found %s", wanted->v[a], have.s ? have.s : "none");
}

/* The other modes use all legs at once. */
static bool has_active_leg(const char *mode)
{
	return streq(mode, "active-backup") || streq(mode, "balance-tlb") ||
	       streq(mode, "balance-alb");
}

/* The targets answer on it now. */
static bool is_heard(const struct guest_leg *leg)
{
	return leg->watch &&
	       (streq(leg->watch->path, "proven") || streq(leg->watch->path, "answers"));
}

/* By bondd's probes. A silent path is a failure if the targets answer on another leg. */
static void check_paths(struct verify_ctx *ctx, const struct guest_bond *bond)
{
	const struct guest_leg *proven =
		array_find(bond->legs, bond->n_legs, it->watch && streq(it->watch->path, "proven"));

	for (size_t i = 0; i < bond->n_legs; i++) {
		const struct guest_leg *leg = &bond->legs[i];
		const char *path = leg->watch ? leg->watch->path : NULL;
		if (!leg->watch || leg->watch->probed == TRI_NO)
			continue;
		bool active = streq(leg->name, bond->active_leg);
		enum verdict verdict = is_heard(leg)                     ? VERDICT_PASS
				       : streq(path, "silent") && proven ? VERDICT_FAIL
									 : VERDICT_UNKNOWN;
		verify_add(ctx, "leg-path", leg->name, verdict, "%s, %s%s%s",
			   active ? "active" : "standby", path ? path : "not known yet",
			   bond->watch && bond->watch->sentence ? ": " : "",
			   bond->watch && bond->watch->sentence ? bond->watch->sentence : "");
	}
}

/* TechNote, verification 2: cat /proc/net/bonding/bond0. */
static void check_bond(struct verify_ctx *ctx, const struct bond *wanted)
{
	const struct guest_bond *bond = guest_status_bond(ctx->guest, wanted->name);

	if (!bond) {
		verify_add(ctx, "bond-up", wanted->name, VERDICT_FAIL,
			   "the guest has no bond of this name: check its console and cloud-init");
		return;
	}
	verify_add(ctx, "bond-up", bond->name, verdict_of_word(bond->mii_status, "up"),
		   "MII status %s", bond->mii_status ? bond->mii_status : "not reported");
	if (wanted->mode != BOND_MODE_UNSET)
		verify_add(ctx, "bond-mode", bond->name,
			   verdict_of_word(bond->mode, bond_mode_name(wanted->mode)), "%s",
			   bond->mode ? bond->mode : "not reported");
	if (wanted->fail_over_mac != FAIL_OVER_MAC_UNSET)
		verify_add(ctx, "bond-mac-policy", bond->name,
			   verdict_of_word(bond->fail_over_mac,
					   fail_over_mac_name(wanted->fail_over_mac)),
			   "fail_over_mac=%s",
			   bond->fail_over_mac ? bond->fail_over_mac : "not reported");
	check_monitor(ctx, wanted, bond);
	if (has_active_leg(bond->mode))
		verify_add(ctx, "bond-active-leg", bond->name,
			   verify_verdict(bond->active_leg != NULL), "%s",
			   bond->active_leg ? bond->active_leg : "no leg is active");
	check_legs_present(ctx, wanted, bond);
	check_legs_apart(ctx, bond);
	for (size_t i = 0; i < bond->n_legs; i++)
		check_leg(ctx, &bond->legs[i]);
	check_paths(ctx, bond);
	check_addresses(ctx, wanted->name, guest_status_interface(ctx->guest, wanted->name),
			&wanted->addresses);
	for (size_t i = 0; i < wanted->n_vlans; i++)
		check_addresses(ctx, wanted->vlans[i].name,
				guest_status_interface(ctx->guest, wanted->vlans[i].name),
				&wanted->vlans[i].addresses);
}

/* By its MAC, when the day-0 binds by that; a connection of the image that it modifies has neither.
 */
static void check_nic(struct verify_ctx *ctx, const struct guest_nic *nic)
{
	const struct guest_interface *i =
		nic->mac ? array_find(ctx->guest->interfaces, ctx->guest->n_interfaces,
				      mac_text_equal(it->mac, nic->mac))
			 : guest_status_interface(ctx->guest, nic->name);
	const char *name = nic->name ? nic->name : i ? i->name : nic->mac;

	if (name)
		check_addresses(ctx, name, i, &nic->addresses);
}

static void check_guest(struct verify_ctx *ctx)
{
	const struct guest_network *wanted = &ctx->group->guest;

	if (!ctx->guest) {
		verify_outside(ctx);
		return;
	}
	const struct guest_cloud_init *c = &ctx->guest->cloud_init;
	if (!c->status)
		verify_add(ctx, "cloud-init", ctx->server->name, VERDICT_UNKNOWN,
			   "the guest does not report it");
	else if (streq(c->status, "running") || streq(c->status, "not started"))
		verify_add(ctx, "cloud-init", ctx->server->name, VERDICT_UNKNOWN,
			   "%s: verify again later", c->status);
	else
		verify_add(ctx, "cloud-init", ctx->server->name,
			   verify_verdict(streq(c->status, "done") && c->errors.n == 0), "%s%s%s",
			   c->status, c->errors.n ? ": " : "", c->errors.n ? c->errors.v[0] : "");
	for (size_t i = 0; i < wanted->n_bonds; i++)
		check_bond(ctx, &wanted->bonds[i]);
	for (size_t i = 0; i < wanted->n_nics; i++)
		check_nic(ctx, &wanted->nics[i]);
}

/* No answer: with what keeps the question out, if the VIM tells. */
static void add_silent(struct verify_ctx *ctx, const char *check, const char *address,
		       enum verdict verdict, const char *protocol, unsigned port, const char *text)
{
	cleanup_free char *why = reach_barrier(ctx->vim, ctx->server, address, protocol, port);

	verify_add(ctx, check, address, verdict, "%s%s%s", text, why ? "; " : "", why ? why : "");
}

/* TechNote, verification 2: ping over every network. */
static void check_echo(struct verify_ctx *ctx)
{
	const char *management = service_management_address(ctx->group, ctx->index);
	cleanup_err struct err err = ERR_INIT;
	double ms;

	cleanup_free char *obstacle = NULL;
	if (management)
		(void)reach_of(ctx->vim, ctx->server, management, &obstacle);
	if (!management || obstacle)
		verify_add(ctx, "management-echo", ctx->server->name, VERDICT_UNKNOWN, "%s",
			   obstacle ? obstacle
				    : "the descriptor has no address for the management port");
	else if (guest_ping(ctx->vim, management, ASK_MS, &ms, &err) == 0)
		verify_add(ctx, "management-echo", management, VERDICT_PASS, "answered in %.1f ms",
			   ms);
	else
		add_silent(ctx, "management-echo", management, VERDICT_FAIL, "icmp", 0, err.text);
}

static void check_dns_on(struct verify_ctx *ctx, const char *address, bool tcp)
{
	const char *name = service_query_name(ctx->deployment, ctx->group);
	const char *type = streq(name, ".") ? "SOA" : "A";
	const char *check = tcp ? "dns-tcp" : "dns-udp";
	cleanup_err struct err err = ERR_INIT;
	cleanup_dns_answer struct dns_answer answer = {0};
	cleanup_free char *obstacle = NULL;
	enum vim_reach reach = reach_of(ctx->vim, ctx->server, address, &obstacle);

	if (obstacle) {
		verify_add(ctx, check, address, VERDICT_UNKNOWN, "%s", obstacle);
	} else if (dns_query(ctx->vim, address, DNS_PORT, tcp, name, type, ASK_MS, &answer, &err) <
		   0) {
		bool sure = reach != VIM_REACH_MAYBE;
		cleanup_free char *text = xasprintf(
			"%s%s", err.text, sure ? "" : "; there may be no route to it from here");
		add_silent(ctx, check, address, sure ? VERDICT_FAIL : VERDICT_UNKNOWN,
			   tcp ? "tcp" : "udp", DNS_PORT, text);
	} else {
		verify_add(ctx, check, address,
			   verify_verdict(answer.rcode == 0 || streq(name, ".")),
			   "%s %s: %s %s in %.1f ms", name, type, answer.rcode_name,
			   answer.n_records ? answer.text : "without a record", answer.ms);
	}
}

static void check_dns(struct verify_ctx *ctx)
{
	cleanup_strv struct strv addresses = {0};

	service_addresses(ctx->group, ctx->index, &addresses);
	if (addresses.n == 0)
		verify_add(ctx, "dns-udp", ctx->server->name, VERDICT_UNKNOWN,
			   "neither day-0 nor descriptor has an address to query");
	for (size_t i = 0; i < addresses.n; i++)
		for (int tcp = 0; tcp < 2; tcp++)
			check_dns_on(ctx, addresses.v[i], tcp);
}

static bool all_heard(const struct guest_status *guest)
{
	for (size_t i = 0; i < guest->n_bonds; i++)
		for (size_t k = 0; k < guest->bonds[i].n_legs; k++) {
			const struct guest_leg *leg = &guest->bonds[i].legs[k];
			if (leg->watch && leg->watch->probed != TRI_NO && !is_heard(leg))
				return false;
		}
	return true;
}

/* A few probes may have been lost on a busy host: then it looks again. */
static int ask_guest(struct vim *vim, const char *address, struct guest_status *ret,
		     struct err *err)
{
	int r = guest_status(vim, address, GUEST_PORT, ASK_MS, ret, err);

	for (int again = 0; again < LOOKS && r == 0 && !all_heard(ret); again++) {
		cleanup_guest_status struct guest_status next = {0};
		clock_sleep(PAUSE_MS * US_PER_MS);
		if (guest_status(vim, address, GUEST_PORT, ASK_MS, &next, NULL) < 0)
			break;
		guest_status_clear(ret);
		*ret = steal(next);
	}
	return r;
}

static void verify_server(const struct verify_ctx *known)
{
	cleanup_guest_status struct guest_status guest = {0};
	cleanup_err struct err guest_err = ERR_INIT;
	struct verify_ctx own = *known, *ctx = &own;
	const char *management = service_management_address(ctx->group, ctx->index);

	cleanup_free char *obstacle = NULL;
	if (management)
		(void)reach_of(ctx->vim, ctx->server, management, &obstacle);
	if (!service_has_bondd(ctx->deployment, ctx->group))
		err_set(&guest_err, INVALID,
			"guest_agent is none: the bond's mode, its monitor and its standby leg "
			"cannot be seen from outside");
	else if (!management || obstacle)
		err_set(&guest_err, INVALID, "%s",
			obstacle ? obstacle
				 : "the descriptor has no address for the management port");
	else if (ask_guest(ctx->vim, management, &guest, &guest_err) == 0)
		own.guest = &guest;
	own.guest_why = guest_err.text;
	check_server(ctx);
	check_ports(ctx);
	if (!ctx->guest_only) {
		verify_binding(ctx);
		verify_console(ctx);
		check_echo(ctx);
		check_dns(ctx);
	}
	check_guest(ctx);
}

void verify_guest(struct vim *vim, const struct model *model, const struct deployment *deployment,
		  const struct vm_group *group, unsigned index,
		  const struct vim_server_info *server, struct verifications *ret)
{
	struct verify_ctx ctx = {.out = ret,
				 .vim = vim,
				 .model = model,
				 .deployment = deployment,
				 .group = group,
				 .index = index,
				 .server = server,
				 .guest_only = true};

	verify_server(&ctx);
}

static void look_and_verify(struct verify_ctx *ctx)
{
	cleanup_free char *name = vm_group_server_name(ctx->deployment, ctx->group, ctx->index);
	cleanup_server_info struct vim_server_info server = {0};
	cleanup_err struct err err = ERR_INIT;
	int r = ctx->vim->ops->server(ctx->vim, name, VIM_LOOK_ALL, &server, &err);

	if (r < 0) {
		verify_add(ctx, "server-active", name,
			   r == -ENOENT ? VERDICT_FAIL : VERDICT_UNKNOWN, "%s", err.text);
		return;
	}
	struct verify_ctx own = *ctx;
	own.server = &server;
	verify_server(&own);
}

enum verification_weight verification_weight(const struct verification *v)
{
	static const struct {
		const char *check;
		enum verification_weight weight;
	} weights[] = {
		{"server-active", WEIGHT_ESSENTIAL},   {"bond-up", WEIGHT_ESSENTIAL},
		{"bond-active-leg", WEIGHT_ESSENTIAL}, {"bond-legs", WEIGHT_ESSENTIAL},
		{"guest-status", WEIGHT_TOLD},         {"leg-path", WEIGHT_TOLD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(weights); i++)
		if (streq(v->check, weights[i].check))
			return weights[i].weight;
	return WEIGHT_DETAIL;
}

int verify_deployment(struct vim *vim, const struct model *model,
		      const struct deployment *deployment, struct verifications *ret,
		      struct err *err)
{
	cleanup_inventory struct vim_inventory inventory = {0};
	int r = vim->ops->list(vim, NULL, 0, &inventory, err);

	if (r < 0)
		return r;
	for (size_t g = 0; g < deployment->n_vm_groups; g++)
		for (unsigned i = 0; i < deployment->vm_groups[g].scaling.min_active; i++) {
			struct verify_ctx ctx = {.out = ret,
						 .vim = vim,
						 .model = model,
						 .deployment = deployment,
						 .group = &deployment->vm_groups[g],
						 .index = i};
			look_and_verify(&ctx);
		}
	return 0;
}
