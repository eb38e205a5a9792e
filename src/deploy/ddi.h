/* SPDX-License-Identifier: Apache-2.0 */
/* The plans of DNS, DHCP and addresses (ddi.yaml): of a descriptor, or a file alone. */
#pragma once

#include <stdbool.h>

struct ddi_plan;
struct deployment;
struct err;
struct findings;
struct model;

/*
 * The plan that the deployment's groups have as the <configuration> "ddi.yaml", or NULL: it has
 * none, or it cannot be read. Adds the reader's findings. The caller frees it.
 */
struct ddi_plan *ddi_of_deployment(const struct model *model, const struct deployment *deployment,
				   struct findings *findings);

/* Reads and checks the plans of all deployments of a model with its day-0 files loaded. */
void ddi_check_model(const struct model *model, struct findings *findings);

/* Whether an operand is a plan rather than a descriptor, by its name. */
bool ddi_is_plan(const char *path);

/*
 * Reads the plan at path, and files of its folder that it refers to, without a descriptor:
 * variables are unknown. *ret_plan is NULL if it is not a plan; the caller frees it. Returns -errno
 * only if the file cannot be read.
 */
int ddi_read_file(const char *path, struct ddi_plan **ret_plan, struct findings *findings,
		  struct err *err);

/* As ddi_read_file, and applies the rules; findings are sorted. */
int ddi_check_file(const char *path, struct findings *findings, struct err *err);
