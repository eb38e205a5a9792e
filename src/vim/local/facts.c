// SPDX-License-Identifier: Apache-2.0
/* Reports the embedded host as if it were a compute host. */
#include "placement/facts.h"

#include "base/alloc.h"
#include "base/str.h"
#include "placement/request.h"
#include "vim/local/handle.h"

static void add_network(struct model *known, const char *name, const struct records *records,
			struct physnets *physnets)
{
	const struct record *record = records_find(records, VIM_NETWORK, name);

	if (!record || facts_network(known, name))
		return;
	const char *physnet = record_string(record->spec, "physical_network");
	struct network *network = array_push(known->networks, known->n_networks);
	network->name = xstrdup(name);
	network->provider_physical_network = xstrdup(physnet);
	physnets_add(physnets, physnet);
}

/* The flavor, and an image without properties: admission ignores image properties. */
static bool add_server(struct model *known, const struct vim_request *request,
		       const struct records *records)
{
	cleanup_fit_request struct fit_request fit = {0};
	struct flavor store = {0};
	const struct flavor *flavor = local_flavor(request, records, &store);

	if (flavor && !request->server.flavor && !model_flavor(known, flavor->name)) {
		struct flavor *copy = array_push(known->flavors, known->n_flavors);
		*copy = (struct flavor){.name = xstrdup(flavor->name),
					.vcpus = flavor->vcpus,
					.memory_mb = flavor->memory_mb};
		for (size_t i = 0; i < flavor->properties.n; i++)
			*array_push(copy->properties.v, copy->properties.n) =
				(struct property){.name = xstrdup(flavor->properties.v[i].name),
						  .value = xstrdup(flavor->properties.v[i].value)};
	}
	if (!request->server.image && !model_image(known, request->server.image_name))
		array_push(known->images, known->n_images)->name =
			xstrdup(request->server.image_name);
	bool threads = flavor && fit_request_from_flavor(flavor, NULL, &fit, NULL) == 0 &&
		       fit.thread_policy == THREADS_REQUIRE;
	local_flavor_clear(&store);
	return threads;
}

int local_facts(struct vim *vim, const struct vim_request *requests, size_t n,
		struct cloud_facts *ret, struct err *err)
{
	cleanup_records struct records records = {0};
	cleanup_physnets struct physnets physnets = {0};
	struct cloud_facts facts = {0};
	bool threads = false;

	int r = store_load(&((struct local *)vim)->store, &records, err);
	if (r < 0)
		return r;
	facts.known = model_new(NULL);
	net_physnets(&records, &physnets);
	for (size_t i = 0; i < n; i++) {
		const struct vim_request *q = &requests[i];
		if (q->kind == VIM_SERVER)
			threads |= add_server(facts.known, q, &records);
		else if (q->kind == VIM_PORT && q->port.network)
			physnets_add(&physnets, q->port.network->provider_physical_network);
		else if (q->kind == VIM_PORT)
			add_network(facts.known, q->port.network_name, &records, &physnets);
	}
	facts.one_host = true;
	struct compute_host *host = array_push(facts.hosts.v, facts.hosts.n);
	r = host_describe(&physnets, threads, host, err);
	if (r < 0)
		facts_clear(&facts);
	else
		*ret = facts;
	return r;
}
