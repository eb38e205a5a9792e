// SPDX-License-Identifier: Apache-2.0
#include "vim/request.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json_field.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "vim/vim.h"

/*
 * An absent string is omitted, so that leaves added by later versions do not change digests.
 * Strings that are not UTF-8 (%ff in an image's file URL) are not omitted.
 */
#define IMAGE(MEMBER) JSON_FIELD(image, TEXT_OPT, MEMBER)
JSON_FIELDS(image_fields, IMAGE(disk_format), IMAGE(container_format), IMAGE(disk_bus));

#define FLAVOR(TYPE, MEMBER) JSON_FIELD(flavor, TYPE, MEMBER)
JSON_FIELDS(flavor_fields, FLAVOR(UINT, vcpus), FLAVOR(UINT, memory_mb), FLAVOR(UINT, root_disk_mb),
	    FLAVOR(UINT, ephemeral_disk_mb), FLAVOR(UINT, swap_disk_mb),
	    FLAVOR(TEXT_OPT, description));

#define NETWORK(TYPE, KEY, MEMBER) JSON_FIELD_AS(network, TYPE, KEY, MEMBER)
JSON_FIELDS(network_fields, NETWORK(BOOL, "shared", shared),
	    NETWORK(TEXT_OPT, "type", provider_network_type),
	    NETWORK(TEXT_OPT, "physical_network", provider_physical_network),
	    NETWORK(UINT, "segmentation_id", provider_segmentation_id));

#define SUBNET(TYPE, MEMBER) JSON_FIELD(subnet, TYPE, MEMBER)
JSON_FIELDS(subnet_fields, SUBNET(KNOWN_INT, ip_version), SUBNET(BOOL, dhcp),
	    SUBNET(TEXT_OPT, address), SUBNET(UINT, prefix), SUBNET(TEXT_OPT, gateway),
	    SUBNET(BOOL, no_gateway));

#define INTERFACE(MEMBER) JSON_FIELD(interface, TEXT_OPT, MEMBER)
JSON_FIELDS(interface_fields, INTERFACE(model), INTERFACE(subnet), INTERFACE(ip_address));
JSON_FIELDS(address_fields, JSON_FIELD(address, TEXT_OPT, subnet),
	    JSON_FIELD(address, TEXT_OPT, ip_address));
JSON_FIELDS(pair_fields, JSON_FIELD(address_pair, TEXT_OPT, ip_address),
	    JSON_FIELD(address_pair, TEXT_OPT, netmask));

static void put_properties(struct json_writer *w, const struct properties *p)
{
	cleanup_json json_t *properties = json_object();

	for (size_t i = 0; i < p->n; i++) /* of a name that comes twice, the last */
		if (p->v[i].value)
			json_object_set_new(properties, p->v[i].name, json_text(p->v[i].value));
	json_put_json(w, "properties", properties);
}

static void put_image(struct json_writer *w, const struct image *image)
{
	/* Only the file's name: the folder depends on user and current directory. */
	const char *slash = image->src ? strrchr(image->src, '/') : NULL;

	json_put_text_opt(w, "src", slash ? slash + 1 : image->src);
	json_put_fields(w, image_fields, image);
	put_properties(w, &image->properties);
}

static void put_flavor(struct json_writer *w, const struct flavor *flavor)
{
	json_put_fields(w, flavor_fields, flavor);
	put_properties(w, &flavor->properties);
}

static void put_subnet(struct json_writer *w, const struct vim_request *request)
{
	json_put_text_opt(w, "network", request->subnet.network->name);
	json_put_fields(w, subnet_fields, request->subnet.subnet);
}

static void put_port(struct json_writer *w, const struct vim_request *request)
{
	const struct network *network = request->port.network;
	const struct interface *i = request->port.interface;

	json_put_text_opt(w, "network", network ? network->name : request->port.network_name);
	json_put_int64(w, "nicid", i->nicid);
	json_put_text_opt(w, "type", port_type_name(i->type));
	json_put_text_opt(w, "mac_address", request->port.mac_address);
	json_put_text_opt(w, "numa_affinity_policy", request->port.numa_affinity_policy);
	json_put_bool(w, "propagate_uplink_status", request->port.propagate_uplink_status);
	json_put_bool(w, "trusted", request->port.trusted);
	json_put_fields(w, interface_fields, i);
	json_open_array(w, "addresses");
	for (size_t k = 0; k < i->n_addresses; k++)
		json_put_object(w, NULL, address_fields, &i->addresses[k]);
	json_close(w);
	json_open_array(w, "allowed_address_pairs");
	for (size_t k = 0; k < i->n_allowed_address_pairs; k++)
		json_put_object(w, NULL, pair_fields, &i->allowed_address_pairs[k]);
	json_close(w);
	json_put_texts(w, "security_groups", i->security_groups.v, i->security_groups.n);
	json_put_int64(w, "port_security_enabled", i->port_security_enabled);
	json_put_bool(w, "admin_state_up", i->admin_state_up);
}

static void put_files(struct json_writer *w, const struct vim_request *request)
{
	json_open_array(w, "files");
	for (size_t i = 0; i < request->server.n_files; i++) {
		const struct drive_file *f = &request->server.files[i];
		cleanup_free char *hash = hash_hex(f->content, f->len);
		json_open_object(w, NULL);
		json_put_text_opt(w, "path", f->path);
		json_put_text(w, "hash", hash);
		json_close(w);
	}
	json_close(w);
}

/* The end of a changed image's mark, which is its digest; NULL: the mark ends with the name. */
static const char *image_version(const struct vim_request *request)
{
	const char *owner = request->server.image_owner;
	const char *slash = owner ? strrchr(owner, '/') : NULL;
	cleanup_free char *plain = xasprintf("/%s", request->server.image_name);

	return slash && !str_ends(owner, plain) ? slash + 1 : NULL;
}

static void put_server(struct json_writer *w, const struct vim_request *request)
{
	json_put_text_opt(w, "image", request->server.image_name);
	json_put_text_opt(w, "image_version", image_version(request));
	json_put_text_opt(w, "flavor", request->server.flavor_name);
	json_put_text_opt(w, "server_group", request->server.server_group);
	if (request->server.flavor) {
		json_open_object(w, "flavor_spec");
		put_flavor(w, request->server.flavor);
		json_close(w);
	}
	json_open_array(w, "ports");
	for (size_t i = 0; i < request->server.n_ports; i++)
		json_put_text(w, NULL, request->server.port_names[i]);
	json_close(w);
	if (request->server.user_data) {
		cleanup_free char *hash =
			hash_hex(request->server.user_data, request->server.user_data_len);
		json_put_text(w, "user_data_hash", hash);
	}
	if (request->server.n_files)
		put_files(w, request);
}

static void put_request(struct json_writer *w, const struct vim_request *request)
{
	switch (request->kind) {
	case VIM_IMAGE:
		return put_image(w, request->image);
	case VIM_FLAVOR:
		return put_flavor(w, request->flavor);
	case VIM_SERVER_GROUP:
		return json_put_text_opt(w, "policy", request->server_group.policy);
	case VIM_NETWORK:
		return json_put_fields(w, network_fields, request->network);
	case VIM_SUBNET:
		return put_subnet(w, request);
	case VIM_PORT:
		return put_port(w, request);
	case VIM_SERVER:
		return put_server(w, request);
	}
}

json_t *vim_request_json(const struct vim_request *request)
{
	cleanup_json_writer struct json_writer w = {0};
	json_t *o = NULL;

	json_open_object(&w, NULL);
	put_request(&w, request);
	json_close(&w);
	(void)json_write_json(&w, &o, NULL); /* names and nesting are fixed: there is no error */
	return o;
}
