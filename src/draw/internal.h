/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of layout_build. */
#pragma once

#include "draw/layout.h"
#include "model/model.h"

struct draw_place;
struct leg_match;
struct nic_match;

struct build {
	const struct drawing *drawing;
	const struct deployment *deployment;
	struct marks *marks;
	struct layout_deployment *out;
	struct layout_vm *view;         /* being built, or NULL */
	const struct draw_place *place; /* of the VM, or NULL */
};

/* Fills the box of an interface, or adds the bond's. */
void build_leg(struct build *b, const struct leg_match *m, struct box *box);
void build_nic(struct build *b, const struct nic_match *m, struct box *box);
void build_bond(struct build *b, const struct bond *bond);
