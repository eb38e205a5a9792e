// SPDX-License-Identifier: Apache-2.0

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "deploy/verify_ctx.h"

/* https://docs.openstack.org/api-ref/network/v2/#port-binding-extended-attributes */
static void check_binding(struct verify_ctx *ctx, const struct vim_port_info *p)
{
	bool bound = p->vif_type && !streq(p->vif_type, "unbound") &&
		     !streq(p->vif_type, "binding_failed");

	if (!p->vif_type)
		verify_add(ctx, "port-binding", p->name, VERDICT_UNKNOWN,
			   "visible to the role admin only");
	else
		verify_add(ctx, "port-binding", p->name, verify_verdict(bound), "vif_type %s%s%s",
			   p->vif_type, p->host_device ? " at " : "",
			   p->host_device ? p->host_device : "");
}

/* Without it Neutron's agent sets the VF's link state to `enable`: always up. */
static void check_link_state(struct verify_ctx *ctx, const struct vim_port_info *p)
{
	if (p->propagate_uplink_status == TRI_UNKNOWN)
		verify_add(
			ctx, "leg-link-state", p->name, VERDICT_UNKNOWN,
			"Neutron shows no propagate_uplink_status: the ML2 extension driver "
			"uplink_status_propagation is not loaded, so the VF's link is always up");
	else
		verify_add(ctx, "leg-link-state", p->name,
			   verify_verdict(p->propagate_uplink_status == TRI_YES),
			   "propagate_uplink_status=%s: the VF's link state is %s",
			   p->propagate_uplink_status == TRI_YES ? "true" : "false",
			   p->propagate_uplink_status == TRI_YES ? "auto" : "enable, always up");
}

static void check_security(struct verify_ctx *ctx, const struct vim_port_info *p)
{
	const struct interface *i = vm_group_interface(ctx->group, p->nicid);
	enum tristate wanted = i ? i->port_security_enabled : TRI_UNKNOWN;

	if (wanted == TRI_UNKNOWN)
		return;
	if (p->port_security == TRI_UNKNOWN)
		verify_add(ctx, "port-security", p->name, VERDICT_UNKNOWN,
			   "Neutron does not show it");
	else
		verify_add(
			ctx, "port-security", p->name, verify_verdict(p->port_security == wanted),
			"%s, the descriptor sets %s%s", p->port_security == TRI_YES ? "on" : "off",
			wanted == TRI_YES ? "on" : "off",
			p->type != PORT_DIRECT        ? ""
			: p->port_security == TRI_YES ? "; the VF's spoof check is on"
						      : "; the VF's spoof check is off");
}

/* "0000:3b" of "0000:3b:02.1": a VF is on its PF's bus, or on the next when there are many. */
static bool same_bus(const char *a, const char *b)
{
	const char *end = strrchr(a, ':');

	return end && strncmp(a, b, (size_t)(end - a) + 1) == 0;
}

/* Two VFs of one PF fail together when its cable is pulled. */
static void check_apart(struct verify_ctx *ctx, const struct vim_port_info *p,
			const struct vim_port_info *q)
{
	cleanup_free char *object = xasprintf("%s, %s", p->name, q->name);

	if (!p->host_device || !q->host_device)
		verify_add(
			ctx, "ports-apart", object, VERDICT_UNKNOWN,
			"binding:profile with the VF's pci_slot is visible to the role admin only");
	else if (p->pf && q->pf)
		verify_add(ctx, "ports-apart", object, verify_verdict(!streq(p->pf, q->pf)),
			   "VF %s of PF %s, VF %s of PF %s%s", p->host_device, p->pf,
			   q->host_device, q->pf,
			   same_bus(p->host_device, q->host_device) ? "; same card" : "");
	else if (!same_bus(p->host_device, q->host_device))
		verify_add(ctx, "ports-apart", object, VERDICT_PASS,
			   "VF %s and VF %s: different cards", p->host_device, q->host_device);
	else
		verify_add(ctx, "ports-apart", object, VERDICT_UNKNOWN,
			   "VF %s and VF %s are on one bus; their PFs are unknown", p->host_device,
			   q->host_device);
}

static void check_mtu(struct verify_ctx *ctx, const struct vim_port_info *p,
		      const struct vim_port_info *q)
{
	cleanup_free char *object = xasprintf("%s, %s", p->name, q->name);

	if (p->mtu == 0 || q->mtu == 0)
		verify_add(ctx, "leg-mtu", object, VERDICT_UNKNOWN, "the networks' MTU is unknown");
	else
		verify_add(ctx, "leg-mtu", object, verify_verdict(p->mtu == q->mtu),
			   "MTU %u on %s, %u on %s", p->mtu, p->network, q->mtu, q->network);
}

static void check_pair(struct verify_ctx *ctx, const struct vim_port_info *p,
		       const struct vim_port_info *q)
{
	check_apart(ctx, p, q);
	check_mtu(ctx, p, q);
}

void verify_binding(struct verify_ctx *ctx)
{
	const struct vim_server_info *server = ctx->server;
	const struct vim_port_info *first = NULL;

	for (size_t i = 0; i < server->n_ports; i++) {
		const struct vim_port_info *p = &server->ports[i];
		if (!p->id)
			return; /* the embedded VIM has no port bindings */
		check_binding(ctx, p);
		check_security(ctx, p);
		if (p->type != PORT_DIRECT)
			continue;
		check_link_state(ctx, p);
		if (first)
			check_pair(ctx, first, p);
		else
			first = p;
	}
	if (server->numa || server->numa_why)
		verify_add(ctx, "server-pinning", server->name,
			   server->numa ? VERDICT_PASS : VERDICT_UNKNOWN, "%s",
			   server->numa ? server->numa : server->numa_why);
}

void verify_console(struct verify_ctx *ctx)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *text = NULL;

	if (ctx->vim->ops->console(ctx->vim, ctx->server->name, &text, &err) < 0)
		verify_add(ctx, "console", ctx->server->name, VERDICT_UNKNOWN, "%s", err.text);
	else
		verify_add(ctx, "console", ctx->server->name, VERDICT_PASS, "%zu bytes of log",
			   strlen(text));
}
