/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a design, told from the model alone: pure functions, no I/O. */
#pragma once

struct findings;
struct model;

/* References that lead nowhere: networks and subnets nobody defines, placement of unknown groups
 * ... */
void check_references(const struct model *model, struct findings *findings);
