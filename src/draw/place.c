// SPDX-License-Identifier: Apache-2.0
#include "draw/place.h"

#include "base/alloc.h"
#include "base/str.h"
#include "placement/schedule.h"
#include "vim/vim.h"

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

static void add_ports(struct draw_place *place, const struct scheduled_server *s,
		      const struct fit_result *fit)
{
	for (size_t i = 0; i < fit->n_pools; i++) {
		const struct pci_pool *pool = &s->hosts.v[s->host].pools[fit->pools[i]];
		*array_push(place->ports, place->n_ports) = (struct draw_port_place){
			.nicid = s->request.ports[i].nicid,
			.node = pool->node,
			.pf = xstrdup(pool->pf),
			.device = xstrdup(scheduled_device(s, i)),
		};
	}
}

/* The reason of the nearest host, and of the first that only a veto rules out; explain has all. */
static void add_reasons(const struct scheduled_server *s, struct strbuf *b)
{
	bool vetoed = false;

	for (size_t i = 0; i < s->hosts.n; i++) {
		bool only_veto = s->explanation.results[i].n_reasons == 0;
		if (i != s->explanation.nearest && (!only_veto || vetoed))
			continue;
		vetoed |= only_veto;
		strbuf_addf(b, "; %s: ", s->hosts.v[i].name);
		scheduled_format_reasons(s, i, b);
	}
}

static char *about_scheduled(const struct scheduled_server *s)
{
	struct strbuf b = {0};

	switch (s->verdict) {
	case SCHEDULE_FITS:
		strbuf_addf(&b, "first of %zu %s that would fit", s->n_others + 1,
			    plural(s->n_others + 1, "host", "hosts"));
		break;
	case SCHEDULE_NOWHERE:
		strbuf_adds(&b, "fits on no host");
		if (s->why)
			strbuf_addf(&b, ": %s", s->why);
		break;
	case SCHEDULE_UNKNOWN:
		strbuf_addf(&b, "unknown: %s", s->why);
		break;
	}
	if (s->verdict != SCHEDULE_FITS)
		add_reasons(s, &b);
	if (s->request.unseen)
		strbuf_addf(&b, "; unknown: %s", s->request.unseen);
	return strbuf_steal(&b);
}

void draw_places_of_schedule(struct draw_places *places, const struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->n; i++) {
		const struct scheduled_server *s = &schedule->v[i];
		struct draw_place *place = array_push(places->v, places->n);
		*place = (struct draw_place){.group = s->server->group,
					     .index = s->server->index,
					     .about = about_scheduled(s)};
		if (s->verdict != SCHEDULE_FITS)
			continue;
		place->host = xstrdup(s->hosts.v[s->host].name);
		add_cells(place, &s->explanation.results[s->host]);
		add_ports(place, s, &s->explanation.results[s->host]);
	}
}

void draw_places_of_server(struct draw_places *places, const struct vm_group *group, unsigned index,
			   const struct vim_server_info *server)
{
	struct draw_place *place = array_push(places->v, places->n);

	place->group = group;
	place->index = index;
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
			free_all(p->ports[k].pf, p->ports[k].vif, p->ports[k].device);
		}
		for (size_t k = 0; k < p->n_cells; k++)
			free(p->cells[k].cpus);
		free_all(p->ports, p->cells, p->host, p->about);
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
