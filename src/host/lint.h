/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about a host; internal to src/host/. */
#pragma once

#include <stdint.h>

#include "base/finding.h"

struct host;
struct host_nic;
struct host_vf;

/* Adds a finding. object (NIC, NUMA node, or NULL for the host) is copied; source may be NULL. */
void lint_add(struct host *host, enum severity severity, const char *rule, const char *object,
	      const char *source, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Name of a NIC for messages: its interface, else its PCI address. */
const char *nic_label(const struct host_nic *nic);

/* Whether the host has set the VF's MAC and the VF is not trusted to change it: 0, 1 or
 * HOST_UNKNOWN. */
int64_t vf_is_untrusted(const struct host_vf *vf);

/* Adds findings from data/nic-drivers.json for the host's NICs. */
void lint_drivers(struct host *host);
