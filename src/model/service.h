/* SPDX-License-Identifier: Apache-2.0 */
/* What a VM group offers, and where: derived from the descriptor and its day-0 alone. */
#pragma once

#define DNS_PORT 53

struct bond;
struct deployment;
struct strv;
struct vm_group;

/* The bond that the service stands on: the first one of the day-0, or NULL. */
const struct bond *service_bond(const struct vm_group *group);

/*
 * Where DNS of VM number index of the group must answer: the bond's addresses, else those of the
 * direct ports, else the management address. Without prefix length, added to the empty list l. Of
 * VMs after the first, without a bond, those are known that their direct
 * ports have of a static_ip_address_pool.
 */
void service_addresses(const struct vm_group *group, unsigned index, struct strv *l);

/* Address of that VM's management port (vm_group_management_nicid), borrowed; NULL when the
 * descriptor gives it none. */
const char *service_management_address(const struct vm_group *group, unsigned index);

/* Name to ask for: the extension dnsvnf's `dns_query`, else "." of which any answer will do. */
const char *service_query_name(const struct deployment *deployment, const struct vm_group *group);
