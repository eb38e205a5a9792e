// SPDX-License-Identifier: Apache-2.0
/* The sections "cache", "rrl" and "dhcp" of a plan. */
#include "base/alloc.h"
#include "ddi/reader.h"

/* ---- cache ---- */

static void read_clients(struct reader *r, void *object)
{
	struct ddi_cache *c = object;
	struct list list = {0};

	reader_list(r, DDI_RESERVATIONS_MAX, reader_prefix, &list);
	c->n_clients = list.n;
	c->clients = reader_keep(r, list.v, list.n, sizeof(*c->clients));
}

static void read_forward(struct reader *r, void *object)
{
	struct list *forwards = object, to = {0};
	struct ddi_forward f = {.line = reader_line(r)};
	struct scalar key = {.s = r->key, .len = strlen(r->key), .line = f.line};

	f.domain = streq(r->key, ".") ? "" : reader_name(r, &key);
	reader_list(r, DDI_LIST_MAX, reader_address, &to);
	f.n_to = to.n;
	f.to = reader_keep(r, to.v, to.n, sizeof(*f.to));
	if (!f.domain)
		return;
	struct ddi_forward *v = forwards->v;
	*array_push(v, forwards->n) = f;
	forwards->v = v;
}

static void read_forwards(struct reader *r, void *object)
{
	struct ddi_cache *c = object;
	struct list list = {0};

	reader_named(r, "forward", read_forward, &list);
	c->n_forwards = list.n;
	c->forwards = reader_keep(r, list.v, list.n, sizeof(*c->forwards));
}

static void read_dns64(struct reader *r, void *object)
{
	static const struct field field = {FIELD("dns64", PREFIX, ddi_prefix, prefix),
					   .line_at = offsetof(struct ddi_prefix, line)};
	struct ddi_cache *c = object;

	reader_field(r, &field, &c->dns64);
}

static void read_policy(struct reader *r, void *object)
{
	static const struct field fields[] = {
		{FIELD("zone", NAME, ddi_rpz, zone)},
		{FIELD("from", IP, ddi_rpz, from)},
		{FIELD("key", NAME, ddi_rpz, key)},
		{0},
	};
	struct ddi_rpz p = {.line = reader_line(r)};
	struct list *list = object;
	size_t before = r->n_findings;

	reader_map(r, "an RPZ", fields, &p);
	if (before == r->n_findings && (!p.zone || !p.from.version))
		reader_error(r, p.line, "ddi-key",
			     "an RPZ needs zone and from, the address that it is transferred from");
	if (!p.zone)
		return;
	struct ddi_rpz *v = list->v;
	*array_push(v, list->n) = p;
	list->v = v;
}

static void read_rpz(struct reader *r, void *object)
{
	struct ddi_cache *c = object;
	struct list list = {0};

	reader_list(r, DDI_LIST_MAX, read_policy, &list);
	c->n_rpz = list.n;
	c->rpz = reader_keep(r, list.v, list.n, sizeof(*c->rpz));
}

static void read_tls(struct reader *r, void *object)
{
	static const struct field fields[] = {
		{FIELD("certificate", TEXT, ddi_cache, certificate)},
		{FIELD("key", TEXT, ddi_cache, certificate_key)},
		{FIELD("doh", BOOL, ddi_cache, doh)},
		{0},
	};

	reader_map(r, "tls", fields, object);
}

static void read_ratelimit(struct reader *r, void *object)
{
	static const struct field fields[] = {
		{FIELD("per_client", UINT, ddi_cache, per_client), .max = 1000000},
		{0},
	};

	reader_map(r, "ratelimit", fields, object);
}

void read_cache(struct reader *r, void *plan)
{
	static const struct field fields[] = {
		{.key = "clients", .read = read_clients},
		{.key = "forward", .read = read_forwards},
		{.key = "dns64", .read = read_dns64},
		{.key = "rpz", .read = read_rpz},
		{FIELD("serve_expired", UINT, ddi_cache, serve_expired), .max = 604800},
		{.key = "tls", .read = read_tls, .line_at = offsetof(struct ddi_cache, tls_line)},
		{.key = "ratelimit", .read = read_ratelimit},
		{FIELD("edns_buffer", UINT, ddi_cache, edns_buffer),
		 .line_at = offsetof(struct ddi_cache, edns_buffer_line), .min = 512, .max = 65535},
		{FIELD("hybrid", BOOL, ddi_cache, hybrid),
		 .line_at = offsetof(struct ddi_cache, hybrid_line)},
		{0},
	};
	struct ddi_cache *c = &((struct ddi_plan *)plan)->cache;

	c->enabled = true;
	c->line = reader_line(r);
	reader_map(r, "cache", fields, c);
}

/* ---- rrl, dhcp ---- */

void read_rrl(struct reader *r, void *plan)
{
	static const struct field fields[] = {
		{FIELD("per_second", UINT, ddi_rrl, per_second), .max = 1000000},
		{FIELD("slip", UINT, ddi_rrl, slip), .max = 100},
		{0},
	};
	struct ddi_rrl *rrl = &((struct ddi_plan *)plan)->rrl;

	rrl->line = reader_line(r);
	reader_map(r, "rrl", fields, rrl);
}

void read_dhcp(struct reader *r, void *plan)
{
	enum { TIMER_MAX = 600000 };
	static const struct field fields[] = {
		{FIELD("mode", WORD, ddi_dhcp, mode), .min = DDI_HA_NONE,
		 .words = "none hot-standby load-balancing"},
		{FIELD("primary", TEXT, ddi_dhcp, primary),
		 .line_at = offsetof(struct ddi_dhcp, primary_line)},
		{FIELD("heartbeat_delay", UINT, ddi_dhcp, heartbeat_delay), .min = 100,
		 .max = TIMER_MAX},
		{FIELD("max_response_delay", UINT, ddi_dhcp, max_response_delay), .min = 100,
		 .max = TIMER_MAX},
		{FIELD("max_ack_delay", UINT, ddi_dhcp, max_ack_delay), .min = 100,
		 .max = TIMER_MAX},
		{FIELD("max_unacked_clients", UINT, ddi_dhcp, max_unacked_clients),
		 .line_at = offsetof(struct ddi_dhcp, max_unacked_line), .min = 0, .max = 1000},
		{0},
	};
	struct ddi_dhcp *d = &((struct ddi_plan *)plan)->dhcp;

	d->line = reader_line(r);
	reader_map(r, "dhcp", fields, d);
}
