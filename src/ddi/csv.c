// SPDX-License-Identifier: Apache-2.0
#include "ddi/csv.h"

#include "base/alloc.h"
#include "base/str.h"
#include "ddi/plan.h"

/* Appends the value, and the separator that follows it. */
static void add(struct strbuf *b, const char *value, char separator)
{
	bool quoted = strpbrk(value, ",\"\r\n") != NULL;

	if (quoted)
		strbuf_adds(b, "\"");
	for (const char *c = value; *c; c++) {
		strbuf_add(b, c, 1);
		if (*c == '"')
			strbuf_adds(b, "\"");
	}
	if (quoted)
		strbuf_adds(b, "\"");
	strbuf_add(b, &separator, 1);
}

static void add_row(struct strbuf *b, const char *const *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(b, cells[i], i + 1 < n ? ',' : '\n');
}

static char *prefix_text(const struct ip_prefix *prefix)
{
	struct ip_prefix network = {ip_prefix_first(prefix), prefix->len};

	return ip_prefix_to_str(&network);
}

/* ---- prefixes ---- */

static void add_prefixes(const struct ddi_plan *plan, struct strbuf *b)
{
	for (size_t i = 0; i < plan->n_networks; i++) {
		const struct ddi_network *n = &plan->networks[i];
		cleanup_free char *prefix = prefix_text(&n->prefix);
		const char *row[] = {prefix, "active", "false", n->name ? n->name : ""};

		if (!n->prefix.addr.version)
			continue;
		add_row(b, row, ARRAY_SIZE(row));
		if (!n->delegate.prefix.addr.version)
			continue;
		cleanup_free char *delegated = prefix_text(&n->delegate.prefix);
		cleanup_free char *text = xasprintf("delegated as /%u%s%s", n->delegate.length,
						    n->name ? ", " : "", n->name ? n->name : "");
		const char *more[] = {delegated, "container", "false", text};
		add_row(b, more, ARRAY_SIZE(more));
	}
}

/* ---- addresses ---- */

struct row {
	struct ip_addr ip;
	unsigned len; /* of its network's prefix */
	const char *dns_name;
	const char *what; /* "gateway", "relay" ... */
	const char *of;   /* the network's, member's name, or NULL */
};

struct rows {
	struct row *v;
	size_t n;
};

static void add_address(struct rows *rows, const struct ip_addr *ip,
			const struct ddi_network *network, const char *dns_name, const char *what,
			const char *of)
{
	unsigned len = network && ip_prefix_contains(&network->prefix, ip)
			       ? network->prefix.len
			       : (unsigned)(8 * ip_size(ip));

	if (ip->version)
		*array_push(rows->v, rows->n) =
			(struct row){*ip, len, dns_name, what, of ? of : ""};
}

static void add_member(const struct ddi_plan *plan, struct rows *rows, const struct ip_addr *ip,
		       const char *what, const char *name)
{
	const struct ddi_network *network =
		array_find(plan->networks, plan->n_networks,
			   ip->version && ip_prefix_contains(&it->prefix, ip));

	add_address(rows, ip, network, "", what, name);
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = ip_compare(&x->ip, &y->ip);

	return c ? c : (x->len < y->len ? -1 : x->len > y->len);
}

static void collect(const struct ddi_plan *plan, struct rows *rows)
{
	for (size_t i = 0; i < plan->n_networks; i++) {
		const struct ddi_network *n = &plan->networks[i];

		add_address(rows, &n->gateway, n, "", "gateway", n->name);
		for (uint32_t k = 0; k < n->relay.n; k++)
			add_address(rows, &plan->relays[n->relay.first + k].ip, n, "", "relay",
				    n->name);
	}
	for (size_t i = 0; i < plan->n_hosts; i++)
		add_address(rows, &plan->hosts[i].address, &plan->networks[plan->hosts[i].network],
			    plan->hosts[i].name, "host", NULL);
	for (size_t i = 0; i < plan->n_members; i++) {
		const struct ddi_member *m = &plan->members[i];

		add_member(plan, rows, &m->auth, "authoritative DNS", m->name);
		add_member(plan, rows, &m->auth6, "authoritative DNS", m->name);
		add_member(plan, rows, &m->cache, "caching DNS", m->name);
		add_member(plan, rows, &m->cache6, "caching DNS", m->name);
		add_member(plan, rows, &m->dhcp, "DHCP", m->name);
	}
	if (rows->n)
		qsort(rows->v, rows->n, sizeof(*rows->v), compare_rows);
}

/* The rows of one address as one. */
static void add_joined(struct strbuf *b, const struct row *v, size_t n)
{
	cleanup_strbuf struct strbuf text = {0};
	struct ip_prefix address = {v->ip, v->len};
	cleanup_free char *ip = ip_prefix_to_str(&address);
	const char *dns_name = "";

	for (size_t i = 0; i < n; i++) {
		dns_name = *dns_name ? dns_name : v[i].dns_name;
		strbuf_addf(&text, "%s%s%s%s", i ? "; " : "", v[i].what, *v[i].of ? " of " : "",
			    v[i].of);
	}
	const char *row[] = {ip, "active", dns_name, text.s};
	add_row(b, row, ARRAY_SIZE(row));
}

static void add_addresses(const struct ddi_plan *plan, struct strbuf *b)
{
	struct rows rows = {0};
	size_t first = 0;

	collect(plan, &rows);
	for (size_t i = 0; i < rows.n; i++) {
		if (i + 1 < rows.n && ip_equal(&rows.v[i].ip, &rows.v[i + 1].ip))
			continue;
		add_joined(b, &rows.v[first], i + 1 - first);
		first = i + 1;
	}
	free(rows.v);
}

/* ---- reservations ---- */

static char *full_name(const struct ddi_plan *plan, const struct ddi_reservation *v)
{
	const char *domain = plan->networks[v->network].domain;

	if (!v->name)
		return xstrdup("");
	return strchr(v->name, '.') || !domain ? xstrdup(v->name)
					       : xasprintf("%s.%s", v->name, domain);
}

static char *client_text(const struct ddi_reservation *v)
{
	cleanup_strbuf struct strbuf b = {0};
	char mac[MAC_TEXT_SIZE];

	if (v->has_mac)
		return xasprintf("DHCP: MAC %s", mac_format(&v->mac, mac));
	strbuf_adds(&b, "DHCP: DUID ");
	for (size_t i = 0; i < v->n_duid; i++)
		strbuf_addf(&b, "%s%02x", i ? ":" : "", v->duid[i]);
	return strbuf_steal(&b);
}

static void add_reservations(const struct ddi_plan *plan, struct strbuf *b)
{
	for (size_t i = 0; i < plan->n_reservations; i++) {
		const struct ddi_reservation *v = &plan->reservations[i];
		struct ip_prefix address = {v->address, plan->networks[v->network].prefix.len};
		cleanup_free char *ip = ip_prefix_to_str(&address);
		cleanup_free char *name = full_name(plan, v), *client = client_text(v);
		const char *row[] = {ip, "reserved", name, client};

		if (v->address.version)
			add_row(b, row, ARRAY_SIZE(row));
	}
}

void ddi_csv(const struct ddi_plan *plan, enum ddi_csv kind, bool head, struct strbuf *ret)
{
	switch (kind) {
	case DDI_CSV_NONE:
		break;
	case DDI_CSV_PREFIXES:
		strbuf_adds(ret, head ? "prefix,status,is_pool,description\n" : "");
		add_prefixes(plan, ret);
		break;
	case DDI_CSV_ADDRESSES:
		strbuf_adds(ret, head ? "address,status,dns_name,description\n" : "");
		add_addresses(plan, ret);
		break;
	case DDI_CSV_RESERVATIONS:
		strbuf_adds(ret, head ? "address,status,dns_name,description\n" : "");
		add_reservations(plan, ret);
		break;
	}
}
