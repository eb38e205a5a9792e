// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "ddi/derive.h"
#include "ddi/generate.h"
#include "ddi/generate_internal.h"
#include "ddi/plan.h"

struct knot {
	struct conf conf;
	const struct ddi_derived *d;
	const struct ddi_plan *plan;
	const struct ddi_member *member;
	bool has_acls;
};

/* ---- who is who ---- */

/* Whether the member is the primary of a zone that another member can have, too. */
static bool is_primary(const struct ddi_derived *d, const struct ddi_member *member)
{
	return ddi_has_auth(member) && array_find(d->zones, d->n_zones, it->primary == member);
}

static bool is_peer(const struct knot *k, const struct ddi_member *member)
{
	return member != k->member && ddi_has_auth(member);
}

static bool has_peers(const struct knot *k)
{
	return array_find(k->plan->members, k->plan->n_members, is_peer(k, it));
}

static char *catalog_of(const struct ddi_member *member)
{
	return xasprintf("%s.catalog.invalid", member->name);
}

static bool is_transferred_here(const struct ddi_rpz *rpz)
{
	return rpz->key;
}

static bool has_rpz(const struct knot *k)
{
	return ddi_has_cache(k->plan, k->member) &&
	       array_find(k->plan->cache.rpz, k->plan->cache.n_rpz, is_transferred_here(it));
}

/* ---- parts ---- */

/* "    KEY: [ 172.16.1.10@53, 2001:db8::1@53 ]"; port 0: without. */
static void add_addresses(struct knot *k, const char *key, const struct addresses *l, unsigned port)
{
	char text[IP_TEXT_SIZE];

	conf_addf(&k->conf, "    %s: [ ", key);
	for (size_t i = 0; i < l->n; i++) {
		conf_addf(&k->conf, "%s%s", i ? ", " : "", ip_format(&l->v[i], text));
		if (port)
			conf_addf(&k->conf, "@%u", port);
	}
	conf_addf(&k->conf, " ]\n");
}

static void add_member_addresses(struct knot *k, const char *key, const struct ddi_member *member,
				 unsigned port)
{
	cleanup_addresses struct addresses l = {0};

	addresses_add(&l, &member->auth);
	addresses_add(&l, &member->auth6);
	add_addresses(k, key, &l, port);
}

static void add_server(struct knot *k)
{
	conf_addf(&k->conf, "server:\n"
			    "    rundir: \"/run/knot\"\n"
			    "    user: knot:knot\n"
			    "    udp-max-payload: 1232\n");
	conf_line(&k->conf, "    nsid:", k->member->name);
	add_member_addresses(k, "listen", k->member, auth_port(k->plan));
	conf_addf(&k->conf, "\n"
			    "log:\n"
			    "  - target: stdout\n"
			    "    any: info\n"
			    "\n"
			    "database:\n"
			    "    storage: \"/var/lib/knot\"\n");
}

static void add_keys(struct knot *k)
{
	if (k->plan->n_keys)
		conf_addf(&k->conf, "\nkey:\n");
	for (size_t i = 0; i < k->plan->n_keys && !k->conf.err.code; i++) {
		const struct ddi_key *key = &k->plan->keys[i];

		if (key_check(key, &k->conf.err) < 0)
			break;
		conf_line(&k->conf, "  - id:", key->name);
		conf_addf(&k->conf, "    algorithm: %s\n", tsig_name(key));
		conf_line(&k->conf, "    secret:", key->secret);
	}
}

static void add_remotes(struct knot *k)
{
	const struct ddi_key *key = transfer_key(k->plan);

	if (has_peers(k) || has_rpz(k))
		conf_addf(&k->conf, "\nremote:\n");
	for (size_t i = 0; i < k->plan->n_members; i++) {
		const struct ddi_member *m = &k->plan->members[i];

		if (!is_peer(k, m))
			continue;
		conf_line(&k->conf, "  - id:", m->name);
		add_member_addresses(k, "address", m, auth_port(k->plan));
		add_member_addresses(k, "via", k->member, 0);
		if (key)
			conf_line(&k->conf, "    key:", key->name);
	}
	for (size_t i = 0; has_rpz(k) && i < k->plan->cache.n_rpz; i++) {
		const struct ddi_rpz *rpz = &k->plan->cache.rpz[i];
		char text[IP_TEXT_SIZE];

		if (!is_transferred_here(rpz))
			continue;
		conf_line(&k->conf, "  - id:", rpz->zone);
		conf_addf(&k->conf, "    address: %s@53\n", ip_format(&rpz->from, text));
		conf_line(&k->conf, "    key:", rpz->key);
	}
}

/* ---- access ---- */

/* What only holders of the key may do, or without a key only these addresses. */
static void add_acl(struct knot *k, const char *id, const char *actions, const struct ddi_key *key,
		    const struct addresses *l)
{
	if (!key && !l->n)
		return;
	if (!k->has_acls)
		conf_addf(&k->conf, "\nacl:\n");
	k->has_acls = true;
	conf_line(&k->conf, "  - id:", id);
	if (key)
		conf_line(&k->conf, "    key:", key->name);
	else
		add_addresses(k, "address", l, 0);
	conf_addf(&k->conf, "    action: %s\n", actions);
}

static void add_update_acl(struct knot *k)
{
	cleanup_addresses struct addresses l = {0};

	addresses_of_auth(&l, k->plan, NULL);
	add_acl(k, "update", "update", update_key(k->plan), &l);
	conf_addf(&k->conf, "    update-type: [ A, AAAA, PTR, DHCID ]\n");
}

static bool has_dynamic(const struct knot *k)
{
	return array_find(k->d->zones, k->d->n_zones, it->dynamic && it->primary == k->member);
}

static char *transfer_id(const struct ddi_zone *zone)
{
	return xasprintf("transfer-%s", zone->name);
}

static void add_zone_acls(struct knot *k)
{
	for (size_t i = 0; i < k->plan->n_zones; i++) {
		const struct ddi_zone *zone = &k->plan->zones[i];
		cleanup_addresses struct addresses l = {0};
		cleanup_free char *id = transfer_id(zone);

		for (size_t a = 0; a < zone->n_transfer; a++)
			addresses_add(&l, &zone->transfer[a].ip);
		add_acl(k, id, "transfer", NULL, &l);
	}
}

/* From where Unbound asks Knot of the same guest. */
static void own_addresses(struct knot *k, struct addresses *l)
{
	addresses_add(l, &k->member->auth);
	addresses_add(l, &k->member->auth6);
	if (!k->plan->cache.hybrid)
		addresses_of_cache(l, k->plan, k->member);
}

static void add_acls(struct knot *k)
{
	cleanup_addresses struct addresses peers = {0}, own = {0};

	addresses_of_auth(&peers, k->plan, k->member);
	add_acl(k, "peers", "[ transfer, notify ]", transfer_key(k->plan), &peers);
	if (has_dynamic(k))
		add_update_acl(k);
	add_zone_acls(k);
	own_addresses(k, &own);
	if (has_rpz(k))
		add_acl(k, "cache", "transfer", NULL, &own);
}

/* "    acl: [ peers, update, transfer-ZONE ]" */
static void add_acl_list(struct knot *k, bool dynamic, const struct ddi_zone *zone)
{
	bool peers = transfer_key(k->plan) || has_peers(k);

	if (!peers && !dynamic && (!zone || !zone->n_transfer))
		return;
	conf_addf(&k->conf, "    acl: [ %s", peers ? "peers" : "");
	if (dynamic)
		conf_addf(&k->conf, "%supdate", peers ? ", " : "");
	if (zone && zone->n_transfer) {
		cleanup_free char *id = transfer_id(zone);

		conf_addf(&k->conf, "%s", peers || dynamic ? ", " : "");
		conf_quoted(&k->conf, id);
	}
	conf_addf(&k->conf, " ]\n");
}

/* ---- signing and limits ---- */

static const char *algorithm_name(enum ddi_dnssec algorithm)
{
	switch (algorithm) {
	case DDI_DNSSEC_RSASHA256:
		return "rsasha256";
	case DDI_DNSSEC_RSASHA512:
		return "rsasha512";
	case DDI_DNSSEC_ECDSAP256SHA256:
		return "ecdsap256sha256";
	case DDI_DNSSEC_ECDSAP384SHA384:
		return "ecdsap384sha384";
	case DDI_DNSSEC_ED25519:
		return "ed25519";
	case DDI_DNSSEC_ED448:
		return "ed448";
	case DDI_DNSSEC_NONE:
		break;
	}
	return NULL;
}

/* Signatures last a week without the primary. */
static void add_policies(struct knot *k)
{
	bool any = false;

	for (enum ddi_dnssec a = DDI_DNSSEC_NONE; a <= DDI_DNSSEC_ED448; a++) {
		const char *name = algorithm_name(a);

		if (!name || !array_find(k->d->zones, k->d->n_zones,
					 it->of && it->of->dnssec == a && it->primary == k->member))
			continue;
		conf_addf(&k->conf,
			  "%s  - id: %s\n"
			  "    algorithm: %s\n"
			  "    rrsig-lifetime: 14d\n"
			  "    rrsig-refresh: 7d\n",
			  any ? "" : "\npolicy:\n", name, name);
		any = true;
	}
}

static void add_modules(struct knot *k)
{
	cleanup_addresses struct addresses l = {0};

	if (k->plan->rrl.per_second) {
		for (size_t i = 0; i < k->plan->n_members; i++)
			addresses_of_cache(&l, k->plan, &k->plan->members[i]);
		addresses_of_auth(&l, k->plan, NULL);
		conf_addf(&k->conf,
			  "\nmod-rrl:\n"
			  "  - id: limits\n"
			  "    rate-limit: %u\n"
			  "    slip: %u\n",
			  k->plan->rrl.per_second, k->plan->rrl.slip);
		add_addresses(k, "whitelist", &l, 0);
		addresses_clear(&l);
	}
	if (has_rpz(k)) {
		own_addresses(k, &l);
		conf_addf(&k->conf, "\nmod-queryacl:\n  - id: cache\n");
		add_addresses(k, "address", &l, 0);
	}
}

/* ---- templates and zones ---- */

static void add_peers(struct knot *k, const char *key)
{
	const char *separator = "";

	if (!has_peers(k))
		return;
	conf_addf(&k->conf, "    %s: [ ", key);
	for (size_t i = 0; i < k->plan->n_members; i++)
		if (is_peer(k, &k->plan->members[i])) {
			conf_addf(&k->conf, "%s", separator);
			conf_quoted(&k->conf, k->plan->members[i].name);
			separator = ", ";
		}
	conf_addf(&k->conf, " ]\n");
}

/* How zones of another member's catalog are served; group: of this zone's own, NULL: of all others.
 */
static void add_secondary_template(struct knot *k, const struct ddi_member *primary,
				   const struct ddi_zone *group)
{
	cleanup_free char *id = group ? xstrdup(group->name) : xasprintf("from-%s", primary->name);

	conf_line(&k->conf, "  - id:", id);
	conf_line(&k->conf, "    master:", primary->name);
	add_acl_list(k, false, group);
	conf_addf(&k->conf, "    zonefile-sync: -1\n"
			    "    zonefile-load: none\n"
			    "    journal-content: all\n");
}

static void add_templates(struct knot *k)
{
	conf_addf(&k->conf, "\ntemplate:\n"
			    "  - id: default\n"
			    "    storage: \"/var/lib/knot\"\n"
			    "    file: \"%%s.zone\"\n"
			    "    zonefile-sync: -1\n"
			    "    zonefile-load: difference-no-serial\n"
			    "    journal-content: all\n"
			    "    serial-policy: unixtime\n");
	if (k->plan->rrl.per_second)
		conf_addf(&k->conf, "    global-module: mod-rrl/limits\n");
	for (size_t i = 0; i < k->plan->n_members; i++)
		if (is_peer(k, &k->plan->members[i]) && is_primary(k->d, &k->plan->members[i]))
			add_secondary_template(k, &k->plan->members[i], NULL);
	for (size_t i = 0; i < k->plan->n_zones; i++) {
		const struct ddi_auth_zone *z = &k->d->zones[i];

		if (z->of->n_transfer && z->primary && is_peer(k, z->primary))
			add_secondary_template(k, z->primary, z->of);
	}
}

static void add_zone(struct knot *k, const struct ddi_auth_zone *z)
{
	const struct ddi_zone *of = z->of;
	const char *algorithm = algorithm_name(of ? of->dnssec : DDI_DNSSEC_NONE);

	conf_name(&k->conf, "  - domain:", z->name);
	add_acl_list(k, z->dynamic, of);
	add_peers(k, "notify");
	if (of && of->serial == DDI_SERIAL_INCREMENT)
		conf_addf(&k->conf, "    serial-policy: increment\n");
	if (of && of->serial == DDI_SERIAL_DATE)
		conf_addf(&k->conf, "    serial-policy: dateserial\n");
	if (algorithm)
		conf_addf(&k->conf, "    dnssec-signing: on\n    dnssec-policy: %s\n", algorithm);
	if (!has_peers(k))
		return;
	cleanup_free char *catalog = catalog_of(k->member);
	conf_addf(&k->conf, "    catalog-role: member\n");
	conf_name(&k->conf, "    catalog-zone:", catalog);
	if (of && of->n_transfer)
		conf_line(&k->conf, "    catalog-group:", of->name);
}

static void add_own_catalog(struct knot *k)
{
	cleanup_free char *catalog = catalog_of(k->member);

	if (!has_peers(k) || !is_primary(k->d, k->member))
		return;
	conf_name(&k->conf, "  - domain:", catalog);
	conf_addf(&k->conf, "    catalog-role: generate\n");
	add_acl_list(k, false, NULL);
	add_peers(k, "notify");
}

/* The zones of another primary. */
static void add_catalog(struct knot *k, const struct ddi_member *primary)
{
	cleanup_free char *catalog = catalog_of(primary);
	cleanup_free char *template = xasprintf("from-%s", primary->name);

	conf_name(&k->conf, "  - domain:", catalog);
	conf_line(&k->conf, "    template:", template);
	conf_addf(&k->conf, "    catalog-role: interpret\n    catalog-template: [ ");
	conf_quoted(&k->conf, template);
	for (size_t i = 0; i < k->plan->n_zones; i++)
		if (k->plan->zones[i].n_transfer && k->d->zones[i].primary == primary) {
			conf_addf(&k->conf, ", ");
			conf_quoted(&k->conf, k->plan->zones[i].name);
		}
	conf_addf(&k->conf, " ]\n");
}

static void add_rpz(struct knot *k, const struct ddi_rpz *rpz)
{
	conf_name(&k->conf, "  - domain:", rpz->zone);
	conf_line(&k->conf, "    master:", rpz->zone);
	conf_addf(&k->conf, "    acl: cache\n"
			    "    module: mod-queryacl/cache\n"
			    "    zonefile-load: none\n");
}

int ddi_knot_conf(const struct ddi_derived *derived, const struct ddi_member *member, char **ret,
		  struct err *err)
{
	struct knot k = {.d = derived, .plan = derived->plan, .member = member};
	const struct ddi_plan *plan = k.plan;

	add_server(&k);
	add_keys(&k);
	add_remotes(&k);
	add_acls(&k);
	add_policies(&k);
	add_modules(&k);
	add_templates(&k);
	conf_addf(&k.conf, "\nzone:\n");
	add_own_catalog(&k);
	for (size_t i = 0; i < plan->n_members; i++)
		if (is_peer(&k, &plan->members[i]) && is_primary(derived, &plan->members[i]))
			add_catalog(&k, &plan->members[i]);
	for (size_t i = 0; i < derived->n_zones; i++)
		if (derived->zones[i].primary == member)
			add_zone(&k, &derived->zones[i]);
	for (size_t i = 0; has_rpz(&k) && i < plan->cache.n_rpz; i++)
		if (is_transferred_here(&plan->cache.rpz[i]))
			add_rpz(&k, &plan->cache.rpz[i]);
	return conf_end(&k.conf, ret, err);
}
