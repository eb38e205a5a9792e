// SPDX-License-Identifier: Apache-2.0
/* State names and the order of decisions follow email/feedparser.py of CPython 3.11. */
#include "day0/mime.h"

#include <ctype.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/mime_part.h"

enum {
	DEPTH_MAX = 16,
	HEADER_MAX = 16384, /* longest value that continuation lines extend */
	LOOKED_AT = 4096,   /* cloud-init searches this many bytes for "mime-version:" */
};

struct line {
	const char *s;
	size_t len; /* with its line break */
	size_t at;  /* index of the line in the text */
};

struct mime_reader {
	const struct text *text;
	const char *p;
	size_t at; /* index of the line at p */
	const char *boundaries[DEPTH_MAX];
	size_t n_boundaries; /* boundaries that end the current part */
	struct findings *findings;
	struct mime_parts *parts;
};

bool mime_is(const char *s, size_t len)
{
	static const char name[] = "mime-version:";

	for (size_t i = 0; i + strlen(name) <= len && i + strlen(name) <= LOOKED_AT; i++)
		if (strncasecmp(s + i, name, strlen(name)) == 0)
			return true;
	return false;
}

void parts_clear(struct mime_parts *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free_all(p->v[i].type, p->v[i].merge_type, p->v[i].filename);
		text_clear(&p->v[i].text);
	}
	free(p->v);
	*p = (struct mime_parts){0};
}

static size_t eol_len(const char *s, size_t len)
{
	if (len >= 2 && s[len - 2] == '\r' && s[len - 1] == '\n')
		return 2;
	return len >= 1 && (s[len - 1] == '\n' || s[len - 1] == '\r');
}

/* The line at p by Python's rules (a lone CR ends a line too), ignoring boundaries. */
static bool peek(const struct mime_reader *r, struct line *ret)
{
	const char *end = r->text->s + r->text->len, *p = r->p;

	if (p == end)
		return false;
	while (p < end && *p != '\n' && *p != '\r')
		p++;
	if (p < end)
		p += *p == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
	*ret = (struct line){r->p, (size_t)(p - r->p), r->at};
	return true;
}

enum delimiter { DELIMITER_NONE, DELIMITER_PART, DELIMITER_CLOSE };

/* "--" boundary ["--"] followed by blanks only. */
static enum delimiter delimiter(const struct line *l, const char *boundary)
{
	size_t n = strlen(boundary), len = l->len - eol_len(l->s, l->len);
	const char *p = l->s, *end = l->s + len;

	if (len < n + 2 || memcmp(p, "--", 2) != 0 || memcmp(p + 2, boundary, n) != 0)
		return DELIMITER_NONE;
	p += n + 2;
	enum delimiter d = DELIMITER_PART;
	if (end - p >= 2 && memcmp(p, "--", 2) == 0) {
		d = DELIMITER_CLOSE;
		p += 2;
	}
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p == end ? d : DELIMITER_NONE;
}

/* The next line. False at the end of the text or at an outer boundary. */
static bool take(struct mime_reader *r, struct line *ret)
{
	struct line l;

	if (!peek(r, &l))
		return false;
	for (size_t i = 0; i < r->n_boundaries; i++)
		if (delimiter(&l, r->boundaries[i]) != DELIMITER_NONE)
			return false;
	r->p += l.len;
	r->at += l.s[l.len - 1] == '\n';
	*ret = l;
	return true;
}

static void put_back(struct mime_reader *r, const struct line *l)
{
	r->p = l->s;
	r->at = l->at;
}

static void header_add(struct headers *h, const struct line *l)
{
	const char *colon = memchr(l->s, ':', l->len);
	size_t name_len = (size_t)(colon - l->s);
	const char *value = colon + 1, *end = l->s + l->len - eol_len(l->s, l->len);

	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	struct header *one = array_push(h->v, h->n);
	one->name = xstrndup(l->s, name_len);
	one->value = xstrndup(value, (size_t)(end - value));
	one->at = l->at;
}

static void header_continue(struct headers *h, const struct line *l)
{
	struct header *last = &h->v[h->n - 1];
	size_t len = strlen(last->value), more = l->len - eol_len(l->s, l->len);

	if (len > HEADER_MAX)
		return;
	last->value = xreallocarray(last->value, len + more + 2, 1);
	last->value[len] = '\n';
	memcpy(last->value + len + 1, l->s, more);
	last->value[len + 1 + more] = 0;
}

/* Starts with "Name:", "From " or a blank, as headerRE does. */
static bool looks_like_header(const struct line *l)
{
	size_t i = 0;

	if (l->s[0] == ' ' || l->s[0] == '\t' || (l->len >= 5 && memcmp(l->s, "From ", 5) == 0))
		return true;
	while (i < l->len && l->s[i] > ' ' && l->s[i] < 0x7f && l->s[i] != ':')
		i++;
	return i < l->len && l->s[i] == ':';
}

static void read_headers(struct mime_reader *r, struct headers *h)
{
	struct line l;
	bool salvage = false; /* the last line was not a header, so no line can continue it */

	for (size_t n = 0; take(r, &l); n++) {
		if (!looks_like_header(&l)) {
			if (l.len == eol_len(l.s, l.len))
				return;
			report(r->findings, r->text, l.at, SEVERITY_WARNING, "day0-mime-header",
			       "this line is not a header and no empty line precedes it, so "
			       "cloud-init reads it as content: insert an empty line");
			put_back(r, &l);
			return;
		}
		if (l.s[0] == ' ' || l.s[0] == '\t') {
			if (h->n == 0 || salvage)
				report(r->findings, r->text, l.at, SEVERITY_WARNING,
				       "day0-mime-header",
				       "this line continues a header, but no header precedes it");
			else
				header_continue(h, &l);
		} else if (str_starts(l.s, "From ") || l.s[0] == ':') {
			salvage = true;
			if (n > 0 || l.s[0] == ':') /* the first line of a mailbox is valid */
				report(r->findings, r->text, l.at, SEVERITY_WARNING,
				       "day0-mime-header",
				       "this line is not a header, so cloud-init skips it");
		} else {
			header_add(h, &l);
			salvage = false;
		}
	}
}

static char *content_type(const struct header *h)
{
	if (!h)
		return xstrdup("text/plain");
	char *type = str_trimmed(h->value, strcspn(h->value, ";"));
	const char *slash = strchr(type, '/');

	if (!slash || strchr(slash + 1, '/')) {
		free(type);
		return xstrdup("text/plain");
	}
	for (char *p = type; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return type;
}

static void check_headers(struct mime_reader *r, const struct headers *h, const char *type)
{
	const struct header *version = header_find(h, "MIME-Version");
	const struct header *ct = header_find(h, "Content-Type");

	if (version && !streq(version->value, "1.0")) {
		cleanup_free char *q = quotable(version->value);
		report(r->findings, r->text, version->at, SEVERITY_WARNING, "day0-mime-version",
		       "MIME-Version is \"%s\", not \"1.0\": remove the extra characters", q);
	}
	if (ct && streq(type, "text/plain") && strncasecmp(ct->value, type, strlen(type)) != 0) {
		cleanup_free char *q = quotable(ct->value);
		report(r->findings, r->text, ct->at, SEVERITY_WARNING, "day0-mime-type",
		       "Content-Type \"%s\" must be type/subtype: cloud-init uses text/plain", q);
	}
}

static void read_message(struct mime_reader *r, unsigned depth);

/* Whether a line of content was probably meant as a delimiter. */
static void check_near_delimiter(struct mime_reader *r, const struct line *l)
{
	for (size_t i = 0; i < r->n_boundaries; i++) {
		const char *b = r->boundaries[i];
		size_t n = strlen(b), len = l->len - eol_len(l->s, l->len);
		const char *p = l->s;
		while (p < l->s + len && (*p == '-' || *p == ' ' || *p == '\t'))
			p++;
		if (n < 6 || (size_t)(l->s + len - p) < n || strncmp(p, b, n) != 0 || *l->s != '-')
			continue;
		cleanup_free char *q = quotable_n(l->s, len);
		report(r->findings, r->text, l->at, SEVERITY_ERROR, "day0-mime-delimiter",
		       "\"%s\" is not a delimiter, so it is read as content: write --%s or --%s-- "
		       "with nothing else on the line",
		       q, b, b);
		return;
	}
}

/* Content of a part that is not a container, up to the delimiter. The delimiter's line break is not
 * part of it. */
static void read_leaf(struct mime_reader *r, const struct headers *h, const char *type)
{
	const char *start = r->p;
	size_t first = r->at;
	struct line l;

	while (take(r, &l))
		check_near_delimiter(r, &l);
	size_t len = (size_t)(r->p - start);
	if (r->n_boundaries > 0)
		len -= eol_len(start, len);

	cleanup_text struct text text = {0};
	text_init_slice(&text, r->text, first, start, len);
	part_add(r->parts, h, type, &text, r->findings);
}

static void skip_rest(struct mime_reader *r)
{
	struct line l;

	while (take(r, &l))
		;
}

/* Skips what follows the closing delimiter. */
static void read_epilogue(struct mime_reader *r, const char *boundary)
{
	struct line l;

	while (take(r, &l)) {
		cleanup_free char *q = str_trimmed(l.s, l.len);
		if (!*q)
			continue;
		bool part = delimiter(&l, boundary) != DELIMITER_NONE;
		report(r->findings, r->text, l.at, part ? SEVERITY_ERROR : SEVERITY_WARNING,
		       "day0-mime-delimiter",
		       "the text after the closing delimiter --%s-- is ignored%s", boundary,
		       part ? ", including a part" : "");
		skip_rest(r);
	}
}

static bool rest_is_blank(const struct mime_reader *r)
{
	for (const char *p = r->p; p < r->text->s + r->text->len; p++)
		if (!isspace((unsigned char)*p))
			return false;
	return true;
}

/* Skips to the first delimiter. The text before it is for readers without MIME. */
static bool skip_preamble(struct mime_reader *r, const char *boundary)
{
	struct line l;

	while (take(r, &l)) {
		if (delimiter(&l, boundary) != DELIMITER_NONE) {
			put_back(r, &l);
			return true;
		}
	}
	return false;
}

/* Consecutive delimiters count as one, even closing ones. Returns the kind of the last. */
static enum delimiter skip_more_delimiters(struct mime_reader *r, const char *boundary,
					   size_t *last)
{
	enum delimiter kind = DELIMITER_PART, next;
	struct line l;

	while (peek(r, &l) && (next = delimiter(&l, boundary)) != DELIMITER_NONE && take(r, &l)) {
		kind = next;
		*last = l.at;
	}
	return kind;
}

static void read_parts(struct mime_reader *r, const char *boundary, size_t header_at,
		       unsigned depth)
{
	struct line l;

	if (!skip_preamble(r, boundary)) {
		report(r->findings, r->text, header_at, SEVERITY_ERROR, "day0-mime-boundary",
		       "no line is --%s, the boundary that this header names, so cloud-init finds "
		       "no parts: use the same boundary",
		       boundary);
		return;
	}
	while (take(r, &l)) {
		size_t last = l.at;
		if (delimiter(&l, boundary) == DELIMITER_CLOSE) {
			read_epilogue(r, boundary);
			return;
		}
		enum delimiter kind = skip_more_delimiters(r, boundary, &last);
		if (rest_is_blank(r)) {
			skip_rest(r);
			if (kind == DELIMITER_PART)
				report(r->findings, r->text, last, SEVERITY_WARNING,
				       "day0-mime-delimiter",
				       "the last delimiter is --%s, so cloud-init reads another, "
				       "empty part: end the message with --%s--",
				       boundary, boundary);
			return;
		}
		r->boundaries[r->n_boundaries++] = boundary;
		read_message(r, depth + 1);
		r->n_boundaries--;
	}
	report(r->findings, r->text, r->at, SEVERITY_WARNING, "day0-mime-delimiter",
	       "the closing delimiter --%s-- is missing: the file may be truncated", boundary);
}

static void read_message(struct mime_reader *r, unsigned depth)
{
	struct headers h = {0};

	read_headers(r, &h);
	const struct header *ct = header_find(&h, "Content-Type");
	cleanup_free char *type = content_type(ct);
	size_t at = ct ? ct->at : r->at;
	bool multipart = str_starts(type, "multipart/");

	check_headers(r, &h, type);
	if ((multipart || str_starts(type, "message/")) && depth + 1 >= DEPTH_MAX) {
		report(r->findings, r->text, at, SEVERITY_ERROR, "day0-mime-depth",
		       "parts are nested more than %d deep: the rest is not read", DEPTH_MAX);
		skip_rest(r);
	} else if (multipart) {
		cleanup_free char *boundary = header_parameter(ct, "boundary");
		if (boundary) {
			read_parts(r, boundary, at, depth);
		} else {
			report(r->findings, r->text, at, SEVERITY_ERROR, "day0-mime-boundary",
			       "%s has no boundary, so cloud-init finds no parts: add one", type);
			skip_rest(r);
		}
	} else if (str_starts(type, "message/")) {
		report(r->findings, r->text, at, SEVERITY_WARNING, "day0-mime-type",
		       "cloud-init processes the contents of a part of type %s twice: make them "
		       "separate parts",
		       type);
		read_message(r, depth + 1);
	} else {
		read_leaf(r, &h, type);
	}
	headers_clear(&h);
}

void mime_read(const struct text *text, struct mime_parts *ret, struct findings *findings)
{
	struct mime_reader r = {.text = text, .p = text->s, .findings = findings, .parts = ret};

	*ret = (struct mime_parts){0};
	if (mime_is(text->s, text->len))
		read_message(&r, 0);
	else
		part_add(ret, NULL, "text/x-not-multipart", text, findings);
}
