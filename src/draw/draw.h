/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topology of a design as a picture: networks; for each VM the host with its NUMA nodes and
 * NICs, and the VM with its interfaces, bond and addresses; findings are marked at their objects.
 * Pure.
 */
#pragma once

#include <stddef.h>

struct draw_place;
struct findings;
struct model;

struct drawing {
	const struct model *model;
	const struct findings *findings; /* notes are counted, not drawn */
	const struct draw_place *places; /* of VMs; a VM without one is drawn as described */
	size_t n_places;
};

/* An SVG document; the caller frees. */
char *draw_svg(const struct drawing *drawing);
