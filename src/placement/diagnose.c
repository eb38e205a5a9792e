// SPDX-License-Identifier: Apache-2.0
/* Why a request does not fit: also checks what fit_host() skips after the first failure. */
#include <strings.h>

#include "base/alloc.h"
#include "placement/internal.h"

#define LOOKS_MAX 4096 /* limit of assignments tried, including dead ends */

struct diagnosis {
	const struct compute_host *host;
	const struct fit_request *request;
	struct fit_result *ret;
	uint64_t fits[COMPUTE_CELLS_MAX];  /* by guest cell: host cells that can hold it */
	uint8_t holder[COMPUTE_CELLS_MAX]; /* by host cell: guest cell + 1 that is there */
	unsigned looks;
	bool found; /* an assignment exists, against Nova's verdict */
};

static void add(struct diagnosis *d, const struct fit_reason *reason)
{
	for (size_t i = 0; i < d->ret->n_reasons; i++) {
		const struct fit_reason *r = &d->ret->reasons[i];

		/* of two equal guest cells, one suffices */
		if (r->kind == reason->kind && r->node == reason->node && r->port == reason->port &&
		    r->class == reason->class && r->page_kb == reason->page_kb &&
		    r->asked == reason->asked)
			return;
	}
	*(struct fit_reason *)array_push(d->ret->reasons, d->ret->n_reasons) = *reason;
}

static struct fit_reason reason_of(enum fit_reason_kind kind, int64_t asked, int64_t free)
{
	return (struct fit_reason){
		.kind = kind, .node = -1, .cell = -1, .port = -1, .asked = asked, .free = free};
}

static void look_at_sums(struct diagnosis *d)
{
	for (size_t i = 0; i < INVENTORY_CLASSES; i++) {
		const struct inventory *inventory = &d->host->inventory[i];

		if (inventory_fits(inventory, d->request->amount[i]))
			continue;
		struct fit_reason r =
			reason_of(FIT_INVENTORY, d->request->amount[i], inventory_free(inventory));
		r.class = (enum inventory_class)i;
		if (r.free > inventory->total)
			r.free = inventory->total; /* a single guest cannot overcommit */
		add(d, &r);
	}
}

static bool same_devices(const struct fit_port *a, const struct fit_port *b)
{
	return a->type == b->type && a->trusted == b->trusted &&
	       strcasecmp(a->physnet ? a->physnet : "", b->physnet ? b->physnet : "") == 0;
}

static bool look_at_devices(struct diagnosis *d)
{
	const struct fit_request *request = d->request;
	bool enough = true;

	for (size_t i = 0; i < request->n_ports; i++) {
		struct fit_reason r = reason_of(FIT_PHYSNET, 0, 0);

		for (size_t j = 0; j <= i; j++)
			r.asked += same_devices(&request->ports[i], &request->ports[j]);
		for (size_t j = 0; j < d->host->n_pools; j++) {
			const struct pci_pool *p = &d->host->pools[j];

			if (!pci_pool_serves(p, &request->ports[i]))
				continue;
			r.kind = FIT_VFS;
			r.free += pci_pool_grants(p, &request->ports[i]) ? p->free : 0;
		}
		if (r.free >= r.asked)
			continue;
		r.port = (int)i;
		add(d, &r);
		enough = false;
	}
	return enough;
}

static void add_cell_reason(struct diagnosis *d, size_t h, size_t g)
{
	struct fit_reason r = reason_of(FIT_OK, 0, 0);
	int64_t page_size = d->request->page_size;
	bool moved;

	r.kind = cell_fits(d->host, d->request, h, g, &page_size, &moved, &r);
	if (r.kind == FIT_OK)
		return;
	r.node = d->host->cells[h].id;
	r.cell = (int)g;
	add(d, &r);
}

/* A host cell for guest cell g, moving others if necessary (Kuhn's matching). */
static bool place(struct diagnosis *d, size_t g, uint64_t *seen)
{
	for (size_t h = 0; h < d->host->n_cells; h++) {
		if (!(d->fits[g] >> h & 1) || *seen >> h & 1)
			continue;
		*seen |= UINT64_C(1) << h;
		if (!d->holder[h] || place(d, d->holder[h] - 1u, seen)) {
			d->holder[h] = (uint8_t)(g + 1);
			return true;
		}
	}
	return false;
}

static bool look_at_cells(struct diagnosis *d)
{
	bool all = true;

	for (size_t g = 0; g < d->request->n_cells; g++) {
		for (size_t h = 0; h < d->host->n_cells; h++) {
			int64_t page_size = d->request->page_size;
			bool moved;

			if (cell_fits(d->host, d->request, h, g, &page_size, &moved, NULL) ==
			    FIT_OK)
				d->fits[g] |= UINT64_C(1) << h;
		}
	}
	for (size_t g = 0; g < d->request->n_cells; g++) {
		uint64_t seen = 0;

		if (place(d, g, &seen))
			continue;
		all = false;
		for (size_t h = 0; h < d->host->n_cells; h++)
			add_cell_reason(d, h, g);
	}
	return all;
}

static void add_affinity(struct diagnosis *d, size_t port, uint64_t cells)
{
	const struct fit_port *asked = &d->request->ports[port];
	struct fit_reason r = reason_of(FIT_AFFINITY, 1, 0);

	for (size_t i = 0; i < d->host->n_cells; i++) {
		if (asked->policy == AFFINITY_SOCKET && d->host->cells[i].socket < 0)
			r.kind = FIT_SOCKET;
	}
	for (size_t i = 0; i < d->host->n_pools; i++) {
		const struct pci_pool *p = &d->host->pools[i];

		if (!pci_pool_grants(p, asked) || !p->free)
			continue;
		r.free += p->free;
		/* the node that has them, if no guest cell can go there */
		const struct compute_cell *cell = compute_host_node(d->host, p->node);
		size_t h = cell ? (size_t)(cell - d->host->cells) : 0;
		bool reachable = !cell;
		for (size_t g = 0; !reachable && g < d->request->n_cells; g++)
			reachable = d->fits[g] >> h & 1;
		if (!reachable)
			add_cell_reason(d, h, 0);
	}
	r.port = (int)port;
	r.cells = cells;
	add(d, &r);
}

/* Assignments of the guest's cells from g on, and whether the ports get their devices there. */
static void look_at_ways(struct diagnosis *d, size_t g, uint64_t cells)
{
	size_t port;

	d->looks++;
	if (g < d->request->n_cells) {
		for (size_t h = 0; h < d->host->n_cells; h++) {
			if (d->looks < LOOKS_MAX && d->fits[g] >> h & 1 && !(cells >> h & 1))
				look_at_ways(d, g + 1, cells | UINT64_C(1) << h);
		}
		return;
	}
	if (pci_fits(d->host, d->request, true, cells, NULL, &port))
		d->found = true;
	else
		add_affinity(d, port, cells);
}

void fit_diagnose(const struct compute_host *host, const struct fit_request *request,
		  enum fit_reason_kind searched, struct fit_result *ret)
{
	struct diagnosis d = {.host = host, .request = request, .ret = ret};
	struct fit_reason last = reason_of(searched == FIT_OK ? FIT_SEARCH : searched, 0, 0);

	look_at_sums(&d);
	bool devices = look_at_devices(&d);
	if (request->n_cells && host->n_cells == 0) {
		struct fit_reason r = reason_of(FIT_NO_TOPOLOGY, (int64_t)request->n_cells, 0);
		add(&d, &r);
	} else if (request->n_cells > host->n_cells) {
		struct fit_reason r =
			reason_of(FIT_NODES, (int64_t)request->n_cells, (int64_t)host->n_cells);
		add(&d, &r);
	} else if (request->n_cells && look_at_cells(&d) && devices) {
		look_at_ways(&d, 0, 0);
		if (d.found)
			ret->n_reasons = 0; /* of assignments that Nova did not reach */
		else if (d.looks == LOOKS_MAX && last.kind == FIT_SEARCH)
			last.kind = FIT_TRIED;
	}
	if (!threads_fit(host, request)) {
		struct fit_reason r = reason_of(FIT_IMAGE_THREADS, 0, 0);
		add(&d, &r);
	}
	if (ret->n_reasons == 0 || searched == FIT_GAVE_UP || searched == FIT_MISTAKEN)
		add(&d, &last);
}
