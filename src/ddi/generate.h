/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that Knot, Unbound and Kea read in the guest of a member, as text. Pure: the same plan
 * gives the same bytes. Written for Knot 3.4, Unbound 1.22 and Kea 2.6 (Debian 13), and accepted by
 * Knot 3.2, Unbound 1.17 and Kea 2.2 (Debian 12).
 *
 * The plan has no errors (ddi_check); with errors, the text may be one that the server refuses. The
 * functions fail only if a key has no secret, or a text has a character that the format cannot
 * hold; the error names it.
 *
 * Keys have fixed names: "xfr" signs transfers and notifications between members, "d2" the updates
 * of DHCP. Without such a key, both are allowed by address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ddi_auth_zone;
struct ddi_derived;
struct ddi_member;
struct err;

struct ddi_file {
	char *path; /* absolute, in the guest */
	char *text;
	bool secret; /* has keys: not for other users */
};

struct ddi_files {
	struct ddi_file *v;
	size_t n;
};

/*
 * All files of a member. interface is the guest's interface with the service addresses, "bond0".
 * The caller clears *ret.
 */
int ddi_generate(const struct ddi_derived *derived, const struct ddi_member *member,
		 const char *interface, struct ddi_files *ret, struct err *err);
void ddi_files_clear(struct ddi_files *files);

#define cleanup_ddi_files __attribute__((__cleanup__(ddi_files_clear)))

/* The following are its parts; the caller frees *ret. */

/*
 * A zone file (RFC 1035, 5) of one of derived->zones. SOA and NS records are added unless the
 * plan's records have them at the zone's name. The serial is always 1: Knot compares the records
 * and counts (zonefile-load: difference-no-serial).
 */
char *ddi_zone_text(const struct ddi_derived *derived, const struct ddi_auth_zone *zone);

/*
 * /etc/knot/knot.conf. Zones whose primary is another member are not listed: they come with that
 * member's catalog zone (RFC 9432), MEMBER.catalog.invalid, whose groups say who else may transfer.
 * A response policy zone with a key is transferred by Knot, since Unbound has no TSIG, and from
 * Knot by Unbound.
 */
int ddi_knot_conf(const struct ddi_derived *derived, const struct ddi_member *member, char **ret,
		  struct err *err);

/*
 * /etc/unbound/unbound.conf. The plan's zones are asked of the members. They, and domains with
 * forwarders of their own, are not validated: such a name may not exist in the public DNS, whose
 * proof of that would make every answer bogus.
 */
int ddi_unbound_conf(const struct ddi_derived *derived, const struct ddi_member *member, char **ret,
		     struct err *err);

/*
 * kea-dhcp4.conf, kea-dhcp6.conf (version 4 or 6), and kea-dhcp-ddns.conf. Pools have no address
 * that the plan gives to somebody. Networks with the same relays are one shared network.
 */
int ddi_kea_dhcp(const struct ddi_derived *derived, const struct ddi_member *member,
		 const char *interface, int version, char **ret, struct err *err);
int ddi_kea_ddns(const struct ddi_derived *derived, char **ret, struct err *err);
