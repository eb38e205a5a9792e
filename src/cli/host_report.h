/* SPDX-License-Identifier: Apache-2.0 */
/* A host for people: nodes, NICs, VFs, IOMMU, conntrack, modules, and what is wrong. */
#pragma once

#include <stdio.h>

struct host;

void host_report(FILE *out, const struct host *host);
