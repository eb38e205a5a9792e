// SPDX-License-Identifier: Apache-2.0
/* What follows from a plan: reverse zones, records, pools, and the servers' configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/json_read.h"
#include "base/str.h"
#include "base/text.h"
#include "ddi/derive.h"
#include "ddi/generate.h"
#include "ddi/plan.h"
#include "ddi/read.h"
#include "ddi/reverse.h"

#define KEYS                                                              \
	"keys:\n"                                                         \
	"  xfr: {algorithm: hmac-sha256, secret: AAECAwQFBgcICQoLDA0O}\n" \
	"  d2: {algorithm: hmac-sha512, secret: AAECAwQFBgcICQoLDA0O}\n"
#define ONE "version: 1\nmembers:\n  dns1: {auth: 172.16.1.10, cache: 172.16.1.20}\n"
#define TWO ONE "  dns2: {auth: 172.16.1.11, cache: 172.16.1.21}\n" KEYS
#define ZONES                        \
	"zones:\n"                   \
	"- name: example.test\n"     \
	"- name: dyn.example.test\n" \
	"  dynamic: true\n"

struct fixture {
	struct ddi_plan *plan;
	struct ddi_derived derived;
};

static struct fixture read_plan(const char *yaml)
{
	struct ddi_source source = {.variables_unknown = true};
	cleanup_findings struct findings findings = {0};
	cleanup_text struct text text = {0};
	struct fixture f = {0};

	text_init(&text, "ddi.yaml", yaml, strlen(yaml), 1);
	ddi_read(&text, &source, &f.plan, &findings);
	for (size_t i = 0; i < findings.n; i++)
		print_message("%u: %s\n", findings.v[i].line, findings.v[i].text);
	assert_int_equal(findings_count(&findings, SEVERITY_ERROR), 0);
	ddi_derive(f.plan, &f.derived);
	return f;
}

static void fixture_clear(struct fixture *f)
{
	ddi_derived_clear(&f->derived);
	ddi_plan_free(f->plan);
}

#define FIXTURE(yaml) __attribute__((__cleanup__(fixture_clear))) struct fixture f = read_plan(yaml)

static const struct ddi_auth_zone *zone_named(const struct fixture *f, const char *name)
{
	return array_find(f->derived.zones, f->derived.n_zones, streq(it->name, name));
}

/* ---- names ---- */

static const struct {
	const char *prefix, *first, *last;
	size_t n;
} boundaries[] = {
	{"0.0.0.0/0", "0.in-addr.arpa", "255.in-addr.arpa", 256},
	{"10.0.0.0/8", "10.in-addr.arpa", "10.in-addr.arpa", 1},
	{"10.128.0.0/9", "128.10.in-addr.arpa", "255.10.in-addr.arpa", 128},
	{"172.16.0.0/12", "16.172.in-addr.arpa", "31.172.in-addr.arpa", 16},
	{"10.64.0.0/14", "64.10.in-addr.arpa", "67.10.in-addr.arpa", 4},
	{"10.64.0.0/16", "64.10.in-addr.arpa", "64.10.in-addr.arpa", 1},
	{"192.0.2.0/23", "2.0.192.in-addr.arpa", "3.0.192.in-addr.arpa", 2},
	{"192.0.2.0/24", "2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa", 1},
	{"192.0.2.0/25", "0-25.2.0.192.in-addr.arpa", "0-25.2.0.192.in-addr.arpa", 1},
	{"192.0.2.77/26", "64-26.2.0.192.in-addr.arpa", "64-26.2.0.192.in-addr.arpa", 1},
	{"192.0.2.5/32", "5-32.2.0.192.in-addr.arpa", "5-32.2.0.192.in-addr.arpa", 1},
	{"192.168.5.64/26", "5.168.192.in-addr.arpa", "5.168.192.in-addr.arpa", 1},
	{"100.64.3.0/30", "3.64.100.in-addr.arpa", "3.64.100.in-addr.arpa", 1},
	{"::/0", "0.ip6.arpa", "f.ip6.arpa", 16},
	{"2001:db8::/32", "8.b.d.0.1.0.0.2.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", 1},
	{"2001:db8::/29", "8.b.d.0.1.0.0.2.ip6.arpa", "f.b.d.0.1.0.0.2.ip6.arpa", 8},
	{"2001:db8:40::/42", "4.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "7.0.0.8.b.d.0.1.0.0.2.ip6.arpa", 4},
	{"2001:db8:64::/48", "4.6.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "4.6.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
	 1},
	{"2001:db8:0:8::/63", "8.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
	 "9.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", 2},
};

static void reverse_zones_are_at_boundaries(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(boundaries); i++) {
		char name[REVERSE_NAME_SIZE];
		struct ip_prefix prefix, part, parsed;

		assert_true(ip_prefix_parse(boundaries[i].prefix, &prefix));
		assert_int_equal(reverse_zone_count(&prefix), boundaries[i].n);
		reverse_zone(&prefix, 0, name, &part);
		assert_string_equal(name, boundaries[i].first);
		if (reverse_is_classless(&prefix))
			assert_false(reverse_zone_parse(name, &parsed));
		else
			assert_true(reverse_zone_parse(name, &parsed) && parsed.len == part.len &&
				    ip_equal(&parsed.addr, &part.addr));
		reverse_zone(&prefix, boundaries[i].n - 1, name, &part);
		assert_string_equal(name, boundaries[i].last);
	}
}

static void ptr_names(void **state)
{
	char name[REVERSE_NAME_SIZE];
	struct ip_addr ip;

	(void)state;
	assert_true(ip_parse("10.64.0.7", &ip));
	assert_string_equal(reverse_ptr_name(&ip, name), "7.0.64.10.in-addr.arpa");
	assert_true(ip_parse("2001:db8::a7", &ip));
	assert_string_equal(reverse_ptr_name(&ip, name),
			    "7.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
			    "ip6.arpa");
}

static void other_names_are_no_reverse_zones(void **state)
{
	static const char *const names[] = {"example.test",     "in-addr.arpa",
					    "256.in-addr.arpa", "1.2.3.4.5.in-addr.arpa",
					    "01.in-addr.arpa",  "g.ip6.arpa",
					    "10.ip6.arpa",      "a..ip6.arpa",
					    "xin-addr.arpa",    "64-26.2.0.192.in-addr.arpa"};
	struct ip_prefix part;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_false(reverse_zone_parse(names[i], &part));
}

/* ---- zones ---- */

static void assert_zones(const struct fixture *f, const char *expected)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < f->derived.n_zones; i++)
		strbuf_addf(&b, "%s%s%s", i ? " " : "", f->derived.zones[i].name,
			    f->derived.zones[i].dynamic ? "*" : "");
	cleanup_free char *text = strbuf_steal(&b);
	assert_string_equal(text, expected);
}

static void a_network_inside_another_ones_zone_has_none(void **state)
{
	(void)state;
	FIXTURE(ONE ZONES "networks:\n"
			  "- prefix: 10.64.5.0/24\n"
			  "- prefix: 10.64.0.0/22\n"
			  "- prefix: 10.1.2.0/24\n"
			  "- prefix: 10.64.0.0/16\n"
			  "reverse: auto\n");
	assert_zones(&f, "example.test dyn.example.test* 2.1.10.in-addr.arpa 64.10.in-addr.arpa");
}

static void a_listed_reverse_zone_takes_the_place(void **state)
{
	(void)state;
	FIXTURE(ONE "zones:\n"
		    "- name: 10.in-addr.arpa\n"
		    "- name: 64-26.2.0.192.in-addr.arpa\n"
		    "networks:\n"
		    "- prefix: 10.64.0.0/16\n"
		    "- prefix: 192.0.2.64/26\n"
		    "  hosts: [{address: 192.0.2.65, name: a.example.org}]\n"
		    "reverse: auto\n");
	assert_zones(&f, "10.in-addr.arpa 64-26.2.0.192.in-addr.arpa");
	cleanup_free char *text = ddi_zone_text(&f.derived, &f.derived.zones[1]);
	assert_non_null(strstr(text, "\n65 PTR a.example.org.\n"));
}

static void zones_of_named_leases_are_dynamic(void **state)
{
	(void)state;
	FIXTURE(ONE ZONES
		"networks:\n"
		"- {prefix: 10.1.0.0/24, pools: [10.1.0.8-10.1.0.9], domain: dyn.example.test}\n"
		"- {prefix: 10.2.0.0/24, pools: [10.2.0.8-10.2.0.9]}\n"
		"- {prefix: 10.3.0.0/24, domain: dyn.example.test}\n"
		"- {prefix: 192.0.2.0/25, pools: [192.0.2.8-192.0.2.9], domain: dyn.example.test}\n"
		"- {prefix: 10.4.0.0/24, pools: [10.4.0.8-10.4.0.9], domain: example.test}\n"
		"reverse: auto\n");
	assert_zones(&f, "example.test dyn.example.test* 0.1.10.in-addr.arpa* 0.2.10.in-addr.arpa "
			 "0.3.10.in-addr.arpa 0.4.10.in-addr.arpa 0-25.2.0.192.in-addr.arpa");
}

static void without_reverse_there_are_none(void **state)
{
	(void)state;
	FIXTURE(ONE ZONES "networks:\n- prefix: 10.64.0.0/16\nreverse: none\n");
	assert_zones(&f, "example.test dyn.example.test*");
}

#define RECORDS                                                                                 \
	TWO ZONES "networks:\n"                                                                 \
		  "- prefix: 10.64.0.0/16\n"                                                    \
		  "  domain: dyn.example.test\n"                                                \
		  "  reserve:\n"                                                                \
		  "  - {mac: 00:0c:01:02:03:04, address: 10.64.0.10, name: cmts1}\n"            \
		  "  - {mac: 00:0c:01:02:03:05, address: 10.64.0.11, name: nas.example.test}\n" \
		  "  hosts:\n"                                                                  \
		  "  - {address: 10.64.0.1, name: gw.example.test}\n"                           \
		  "  - {address: 10.64.0.1, name: alias.example.test}\n"                        \
		  "  - {address: 10.64.0.2, name: far.example.org}\n"                           \
		  "reverse: auto\n"

static void zone_files(void **state)
{
	(void)state;
	FIXTURE(RECORDS);
	/* cmts1 is DHCP's to enter */
	cleanup_free char *forward = ddi_zone_text(&f.derived, zone_named(&f, "example.test"));
	assert_string_equal(forward, "$ORIGIN example.test.\n"
				     "$TTL 3600\n"
				     "@ SOA dns1.example.test. hostmaster.example.test. 1 3600 600 "
				     "1209600 300\n"
				     "@ NS dns1.example.test.\n"
				     "@ NS dns2.example.test.\n"
				     "alias A 10.64.0.1\n"
				     "dns1 A 172.16.1.10\n"
				     "dns2 A 172.16.1.11\n"
				     "gw A 10.64.0.1\n"
				     "nas A 10.64.0.11\n"
				     "dyn NS dns1.example.test.\n"
				     "dyn NS dns2.example.test.\n");
	/* one PTR record an address, the first; also for names of others' zones */
	cleanup_free char *reverse =
		ddi_zone_text(&f.derived, zone_named(&f, "64.10.in-addr.arpa"));
	assert_string_equal(reverse, "$ORIGIN 64.10.in-addr.arpa.\n"
				     "$TTL 300\n"
				     "@ SOA dns1.example.test. hostmaster.example.test. 1 3600 600 "
				     "1209600 60\n"
				     "@ NS dns1.example.test.\n"
				     "@ NS dns2.example.test.\n"
				     "1.0 PTR gw.example.test.\n"
				     "2.0 PTR far.example.org.\n"
				     "11.0 PTR nas.example.test.\n");
}

static void records_of_the_plan_may_have_soa_and_ns(void **state)
{
	(void)state;
	FIXTURE(ONE "zones:\n"
		    "- name: example.test\n"
		    "  records: |\n"
		    "    @ SOA a b 7 1 1 1 1\n"
		    "    @ NS a\n"
		    "    a A 192.0.2.1\n"
		    "- name: example.org\n"
		    "  records: |\n"
		    "    $ORIGIN sub\n"
		    "    @ NS a.example.com.\n");
	cleanup_free char *own = ddi_zone_text(&f.derived, &f.derived.zones[0]);
	assert_null(strstr(own, "hostmaster"));
	assert_null(strstr(own, "@ NS dns1"));
	assert_non_null(strstr(own, "a A 192.0.2.1\n$ORIGIN example.test.\n$TTL 3600\ndns1 A "));
	cleanup_free char *other = ddi_zone_text(&f.derived, &f.derived.zones[1]);
	assert_non_null(strstr(other, "@ SOA dns1.example.test. hostmaster.example.test. 1 "));
	assert_non_null(strstr(other, "@ NS dns1.example.test.\n$ORIGIN sub\n"));
}

/* ---- configuration ---- */

static char *text_of(const struct fixture *f, size_t member, const char *path)
{
	cleanup_ddi_files struct ddi_files files = {0};
	cleanup_err struct err err = ERR_INIT;

	assert_int_equal(
		ddi_generate(&f->derived, &f->plan->members[member], "bond0", &files, &err), 0);
	struct ddi_file *file = array_find(files.v, files.n, streq(it->path, path));
	return file ? xstrdup(file->text) : NULL;
}

static void assert_part(const struct fixture *f, size_t member, const char *path, const char *part,
			bool has)
{
	cleanup_free char *text = text_of(f, member, path);

	assert_non_null(text);
	if ((strstr(text, part) != NULL) != has)
		fail_msg("%s %s \"%s\":\n%s", path, has ? "lacks" : "has", part, text);
}

#define KNOT                      "/etc/knot/knot.conf"
#define UNBOUND                   "/etc/unbound/unbound.conf"
#define has(member, path, part)   assert_part(&f, member, path, part, true)
#define lacks(member, path, part) assert_part(&f, member, path, part, false)

static void zones_of_a_pair(void **state)
{
	(void)state;
	FIXTURE(TWO "zones:\n"
		    "- {name: a.test, dnssec: ed25519, transfer: [198.51.100.53]}\n"
		    "- {name: b.test, primary: dns2, serial: increment}\n");
	has(0, KNOT, "    listen: [ 172.16.1.10@53 ]\n");
	has(0, KNOT,
	    "  - domain: \"a.test.\"\n"
	    "    acl: [ peers, \"transfer-a.test\" ]\n"
	    "    notify: [ \"dns2\" ]\n"
	    "    dnssec-signing: on\n"
	    "    dnssec-policy: ed25519\n"
	    "    catalog-role: member\n"
	    "    catalog-zone: \"dns1.catalog.invalid.\"\n"
	    "    catalog-group: \"a.test\"\n");
	has(0, KNOT,
	    "  - domain: \"dns2.catalog.invalid.\"\n"
	    "    template: \"from-dns2\"\n"
	    "    catalog-role: interpret\n"
	    "    catalog-template: [ \"from-dns2\" ]\n");
	lacks(0, KNOT, "domain: \"b.test.\"");
	has(1, KNOT,
	    "  - domain: \"b.test.\"\n"
	    "    acl: [ peers ]\n"
	    "    notify: [ \"dns1\" ]\n"
	    "    serial-policy: increment\n");
	has(1, KNOT, "    catalog-template: [ \"from-dns1\", \"a.test\" ]\n");
	has(1, KNOT, "  - id: \"peers\"\n    key: \"xfr\"\n    action: [ transfer, notify ]\n");
	has(1, KNOT,
	    "  - id: \"dns1\"\n"
	    "    address: [ 172.16.1.10@53 ]\n"
	    "    via: [ 172.16.1.11 ]\n"
	    "    key: \"xfr\"\n");
	lacks(1, KNOT, "policy:\n");
}

static void without_keys_addresses_decide(void **state)
{
	(void)state;
	FIXTURE(ONE "  dns2: {auth: 172.16.1.11}\n" ZONES);
	has(0, KNOT, "  - id: \"peers\"\n    address: [ 172.16.1.11 ]\n");
	has(0, KNOT, "  - id: \"update\"\n    address: [ 172.16.1.10, 172.16.1.11 ]\n");
	lacks(0, KNOT, "key");
}

static void a_member_alone_has_no_catalog(void **state)
{
	(void)state;
	FIXTURE(ONE ZONES "rrl: {per_second: 5, slip: 3}\n");
	lacks(0, KNOT, "catalog");
	lacks(0, KNOT, "remote:");
	has(0, KNOT, "    rate-limit: 5\n    slip: 3\n    whitelist: [ 172.16.1.10 ]\n");
	has(0, KNOT, "    global-module: mod-rrl/limits\n");
}

#define CACHE "cache:\n  clients: [10.64.0.0/16]\n"

static void caching(void **state)
{
	(void)state;
	FIXTURE(TWO ZONES CACHE "  dns64: \"64:ff9b::/96\"\n"
				"  forward: {corp.example: [192.0.2.1], .: [192.0.2.2]}\n"
				"  serve_expired: 60\n"
				"  ratelimit: {per_client: 7}\n");
	has(1, UNBOUND,
	    "    interface: 172.16.1.21@53\n"
	    "    access-control: 10.64.0.0/16 allow\n"
	    "    module-config: \"dns64 validator iterator\"\n"
	    "    dns64-prefix: 64:ff9b::/96\n");
	has(1, UNBOUND,
	    "    local-zone: \"dyn.example.test.\" transparent\n"
	    "    domain-insecure: \"dyn.example.test.\"\n");
	/* its own authoritative service first */
	has(1, UNBOUND,
	    "stub-zone:\n"
	    "    name: \"example.test.\"\n"
	    "    stub-addr: 172.16.1.11@53\n"
	    "    stub-addr: 172.16.1.10@53\n");
	has(1, UNBOUND,
	    "forward-zone:\n    name: \"corp.example.\"\n    forward-addr: 192.0.2.1\n");
	has(1, UNBOUND, "forward-zone:\n    name: \".\"\n    forward-addr: 192.0.2.2\n");
	has(1, UNBOUND, "    domain-insecure: \"corp.example.\"\n");
	lacks(1, UNBOUND, "domain-insecure: \".\"");
	has(1, UNBOUND, "    serve-expired-ttl: 60\n");
	has(1, UNBOUND, "    ip-ratelimit: 7\n");
}

static void policy_zones_with_a_key_come_by_knot(void **state)
{
	(void)state;
	FIXTURE(TWO ZONES CACHE "  rpz:\n"
				"  - {zone: open.example, from: 192.0.2.9}\n"
				"  - {zone: keyed.example, from: 192.0.2.9, key: xfr}\n");
	has(0, UNBOUND, "    module-config: \"respip validator iterator\"\n");
	has(0, UNBOUND,
	    "    name: \"open.example.\"\n"
	    "    zonefile: \"/var/lib/unbound/rpz.open.example\"\n"
	    "    primary: 192.0.2.9\n");
	has(0, UNBOUND,
	    "    zonefile: \"/var/lib/unbound/rpz.keyed.example\"\n"
	    "    primary: 172.16.1.10@53\n");
	has(0, KNOT,
	    "  - domain: \"keyed.example.\"\n"
	    "    master: \"keyed.example\"\n"
	    "    acl: cache\n"
	    "    module: mod-queryacl/cache\n");
	has(0, KNOT, "mod-queryacl:\n  - id: cache\n    address: [ 172.16.1.10, 172.16.1.20 ]\n");
	lacks(0, KNOT, "open.example");
}

static void hybrid(void **state)
{
	(void)state;
	FIXTURE(TWO ZONES CACHE "  hybrid: true\n");
	has(0, KNOT, "    listen: [ 172.16.1.10@5300 ]\n");
	has(0, KNOT, "    address: [ 172.16.1.11@5300 ]\n");
	has(0, UNBOUND, "    interface: 172.16.1.10@53\n");
	has(0, UNBOUND, "    stub-addr: 172.16.1.10@5300\n");
}

static void encrypted_resolvers(void **state)
{
	(void)state;
	FIXTURE(ONE ZONES CACHE
		"  tls: {certificate: /etc/ssl/a.pem, key: /etc/ssl/a.key, doh: true}\n");
	has(0, UNBOUND, "    interface: 172.16.1.20@853\n    interface: 172.16.1.20@443\n");
	has(0, UNBOUND,
	    "    tls-service-pem: \"/etc/ssl/a.pem\"\n"
	    "    tls-service-key: \"/etc/ssl/a.key\"\n");
}

static void a_string_that_ends_a_quote_is_refused(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_ddi_files struct ddi_files files = {0};
	FIXTURE(ONE ZONES CACHE "  tls: {certificate: '/etc/ssl/a\".pem', key: /etc/ssl/a.key}\n");
	assert_int_equal(ddi_generate(&f.derived, f.plan->members, "bond0", &files, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/etc/ssl/a\".pem"));
}

static void a_key_without_secret_is_refused(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_ddi_files struct ddi_files files = {0};
	FIXTURE(ONE "keys:\n  d2: {algorithm: hmac-sha256, secret: ${D2}}\n" ZONES);
	assert_int_equal(ddi_generate(&f.derived, f.plan->members, "bond0", &files, &err), -EINVAL);
	assert_string_equal(err.text, "key \"d2\" has no secret: its variable has no value here");
	assert_int_equal(files.n, 0);
}

/* ---- Kea ---- */

/* Of subnet4, subnet6: number i. */
static json_t *subnet_of(const struct fixture *f, size_t member, int version, size_t i,
			 json_t **ret_root)
{
	cleanup_free char *path = xasprintf("/etc/kea/kea-dhcp%d.conf", version);
	cleanup_free char *text = text_of(f, member, path);
	cleanup_err struct err err = ERR_INIT;

	assert_non_null(text);
	assert_int_equal(json_parse_document(text, strlen(text), path, ret_root, &err), 0);
	json_t *top = json_object_get(*ret_root, version == 4 ? "Dhcp4" : "Dhcp6");
	json_t *subnet =
		json_array_get(json_object_get(top, version == 4 ? "subnet4" : "subnet6"), i);
	assert_non_null(subnet);
	return subnet;
}

static void assert_pools(const char *network, int version, const char *expected)
{
	cleanup_free char *yaml =
		xasprintf(ONE "  dns2: {auth: 10.1.0.200}\nnetworks:\n- %s\n", network);
	cleanup_json json_t *root = NULL;
	struct strbuf b = {0};

	FIXTURE(yaml);
	json_for_each (pool, json_object_get(subnet_of(&f, 0, version, 0, &root), "pools"))
		strbuf_addf(&b, "%s%s", b.len ? " " : "",
			    json_string_value(json_object_get(pool, "pool")));
	cleanup_free char *text = strbuf_steal(&b);
	assert_string_equal(text, expected);
}

static void pools_are_cut(void **state)
{
	(void)state;
	assert_pools("{prefix: 10.1.0.0/24, pools: [10.1.0.0/24]}", 4,
		     "10.1.0.1-10.1.0.199 10.1.0.201-10.1.0.254");
	assert_pools("{prefix: 10.1.0.0/24, gateway: 10.1.0.9, relay: [10.1.0.12], "
		     "pools: [10.1.0.8-10.1.0.12]}",
		     4, "10.1.0.8-10.1.0.8 10.1.0.10-10.1.0.11");
	assert_pools("{prefix: 10.1.0.0/24, pools: [10.1.0.8-10.1.0.12, 10.1.0.4-10.1.0.7], "
		     "exclude: [10.1.0.6-10.1.0.9]}",
		     4, "10.1.0.4-10.1.0.5 10.1.0.10-10.1.0.12");
	assert_pools("{prefix: 10.1.0.0/24, pools: [10.1.0.8-10.1.0.12], exclude: "
		     "[10.1.0.0-10.1.0.9, 10.1.0.11-10.1.0.255]}",
		     4, "10.1.0.10-10.1.0.10");
	assert_pools("{prefix: 10.1.0.0/24, pools: [10.1.0.8-10.1.0.12], "
		     "reserve: [{mac: 00:00:00:00:00:01, address: 10.1.0.12}], "
		     "hosts: [{address: 10.1.0.8, name: a.test}]}",
		     4, "10.1.0.9-10.1.0.11");
	assert_pools("{prefix: 10.1.0.0/24, pools: [10.1.0.8-10.1.0.12], "
		     "exclude: [10.1.0.8-10.1.0.12]}",
		     4, "");
	assert_pools("{prefix: 255.255.255.0/24, pools: [255.255.255.250-255.255.255.255], "
		     "exclude: [255.255.255.252-255.255.255.255]}",
		     4, "255.255.255.250-255.255.255.251");
	/* the routers' anycast address of a subnet */
	assert_pools("{prefix: '2001:db8::/48', pools: ['2001:db8:0:1::/64']}", 6,
		     "2001:db8:0:1::1-2001:db8:0:1:ffff:ffff:ffff:ffff");
	assert_pools("{prefix: '2001:db8::/64', pools: ['2001:db8::-2001:db8::9']}", 6,
		     "2001:db8::1-2001:db8::9");
}

static void identifiers_depend_on_the_prefix_alone(void **state)
{
	(void)state;
	cleanup_json json_t *root = NULL, *again = NULL;
	FIXTURE(ONE "networks:\n- {prefix: 10.1.0.0/24, pools: [10.1.0.8/29]}\n");
	__attribute__((__cleanup__(fixture_clear))) struct fixture g =
		read_plan(ONE "networks:\n"
			      "- {prefix: 10.0.0.0/24, pools: [10.0.0.8/29], relay: [10.0.0.1]}\n"
			      "- {prefix: 10.1.0.0/24, pools: [10.1.0.8/29], relay: [10.1.0.1]}\n");
	json_t *a = json_object_get(subnet_of(&f, 0, 4, 0, &root), "id");
	json_t *b = json_object_get(subnet_of(&g, 0, 4, 1, &again), "id");
	assert_int_equal(json_integer_value(a), json_integer_value(b));
}

static void networks_of_one_relay_are_shared(void **state)
{
	(void)state;
	FIXTURE(ONE "networks:\n"
		    "- {prefix: 10.0.0.0/24, pools: [10.0.0.8/29], relay: [192.0.2.1]}\n"
		    "- {prefix: 10.1.0.0/24, pools: [10.1.0.8/29], relay: [192.0.2.2]}\n"
		    "- {prefix: 10.2.0.0/24, pools: [10.2.0.8/29], relay: [192.0.2.1]}\n");
	cleanup_json json_t *root = NULL;
	json_t *alone = subnet_of(&f, 0, 4, 0, &root);
	json_t *top = json_object_get(root, "Dhcp4");
	json_t *shared = json_array_get(json_object_get(top, "shared-networks"), 0);

	assert_string_equal(json_string_value(json_object_get(alone, "subnet")), "10.1.0.0/24");
	assert_int_equal(json_array_size(json_object_get(top, "subnet4")), 1);
	assert_string_equal(json_string_value(json_object_get(shared, "name")),
			    "relay of 10.0.0.0/24");
	assert_int_equal(json_array_size(json_object_get(shared, "subnet4")), 2);
}

static void sockets_by_where_clients_are(void **state)
{
	(void)state;
	FIXTURE(ONE "networks:\n- {prefix: 10.1.0.0/24, pools: [10.1.0.8/29]}\n"
		    "- {prefix: 10.0.0.0/24, pools: [10.0.0.8/29], relay: [192.0.2.1]}\n");
	has(0, "/etc/kea/kea-dhcp4.conf", "\"dhcp-socket-type\": \"raw\"");
	has(0, "/etc/kea/kea-dhcp4.conf", "\"interface\": \"bond0\"");
	has(0, "/etc/kea/kea-dhcp4.conf", "\"bond0/172.16.1.10\"");
	__attribute__((__cleanup__(fixture_clear))) struct fixture relayed = read_plan(
		ONE "networks:\n"
		    "- {prefix: 10.0.0.0/24, pools: [10.0.0.8/29], relay: [192.0.2.1]}\n");
	assert_part(&relayed, 0, "/etc/kea/kea-dhcp4.conf", "\"dhcp-socket-type\": \"udp\"", true);
	cleanup_free char *v6 = text_of(&relayed, 0, "/etc/kea/kea-dhcp6.conf");
	cleanup_free char *updates = text_of(&relayed, 0, "/etc/kea/kea-dhcp-ddns.conf");
	assert_null(v6);
	assert_null(updates);
}

#define LEASES "networks:\n- {prefix: 10.1.0.0/24, pools: [10.1.0.8-10.1.0.17]}\n"
#define PREFIXES                      \
	"networks:\n"                 \
	"- prefix: '2001:db8::/64'\n" \
	"  delegate: {prefix: '2001:db8:6400::/40', length: 56}\n"

static void only_a_pair_leases_on_two_servers(void **state)
{
	(void)state;
	FIXTURE(TWO LEASES);
	cleanup_free char *second = text_of(&f, 1, "/etc/kea/kea-dhcp4.conf");
	assert_null(second);
	lacks(0, "/etc/kea/kea-dhcp4.conf", "libdhcp_ha.so");
	__attribute__((__cleanup__(fixture_clear))) struct fixture pair =
		read_plan(TWO LEASES "dhcp: {mode: hot-standby, primary: dns2}\n");
	assert_part(&pair, 0, "/etc/kea/kea-dhcp4.conf", "\"this-server-name\": \"dns1\"", true);
	assert_part(&pair, 1, "/etc/kea/kea-dhcp4.conf", "\"max-unacked-clients\": 3", true);
	assert_part(&pair, 1, "/etc/kea/kea-dhcp4.conf",
		    "\"url\": \"http://172.16.1.11:8001/\",\n         \"role\": \"primary\"", true);
}

static void each_server_of_a_balanced_pair_has_its_half(void **state)
{
	(void)state;
	cleanup_json json_t *root = NULL;
	FIXTURE(TWO LEASES "dhcp: {mode: load-balancing}\n");
	json_t *pools = json_object_get(subnet_of(&f, 1, 4, 0, &root), "pools");
	cleanup_free char *text = json_dumps(pools, JSON_COMPACT);
	assert_string_equal(text,
			    "[{\"pool\":\"10.1.0.8-10.1.0.12\",\"client-class\":\"HA_dns1\"},"
			    "{\"pool\":\"10.1.0.13-10.1.0.17\",\"client-class\":\"HA_dns2\"}]");
	__attribute__((__cleanup__(fixture_clear))) struct fixture g =
		read_plan(TWO PREFIXES "dhcp: {mode: load-balancing}\n");
	cleanup_json json_t *six = NULL;
	json_t *delegated = json_object_get(subnet_of(&g, 0, 6, 0, &six), "pd-pools");
	cleanup_free char *halves = json_dumps(delegated, JSON_COMPACT);
	assert_string_equal(
		halves, "[{\"prefix\":\"2001:db8:6400::\",\"prefix-len\":41,\"delegated-len\":56,"
			"\"client-class\":\"HA_dns1\"},"
			"{\"prefix\":\"2001:db8:6480::\",\"prefix-len\":41,\"delegated-len\":56,"
			"\"client-class\":\"HA_dns2\"}]");
}

static void reservations(void **state)
{
	(void)state;
	cleanup_json json_t *root = NULL, *six = NULL;
	FIXTURE(ONE
		"networks:\n"
		"- prefix: 10.1.0.0/24\n"
		"  reserve: [{mac: 00-0C-01-02-03-04, address: 10.1.0.8, name: a}]\n"
		"- prefix: '2001:db8::/64'\n"
		"  delegate: {prefix: '2001:db8:6400::/40', length: 56}\n"
		"  reserve:\n"
		"  - {duid: '00:01:ab', address: '2001:db8::8', prefix: '2001:db8:6400::/56'}\n");
	cleanup_free char *v4 =
		json_dumps(json_object_get(subnet_of(&f, 0, 4, 0, &root), "reservations"), 0);
	assert_string_equal(v4, "[{\"hw-address\": \"00:0c:01:02:03:04\", \"ip-address\": "
				"\"10.1.0.8\", \"hostname\": \"a\"}]");
	json_t *subnet = subnet_of(&f, 0, 6, 0, &six);
	cleanup_free char *v6 = json_dumps(json_object_get(subnet, "reservations"), 0);
	assert_string_equal(v6, "[{\"duid\": \"00:01:ab\", \"ip-addresses\": [\"2001:db8::8\"], "
				"\"prefixes\": [\"2001:db8:6400::/56\"]}]");
	/* so that Kea gives the reserved prefix to nobody else */
	assert_true(json_is_false(json_object_get(subnet, "reservations-out-of-pool")));
	has(0, "/etc/kea/kea-dhcp6.conf", "\"host-reservation-identifiers\": [\n   \"duid\"\n  ]");
}

static void updates_go_to_the_zones_primary(void **state)
{
	(void)state;
	FIXTURE(TWO "zones:\n"
		    "- {name: example.test}\n"
		    "- {name: dyn.example.test, dynamic: true, primary: dns2}\n"
		    "networks:\n"
		    "- {prefix: 10.1.0.0/24, pools: [10.1.0.8/29], domain: a.dyn.example.test}\n"
		    "reverse: auto\n");
	cleanup_free char *text = text_of(&f, 0, "/etc/kea/kea-dhcp-ddns.conf");
	const char *forward = strstr(text, "\"dyn.example.test.\"");
	const char *reverse = strstr(text, "\"0.1.10.in-addr.arpa.\"");

	assert_true(forward && reverse && forward < reverse);
	assert_true(strstr(forward, "172.16.1.11") < reverse);
	assert_non_null(strstr(reverse, "172.16.1.10"));
	assert_non_null(strstr(text, "\"HMAC-SHA512\""));
	has(0, "/etc/kea/kea-dhcp4.conf", "\"ddns-qualifying-suffix\": \"a.dyn.example.test\"");
	has(1, KNOT, "    acl: [ peers, update ]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reverse_zones_are_at_boundaries),
		cmocka_unit_test(ptr_names),
		cmocka_unit_test(other_names_are_no_reverse_zones),
		cmocka_unit_test(a_network_inside_another_ones_zone_has_none),
		cmocka_unit_test(a_listed_reverse_zone_takes_the_place),
		cmocka_unit_test(zones_of_named_leases_are_dynamic),
		cmocka_unit_test(without_reverse_there_are_none),
		cmocka_unit_test(zone_files),
		cmocka_unit_test(records_of_the_plan_may_have_soa_and_ns),
		cmocka_unit_test(zones_of_a_pair),
		cmocka_unit_test(without_keys_addresses_decide),
		cmocka_unit_test(a_member_alone_has_no_catalog),
		cmocka_unit_test(caching),
		cmocka_unit_test(policy_zones_with_a_key_come_by_knot),
		cmocka_unit_test(hybrid),
		cmocka_unit_test(encrypted_resolvers),
		cmocka_unit_test(a_string_that_ends_a_quote_is_refused),
		cmocka_unit_test(a_key_without_secret_is_refused),
		cmocka_unit_test(pools_are_cut),
		cmocka_unit_test(identifiers_depend_on_the_prefix_alone),
		cmocka_unit_test(networks_of_one_relay_are_shared),
		cmocka_unit_test(sockets_by_where_clients_are),
		cmocka_unit_test(only_a_pair_leases_on_two_servers),
		cmocka_unit_test(each_server_of_a_balanced_pair_has_its_half),
		cmocka_unit_test(reservations),
		cmocka_unit_test(updates_go_to_the_zones_primary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
