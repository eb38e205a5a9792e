/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links that a day-0 file sets up, one dialect's word for each, before they are put together to
 * bonds, their legs and VLANs, and plain NICs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"
#include "base/text.h"
#include "model/guest.h"

enum link_kind { LINK_ETHERNET, LINK_BOND, LINK_VLAN, LINK_OTHER };

struct guest_link {
	enum link_kind kind;
	enum dialect dialect;
	const char *file; /* not owned */
	unsigned line;
	char *id;     /* what the dialect calls it: connection name, netplan id; or NULL */
	char *name;   /* interface name, or NULL */
	char *mac;    /* or NULL */
	char *master; /* name or id of the bond that it is a leg of, or NULL */
	char *parent; /* LINK_VLAN: name or id of the link below */
	int vlan_id;
	int mtu;
	struct guest_addresses addresses;
	struct bond bond; /* LINK_BOND: its options; names, legs, addresses are not used */
};

struct guest_links {
	struct guest_link *v;
	size_t n;
};

/*
 * A new link, valid until the next one is added. Past 1024 links, more than any guest has, the last
 * one is overwritten.
 */
struct guest_link *link_add(struct guest_links *links, enum link_kind kind, enum dialect dialect,
			    const struct text *text, size_t line);

/* The dialect's link of that id, else of that interface name; NULL when there is none. */
struct guest_link *link_find(struct guest_links *links, enum dialect dialect, const char *id);
void link_remove(struct guest_links *links, struct guest_link *link);
void links_clear(struct guest_links *links);

/* Bonds, legs, VLANs and NICs out of links; contradictions go to findings. */
void links_resolve(const struct guest_links *links, struct guest_network *ret,
		   struct findings *findings);

void string_set(char **p, const char *s); /* frees what was there; s may be NULL */

/*
 * Sets an option of the bond, by the driver's name ("miimon", "fail_over_mac"), "-" being as good
 * as "_". What it cannot be goes to findings.
 */
void bond_option(struct bond *bond, const char *name, const char *value, const struct text *text,
		 size_t line, struct findings *findings);

/* "mode=active-backup,miimon=100", separated by any of the characters in separators. */
void bond_options(struct bond *bond, const char *options, const char *separators,
		  const struct text *text, size_t line, struct findings *findings);

enum address_form {
	ADDRESS_ALONE,       /* "192.0.2.1" */
	ADDRESS_WITH_PREFIX, /* "192.0.2.1/24" */
};

/* Reports an address that is none, or a placeholder left in; family is 4, 6 or 0 for either. */
void address_check(const char *s, int family, enum address_form form, const struct text *text,
		   size_t line, struct findings *findings);

/* "xx.xx.xx.xx/29", "2402:xxxx::5", "<address>", "10.0.0.x": stands for a value to be filled in. */
bool is_placeholder(const char *s);

/* A MAC address in the usual form, else reported. */
void mac_check(const char *s, const struct text *text, size_t line, struct findings *findings);

/* A number of bytes; 0, not set, for anything else. */
int mtu_parse(const char *s);

/* 4, 6, or 0 for neither; a prefix length behind it is ignored. */
int address_family(const char *s);
