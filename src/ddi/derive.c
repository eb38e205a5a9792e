// SPDX-License-Identifier: Apache-2.0
#include "ddi/derive.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "ddi/plan.h"
#include "ddi/reverse.h"

/* ---- who serves ---- */

bool ddi_has_auth(const struct ddi_member *member)
{
	return member->auth.version || member->auth6.version;
}

bool ddi_has_cache(const struct ddi_plan *plan, const struct ddi_member *member)
{
	if (!plan->cache.enabled)
		return false;
	return plan->cache.hybrid ? ddi_has_auth(member)
				  : member->cache.version || member->cache6.version;
}

const struct ddi_member *ddi_dhcp_standby(const struct ddi_plan *plan)
{
	const struct ddi_member *primary = ddi_dhcp_primary(plan);

	if (plan->dhcp.mode == DDI_HA_NONE || !primary)
		return NULL;
	return array_find(plan->members, plan->n_members, it != primary);
}

bool ddi_has_dhcp(const struct ddi_plan *plan, const struct ddi_member *member)
{
	return array_find(plan->networks, plan->n_networks, ddi_network_serves(it)) &&
	       (member == ddi_dhcp_primary(plan) || member == ddi_dhcp_standby(plan));
}

/* ---- zones ---- */

static bool contains(const struct ip_prefix *around, const struct ip_prefix *part)
{
	return around->len <= part->len && ip_prefix_contains(around, &part->addr);
}

static int compare_prefixes(const struct ip_prefix *a, const struct ip_prefix *b)
{
	struct ip_addr x = ip_prefix_first(a), y = ip_prefix_first(b);
	int order = ip_compare(&x, &y);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_zones(const void *a, const void *b)
{
	const struct ddi_auth_zone *x = a, *y = b;

	return compare_prefixes(&x->part, &y->part);
}

/* ---- indices ---- */

static int compare_names(const void *a, const void *b, void *zones)
{
	const struct ddi_auth_zone *v = zones;

	return strcmp(v[*(const size_t *)a].name, v[*(const size_t *)b].name);
}

static int compare_parts(const void *a, const void *b, void *zones)
{
	const struct ddi_auth_zone *v = zones;

	return compare_zones(&v[*(const size_t *)a], &v[*(const size_t *)b]);
}

static void index_names(struct ddi_derived *d)
{
	free(d->by_name);
	d->by_name = xcalloc(d->n_zones + 1, sizeof(*d->by_name));
	d->n_by_name = d->n_zones;
	for (size_t i = 0; i < d->n_zones; i++)
		d->by_name[i] = i;
	qsort_r(d->by_name, d->n_zones, sizeof(*d->by_name), compare_names, d->zones);
}

static void index_addresses(struct ddi_derived *d)
{
	size_t n = 0;

	free_all(d->by_address, d->around);
	d->by_address = xcalloc(d->n_zones + 1, sizeof(*d->by_address));
	d->around = xcalloc(d->n_zones + 1, sizeof(*d->around));
	for (size_t i = 0; i < d->n_zones; i++)
		if (d->zones[i].part.addr.version)
			d->by_address[n++] = i;
	d->n_by_address = n;
	qsort_r(d->by_address, n, sizeof(*d->by_address), compare_parts, d->zones);
	for (size_t i = 0; i < n; i++) {
		size_t around = i - 1; /* SIZE_MAX for the first */

		while (around != SIZE_MAX && !contains(&d->zones[d->by_address[around]].part,
						       &d->zones[d->by_address[i]].part))
			around = d->around[around];
		d->around[i] = around;
	}
}

static const struct ddi_auth_zone *find_zone(const struct ddi_derived *d, const char *name)
{
	size_t low = 0, high = d->n_by_name;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ddi_auth_zone *z = &d->zones[d->by_name[middle]];
		int order = strcmp(name, z->name);

		if (order == 0)
			return z;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* What follows the first label; NULL: nothing. */
static const char *next_label(const char *name)
{
	while (*name && *name != '.')
		name += *name == '\\' && name[1] ? 2 : 1;
	return *name ? name + 1 : NULL;
}

const struct ddi_auth_zone *ddi_zone_of_name(const struct ddi_derived *derived, const char *name)
{
	const struct ddi_auth_zone *z = NULL;

	for (; name && !z; name = next_label(name))
		z = find_zone(derived, name);
	return z;
}

/* The smallest zone that has all of these addresses. */
static const struct ddi_auth_zone *zone_around(const struct ddi_derived *d,
					       const struct ip_prefix *part)
{
	size_t low = 0, high = d->n_by_address;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ip_compare(&d->zones[d->by_address[middle]].part.addr, &part->addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t at = low - 1; at != SIZE_MAX; at = d->around[at])
		if (contains(&d->zones[d->by_address[at]].part, part))
			return &d->zones[d->by_address[at]];
	return NULL;
}

const struct ddi_auth_zone *ddi_zone_of_address(const struct ddi_derived *derived,
						const struct ip_addr *ip)
{
	return zone_around(derived, &(struct ip_prefix){*ip, (unsigned)ip_size(ip) * 8});
}

/* ---- the zones of "reverse: auto" ---- */

/* Adds the prefix's zones, except those inside one that the plan lists. */
static void add_reverse(struct ddi_derived *d, const struct ip_prefix *prefix)
{
	const struct ddi_member *first =
		array_find(d->plan->members, d->plan->n_members, ddi_has_auth(it));

	for (size_t i = 0; i < reverse_zone_count(prefix); i++) {
		char name[REVERSE_NAME_SIZE];
		struct ip_prefix part;

		reverse_zone(prefix, i, name, &part);
		if (zone_around(d, &part))
			continue;
		struct ddi_auth_zone *z = array_push(d->zones, d->n_zones);
		*z = (struct ddi_auth_zone){.name = ddi_strndup(d->plan, name, strlen(name)),
					    .primary = first,
					    .part = part,
					    .classless = reverse_is_classless(prefix)};
	}
}

/* A zone by RFC 2317 that the plan lists: its name alone does not say which addresses it has. */
static void find_classless(struct ddi_derived *d, const struct ip_prefix *prefix)
{
	char name[REVERSE_NAME_SIZE];
	struct ip_prefix part;

	if (!reverse_is_classless(prefix))
		return;
	reverse_zone(prefix, 0, name, &part);
	struct ddi_auth_zone *z = array_find(d->zones, d->n_zones, streq(it->name, name));
	if (z) {
		z->part = part;
		z->classless = true;
	}
}

/* Removes the zones from the n_given-th on that are inside the one before. */
static void remove_inner(struct ddi_derived *d, size_t n_given)
{
	size_t n = n_given;

	for (size_t i = n_given; i < d->n_zones; i++)
		if (n == n_given || !contains(&d->zones[n - 1].part, &d->zones[i].part))
			d->zones[n++] = d->zones[i];
	d->n_zones = n;
}

static void add_given(struct ddi_derived *d)
{
	const struct ddi_plan *plan = d->plan;

	for (size_t i = 0; i < plan->n_zones; i++) {
		const struct ddi_zone *of = &plan->zones[i];
		struct ddi_auth_zone *z = array_push(d->zones, d->n_zones);

		*z = (struct ddi_auth_zone){.name = of->name,
					    .of = of,
					    .primary = ddi_zone_primary(plan, of),
					    .dynamic = of->dynamic};
		(void)reverse_zone_parse(of->name, &z->part);
	}
	for (size_t i = 0; i < plan->n_networks; i++)
		find_classless(d, &plan->networks[i].prefix);
	index_names(d);
	index_addresses(d);
}

static void add_derived(struct ddi_derived *d)
{
	const struct ddi_plan *plan = d->plan;
	size_t n_given = d->n_zones;

	for (size_t i = 0; i < plan->n_networks; i++) {
		add_reverse(d, &plan->networks[i].prefix);
		if (plan->networks[i].delegate.prefix.addr.version)
			add_reverse(d, &plan->networks[i].delegate.prefix);
	}
	if (d->n_zones > n_given)
		qsort(d->zones + n_given, d->n_zones - n_given, sizeof(*d->zones), compare_zones);
	remove_inner(d, n_given);
	index_names(d);
	index_addresses(d);
}

bool ddi_network_updates(const struct ddi_derived *derived, const struct ddi_network *network)
{
	const struct ddi_auth_zone *z = ddi_zone_of_name(derived, network->domain);

	return z && z->dynamic && z->primary;
}

/* The derived zones that DHCP updates: those of the networks whose leases have names. */
static void mark_dynamic(struct ddi_derived *d)
{
	for (size_t n = 0; n < d->plan->n_networks; n++) {
		const struct ddi_network *network = &d->plan->networks[n];

		if (!ddi_network_serves(network) || !ddi_network_updates(d, network))
			continue;
		for (size_t i = 0; i < reverse_zone_count(&network->prefix); i++) {
			char name[REVERSE_NAME_SIZE];
			struct ip_prefix part;

			reverse_zone(&network->prefix, i, name, &part);
			/* of d->zones, so it may be changed */
			struct ddi_auth_zone *z = (struct ddi_auth_zone *)zone_around(d, &part);
			if (z && !z->of && !z->classless)
				z->dynamic = true;
		}
	}
}

static void find_parents(struct ddi_derived *d)
{
	for (size_t i = 0; i < d->n_zones; i++) {
		const char *above = next_label(d->zones[i].name);
		const struct ddi_auth_zone *parent = ddi_zone_of_name(d, above);

		d->zones[i].parent = parent ? (size_t)(parent - d->zones) : SIZE_MAX;
	}
}

/* ---- records ---- */

/* The zone that the members' names are in: the first that no client can write to. */
static const struct ddi_auth_zone *home_zone(const struct ddi_derived *d)
{
	const struct ddi_auth_zone *z =
		array_find(d->zones, d->n_zones, !it->part.addr.version && !it->dynamic);

	if (!z)
		z = array_find(d->zones, d->n_zones, !it->part.addr.version);
	return z ? z : d->n_zones ? d->zones : NULL;
}

/* A member's name as one label: names of servers may have other characters. */
static char *label_of_member(const char *name)
{
	char *label = xstrndup(name, 63);

	for (char *c = label; *c; c++)
		*c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
	return label;
}

static void name_members(struct ddi_derived *d)
{
	const struct ddi_auth_zone *home = home_zone(d);

	d->hosts = xcalloc(d->plan->n_members + 1, sizeof(*d->hosts));
	for (size_t i = 0; i < d->plan->n_members; i++) {
		const struct ddi_member *m = &d->plan->members[i];

		d->hosts[i] = m->host;
		if (!home || m->host)
			continue;
		cleanup_free char *label = label_of_member(m->name);
		cleanup_free char *host = xasprintf("%s.%s", label, home->name);
		d->hosts[i] = ddi_strndup(d->plan, host, strlen(host));
	}
}

static void add_record(struct ddi_derived *d, const struct ddi_auth_zone *zone,
		       enum ddi_record_type type, const char *name, const struct ip_addr *address)
{
	if (!zone)
		return;
	struct ddi_record *r = array_push(d->records, d->n_records);
	*r = (struct ddi_record){.zone = (size_t)(zone - d->zones),
				 .type = type,
				 .name = name,
				 .order = d->n_records};
	if (address)
		r->address = *address;
}

static void add_address(struct ddi_derived *d, const char *name, const struct ip_addr *address)
{
	if (!name || !address->version)
		return;
	add_record(d, ddi_zone_of_name(d, name), DDI_RECORD_ADDRESS, name, address);
	add_record(d, ddi_zone_of_address(d, address), DDI_RECORD_PTR, name, address);
}

/* The names of reservations in zones that DHCP does not update: it enters the others. */
static void add_reservation(struct ddi_derived *d, const struct ddi_reservation *r)
{
	const char *domain = d->plan->networks[r->network].domain;
	cleanup_free char *name = NULL;

	if (!r->name || !r->address.version || (!domain && !strchr(r->name, '.')))
		return;
	name = strchr(r->name, '.') ? xstrdup(r->name) : xasprintf("%s.%s", r->name, domain);
	const struct ddi_auth_zone *zone = ddi_zone_of_name(d, name);
	if (zone && !zone->dynamic)
		add_address(d, ddi_strndup(d->plan, name, strlen(name)), &r->address);
}

static int compare_records(const void *a, const void *b)
{
	const struct ddi_record *x = a, *y = b;
	int order = (x->zone > y->zone) - (x->zone < y->zone);

	if (!order)
		order = (x->type > y->type) - (x->type < y->type);
	if (!order && x->type != DDI_RECORD_PTR)
		order = strcmp(x->name, y->name);
	if (!order)
		order = ip_compare(&x->address, &y->address);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static bool same_record(const struct ddi_record *a, const struct ddi_record *b)
{
	return a->zone == b->zone && a->type == b->type && ip_equal(&a->address, &b->address) &&
	       (a->type == DDI_RECORD_PTR || streq(a->name, b->name));
}

static void add_records(struct ddi_derived *d)
{
	const struct ddi_plan *plan = d->plan;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_hosts; i++)
		add_address(d, plan->hosts[i].name, &plan->hosts[i].address);
	for (size_t i = 0; i < plan->n_reservations; i++)
		add_reservation(d, &plan->reservations[i]);
	for (size_t i = 0; i < plan->n_members; i++) {
		add_address(d, d->hosts[i], &plan->members[i].auth);
		add_address(d, d->hosts[i], &plan->members[i].auth6);
	}
	for (size_t i = 0; i < d->n_zones; i++)
		if (d->zones[i].parent != SIZE_MAX)
			add_record(d, &d->zones[d->zones[i].parent], DDI_RECORD_DELEGATION,
				   d->zones[i].name, NULL);
	if (d->n_records)
		qsort(d->records, d->n_records, sizeof(*d->records), compare_records);
	for (size_t i = 0; i < d->n_records; i++)
		if (n == 0 || !same_record(&d->records[n - 1], &d->records[i]))
			d->records[n++] = d->records[i];
	d->n_records = n;
}

void ddi_derive(struct ddi_plan *plan, struct ddi_derived *ret)
{
	struct ddi_derived d = {.plan = plan};

	add_given(&d);
	if (plan->reverse == DDI_REVERSE_AUTO)
		add_derived(&d);
	mark_dynamic(&d);
	find_parents(&d);
	name_members(&d);
	add_records(&d);
	*ret = d;
}

void ddi_derived_clear(struct ddi_derived *derived)
{
	free_all(derived->zones, derived->by_name, derived->by_address, derived->around,
		 derived->records, derived->hosts);
	*derived = (struct ddi_derived){0};
}
