/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture before it is painted. layout_build fills the boxes, layout_arrange sets their
 * positions. From left to right: networks; the host with its NICs; in the host, the VM with its
 * interfaces, bonds and the service. A port is one row through all of them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "draw/box.h"
#include "draw/draw.h"

struct layout_network {
	const char *name; /* borrowed */
	struct box box;
	size_t n_rows;
	bool arranged;
	int lane;      /* its index among networks with several rows, from 0 */
	int top, last; /* y of its first and last row */
};

/* A container of NICs: a NUMA node, or the virtual switch. */
struct layout_node {
	struct box frame;
	bool virtual;
};

struct layout_nic {
	size_t node;
	char *key;
	struct box box;
};

/* A port with its interface of the guest; either may be absent. */
struct layout_row {
	bool has_port, has_guest;
	bool virtual;
	size_t network, nic;
	const struct bond *bond; /* whose leg it is, or NULL */
	bool serves;             /* DNS answers on it, without a bond */
	struct box port, guest;
};

struct layout_bond {
	const struct bond *bond;
	struct box box;
};

struct layout_vm {
	const struct vm_group *group;
	unsigned index; /* which VM of the group */
	struct layout_node *nodes;
	size_t n_nodes;
	struct layout_nic *nics;
	size_t n_nics;
	struct layout_row *rows;
	size_t n_rows;
	struct layout_bond *bonds;
	size_t n_bonds;
	struct box *cells;
	size_t n_cells;
	struct box host, vm; /* the lines are at the top */
	struct box service;  /* DNS */
	struct box notes;    /* marks of the whole VM, below its cells */
};

enum layout_link_kind { LINK_SAME, LINK_DIFFERENT, LINK_UNKNOWN };

/* Two networks of one bond, and whether they are one segment. */
struct layout_link {
	size_t a, b;
	enum layout_link_kind kind;
};

struct layout_deployment {
	struct box head;
	struct layout_network *networks;
	size_t n_networks;
	struct layout_vm *vms;
	size_t n_vms;
	struct layout_link *links;
	size_t n_links;
	int y; /* of the heads of the columns */
	int n_lanes;
};

struct layout {
	struct layout_deployment *v;
	size_t n;
	struct marks marks;
	size_t n_notes; /* findings that are counted only */
	int width, height;
	int net_x, host_x, nic_x, port_x, vm_x, guest_x, bond_x, service_x;
	int legend_y;
};

void layout_build(const struct drawing *drawing, struct layout *ret);
void layout_arrange(struct layout *layout);
char *layout_paint(const struct layout *layout, const char *title); /* the caller frees */
void layout_clear(struct layout *layout);

/* Widths of the columns, and the gaps between the boxes in them. */
enum {
	MARGIN = 20,
	LINK_W = 18, /* of one bracket next to the networks */
	NETWORK_W = 206,
	GUTTER = 32, /* between networks and host */
	LANE = 10,   /* additional width for each network with several ports */
	HOST_PAD = 12,
	NODE_PAD = 10,
	NIC_W = 92,
	NIC_GAP = 16,
	PORT_W = 172,
	NODE_W = NODE_PAD + NIC_W + NIC_GAP + PORT_W + NODE_PAD,
	VM_GAP = 30,
	VM_PAD = 12,
	GUEST_W = 150,
	BOND_GAP = 30,
	BOND_W = 190,
	SERVICE_GAP = 18,
	SERVICE_W = 112,
	VM_W = VM_PAD + GUEST_W + BOND_GAP + BOND_W + SERVICE_GAP + SERVICE_W + VM_PAD,
	HOST_W = HOST_PAD + NODE_W + VM_GAP + VM_W + HOST_PAD,
	ROW_GAP = 8,
	CELLS_IN_ROW = 4,
};
