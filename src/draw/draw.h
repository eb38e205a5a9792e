/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topology of a design as a picture: networks, and of each VM the host with its NUMA nodes and
 * NICs, the VM with its interfaces, bond and addresses; findings are marked where they belong.
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
	const struct draw_place *places; /* of VMs; one without is drawn as wanted */
	size_t n_places;
};

/* An SVG document; the caller frees. */
char *draw_svg(const struct drawing *drawing);
