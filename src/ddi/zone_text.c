// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/str.h"
#include "base/text.h"
#include "ddi/derive.h"
#include "ddi/generate.h"
#include "ddi/plan.h"
#include "ddi/reverse.h"
#include "dns/zone.h"

/* Seconds. A secondary serves two weeks without its primary. */
static const char times_static[] = "3600 600 1209600 300", times_dynamic[] = "3600 600 1209600 60";

/* The name relative to the zone: "www", "@"; absolute if it is not below. */
static void add_owner(struct strbuf *b, const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	if (streq(name, zone))
		strbuf_adds(b, "@");
	else if (n > z && str_ends(name, zone) && name[n - z - 1] == '.')
		strbuf_add(b, name, n - z - 1);
	else
		strbuf_addf(b, "%s.", name);
}

static void add_ns(struct strbuf *b, const struct ddi_derived *d, const char *zone,
		   const char *name)
{
	for (size_t i = 0; i < d->plan->n_members; i++)
		if (d->hosts[i] && ddi_has_auth(&d->plan->members[i])) {
			add_owner(b, name, zone);
			strbuf_addf(b, " NS %s.\n", d->hosts[i]);
		}
}

static void add_soa(struct strbuf *b, const struct ddi_derived *d, const struct ddi_auth_zone *zone)
{
	const char *host = zone->primary ? d->hosts[zone->primary - d->plan->members] : NULL;
	const char *domain = host ? strchr(host, '.') : NULL;

	strbuf_addf(b, "@ SOA %s. hostmaster.%s. 1 %s\n", host ? host : zone->name,
		    domain ? domain + 1 : zone->name, zone->dynamic ? times_dynamic : times_static);
}

/* The plan's records, after which the zone's own origin and TTL are restored. */
static void add_given(struct strbuf *b, const struct ddi_zone *of, const char *header)
{
	strbuf_add(b, of->records, of->records_len);
	if (of->records_len && of->records[of->records_len - 1] != '\n')
		strbuf_adds(b, "\n");
	strbuf_adds(b, header);
}

/* The owner of a PTR record: below a zone by RFC 2317 the last octet. */
static void add_ptr_owner(struct strbuf *b, const struct ddi_auth_zone *zone,
			  const struct ip_addr *ip)
{
	char name[REVERSE_NAME_SIZE];

	if (zone->classless)
		strbuf_addf(b, "%u", ip->bytes[3]);
	else
		add_owner(b, reverse_ptr_name(ip, name), zone->name);
}

static void add_record(struct strbuf *b, const struct ddi_derived *d,
		       const struct ddi_auth_zone *zone, const struct ddi_record *r)
{
	char address[IP_TEXT_SIZE];

	switch (r->type) {
	case DDI_RECORD_ADDRESS:
		add_owner(b, r->name, zone->name);
		strbuf_addf(b, " %s %s\n", r->address.version == 4 ? "A" : "AAAA",
			    ip_format(&r->address, address));
		break;
	case DDI_RECORD_DELEGATION:
		add_ns(b, d, zone->name, r->name);
		break;
	case DDI_RECORD_PTR:
		add_ptr_owner(b, zone, &r->address);
		strbuf_addf(b, " PTR %s.\n", r->name);
		break;
	}
}

/* The first record of a zone, of records that are grouped by zone. */
static size_t first_record(const struct ddi_derived *d, size_t zone)
{
	size_t low = 0, high = d->n_records;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->records[middle].zone < zone)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

char *ddi_zone_text(const struct ddi_derived *derived, const struct ddi_auth_zone *zone)
{
	size_t index = (size_t)(zone - derived->zones);
	const struct ddi_zone *of = zone->of;
	cleanup_free char *header =
		xasprintf("$ORIGIN %s.\n$TTL %u\n", zone->name, zone->dynamic ? 300U : 3600U);
	struct zone_apex apex = {0};
	struct strbuf b = {0};

	if (of && of->records) {
		cleanup_text struct text text = {0};

		text_init(&text, of->records_file, of->records, of->records_len, 1);
		apex = zone_read_apex(&text, zone->name);
	}
	strbuf_adds(&b, header);
	if (!apex.soa)
		add_soa(&b, derived, zone);
	if (!apex.ns)
		add_ns(&b, derived, zone->name, zone->name);
	if (of && of->records)
		add_given(&b, of, header);
	for (size_t i = first_record(derived, index);
	     i < derived->n_records && derived->records[i].zone == index; i++)
		add_record(&b, derived, zone, &derived->records[i]);
	return strbuf_steal(&b);
}
