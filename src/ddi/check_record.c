// SPDX-License-Identifier: Apache-2.0
/* Rules of records: of zone files, and of the hosts and reservations of the plan. */
#include <arpa/nameser.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/text.h"
#include "ddi/derive.h"
#include "ddi/reverse.h"
#include "ddi/rule.h"
#include "dns/zone.h"

/* ---- the records of a zone ---- */

/* False: it has none, or a variable without a value. */
static bool zone_text(const struct ddi_zone *z, struct text *ret)
{
	if (!z->records || memmem(z->records, z->records_len, "${", 2))
		return false;
	text_init(ret, z->records_file, z->records, z->records_len, z->records_first_line);
	return true;
}

/* Appends what the plan adds to the zone's records: SOA and NS, if they are missing, and hosts.
 * *next is the first of the derived records, which are by zone, that is not of an earlier zone. */
static void add_derived(const struct ddi_ctx *ctx, const struct ddi_zone *z,
			const struct zone_apex *apex, size_t *next, struct strbuf *b)
{
	size_t zone = (size_t)(z - ctx->plan->zones);
	const struct ddi_derived *d = &ctx->derived;

	strbuf_addf(b, "\n$ORIGIN %s.\n$TTL 3600\n%s%s", z->name,
		    apex->soa ? "" : "@ SOA ns.invalid. hostmaster.invalid. 1 1 1 1 1\n",
		    apex->ns ? "" : "@ NS ns.invalid.\n");
	while (*next < d->n_records && d->records[*next].zone < zone)
		++*next;
	for (; *next < d->n_records && d->records[*next].zone == zone; ++*next) {
		const struct ddi_record *r = &d->records[*next];

		if (r->type == DDI_RECORD_ADDRESS)
			strbuf_addf(b, "%s. %s %s\n", r->name,
				    r->address.version == 4 ? "A" : "AAAA",
				    address_text(&r->address));
	}
}

static void check_records(struct ddi_ctx *ctx, const struct ddi_zone *z, size_t *next)
{
	cleanup_text struct text text = {0}, whole = {0};
	cleanup_strbuf struct strbuf b = {0};
	struct zone_answer answer;

	if (!zone_text(z, &text))
		return;
	struct zone_apex apex = zone_read_apex(&text, z->name);
	strbuf_add(&b, text.s, text.len);
	add_derived(ctx, z, &apex, next, &b);
	text_init(&whole, text.file, b.s, b.len, z->records_first_line);
	for (size_t i = text.n_lines; i < whole.n_lines; i++)
		whole.lines[i] = text.lines[text.n_lines - 1];
	zone_check(&whole, z->name, true, NULL, ctx->findings, &answer);
}

void ddi_check_zone_files(struct ddi_ctx *ctx)
{
	size_t next = 0;

	for (size_t i = 0; i < ctx->plan->n_zones; i++)
		check_records(ctx, &ctx->plan->zones[i], &next);
}

/* ---- names of addresses ---- */

struct visit {
	struct ddi_ctx *ctx;
	const struct ddi_zone *zone;
	struct strv servers; /* targets of NS records */
};

/* The address whose PTR record has that owner. False: it is none. */
static bool parse_reverse(const char *owner, struct ip_addr *ret)
{
	struct ip_prefix part;

	if (!reverse_zone_parse(owner, &part) || part.len != 8 * ip_size(&part.addr))
		return false;
	*ret = part.addr;
	return true;
}

static void add_naming(struct ddi_ctx *ctx, const struct naming *naming)
{
	*array_push(ctx->namings, ctx->n_namings) = *naming;
}

/* A name of a zone file, without the final dot, in the plan's memory. */
static const char *plan_name(struct ddi_ctx *ctx, const char *name)
{
	size_t len = strlen(name);

	return ddi_strndup(ctx->plan, name, len - (len > 0 && name[len - 1] == '.'));
}

static void note_naming(void *data, const struct zone_item *item)
{
	struct visit *v = data;
	struct naming n = {.ip = item->address, .file = item->file, .line = item->line};

	if (item->type == ns_t_a || item->type == ns_t_aaaa) {
		n.forward = true;
		n.name = plan_name(v->ctx, item->owner);
		add_naming(v->ctx, &n);
	} else if (item->type == ns_t_ptr && item->target) {
		n.reverse = parse_reverse(plan_name(v->ctx, item->owner), &n.ip);
		n.name = plan_name(v->ctx, item->target);
		if (n.reverse)
			add_naming(v->ctx, &n);
	}
}

static void note_plan(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_hosts; i++)
		add_naming(ctx, &(struct naming){p->hosts[i].address, p->hosts[i].name, p->file,
						 p->hosts[i].line, true, true});
	for (size_t i = 0; i < p->n_reservations; i++) {
		const struct ddi_reservation *r = &p->reservations[i];
		const char *domain = p->networks[r->network].domain, *name = r->name;

		if (!name || !r->address.version || (!strchr(name, '.') && !domain))
			continue;
		if (!strchr(name, '.')) {
			cleanup_free char *full = xasprintf("%s.%s", name, domain);

			name = ddi_strndup(ctx->plan, full, strlen(full));
		}
		add_naming(ctx, &(struct naming){r->address, name, p->file, r->line, true, true});
	}
}

static int compare_namings(const void *a, const void *b)
{
	const struct naming *x = a, *y = b;
	int c = ip_compare(&x->ip, &y->ip);

	c = c ? c : strcmp(x->name, y->name);
	return c ? c : (x->line > y->line) - (x->line < y->line);
}

void ddi_index_namings(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_zones; i++) {
		const struct ddi_zone *z = &ctx->plan->zones[i];
		struct visit visit = {.ctx = ctx, .zone = z};
		cleanup_text struct text text = {0};

		if (zone_text(z, &text))
			zone_visit(&text, z->name, note_naming, &visit);
	}
	note_plan(ctx);
	if (ctx->n_namings)
		qsort(ctx->namings, ctx->n_namings, sizeof(*ctx->namings), compare_namings);
}

/* Calls fn for all names of each address. */
typedef void naming_fn(struct ddi_ctx *ctx, const struct naming *v, size_t n);

static void each_address(struct ddi_ctx *ctx, naming_fn *fn)
{
	const struct naming *v = ctx->namings;
	size_t first = 0;

	for (size_t i = 0; i < ctx->n_namings; i++) {
		if (i + 1 < ctx->n_namings && ip_equal(&v[i].ip, &v[i + 1].ip))
			continue;
		fn(ctx, &v[first], i + 1 - first);
		first = i + 1;
	}
}

static void pointers(struct ddi_ctx *ctx, const struct naming *v, size_t n)
{
	const struct naming *first = NULL;

	for (size_t i = 0; i < n; i++) {
		if (v[i].reverse && first && !streq(first->name, v[i].name)) {
			plan_finding(
				ctx, v[i].file, v[i].line,
				"%s has PTR records for %s and %s: many programs use the first "
				"that they get; keep one",
				address_text(&v[i].ip), first->name, v[i].name);
			related_in(ctx, first->file, first->line);
			return;
		}
		if (v[i].reverse)
			first = &v[i];
	}
}

static void ptr_twice(struct ddi_ctx *ctx)
{
	each_address(ctx, pointers);
}

/* A PTR record whose name has no such address, though a zone of the plan should have it. */
static void forwards(struct ddi_ctx *ctx, const struct naming *v, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		const struct naming *pointer = NULL;
		bool forward = false;

		for (end = i; end < n && streq(v[end].name, v[i].name); end++) {
			forward |= v[end].forward;
			pointer = v[end].reverse ? &v[end] : pointer;
		}
		const struct ddi_auth_zone *zone =
			pointer ? ddi_zone_of_name(&ctx->derived, pointer->name) : NULL;
		if (!forward && zone && !zone->dynamic)
			plan_finding(ctx, pointer->file, pointer->line,
				     "the PTR record of %s names %s, which has no such address in "
				     "the zone %s",
				     address_text(&pointer->ip), pointer->name, zone->name);
	}
}

static void ptr_no_forward(struct ddi_ctx *ctx)
{
	each_address(ctx, forwards);
}

static void reverses(struct ddi_ctx *ctx, const struct naming *v, size_t n)
{
	if (array_find(v, n, it->reverse) || !extents_find(&ctx->merged_networks, &v->ip) ||
	    !ddi_zone_of_address(&ctx->derived, &v->ip))
		return;
	plan_finding(ctx, v->file, v->line,
		     "%s has the address %s, which has no PTR record: add it to the hosts of its "
		     "network",
		     v->name, address_text(&v->ip));
}

static void forward_no_ptr(struct ddi_ctx *ctx)
{
	each_address(ctx, reverses);
}

/* ---- delegated names ---- */

static void note_server(void *data, const struct zone_item *item)
{
	struct visit *v = data;

	if (item->type == ns_t_ns && item->target)
		strv_add(&v->servers, item->target);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_server(const struct visit *v, const char *name)
{
	return v->servers.n &&
	       bsearch(&name, v->servers.v, v->servers.n, sizeof(*v->servers.v), compare_strings);
}

static void check_occluded(void *data, const struct zone_item *item)
{
	struct visit *v = data;
	cleanup_free char *owner = xstrdup(item->owner);
	size_t len = strlen(owner);

	owner[len - (len > 0)] = 0;
	const struct ddi_auth_zone *zone = ddi_zone_of_name(&v->ctx->derived, owner);
	bool glue = (item->type == ns_t_a || item->type == ns_t_aaaa) && is_server(v, item->owner);
	bool cut = zone && streq(zone->name, owner) &&
		   (item->type == ns_t_ns || item->type == ns_t_ds);

	if (!zone || zone->of == v->zone || glue || cut)
		return;
	plan_finding(v->ctx, item->file, item->line,
		     "%s is in the zone %s, so this record of %s is never used: move it there",
		     owner, zone->name, v->zone->name);
	if (zone->of)
		related(v->ctx, zone->of->line);
}

static void zone_occluded(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_zones; i++) {
		const struct ddi_zone *z = &ctx->plan->zones[i];
		struct visit visit = {.ctx = ctx, .zone = z};
		cleanup_text struct text text = {0};

		if (!zone_text(z, &text))
			continue;
		zone_visit(&text, z->name, note_server, &visit);
		if (visit.servers.n)
			qsort(visit.servers.v, visit.servers.n, sizeof(*visit.servers.v),
			      compare_strings);
		zone_visit(&text, z->name, check_occluded, &visit);
		strv_clear(&visit.servers);
	}
}

/* ---- reverse zones ---- */

static bool has_names(const struct ddi_ctx *ctx, const struct ddi_network *n)
{
	if (n->hosts.n || (n->domain && n->pools.n))
		return true;
	for (uint32_t i = 0; i < n->reservations.n; i++)
		if (ctx->plan->reservations[n->reservations.first + i].name)
			return true;
	return false;
}

static void reverse_missing(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_networks; i++) {
		const struct ddi_network *n = &ctx->plan->networks[i];
		struct ip_addr first = ip_prefix_first(&n->prefix);

		if (n->prefix.addr.version && has_names(ctx, n) &&
		    !ddi_zone_of_address(&ctx->derived, &first))
			plan_finding(
				ctx, ctx->plan->file, n->line,
				"addresses of %s have names, but no zone of the plan has their "
				"PTR records: set reverse: auto",
				prefix_text(&n->prefix));
	}
}

static void reverse_static(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_networks; i++) {
		const struct ddi_network *n = &ctx->plan->networks[i];
		struct ip_addr first = ip_prefix_first(&n->prefix);
		const struct ddi_auth_zone *z =
			n->prefix.addr.version ? ddi_zone_of_address(&ctx->derived, &first) : NULL;

		if (!z || !z->of || z->of->dynamic || !ddi_network_updates(&ctx->derived, n))
			continue;
		plan_finding(ctx, ctx->plan->file, z->of->line,
			     "DHCP enters the names of %s, but their PTR records are in %s, which "
			     "is not dynamic: set dynamic: true",
			     prefix_text(&n->prefix), z->name);
		related(ctx, n->line);
	}
}

static void reverse_cut(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->derived.n_zones; i++) {
		const struct ddi_auth_zone *z = &ctx->derived.zones[i];
		struct ip_addr first = ip_prefix_first(&z->part);
		size_t k = z->part.addr.version ? extents_from(&ctx->networks, &first)
						: ctx->networks.n;
		const struct ddi_network *n =
			k < ctx->networks.n ? &ctx->plan->networks[ctx->networks.v[k].index] : NULL;

		if (!n || !z->of || !ip_prefix_contains(&n->prefix, &z->part.addr) ||
		    n->prefix.len >= z->part.len)
			continue;
		plan_finding(
			ctx, ctx->plan->file, z->of->line,
			"the zone %s has PTR records of a part of %s: those of the rest are in "
			"another zone",
			z->name, prefix_text(&n->prefix));
		related(ctx, n->line);
	}
}

static void reverse_boundary(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_networks; i++) {
		const struct ddi_network *n = &ctx->plan->networks[i];
		struct ip_addr first = ip_prefix_first(&n->prefix);
		const struct ddi_auth_zone *z =
			n->prefix.addr.version ? ddi_zone_of_address(&ctx->derived, &first) : NULL;

		if (!z || z->of)
			continue;
		if (z->classless)
			plan_finding(
				ctx, ctx->plan->file, n->line,
				"the PTR records of %s are in %s: the holder of the zone above "
				"must point to them with CNAME records (RFC 2317)",
				prefix_text(&n->prefix), z->name);
		else if (reverse_zone_count(&n->prefix) > 1)
			plan_finding(ctx, ctx->plan->file, n->line,
				     "%s is not at a boundary of reverse zones: it has %zu of them",
				     prefix_text(&n->prefix), reverse_zone_count(&n->prefix));
	}
}

const struct ddi_rule ddi_record_rules[] = {
	{"ddi-zone-occluded", SEVERITY_WARNING, zone_occluded},
	{"ddi-ptr-twice", SEVERITY_WARNING, ptr_twice},
	{"ddi-ptr-no-forward", SEVERITY_NOTE, ptr_no_forward},
	{"ddi-forward-no-ptr", SEVERITY_NOTE, forward_no_ptr},
	{"ddi-reverse-missing", SEVERITY_WARNING, reverse_missing},
	{"ddi-reverse-static", SEVERITY_WARNING, reverse_static},
	{"ddi-reverse-cut", SEVERITY_NOTE, reverse_cut},
	{"ddi-reverse-boundary", SEVERITY_NOTE, reverse_boundary},
	{0},
};
