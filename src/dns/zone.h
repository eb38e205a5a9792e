/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone file (RFC 1035, section 5), read by ldns and judged as a name server that loads it.
 *
 * zone.c has this function only, in a module that is loaded when there is a zone: ldns and
 * libcrypto take longer to load than the rest of `check` (cli/program.c).
 */
#pragma once

#include <stdint.h>

struct findings;
struct text;

enum zone_query {
	ZONE_QUERY_OTHER,   /* the name is not in this zone, or below a delegation */
	ZONE_QUERY_FOUND,   /* it exists, maybe by a wildcard or a DNAME */
	ZONE_QUERY_ABSENT,  /* NXDOMAIN */
	ZONE_QUERY_UNKNOWN, /* a part of the zone was not understood */
};

struct zone_answer {
	enum zone_query query;
	int64_t ttl_s; /* the lowest of the name's records; -1: none */
};

/*
 * Adds the findings about the zone (zone-syntax, zone-soa, zone-ns, zone-glue, zone-cname,
 * zone-serial, zone-outside; zone-unread for what ldns does not know), and looks the name up.
 * origin is the zone's name; query may be NULL.
 */
void zone_check(const struct text *text, const char *origin, const char *query,
		struct findings *findings, struct zone_answer *ret);

/*
 * The same by a process of its own: ldns ends with a signal when there is no memory, and a zone is
 * from outside. What that process could not tell is zone-unread, and the query unknown.
 */
void zone_check_apart(const struct text *text, const char *origin, const char *query,
		      struct findings *findings, struct zone_answer *ret);
