// SPDX-License-Identifier: Apache-2.0
#include "day0/mime_part.h"

#include <ctype.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "day0/decode.h"

void headers_clear(struct headers *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free_all(h->v[i].name, h->v[i].value);
	}
	free(h->v);
	*h = (struct headers){0};
}

const struct header *header_find(const struct headers *h, const char *name)
{
	return array_find(h->v, h->n, strcasecmp(it->name, name) == 0);
}

const char *type_from_start(const char *s, size_t len)
{
	/* INCLUSION_TYPES_MAP of cloudinit/handlers/__init__.py, the longest first */
	static const char *const starts[][2] = {
		{"#cloud-config-archive", "text/cloud-config-archive"},
		{"#cloud-config-jsonp", "text/cloud-config-jsonp"},
		{"## template: jinja", "text/jinja2"},
		{"#cloud-boothook", "text/cloud-boothook"},
		{"#include-once", "text/x-include-once-url"},
		{"#cloud-config", "text/cloud-config"},
		{"#part-handler", "text/part-handler"},
		{"#include", "text/x-include-url"},
		{"#!", "text/x-shellscript"},
	};

	s = str_trim_n(s, &len);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		size_t n = strlen(starts[i][0]);
		if (len >= n && strncasecmp(s, starts[i][0], n) == 0)
			return starts[i][1];
	}
	return NULL;
}

/* DECOMP_TYPES of cloudinit/user_data.py */
static bool is_gzip_type(const char *type)
{
	static const char *const types[] = {
		"application/gzip",       "application/gzip-compressed",   "application/gzipped",
		"application/x-compress", "application/x-compressed",      "application/x-gunzip",
		"application/x-gzip",     "application/x-gzip-compressed",
	};

	return array_find(types, ARRAY_SIZE(types), streq(type, *it)) != NULL;
}

/*
 * If a part is neither base64 nor quoted-printable, Python converts it to bytes with the codec
 * raw-unicode-escape: U+0080 to U+00FF become one byte each, which is not valid UTF-8; all above
 * become the six characters \uXXXX.
 */
static void check_ascii(const struct text *t, struct findings *findings)
{
	size_t line = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (t->s[i] == '\n')
			line++;
		/* no-break spaces have their own finding in cloud-config */
		if (t->s[i] == '\xc2' && t->s[i + 1] == '\xa0') {
			i++;
			continue;
		}
		if ((unsigned char)t->s[i] < 0x80)
			continue;
		report(findings, t, line, SEVERITY_WARNING, "day0-mime-encoding",
		       "a non-ASCII character in a part without transfer encoding, which "
		       "cloud-init garbles: encode the part as base64");
		return;
	}
}

static void decode_base64(const struct text *t, struct text *ret, struct findings *findings)
{
	unsigned bad;
	bool cut;

	text_decode_base64(t, ret, &bad, &cut);
	if (bad)
		findings_add(findings, SEVERITY_WARNING, "day0-mime-encoding", t->file, bad, NULL,
			     "a character outside the base64 alphabet is skipped");
	if (cut)
		report(findings, t, t->n_lines, SEVERITY_ERROR, "day0-mime-encoding",
		       "the base64 data is incomplete: the part may be truncated");
}

static void decode(const struct headers *h, const struct text *t, struct text *ret,
		   struct findings *findings)
{
	static const char *const as_is[] = {"", "7bit", "8bit", "binary"};
	const struct header *encoding = h ? header_find(h, "Content-Transfer-Encoding") : NULL;
	const char *name = encoding ? encoding->value : "";
	bool known = false;

	/* Python compares the whole value: "base64 " is different from "base64". */
	if (strcasecmp(name, "base64") == 0) {
		decode_base64(t, ret, findings);
		return;
	}
	if (strcasecmp(name, "quoted-printable") == 0) {
		quoted_printable_decode(t, ret);
		return;
	}
	text_init_slice(ret, t, 0, t->s, t->len);
	for (size_t i = 0; i < ARRAY_SIZE(as_is); i++)
		known = known || strcasecmp(name, as_is[i]) == 0;
	if (!known) {
		cleanup_free char *q = quotable(name);
		report(findings, t, 0, SEVERITY_ERROR, "day0-mime-encoding",
		       "cloud-init has no Content-Transfer-Encoding \"%s\" and does not decode the "
		       "part",
		       q);
	} else if (h) {
		check_ascii(t, findings);
	}
}

/* Removes quotes and backslashes of a parameter's value, as email.utils.unquote does. */
static char *unquoted(char *s)
{
	size_t len = strlen(s), out = 0;
	bool quotes = len > 1 && s[0] == '"' && s[len - 1] == '"';

	if (!quotes && !(len > 1 && s[0] == '<' && s[len - 1] == '>'))
		return s;
	for (size_t i = 1; i + 1 < len; i++) {
		if (quotes && s[i] == '\\' && i + 2 < len && (s[i + 1] == '\\' || s[i + 1] == '"'))
			i++;
		s[out++] = s[i];
	}
	s[out] = 0;
	return s;
}

char *header_parameter(const struct header *h, const char *wanted)
{
	const char *p = h ? strchr(h->value, ';') : NULL;

	while (p) {
		const char *start = ++p;
		for (bool quoted = false; *p && (quoted || *p != ';'); p++)
			quoted = quoted != (*p == '"' && p[-1] != '\\');
		const char *equals = memchr(start, '=', (size_t)(p - start));
		const char *name_end = equals ? equals : p;
		cleanup_free char *name = str_trimmed(start, (size_t)(name_end - start));
		if (strcasecmp(name, wanted) == 0) {
			char *value = equals ? str_trimmed(equals + 1, (size_t)(p - equals - 1))
					     : xstrdup("");
			unquoted(value);
			size_t len = strlen(value);
			while (len > 0 && isspace((unsigned char)value[len - 1]))
				value[--len] = 0;
			return value;
		}
		p = *p ? p : NULL;
	}
	return NULL;
}

/* Its value, by the name as cloud-init looks it up: in this case only. */
static char *exact_header(const struct headers *h, const char *name)
{
	const struct header *found = h ? array_find(h->v, h->n, streq(it->name, name)) : NULL;

	return found && *found->value ? xstrdup(found->value) : NULL;
}

/* The name under which cloud-init stores the part. */
static char *filename_of(const struct headers *h, size_t number)
{
	char *name = h ? header_parameter(header_find(h, "Content-Disposition"), "filename") : NULL;

	if (h && !name)
		name = header_parameter(header_find(h, "Content-Type"), "name");
	return name ? name : xasprintf("part-%03zu", number);
}

void part_add(struct mime_parts *parts, const struct headers *h, const char *type,
	      const struct text *text, struct findings *findings)
{
	cleanup_text struct text t = {0};

	decode(h, text, &t, findings);
	if (is_gzip_type(type)) {
		cleanup_err struct err err = ERR_INIT;
		cleanup_free char *s = NULL;
		size_t len;
		if (gunzip(t.s, t.len, GUNZIP_MAX - parts->unpacked, &s, &len, &err) < 0) {
			report(findings, text, 0, SEVERITY_ERROR, "day0-gzip",
			       "the part of type %s cannot be unpacked, so cloud-init drops all "
			       "user data: %s",
			       type, err.text);
			return;
		}
		parts->unpacked += len;
		text_clear(&t);
		text_init_at(&t, text, 0, s, len);
		type = "text/plain";
	}
	if (streq(type, "text/plain") || streq(type, "text/x-not-multipart") ||
	    streq(type, "text/x-shellscript")) {
		const char *shown = type_from_start(t.s, t.len);
		if (shown)
			type = shown;
	}
	struct mime_part *part = array_push(parts->v, parts->n);
	part->type = xstrdup(type);
	part->text = steal(t);
	part->merge_type = exact_header(h, "Merge-Type");
	if (!part->merge_type)
		part->merge_type = exact_header(h, "X-Merge-Type");
	part->filename = filename_of(h, parts->n);
}
