/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the reader of a zone file (zone_read.c) and its rules (zone.c). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/finding.h"
#include "net/ip.h"

struct text;

enum { ZONE_FINDINGS_MAX = 20 }; /* about one zone */

/* Names are in lower case and end with a dot; special characters of a label are \DDD. */
struct record {
	char *owner;
	char *target;           /* of NS, CNAME, MX, SRV, PTR; else NULL */
	struct ip_addr address; /* of A, AAAA; else none */
	uint16_t type;          /* ns_t_* of <arpa/nameser.h> */
	uint32_t ttl;           /* seconds */
	unsigned line;          /* from 0, of the text: where the record begins */
};

struct zone {
	const struct text *text;
	struct findings *findings;
	bool knot; /* loaded by Knot, whose syntax is stricter than that of others */
	char *origin;
	struct record *v; /* in the file's order */
	size_t n;
	size_t n_findings;
	bool incomplete; /* part of the zone is unknown */
};

#define complain(zone, line, severity, rule, ...)                                                  \
	do {                                                                                       \
		if ((zone)->n_findings++ < ZONE_FINDINGS_MAX)                                      \
			report((zone)->findings, (zone)->text, line, severity, rule, __VA_ARGS__); \
	} while (0)

/* Whether name is the zone or below it. */
bool zone_is_below(const char *name, const char *zone);

/*
 * Adds the records of the text to z->v, sets z->origin and z->incomplete, and reports what cannot
 * be read: zone-syntax, zone-serial, zone-outside, zone-unread. The caller frees z->v and
 * z->origin. False: name is not a domain name, so nothing was read; that is reported, too.
 */
bool zone_read(struct zone *z, const char *name);
