// SPDX-License-Identifier: Apache-2.0
#include "dns/zone.h"

#include <arpa/nameser.h>
#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/text.h"
#include "dns/zone_internal.h"

/* ---- records by name ---- */

/* Compares from the last character, so that names below a name follow it. */
static int compare_names(const char *a, const char *b)
{
	size_t x = strlen(a), y = strlen(b);

	while (x > 0 && y > 0 && a[x - 1] == b[y - 1]) {
		x--;
		y--;
	}
	if (x == 0 || y == 0)
		return (x > 0) - (y > 0);
	return (unsigned char)a[x - 1] - (unsigned char)b[y - 1];
}

static int compare_records(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int order = compare_names(x->owner, y->owner);

	if (!order)
		order = x->type - y->type;
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Index of the first record that is not before that name and type. */
static size_t first_of(const struct zone *z, const char *name, uint16_t type)
{
	size_t low = 0, high = z->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct record *r = &z->v[middle];
		int order = compare_names(r->owner, name);

		if (order < 0 || (order == 0 && r->type < type))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct record *find(const struct zone *z, const char *name, uint16_t type)
{
	size_t i = first_of(z, name, type);

	return i < z->n && z->v[i].type == type && streq(z->v[i].owner, name) ? &z->v[i] : NULL;
}

static bool has_address(const struct zone *z, const char *name)
{
	return find(z, name, ns_t_a) || find(z, name, ns_t_aaaa);
}

/* A name without records exists if a name below it exists (an empty non-terminal). */
static bool has_name(const struct zone *z, const char *name)
{
	size_t i = first_of(z, name, 0);
	cleanup_free char *below = xasprintf(".%s", streq(name, ".") ? "" : name);

	if (i < z->n && streq(z->v[i].owner, name))
		return true;
	i = first_of(z, below, 0);
	return i < z->n && str_ends(z->v[i].owner, below);
}

/* The parent of a name, or NULL. */
static const char *parent_of(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && dot[1] ? dot + 1 : NULL;
}

/* The record of that type at the name or an ancestor of it, below the apex; or NULL. */
static const struct record *above(const struct zone *z, const char *name, uint16_t type)
{
	for (const char *p = name; p && !streq(p, z->origin) && zone_is_below(p, z->origin);
	     p = parent_of(p)) {
		const struct record *r = find(z, p, type);

		if (r)
			return r;
	}
	return NULL;
}

/* The wildcard that applies to the name, or NULL. The caller frees. */
static char *wildcard_of(const struct zone *z, const char *name)
{
	for (const char *p = parent_of(name); p && zone_is_below(p, z->origin); p = parent_of(p)) {
		char *wildcard = xasprintf("*.%s", p);
		size_t i = first_of(z, wildcard, 0);

		if (i < z->n && streq(z->v[i].owner, wildcard))
			return wildcard;
		free(wildcard);
	}
	return NULL;
}

/* It has an address, or a wildcard's, which does not apply to a name that exists. */
static bool resolves(const struct zone *z, const char *name)
{
	cleanup_free char *wildcard = wildcard_of(z, name);

	return has_address(z, name) || (wildcard && !has_name(z, name) && has_address(z, wildcard));
}

/* ---- rules ---- */

static void check_soa(struct zone *z)
{
	const struct record *first = NULL;

	for (size_t i = 0; i < z->n; i++) {
		const struct record *r = &z->v[i];

		if (r->type != ns_t_soa)
			continue;
		if (!streq(r->owner, z->origin))
			complain(
				z, r->line, SEVERITY_ERROR, "zone-soa",
				"this SOA record is that of %s, but the zone is %s, so the server "
				"does not load it: write @ as the name, or correct the zone's name",
				r->owner, z->origin);
		else if (first)
			complain(z, r->line, SEVERITY_ERROR, "zone-soa",
				 "the zone %s has a second SOA record: remove one", z->origin);
		first = r;
	}
	if (!first && !z->incomplete)
		complain(z, 0, SEVERITY_ERROR, "zone-soa",
			 "the zone %s has no SOA record, so the server does not load it: add one",
			 z->origin);
	if (!find(z, z->origin, ns_t_ns) && !z->incomplete)
		complain(
			z, first ? first->line : 0, SEVERITY_ERROR, "zone-ns",
			"the zone %s has no NS record at its apex, so the server does not load it: "
			"add one",
			z->origin);
}

static void check_target(struct zone *z, const struct record *r)
{
	bool ns = r->type == ns_t_ns;
	/* BIND refuses a zone whose own servers have no address; it only warns of delegations */
	bool own = ns && streq(r->owner, z->origin);
	const char *type = ns ? "NS" : r->type == ns_t_mx ? "MX" : "SRV";

	if (!r->target || r->type == ns_t_cname || r->type == ns_t_ptr ||
	    !zone_is_below(r->target, z->origin) || streq(r->target, "."))
		return;
	if (find(z, r->target, ns_t_cname))
		complain(z, r->line, own ? SEVERITY_ERROR : SEVERITY_WARNING, "zone-glue",
			 "the %s record points to %s, which is an alias (CNAME): RFC 2181, 10.3, "
			 "forbids it; name the host itself",
			 type, r->target);
	else if (own &&
		 (find(z, z->origin, ns_t_dname) || above(z, parent_of(r->target), ns_t_dname)))
		complain(z, r->line, SEVERITY_ERROR, "zone-glue",
			 "the NS record points to %s, which is below an alias (DNAME): name a host "
			 "that is not",
			 r->target);
	else if (!has_address(z, r->target) && !z->incomplete &&
		 ((ns && !own) || (!resolves(z, r->target) && !above(z, r->target, ns_t_ns))))
		complain(z, r->line, own ? SEVERITY_ERROR : SEVERITY_WARNING, "zone-glue",
			 "the %s record points to %s, which has no A or AAAA record in the zone: "
			 "add one, or end the name with a dot if it is complete",
			 type, r->target);
}

/* Types that are allowed beside a CNAME (RFC 2181, 10.1; RFC 4034, 2.5). */
static bool goes_with_cname(uint16_t type)
{
	return type == ns_t_rrsig || type == ns_t_nsec || type == ns_t_nsec3 || type == ns_t_key ||
	       type == ns_t_sig || type == ns_t_nxt;
}

/* The n records of one name. */
static void check_cname(struct zone *z, const struct record *v, size_t n)
{
	const struct record *cname = NULL, *other = NULL;

	for (size_t i = 0; i < n; i++) {
		if (v[i].type == ns_t_cname)
			cname = cname ? cname : &v[i];
		else if (!goes_with_cname(v[i].type))
			other = other ? other : &v[i];
	}
	for (const struct record *r = cname; r && r < v + n && r->type == ns_t_cname; r++) {
		const struct record *with = other                              ? other
					    : !streq(r->target, cname->target) ? cname
									       : NULL;
		if (!with || z->n_findings >= ZONE_FINDINGS_MAX)
			continue;
		complain(z, r->line, SEVERITY_ERROR, "zone-cname",
			 "%s is an alias (CNAME) and has other records, too, so the server does "
			 "not load the zone (RFC 1034, 3.6.2): keep one of them",
			 r->owner);
		findings_also(z->findings, z->text->file, text_line(z->text, with->line));
	}
}

static void check_records(struct zone *z)
{
	size_t first = 0;

	for (size_t i = 0; i < z->n; i++) {
		const struct record *r = &z->v[i];

		check_target(z, r);
		if (r->type == ns_t_ns && str_starts(r->owner, "*."))
			complain(z, r->line, z->knot ? SEVERITY_WARNING : SEVERITY_ERROR, "zone-ns",
				 "a wildcard has an NS record, whose meaning is undefined (RFC "
				 "4592, 4.2), and which BIND does not load: delegate each name");
		if (i + 1 < z->n && streq(r[1].owner, r->owner))
			continue;
		check_cname(z, z->v + first, i + 1 - first);
		first = i + 1;
	}
}

/* ---- the query ---- */

static bool exists(const struct zone *z, const char *name)
{
	cleanup_free char *wildcard = wildcard_of(z, name);

	return has_name(z, name) || wildcard || above(z, name, ns_t_dname);
}

static void look_up(const struct zone *z, const char *query, struct zone_answer *ret)
{
	cleanup_free char *name = xasprintf("%s%s", query, str_ends(query, ".") ? "" : ".");

	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!zone_is_below(name, z->origin) || above(z, name, ns_t_ns))
		return;
	ret->query = exists(z, name) ? ZONE_QUERY_FOUND
		     : z->incomplete ? ZONE_QUERY_UNKNOWN
				     : ZONE_QUERY_ABSENT;
	for (size_t i = first_of(z, name, 0); i < z->n && streq(z->v[i].owner, name); i++)
		if (ret->ttl_s < 0 || z->v[i].ttl < ret->ttl_s)
			ret->ttl_s = z->v[i].ttl;
}

static void record_clear(struct record *r)
{
	free_all(r->owner, r->target);
}

void zone_check(const struct text *text, const char *origin, bool knot, const char *query,
		struct findings *findings, struct zone_answer *ret)
{
	struct zone z = {.text = text, .findings = findings, .knot = knot};

	*ret = (struct zone_answer){.query = ZONE_QUERY_UNKNOWN, .ttl_s = -1};
	if (!zone_read(&z, origin))
		return;
	if (z.n)
		qsort(z.v, z.n, sizeof(*z.v), compare_records);
	check_soa(&z);
	check_records(&z);
	ret->query = ZONE_QUERY_OTHER;
	if (query)
		look_up(&z, query, ret);
	array_free(z.v, z.n, record_clear);
	free(z.origin);
}

struct zone_apex zone_read_apex(const struct text *text, const char *origin)
{
	cleanup_findings struct findings findings = {0};
	struct zone z = {.text = text, .findings = &findings, .knot = true};
	struct zone_apex apex = {0};

	if (!zone_read(&z, origin))
		return apex;
	for (size_t i = 0; i < z.n; i++) {
		bool here = streq(z.v[i].owner, z.origin);

		apex.soa |= here && z.v[i].type == ns_t_soa;
		apex.ns |= here && z.v[i].type == ns_t_ns;
	}
	array_free(z.v, z.n, record_clear);
	free(z.origin);
	return apex;
}

void zone_visit(const struct text *text, const char *origin, zone_visit_fn *fn, void *data)
{
	cleanup_findings struct findings findings = {0};
	struct zone z = {.text = text, .findings = &findings, .knot = true};

	if (!zone_read(&z, origin))
		return;
	for (size_t i = 0; i < z.n; i++) {
		const struct record *r = &z.v[i];
		struct zone_item item = {.owner = r->owner,
					 .target = r->target,
					 .type = r->type,
					 .address = r->address,
					 .file = text->file,
					 .line = text_line(text, r->line)};

		fn(data, &item);
	}
	array_free(z.v, z.n, record_clear);
	free(z.origin);
}
