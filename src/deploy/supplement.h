/* SPDX-License-Identifier: Apache-2.0 */
/* A design with what the VIM has already: existing networks, flavors and images, and quotas. */
#pragma once

struct deployment;
struct err;
struct findings;
struct model;
struct tenant;
struct vim;

/*
 * Adds the existing networks, flavors and images that the deployment uses to the model, as the VIM
 * shows them; what the descriptor says otherwise about one that deploy would use as it is becomes a
 * finding, as do quotas that are too small and what the role may not see. Changes nothing in the
 * VIM. The deployment is one of the model's.
 */
int supplement(struct vim *vim, struct model *model, const struct tenant *tenant,
	       struct deployment *deployment, struct findings *findings, struct err *err);
