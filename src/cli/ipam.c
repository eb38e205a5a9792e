// SPDX-License-Identifier: Apache-2.0
/* The address space of the plans: what is leased, reserved and free by the plan, and who serves it.
 */
#include <inttypes.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "ddi/csv.h"
#include "ddi/derive.h"
#include "ddi/plan.h"
#include "ddi/reverse.h"
#include "ddi/usage.h"
#include "deploy/ddi.h"
#include "model/model.h"

/* What is shown of one plan. */
struct view {
	const struct tenant *tenant;         /* NULL: the plan is a file alone */
	const struct deployment *deployment; /* the same */
	struct ddi_plan *plan;
	struct ddi_usage *usage; /* of its pools */
	struct ddi_derived derived;
};

static uint64_t add_bounded(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t prefix_size(const struct ip_prefix *prefix)
{
	struct ip_range range = {ip_prefix_first(prefix), ip_prefix_last(prefix)};

	return ip_range_size(&range);
}

/* Of all pools of a network. */
static struct ddi_usage pools_of(const struct view *v, const struct ddi_network *n)
{
	struct ddi_usage sum = {0};

	for (uint32_t i = 0; i < n->pools.n; i++) {
		const struct ddi_usage *u = &v->usage[n->pools.first + i];

		sum.size = add_bounded(sum.size, u->size);
		sum.excluded = add_bounded(sum.excluded, u->excluded);
		sum.reserved = add_bounded(sum.reserved, u->reserved);
		sum.free = add_bounded(sum.free, u->free);
	}
	return sum;
}

/* How many prefixes of its length are delegated; UINT64_MAX: that many or more. */
static uint64_t delegated_size(const struct ddi_delegate *d)
{
	unsigned bits = d->length >= d->prefix.len ? d->length - d->prefix.len : 0;

	return bits < 64 ? (uint64_t)1 << bits : UINT64_MAX;
}

/* The members with DHCP, "dns1, dns2", for a network with leases; or NULL. The caller frees. */
static char *servers_of(const struct view *v, const struct ddi_network *n)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < v->plan->n_members && ddi_network_serves(n); i++)
		if (ddi_has_dhcp(v->plan, &v->plan->members[i]))
			strbuf_addf(&b, "%s%s", b.len ? ", " : "", v->plan->members[i].name);
	return b.s;
}

static const struct ddi_auth_zone *reverse_of(const struct view *v, const struct ddi_network *n)
{
	struct ip_addr first = ip_prefix_first(&n->prefix);

	return ddi_zone_of_address(&v->derived, &first);
}

/* ---- text ---- */

enum { COUNTED_BITS = 40 }; /* 2^40 addresses and more are shown as a power of two, or not */

static void add_number(struct table *t, uint64_t n)
{
	cleanup_free char *s = n >> COUNTED_BITS ? xstrdup("-") : xasprintf("%" PRIu64, n);

	table_add(t, s);
}

static void add_size(struct table *t, const struct ip_prefix *prefix)
{
	unsigned bits = (unsigned)(8 * ip_size(&prefix->addr)) - prefix->len;
	cleanup_free char *s = xasprintf("2^%u", bits);

	if (bits >= COUNTED_BITS)
		table_add(t, s);
	else
		add_number(t, prefix_size(prefix));
}

/* Each row's cells; a row below a network has what it is as its name. */
static void add_part(struct table *t, const char *part, const char *what, uint64_t size,
		     uint64_t free_size)
{
	cleanup_free char *name = xasprintf(" └ %s", part);

	table_add(t, name);
	table_add(t, what);
	table_add(t, "");
	add_number(t, size);
	table_add(t, "");
	table_add(t, "-");
	add_number(t, free_size);
	table_add(t, "");
}

static char *reverse_text(const struct view *v, const struct ddi_network *n)
{
	const struct ddi_auth_zone *z = reverse_of(v, n);
	size_t zones = z && !z->of ? reverse_zone_count(&n->prefix) : 1;

	if (!z)
		return xstrdup("-");
	return zones > 1 ? xasprintf("%s and %zu more", z->name, zones - 1) : xstrdup(z->name);
}

/* As it is written in the plan. */
static char *pool_text(const struct ddi_pool *p)
{
	char first[IP_TEXT_SIZE], last[IP_TEXT_SIZE];

	ip_format(&p->range.first, first);
	return p->len ? xasprintf("%s/%u", first, p->len)
		      : xasprintf("%s-%s", first, ip_format(&p->range.last, last));
}

static void add_network(struct table *t, const struct view *v, const struct ddi_network *n)
{
	cleanup_free char *prefix = ip_prefix_to_str(&n->prefix);
	cleanup_free char *servers = servers_of(v, n), *reverse = reverse_text(v, n);
	cleanup_free char *reserved = xasprintf("%" PRIu32, n->reservations.n);
	struct ddi_usage pools = pools_of(v, n);

	table_add(t, prefix);
	table_add(t, n->name ? n->name : "-");
	table_add(t, servers ? servers : "-");
	add_size(t, &n->prefix);
	table_add(t, reserved);
	table_add(t, "-");
	if (n->pools.n)
		add_number(t, pools.free);
	else
		table_add(t, "-");
	table_add(t, reverse);
	for (uint32_t i = 0; i < n->pools.n; i++) {
		const struct ddi_usage *u = &v->usage[n->pools.first + i];
		cleanup_free char *part = pool_text(&v->plan->pools[n->pools.first + i]);

		add_part(t, part, "pool", u->size, u->free);
	}
	if (!n->delegate.prefix.addr.version)
		return;
	cleanup_free char *delegated = ip_prefix_to_str(&n->delegate.prefix);
	cleanup_free char *part = xasprintf("%s /%u", delegated, n->delegate.length);
	add_part(t, part, "delegated", delegated_size(&n->delegate), delegated_size(&n->delegate));
}

static void print_view(const struct view *v)
{
	static const char *const heads[] = {"PREFIX",   "NAME", "SERVED BY", "SIZE",
					    "RESERVED", "USED", "FREE",      "REVERSE ZONE"};
	struct table t;

	if (v->deployment)
		printf("%s/%s\n", v->tenant->name, v->deployment->name);
	table_init(&t, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < v->plan->n_networks; i++)
		add_network(&t, v, &v->plan->networks[i]);
	table_print(stdout, &t);
}

/* ---- JSON ---- */

static void put_number(struct json_writer *w, const char *key, uint64_t n)
{
	if (n > INT64_MAX)
		json_put_null(w, key);
	else
		json_put_uint64(w, key, n);
}

static void put_usage(struct json_writer *w, const struct ddi_usage *u)
{
	put_number(w, "size", u->size);
	put_number(w, "excluded", u->excluded);
	put_number(w, "reserved", u->reserved);
	json_put_null(w, "used");
	put_number(w, "free", u->free);
}

static void put_pools(struct json_writer *w, const struct view *v, const struct ddi_network *n)
{
	json_open_array(w, "pools");
	for (uint32_t i = 0; i < n->pools.n; i++) {
		const struct ip_range *r = &v->plan->pools[n->pools.first + i].range;
		char address[IP_TEXT_SIZE];

		json_open_object(w, NULL);
		json_put_text(w, "first", ip_format(&r->first, address));
		json_put_text(w, "last", ip_format(&r->last, address));
		put_usage(w, &v->usage[n->pools.first + i]);
		json_close(w);
	}
	json_close(w);
}

static void put_delegated(struct json_writer *w, const struct ddi_delegate *d)
{
	cleanup_free char *prefix = ip_prefix_to_str(&d->prefix);

	if (!d->prefix.addr.version) {
		json_put_null(w, "delegated");
		return;
	}
	json_open_object(w, "delegated");
	json_put_text(w, "prefix", prefix);
	json_put_uint64(w, "length", d->length);
	put_number(w, "size", delegated_size(d));
	json_put_null(w, "used");
	json_close(w);
}

static void put_servers(struct json_writer *w, const struct view *v, const struct ddi_network *n)
{
	json_open_array(w, "served_by");
	for (size_t i = 0; i < v->plan->n_members && ddi_network_serves(n); i++)
		if (ddi_has_dhcp(v->plan, &v->plan->members[i]))
			json_put_text(w, NULL, v->plan->members[i].name);
	json_close(w);
}

static void put_network(struct json_writer *w, const struct view *v, const struct ddi_network *n)
{
	const struct ddi_auth_zone *reverse = reverse_of(v, n);
	cleanup_free char *prefix = ip_prefix_to_str(&n->prefix);
	char gateway[IP_TEXT_SIZE];
	struct ddi_usage pools = pools_of(v, n);

	json_open_object(w, NULL);
	json_put_text(w, "prefix", prefix);
	json_put_text_opt(w, "name", n->name);
	json_put_text_opt(w, "gateway",
			  n->gateway.version ? ip_format(&n->gateway, gateway) : NULL);
	put_servers(w, v, n);
	put_number(w, "size", prefix_size(&n->prefix));
	json_put_uint64(w, "reserved", n->reservations.n);
	json_put_null(w, "used");
	put_number(w, "free", pools.free);
	json_put_text_opt(w, "reverse_zone", reverse ? reverse->name : NULL);
	json_put_uint64(w, "reverse_zones",
			reverse && !reverse->of ? reverse_zone_count(&n->prefix) : reverse != NULL);
	put_pools(w, v, n);
	put_delegated(w, &n->delegate);
	json_close(w);
}

static void put_view(struct json_writer *w, const struct view *v)
{
	json_open_object(w, NULL);
	json_put_text(w, "file", v->plan->file);
	json_put_text_opt(w, "tenant", v->tenant ? v->tenant->name : NULL);
	json_put_text_opt(w, "deployment", v->deployment ? v->deployment->name : NULL);
	json_open_array(w, "networks");
	for (size_t i = 0; i < v->plan->n_networks; i++)
		put_network(w, v, &v->plan->networks[i]);
	json_close(w);
	json_close(w);
}

/* ---- the verb ---- */

static void show(const struct ipam_options *o, struct view *v, bool head)
{
	cleanup_strbuf struct strbuf csv = {0};

	v->usage = ddi_usage(v->plan);
	ddi_derive(v->plan, &v->derived);
	ddi_csv(v->plan, (enum ddi_csv)o->csv, head, &csv);
	if (csv.s)
		fputs(csv.s, stdout);
	else if (o->common.json)
		put_view(o->common.json, v);
	else if (!o->csv)
		print_view(v);
	ddi_derived_clear(&v->derived);
	free(v->usage);
	ddi_plan_free(v->plan);
}

static void open_plans(const struct ipam_options *o)
{
	if (o->common.json)
		json_open_array(o->common.json, "plans");
}

static void close_plans(const struct ipam_options *o)
{
	if (o->common.json)
		json_close(o->common.json);
}

static int show_file(const struct verb *verb, const struct ipam_options *o)
{
	cleanup_findings struct findings findings = {0};
	cleanup_err struct err err = ERR_INIT;
	struct view v = {0};

	if (ddi_read_file(o->common.operand, &v.plan, &findings, &err) < 0)
		return cli_fail(verb->name, &err);
	if (!v.plan || findings.n) {
		cli_report_findings(&o->common, &findings, SEVERITY_ERROR);
		ddi_plan_free(v.plan);
		return EXIT_NOT_RIGHT;
	}
	open_plans(o);
	show(o, &v, true);
	close_plans(o);
	return EXIT_DONE;
}

static int show_model(const struct verb *verb, const struct ipam_options *o)
{
	cleanup_findings struct findings findings = {0}, again = {0};
	cleanup_model struct model *model = NULL;
	cleanup_err struct err err = ERR_INIT;
	int code = cli_read_design(verb, &o->common, &model, &findings);
	size_t n = 0;

	if (code != EXIT_DONE)
		return code;
	open_plans(o);
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; d < model->tenants[t].n_deployments; d++) {
			struct view v = {.tenant = &model->tenants[t],
					 .deployment = &model->tenants[t].deployments[d]};

			v.plan = ddi_of_deployment(model, v.deployment, &again);
			if (v.plan)
				show(o, &v, n++ == 0);
		}
	close_plans(o);
	if (n)
		return EXIT_DONE;
	err_set(&err, NOT_FOUND,
		"%s has no plan: no vm_group has a <configuration> with the dst ddi.yaml",
		o->common.operand);
	cli_fail(verb->name, &err);
	return EXIT_NOT_RIGHT;
}

int verb_ipam(const struct verb *verb, const void *options)
{
	const struct ipam_options *o = options;

	if (o->common.json && o->csv) {
		cleanup_err struct err err = ERR_INIT;

		err_set(&err, INVALID, "--csv and -o json exclude each other");
		cli_fail(verb->name, &err);
		return EXIT_USAGE;
	}
	return ddi_is_plan(o->common.operand) ? show_file(verb, o) : show_model(verb, o);
}
