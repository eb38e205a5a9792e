/* SPDX-License-Identifier: Apache-2.0 */
/* A host as text: nodes, NICs, VFs, IOMMU, conntrack, modules, and the findings. */
#pragma once

#include <stdio.h>

struct host;

void host_report(FILE *out, const struct host *host);
