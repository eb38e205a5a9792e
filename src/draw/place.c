// SPDX-License-Identifier: Apache-2.0
#include "draw/place.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "placement/explain.h"
#include "placement/host_json.h"
#include "vim/vim.h"

static bool in_group(const struct placement_group *p, const char *name)
{
	for (size_t i = 0; i < p->n_vm_groups; i++)
		if (streq(p->vm_groups[i], name))
			return true;
	return false;
}

/* What the deployment's strict placement groups say of that host, with the groups placed so far. */
static bool allowed(const struct draw_places *places, size_t first, const struct deployment *d,
		    const struct vm_group *group, const char *host)
{
	for (size_t i = 0; i < d->n_placement_groups; i++) {
		const struct placement_group *p = &d->placement_groups[i];
		if (!in_group(p, group->name) || !streq(p->enforcement, "strict"))
			continue;
		for (size_t k = first; k < places->n; k++) {
			const struct draw_place *other = &places->v[k];
			if (other->host && in_group(p, other->group->name) &&
			    streq(other->host, host) == streq(p->type, "anti_affinity"))
				return false;
		}
	}
	return true;
}

static void add_cells(struct draw_place *place, const struct fit_result *fit)
{
	for (size_t i = 0; i < fit->n_cells; i++) {
		const struct fit_placed_cell *from = &fit->cells[i];
		struct draw_cell_place *cell = array_push(place->cells, place->n_cells);
		struct cpuset cpus = {0};
		for (size_t k = 0; k < from->n_pins; k++)
			cpuset_add(&cpus, from->pins[k].cpu);
		cell->node = from->node;
		cell->cpus = from->n_pins ? cpuset_format(&cpus) : NULL;
	}
}

/* Nova takes a pool's last free VF first. */
static void add_ports(struct draw_place *place, const struct compute_host *host,
		      const struct fit_request *request, const struct fit_result *fit)
{
	for (size_t i = 0; i < fit->n_pools; i++) {
		const struct pci_pool *pool = &host->pools[fit->pools[i]];
		struct draw_port_place *port = array_push(place->ports, place->n_ports);
		size_t before = 0;
		for (size_t k = 0; k < i; k++)
			before += fit->pools[k] == fit->pools[i];
		port->nicid = request->ports[i].nicid;
		port->node = pool->node;
		port->pf = xstrdup(pool->pf);
		if (before < pool->n_free_vfs)
			port->device = xstrdup(pool->free_vfs[pool->n_free_vfs - 1 - before]);
	}
}

static char *why_none(const struct compute_hosts *hosts, const struct fit_request *request,
		      const struct flavor *flavor, const struct image *image)
{
	struct explanation e = {0};
	struct strbuf b = {0};

	explain(hosts->v, hosts->n, NULL, request, flavor, image, &e);
	if (e.n_fit > 0) {
		strbuf_adds(&b, "the placement group leaves no host that takes it");
	} else {
		strbuf_addf(&b, "none of %zu takes it; %s: ", hosts->n, hosts->v[e.nearest].name);
		fit_reason_format(&e.results[e.nearest].reasons[0], &hosts->v[e.nearest], request,
				  &b);
		if (request->unseen)
			strbuf_addf(&b, " (%s)", request->unseen);
	}
	explanation_clear(&e);
	return strbuf_steal(&b);
}

static int place_group(struct draw_places *places, size_t first, const struct model *model,
		       const struct deployment *deployment, const struct vm_group *group,
		       struct compute_hosts *hosts, struct err *err)
{
	cleanup_fit_request struct fit_request request = {0};
	struct draw_place place = {.group = group};
	int r = fit_request_from_group(model, deployment, group, &request, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < hosts->n && !place.host; i++) {
		cleanup_fit_result struct fit_result fit = {0};
		if (!allowed(places, first, deployment, group, hosts->v[i].name) ||
		    fit_host(&hosts->v[i], &request, &fit) == FIT_NO || fit.n_reasons > 0)
			continue;
		place.host = xstrdup(hosts->v[i].name);
		place.about = xasprintf("first of %zu host%s that takes it%s", hosts->n,
					hosts->n == 1 ? "" : "s",
					fit.verdict == FIT_UNKNOWN ? ", as far as is known" : "");
		add_cells(&place, &fit);
		add_ports(&place, &hosts->v[i], &request, &fit);
		fit_consume(&hosts->v[i], &request, &fit);
	}
	if (!place.host)
		place.about = why_none(hosts, &request, model_flavor(model, group->flavor),
				       model_image(model, group->image));
	*array_push(places->v, places->n) = place;
	return 0;
}

int draw_places_on_hosts(struct draw_places *places, const struct model *model,
			 const struct deployment *deployment, struct compute_hosts *hosts,
			 struct err *err)
{
	size_t first = places->n;
	int r = 0;

	for (size_t g = 0; g < deployment->n_vm_groups && r == 0; g++)
		r = place_group(places, first, model, deployment, &deployment->vm_groups[g], hosts,
				err);
	return r;
}

void draw_places_of_server(struct draw_places *places, const struct vm_group *group,
			   const struct vim_server_info *server)
{
	struct draw_place *place = array_push(places->v, places->n);

	place->group = group;
	place->host = xstrdup(server->hypervisor ? server->hypervisor : "compute host");
	place->about = xasprintf("server %s: %s%s%s%s%s", server->name,
				 server->status ? server->status : vim_state_name(server->state),
				 server->fault ? ": " : "", server->fault ? server->fault : "",
				 server->numa ? ", " : "", server->numa ? server->numa : "");
	for (size_t i = 0; i < server->n_ports; i++) {
		const struct vim_port_info *from = &server->ports[i];
		struct draw_port_place *port = array_push(place->ports, place->n_ports);
		*port = (struct draw_port_place){
			.nicid = from->nicid,
			.node = from->numa_node,
			.pf = xstrdup(from->pf),
			.vif = xstrdup(from->vif_type),
			.device = xstrdup(from->host_device),
		};
	}
}

void draw_places_clear(struct draw_places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		struct draw_place *p = &places->v[i];
		for (size_t k = 0; k < p->n_ports; k++) {
			free(p->ports[k].pf);
			free(p->ports[k].vif);
			free(p->ports[k].device);
		}
		for (size_t k = 0; k < p->n_cells; k++)
			free(p->cells[k].cpus);
		free(p->ports);
		free(p->cells);
		free(p->host);
		free(p->about);
	}
	free(places->v);
	*places = (struct draw_places){0};
}

const struct draw_port_place *draw_place_port(const struct draw_place *place, unsigned nicid)
{
	for (size_t i = 0; place && i < place->n_ports; i++)
		if (place->ports[i].nicid == nicid)
			return &place->ports[i];
	return NULL;
}
