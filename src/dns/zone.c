// SPDX-License-Identifier: Apache-2.0
#include "dns/zone.h"

#include <ctype.h>
#include <ldns/ldns.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/str.h"
#include "base/text.h"

enum {
	FINDINGS_MAX = 20,  /* about one zone */
	DEFAULT_TTL = 3600, /* what servers take where nothing sets one */
};

struct record {
	char *owner, *target; /* in lower case; target of NS, CNAME, MX, SRV, or NULL */
	ldns_rr_type type;
	uint32_t ttl;
	unsigned line; /* from 0, of the text */
};

struct zone {
	const struct text *text;
	struct findings *findings;
	char *origin;
	struct record *v; /* sorted by owner once all are read */
	size_t n;
	size_t told;     /* findings */
	bool incomplete; /* records were not understood */
};

#define complain(zone, line, severity, rule, ...)                                                  \
	do {                                                                                       \
		if ((zone)->told++ < FINDINGS_MAX)                                                 \
			report((zone)->findings, (zone)->text, line, severity, rule, __VA_ARGS__); \
	} while (0)

static char *lower(char *s)
{
	for (char *c = s; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return s;
}

static char *name_of(const ldns_rdf *rdf)
{
	char *s = ldns_rdf2str(rdf);
	char *copy = s ? lower(xstrdup(s)) : NULL;

	free(s);
	return copy;
}

/* Whether name is the zone or below it; both in lower case, with the final dot. */
static bool is_below(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	return streq(zone, ".") || streq(name, zone) ||
	       (n > z && streq(name + n - z, zone) && name[n - z - 1] == '.');
}

/* ---- reading ---- */

/* Types that servers know and ldns 1.8 may not. */
static const char new_types[] = "svcb https zonemd csync openpgpkey smimea amtrelay resinfo wallet "
				"dsync avc doa ta hip l32 l64 nid lp eui48 eui64 uri caa apl";

/* The type's word in a record's first line, or NULL: the first that is neither class nor TTL. */
static char *type_word(const char *line, size_t len)
{
	cleanup_free char *copy = xstrndup(line, len);
	char *rest = copy, *word;
	bool owner = len > 0 && !isspace((unsigned char)*line);

	while ((word = strsep(&rest, " \t\r("))) {
		if (!*word)
			continue;
		bool is_owner = owner;
		owner = false;
		if (!is_owner && !isdigit((unsigned char)*word) && strcasecmp(word, "IN") != 0)
			return lower(xstrdup(word));
	}
	return NULL;
}

static const char *line_at(const struct text *t, size_t line, size_t *ret_len)
{
	const char *s = t->s, *end = t->s + t->len;

	while (line-- > 0 && s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));

		s = nl ? nl + 1 : end;
	}
	const char *nl = memchr(s, '\n', (size_t)(end - s));
	*ret_len = (size_t)((nl ? nl : end) - s);
	return s;
}

static void syntax_error(struct zone *z, unsigned line, ldns_status status)
{
	size_t len;

	z->incomplete = true;
	if (z->told >= FINDINGS_MAX)
		return;
	const char *s = line_at(z->text, line, &len);
	cleanup_free char *type = type_word(s, len);
	cleanup_free char *q = quotable_n(s, len);
	if (type && str_in_words(new_types, type))
		complain(z, line, SEVERITY_NOTE, "zone-unread",
			 "records of type %s are not checked", type);
	else
		complain(z, line, SEVERITY_ERROR, "zone-syntax",
			 "\"%s\" is not a record of a zone file (%s), so the server does not load "
			 "the zone: write NAME TTL IN TYPE DATA, or a comment after \";\"",
			 q, ldns_get_errorstr_by_id(status));
}

/* The name that the record points to, which must have an address. */
static char *target_of(const ldns_rr *rr)
{
	switch ((int)ldns_rr_get_type(rr)) {
	case LDNS_RR_TYPE_NS:
	case LDNS_RR_TYPE_CNAME:
		return name_of(ldns_rr_rdf(rr, 0));
	case LDNS_RR_TYPE_MX:
		return name_of(ldns_rr_rdf(rr, 1));
	case LDNS_RR_TYPE_SRV:
		return name_of(ldns_rr_rdf(rr, 3));
	default:
		return NULL;
	}
}

static void add_record(struct zone *z, const ldns_rr *rr, unsigned line)
{
	cleanup_free char *owner = name_of(ldns_rr_owner(rr));

	if (!owner)
		return;
	if (!is_below(owner, z->origin)) {
		complain(z, line, SEVERITY_WARNING, "zone-outside",
			 "%s is not in the zone %s, so the server ignores the record: is a final "
			 "dot too many, or $ORIGIN wrong?",
			 owner, z->origin);
		return;
	}
	*array_push(z->v, z->n) = (struct record){
		.owner = steal_ptr(owner),
		.target = target_of(rr),
		.type = ldns_rr_get_type(rr),
		.ttl = ldns_rr_ttl(rr),
		.line = line,
	};
}

/* The parentheses that are open at the end of the line, which began with depth; -1: one is closed
 * that is not open. *ret_cut: the line ends within quotes, or with a backslash. */
static int depth_after(const char *line, size_t len, int depth, bool *ret_cut)
{
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\\')
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
		else if (!quoted && line[i] == ';')
			break;
		else if (!quoted && line[i] == '(')
			depth++;
		else if (!quoted && line[i] == ')' && --depth < 0)
			break;
	}
	*ret_cut =
		quoted || (len > 0 && line[len - 1] == '\\' && (len < 2 || line[len - 2] != '\\'));
	return depth;
}

static bool is_directive(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(line, name, len) == 0;
}

/* ldns takes a relative name after $ORIGIN for a complete one. */
static void add_origin(const char *name, size_t len, char **origin, struct strbuf *b)
{
	bool complete = len > 0 && name[len - 1] == '.';
	char *next = streq(*origin, ".") || complete
			     ? xasprintf("%.*s%s", (int)len, name, complete ? "" : ".")
			     : xasprintf("%.*s.%s", (int)len, name, *origin);

	free(*origin);
	*origin = next;
	strbuf_addf(b, "$ORIGIN %s", next);
}

/* What a directive that ldns has not adds is not known. */
static void add_directive(struct zone *z, size_t number, const char *line, size_t len,
			  char **origin, struct strbuf *b)
{
	size_t word = strcspn(line, " \t\r\n");
	size_t gap = strspn(line + word, " \t");
	const char *value = line + word + gap;
	size_t value_len = strcspn(value, " \t\r\n;");

	if ((is_directive(line, word, "$TTL") && !isdigit((unsigned char)*value)) ||
	    (is_directive(line, word, "$ORIGIN") && value_len == 0)) {
		complain(z, number, SEVERITY_ERROR, "zone-syntax",
			 "%.*s has no value, so the server does not load the zone", (int)word,
			 line);
		z->incomplete = true;
	} else if (is_directive(line, word, "$TTL")) {
		strbuf_addf(b, "$TTL %.*s", (int)value_len, value);
	} else if (is_directive(line, word, "$ORIGIN")) {
		add_origin(value, value_len, origin, b);
	} else if (is_directive(line, word, "$INCLUDE") || is_directive(line, word, "$GENERATE")) {
		complain(z, number, SEVERITY_NOTE, "zone-unread",
			 "%.*s is not followed, so the names that it adds are not known", (int)word,
			 line);
		z->incomplete = true;
	} else {
		strbuf_add(b, line, len);
	}
}

/* "NAME IN 600 A ..." as "NAME 600 IN A ...": RFC 1035 permits both, ldns the latter. */
static void add_entry(const char *line, size_t len, struct strbuf *b)
{
	const char *end = line + len;
	const char *class = line + strcspn(line, " \t\r\n");

	class += strspn(class, " \t");
	const char *ttl = class + (class + 2 < end ? 2 : 0);
	ttl += strspn(ttl, " \t");
	const char *rest = ttl < end ? ttl + strcspn(ttl, " \t\r\n") : end;

	if (class + 2 < end && strncasecmp(class, "IN", 2) == 0 && ttl > class + 2 &&
	    isdigit((unsigned char)*ttl) && rest < end)
		strbuf_addf(b, "%.*s%.*s IN%.*s", (int)(class - line), line, (int)(rest - ttl), ttl,
			    (int)(end - rest), rest);
	else
		strbuf_add(b, line, len);
}

/* The text as ldns takes it, line by line. The caller frees. */
static char *prepare(struct zone *z, size_t *ret_len)
{
	const char *s = z->text->s, *end = s + z->text->len;
	char *origin = xstrdup(z->origin);
	struct strbuf b = {0};
	size_t opened = 0;
	int depth = 0;

	for (size_t number = 0; s < end; number++) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((nl ? nl : end) - s);
		int before = depth;
		bool cut;

		depth = depth_after(s, len, depth, &cut);
		if (cut) {
			complain(z, number, SEVERITY_ERROR, "zone-syntax",
				 "a quote is not closed in its line, or a backslash is its end, so "
				 "BIND does not load the zone");
			z->incomplete = true;
		}
		if (depth < 0) {
			complain(
				z, number, SEVERITY_ERROR, "zone-syntax",
				"a parenthesis is closed here that is not open, so the server does "
				"not load the zone");
			z->incomplete = true;
			depth = 0;
		}
		if (before == 0 && depth > 0)
			opened = number;
		if (before > 0)
			strbuf_add(&b, s, len);
		else if (*s == '$')
			add_directive(z, number, s, len, &origin, &b);
		else
			add_entry(s, len, &b);
		strbuf_adds(&b, "\n");
		s = nl ? nl + 1 : end;
	}
	z->incomplete |= depth > 0;
	if (depth > 0)
		complain(z, opened, SEVERITY_ERROR, "zone-syntax",
			 "the parenthesis that opens here is not closed, so the server does not "
			 "load the zone");
	free(origin);
	*ret_len = b.len;
	return strbuf_steal(&b);
}

/* Whether one of the 16-bit numbers that the record begins with is larger, which ldns cuts. */
static bool is_too_large(const struct zone *z, const ldns_rr *rr, unsigned line)
{
	static const struct {
		ldns_rr_type type;
		const char *name;
		int numbers;
	} types[] = {{LDNS_RR_TYPE_MX, "MX", 1},       {LDNS_RR_TYPE_SRV, "SRV", 3},
		     {LDNS_RR_TYPE_NAPTR, "NAPTR", 2}, {LDNS_RR_TYPE_URI, "URI", 2},
		     {LDNS_RR_TYPE_KX, "KX", 1},       {LDNS_RR_TYPE_AFSDB, "AFSDB", 1}};
	size_t len;
	const char *s = line_at(z->text, line, &len);
	cleanup_free char *copy = xstrndup(s, len);
	char *rest = copy, *word;
	int left = -1;

	if (!isspace((unsigned char)*copy))
		(void)strsep(&rest, " \t"); /* the owner, who may have a type's name */
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].type != ldns_rr_get_type(rr))
			continue;
		while (left != 0 && (word = strsep(&rest, " \t()"))) {
			if (left < 0 && strcasecmp(word, types[i].name) == 0)
				left = types[i].numbers;
			else if (left > 0 && *word && left--)
				if (strtoull(word, NULL, 10) > UINT16_MAX)
					return true;
		}
	}
	return false;
}

static void take(struct zone *z, ldns_status status, ldns_rr *rr, unsigned line)
{
	switch ((int)status) {
	case LDNS_STATUS_OK:
		if (!ldns_rr_get_type(rr)) /* ldns takes a word that is no type for type 0 */
			syntax_error(z, line, LDNS_STATUS_SYNTAX_TYPE_ERR);
		else if (is_too_large(z, rr, line))
			syntax_error(z, line, LDNS_STATUS_INVALID_INT);
		else
			add_record(z, rr, line);
		ldns_rr_free(rr);
		break;
	case LDNS_STATUS_SYNTAX_EMPTY:
	case LDNS_STATUS_SYNTAX_TTL:
	case LDNS_STATUS_SYNTAX_ORIGIN:
		break;
	default:
		syntax_error(z, line, status);
	}
}

static void read_records(struct zone *z, FILE *file)
{
	ldns_rdf *origin = ldns_dname_new_frm_str(z->origin), *previous = NULL;
	uint32_t ttl = DEFAULT_TTL;
	int line = 0;

	/* each turn takes a line at least; the limit is for what does not */
	for (size_t turns = 0; origin && !feof(file) && turns <= z->text->n_lines; turns++) {
		ldns_rr *rr = NULL;
		int before = line;
		ldns_status status =
			ldns_rr_new_frm_fp_l(&rr, file, &ttl, &origin, &previous, &line);

		take(z, status, rr, (unsigned)before);
	}
	ldns_rdf_deep_free(origin);
	ldns_rdf_deep_free(previous);
}

static int by_owner(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int order = strcmp(x->owner, y->owner);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void read_zone(struct zone *z)
{
	if (strlen(z->text->s) != z->text->len) {
		z->incomplete = true;
		complain(z, 0, SEVERITY_ERROR, "zone-syntax",
			 "the file has bytes of value 0, so it is not a zone file");
		return;
	}
	size_t len;
	cleanup_free char *copy = prepare(z, &len);
	FILE *file = len ? fmemopen(copy, len, "r") : NULL;

	if (file) {
		read_records(z, file);
		fclose(file);
	}
	if (z->n)
		qsort(z->v, z->n, sizeof(*z->v), by_owner);
}

/* ---- rules ---- */

/* Index of the first record whose owner does not sort before the name. */
static size_t first_of(const struct zone *z, const char *name)
{
	size_t low = 0, high = z->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(z->v[middle].owner, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#define each_of(z, name, r)                                  \
	const struct record *r = (z)->v + first_of(z, name); \
	r < (z)->v + (z)->n &&streq(r->owner, name);         \
	r++

static const struct record *find(const struct zone *z, const char *name, ldns_rr_type type)
{
	for (each_of(z, name, r))
		if (r->type == type)
			return r;
	return NULL;
}

static bool has_address(const struct zone *z, const char *name)
{
	return find(z, name, LDNS_RR_TYPE_A) || find(z, name, LDNS_RR_TYPE_AAAA);
}

/* The parent of a name in the zone, or NULL. */
static const char *parent_of(const char *name)
{
	const char *dot = name;

	while (*dot && (*dot != '.' || (dot > name && dot[-1] == '\\')))
		dot++;
	return dot[0] && dot[1] ? dot + 1 : NULL;
}

/* The record of that type at an ancestor of the name below the zone's own, or NULL. */
static const struct record *above(const struct zone *z, const char *name, ldns_rr_type type)
{
	for (const char *p = name; p && !streq(p, z->origin) && is_below(p, z->origin);
	     p = parent_of(p)) {
		const struct record *r = find(z, p, type);

		if (r)
			return r;
	}
	return NULL;
}

/* The wildcard that gives the name its records, for the caller to free; or NULL. */
static char *wildcard_of(const struct zone *z, const char *name)
{
	for (const char *p = parent_of(name); p && is_below(p, z->origin); p = parent_of(p)) {
		char *wildcard = xasprintf("*.%s", p);
		size_t i = first_of(z, wildcard);

		if (i < z->n && streq(z->v[i].owner, wildcard))
			return wildcard;
		free(wildcard);
	}
	return NULL;
}

/* A name without records exists if one below it does. */
static bool has_name(const struct zone *z, const char *name)
{
	for (size_t i = 0; i < z->n; i++)
		if (is_below(z->v[i].owner, name))
			return true;
	return false;
}

/* As it is in the zone, or by a wildcard, which gives nothing to a name that exists. */
static bool resolves(const struct zone *z, const char *name)
{
	cleanup_free char *wildcard = wildcard_of(z, name);

	return has_address(z, name) || (wildcard && !has_name(z, name) && has_address(z, wildcard));
}

/* The serial's word, which ldns cuts to 32 bits: the third after the type. */
static void check_serial(struct zone *z, unsigned line)
{
	size_t len;
	const char *s = line_at(z->text, line, &len);
	const char *soa = NULL, *end = z->text->s + z->text->len;
	unsigned words = 0;

	for (const char *p = s; p < end && words < 4;) {
		if (*p == ';') {
			p += strcspn(p, "\n");
			continue;
		}
		size_t word = strcspn(p, " \t\r\n();");
		if (soa && word)
			words++;
		if (!soa && word == 3 && strncasecmp(p, "SOA", 3) == 0)
			soa = p;
		if (words == 3) {
			cleanup_free char *text = xstrndup(p, word);
			int64_t serial;

			if (str_to_int(text, 0, UINT32_MAX, &serial) == -ERANGE)
				complain(z, line, SEVERITY_ERROR, "zone-serial",
					 "the serial %s is above 4294967295 (32 bits): a date and "
					 "two digits, as in 2026010100, fit",
					 text);
			return;
		}
		p += word ? word : 1;
	}
}

static void check_soa(struct zone *z)
{
	const struct record *first = NULL;

	for (size_t i = 0; i < z->n; i++) {
		const struct record *r = &z->v[i];

		if (r->type != LDNS_RR_TYPE_SOA)
			continue;
		if (!streq(r->owner, z->origin))
			complain(
				z, r->line, SEVERITY_ERROR, "zone-soa",
				"this SOA record is that of %s, but the zone is %s, so the server "
				"does not load it: write @ as the name, or correct the zone's name",
				r->owner, z->origin);
		else if (first)
			complain(z, r->line, SEVERITY_ERROR, "zone-soa",
				 "the zone %s has a second SOA record: remove one", z->origin);
		if (!first)
			check_serial(z, r->line);
		first = r;
	}
	if (!first && !z->incomplete)
		complain(z, 0, SEVERITY_ERROR, "zone-soa",
			 "the zone %s has no SOA record, so the server does not load it: add one",
			 z->origin);
	if (!find(z, z->origin, LDNS_RR_TYPE_NS) && !z->incomplete)
		complain(
			z, first ? first->line : 0, SEVERITY_ERROR, "zone-ns",
			"the zone %s has no NS record of its own name, so the server does not load "
			"it: add one",
			z->origin);
}

static void check_target(struct zone *z, const struct record *r)
{
	bool ns = r->type == LDNS_RR_TYPE_NS;
	/* without its own servers BIND does not load the zone; what is delegated it only warns of
	 */
	bool own = ns && streq(r->owner, z->origin);
	cleanup_free char *type = ldns_rr_type2str(r->type);

	if (!r->target || r->type == LDNS_RR_TYPE_CNAME || !is_below(r->target, z->origin) ||
	    streq(r->target, "."))
		return;
	if (find(z, r->target, LDNS_RR_TYPE_CNAME))
		complain(z, r->line, own ? SEVERITY_ERROR : SEVERITY_WARNING, "zone-glue",
			 "the %s record points to %s, which is an alias (CNAME): RFC 2181, 10.3, "
			 "forbids it; name the host itself",
			 type, r->target);
	else if (own && (find(z, z->origin, LDNS_RR_TYPE_DNAME) ||
			 above(z, parent_of(r->target), LDNS_RR_TYPE_DNAME)))
		complain(z, r->line, SEVERITY_ERROR, "zone-glue",
			 "the NS record points to %s, which is below an alias (DNAME): name a host "
			 "that is not",
			 r->target);
	else if (!has_address(z, r->target) && !z->incomplete &&
		 ((ns && !own) ||
		  (!resolves(z, r->target) && !above(z, r->target, LDNS_RR_TYPE_NS))))
		complain(z, r->line, own ? SEVERITY_ERROR : SEVERITY_WARNING, "zone-glue",
			 "the %s record points to %s, which has no A or AAAA record in the zone: "
			 "add one, or end the name with a dot if it is complete",
			 type, r->target);
}

/* What may stand beside a CNAME (RFC 2181, 10.1; RFC 4034, 2.5). */
static bool goes_with_cname(ldns_rr_type type)
{
	return type == LDNS_RR_TYPE_RRSIG || type == LDNS_RR_TYPE_NSEC ||
	       type == LDNS_RR_TYPE_NSEC3 || type == LDNS_RR_TYPE_KEY || type == LDNS_RR_TYPE_SIG ||
	       type == LDNS_RR_TYPE_NXT;
}

static void check_cname(struct zone *z, const struct record *cname)
{
	for (each_of(z, cname->owner, r)) {
		if (r == cname || goes_with_cname(r->type) ||
		    (r->type == LDNS_RR_TYPE_CNAME &&
		     (r > cname || streq(r->target, cname->target))))
			continue;
		complain(z, cname->line, SEVERITY_ERROR, "zone-cname",
			 "%s is an alias (CNAME) and has other records, too, so the server does "
			 "not load the zone (RFC 1034, 3.6.2): keep one of them",
			 cname->owner);
		findings_also(z->findings, z->text->file, text_line(z->text, r->line));
		return;
	}
}

static void check_records(struct zone *z)
{
	for (size_t i = 0; i < z->n; i++) {
		const struct record *r = &z->v[i];

		check_target(z, r);
		if (r->type == LDNS_RR_TYPE_NS && str_starts(r->owner, "*."))
			complain(z, r->line, SEVERITY_ERROR, "zone-ns",
				 "a wildcard has an NS record: servers do not load that (RFC 4592, "
				 "4.2)");
		if (r->type == LDNS_RR_TYPE_CNAME)
			check_cname(z, r);
	}
}

/* ---- the query ---- */

static bool exists(const struct zone *z, const char *name)
{
	cleanup_free char *wildcard = wildcard_of(z, name);

	return has_name(z, name) || wildcard || above(z, name, LDNS_RR_TYPE_DNAME);
}

static void look_up(const struct zone *z, const char *query, struct zone_answer *ret)
{
	cleanup_free char *name =
		lower(str_ends(query, ".") ? xstrdup(query) : xasprintf("%s.", query));

	if (!is_below(name, z->origin) || above(z, name, LDNS_RR_TYPE_NS))
		return;
	ret->query = exists(z, name) ? ZONE_QUERY_FOUND
		     : z->incomplete ? ZONE_QUERY_UNKNOWN
				     : ZONE_QUERY_ABSENT;
	for (each_of(z, name, r))
		if (ret->ttl_s < 0 || r->ttl < ret->ttl_s)
			ret->ttl_s = r->ttl;
}

static void record_clear(struct record *r)
{
	free_all(r->owner, r->target);
}

void zone_check(const struct text *text, const char *origin, const char *query,
		struct findings *findings, struct zone_answer *ret)
{
	struct zone z = {.text = text, .findings = findings};

	*ret = (struct zone_answer){.ttl_s = -1};
	z.origin = lower(str_ends(origin, ".") ? xstrdup(origin) : xasprintf("%s.", origin));
	read_zone(&z);
	check_soa(&z);
	check_records(&z);
	if (query)
		look_up(&z, query, ret);
	array_free(z.v, z.n, record_clear);
	free(z.origin);
}
