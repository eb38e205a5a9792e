/* SPDX-License-Identifier: Apache-2.0 */
/* Where the first server of a VM group is, or where Nova would put it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct compute_hosts;
struct deployment;
struct err;
struct model;
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
	char *host;  /* or NULL: none takes it */
	char *about; /* how that is known, or why none takes it */
	struct draw_port_place *ports;
	size_t n_ports;
	struct draw_cell_place *cells; /* none: not known */
	size_t n_cells;
};

struct draw_places {
	struct draw_place *v;
	size_t n;
};

/*
 * Adds a place for each group of the deployment: the first host by name that takes it, after the
 * groups before it have taken theirs; a strict placement_group is kept to. The hosts are changed
 * by what is placed. Errors are those of fit_request_from_group.
 */
int draw_places_on_hosts(struct draw_places *places, const struct model *model,
			 const struct deployment *deployment, struct compute_hosts *hosts,
			 struct err *err);

/* Adds the place that the VIM tells. */
void draw_places_of_server(struct draw_places *places, const struct vm_group *group,
			   const struct vim_server_info *server);

void draw_places_clear(struct draw_places *places);

#define cleanup_draw_places __attribute__((__cleanup__(draw_places_clear)))

const struct draw_port_place *draw_place_port(const struct draw_place *place, unsigned nicid);
