// SPDX-License-Identifier: Apache-2.0
/* Neutron's ports and agents and Nova's topology, one JSON document with all three, laid over a
 * host. */
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "placement/facts.h"
#include "vim/openstack/server_info.h"

static const char host_json[] =
	"{\"numa_nodes\": [{\"id\": 0, \"memory_mb\": 1024, \"dedicated_cpus\": \"0-3\"}],"
	" \"nics\": [{\"name\": \"ens1f0\", \"numa_node\": 0, \"vfs\": [{\"pci_address\": \"a\"}]},"
	" {\"name\": \"ens2f0\", \"physnet\": \"p\", \"vfs\": [{\"pci_address\": \"b\"}]}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *document = json_loadb((const char *)data, size, 0, NULL);
	cleanup_facts struct cloud_facts facts = {0};
	cleanup_compute_hosts struct compute_hosts hosts = {.v = NULL};
	cleanup_strbuf struct strbuf notes = {0};
	struct compute_host host = {0};
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(document, "ports"), i, o)
		facts_read_port(o, &facts);
	json_array_foreach (json_object_get(document, "agents"), i, o)
		facts_read_agent(o, &facts);
	facts_read_topology(document, facts_host(&facts, "h"));
	json_decref(document);
	if (host_json_parse(host_json, sizeof(host_json) - 1, "h.json", &host, NULL) < 0)
		__builtin_trap();
	hosts.v = &host;
	hosts.n = 1;
	facts_apply(&facts, &hosts, &notes);
	hosts = (struct compute_hosts){0};
	compute_host_clear(&host);
	return 0;
}
