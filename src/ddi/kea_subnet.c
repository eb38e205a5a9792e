// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/str.h"
#include "ddi/derive.h"
#include "ddi/generate_internal.h"
#include "ddi/kea_internal.h"
#include "ddi/plan.h"

/* ---- options ---- */

static void put_option(struct kea *k, const char *name, const char *data)
{
	if (!*data)
		return;
	json_open_object(&k->w, NULL);
	json_put_text(&k->w, "name", name);
	json_put_string(&k->w, "data", data);
	json_close(&k->w);
}

/* "192.0.2.1, 192.0.2.2": those of this version. */
static char *join(const struct kea *k, const struct addresses *l)
{
	struct strbuf b = {0};
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].version == k->version)
			strbuf_addf(&b, "%s%s", b.len ? ", " : "", ip_format(&l->v[i], text));
	return strbuf_steal(&b);
}

static char *resolvers_of(const struct kea *k, const struct ddi_network *n)
{
	cleanup_addresses struct addresses l = {0};

	for (size_t i = 0; n->resolvers_cache && i < k->plan->n_members; i++)
		if (ddi_has_cache(k->plan, &k->plan->members[i]))
			addresses_of_cache(&l, k->plan, &k->plan->members[i]);
	for (uint32_t i = 0; i < n->resolvers.n; i++)
		addresses_add(&l, &k->plan->resolvers[n->resolvers.first + i].ip);
	return join(k, &l);
}

static void add_options(struct kea *k, const struct ddi_network *n)
{
	cleanup_free char *resolvers = resolvers_of(k, n);
	char gateway[IP_TEXT_SIZE];
	bool v4 = k->version == 4;

	json_open_array(&k->w, "option-data");
	if (v4 && n->gateway.version == 4)
		put_option(k, "routers", ip_format(&n->gateway, gateway));
	put_option(k, v4 ? "domain-name-servers" : "dns-servers", resolvers);
	if (n->domain)
		put_option(k, v4 ? "domain-name" : "domain-search", n->domain);
	json_close(&k->w);
}

/* ---- pools ---- */

static void put_pool(struct kea *k, const struct ip_addr *first, const struct ip_addr *last,
		     const char *class)
{
	char a[IP_TEXT_SIZE], b[IP_TEXT_SIZE];
	cleanup_free char *pool = xasprintf("%s-%s", ip_format(first, a), ip_format(last, b));

	json_open_object(&k->w, NULL);
	json_put_text(&k->w, "pool", pool);
	if (class)
		json_put_string(&k->w, "client-class", class);
	json_close(&k->w);
}

/* Both servers of a load-balancing pair give addresses at once, each from its half. */
struct halves {
	char *first, *second; /* the classes of the clients that each serves; NULL: no halves */
};

static struct halves halves_of(const struct kea *k)
{
	const struct ddi_member *second = ddi_dhcp_standby(k->plan);

	if (k->plan->dhcp.mode != DDI_HA_LOAD_BALANCING || !second)
		return (struct halves){0};
	return (struct halves){xasprintf("HA_%s", ddi_dhcp_primary(k->plan)->name),
			       xasprintf("HA_%s", second->name)};
}

static void halves_clear(struct halves *h)
{
	free_all(h->first, h->second);
}

static void put_range(struct kea *k, const struct ip_range *range, const struct halves *h)
{
	uint64_t size = ip_range_size(range), half = size / 2;
	struct ip_addr end = range->first, start = range->first;

	if (half > INT64_MAX)
		half = INT64_MAX;
	if (!h->first || half == 0 || !ip_add(&end, (int64_t)half - 1) ||
	    !ip_add(&start, (int64_t)half)) {
		put_pool(k, &range->first, &range->last, h->first);
		return;
	}
	put_pool(k, &range->first, &end, h->first);
	put_pool(k, &start, &range->last, h->second);
}

static void add_pools(struct kea *k, const struct ddi_network *n, const struct halves *h)
{
	size_t count;
	cleanup_free struct ip_range *v = pools_of(k->plan, n, &count);

	json_open_array(&k->w, "pools");
	for (size_t i = 0; i < count; i++)
		put_range(k, &v[i], h);
	json_close(&k->w);
}

static void put_delegate(struct kea *k, const struct ip_prefix *prefix, unsigned length,
			 const char *class)
{
	struct ip_addr first = ip_prefix_first(prefix);
	char text[IP_TEXT_SIZE];

	json_open_object(&k->w, NULL);
	json_put_text(&k->w, "prefix", ip_format(&first, text));
	json_put_int64(&k->w, "prefix-len", prefix->len);
	json_put_int64(&k->w, "delegated-len", length);
	if (class)
		json_put_string(&k->w, "client-class", class);
	json_close(&k->w);
}

static void add_delegate(struct kea *k, const struct ddi_delegate *d, const struct halves *h)
{
	struct ip_prefix half = {ip_prefix_first(&d->prefix), d->prefix.len + 1};

	if (!d->prefix.addr.version)
		return;
	json_open_array(&k->w, "pd-pools");
	if (!h->first || d->prefix.len >= d->length) {
		put_delegate(k, &d->prefix, d->length, h->first);
	} else {
		put_delegate(k, &half, d->length, h->first);
		half.addr.bytes[d->prefix.len / 8] |= (uint8_t)(0x80 >> d->prefix.len % 8);
		put_delegate(k, &half, d->length, h->second);
	}
	json_close(&k->w);
}

/* ---- reservations ---- */

static void put_duid(struct kea *k, const struct ddi_reservation *r)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < r->n_duid; i++)
		strbuf_addf(&b, "%s%02x", i ? ":" : "", r->duid[i]);
	cleanup_free char *text = strbuf_steal(&b);
	json_put_text(&k->w, "duid", text);
}

static void put_list(struct kea *k, const char *key, const char *text)
{
	json_open_array(&k->w, key);
	json_put_text(&k->w, NULL, text);
	json_close(&k->w);
}

static void put_addresses(struct kea *k, const struct ddi_reservation *r)
{
	char address[IP_TEXT_SIZE];

	ip_format(&r->address, address);
	if (r->address.version && k->version == 4)
		json_put_text(&k->w, "ip-address", address);
	else if (r->address.version)
		put_list(k, "ip-addresses", address);
	if (r->prefix.addr.version && k->version == 6) {
		cleanup_free char *prefix = ip_prefix_to_str(&r->prefix);

		put_list(k, "prefixes", prefix);
	}
}

static void put_reservation(struct kea *k, const struct ddi_reservation *r)
{
	char mac[MAC_TEXT_SIZE];

	json_open_object(&k->w, NULL);
	if (r->duid)
		put_duid(k, r);
	else
		json_put_text(&k->w, "hw-address", mac_format(&r->mac, mac));
	put_addresses(k, r);
	if (r->name)
		json_put_string(&k->w, "hostname", r->name);
	json_close(&k->w);
}

/* Whether a delegated prefix is reserved, which Kea must not give to others. */
static bool reserves_prefixes(const struct kea *k, const struct ddi_network *n)
{
	const struct ddi_reservation *v = k->plan->reservations + n->reservations.first;

	return n->reservations.n && array_find(v, n->reservations.n, it->prefix.addr.version);
}

static void add_reservations(struct kea *k, const struct ddi_network *n)
{
	if (reserves_prefixes(k, n))
		json_put_bool(&k->w, "reservations-out-of-pool", false);
	json_open_array(&k->w, "reservations");
	for (uint32_t i = 0; i < n->reservations.n; i++)
		put_reservation(k, &k->plan->reservations[n->reservations.first + i]);
	json_close(&k->w);
}

/* ---- the subnet ---- */

static void add_relays(struct kea *k, const struct ddi_network *n)
{
	char text[IP_TEXT_SIZE];

	if (!n->relay.n) {
		json_put_string(&k->w, "interface", k->interface);
		return;
	}
	json_open_object(&k->w, "relay");
	json_open_array(&k->w, "ip-addresses");
	for (uint32_t i = 0; i < n->relay.n; i++)
		json_put_text(&k->w, NULL,
			      ip_format(&k->plan->relays[n->relay.first + i].ip, text));
	json_close(&k->w);
	json_close(&k->w);
}

static void add_identity(struct kea *k, const struct ddi_network *n)
{
	struct ip_prefix network = {ip_prefix_first(&n->prefix), n->prefix.len};
	cleanup_free char *text = ip_prefix_to_str(&network);

	json_put_int64(&k->w, "id", ddi_subnet_id(&n->prefix));
	json_put_text(&k->w, "subnet", text);
	if (n->name) {
		json_open_object(&k->w, "user-context");
		json_put_string(&k->w, "name", n->name);
		json_close(&k->w);
	}
}

void kea_subnet(struct kea *k, const struct ddi_network *network)
{
	cleanup(halves_clear) struct halves halves = halves_of(k);

	json_open_object(&k->w, NULL);
	add_identity(k, network);
	add_relays(k, network);
	json_put_int64(&k->w, "valid-lifetime", network->lease);
	/* RFC 8415, 21.6: at most the valid lifetime */
	if (k->version == 6)
		json_put_int64(&k->w, "preferred-lifetime", network->lease / 4 * 3);
	if (ddi_network_updates(k->d, network)) {
		json_put_bool(&k->w, "ddns-send-updates", true);
		json_put_string(&k->w, "ddns-qualifying-suffix", network->domain);
	}
	add_options(k, network);
	add_pools(k, network, &halves);
	add_delegate(k, &network->delegate, &halves);
	add_reservations(k, network);
	json_close(&k->w);
}
