/* SPDX-License-Identifier: Apache-2.0 */
/* Converts data of Nova and Neutron about a server to struct vim_server_info. No I/O. */
#pragma once

#include <jansson.h>

#include "vim/vim.h"

struct cloud_facts;
struct host_facts;

/* Complete answers; refused and unsent queries are NULL. */
struct server_view {
	unsigned nova_minor; /* microversion of Nova's */
	json_t *server;      /* the member "server" of GET /servers/ID; never NULL */
	json_t *topology;    /* GET /servers/ID/topology */
	json_t *actions;     /* GET /servers/ID/os-instance-actions?limit=1 */
	json_t *ports;       /* GET /ports?device_id=ID */
	json_t *networks;    /* of those ports */
	json_t *routed;      /* ports of routers on those networks */
	json_t *agents;      /* NIC Switch agents, with their device_mappings */
};

/* The caller clears *ret. */
void server_info_read(const struct server_view *v, enum vim_look look, struct vim_server_info *ret);

void server_view_clear(struct server_view *v);

#define cleanup_server_view __attribute__((__cleanup__(server_view_clear)))

/*
 * These read data about compute hosts; malformed parts are ignored.
 * A port as an admin sees it: the VF it is bound to is in use on its host.
 */
void facts_read_port(const json_t *port, struct cloud_facts *facts);

/* https://docs.openstack.org/api-ref/network/v2/#networking-agents: mappings of those alive. */
void facts_read_agent(const json_t *agent, struct cloud_facts *facts);

/* GET /servers/ID/topology of a server on that host: the CPUs it is pinned to. */
void facts_read_topology(const json_t *topology, struct host_facts *host);
