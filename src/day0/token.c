// SPDX-License-Identifier: Apache-2.0
/*
 * The tokens that ESC fills in by itself, ${NICID_0_IP_ADDRESS} and the like, from the interface
 * with that nicid: ESC User Guide, "Day Zero Configuration". ${NICID_0_1_...} is address_id 1 of
 * it. They become variables of the configuration, with a value for each VM.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/str.h"
#include "base/text.h"
#include "day0/token.h"
#include "model/model.h"
#include "net/ip.h"

static const char start[] = "${NICID_";

struct token {
	const struct model *model;
	const struct vm_group *group;
	const struct network *network; /* of the interface, or NULL: it is not in the descriptor */
	const struct interface *interface;
	int address_id;   /* -1: the interface's first address */
	const char *what; /* "IP_ADDRESS" ... */
};

static const struct deployment *deployment_of(const struct model *model,
					      const struct vm_group *group)
{
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++) {
			const struct deployment *dep = &model->tenants[t].deployments[d];
			if (array_find(dep->vm_groups, dep->n_vm_groups, it == group))
				return dep;
		}
	return NULL;
}

static const char *address_of(const struct token *k, unsigned vm)
{
	const struct interface *i = k->interface;

	if (k->address_id < 0)
		return interface_address(i, vm);
	const struct address *a =
		array_find(i->addresses, i->n_addresses, (int)it->id == k->address_id);
	return a && vm == 0 ? a->ip_address : NULL;
}

/* The subnet of the address, else the one that the interface names, else the network's only one. */
static const struct subnet *subnet_of(const struct token *k, unsigned vm)
{
	const char *address = address_of(k, vm);
	const struct network *n = k->network;
	struct ip_prefix net;
	struct ip_addr ip;

	if (!n)
		return NULL;
	if (address)
		return ip_parse(address, &ip) ? array_find(n->subnets, n->n_subnets,
							   subnet_prefix(it, &net) &&
								   ip_prefix_contains(&net, &ip))
					      : NULL;
	if (k->interface->subnet)
		return array_find(n->subnets, n->n_subnets, streq(it->name, k->interface->subnet));
	return n->n_subnets == 1 ? &n->subnets[0] : NULL;
}

/* Neutron's default is the first address of the subnet. */
static char *gateway_of(const struct subnet *s)
{
	struct ip_prefix net;

	if (!s || s->no_gateway)
		return NULL;
	if (s->gateway)
		return xstrdup(s->gateway);
	if (!subnet_prefix(s, &net) || !ip_add(&net.addr, 1))
		return NULL;
	return ip_to_str(&net.addr);
}

/* "10.20" of 192.0.10.20 */
static char *last_octets(const char *address)
{
	struct ip_addr ip;

	if (!address || !ip_parse(address, &ip) || ip.version != 4)
		return NULL;
	return xasprintf("%u.%u", ip.bytes[2], ip.bytes[3]);
}

/* The property that the token names; NULL: not one of ESC's tokens. */
static const char *source_of(const char *what)
{
	static const char *const names[][2] = {
		{"IP_ADDRESS", "an ip_address"},
		{"MAC_ADDRESS", "a mac_address"},
		{"GATEWAY", "a gateway of its subnet"},
		{"CIDR_ADDRESS", "a subnet"},
		{"CIDR_PREFIX", "a subnet"},
		{"NETMASK", "an IPv4 subnet"},
		{"IPV4_OCTETS", "an IPv4 ip_address"},
		{"IP_ALLOCATION_TYPE", ""},
		{"NIC_TYPE", ""},
		{"NETWORK_ID", "the id of its network, which the VIM chooses,"},
		{"ANYCAST_ADDRESS", "an anycast address, which is not supported,"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(what, names[i][0]))
			return names[i][1];
	return NULL;
}

/* The value for that VM; NULL: the VIM chooses it when it creates the port. */
static char *value_of(const struct token *k, unsigned vm)
{
	const struct subnet *s = subnet_of(k, vm);
	const char *address = address_of(k, vm);
	struct interface of_vm;
	struct ip_prefix net;
	bool known = s && subnet_prefix(s, &net);

	if (streq(k->what, "IP_ADDRESS"))
		return xstrdup(address);
	if (streq(k->what, "MAC_ADDRESS")) {
		interface_of_vm(k->interface, vm, &of_vm);
		return xstrdup(of_vm.mac_address);
	}
	if (streq(k->what, "GATEWAY"))
		return gateway_of(s);
	if (streq(k->what, "CIDR_ADDRESS"))
		return known ? ip_to_str(&net.addr) : NULL;
	if (streq(k->what, "CIDR_PREFIX"))
		return known ? xasprintf("%u", net.len) : NULL;
	if (streq(k->what, "NETMASK") && known && net.addr.version == 4) {
		struct ip_addr mask = ip_netmask(4, net.len);
		return ip_to_str(&mask);
	}
	if (streq(k->what, "IPV4_OCTETS"))
		return last_octets(address);
	if (streq(k->what, "IP_ALLOCATION_TYPE"))
		return xstrdup(address ? "FIXED" : "DHCP");
	if (streq(k->what, "NIC_TYPE"))
		return xstrdup(k->interface->type == PORT_VIRTUAL ? "VIRTUAL" : "PASSTHRU");
	return NULL;
}

/* Adds the variable with its values, or reports why it has none. name is without "${" and "}". */
static void add_variable(const struct token *k, const char *name, unsigned line,
			 struct configuration *c, const char *file, struct findings *findings)
{
	unsigned vms = k->group->scaling.max_active ? k->group->scaling.max_active : 1;
	struct variable v = {.name = xstrdup(name), .line = c->line};

	for (unsigned i = 0; i < vms; i++) {
		char *value = value_of(k, i);
		if (value) {
			strv_take(&v.values, value);
			continue;
		}
		findings_add(
			findings, SEVERITY_ERROR, "day0-token", file, line, NULL,
			"${%s} is not filled in: nicid %u has not %s in the descriptor for VM %u, "
			"and dnsvnf cannot wait for the VIM's choice: add it, or use a variable",
			name, k->interface->nicid, source_of(k->what), i + 1);
		free(v.name);
		strv_clear(&v.values);
		return;
	}
	*array_push(c->variables, c->n_variables) = v;
}

/* "0_IP_ADDRESS", "0_1_IP_ADDRESS". False: not one of ESC's tokens. */
static bool parse(const char *rest, unsigned *ret_nicid, int *ret_address_id, const char **ret_what)
{
	unsigned nicid, id;
	int n = 0;

	*ret_address_id = -1;
	if (sscanf(rest, "%3u_%3u_%n", &nicid, &id, &n) == 2 && n > 0)
		*ret_address_id = (int)id;
	else if (sscanf(rest, "%3u_%n", &nicid, &n) != 1 || n == 0)
		return false;
	*ret_nicid = nicid;
	*ret_what = rest + n;
	return source_of(*ret_what);
}

static void read_token(const struct model *model, const struct vm_group *group,
		       struct configuration *c, const char *name, unsigned line,
		       struct findings *findings)
{
	const struct deployment *deployment = deployment_of(model, group);
	const char *file = c->path ? c->path : model->file;
	struct token k = {.model = model, .group = group};
	unsigned nicid;

	if (!parse(name + strlen("NICID_"), &nicid, &k.address_id, &k.what))
		return;
	k.interface = vm_group_interface(group, nicid);
	if (!k.interface) {
		findings_add(
			findings, SEVERITY_ERROR, "day0-token", file, line, NULL,
			"${%s} is not filled in: vm_group \"%s\" has no interface with nicid %u",
			name, group->name, nicid);
		return;
	}
	if (deployment && k.interface->network)
		k.network = model_network(model, deployment, k.interface->network);
	add_variable(&k, name, line, c, file, findings);
}

/* Velocity, which ESC uses, also takes $NICID_0_IP_ADDRESS. */
static void check_braces(const struct configuration *c, const char *file, unsigned line,
			 struct findings *findings)
{
	const char *s = c->content ? strstr(c->content, "$NICID_") : NULL;

	for (const char *p = c->content; s && p < s; p++)
		line += *p == '\n';
	if (s)
		findings_add(findings, SEVERITY_ERROR, "day0-token", file, line, NULL,
			     "a token without braces is not filled in: write ${%.*s}",
			     (int)strspn(s + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"), s + 1);
}

void tokens_read(const struct model *model, const struct vm_group *group, struct configuration *c,
		 struct findings *findings)
{
	unsigned line = c->path ? 1 : c->source_line;
	cleanup_strv struct strv seen = {0};
	const char *s = c->content, *counted = s;

	check_braces(c, c->path ? c->path : model->file, line, findings);
	while (s && (s = strstr(s, start))) {
		size_t len = strcspn(s + 2, "}\n");
		cleanup_free char *name = xstrndup(s + 2, s[2 + len] == '}' ? len : 0);
		for (; counted < s; counted++)
			line += *counted == '\n';
		s += 2;
		if (!*name || len > 64 || strv_contains(&seen, name) ||
		    array_find(c->variables, c->n_variables, streq(it->name, name)))
			continue;
		strv_add(&seen, name);
		read_token(model, group, c, name, line, findings);
	}
}
