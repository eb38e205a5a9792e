/* SPDX-License-Identifier: Apache-2.0 */
/* Reads data about compute hosts from the APIs' answers. Malformed parts are ignored. No I/O. */
#pragma once

#include <jansson.h>

struct cloud_facts;
struct host_facts;

/* A port as an admin sees it: the VF it is bound to is in use on its host. */
void facts_read_port(const json_t *port, struct cloud_facts *facts);

/* https://docs.openstack.org/api-ref/network/v2/#networking-agents: mappings of those alive. */
void facts_read_agent(const json_t *agent, struct cloud_facts *facts);

/* GET /servers/ID/topology of a server on that host: the CPUs it is pinned to. */
void facts_read_topology(const json_t *topology, struct host_facts *host);
