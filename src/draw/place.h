/* SPDX-License-Identifier: Apache-2.0 */
/* Where a VM is, from the VIM, or will be, from the schedule. */
#pragma once

#include <stddef.h>

struct schedule;
struct vim_server_info;
struct vm_group;

struct draw_port_place {
	unsigned nicid;
	int node;     /* of the host; -1: not known */
	char *pf;     /* "ens1f0", or NULL */
	char *vif;    /* of a virtual port: "ovs", "bridge" ...; or NULL */
	char *device; /* PCI address of the VF, or name of the tap; or NULL */
};

struct draw_cell_place {
	int node;   /* of the host */
	char *cpus; /* that it is pinned to, "2-3"; or NULL */
};

struct draw_place {
	const struct vm_group *group;
	unsigned index; /* which VM of the group */
	char *host;     /* or NULL: none fits, or unknown */
	char *about;    /* source of the host, or why none fits */
	struct draw_port_place *ports;
	size_t n_ports;
	struct draw_cell_place *cells; /* none: not known */
	size_t n_cells;
};

struct draw_places {
	struct draw_place *v;
	size_t n;
};

/* Adds the places of the schedule's servers. */
void draw_places_of_schedule(struct draw_places *places, const struct schedule *schedule);

/* Adds the place of that VM of the group in the VIM. */
void draw_places_of_server(struct draw_places *places, const struct vm_group *group, unsigned index,
			   const struct vim_server_info *server);

void draw_places_clear(struct draw_places *places);

#define cleanup_draw_places __attribute__((__cleanup__(draw_places_clear)))

const struct draw_port_place *draw_place_port(const struct draw_place *place, unsigned nicid);
