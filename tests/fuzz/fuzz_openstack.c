// SPDX-License-Identifier: Apache-2.0
/* Answers of Keystone, Glance, Neutron and Nova, or of whatever stands in their place. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "vim/openstack/resource.h"
#include "vim/openstack/server_info.h"
#include "vim/openstack/session.h"
#include "vim/openstack/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_listings(const json_t *answer)
{
	cleanup_resources struct resources resources = {0};

	for (int kind = VIM_IMAGE; kind <= VIM_SERVER; kind++) {
		cleanup_err struct err err = ERR_INIT;
		(void)resources_add_list(&resources, (enum vim_kind)kind, answer, &err);
		free(resources_next_page((enum vim_kind)kind, answer));
		(void)resources_by_name(&resources, (enum vim_kind)kind, "n", "dnsvnf:t/d/", NULL);
	}
}

/* {"server": ..., "topology": ..., "ports": ...}: each member is an answer of its own. */
static void read_server(json_t *all)
{
	cleanup_server_info struct vim_server_info info = {0};
	cleanup_server_view struct server_view v = {
		.nova_minor = 90,
		.server = json_incref(json_object_get(all, "server")),
		.topology = json_incref(json_object_get(all, "topology")),
		.ports = json_incref(json_object_get(all, "ports")),
		.networks = json_incref(json_object_get(all, "networks")),
		.routed = json_incref(json_object_get(all, "routed")),
		.agents = json_incref(json_object_get(all, "agents")),
	};

	if (v.server)
		server_info_read(&v, VIM_LOOK_ALL, &info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *answer = json_loadb((const char *)data, size, 0, NULL);
	struct token token = {0};

	free(session_error_message((const char *)data, size));
	if (!answer)
		return 0;
	read_listings(answer);
	read_server(answer);
	if (token_parse(answer, "id", &token, NULL) == 0) {
		char interface[] = "public", *list[] = {interface};
		const struct strv interfaces = {list, 1};
		const struct endpoint_query query = {
			.type = "network", .region = "RegionOne", .interfaces = &interfaces};
		(void)token_endpoint(&token, &query);
	}
	token_clear(&token);
	json_decref(answer);
	return 0;
}
