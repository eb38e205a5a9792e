// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "check/match.h"
#include "deploy/guest.h"
#include "deploy/neighbour.h"
#include "deploy/reach.h"
#include "deploy/verify_ctx.h"
#include "model/service.h"

#define ASK_MS 1000

/* The port that answers for the address. */
static int find(struct verify_ctx *ctx, const struct bond *bond, const char *address,
		struct neighbour *ret, struct err *err)
{
	cleanup_free char *obstacle = NULL;

	enum vim_reach reach = reach_of(ctx->vim, ctx->server, address, &obstacle);
	if (obstacle)
		return err_code(err, NOT_FOUND, ENONET, "%s", obstacle);
	int r = neighbour_find(ctx->vim, ctx->server, bond, address, ASK_MS, ret, err);
	/* Silence proves nothing then. */
	return r == -ETIMEDOUT && reach == VIM_REACH_MAYBE ? -ENONET : r;
}

/* It is a failure if nothing answers, or another machine. */
static enum verdict verdict_of(int r)
{
	if (r == 0)
		return VERDICT_PASS;
	return r == -ETIMEDOUT || r == -ENODEV ? VERDICT_FAIL : VERDICT_UNKNOWN;
}

static char *port_text(const struct neighbour *n)
{
	if (!n->port)
		return xasprintf("MAC %s, which the legs may share: fail_over_mac is not active",
				 n->mac);
	return xasprintf("port %s, %s %s", n->port->name,
			 n->forwarded ? "behind which the bridges learned" : "by its MAC", n->mac);
}

static void check_addresses(struct verify_ctx *ctx, const struct bond *bond)
{
	cleanup_strv struct strv addresses = {0};
	cleanup_free char *active = NULL;
	enum verdict up = VERDICT_UNKNOWN, leg = VERDICT_UNKNOWN;

	service_addresses(ctx->group, ctx->index, &addresses);
	for (size_t i = 0; i < addresses.n; i++) {
		cleanup_err struct err err = ERR_INIT;
		struct neighbour n = {0};
		int r = find(ctx, bond, addresses.v[i], &n, &err);
		cleanup_free char *text = r < 0 ? xstrdup(err.text) : port_text(&n);
		verify_add(ctx, "address", addresses.v[i], verdict_of(r), "%s", text);
		if (!active || (r == 0 && up != VERDICT_PASS)) {
			free(active);
			active = steal_ptr(text);
			up = verdict_of(r);
			leg = r == 0 && !n.port ? VERDICT_UNKNOWN : up;
		}
	}
	if (!active)
		active = xstrdup("none of its addresses is known");
	verify_add(ctx, "bond-up", bond->name, up, "%s%s", up == VERDICT_PASS ? "answers: " : "",
		   active);
	verify_add(ctx, "bond-active-leg", bond->name, leg, "%s", active);
}

void verify_legs_apart(struct verify_ctx *ctx, const char *bond, const struct verify_leg *legs,
		       size_t n)
{
	cleanup_strbuf struct strbuf seen = {0};
	size_t known = 0;
	bool apart = true;

	for (size_t i = 0; i < n; i++) {
		const struct vim_port_info *port = legs[i].port;
		if (!port || !port->physical_network)
			continue;
		for (size_t j = 0; j < i; j++)
			if (legs[j].port &&
			    streq(legs[j].port->physical_network, port->physical_network))
				apart = false;
		strbuf_addf(&seen, "%s%s on %s", known++ ? ", " : "", legs[i].name,
			    port->physical_network);
	}
	if (apart && (known < 2 || known < n))
		verify_add(ctx, "legs-apart", bond, VERDICT_UNKNOWN,
			   "the physical networks of %zu of %zu legs are unknown", n - known, n);
	else
		verify_add(ctx, "legs-apart", bond, verify_verdict(apart), "%s", seen.s);
}

/* By the ports that day-0 uses as legs. */
static void check_legs(struct verify_ctx *ctx, const struct bond *bond)
{
	cleanup_free struct verify_leg *legs = xcalloc(bond->n_legs + 1, sizeof(*legs));
	const struct vim_server_info *server = ctx->server;
	struct guest_match match;

	guest_match(ctx->group, &match);
	for (size_t i = 0; i < bond->n_legs; i++) {
		const struct interface *port = guest_match_leg(&match, bond, i);
		legs[i].port =
			port ? array_find(server->ports, server->n_ports, it->nicid == port->nicid)
			     : NULL;
		legs[i].name = legs[i].port ? legs[i].port->name : NULL;
	}
	verify_legs_apart(ctx, bond->name, legs, bond->n_legs);
	guest_match_clear(&match);
}

static void check_day0(struct verify_ctx *ctx)
{
	static const char *const texts[] = {"running, by the console: try again later",
					    "finished, by the console"};
	cleanup_free char *text = NULL;
	enum tristate done = TRI_UNKNOWN;

	if (ctx->vim->ops->console(ctx->vim, ctx->server->name, &text, NULL) == 0)
		done = guest_console_day0(text);
	verify_add(ctx, "cloud-init", ctx->server->name,
		   done == TRI_YES ? VERDICT_PASS : VERDICT_UNKNOWN, "%s",
		   done == TRI_UNKNOWN ? "the console has no message of it" : texts[done]);
}

void verify_outside(struct verify_ctx *ctx)
{
	const struct bond *bond = service_bond(ctx->group);

	verify_add(ctx, "guest-status", ctx->server->name, VERDICT_UNKNOWN, "%s", ctx->guest_why);
	if (!ctx->guest_only)
		check_day0(ctx);
	if (!bond)
		return;
	check_addresses(ctx, bond);
	check_legs(ctx, bond);
}
