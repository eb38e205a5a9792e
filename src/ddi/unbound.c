// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "ddi/derive.h"
#include "ddi/generate.h"
#include "ddi/generate_internal.h"
#include "ddi/plan.h"

static void add_listens(struct conf *c, const struct ddi_cache *cache, const struct addresses *own)
{
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < own->n; i++) {
		ip_format(&own->v[i], text);
		conf_addf(c, "    interface: %s@53\n", text);
		if (cache->certificate)
			conf_addf(c, "    interface: %s@853\n", text);
		if (cache->certificate && cache->doh)
			conf_addf(c, "    interface: %s@443\n", text);
	}
	if (!cache->certificate)
		return;
	conf_addf(c, "    tls-port: 853\n    https-port: 443\n");
	conf_line(c, "    tls-service-pem:", cache->certificate);
	if (cache->certificate_key)
		conf_line(c, "    tls-service-key:", cache->certificate_key);
}

static void add_clients(struct conf *c, const struct ddi_cache *cache)
{
	for (size_t i = 0; i < cache->n_clients; i++) {
		const struct ip_prefix *p = &cache->clients[i].prefix;
		struct ip_prefix network = {ip_prefix_first(p), p->len};
		cleanup_free char *text = ip_prefix_to_str(&network);

		conf_addf(c, "    access-control: %s allow\n", text);
	}
}

static void add_features(struct conf *c, const struct ddi_cache *cache)
{
	conf_addf(c, "    module-config: \"%s%svalidator iterator\"\n",
		  cache->n_rpz ? "respip " : "", cache->dns64.prefix.addr.version ? "dns64 " : "");
	if (cache->dns64.prefix.addr.version) {
		cleanup_free char *prefix = ip_prefix_to_str(&cache->dns64.prefix);

		conf_addf(c, "    dns64-prefix: %s\n", prefix);
	}
	conf_addf(c,
		  "    edns-buffer-size: %u\n"
		  "    max-udp-size: %u\n"
		  "    prefetch: yes\n"
		  "    prefetch-key: yes\n"
		  "    hide-identity: yes\n"
		  "    hide-version: yes\n"
		  "    deny-any: yes\n"
		  "    extended-statistics: yes\n",
		  cache->edns_buffer, cache->edns_buffer);
	if (cache->serve_expired)
		conf_addf(c,
			  "    serve-expired: yes\n"
			  "    serve-expired-ttl: %u\n"
			  "    serve-expired-client-timeout: 1800\n",
			  cache->serve_expired);
	if (cache->per_client)
		conf_addf(c, "    ip-ratelimit: %u\n", cache->per_client);
}

/* Unbound answers names of private addresses and of "test" itself, unless it is told not to. */
static void add_own_zone(struct conf *c, const char *name)
{
	cleanup_free char *full = xasprintf("%s.", name);

	conf_addf(c, "    local-zone: ");
	conf_quoted(c, full);
	conf_addf(c, " transparent\n    domain-insecure: ");
	conf_quoted(c, full);
	conf_addf(c, "\n");
}

static void add_stub(struct conf *c, const char *name, const struct addresses *auth, unsigned port)
{
	char text[IP_TEXT_SIZE];

	conf_addf(c, "\nstub-zone:\n");
	conf_name(c, "    name:", name);
	for (size_t i = 0; i < auth->n; i++)
		conf_addf(c, "    stub-addr: %s@%u\n", ip_format(&auth->v[i], text), port);
}

static void add_forward(struct conf *c, const struct ddi_forward *forward)
{
	char text[IP_TEXT_SIZE];

	conf_addf(c, "\nforward-zone:\n");
	conf_name(c, "    name:", forward->domain);
	for (size_t i = 0; i < forward->n_to; i++)
		conf_addf(c, "    forward-addr: %s\n", ip_format(&forward->to[i].ip, text));
}

static void add_rpz(struct conf *c, const struct ddi_plan *plan, const struct ddi_member *member,
		    const struct ddi_rpz *rpz)
{
	const struct ip_addr *own = member->auth.version ? &member->auth : &member->auth6;
	char text[IP_TEXT_SIZE];
	cleanup_free char *file = xasprintf("/var/lib/unbound/rpz.%s", rpz->zone);

	conf_addf(c, "\nrpz:\n");
	conf_name(c, "    name:", rpz->zone);
	conf_line(c, "    zonefile:", file);
	/* with a key from Knot, which transfers it */
	if (rpz->key && own->version)
		conf_addf(c, "    primary: %s@%u\n", ip_format(own, text), auth_port(plan));
	else
		conf_addf(c, "    primary: %s\n", ip_format(&rpz->from, text));
	conf_addf(c, "    rpz-log: yes\n");
	conf_line(c, "    rpz-log-name:", rpz->zone);
}

static void add_server(struct conf *c, const struct ddi_derived *d, const struct ddi_member *member)
{
	const struct ddi_cache *cache = &d->plan->cache;
	cleanup_addresses struct addresses own = {0};

	conf_addf(c, "server:\n"
		     "    directory: \"/etc/unbound\"\n"
		     "    username: unbound\n"
		     "    chroot: \"\"\n"
		     "    use-syslog: no\n"
		     "    ip-freebind: yes\n"
		     "    auto-trust-anchor-file: \"/var/lib/unbound/root.key\"\n");
	addresses_of_cache(&own, d->plan, member);
	add_listens(c, cache, &own);
	add_clients(c, cache);
	add_features(c, cache);
	for (size_t i = 0; i < d->n_zones; i++)
		add_own_zone(c, d->zones[i].name);
	for (size_t i = 0; i < cache->n_forwards; i++)
		if (*cache->forwards[i].domain)
			add_own_zone(c, cache->forwards[i].domain);
	conf_addf(c, "\n"
		     "remote-control:\n"
		     "    control-enable: yes\n"
		     "    control-interface: \"/run/unbound.ctl\"\n");
}

int ddi_unbound_conf(const struct ddi_derived *derived, const struct ddi_member *member, char **ret,
		     struct err *err)
{
	const struct ddi_cache *cache = &derived->plan->cache;
	cleanup_addresses struct addresses auth = {0};
	struct conf c = {0};

	add_server(&c, derived, member);
	/* this member's first */
	addresses_add(&auth, &member->auth);
	addresses_add(&auth, &member->auth6);
	addresses_of_auth(&auth, derived->plan, member);
	for (size_t i = 0; i < derived->n_zones; i++)
		add_stub(&c, derived->zones[i].name, &auth, auth_port(derived->plan));
	for (size_t i = 0; i < cache->n_forwards; i++)
		add_forward(&c, &cache->forwards[i]);
	for (size_t i = 0; i < cache->n_rpz; i++)
		add_rpz(&c, derived->plan, member, &cache->rpz[i]);
	return conf_end(&c, ret, err);
}
