/* SPDX-License-Identifier: Apache-2.0 */
/* The service of a VM group and its addresses, derived from descriptor and day-0. */
#pragma once

#include <stdbool.h>

#define DNS_PORT 53

struct bond;
struct deployment;
struct strv;
struct vm_group;

/* The bond that carries the service: the first one in day-0, or NULL. */
const struct bond *service_bond(const struct vm_group *group);

/* Whether the guest has bondd: unless `guest_agent` of the extension dnsvnf is "none". */
bool service_has_bondd(const struct deployment *deployment, const struct vm_group *group);

/*
 * Where DNS of VM number index of the group must answer: the bond's addresses, else those of the
 * direct ports, else the management address. Without prefix length, added to the empty list l. For
 * VMs after the first, only addresses of direct ports from a static_ip_address_pool are known.
 */
void service_addresses(const struct vm_group *group, unsigned index, struct strv *l);

/*
 * Address of that VM's management port (vm_group_management_nicid), borrowed; NULL if the
 * descriptor has none.
 */
const char *service_management_address(const struct vm_group *group, unsigned index);

/* Name to query: `dns_query` of the extension dnsvnf, else ".", for which any answer counts. */
const char *service_query_name(const struct deployment *deployment, const struct vm_group *group);
