/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from a plan: the authoritative zones, those for addresses among them (reverse.h),
 * who serves what, and the records of the addresses that the plan names. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "net/ip.h"

struct ddi_member;
struct ddi_network;
struct ddi_plan;
struct ddi_zone;

/* An authoritative zone: of the plan, or by "reverse: auto". */
struct ddi_auth_zone {
	const char *name;
	const struct ddi_zone *of;        /* of the plan; NULL: by "reverse: auto" */
	const struct ddi_member *primary; /* NULL: the plan names one that is not a member */
	struct ip_prefix part;            /* a reverse zone: its addresses; version 0: forward */
	size_t parent;                    /* index of the closest zone above; SIZE_MAX: none */
	bool classless;                   /* RFC 2317: DHCP cannot update it */
	bool dynamic;                     /* DHCP updates it */
};

enum ddi_record_type { DDI_RECORD_ADDRESS, DDI_RECORD_DELEGATION, DDI_RECORD_PTR };

struct ddi_record {
	size_t zone; /* index of the zone that has it */
	enum ddi_record_type type;
	const char *name;       /* ADDRESS: owner; PTR: target; DELEGATION: the zone below */
	struct ip_addr address; /* version 0: a DELEGATION */
	size_t order;           /* of two PTR records for an address the first is kept */
};

struct ddi_derived {
	struct ddi_plan *plan;
	struct ddi_auth_zone *zones; /* the plan's in its order, then by address */
	size_t n_zones;
	size_t *by_name, n_by_name;       /* indices of zones */
	size_t *by_address, n_by_address; /* of reverse zones: by address, then length */
	size_t *around; /* of each of by_address: position there of the zone around it, or SIZE_MAX
			 */
	struct ddi_record *records; /* by zone, type, and name or address */
	size_t n_records;
	const char **hosts; /* of each member: its name in NS records; NULL: there is no zone */
};

/*
 * Networks inside the reverse zone of another network, or inside one that the plan lists, have none
 * of their own. Names are allocated in the plan, which must live, and stay as it is, as long as
 * *ret.
 */
void ddi_derive(struct ddi_plan *plan, struct ddi_derived *ret);
void ddi_derived_clear(struct ddi_derived *derived);

#define cleanup_ddi_derived __attribute__((__cleanup__(ddi_derived_clear)))

/* The closest zone of a name, or of an address's PTR record; NULL: none. */
const struct ddi_auth_zone *ddi_zone_of_name(const struct ddi_derived *derived, const char *name);
const struct ddi_auth_zone *ddi_zone_of_address(const struct ddi_derived *derived,
						const struct ip_addr *ip);

/* Whether DHCP enters the names of the network's leases into the DNS: its domain is in a dynamic
 * zone. */
bool ddi_network_updates(const struct ddi_derived *derived, const struct ddi_network *network);

/* Whether the member has an authoritative service, a caching service, the DHCP service. */
bool ddi_has_auth(const struct ddi_member *member);
bool ddi_has_cache(const struct ddi_plan *plan, const struct ddi_member *member);
bool ddi_has_dhcp(const struct ddi_plan *plan, const struct ddi_member *member);

/* The second DHCP server of a pair: the first member that is not its primary; NULL: no pair. */
const struct ddi_member *ddi_dhcp_standby(const struct ddi_plan *plan);
