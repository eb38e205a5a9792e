// SPDX-License-Identifier: Apache-2.0
/*
 * Which packets a port's security groups let in. A port without port security lets in all; one with
 * it, and no rule that admits a packet, drops it without a word to its sender.
 * https://docs.openstack.org/api-ref/network/v2/#security-group-rules-security-group-rules
 */
#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "net/ip.h"
#include "vim/openstack/handle.h"

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* Neutron takes names and numbers (neutron_lib/constants.py, IP_PROTOCOL_MAP). */
static bool has_protocol(const char *rule, const struct vim_packet *p)
{
	static const struct {
		const char *asked;
		int version; /* 0: any */
		const char *names[4];
	} protocols[] = {
		{"icmp", 4, {"icmp", "1"}},
		{"icmp", 6, {"icmp", "ipv6-icmp", "icmpv6", "58"}},
		{"udp", 0, {"udp", "17"}},
		{"tcp", 0, {"tcp", "6"}},
	};

	if (!rule || streq(rule, "any") || streq(rule, "0"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (!streq(protocols[i].asked, p->protocol) ||
		    (protocols[i].version && protocols[i].version != p->to.version))
			continue;
		for (size_t k = 0; k < 4 && protocols[i].names[k]; k++)
			if (streq(rule, protocols[i].names[k]))
				return true;
	}
	return false;
}

/* The range of ports; of ICMP, the first number is the type and a rule with one is for that only.
 */
static bool has_port(const json_t *rule, const struct vim_packet *p)
{
	const json_t *min = json_object_get(rule, "port_range_min");
	const json_t *max = json_object_get(rule, "port_range_max");

	if (!json_is_integer(min))
		return true;
	if (streq(p->protocol, "icmp"))
		return json_integer_value(min) == (p->to.version == 4 ? 8 : 128);
	return json_integer_value(min) <= p->port &&
	       (!json_is_integer(max) || p->port <= json_integer_value(max));
}

static bool has_sender(const json_t *rule, const struct vim_packet *p)
{
	const char *prefix = text(rule, "remote_ip_prefix");
	struct ip_prefix from;

	return !prefix || (ip_prefix_parse(prefix, &from) && ip_prefix_contains(&from, &p->from));
}

/* From any sender; a rule for members of a group does not count, as this machine is none. */
static bool admits(const json_t *rule, const struct vim_packet *p)
{
	const char *version = text(rule, "ethertype");

	return streq(text(rule, "direction"), "ingress") && !text(rule, "remote_group_id") &&
	       !text(rule, "remote_address_group_id") &&
	       (!version || streq(version, p->to.version == 4 ? "IPv4" : "IPv6")) &&
	       has_protocol(text(rule, "protocol"), p) && has_port(rule, p);
}

char *security_barrier(const json_t *rules, const char *port, const struct vim_packet *p)
{
	cleanup_strbuf struct strbuf senders = {0};
	char from[IP_TEXT_SIZE];
	const json_t *rule;
	size_t i;

	json_array_foreach (rules, i, rule) {
		if (!admits(rule, p))
			continue;
		if (has_sender(rule, p))
			return NULL;
		strbuf_addf(&senders, "%s%s", senders.len ? ", " : "",
			    text(rule, "remote_ip_prefix"));
	}
	if (senders.len)
		return xasprintf("the security groups of port %s admit %s only from %s, and the "
				 "address of this machine is %s",
				 port, p->protocol, senders.s, ip_format(&p->from, from));
	return xasprintf("the security groups of port %s admit no %s from outside: 'openstack "
			 "security group rule create --protocol %s GROUP' adds a rule",
			 port, p->protocol, p->protocol);
}

void openstack_barrier(struct vim *vim, const struct vim_port_info *port,
		       const struct vim_packet *p, char **ret_why)
{
	struct openstack *os = openstack_of(vim);
	cleanup_strbuf struct strbuf query = {0};
	json_t *answer = NULL;

	*ret_why = NULL;
	if (port->port_security != TRI_YES)
		return;
	if (port->security_groups.n == 0) {
		*ret_why = xasprintf("port %s has port security and no security group: nothing "
				     "gets in from outside",
				     port->name);
		return;
	}
	for (size_t i = 0; i < port->security_groups.n; i++)
		query_add(&query, "security_group_id", port->security_groups.v[i]);
	if (session_call(os->session, SERVICE_NETWORK, "GET",
			 xasprintf("/security-group-rules%s", query.s), NULL, &answer, NULL) < 0)
		return;
	const json_t *rules = json_object_get(answer, "security_group_rules");
	if (json_is_array(rules))
		*ret_why = security_barrier(rules, port->name, p);
	json_decref(answer);
}
