/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about a host; inside of src/host/ only. */
#pragma once

#include <stdint.h>

#include "base/finding.h"

struct host;
struct host_nic;
struct host_vf;

/* object is copied, or NULL; source may be NULL. */
void lint_add(struct host *host, enum severity severity, const char *rule, const char *object,
	      const char *source, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* By what to call a NIC: its interface, else its PCI address. */
const char *nic_label(const struct host_nic *nic);

/* A VF whose MAC the host has set and that may not change it: 0 or 1, or unknown. */
int64_t vf_is_untrusted(const struct host_vf *vf);

/* What data/nic-drivers.json says of the host's NICs. */
void lint_drivers(struct host *host);
