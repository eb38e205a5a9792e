// SPDX-License-Identifier: Apache-2.0
/* Rules of keys, and of the caching and DHCP services. */
#include "base/alloc.h"
#include "base/str.h"
#include "ddi/rule.h"

enum {
	RPZ_MAX = 3,
	EDNS_BUFFER_MAX = 1232, /* fits an IPv6 packet of 1280 bytes */
};

/* ---- keys ---- */

static bool transfers(const struct ddi_plan *p)
{
	const struct ddi_zone *further = array_find(p->zones, p->n_zones, it->n_transfer);

	return p->n_zones > 0 && (p->n_members > 1 || further);
}

static bool updates(const struct ddi_plan *p)
{
	return array_find(p->zones, p->n_zones, it->dynamic) != NULL;
}

static void key_unknown(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->cache.n_rpz; i++) {
		const struct ddi_rpz *rpz = &p->cache.rpz[i];

		if (rpz->key && !ddi_key(p, rpz->key))
			finding(ctx, rpz->line,
				"the RPZ %s is transferred with the key \"%s\", "
				"which the plan does not have",
				rpz->zone, rpz->key);
	}
}

static void key_missing(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;
	const struct ddi_zone *dynamic = array_find(p->zones, p->n_zones, it->dynamic);

	if (transfers(p) && !ddi_key(p, DDI_KEY_TRANSFER))
		finding(ctx, p->zones[0].line,
			"zones are transferred, but there is no key \"%s\" that authenticates it: "
			"add it to keys",
			DDI_KEY_TRANSFER);
	if (dynamic && !ddi_key(p, DDI_KEY_UPDATE))
		finding(ctx, dynamic->dynamic_line,
			"%s is updated by DHCP, but there is no key \"%s\" that authenticates it: "
			"add it to keys",
			dynamic->name, DDI_KEY_UPDATE);
}

static bool is_used(const struct ddi_plan *p, const struct ddi_key *key)
{
	if (streq(key->name, DDI_KEY_TRANSFER) && transfers(p))
		return true;
	if (streq(key->name, DDI_KEY_UPDATE) && updates(p))
		return true;
	return array_find(p->cache.rpz, p->cache.n_rpz, streq(it->key, key->name)) != NULL;
}

static void key_unused(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_keys; i++) {
		const struct ddi_key *k = &ctx->plan->keys[i];

		if (!is_used(ctx->plan, k))
			finding(ctx, k->line,
				"nothing uses the key \"%s\": \"%s\" is for transfers, \"%s\" for "
				"updates by DHCP, others are named by an RPZ",
				k->name, DDI_KEY_TRANSFER, DDI_KEY_UPDATE);
	}
}

static unsigned digest_bytes(enum ddi_tsig algorithm)
{
	switch (algorithm) {
	case DDI_TSIG_UNSET:
		return 0;
	case DDI_TSIG_HMAC_MD5:
		return 16;
	case DDI_TSIG_HMAC_SHA1:
		return 20;
	case DDI_TSIG_HMAC_SHA224:
		return 28;
	case DDI_TSIG_HMAC_SHA256:
		return 32;
	case DDI_TSIG_HMAC_SHA384:
		return 48;
	case DDI_TSIG_HMAC_SHA512:
		return 64;
	}
	return 0;
}

static void key_short(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_keys; i++) {
		const struct ddi_key *k = &ctx->plan->keys[i];
		unsigned digest = digest_bytes(k->algorithm);

		if (k->n_secret && k->n_secret < digest)
			finding(ctx, k->secret_line,
				"the secret of the key \"%s\" has %u bytes, fewer than the %u of "
				"its digest: make one with 'openssl rand -base64 %u'",
				k->name, k->n_secret, digest, digest);
	}
}

static void key_literal(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_keys; i++) {
		const struct ddi_key *k = &ctx->plan->keys[i];

		if (k->secret_literal)
			finding(ctx, k->secret_line,
				"the secret of the key \"%s\" is in the file: write a variable, as "
				"${KEY}, and give its value in the <configuration>",
				k->name);
	}
}

static void key_weak(struct ddi_ctx *ctx)
{
	for (size_t i = 0; i < ctx->plan->n_keys; i++) {
		const struct ddi_key *k = &ctx->plan->keys[i];

		if (k->algorithm == DDI_TSIG_HMAC_MD5 || k->algorithm == DDI_TSIG_HMAC_SHA1)
			finding(ctx, k->line,
				"the algorithm of the key \"%s\" must not be used any more (RFC "
				"8945, 6): use hmac-sha256",
				k->name);
	}
}

/* ---- caching ---- */

/* Whether no client of the Internet is in it: unique local and link-local addresses. */
static bool is_local(const struct ip_prefix *prefix)
{
	static const char *const local[] = {"fc00::/7", "fe80::/10"};
	struct ip_prefix p;

	for (size_t i = 0; i < ARRAY_SIZE(local); i++)
		if (ip_prefix_parse(local[i], &p) && prefix->len >= p.len &&
		    ip_prefix_contains(&p, &prefix->addr))
			return true;
	return false;
}

static void cache_open(struct ddi_ctx *ctx)
{
	const struct ddi_cache *c = &ctx->plan->cache;

	for (size_t i = 0; i < c->n_clients; i++) {
		const struct ip_prefix *p = &c->clients[i].prefix;

		/* Shorter than any allocation: 10.0.0.0/8, and the /3 of global unicast. */
		if (p->len < (p->addr.version == 4 ? 8U : 16U) && !is_local(p))
			finding(ctx, c->clients[i].line,
				"the cache answers %s: it is an open resolver, which others use to "
				"amplify attacks (RFC 5358); name the clients' networks",
				prefix_text(p));
	}
}

static void cache_clients(struct ddi_ctx *ctx)
{
	const struct ddi_cache *c = &ctx->plan->cache;
	struct extents clients = {0};

	for (size_t i = 0; i < c->n_clients; i++)
		extents_add_prefix(&clients, &c->clients[i].prefix, i, 0);
	extents_sort(&clients);
	extents_merge(&clients);
	for (size_t i = 0; i < ctx->plan->n_networks; i++) {
		const struct ddi_network *n = &ctx->plan->networks[i];
		struct ip_addr last = ip_prefix_last(&n->prefix);
		const struct extent *e =
			n->prefix.addr.version ? extents_find(&clients, &n->prefix.addr) : NULL;

		if (!c->enabled || !n->resolvers_cache || !n->prefix.addr.version ||
		    (e && range_contains(&e->range, &last)))
			continue;
		finding(ctx, n->resolvers_line,
			"clients of %s get the cache as their resolver, but it refuses them: add "
			"the prefix to the clients of cache",
			prefix_text(&n->prefix));
		related(ctx, c->line);
	}
	free(clients.v);
}

static bool has_cache(const struct ddi_plan *p, int version)
{
	return array_find(p->members, p->n_members,
			  version == 4 ? it->cache.version || (p->cache.hybrid && it->auth.version)
				       : it->cache6.version ||
						 (p->cache.hybrid && it->auth6.version)) != NULL;
}

static void cache_missing(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_networks; i++) {
		const struct ddi_network *n = &p->networks[i];
		int version = n->prefix.addr.version;

		if (!n->resolvers_cache || !version)
			continue;
		if (!p->cache.enabled)
			finding(ctx, n->resolvers_line,
				"clients of %s get the cache as their resolver, but the plan has "
				"no section cache",
				prefix_text(&n->prefix));
		else if (!has_cache(p, version))
			finding(ctx, n->resolvers_line,
				"clients of %s get the cache as their resolver, but no member has "
				"an IPv%d address for it (%s)",
				prefix_text(&n->prefix), version,
				version == 4 ? "cache" : "cache6");
	}
}

/* RFC 6052, 2.2: the lengths, and bits 64 to 71 are zero; 2.1: the well-known prefix is a /96. */
static void dns64(struct ddi_ctx *ctx)
{
	static const unsigned lengths[] = {32, 40, 48, 56, 64, 96};
	const struct ddi_prefix *d = &ctx->plan->cache.dns64;
	struct ip_addr first = ip_prefix_first(&d->prefix);
	struct ip_prefix well_known;

	if (!d->prefix.addr.version)
		return;
	if (d->prefix.addr.version != 6 ||
	    !array_find(lengths, ARRAY_SIZE(lengths), *it == d->prefix.len))
		finding(ctx, d->line,
			"the prefix of DNS64, %s, must be an IPv6 prefix of length 32, 40, 48, 56, "
			"64 or 96",
			prefix_text(&d->prefix));
	else if (first.bytes[8] != 0)
		finding(ctx, d->line, "the prefix of DNS64, %s, must have bits 64 to 71 zero",
			prefix_text(&d->prefix));
	else if (!ip_equal(&first, &d->prefix.addr))
		finding(ctx, d->line, "the prefix of DNS64, %s, has host bits: it is %s/%u",
			prefix_text(&d->prefix), address_text(&first), d->prefix.len);
	else if (ip_prefix_parse("64:ff9b::/96", &well_known) &&
		 ip_equal(&first, &well_known.addr) && d->prefix.len != well_known.len)
		finding(ctx, d->line, "the well-known prefix of DNS64 is 64:ff9b::/96, not %s",
			prefix_text(&d->prefix));
}

static void cache_address(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->n_members && p->cache.enabled; i++) {
		const struct ddi_member *m = &p->members[i];
		bool same = (m->cache.version && ip_equal(&m->cache, &m->auth)) ||
			    (m->cache6.version && ip_equal(&m->cache6, &m->auth6));

		if (same && !p->cache.hybrid)
			finding(ctx, m->line,
				"%s has its cache on the address of its authoritative service: "
				"give it another address, or set hybrid: true in cache",
				m->name);
	}
}

static void rpz_count(struct ddi_ctx *ctx)
{
	const struct ddi_cache *c = &ctx->plan->cache;

	if (c->n_rpz > RPZ_MAX)
		finding(ctx, c->rpz[RPZ_MAX].line,
			"%zu response policy zones: each query is looked up in all of them, and "
			"more than %d is beyond what is tested",
			c->n_rpz, RPZ_MAX);
}

static void forward_own(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->cache.n_forwards; i++) {
		const struct ddi_forward *f = &p->cache.forwards[i];
		const struct ddi_zone *z = ddi_zone(p, f->domain);

		if (!z)
			continue;
		finding(ctx, f->line,
			"%s is forwarded, but it is a zone of the plan, which the cache asks of "
			"the "
			"authoritative service: remove one of them",
			f->domain);
		related(ctx, z->line);
	}
}

static bool is_cache(const struct ddi_plan *p, const struct ip_addr *ip)
{
	return array_find(p->members, p->n_members,
			  ip_equal(&it->cache, ip) || ip_equal(&it->cache6, ip) ||
				  (p->cache.hybrid &&
				   (ip_equal(&it->auth, ip) || ip_equal(&it->auth6, ip)))) != NULL;
}

static void forward_loop(struct ddi_ctx *ctx)
{
	const struct ddi_plan *p = ctx->plan;

	for (size_t i = 0; i < p->cache.n_forwards; i++)
		for (size_t k = 0; k < p->cache.forwards[i].n_to; k++) {
			const struct ddi_address *to = &p->cache.forwards[i].to[k];

			if (is_cache(p, &to->ip))
				finding(ctx, to->line,
					"queries are forwarded to %s, which is a cache of the "
					"plan: "
					"they run in a circle",
					address_text(&to->ip));
		}
}

static void tls(struct ddi_ctx *ctx)
{
	const struct ddi_cache *c = &ctx->plan->cache;

	if (c->tls_line && (!c->certificate || !c->certificate_key))
		finding(ctx, c->tls_line, "%s needs certificate and key, paths in the guest",
			c->doh ? "DNS over HTTPS" : "DNS over TLS");
}

static void edns_buffer(struct ddi_ctx *ctx)
{
	const struct ddi_cache *c = &ctx->plan->cache;

	if (c->edns_buffer > EDNS_BUFFER_MAX)
		finding(ctx, c->edns_buffer_line,
			"an EDNS buffer of %u bytes lets answers be fragmented, and fragments are "
			"dropped and forged: use %d",
			c->edns_buffer, EDNS_BUFFER_MAX);
}

const struct ddi_rule ddi_service_rules[] = {
	{"ddi-key-unknown", SEVERITY_ERROR, key_unknown},
	{"ddi-key-missing", SEVERITY_WARNING, key_missing},
	{"ddi-key-unused", SEVERITY_WARNING, key_unused},
	{"ddi-key-short", SEVERITY_WARNING, key_short},
	{"ddi-key-literal", SEVERITY_WARNING, key_literal},
	{"ddi-key-weak", SEVERITY_WARNING, key_weak},
	{"ddi-cache-open", SEVERITY_ERROR, cache_open},
	{"ddi-cache-clients", SEVERITY_ERROR, cache_clients},
	{"ddi-cache-missing", SEVERITY_ERROR, cache_missing},
	{"ddi-cache-address", SEVERITY_ERROR, cache_address},
	{"ddi-dns64", SEVERITY_ERROR, dns64},
	{"ddi-rpz-count", SEVERITY_WARNING, rpz_count},
	{"ddi-forward-own", SEVERITY_ERROR, forward_own},
	{"ddi-forward-loop", SEVERITY_ERROR, forward_loop},
	{"ddi-tls", SEVERITY_ERROR, tls},
	{"ddi-edns-buffer", SEVERITY_WARNING, edns_buffer},
	{0},
};
