// SPDX-License-Identifier: Apache-2.0
#include "check/rule.h"

#include <stdarg.h>

#include "base/alloc.h"
#include "base/str.h"

enum { TEXT_MAX = 1000 }; /* a name in a day-0 file may be a megabyte long */

void finding_in(const struct rule_ctx *ctx, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	findings_add(ctx->findings, ctx->rule->severity, ctx->rule->id, file, line, NULL, "%.*s",
		     TEXT_MAX, text);
}

const char *rule_option(const struct rule_ctx *ctx, const struct interface *port, const char *name)
{
	return port ? model_port_option(ctx->deployment, ctx->group, port, name)
		    : model_option(ctx->deployment, ctx->group, name);
}

bool rule_flag(const struct rule_ctx *ctx, const struct interface *port, const char *name,
	       bool absent)
{
	const char *value = rule_option(ctx, port, name);

	return streq(value, "true") || (absent && !streq(value, "false"));
}

bool rule_options_unknown(const struct rule_ctx *ctx)
{
	return ctx->bond->options_unknown || guest_is_partial(&ctx->group->guest);
}

bool rule_legs_unknown(const struct rule_ctx *ctx)
{
	return ctx->bond->legs_unknown || guest_is_partial(&ctx->group->guest) ||
	       (ctx->bond->n_legs < 2 && ctx->group->guest.n_unread > 0);
}

const struct network *rule_network(const struct rule_ctx *ctx, const char *name)
{
	return name ? model_network(ctx->model, ctx->deployment, name) : NULL;
}

const struct interface *rule_leg_port(const struct rule_ctx *ctx, size_t leg)
{
	return guest_match_leg(ctx->match, ctx->bond, leg);
}

const char *leg_text(const struct bond_leg *leg)
{
	return leg->name ? leg->name : leg->mac ? leg->mac : "(unnamed)";
}

static bool is_tunnel(const char *type)
{
	return str_in_words("vxlan gre geneve", type);
}

enum segment rule_segment(const struct rule_ctx *ctx, const char *a, const char *b)
{
	const struct network *x = rule_network(ctx, a), *y = rule_network(ctx, b);
	const char *same = rule_option(ctx, NULL, "same_segment");

	/* The VIM's state takes precedence over the descriptor. */
	bool shown = x && y && x->in_vim && y->in_vim && x->provider_network_type &&
		     y->provider_network_type;

	if (streq(a, b) || (!shown && a && b && str_in_words(same, a) && str_in_words(same, b)))
		return SEGMENT_SAME;
	if (!x || !y || !x->provider_network_type || !y->provider_network_type)
		return SEGMENT_UNKNOWN;
	if (!streq(x->provider_network_type, y->provider_network_type))
		return SEGMENT_DIFFERENT;
	/* Two flat networks are like one VLAN id on two physnets: assume that the fabric joins
	 * them. */
	if (streq(x->provider_network_type, "flat"))
		return SEGMENT_SAME;
	if (!x->provider_segmentation_id || !y->provider_segmentation_id)
		return is_tunnel(x->provider_network_type) ? SEGMENT_DIFFERENT : SEGMENT_UNKNOWN;
	return x->provider_segmentation_id == y->provider_segmentation_id ? SEGMENT_SAME
									  : SEGMENT_DIFFERENT;
}

/* Interface *i of the bond: the bond itself, then its VLANs. On false, *i is reduced by their
 * number. */
static bool of_bond(const struct rule_ctx *ctx, const struct bond *b, size_t *i,
		    struct rule_interface *ret)
{
	struct rule_interface g = {
		.bond = b,
		.port = b->n_legs ? guest_match_leg(ctx->match, b, 0) : NULL,
	};

	if ((*i)-- == 0) {
		g.name = b->name ? b->name : "the bond";
		g.file = b->file;
		g.line = b->line;
		g.mtu = b->mtu;
		g.addresses = &b->addresses;
		*ret = g;
		return true;
	}
	if (*i >= b->n_vlans) {
		*i -= b->n_vlans;
		return false;
	}
	const struct guest_vlan *v = &b->vlans[*i];
	g.name = v->name ? v->name : "the VLAN";
	g.file = v->file;
	g.line = v->line;
	g.mtu = v->mtu;
	g.addresses = &v->addresses;
	g.is_vlan = true;
	*ret = g;
	return true;
}

bool rule_interface(const struct rule_ctx *ctx, size_t i, struct rule_interface *ret)
{
	const struct guest_network *guest = &ctx->group->guest;

	for (size_t b = 0; b < guest->n_bonds; b++)
		if (of_bond(ctx, &guest->bonds[b], &i, ret))
			return true;
	if (i >= ctx->match->n_nics)
		return false;
	const struct guest_nic *nic = ctx->match->nics[i].nic;
	*ret = (struct rule_interface){
		.name = nic->name  ? nic->name
			: nic->mac ? nic->mac
				   : "the NIC",
		.file = nic->file,
		.line = nic->line,
		.mtu = nic->mtu,
		.addresses = &nic->addresses,
		.port = ctx->match->nics[i].port,
	};
	return true;
}
