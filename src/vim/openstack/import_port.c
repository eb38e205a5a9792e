// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/openstack/import.h"

/* How the descriptor may have written what Neutron shows of a port. */
struct spelling {
	bool no_mac;      /* Neutron chose it */
	bool no_security; /* port security is the network's, because it was not said */
	unsigned groups;  /* GROUPS_* */
	unsigned netmask; /* NETMASK_* */
	unsigned form;    /* FORM_* */
	bool reversed;    /* the order of the addresses */
	bool no_uplink;   /* propagate_uplink_status is false, where it is not shown */
};

enum { GROUPS_UNSAID, GROUPS_BY_NAME, GROUPS_BY_ID, GROUPS_FORMS };
enum { NETMASK_NONE, NETMASK_LENGTH, NETMASK_DOTTED, NETMASK_FORMS };
enum {
	FORM_LIST,           /* addresses with their subnets */
	FORM_LIST_PLAIN,     /* addresses */
	FORM_ADDRESS,        /* ip_address */
	FORM_ADDRESS_SUBNET, /* ip_address and subnet */
	FORM_SUBNET,         /* subnet: Neutron chose the address */
	FORM_NOTHING,        /* Neutron chose all */
	FORMS,
};

/* Number n of all spellings, the plainest first; false: there are no more. */
static bool spelling_at(unsigned n, bool single, struct spelling *ret)
{
	static const unsigned single_order[] = {FORM_ADDRESS,        FORM_LIST,   FORM_LIST_PLAIN,
						FORM_ADDRESS_SUBNET, FORM_SUBNET, FORM_NOTHING};
	unsigned form = n % FORMS;

	*ret = (struct spelling){.form = single ? single_order[form] : form};
	n /= FORMS;
	ret->no_mac = n % 2;
	n /= 2;
	ret->no_security = n % 2;
	n /= 2;
	ret->reversed = n % 2;
	n /= 2;
	ret->groups = n % GROUPS_FORMS;
	n /= GROUPS_FORMS;
	ret->netmask = n % NETMASK_FORMS;
	n /= NETMASK_FORMS;
	ret->no_uplink = n % 2;
	return n < 2;
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static char *subnet_name(const struct importer *im, const char *id)
{
	const struct resource *t = id ? resources_by_id(&im->resources, VIM_SUBNET, id) : NULL;

	return t ? xstrdup(t->object.name) : NULL;
}

static void put_addresses(const struct importer *im, const json_t *fixed, const struct spelling *s,
			  struct interface *i)
{
	size_t n = json_array_size(fixed);

	if (s->form == FORM_NOTHING || n == 0)
		return;
	for (size_t k = 0; k < n; k++) {
		const json_t *one = json_array_get(fixed, s->reversed ? n - 1 - k : k);
		const char *ip = text(one, "ip_address");
		cleanup_free char *subnet = subnet_name(im, text(one, "subnet_id"));
		if (s->form == FORM_LIST || s->form == FORM_LIST_PLAIN) {
			*array_push(i->addresses, i->n_addresses) = (struct address){
				.id = (unsigned)k,
				.subnet = s->form == FORM_LIST ? steal_ptr(subnet) : NULL,
				.ip_address = xstrdup(ip),
			};
			continue;
		}
		if (k > 0)
			continue;
		if (s->form != FORM_ADDRESS)
			i->subnet = steal_ptr(subnet);
		if (s->form != FORM_SUBNET)
			i->ip_address = xstrdup(ip);
	}
}

static void put_pairs(const json_t *pairs, const struct spelling *s, struct interface *i)
{
	json_for_each (pair, pairs) {
		struct ip_prefix p;
		if (!ip_prefix_parse(text(pair, "ip_address"), &p))
			continue;
		bool whole = s->netmask == NETMASK_NONE && p.len == 8 * ip_size(&p.addr);
		struct ip_addr mask = ip_netmask(p.addr.version, p.len);
		*array_push(i->allowed_address_pairs, i->n_allowed_address_pairs) =
			(struct address_pair){
				.ip_address = ip_to_str(&p.addr),
				.netmask = whole                          ? NULL
					   : s->netmask == NETMASK_DOTTED ? ip_to_str(&mask)
									  : xasprintf("%u", p.len),
			};
	}
}

static void put_groups(const struct importer *im, const json_t *groups, const struct spelling *s,
		       struct interface *i)
{
	if (s->groups == GROUPS_UNSAID)
		return;
	json_for_each (id, groups) {
		const char *name = NULL;
		json_for_each (group, im->security_groups) {
			if (streq(text(group, "id"), json_string_value(id)))
				name = text(group, "name");
		}
		if (json_is_string(id))
			strv_add(&i->security_groups, s->groups == GROUPS_BY_NAME && name
							      ? name
							      : json_string_value(id));
	}
}

static enum port_type type_of(const json_t *port)
{
	const char *vnic = text(port, "binding:vnic_type");

	return streq(vnic, "direct")            ? PORT_DIRECT
	       : streq(vnic, "direct-physical") ? PORT_PASSTHRU
	       : streq(vnic, "macvtap")         ? PORT_MACVTAP
						: PORT_VIRTUAL;
}

static void spell(const struct importer *im, const json_t *port, unsigned nicid,
		  const struct spelling *s, struct interface *ret)
{
	bool secure = !json_is_false(json_object_get(port, "port_security_enabled"));

	*ret = (struct interface){
		.nicid = nicid,
		.type = type_of(port),
		.network = xstrdup(import_network_name(im, text(port, "network_id"))),
		.mac_address = s->no_mac ? NULL : xstrdup(text(port, "mac_address")),
		.port_security_enabled = s->no_security ? TRI_UNKNOWN
					 : secure       ? TRI_YES
							: TRI_NO,
		.admin_state_up = !json_is_false(json_object_get(port, "admin_state_up")),
	};
	put_addresses(im, json_object_get(port, "fixed_ips"), s, ret);
	put_pairs(json_object_get(port, "allowed_address_pairs"), s, ret);
	put_groups(im, json_object_get(port, "security_groups"), s, ret);
}

/* What the extension dnsvnf says of the port. */
static void read_options(const json_t *port, const struct spelling *s, struct vim_request *r)
{
	const json_t *uplink = json_object_get(port, "propagate_uplink_status");
	const json_t *trusted =
		json_object_get(json_object_get(port, "binding:profile"), "trusted");

	if (r->port.interface->type == PORT_VIRTUAL)
		return;
	r->port.numa_affinity_policy = text(port, "numa_affinity_policy");
	if (r->port.interface->type != PORT_DIRECT)
		return;
	r->port.propagate_uplink_status =
		json_is_boolean(uplink) ? json_is_true(uplink) : !s->no_uplink;
	r->port.trusted = json_is_true(trusted) || streq(json_string_value(trusted), "true");
}

static void put_options(struct vm_group *group, const struct vim_request *r)
{
	unsigned nicid = r->port.interface->nicid;
	cleanup_free char *numa = xasprintf("numa_affinity_policy.%u", nicid);
	cleanup_free char *uplink = xasprintf("propagate_uplink_status.%u", nicid);
	cleanup_free char *trusted = xasprintf("trusted.%u", nicid);

	if (r->port.numa_affinity_policy)
		import_option(&group->extensions, &group->n_extensions, numa,
			      r->port.numa_affinity_policy);
	if (r->port.interface->type == PORT_DIRECT && !r->port.propagate_uplink_status)
		import_option(&group->extensions, &group->n_extensions, uplink, "false");
	if (r->port.trusted)
		import_option(&group->extensions, &group->n_extensions, trusted, "true");
}

void import_port(struct importer *im, struct vm_group *group, const struct resource *port,
		 unsigned nicid)
{
	const json_t *fixed = json_object_get(port->json, "fixed_ips");
	bool single = json_array_size(fixed) == 1, found = false;
	struct spelling s;
	struct interface interface;
	struct vim_request r = {.kind = VIM_PORT, .name = port->object.name};

	for (unsigned n = 0; !found && spelling_at(n, single, &s); n++) {
		spell(im, port->json, nicid, &s, &interface);
		r.port.interface = &interface;
		r.port.network_name = interface.network;
		r.port.mac_address = interface.mac_address;
		read_options(port->json, &s, &r);
		found = port->object.digest && import_is_from(&r, &port->object);
		if (!found)
			interface_clear(&interface);
	}
	if (!found) { /* not made by dnsvnf, or changed since */
		spelling_at(0, single, &s);
		spell(im, port->json, nicid, &s, &interface);
		r.port.interface = &interface;
		read_options(port->json, &s, &r);
	}
	put_options(group, &r);
	*array_push(group->interfaces, group->n_interfaces) = interface;
}
