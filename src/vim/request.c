// SPDX-License-Identifier: Apache-2.0
#include "vim/request.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/str.h"
#include "vim/vim.h"

/*
 * An absent string is omitted, so that leaves added by later versions do not change digests.
 * Strings that are not UTF-8 (%ff in an image's file URL) are not omitted.
 */
static void put(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_text(value));
}

static void put_int(json_t *o, const char *key, int64_t value)
{
	json_object_set_new(o, key, json_integer(value));
}

static void put_bool(json_t *o, const char *key, bool value)
{
	json_object_set_new(o, key, json_boolean(value));
}

static void put_properties(json_t *o, const struct properties *p)
{
	json_t *properties = json_object();

	for (size_t i = 0; i < p->n; i++)
		put(properties, p->v[i].name, p->v[i].value);
	json_object_set_new(o, "properties", properties);
}

static json_t *image_json(const struct image *image)
{
	json_t *o = json_object();

	/* Only the file's name: the folder depends on user and current directory. */
	const char *slash = image->src ? strrchr(image->src, '/') : NULL;
	put(o, "src", slash ? slash + 1 : image->src);
	put(o, "disk_format", image->disk_format);
	put(o, "container_format", image->container_format);
	put(o, "disk_bus", image->disk_bus);
	put_properties(o, &image->properties);
	return o;
}

static json_t *flavor_json(const struct flavor *flavor)
{
	json_t *o = json_object();

	put_int(o, "vcpus", flavor->vcpus);
	put_int(o, "memory_mb", flavor->memory_mb);
	put_int(o, "root_disk_mb", flavor->root_disk_mb);
	put_int(o, "ephemeral_disk_mb", flavor->ephemeral_disk_mb);
	put_int(o, "swap_disk_mb", flavor->swap_disk_mb);
	put(o, "description", flavor->description);
	put_properties(o, &flavor->properties);
	return o;
}

static json_t *network_json(const struct network *network)
{
	json_t *o = json_object();

	put_bool(o, "shared", network->shared);
	put(o, "type", network->provider_network_type);
	put(o, "physical_network", network->provider_physical_network);
	put_int(o, "segmentation_id", network->provider_segmentation_id);
	return o;
}

static json_t *subnet_json(const struct network *network, const struct subnet *subnet)
{
	json_t *o = json_object();

	put(o, "network", network->name);
	put_int(o, "ip_version", subnet->ip_version);
	put_bool(o, "dhcp", subnet->dhcp);
	put(o, "address", subnet->address);
	put_int(o, "prefix", subnet->prefix);
	put(o, "gateway", subnet->gateway);
	put_bool(o, "no_gateway", subnet->no_gateway);
	return o;
}

static json_t *port_json(const struct vim_request *request)
{
	const struct interface *i = request->port.interface;
	json_t *o = json_object();
	json_t *fixed = json_array();
	json_t *pairs = json_array();
	json_t *groups = json_array();

	put(o, "network",
	    request->port.network ? request->port.network->name : request->port.network_name);
	put_int(o, "nicid", i->nicid);
	put(o, "type", port_type_name(i->type));
	put(o, "mac_address", request->port.mac_address);
	put(o, "numa_affinity_policy", request->port.numa_affinity_policy);
	put_bool(o, "propagate_uplink_status", request->port.propagate_uplink_status);
	put_bool(o, "trusted", request->port.trusted);
	put(o, "model", i->model);
	put(o, "subnet", i->subnet);
	put(o, "ip_address", i->ip_address);
	for (size_t k = 0; k < i->n_addresses; k++) {
		json_t *address = json_object();
		put(address, "subnet", i->addresses[k].subnet);
		put(address, "ip_address", i->addresses[k].ip_address);
		json_array_append_new(fixed, address);
	}
	json_object_set_new(o, "addresses", fixed);
	for (size_t k = 0; k < i->n_allowed_address_pairs; k++) {
		json_t *pair = json_object();
		put(pair, "ip_address", i->allowed_address_pairs[k].ip_address);
		put(pair, "netmask", i->allowed_address_pairs[k].netmask);
		json_array_append_new(pairs, pair);
	}
	json_object_set_new(o, "allowed_address_pairs", pairs);
	for (size_t k = 0; k < i->security_groups.n; k++)
		json_array_append_new(groups, json_text(i->security_groups.v[k]));
	json_object_set_new(o, "security_groups", groups);
	put_int(o, "port_security_enabled", i->port_security_enabled);
	put_bool(o, "admin_state_up", i->admin_state_up);
	return o;
}

static json_t *server_group_json(const struct vim_request *request)
{
	json_t *o = json_object();

	put(o, "policy", request->server_group.policy);
	return o;
}

static json_t *files_json(const struct vim_request *request)
{
	json_t *files = json_array();

	for (size_t i = 0; i < request->server.n_files; i++) {
		const struct drive_file *f = &request->server.files[i];
		cleanup_free char *hash = hash_hex(f->content, f->len);
		json_t *file = json_object();
		put(file, "path", f->path);
		put(file, "hash", hash);
		json_array_append_new(files, file);
	}
	return files;
}

/* The end of a changed image's mark, which is its digest; NULL: the mark ends with the name. */
static const char *image_version(const struct vim_request *request)
{
	const char *owner = request->server.image_owner;
	const char *slash = owner ? strrchr(owner, '/') : NULL;
	cleanup_free char *plain = xasprintf("/%s", request->server.image_name);

	return slash && !str_ends(owner, plain) ? slash + 1 : NULL;
}

static json_t *server_json(const struct vim_request *request)
{
	json_t *o = json_object();
	json_t *ports = json_array();

	put(o, "image", request->server.image_name);
	put(o, "image_version", image_version(request));
	put(o, "flavor", request->server.flavor_name);
	put(o, "server_group", request->server.server_group);
	if (request->server.flavor)
		json_object_set_new(o, "flavor_spec", flavor_json(request->server.flavor));
	for (size_t i = 0; i < request->server.n_ports; i++)
		json_array_append_new(ports, json_text(request->server.port_names[i]));
	json_object_set_new(o, "ports", ports);
	if (request->server.user_data) {
		cleanup_free char *hash =
			hash_hex(request->server.user_data, request->server.user_data_len);
		put(o, "user_data_hash", hash);
	}
	if (request->server.n_files)
		json_object_set_new(o, "files", files_json(request));
	return o;
}

json_t *vim_request_json(const struct vim_request *request)
{
	switch (request->kind) {
	case VIM_IMAGE:
		return image_json(request->image);
	case VIM_FLAVOR:
		return flavor_json(request->flavor);
	case VIM_SERVER_GROUP:
		return server_group_json(request);
	case VIM_NETWORK:
		return network_json(request->network);
	case VIM_SUBNET:
		return subnet_json(request->subnet.network, request->subnet.subnet);
	case VIM_PORT:
		return port_json(request);
	case VIM_SERVER:
		return server_json(request);
	}
	return json_object();
}
