/* SPDX-License-Identifier: Apache-2.0 */
/* The breaker of a domain: trips and mends by its counts of now. See fleet.h. */
#pragma once

#include "manager/fleet.h"

/* Quiet VMs that trip it; 0: this kind has no breaker. */
unsigned breaker_threshold(const struct domain *d, const struct fleet_limits *limits);

void breaker_update(struct domain *d, const struct fleet_limits *limits, int64_t now);
