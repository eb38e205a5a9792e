// SPDX-License-Identifier: Apache-2.0
#include "dns/dns.h"

#include <ctype.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/str.h"
#include "base/text.h"
#include "dns/conf.h"
#include "dns/tool.h"
#include "dns/zone.h"
#include "model/model.h"
#include "model/service.h"
#include "net/ip.h"

struct dns {
	const struct deployment *deployment;
	const struct vm_group *group;
	struct findings *findings;
	struct dns_conf confs[DNS_SERVERS];
	const char *query; /* NULL: none */
	bool query_known;  /* a zone of the guest has the name, or may have it */
};

#define report_at(d, word, severity, rule, ...) \
	report((d)->findings, (word)->file->text, (word)->line, severity, rule, __VA_ARGS__)

/* ---- zones ---- */

static const struct written_file *file_of(const struct dns *d, const struct dns_zone *zone)
{
	return zone->path ? guest_written_find(&d->group->guest, zone->path) : NULL;
}

/* Placeholders that ESC or the guest replaces. */
static bool has_placeholders(const struct text *t)
{
	return memmem(t->s, t->len, "${", 2) || memmem(t->s, t->len, "{{", 2);
}

static bool has_name(const struct dns *d, const char *zone)
{
	cleanup_free char *query = xstrdup(d->query ? d->query : "");
	size_t q = strlen(query), z = strlen(zone);

	q -= q > 0 && query[q - 1] == '.';
	z -= z > 0 && zone[z - 1] == '.';
	return q > 0 && (z == 0 || (q >= z && strncasecmp(query + q - z, zone, z) == 0 &&
				    (q == z || query[q - z - 1] == '.')));
}

static void query_absent(struct dns *d, const char *zone, const struct written_file *file)
{
	report(d->findings, file->text, 0, SEVERITY_WARNING, "zone-query",
	       "the zone %s has no name %s, which deploy, verify and drill query (dns_query): the "
	       "answer is NXDOMAIN; add the name, or correct dns_query",
	       zone, d->query);
}

/* Resolvers query again when a TTL expires: clients notice an outage that is longer. */
static void check_ttl(struct dns *d, int64_t ttl_s, const struct written_file *file)
{
	const char *allowed = model_option(d->deployment, d->group, "max_outage_ms");
	int64_t outage_ms;

	if (ttl_s < 0 || !allowed || str_to_int(allowed, 1, INT32_MAX, &outage_ms) < 0 ||
	    ttl_s * 1000 > outage_ms)
		return;
	report(d->findings, file->text, 0, SEVERITY_NOTE, "zone-ttl",
	       "%s has a TTL of %lld s, but a failover may take %lld ms (max_outage_ms): resolvers "
	       "query again meanwhile and get no answer; a longer TTL hides the failover",
	       d->query, (long long)ttl_s, (long long)outage_ms);
}

/* server: the one that loads the zone; -1: unknown. */
static void check_zone(struct dns *d, int server, const char *name, const struct written_file *file)
{
	struct zone_answer answer;

	if (file->partial || has_placeholders(file->text)) {
		d->query_known |= has_name(d, name);
		report(d->findings, file->text, 0, SEVERITY_NOTE, "zone-unread",
		       "the zone %s is not checked, since a part of its file is known only in the "
		       "guest",
		       name);
		return;
	}
	size_t before = d->findings->n;
	zone_check(file->text, name, server == SERVER_KNOT, d->query, d->findings, &answer);
	if (before == d->findings->n && (server == SERVER_BIND || server < 0))
		tool_check_zone(name, file, d->findings);
	if (answer.query == ZONE_QUERY_ABSENT)
		query_absent(d, name, file);
	d->query_known |= has_name(d, name);
	check_ttl(d, answer.ttl_s, file);
}

static bool is_zone_of_a_conf(const struct dns *d, const struct written_file *file)
{
	for (size_t s = 0; s < DNS_SERVERS; s++)
		for (size_t i = 0; i < d->confs[s].n_zones; i++)
			if (streq(d->confs[s].zones[i].path, file->path))
				return true;
	return false;
}

/* "example.test" of "/var/lib/knot/example.test.zone", "db.example.test"; NULL: none. */
static char *zone_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	cleanup_free char *name = NULL;

	if (str_ends(base, ".zone"))
		name = xstrndup(base, strlen(base) - strlen(".zone"));
	else if (str_starts(base, "db."))
		name = xstrdup(base + strlen("db."));
	if (!name || !strchr(name, '.') || strspn(name, "0123456789.") == strlen(name))
		return NULL;
	return steal_ptr(name);
}

static void check_zones(struct dns *d)
{
	for (size_t s = 0; s < DNS_SERVERS; s++)
		for (size_t i = 0; i < d->confs[s].n_zones; i++) {
			const struct dns_zone *zone = &d->confs[s].zones[i];
			const struct written_file *file = file_of(d, zone);

			if (file && !zone->secondary)
				check_zone(d, (int)s, zone->name.text, file);
			else
				d->query_known |= has_name(d, zone->name.text);
		}
	for (size_t i = 0; i < d->group->guest.n_written; i++) {
		const struct written_file *file = &d->group->guest.written[i];
		cleanup_free char *name = zone_of_path(file->path);

		if (name && !is_zone_of_a_conf(d, file))
			check_zone(d, -1, name, file);
	}
}

/* ---- the configuration ---- */

static void check_listens(struct dns *d, const struct dns_conf *conf)
{
	static const struct ip_addr none4 = {.version = 4}, none6 = {.version = 6};

	for (size_t i = 0; i < conf->n_listens && !conf->binds_freely; i++) {
		const struct dns_word *w = &conf->listens[i];
		struct ip_addr address;
		bool unknown;

		if (!ip_parse(w->text, &address) || ip_is_loopback(&address) ||
		    ip_equal(&address, &none4) || ip_equal(&address, &none6) ||
		    ip_is_link_local(&address))
			continue;
		if (!vm_group_has_address(d->group, &address, &unknown) && !unknown)
			report_at(d, w, SEVERITY_WARNING, "dns-listen",
				  "%s listens on %s, which no interface of the guest has: it "
				  "cannot bind to it and does not answer there; correct the "
				  "address, or listen on 0.0.0.0 and ::",
				  dns_server_name(conf->server), w->text);
	}
}

static bool only_loopback(const struct dns_conf *conf)
{
	for (size_t i = 0; i < conf->n_listens; i++) {
		struct ip_addr address;

		if (!ip_parse(conf->listens[i].text, &address) || !ip_is_loopback(&address))
			return false;
	}
	/* without a statement Unbound listens on loopback, the others on all addresses */
	return conf->n_listens > 0 || conf->server == SERVER_UNBOUND;
}

static void check_conf(struct dns *d, const struct dns_conf *conf)
{
	if (!conf->file)
		return;
	tool_check_conf(conf, &d->group->guest, d->findings);
	check_listens(d, conf);
	if (conf->open.text && !only_loopback(conf))
		report_at(d, &conf->open, SEVERITY_WARNING, "dns-open-resolver",
			  "%s is an open resolver (%s): any host that reaches it can use it to "
			  "amplify attacks (RFC 5358); allow the clients' networks only",
			  dns_server_name(conf->server), conf->open.text);
}

/* dns_query is in none of the zones, and all zones are known. */
static void check_query(struct dns *d)
{
	const struct dns_conf *conf = &d->confs[SERVER_KNOT];

	if (!conf->file)
		conf = &d->confs[SERVER_NSD];
	if (!d->query || d->query_known || !conf->file || conf->partial || conf->n_zones == 0 ||
	    d->confs[SERVER_UNBOUND].file || d->confs[SERVER_BIND].file)
		return;
	report(d->findings, conf->file->text, conf->zones[0].name.line, SEVERITY_WARNING,
	       "zone-query",
	       "%s has no zone for %s, which deploy, verify and drill query (dns_query): the "
	       "answer is REFUSED; add the zone, or correct dns_query",
	       dns_server_name(conf->server), d->query);
}

void dns_check(const struct deployment *deployment, const struct vm_group *group,
	       struct findings *findings)
{
	struct dns d = {.deployment = deployment, .group = group, .findings = findings};
	const char *query = service_query_name(deployment, group);

	d.query = streq(query, ".") ? NULL : query;
	for (size_t s = 0; s < DNS_SERVERS; s++)
		dns_conf_read((enum dns_server)s, &group->guest, &d.confs[s]);
	for (size_t s = 0; s < DNS_SERVERS; s++)
		check_conf(&d, &d.confs[s]);
	check_zones(&d);
	check_query(&d);
	for (size_t s = 0; s < DNS_SERVERS; s++)
		dns_conf_clear(&d.confs[s]);
}
