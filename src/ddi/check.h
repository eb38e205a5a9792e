/* SPDX-License-Identifier: Apache-2.0 */
/* The design rules of a plan of DNS, DHCP and addresses. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ddi_plan;
struct deployment;
struct findings;
struct model;

/*
 * Adds the findings about the plan (data/rules.md, ddi-*); none about an incomplete one. model and
 * deployment, with their day-0 files loaded, are what the plan belongs to; NULL: unknown, and the
 * rules that need them are left out. now: seconds since 1970, for certificates.
 */
void ddi_check(struct ddi_plan *plan, const struct model *model,
	       const struct deployment *deployment, int64_t now, struct findings *findings);

/* Networks of one plan that overlap those of another. */
void ddi_check_apart(struct ddi_plan *const *plans, size_t n, struct findings *findings);
