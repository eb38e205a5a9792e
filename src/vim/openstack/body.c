// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/handle.h"

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/str.h"
#include "net/ip.h"

enum { MAX_MARK = 255 /* neutron_lib/db/constants.py, DESCRIPTION_FIELD_SIZE */ };
enum { MAX_USER_DATA = 65535 /* nova/api/openstack/compute/schemas/servers.py, in base64 */ };

static void put(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

/* MB to whole GB, the unit of flavors. */
static int gigabytes(unsigned mb)
{
	return (int)((mb + 1023) / 1024);
}

static const char *id_of(struct openstack *os, enum vim_kind kind, const char *name,
			 const char *parent, struct err *err)
{
	const struct resource *t =
		resources_by_name(&os->resources, kind, name, os->prefix, parent);

	if (!t)
		err_set(err, NOT_FOUND, "no %s \"%s\"", vim_kind_name(kind), name);
	return t ? t->object.id : NULL;
}

static json_t *network_body(const struct vim_request *r)
{
	const struct network *n = r->network;
	json_t *o = json_object();

	if (n->shared)
		json_object_set_new(o, "shared", json_true());
	put(o, "provider:network_type", n->provider_network_type);
	put(o, "provider:physical_network", n->provider_physical_network);
	if (n->provider_segmentation_id)
		json_object_set_new(o, "provider:segmentation_id",
				    json_integer(n->provider_segmentation_id));
	/* Nova starts no server on a network with port security and without a subnet. */
	if (n->n_subnets == 0)
		json_object_set_new(o, "port_security_enabled", json_false());
	return o;
}

static void put_gateway(json_t *o, const struct subnet *s)
{
	if (s->no_gateway)
		json_object_set_new(o, "gateway_ip", json_null());
	else
		put(o, "gateway_ip", s->gateway);
	json_object_set_new(o, "enable_dhcp", json_boolean(s->dhcp));
}

/* Neutron refuses a gateway inside the allocation pools, so they must exclude it. */
static void update_gateway(json_t *o, const struct subnet *s)
{
	json_t *pools = s->gateway && !s->no_gateway
				? allocation_pools(s->address, s->prefix, s->gateway)
				: NULL;

	put_gateway(o, s);
	if (pools)
		json_object_set_new(o, "allocation_pools", pools);
}

static int subnet_body(struct openstack *os, const struct vim_request *r, json_t **ret,
		       struct err *err)
{
	const struct subnet *s = r->subnet.subnet;
	cleanup_free char *cidr = xasprintf("%s/%u", s->address, s->prefix);
	const char *network = id_of(os, VIM_NETWORK, r->subnet.network->name, NULL, err);

	if (!network)
		return -ENOENT;
	*ret = json_pack("{s:s, s:i, s:s}", "network_id", network, "ip_version", s->ip_version,
			 "cidr", cidr);
	put_gateway(*ret, s);
	return 0;
}

static int add_fixed_ip(struct openstack *os, const char *network, const char *subnet,
			const char *ip, json_t *list, struct err *err)
{
	json_t *fixed = json_object();

	json_array_append_new(list, fixed);
	put(fixed, "ip_address", ip);
	if (!subnet)
		return 0;
	const char *id = id_of(os, VIM_SUBNET, subnet, network, err);
	put(fixed, "subnet_id", id);
	return id ? 0 : -ENOENT;
}

bool body_has_no_address(const struct openstack *os, const struct vim_request *port)
{
	const struct interface *i = port->port.interface;
	const struct resources *r = &os->resources;
	const struct resource *network =
		resources_by_name(r, VIM_NETWORK, port->port.network_name, os->prefix, NULL);

	return !i->ip_address && !i->subnet && i->n_addresses == 0 && network &&
	       !array_find(r->v, r->n,
			   it->object.kind == VIM_SUBNET && streq(it->parent, network->object.id));
}

static int put_fixed_ips(struct openstack *os, const struct interface *i, const char *network,
			 json_t *o, struct err *err)
{
	json_t *list = json_array();
	int r = 0;

	if (i->ip_address || i->subnet)
		r = add_fixed_ip(os, network, i->subnet, i->ip_address, list, err);
	for (size_t k = 0; k < i->n_addresses && r == 0; k++)
		r = add_fixed_ip(os, network, i->addresses[k].subnet, i->addresses[k].ip_address,
				 list, err);
	/* Without fixed_ips, Neutron chooses an address from each family's first subnet. */
	if (json_array_size(list) > 0)
		json_object_set(o, "fixed_ips", list);
	json_decref(list);
	return r;
}

/* groups: ids. */
static void put_security(json_t *o, const struct interface *i, json_t *groups)
{
	json_t *pairs = json_array();

	for (size_t k = 0; k < i->n_allowed_address_pairs; k++) {
		const struct address_pair *p = &i->allowed_address_pairs[k];
		int length = p->netmask ? ip_netmask_parse(p->netmask, 0) : -1;
		cleanup_free char *address = length >= 0 ? xasprintf("%s/%d", p->ip_address, length)
							 : xstrdup(p->ip_address);
		json_array_append_new(pairs, json_pack("{s:s}", "ip_address", address));
	}
	if (i->n_allowed_address_pairs)
		json_object_set(o, "allowed_address_pairs", pairs);
	json_decref(pairs);
	/* Without port security a port must have no groups, not even the default one. */
	if (groups && (i->security_groups.n || i->port_security_enabled == TRI_NO))
		json_object_set(o, "security_groups", groups);
	if (i->port_security_enabled != TRI_UNKNOWN)
		json_object_set_new(o, "port_security_enabled",
				    json_boolean(i->port_security_enabled));
	json_object_set_new(o, "admin_state_up", json_boolean(i->admin_state_up));
}

/* Neutron accepts ids only; the descriptor may have names. */
static int resolve_groups(struct openstack *os, const struct interface *i, json_t *ids,
			  struct err *err)
{
	for (size_t k = 0; k < i->security_groups.n; k++) {
		const json_t *group;
		const char *id = NULL;
		size_t n;
		json_array_foreach (os->security_groups, n, group) {
			const char *candidate = json_string_value(json_object_get(group, "id"));
			const char *name = json_string_value(json_object_get(group, "name"));
			if (streq(i->security_groups.v[k], candidate) ||
			    streq(i->security_groups.v[k], name))
				id = candidate;
		}
		if (!id)
			return err_set(err, NOT_FOUND, "the project has no security group \"%s\"",
				       i->security_groups.v[k]);
		json_array_append_new(ids, json_string(id));
	}
	return 0;
}

/* https://docs.openstack.org/api-ref/network/v2/#port-binding-extended-attributes */
static const char *vnic_type(enum port_type type)
{
	static const char *const names[] = {
		[PORT_VIRTUAL] = "normal",
		[PORT_PASSTHRU] = "direct-physical",
		[PORT_DIRECT] = "direct",
		[PORT_MACVTAP] = "macvtap",
	};

	return names[type];
}

static int port_body(struct openstack *os, const struct vim_request *r, json_t **ret,
		     struct err *err)
{
	const struct interface *i = r->port.interface;
	const char *network = id_of(os, VIM_NETWORK, r->port.network_name, NULL, err);

	if (!network)
		return -ENOENT;
	json_t *o = json_pack("{s:s}", "network_id", network);
	*ret = o;
	put(o, "mac_address", r->port.mac_address);
	json_t *groups = json_array();
	int resolved = resolve_groups(os, i, groups, err);
	put_security(o, i, groups);
	json_decref(groups);
	if (resolved < 0)
		return resolved;
	if (i->type != PORT_VIRTUAL)
		put(o, "binding:vnic_type", vnic_type(i->type));
	if (r->port.trusted)
		json_object_set_new(o, "binding:profile", json_pack("{s:s}", "trusted", "true"));
	/* Neutron's default differs by release. */
	if (i->type == PORT_DIRECT && os->has_uplink_propagation)
		json_object_set_new(o, "propagate_uplink_status",
				    json_boolean(r->port.propagate_uplink_status));
	put(o, "numa_affinity_policy", r->port.numa_affinity_policy);
	/* Else Nova would refuse it as one that has not got its address yet. */
	if (body_has_no_address(os, r))
		json_object_set_new(o, "fixed_ips", json_array());
	return put_fixed_ips(os, i, network, o, err);
}

static json_t *flavor_body(const struct vim_request *r)
{
	const struct flavor *f = r->flavor;

	return json_pack("{s:i, s:i, s:i, s:i, s:i}", "vcpus", (int)f->vcpus, "ram",
			 (int)f->memory_mb, "disk", gigabytes(f->root_disk_mb),
			 "OS-FLV-EXT-DATA:ephemeral", gigabytes(f->ephemeral_disk_mb), "swap",
			 (int)f->swap_disk_mb);
}

json_t *body_extra_specs(const struct vim_request *r)
{
	cleanup_free char *digest = vim_request_digest(r);
	json_t *specs = json_object();

	for (size_t i = 0; i < r->flavor->properties.n; i++)
		put(specs, r->flavor->properties.v[i].name, r->flavor->properties.v[i].value);
	put(specs, MARK_EXTRA_SPEC, digest);
	return json_pack("{s:o}", "extra_specs", specs);
}

static json_t *image_body(struct openstack *os, const struct vim_request *r)
{
	const struct image *i = r->image;
	cleanup_free char *digest = vim_request_digest(r);
	cleanup_free char *deployment = xasprintf("%s/%s", os->vim.tenant, os->vim.deployment);
	json_t *o = json_object();

	for (size_t k = 0; k < i->properties.n; k++)
		put(o, i->properties.v[k].name, i->properties.v[k].value);
	put(o, "disk_format", i->disk_format ? i->disk_format : "qcow2");
	put(o, "container_format", i->container_format ? i->container_format : "bare");
	put(o, "hw_disk_bus", i->disk_bus);
	const char *slash = i->src ? strrchr(i->src, '/') : NULL;
	put(o, MARK_OWNER, r->owner);
	put(o, MARK_DIGEST, digest);
	put(o, MARK_DEPLOYMENT, deployment);
	put(o, MARK_SOURCE, slash ? slash + 1 : i->src);
	return o;
}

/* `policies`, a list, before 2.64: nova/api/rest_api_version_history.rst */
static json_t *server_group_body(struct openstack *os, const struct vim_request *r)
{
	const char *policy = r->server_group.policy;

	return session_nova_minor(os->session) >= 64 ? json_pack("{s:s}", "policy", policy)
						     : json_pack("{s:[s]}", "policies", policy);
}

int body_put_user_data(json_t *o, const struct vim_request *r, struct err *err)
{
	if (!r->server.user_data)
		return 0;
	cleanup_free char *text = base64_encode(r->server.user_data, r->server.user_data_len);
	if (strlen(text) > MAX_USER_DATA)
		return err_code(
			err, INVALID, E2BIG,
			"day-0 has %zu bytes in base64, but Nova accepts %d at most: move large "
			"files into the image",
			strlen(text), MAX_USER_DATA);
	put(o, "user_data", text);
	return 0;
}

/* From ESC's placement of type zone_host: zone, or zone:host. */
static void put_zone(json_t *o, const struct vm_group *group)
{
	for (size_t i = 0; i < group->n_placements; i++) {
		const struct placement *p = &group->placements[i];
		if (!streq(p->type, "zone_host"))
			continue;
		cleanup_free char *zone = xasprintf("%s%s%s", p->zone ? p->zone : "nova",
						    p->host ? ":" : "", p->host ? p->host : "");
		put(o, "availability_zone", zone);
	}
}

/* nova.virt.configdrive: openstack/content/NNNN, and "files" of meta_data.json. */
static void put_files(json_t *o, const struct vim_request *r)
{
	json_t *files = json_array();

	for (size_t i = 0; i < r->server.n_files; i++) {
		const struct drive_file *f = &r->server.files[i];
		cleanup_free char *contents = base64_encode(f->content, f->len);
		json_array_append_new(
			files, json_pack("{s:s, s:s}", "path", f->path, "contents", contents));
	}
	if (r->server.n_files)
		json_object_set(o, "personality", files);
	json_decref(files);
}

static int server_body(struct openstack *os, const struct vim_request *r, json_t **ret,
		       struct err *err)
{
	const struct resource *image = openstack_image(os, r);
	const char *flavor = image ? id_of(os, VIM_FLAVOR, r->server.flavor_name, NULL, err) : NULL;
	cleanup_free char *digest = vim_request_digest(r);

	if (!image)
		return err_set(err, NOT_FOUND, "no image \"%s\"", r->server.image_name);
	if (!flavor)
		return -ENOENT;
	json_t *networks = json_array();
	json_t *o = json_pack("{s:s, s:s, s:b, s:{s:s, s:s}, s:o}", "imageRef", image->object.id,
			      "flavorRef", flavor, "config_drive", true, "metadata", MARK_OWNER,
			      r->owner, MARK_DIGEST, digest, "networks", networks);
	*ret = o;
	for (size_t i = 0; i < r->server.n_ports; i++) {
		cleanup_free char *tag = xasprintf("nic%zu", i);
		const char *port = id_of(os, VIM_PORT, r->server.port_names[i], NULL, err);
		if (!port)
			return -ENOENT;
		json_array_append_new(networks, json_pack("{s:s, s:s}", "port", port, "tag", tag));
	}
	put_zone(o, r->server.group);
	put_files(o, r);
	return body_put_user_data(o, r, err);
}

int body_make(struct openstack *os, const struct vim_request *r, json_t **ret, struct err *err)
{
	json_t *o = NULL;
	int result = 0;

	switch (r->kind) {
	case VIM_IMAGE:
		o = image_body(os, r);
		break;
	case VIM_FLAVOR:
		o = flavor_body(r);
		break;
	case VIM_SERVER_GROUP:
		o = server_group_body(os, r);
		break;
	case VIM_NETWORK:
		o = network_body(r);
		break;
	case VIM_SUBNET:
		result = subnet_body(os, r, &o, err);
		break;
	case VIM_PORT:
		result = port_body(os, r, &o, err);
		break;
	case VIM_SERVER:
		result = server_body(os, r, &o, err);
		break;
	}
	if (result < 0) {
		json_decref(o);
		return result;
	}
	cleanup_free char *whole_mark = resource_mark(r);
	if (strlen(whole_mark) > MAX_MARK) {
		json_decref(o);
		return err_code(
			err, INVALID, ENAMETOOLONG,
			"its mark \"%s\" is longer than the %d characters of a description: use "
			"shorter names in the descriptor",
			whole_mark, MAX_MARK);
	}
	put(o, "name", r->kind == VIM_SERVER_GROUP ? r->owner : r->name);
	if (r->kind == VIM_NETWORK || r->kind == VIM_SUBNET || r->kind == VIM_PORT ||
	    r->kind == VIM_FLAVOR) {
		put(o, "description", whole_mark);
	}
	*ret = o;
	return 0;
}

json_t *body_update(const struct vim_request *r)
{
	cleanup_free char *mark = resource_mark(r);
	json_t *o = json_pack("{s:s}", "description", mark);

	if (r->kind == VIM_NETWORK)
		json_object_set_new(o, "shared", json_boolean(r->network->shared));
	if (r->kind == VIM_SUBNET)
		update_gateway(o, r->subnet.subnet);
	if (r->kind == VIM_PORT) {
		put_security(o, r->port.interface, NULL);
		/* Attributes that the descriptor no longer sets get Neutron's defaults. */
		if (r->port.interface->port_security_enabled == TRI_UNKNOWN)
			json_object_set_new(o, "port_security_enabled", json_true());
		if (!r->port.interface->n_allowed_address_pairs)
			json_object_set_new(o, "allowed_address_pairs", json_array());
	}
	return o;
}

const struct resource *openstack_image(struct openstack *os, const struct vim_request *server)
{
	const struct resource *t =
		resources_by_owner(&os->resources, VIM_IMAGE, server->server.image_owner);

	return t ? t
		 : resources_by_name(&os->resources, VIM_IMAGE, server->server.image_name,
				     os->prefix, NULL);
}
