// SPDX-License-Identifier: Apache-2.0
/* The section "networks" of a plan. */
#include <ctype.h>

#include "base/alloc.h"
#include "ddi/reader.h"

#define network_of(r) (&(r)->plan->networks[(r)->plan->n_networks - 1])

/* The list's items are appended to an array of the plan, of which *span becomes their part. */
static void read_span(struct reader *r, size_t *n, read_fn *item, void *list, struct ddi_span *span)
{
	size_t first = *n;

	reader_list(r, DDI_RESERVATIONS_MAX - (first < DDI_RESERVATIONS_MAX ? first : 0), item,
		    list);
	*span = (struct ddi_span){(uint32_t)first, (uint32_t)(*n - first)};
}

static void read_relay(struct reader *r, void *object)
{
	struct list list = {r->plan->relays, r->plan->n_relays};
	struct ddi_network *n = object;

	read_span(r, &list.n, reader_address, &list, &n->relay);
	r->plan->relays = list.v;
	r->plan->n_relays = list.n;
}

/* ---- pools ---- */

static bool parse_pool(const char *s, struct ddi_pool *ret)
{
	const char *dash = strchr(s, '-');
	struct ip_prefix prefix;

	if (dash) {
		cleanup_free char *first = str_trimmed(s, (size_t)(dash - s));
		cleanup_free char *last = str_trimmed(dash + 1, strlen(dash + 1));

		return ip_range_parse(first, last, &ret->range);
	}
	if (!ip_prefix_parse(s, &prefix))
		return false;
	ret->range = (struct ip_range){ip_prefix_first(&prefix), ip_prefix_last(&prefix)};
	ret->len = (uint8_t)(strchr(s, '/') ? prefix.len : 0);
	return true;
}

static bool read_range(struct reader *r, struct ddi_pool *ret)
{
	struct scalar s;

	*ret = (struct ddi_pool){.network = (uint32_t)r->plan->n_networks - 1};
	if (!reader_scalar(r, "a range of addresses", &s))
		return false;
	ret->line = s.line;
	if (parse_pool(s.s, ret))
		return true;
	reader_wrong(r, &s,
		     "a range (\"192.0.2.10-192.0.2.99\", the lower address first), a prefix or an "
		     "address");
	return false;
}

static void read_pool(struct reader *r, void *unused)
{
	struct ddi_pool pool;

	(void)unused;
	if (read_range(r, &pool))
		*array_push(r->plan->pools, r->plan->n_pools) = pool;
}

static void read_excluded(struct reader *r, void *unused)
{
	struct ddi_pool pool;

	(void)unused;
	if (read_range(r, &pool))
		*array_push(r->plan->excludes, r->plan->n_excludes) = pool;
}

static void read_pools(struct reader *r, void *object)
{
	struct ddi_network *n = object;

	read_span(r, &r->plan->n_pools, read_pool, NULL, &n->pools);
}

static void read_exclude(struct reader *r, void *object)
{
	struct ddi_network *n = object;

	read_span(r, &r->plan->n_excludes, read_excluded, NULL, &n->exclude);
}

/* ---- reservations and hosts ---- */

static void read_mac(struct reader *r, void *object)
{
	struct ddi_reservation *v = object;
	struct scalar s;

	if (!reader_scalar(r, "a MAC address", &s))
		return;
	v->has_mac = mac_parse(s.s, &v->mac);
	if (!v->has_mac)
		reader_wrong(r, &s, "a MAC address (\"00:0c:01:02:03:04\")");
}

/* Pairs of hexadecimal digits, with or without colons. Returns the number of bytes, 0: invalid. */
static size_t parse_hex(const char *s, uint8_t *bytes, size_t max)
{
	size_t n = 0;

	for (; *s && n < max; n++) {
		const char pair[3] = {s[0], s[1], 0};

		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]))
			return 0;
		bytes[n] = (uint8_t)strtoul(pair, NULL, 16);
		s += 2;
		s += *s == ':' && s[1];
	}
	return *s ? 0 : n;
}

static void read_duid(struct reader *r, void *object)
{
	struct ddi_reservation *v = object;
	uint8_t bytes[DDI_DUID_MAX];
	struct scalar s;

	if (!reader_scalar(r, "a DUID", &s))
		return;
	size_t n = parse_hex(s.s, bytes, sizeof(bytes));
	if (n < 3) { /* a type and at least one byte (RFC 8415, 11.1) */
		reader_wrong(r, &s,
			     "a DUID, of 3 to 130 bytes (\"00:03:00:01:00:0c:01:02:03:04\")");
		return;
	}
	uint8_t *copy = ddi_alloc(r->plan, n);
	memcpy(copy, bytes, n);
	v->duid = copy;
	v->n_duid = (uint8_t)n;
}

static void read_reservation(struct reader *r, void *unused)
{
	static const struct field fields[] = {
		{.key = "mac", .read = read_mac},
		{.key = "duid", .read = read_duid},
		{FIELD("address", IP, ddi_reservation, address)},
		{FIELD("prefix", PREFIX, ddi_reservation, prefix)},
		{FIELD("name", NAME, ddi_reservation, name)},
		{0},
	};
	struct ddi_reservation v = {
		.line = reader_line(r),
		.network = (uint32_t)r->plan->n_networks - 1,
	};
	size_t before = r->n_findings;

	(void)unused;
	reader_map(r, "a reservation", fields, &v);
	if (before == r->n_findings && v.has_mac == (v.duid != NULL))
		reader_error(r, v.line, "ddi-key",
			     "a reservation needs mac or duid, which identify the client, and not "
			     "both");
	if (before == r->n_findings && !v.address.version && !v.prefix.addr.version)
		reader_error(r, v.line, "ddi-key", "a reservation needs address or prefix");
	*array_push(r->plan->reservations, r->plan->n_reservations) = v;
}

static void read_reserve(struct reader *r, void *object)
{
	struct ddi_network *n = object;

	read_span(r, &r->plan->n_reservations, read_reservation, NULL, &n->reservations);
}

static void read_host(struct reader *r, void *unused)
{
	static const struct field fields[] = {
		{FIELD("address", IP, ddi_host, address)},
		{FIELD("name", NAME, ddi_host, name)},
		{0},
	};
	struct ddi_host v = {
		.line = reader_line(r),
		.network = (uint32_t)r->plan->n_networks - 1,
	};
	size_t before = r->n_findings;

	(void)unused;
	reader_map(r, "a host", fields, &v);
	if (before == r->n_findings && (!v.address.version || !v.name))
		reader_error(r, v.line, "ddi-key", "a host needs address and name");
	if (v.address.version && v.name)
		*array_push(r->plan->hosts, r->plan->n_hosts) = v;
}

static void read_hosts(struct reader *r, void *object)
{
	struct ddi_network *n = object;

	read_span(r, &r->plan->n_hosts, read_host, NULL, &n->hosts);
}

/* ---- networks ---- */

static void read_delegate(struct reader *r, void *object)
{
	static const struct field fields[] = {
		{FIELD("prefix", PREFIX, ddi_delegate, prefix)},
		{FIELD("length", UINT, ddi_delegate, length), .max = 128},
		{0},
	};
	struct ddi_network *n = object;
	size_t before = r->n_findings;

	n->delegate.line = reader_line(r);
	reader_map(r, "delegate", fields, &n->delegate);
	if (before == r->n_findings && (!n->delegate.prefix.addr.version || !n->delegate.length))
		reader_error(
			r, n->delegate.line, "ddi-key",
			"delegate needs prefix and length, the length of each client's prefix");
}

/* "cache", or an address. */
static void read_resolver(struct reader *r, void *object)
{
	struct ddi_network *n = object;
	struct ip_addr ip;
	struct scalar s;

	if (!reader_scalar(r, "\"cache\" or an IP address", &s))
		return;
	if (streq(s.s, "cache"))
		n->resolvers_cache = true;
	else if (ip_parse(s.s, &ip))
		*array_push(r->plan->resolvers, r->plan->n_resolvers) =
			(struct ddi_address){ip, s.line};
	else
		reader_wrong(r, &s, "\"cache\" (the members' cache addresses) or an IP address");
}

static void read_resolvers(struct reader *r, void *object)
{
	struct ddi_network *n = object;

	read_span(r, &r->plan->n_resolvers, read_resolver, n, &n->resolvers);
}

static void read_network(struct reader *r, void *unused)
{
	static const struct field fields[] = {
		{FIELD("prefix", PREFIX, ddi_network, prefix)},
		{FIELD("name", TEXT, ddi_network, name)},
		{FIELD("gateway", IP, ddi_network, gateway),
		 .line_at = offsetof(struct ddi_network, gateway_line)},
		{.key = "relay", .read = read_relay},
		{.key = "pools", .read = read_pools},
		{.key = "exclude", .read = read_exclude},
		{.key = "reserve", .read = read_reserve},
		{.key = "hosts", .read = read_hosts},
		{.key = "delegate", .read = read_delegate},
		{FIELD("lease", UINT, ddi_network, lease),
		 .line_at = offsetof(struct ddi_network, lease_line), .min = 1,
		 .max = UINT32_MAX - 1},
		{FIELD("expect", UINT, ddi_network, expect),
		 .line_at = offsetof(struct ddi_network, expect_line), .min = 1, .max = UINT32_MAX},
		{FIELD("domain", NAME, ddi_network, domain),
		 .line_at = offsetof(struct ddi_network, domain_line)},
		{.key = "resolvers",
		 .read = read_resolvers,
		 .line_at = offsetof(struct ddi_network, resolvers_line)},
		{0},
	};
	size_t before = r->n_findings;

	(void)unused;
	*array_push(r->plan->networks, r->plan->n_networks) = (struct ddi_network){
		.line = reader_line(r),
		.lease = DDI_LEASE_DEFAULT,
	};
	/* The array does not grow meanwhile, so the fields may point into it. */
	reader_map(r, "a network", fields, network_of(r));
	if (network_of(r)->prefix.addr.version)
		return;
	if (before == r->n_findings)
		reader_error(r, network_of(r)->line, "ddi-key", "a network needs prefix");
}

void read_networks(struct reader *r, void *plan)
{
	(void)plan;
	reader_list(r, DDI_NETWORKS_MAX, read_network, NULL);
}
