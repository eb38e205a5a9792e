/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone file (RFC 1035, section 5), read by Knot's scanner (libzscanner) and checked as a name
 * server does that loads it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/ip.h"

struct findings;
struct text;

enum zone_query {
	ZONE_QUERY_OTHER,   /* the name is not in this zone, or below a delegation */
	ZONE_QUERY_FOUND,   /* it exists, also by a wildcard or a DNAME */
	ZONE_QUERY_ABSENT,  /* NXDOMAIN */
	ZONE_QUERY_UNKNOWN, /* a part of the zone is unknown */
};

struct zone_answer {
	enum zone_query query;
	int64_t ttl_s; /* the lowest of the name's records; -1: none */
};

/*
 * Adds the findings about the zone (zone-syntax, zone-soa, zone-ns, zone-glue, zone-cname,
 * zone-serial, zone-outside; zone-unread for what is unknown), and looks the name up. origin is the
 * zone's name; query may be NULL.
 *
 * knot: Knot loads the zone, whose syntax is stricter. What it refuses and BIND does not, like line
 * ends of CR LF and a relative $ORIGIN, is then an error, else accepted or unknown.
 */
void zone_check(const struct text *text, const char *origin, bool knot, const char *query,
		struct findings *findings, struct zone_answer *ret);

/* What a zone file has at the zone's own name. */
struct zone_apex {
	bool soa, ns;
};

struct zone_apex zone_read_apex(const struct text *text, const char *origin);

/* A record of a zone file. Names are in lower case and end with a dot. */
struct zone_item {
	const char *owner;
	const char *target;     /* of NS, CNAME, MX, SRV, PTR; else NULL */
	uint16_t type;          /* ns_t_* of <arpa/nameser.h> */
	struct ip_addr address; /* of A, AAAA; else none */
	const char *file;
	unsigned line;
};

/* Calls fn for each record that can be read and is in the zone, in the file's order; findings are
 * zone_check's. */
typedef void zone_visit_fn(void *data, const struct zone_item *item);
void zone_visit(const struct text *text, const char *origin, zone_visit_fn *fn, void *data);
