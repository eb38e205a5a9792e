// SPDX-License-Identifier: Apache-2.0
#include "ddi/read.h"

#include <ctype.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/text.h"
#include "ddi/reader.h"

enum {
	VARIABLE_NAME_MAX = 64,
	TSIG_SECRET_MAX = 1024, /* bytes */
	TAGS_MAX = 100,
};

/* ---- members and keys ---- */

static void read_member(struct reader *r, void *unused)
{
	static const struct field fields[] = {
		{FIELD("name", NAME, ddi_member, host)},
		{FIELD("auth", IP, ddi_member, auth)},
		{FIELD("auth6", IP, ddi_member, auth6)},
		{FIELD("cache", IP, ddi_member, cache)},
		{FIELD("cache6", IP, ddi_member, cache6)},
		{FIELD("dhcp", IP, ddi_member, dhcp)},
		{0},
	};
	struct ddi_member m = {.line = reader_line(r)};

	(void)unused;
	m.name = ddi_strndup(r->plan, r->key, strlen(r->key));
	reader_map(r, "a member", fields, &m);
	if (r->plan->n_members < DDI_MEMBERS_MAX)
		*array_push(r->plan->members, r->plan->n_members) = m;
	else
		reader_error(r, m.line, "ddi-limit", "more than %d members: \"%.100s\" is not read",
			     DDI_MEMBERS_MAX, m.name);
}

static void read_members(struct reader *r, void *plan)
{
	(void)plan;
	reader_named(r, "members", read_member, NULL);
}

/* The number of bytes that base64 stands for (RFC 4648, 4); 0: it is not base64. */
static unsigned base64_bytes(const char *s)
{
	size_t len = strlen(s), digits = 0;

	while (isalnum((unsigned char)s[digits]) || (s[digits] && strchr("+/", s[digits])))
		digits++;
	size_t padding = strspn(s + digits, "=");
	if (digits + padding != len || len % 4 != 0 || padding > 2 || digits > TSIG_SECRET_MAX)
		return 0;
	return (unsigned)(digits * 3 / 4);
}

static void read_secret(struct reader *r, void *object)
{
	struct ddi_key *k = object;
	struct scalar s;

	if (!reader_secret(r, &s))
		return;
	k->secret_literal = !s.variable;
	k->secret_unknown = s.unknown;
	if (s.unknown)
		return;
	k->secret = ddi_strndup(r->plan, s.s, s.len);
	k->n_secret = base64_bytes(k->secret);
	if (!k->n_secret)
		reader_error(r, s.line, "ddi-value",
			     "the secret of the key \"%.100s\" must be base64 (RFC 4648, 4): make "
			     "one with 'openssl rand -base64 32'",
			     k->name);
	explicit_bzero(r->scratch.s, r->scratch.len);
}

static void read_key(struct reader *r, void *unused)
{
	static const struct field fields[] = {
		{FIELD("algorithm", WORD, ddi_key, algorithm), .min = DDI_TSIG_HMAC_MD5,
		 .words = "hmac-md5 hmac-sha1 hmac-sha224 hmac-sha256 hmac-sha384 hmac-sha512"},
		{.key = "secret",
		 .read = read_secret,
		 .line_at = offsetof(struct ddi_key, secret_line)},
		{0},
	};
	struct ddi_key k = {.line = reader_line(r)};
	struct scalar name = {.s = r->key, .len = strlen(r->key), .line = k.line};
	size_t before = r->n_findings;

	(void)unused;
	k.name = reader_name(r, &name);
	reader_map(r, "a key", fields, &k);
	if (before == r->n_findings && (!k.algorithm || !k.secret_line))
		reader_error(r, k.line, "ddi-key", "a key needs algorithm and secret");
	if (k.name)
		*array_push(r->plan->keys, r->plan->n_keys) = k;
}

static void read_keys(struct reader *r, void *plan)
{
	(void)plan;
	reader_named(r, "keys", read_key, NULL);
}

/* ---- the plan ---- */

static void read_version(struct reader *r, void *plan)
{
	struct scalar s;

	(void)plan;
	r->has_version = true;
	if (reader_scalar(r, "1", &s) && !streq(s.s, "1"))
		reader_wrong(r, &s, "1, the only version of the format");
}

static void read_plan(struct reader *r)
{
	static const struct field fields[] = {
		{.key = "version", .read = read_version},
		{.key = "members", .read = read_members},
		{.key = "keys", .read = read_keys},
		{.key = "zones", .read = read_zones},
		{.key = "networks", .read = read_networks},
		{FIELD("reverse", WORD, ddi_plan, reverse),
		 .line_at = offsetof(struct ddi_plan, reverse_line), .min = DDI_REVERSE_NONE,
		 .words = "none auto"},
		{.key = "cache", .read = read_cache},
		{.key = "rrl", .read = read_rrl},
		{.key = "dhcp", .read = read_dhcp},
		{0},
	};

	r->key = "the plan";
	reader_map(r, "the plan", fields, r->plan);
	if (!r->has_version && !r->n_findings)
		reader_error(r, 1, "ddi-key", "the plan needs \"version: 1\"");
}

static void set_defaults(struct ddi_plan *plan)
{
	plan->cache.edns_buffer = DDI_EDNS_BUFFER_DEFAULT;
	plan->rrl.slip = 1;
	plan->dhcp.heartbeat_delay = DDI_HEARTBEAT_DELAY_DEFAULT;
	plan->dhcp.max_response_delay = DDI_MAX_RESPONSE_DELAY_DEFAULT;
	plan->dhcp.max_ack_delay = DDI_MAX_ACK_DELAY_DEFAULT;
	plan->dhcp.max_unacked_clients = DDI_MAX_UNACKED_DEFAULT;
}

/*
 * The text with each ${NAME} as U+E000 NAME U+E001: in a flow mapping, "{secret: ${X}}", the braces
 * are YAML's own. Values are inserted after the YAML is parsed, so that they cannot add to it. The
 * caller frees.
 */
static char *prepared(const struct text *text, size_t *ret_len)
{
	struct strbuf b = {0};
	const char *s = text->s, *end = text->s + text->len, *next;

	/* A byte order mark, which libyaml does not expect where the encoding is known. */
	s += str_starts(s, "\xef\xbb\xbf") ? 3 : 0;
	while ((next = memmem(s, (size_t)(end - s), "${", 2))) {
		size_t n = 2;

		while (n < VARIABLE_NAME_MAX &&
		       (isalnum((unsigned char)next[n]) || (next[n] && strchr("_.-", next[n]))))
			n++;
		strbuf_add(&b, s, (size_t)(next - s));
		if (next[n] == '}' && n > 2) {
			strbuf_addf(&b, "\xee\x80\x80%.*s\xee\x80\x81", (int)n - 2, next + 2);
			s = next + n + 1;
		} else {
			strbuf_adds(&b, "${");
			s = next + 2;
		}
	}
	strbuf_add(&b, s, (size_t)(end - s));
	*ret_len = b.len;
	return strbuf_steal(&b);
}

/* libyaml compares each directive with all before it. */
static bool has_many_tags(const struct text *text)
{
	static const char directive[] = "%TAG";
	const char *s = text->s, *end = text->s + text->len;
	unsigned n = 0;

	while (n <= TAGS_MAX && (s = memmem(s, (size_t)(end - s), directive, strlen(directive)))) {
		s += strlen(directive);
		n++;
	}
	return n > TAGS_MAX;
}

/* Reads up to the start of the first document's root. False: there is none. */
static bool find_root(struct reader *r)
{
	reader_next(r);
	while (r->event.type == YAML_STREAM_START_EVENT ||
	       r->event.type == YAML_DOCUMENT_START_EVENT)
		reader_next(r);
	if (r->event.type == YAML_MAPPING_START_EVENT)
		return true;
	if (!r->n_findings)
		reader_error(r, 1, "ddi-yaml",
			     "the plan must be a mapping that begins with \"version: 1\"");
	return false;
}

static void check_end(struct reader *r)
{
	if (r->event.type == YAML_DOCUMENT_END_EVENT)
		reader_next(r);
	if (r->event.type == YAML_DOCUMENT_START_EVENT)
		reader_error(r, reader_line(r), "ddi-yaml",
			     "a second YAML document begins here and is not read: remove the "
			     "\"---\"");
}

void ddi_read(const struct text *text, const struct ddi_source *source, struct ddi_plan **ret_plan,
	      struct findings *findings)
{
	struct reader r = {.text = text, .source = source, .findings = findings};
	size_t len;

	*ret_plan = NULL;
	if (text->len > DDI_FILE_MAX) {
		reader_error(&r, 1, "ddi-limit", "the plan has %zu bytes, more than %d: not read",
			     text->len, DDI_FILE_MAX);
		return;
	}
	if (has_many_tags(text)) {
		reader_error(&r, 1, "ddi-limit",
			     "the plan has more than %d %%TAG directives: not read", TAGS_MAX);
		return;
	}
	cleanup_free char *input = prepared(text, &len);
	r.input = input;
	r.input_len = len;
	if (!yaml_parser_initialize(&r.parser))
		out_of_memory();
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)input, len);
	r.plan = ddi_plan_new(text->file);
	set_defaults(r.plan);
	if (find_root(&r)) {
		read_plan(&r);
		check_end(&r);
		r.plan->incomplete = r.n_findings > 0;
		*ret_plan = r.plan;
	} else {
		ddi_plan_free(r.plan);
	}
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	strbuf_clear(&r.scratch);
}
