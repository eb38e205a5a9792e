// SPDX-License-Identifier: Apache-2.0
/* A host's JSON, and a decision on whatever host it describes. */
#include <stdint.h>

#include "base/err.h"
#include "placement/explain.h"
#include "placement/host_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct compute_host *host, const char *nodes, const char *policy)
{
	cleanup_fit_request struct fit_request request = {0};
	cleanup_explanation struct explanation explanation = {0};
	struct property specs[] = {
		{.name = (char *)"hw:numa_nodes", .value = (char *)nodes},
		{.name = (char *)"hw:cpu_policy", .value = (char *)policy},
		{.name = (char *)"hw:mem_page_size", .value = (char *)"any"},
	};
	struct flavor flavor = {
		.name = (char *)"f",
		.vcpus = 4,
		.memory_mb = 4096,
		.properties = {.v = specs, .n = sizeof(specs) / sizeof(specs[0])},
	};
	struct fit_port port = {.physnet = (char *)"sriov0"};

	if (fit_request_from_flavor(&flavor, NULL, &request, NULL) < 0 ||
	    fit_request_add_port(&request, &flavor, NULL, &port, NULL, NULL) < 0)
		return;
	explain(host, 1, NULL, &request, &flavor, NULL, &explanation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_compute_host struct compute_host host = {0};
	cleanup_err struct err err = ERR_INIT;

	if (host_json_parse((const char *)data, size, "host.json", &host, &err) < 0)
		return 0;
	ask(&host, "2", "dedicated");
	ask(&host, "1", "shared");
	return 0;
}
