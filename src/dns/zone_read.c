// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of zone files, by Knot's scanner. It is used record by record, so that $INCLUDE is
 * returned here; in its automatic mode the scanner would open the file.
 */
#include <arpa/nameser.h>
#include <ctype.h>
#include <libzscanner/scanner.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/text.h"
#include "dns/zone_internal.h"

enum {
	DEFAULT_TTL = 3600,   /* Knot's, where nothing sets one */
	NAME_MAX_TEXT = 1004, /* 251 octets of labels, each as \DDD */
};

/* Types of the IANA registry. */
static const char known_types[] =
	"a ns md mf cname soa mb mg mr null wks ptr hinfo minfo mx txt rp afsdb x25 isdn rt nsap "
	"nsap-ptr sig key px gpos aaaa loc nxt eid nimloc srv atma naptr kx cert a6 dname sink apl "
	"ds sshfp ipseckey rrsig nsec dnskey dhcid nsec3 nsec3param tlsa smimea hip ninfo rkey "
	"talink cds cdnskey openpgpkey csync zonemd svcb https dsync hhit brid spf uinfo uid gid "
	"unspec nid l32 l64 lp eui48 eui64 nxname uri caa avc doa amtrelay resinfo wallet cla ipn "
	"ta dlv";

struct reader {
	struct zone *zone;
	zs_scanner_t *scanner;
	unsigned line; /* from 0: where the entry ends that was read last */
};

static void scanner_free(zs_scanner_t *s)
{
	zs_deinit(s);
	free(s);
}

DEFINE_CLEANUP(zs_scanner_t *, cleanup_scanner_fn, scanner_free)

/* A scanner for the zone; NULL: not a domain name. The scanner reads the name as part of a zone
 * file, so a line break in it could begin a directive. */
static zs_scanner_t *scanner_new(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isgraph((unsigned char)*c) || c - name > NAME_MAX_TEXT)
			return NULL;
	zs_scanner_t *s = xmalloc(sizeof(*s));
	if (zs_init(s, name, ns_c_in, DEFAULT_TTL) == 0)
		return s;
	if (s->error.code == ZS_ENOMEM)
		out_of_memory();
	scanner_free(s);
	return NULL;
}

/* The name of len octets in wire format; NULL: it is malformed. The caller frees. */
static char *name_text(const uint8_t *wire, size_t len)
{
	cleanup_strbuf struct strbuf b = {0};
	size_t i = 0;

	while (i < len && wire[i] != 0) {
		size_t end = i + 1 + wire[i];

		if (wire[i] > NS_MAXLABEL || end >= len)
			return NULL;
		while (++i < end) {
			char c = (char)tolower(wire[i]);

			if (isgraph((unsigned char)c) && c != '.' && c != '\\')
				strbuf_add(&b, &c, 1);
			else
				strbuf_addf(&b, "\\%03u", wire[i]);
		}
		strbuf_adds(&b, ".");
	}
	if (i + 1 != len)
		return NULL;
	if (!b.len)
		strbuf_adds(&b, ".");
	return strbuf_steal(&b);
}

/* The length of the name at the start of the octets, or len if it does not end there. */
static size_t name_length(const uint8_t *wire, size_t len)
{
	size_t i = 0;

	while (i < len && wire[i] != 0)
		i += 1U + wire[i];
	return i < len ? i + 1 : len;
}

/* ---- lines ---- */

/* The start of the entry that ends in line last; *line becomes its line. from, in *line, is the end
 * of the previous entry; blank lines, comments and directives between them are skipped. */
static const char *first_line(const char *from, unsigned *line, unsigned last)
{
	if (*from == '\n' && *line < last) {
		from++;
		++*line;
	}
	while (*line < last) {
		const char *s = from + strspn(from, " \t");

		if (*from != '$' && *s != ';' && *s != '\n')
			break;
		from = strchr(s, '\n') + 1;
		++*line;
	}
	return from;
}

/* The type's word in the line: the first after the owner that is neither class nor TTL. Its length
 * is 0 if there is none. */
static const char *type_word(const char *line, size_t *ret_len)
{
	static const char separators[] = " \t(\n";
	const char *s = line + strcspn(line, separators); /* the owner, or nothing */

	for (;;) {
		s += strspn(s, " \t(");
		*ret_len = strcspn(s, separators);
		if (!isdigit((unsigned char)*s) && (*ret_len != 2 || strncasecmp(s, "IN", 2) != 0))
			return s;
		s += *ret_len;
	}
}

static bool is_directive(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(line, name, n) == 0 && strchr(" \t\n", line[n]);
}

/* ---- errors ---- */

/* Errors for Knot only, not for BIND: characters in names and in texts, nested parentheses, one at
 * the start of a line, and a carriage return that ends a line. The error is at buffer[0]. */
static bool is_only_knots(const zs_scanner_t *s, const char *entry)
{
	uint8_t c = s->buffer[0];

	if (*entry == '(')
		return true;
	switch (s->error.code) {
	case ZS_DOS_NEWLINE:
	case ZS_LEFT_PARENTHESIS:
		return true;
	case ZS_BAD_OWNER:
	case ZS_BAD_DNAME_CHAR:
	case ZS_BAD_ORIGIN:
		return c > ' ' && !strchr(".\");", c);
	case ZS_BAD_TEXT:
	case ZS_BAD_TEXT_CHAR:
		return c == '"' || c > '~';
	default:
		return false;
	}
}

static bool is_serial(const zs_scanner_t *s)
{
	if ((s->error.code != ZS_NUMBER32_OVERFLOW && s->error.code != ZS_NUMBER64_OVERFLOW) ||
	    s->r_type != ns_t_soa)
		return false;
	size_t names = name_length(s->r_data, s->r_data_tail);
	names += name_length(s->r_data + names, s->r_data_tail - names);
	return names == s->r_data_tail;
}

/* The start of the wrong entry, and of the line with the error. */
struct place {
	const char *entry, *at;
	unsigned first, line;
};

/* The word of the type, if the error is in it; else NULL. The caller frees. */
static char *wrong_type(const zs_scanner_t *s, const struct place *p)
{
	size_t len;
	const char *type = type_word(p->entry, &len);
	size_t line = strcspn(p->at, "\n"), rest = strlen((const char *)s->buffer);
	const char *error = p->at + (rest < line ? line - rest : 0);

	return error >= type && error < type + len ? xstrndup(type, len) : NULL;
}

static bool is_known_type(const char *type, size_t len)
{
	cleanup_free char *word = xstrndup(type, len);

	for (char *c = word; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return str_in_words(known_types, word);
}

static void syntax_error(struct zone *z, const zs_scanner_t *s, const struct place *p)
{
	size_t len;

	z->incomplete = true;
	if (z->n_findings >= ZONE_FINDINGS_MAX)
		return;
	const char *word = type_word(p->entry, &len);
	bool known = is_known_type(word, len);
	cleanup_free char *type = wrong_type(s, p);
	cleanup_free char *q = quotable_n(p->at, strcspn(p->at, "\n"));

	if (known && type)
		complain(z, p->first, SEVERITY_NOTE, "zone-unread",
			 "records of type %s are not checked", type);
	else if ((known || *p->entry == '$') && !z->knot && is_only_knots(s, p->entry))
		complain(z, p->line, SEVERITY_NOTE, "zone-unread",
			 "\"%s\" is not checked: Knot does not load it (%s), other servers may", q,
			 zs_strerror(s->error.code));
	else if (is_serial(s))
		complain(z, p->line, SEVERITY_ERROR, "zone-serial",
			 "the serial in \"%s\" is above 4294967295 (32 bits): a date and two "
			 "digits, as in 2026010100, fit",
			 q);
	else
		complain(z, p->line, SEVERITY_ERROR, "zone-syntax",
			 "\"%s\" cannot be read (%s%s), so the server does not load the zone: "
			 "write NAME TTL IN TYPE DATA, a directive, or a comment after \";\"",
			 q, type ? "unknown type " : "", type ? type : zs_strerror(s->error.code));
}

/* Reading continues with the next line, but not after an unknown origin. */
static void directive_error(struct zone *z, zs_scanner_t *s, const struct place *p)
{
	s->error.fatal = is_directive(p->entry, "$ORIGIN");
	if (!is_directive(p->entry, "$GENERATE")) {
		syntax_error(z, s, p);
		return;
	}
	z->incomplete = true;
	if (z->knot)
		complain(z, p->line, SEVERITY_ERROR, "zone-syntax",
			 "$GENERATE is a directive of BIND, so Knot does not load the zone: write "
			 "the records out");
	else
		complain(z, p->line, SEVERITY_NOTE, "zone-unread",
			 "$GENERATE is not followed, so the names that it adds are not known");
}

/* ---- records ---- */

/* Where the name begins that the record's data ends with; -1: the type has none. */
static int target_offset(uint16_t type)
{
	switch (type) {
	case ns_t_ns:
	case ns_t_cname:
	case ns_t_ptr:
		return 0;
	case ns_t_mx:
		return 2;
	case ns_t_srv:
		return 6;
	default:
		return -1;
	}
}

/* The scanner accepts any data in the generic form (RFC 3597, \# LENGTH HEX). *ret_target: the
 * caller frees. */
static bool data_is_valid(const zs_scanner_t *s, char **ret_target)
{
	int at = target_offset(s->r_type);

	if (s->r_type == ns_t_a || s->r_type == ns_t_aaaa)
		return s->r_data_length == (s->r_type == ns_t_a ? NS_INADDRSZ : NS_IN6ADDRSZ);
	if (at < 0)
		return true;
	if (s->r_data_length > (unsigned)at)
		*ret_target = name_text(s->r_data + at, s->r_data_length - (unsigned)at);
	return *ret_target != NULL;
}

static void add_record(struct zone *z, const zs_scanner_t *s, unsigned line)
{
	cleanup_free char *owner = name_text(s->r_owner, s->r_owner_length), *target = NULL;

	if (!owner || !data_is_valid(s, &target)) {
		z->incomplete = true;
		complain(z, line, SEVERITY_ERROR, "zone-syntax",
			 "the data of this record is not that of its type: BIND does not load the "
			 "zone, and Knot sends data that clients cannot read");
		return;
	}
	if (!zone_is_below(owner, z->origin)) {
		complain(z, line, SEVERITY_WARNING, "zone-outside",
			 "%s is not in the zone %s, so the server ignores the record: remove the "
			 "final dot, or correct $ORIGIN",
			 owner, z->origin);
		return;
	}
	bool v4 = s->r_type == ns_t_a, v6 = s->r_type == ns_t_aaaa;
	*array_push(z->v, z->n) = (struct record){
		.owner = steal_ptr(owner),
		.target = steal_ptr(target),
		.address = ip_from_bytes(v4   ? AF_INET
					 : v6 ? AF_INET6
					      : AF_UNSPEC,
					 s->r_data, s->r_data_length),
		.type = s->r_type,
		.ttl = s->r_ttl,
		.line = line,
	};
}

/* Knot accepts a line break within quotes in parentheses, and after a backslash, as a character. */
static void broken_line(struct zone *z, unsigned line)
{
	if (z->knot)
		return;
	z->incomplete = true;
	complain(z, line, SEVERITY_ERROR, "zone-syntax",
		 "a quote is not closed in its line, or a backslash is its end, so BIND does not "
		 "load the zone");
}

/* Reports the first \DDD above 255 in the entries up to end: Knot accepts it in names. */
static bool has_wrong_escape(struct zone *z, const char *s, const char *end, unsigned line)
{
	bool quoted = false, comment = false;

	for (; s < end; s++) {
		if (*s == '\n') {
			line++;
			comment = false;
		} else if (comment) {
			continue;
		} else if (*s == '"') {
			quoted = !quoted;
		} else if (*s == ';') {
			comment = !quoted;
		} else if (*s == '\\' && s[1] != '\n') {
			if (strspn(s + 1, "0123456789") >= 3 && memcmp(s + 1, "255", 3) > 0)
				break;
			s++;
		}
	}
	if (s >= end)
		return false;
	z->incomplete = true;
	complain(z, line, SEVERITY_ERROR, "zone-syntax",
		 "\"%.4s\" is not a character: \\DDD has the values 000 to 255, so BIND does not "
		 "load the zone, and Knot reads another name",
		 s);
	return true;
}

/* Reads up to the next record, directive or error. False: it was the last. */
static bool read_entry(struct reader *r)
{
	struct zone *z = r->zone;
	zs_scanner_t *s = r->scanner;
	const char *from = s->input.current, *end = s->input.end;
	uint64_t counted = s->line_counter;
	struct place p = {.first = r->line};
	unsigned lines = 0;

	if (zs_parse_record(s) < 0)
		return false;
	bool at_end = s->input.end != end; /* the scanner reads a final line of its own */
	const char *until = at_end ? end : s->input.current;
	for (const char *c = from; (c = memchr(c, '\n', (size_t)(until - c))); c++)
		lines++;
	r->line += lines;
	p.entry = first_line(from, &p.first, r->line);
	if (s->state != ZS_STATE_ERROR && has_wrong_escape(z, from, until, r->line - lines))
		return s->state == ZS_STATE_DATA || s->state == ZS_STATE_INCLUDE;
	switch (s->state) {
	case ZS_STATE_DATA:
		if (s->line_counter - counted != lines)
			broken_line(z, r->line);
		add_record(z, s, p.first);
		return true;
	case ZS_STATE_ERROR:
		p.line = at_end ? p.first : r->line;
		p.at = p.entry;
		while (!at_end && strcspn(p.at, "\n") < (size_t)(until - p.at))
			p.at += strcspn(p.at, "\n") + 1;
		if (!at_end && *p.entry == '$')
			directive_error(z, s, &p);
		else
			syntax_error(z, s, &p);
		/* the parenthesis that closes it may be in what was skipped */
		s->error.fatal |= s->multiline;
		return true;
	case ZS_STATE_INCLUDE:
		z->incomplete = true;
		complain(z, r->line, SEVERITY_NOTE, "zone-unread",
			 "$INCLUDE is not followed, so the names that it adds are not known");
		return true;
	case ZS_STATE_NONE:
	case ZS_STATE_EOF:
	case ZS_STATE_STOP:
		break;
	}
	return false;
}

/* ---- the zone ---- */

/* Adds "$ORIGIN NAME" with the absolute name, which becomes *origin. */
static void add_origin(const char *line, size_t len, char **origin, struct strbuf *b)
{
	const char *word = line + strlen("$ORIGIN");

	word += strspn(word, " \t");
	size_t word_len = strcspn(word, " \t\r\n;");
	cleanup_free char *name = xstrndup(word, word_len);

	bool complete = str_ends(name, ".") && !str_ends(name, "\\.");
	cleanup_free char *next = streq(name, "@")      ? xstrdup(*origin)
				  : complete            ? xstrdup(name)
				  : streq(*origin, ".") ? xasprintf("%s.", name)
							: xasprintf("%s.%s", name, *origin);

	if (!*name || strlen(next) > NAME_MAX_TEXT) { /* for the scanner to refuse */
		strbuf_add(b, line, len);
		return;
	}
	strbuf_addf(b, "$ORIGIN %s", next);
	strbuf_add(b, word + word_len, (size_t)(line + len - word) - word_len);
	free(*origin);
	*origin = steal_ptr(next);
}

/* The text with a final line break. If Knot does not load the zone, CR LF becomes LF, and a
 * relative $ORIGIN absolute, which the scanner does not accept otherwise. The caller frees. */
static char *copy_of(const struct zone *z, size_t *ret_len)
{
	cleanup_free char *origin = xstrdup(z->origin);
	struct strbuf b = {0};

	for (const char *s = z->text->s; !z->knot && *s; s += *s == '\n') {
		size_t len = strcspn(s, "\n");
		size_t kept = len - (len > 0 && s[len] && s[len - 1] == '\r');

		if (is_directive(s, "$ORIGIN"))
			add_origin(s, kept, &origin, &b);
		else
			strbuf_add(&b, s, kept);
		strbuf_adds(&b, "\n");
		s += len;
	}
	if (z->knot)
		strbuf_add(&b, z->text->s, z->text->len);
	strbuf_adds(&b, "\n");
	*ret_len = b.len;
	return strbuf_steal(&b);
}

bool zone_is_below(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	return streq(zone, ".") || streq(name, zone) ||
	       (n > z && streq(name + n - z, zone) && name[n - z - 1] == '.');
}

bool zone_read(struct zone *z, const char *name)
{
	cleanup(cleanup_scanner_fn) zs_scanner_t *s = scanner_new(name);
	struct reader r = {.zone = z, .scanner = s};
	cleanup_free char *copy = NULL;
	size_t len;

	z->incomplete = true;
	if (!s) {
		cleanup_free char *q = quotable(name);
		complain(z, 0, SEVERITY_NOTE, "zone-unread",
			 "the zone is not checked, since \"%s\" is not a domain name", q);
		return false;
	}
	z->origin = name_text(s->zone_origin, s->zone_origin_length);
	if (strlen(z->text->s) != z->text->len) {
		complain(z, 0, SEVERITY_ERROR, "zone-syntax",
			 "the file has bytes of value 0, so it is not a zone file");
		return true;
	}
	z->incomplete = false;
	copy = copy_of(z, &len);
	(void)zs_set_input_string(s, copy, len);
	while (read_entry(&r))
		;
	return true;
}
