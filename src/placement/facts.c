// SPDX-License-Identifier: Apache-2.0
#include "placement/facts.h"

#include "base/alloc.h"
#include "model/model.h"

struct host_facts *facts_host(struct cloud_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->n; i++)
		if (streq(facts->v[i].name, name))
			return &facts->v[i];
	struct host_facts *host = array_push(facts->v, facts->n);
	host->name = xstrdup(name);
	return host;
}

const struct network *facts_network(const struct model *known, const char *name)
{
	static const struct deployment none;

	const struct network *network = known ? model_network(known, &none, name) : NULL;

	/* Only a network whose type is shown is known to be without a physical network. */
	return network && network->provider_network_type ? network : NULL;
}

void facts_clear(struct cloud_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		struct host_facts *h = &facts->v[i];
		free(h->name);
		strv_clear(&h->vfs_in_use);
		strv_clear(&h->bridges);
		free(h->pins);
		for (size_t k = 0; k < h->n_devices; k++) {
			free_all(h->devices[k].physnet, h->devices[k].pf);
		}
		free(h->devices);
	}
	free(facts->v);
	compute_hosts_clear(&facts->hosts);
	model_free(facts->known);
	free(facts->unseen);
	*facts = (struct cloud_facts){0};
}

/* ---- applied to the hosts' files; each fact may be in the file already ---- */

/* True: it counted as free until now. */
static bool take_vf(struct compute_host *host, const char *address)
{
	for (size_t i = 0; i < host->n_pools; i++) {
		struct pci_pool *pool = &host->pools[i];
		for (size_t k = 0; k < pool->free_vfs.n; k++) {
			if (!streq(pool->free_vfs.v[k], address))
				continue;
			free(pool->free_vfs.v[k]);
			pool->free_vfs.n--;
			memmove(&pool->free_vfs.v[k], &pool->free_vfs.v[k + 1],
				(pool->free_vfs.n - k) * sizeof(*pool->free_vfs.v));
			pool->free--;
			return true;
		}
	}
	return false;
}

static bool take_cpu(struct compute_host *host, const struct pinned_cpu *pin)
{
	const struct compute_cell *found = compute_host_node(host, pin->node);
	struct compute_cell *c = found ? &host->cells[found - host->cells] : NULL;

	if (!c || !cpuset_has(&c->dedicated, pin->cpu) || cpuset_has(&c->pinned, pin->cpu))
		return false;
	cpuset_add(&c->pinned, pin->cpu);
	host->inventory[INVENTORY_PCPU].used++;
	return true;
}

static void add_host(struct compute_host *host, const struct host_facts *h, struct strbuf *notes)
{
	size_t vfs = 0, cpus = 0;

	for (size_t i = 0; i < h->n_devices; i++)
		if (compute_host_map(host, h->devices[i].pf, h->devices[i].physnet))
			strbuf_addf(notes, "%s: %s serves %s, by the NIC agent's device_mappings\n",
				    host->name, h->devices[i].pf, h->devices[i].physnet);
	for (size_t i = 0; i < h->vfs_in_use.n; i++)
		vfs += take_vf(host, h->vfs_in_use.v[i]);
	for (size_t i = 0; i < h->n_pins; i++)
		cpus += take_cpu(host, &h->pins[i]);
	compute_host_recount(host);
	if (vfs)
		strbuf_addf(notes,
			    "%s: %zu more %s in use than in its file, by the ports bound there\n",
			    host->name, vfs, plural(vfs, "VF", "VFs"));
	if (cpus)
		strbuf_addf(
			notes,
			"%s: %zu more %s pinned than in its file, by the topology of its servers\n",
			host->name, cpus, plural(cpus, "CPU", "CPUs"));
}

void facts_apply(const struct cloud_facts *facts, struct compute_hosts *hosts, struct strbuf *notes)
{
	for (size_t i = 0; i < hosts->n; i++)
		for (size_t k = 0; k < facts->n; k++)
			if (streq(hosts->v[i].name, facts->v[k].name))
				add_host(&hosts->v[i], &facts->v[k], notes);
	for (size_t k = 0; hosts->n && k < facts->n; k++) {
		bool has_file = !facts->v[k].has_nic_agent && !facts->v[k].has_switch_agent;
		for (size_t i = 0; i < hosts->n; i++)
			has_file |= streq(hosts->v[i].name, facts->v[k].name);
		if (!has_file)
			strbuf_addf(notes,
				    "%s has L2 agents in the cloud, but no file describes it\n",
				    facts->v[k].name);
	}
	if (facts->unseen)
		strbuf_addf(notes, "unknown: %s\n", facts->unseen);
}
