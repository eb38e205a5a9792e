/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as CSV (RFC 4180) with the columns of NetBox's bulk import (Import, of NetBox 3 and 4).
 * Pure. */
#pragma once

#include <stdbool.h>

struct ddi_plan;
struct strbuf;

enum ddi_csv {
	DDI_CSV_NONE,
	DDI_CSV_PREFIXES,     /* Prefix: networks, and what is delegated */
	DDI_CSV_ADDRESSES,    /* IP address: members, gateways, relays, hosts; one row an address */
	DDI_CSV_RESERVATIONS, /* IP address: reservations of DHCP */
};

/* Appends the rows; with the line of column names if head. */
void ddi_csv(const struct ddi_plan *plan, enum ddi_csv kind, bool head, struct strbuf *ret);
