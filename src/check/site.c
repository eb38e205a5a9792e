// SPDX-License-Identifier: Apache-2.0
#include "check/site.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"

enum { TEXT_MAX = 1000 }; /* a name from a day-0 file may be a megabyte */

static void __attribute__((format(printf, 4, 0)))
add(const struct site *s, const char *file, unsigned line, const char *fmt, va_list ap)
{
	cleanup_free char *text = xvasprintf(fmt, ap);

	findings_add(s->findings, s->rule->severity, s->rule->id, file, line, NULL, "%.*s",
		     TEXT_MAX, text);
}

void found(const struct site *s, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(s, s->model->file, line, fmt, ap);
	va_end(ap);
}

void found_in(const struct site *s, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(s, file, line, fmt, ap);
	va_end(ap);
}

void see(const struct site *s, unsigned line)
{
	findings_also(s->findings, s->model->file, line);
}

void see_in(const struct site *s, const char *file, unsigned line)
{
	findings_also(s->findings, file, line);
}

const char *site_option(const struct site *s, const struct interface *port, const char *name)
{
	return port ? model_port_option(s->deployment, s->group, port, name)
		    : model_option(s->deployment, s->group, name);
}

bool site_flag(const struct site *s, const struct interface *port, const char *name, bool absent)
{
	const char *value = site_option(s, port, name);

	return streq(value, "true") || (absent && !streq(value, "false"));
}

const struct network *site_network(const struct site *s, const char *name)
{
	return name ? model_network(s->model, s->deployment, name) : NULL;
}

const struct interface *site_leg_port(const struct site *s, size_t leg)
{
	return guest_match_leg(s->match, s->bond, leg);
}

const char *leg_text(const struct bond_leg *leg)
{
	return leg->name ? leg->name : leg->mac ? leg->mac : "without a name";
}

bool port_is_vf(const struct interface *port)
{
	return port->type == PORT_DIRECT || port->type == PORT_MACVTAP;
}

bool port_is_filtered(const struct interface *port)
{
	return port->type == PORT_VIRTUAL && port->port_security_enabled != TRI_NO;
}

bool port_address(const struct interface *port, size_t i, struct fixed_address *ret)
{
	if (port->ip_address && i-- == 0) {
		*ret = (struct fixed_address){port->ip_address, port->subnet, port->line};
		return true;
	}
	for (size_t k = 0; k < port->n_addresses; k++) {
		const struct address *a = &port->addresses[k];
		if (a->ip_address && i-- == 0) {
			*ret = (struct fixed_address){a->ip_address, a->subnet, a->line};
			return true;
		}
	}
	return false;
}

bool port_owns(const struct interface *port, const struct ip *ip)
{
	struct fixed_address fixed;
	struct ip own;

	for (size_t i = 0; port_address(port, i, &fixed); i++)
		if (ip_parse(fixed.text, &own) && ip_equal(&own, ip))
			return true;
	return false;
}

/* A netmask of a pair is a dotted quad or a length; Neutron takes a whole prefix. */
static bool pair_holds(const struct address_pair *pair, const struct ip *ip)
{
	struct ip net, mask;
	int64_t length;

	if (!pair->ip_address || !ip_parse(pair->ip_address, &net))
		return false;
	if (pair->netmask &&
	    str_to_int(pair->netmask + (pair->netmask[0] == '/'), 0, net.prefix, &length) == 0) {
		net.prefix = (unsigned)length;
	} else if (pair->netmask && ip_parse(pair->netmask, &mask)) {
		net.prefix = 0;
		while (net.prefix < mask.prefix &&
		       mask.bytes[net.prefix / 8] & (0x80u >> net.prefix % 8))
			net.prefix++;
	}
	return ip_in(ip, &net);
}

bool port_allows(const struct interface *port, const struct ip *ip)
{
	if (port_owns(port, ip))
		return true;
	for (size_t i = 0; i < port->n_allowed_address_pairs; i++)
		if (pair_holds(&port->allowed_address_pairs[i], ip))
			return true;
	return false;
}

static bool is_tunnel(const char *type)
{
	return str_in_words("vxlan gre geneve", type);
}

enum segment site_segment(const struct site *s, const char *a, const char *b)
{
	const struct network *x = site_network(s, a), *y = site_network(s, b);
	const char *same = site_option(s, NULL, "same_segment");

	if (streq(a, b) || (a && b && str_in_words(same, a) && str_in_words(same, b)))
		return SEGMENT_SAME;
	if (!x || !y || !x->provider_network_type || !y->provider_network_type)
		return SEGMENT_UNKNOWN;
	if (!streq(x->provider_network_type, y->provider_network_type))
		return SEGMENT_DIFFERENT;
	/* Untagged on two fabrics is like the same tag on two fabrics: the operator joins them. */
	if (streq(x->provider_network_type, "flat"))
		return SEGMENT_SAME;
	if (!x->provider_segmentation_id || !y->provider_segmentation_id)
		return is_tunnel(x->provider_network_type) ? SEGMENT_DIFFERENT : SEGMENT_UNKNOWN;
	return x->provider_segmentation_id == y->provider_segmentation_id ? SEGMENT_SAME
									  : SEGMENT_DIFFERENT;
}

/* Interface number *i of the bond: itself, then its VLANs; else *i is less by their number. */
static bool of_bond(const struct site *s, const struct bond *b, size_t *i,
		    struct guest_interface *ret)
{
	struct guest_interface g = {
		.bond = b,
		.port = b->n_legs ? guest_match_leg(s->match, b, 0) : NULL,
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

bool site_guest_interface(const struct site *s, size_t i, struct guest_interface *ret)
{
	const struct guest_network *guest = &s->group->guest;

	for (size_t b = 0; b < guest->n_bonds; b++)
		if (of_bond(s, &guest->bonds[b], &i, ret))
			return true;
	if (i >= s->match->n_nics)
		return false;
	const struct guest_nic *nic = s->match->nics[i].nic;
	*ret = (struct guest_interface){
		.name = nic->name  ? nic->name
			: nic->mac ? nic->mac
				   : "the NIC",
		.file = nic->file,
		.line = nic->line,
		.mtu = nic->mtu,
		.addresses = &nic->addresses,
		.port = s->match->nics[i].port,
	};
	return true;
}
