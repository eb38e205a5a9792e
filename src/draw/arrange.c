// SPDX-License-Identifier: Apache-2.0
/* The positions of the picture's boxes. */
#include "draw/layout.h"

enum {
	NODE_GAP = 12,  /* between nodes */
	NODE_HEAD = 22, /* of a node's title */
	GROUP_GAP = 24,
	BOX_GAP = 12,
	LEGEND_LINE = 18,
	LEGEND_HEAD = 60, /* key to the colours, and findings */
};

static int max(int a, int b)
{
	return a > b ? a : b;
}

static void put(struct box *b, int x, int y)
{
	b->x = x;
	b->y = y;
	b->h = box_height(b);
}

static void put_at_middle(struct box *b, int x, int middle)
{
	put(b, x, middle - box_height(b) / 2);
}

static void put_network(const struct layout *s, struct layout_deployment *d, size_t index,
			int middle)
{
	struct layout_network *n = &d->networks[index];

	n->last = middle;
	if (n->arranged)
		return;
	put_at_middle(&n->box, s->net_x, middle);
	n->arranged = true;
	n->top = middle;
	if (n->n_rows > 1)
		n->lane = d->n_lanes++;
}

/* A NIC is next to its ports, and as high as all of them. */
static void stretch_nic(const struct layout *s, struct box *nic, const struct box *port)
{
	int content = box_height(nic);

	if (nic->h == 0) {
		put_at_middle(nic, s->nic_x, box_middle(port));
		if (content < port->h)
			nic->y = port->y;
		nic->h = max(content, port->h);
	} else {
		nic->h = max(box_bottom(nic), box_bottom(port)) - nic->y;
	}
}

static int put_row(const struct layout *s, struct layout_deployment *d, struct layout_vm *g,
		   struct layout_row *r, int y)
{
	int h = max(box_height(&r->port), box_height(&r->guest));

	if (r->has_port) {
		const struct layout_network *n = &d->networks[r->network];
		h = max(h, box_height(&g->nics[r->nic].box));
		if (!n->arranged)
			h = max(h, box_height(&n->box));
	}
	int middle = y + h / 2;
	put_at_middle(&r->guest, s->guest_x, middle);
	if (r->has_port) {
		put_at_middle(&r->port, s->port_x, middle);
		put_network(s, d, r->network, middle);
		stretch_nic(s, &g->nics[r->nic].box, &r->port);
	}
	return y + h;
}

/* Rows with their nodes around them, from y on; returns their end. */
static int put_rows(const struct layout *s, struct layout_deployment *d, struct layout_vm *g, int y)
{
	struct box *frame = NULL;

	for (size_t i = 0; i < g->n_rows; i++) {
		struct layout_row *r = &g->rows[i];
		struct box *own = r->has_port ? &g->nodes[g->nics[r->nic].node].frame : NULL;
		if (own != frame) {
			y += i ? NODE_GAP + (frame ? NODE_PAD : 0) : 0;
			if (own) {
				own->x = s->nic_x - NODE_PAD;
				own->y = y;
				y += NODE_HEAD;
			}
			frame = own;
		} else if (i) {
			y += ROW_GAP;
		}
		y = put_row(s, d, g, r, y);
		if (frame)
			frame->h = y + NODE_PAD - frame->y;
	}
	return y + (frame ? NODE_PAD : 0);
}

/* Nodes without a NIC of the VM. */
static int put_empty_nodes(const struct layout *s, struct layout_vm *g, int y)
{
	for (size_t i = 0; i < g->n_nodes; i++) {
		struct box *frame = &g->nodes[i].frame;
		if (frame->h > 0)
			continue;
		put(frame, s->nic_x - NODE_PAD, y + NODE_GAP);
		y = box_bottom(frame);
	}
	return y;
}

/* Bonds next to their legs, as high as these, one below the other; returns the end. */
static int put_bonds(const struct layout *s, struct layout_vm *g, int top)
{
	enum { BEYOND = 14 }; /* from a leg's wire to the bond's edge */
	int y = top;

	for (size_t i = 0; i < g->n_bonds; i++) {
		struct box *b = &g->bonds[i].box;
		int first = 0, last = 0;
		for (size_t k = 0; k < g->n_rows; k++)
			if (g->rows[k].bond == g->bonds[i].bond) {
				last = box_middle(&g->rows[k].guest);
				first = first ? first : last;
			}
		put_at_middle(b, s->bond_x, first ? (first + last) / 2 : y);
		if (first && first - BEYOND < b->y) {
			b->y = first - BEYOND;
			b->h = last - first + 2 * BEYOND;
		}
		b->y = max(b->y, y);
		y = box_bottom(b) + BOX_GAP;
	}
	return g->n_bonds ? y - BOX_GAP : top;
}

/* DNS is on the first bond, else next to the ports that it answers on. */
static int put_service(const struct layout *s, struct layout_vm *g, int top)
{
	int sum = 0, n = 0;

	if (g->n_bonds > 0) {
		put_at_middle(&g->service, s->service_x, box_middle(&g->bonds[0].box));
	} else {
		for (size_t i = 0; i < g->n_rows; i++)
			if (g->rows[i].serves) {
				sum += box_middle(&g->rows[i].guest);
				n++;
			}
		put_at_middle(&g->service, s->bond_x, n ? sum / n : top);
	}
	g->service.y = max(g->service.y, top);
	return box_bottom(&g->service);
}

static int put_cells(const struct layout *s, struct layout_vm *g, int y)
{
	int per_row = g->n_cells < CELLS_IN_ROW ? (int)g->n_cells : CELLS_IN_ROW;
	int w = per_row ? (VM_W - 2 * VM_PAD - (per_row - 1) * BOX_GAP) / per_row : 0;

	for (size_t i = 0; i < g->n_cells; i++) {
		struct box *cell = &g->cells[i];
		int column = (int)i % per_row;
		if (i && column == 0)
			y = box_bottom(cell - 1) + ROW_GAP;
		cell->w = w;
		put(cell, s->vm_x + VM_PAD + column * (w + BOX_GAP), y);
	}
	return g->n_cells ? box_bottom(&g->cells[g->n_cells - 1]) : y;
}

static int put_vm(const struct layout *s, struct layout_deployment *d, struct layout_vm *g, int y)
{
	put(&g->host, s->host_x, y);
	put(&g->vm, s->vm_x, y + HOST_PAD);
	int top = max(box_bottom(&g->host), box_bottom(&g->vm)) + 4;
	int end = put_empty_nodes(s, g, put_rows(s, d, g, top));
	end = max(end, put_bonds(s, g, top));
	end = max(end, put_service(s, g, top));
	end = put_cells(s, g, end + BOX_GAP);
	if (g->notes.n_marks) {
		put(&g->notes, s->vm_x + VM_PAD - BOX_PAD, end);
		end = box_bottom(&g->notes);
	}
	g->vm.h = end + VM_PAD - g->vm.y;
	g->host.h = box_bottom(&g->vm) + HOST_PAD - g->host.y;
	return box_bottom(&g->host);
}

/* Networks without ports are in a row below the rest. */
static int put_idle_networks(const struct layout *s, struct layout_deployment *d, int y)
{
	int x = s->net_x, end = y;

	for (size_t i = 0; i < d->n_networks; i++) {
		struct layout_network *n = &d->networks[i];
		if (n->arranged)
			continue;
		if (x + NETWORK_W > s->width - MARGIN) {
			x = s->net_x;
			y = end + BOX_GAP;
		}
		put(&n->box, x, y);
		x += NETWORK_W + BOX_GAP;
		end = max(end, box_bottom(&n->box));
	}
	return end > y ? end + GROUP_GAP : y;
}

static int put_deployment(const struct layout *s, struct layout_deployment *d, int y)
{
	put(&d->head, MARGIN - BOX_PAD, y);
	d->y = y = box_bottom(&d->head) + BOX_GAP;
	for (size_t g = 0; g < d->n_vms; g++)
		y = put_vm(s, d, &d->vms[g], y) + GROUP_GAP;
	return put_idle_networks(s, d, y);
}

void layout_arrange(struct layout *s)
{
	size_t links = 0, lanes = 0;
	int y = MARGIN / 2;

	for (size_t i = 0; i < s->n; i++) {
		size_t shared = 0;
		for (size_t k = 0; k < s->v[i].n_networks; k++)
			shared += s->v[i].networks[k].n_rows > 1;
		links = links > s->v[i].n_links ? links : s->v[i].n_links;
		lanes = lanes > shared ? lanes : shared;
	}
	s->net_x = MARGIN + LINK_W * (int)links;
	s->host_x = s->net_x + NETWORK_W + GUTTER + LANE * (int)lanes;
	s->nic_x = s->host_x + HOST_PAD + NODE_PAD;
	s->port_x = s->nic_x + NIC_W + NIC_GAP;
	s->vm_x = s->host_x + HOST_PAD + NODE_W + VM_GAP;
	s->guest_x = s->vm_x + VM_PAD;
	s->bond_x = s->guest_x + GUEST_W + BOND_GAP;
	s->service_x = s->bond_x + BOND_W + SERVICE_GAP;
	s->width = s->host_x + HOST_W + MARGIN;
	for (size_t i = 0; i < s->n; i++)
		y = put_deployment(s, &s->v[i], y);
	s->legend_y = y;
	s->height = y + LEGEND_HEAD + (int)s->marks.n_findings * LEGEND_LINE + MARGIN / 2;
}
