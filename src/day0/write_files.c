// SPDX-License-Identifier: Apache-2.0
/* write_files of a cloud-config, as cloudinit/config/cc_write_files.py reads it. */
#include <ctype.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "base/yaml_tree.h"
#include "day0/decode.h"
#include "day0/program.h"
#include "day0/readers.h"

struct write_files {
	struct yaml *y;
	struct guest_links *links;
	struct findings *findings;
	size_t unpacked; /* bytes unpacked from gzip so far, to limit them */
};

#define complain(w, node, severity, ...)                                                   \
	report((w)->findings, (w)->y->text, yaml_line(node), severity, "day0-write-files", \
	       __VA_ARGS__)

struct encoding {
	bool base64, gzip;
	char *name; /* lower case, without blanks; "" if there is none */
};

/* canonicalize_extraction(). An unknown one is reported; cloud-init takes the content as it is. */
static void read_encoding(struct write_files *w, const yaml_node_t *n, struct encoding *ret)
{
	const char *s = yaml_str(n) && !yaml_is_null(n) ? yaml_str(n) : "";

	char *name = str_trimmed(s, strlen(s));
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	ret->name = name;
	ret->gzip = str_in_words("gz gzip gz+b64 gz+base64 gzip+b64 gzip+base64", name);
	ret->base64 = str_in_words("b64 base64", name) || (ret->gzip && strchr(name, '+'));
	if (*name && !ret->gzip && !ret->base64 && !streq(name, "text/plain")) {
		cleanup_free char *q = quotable(yaml_str(n));
		complain(w, n, SEVERITY_ERROR,
			 "cloud-init has no encoding \"%s\": use b64, gzip, gz+b64 or text/plain",
			 q);
	}
}

/* Python skips characters outside the alphabet. If there are many of them, it is not base64. */
static bool is_base64(const struct text *t)
{
	size_t other = 0, total = 0;

	for (size_t i = 0; i < t->len; i++) {
		bool known = isalnum((unsigned char)t->s[i]) || strchr("+/=", t->s[i]);
		if (isspace((unsigned char)t->s[i]))
			continue;
		total++;
		other += !known;
	}
	return other * 10 <= total;
}

/* Decodes base64; what names it for the finding. */
static void decode(struct write_files *w, const yaml_node_t *content, const struct text *coded,
		   const char *what, struct text *ret)
{
	unsigned bad;
	bool cut;

	text_decode_base64(coded, ret, &bad, &cut);
	if (cut || (bad && !is_base64(coded)))
		complain(w, content, SEVERITY_ERROR,
			 "the content is not valid base64, but the file has \"%s\"", what);
	else if (bad)
		complain(w, content, SEVERITY_WARNING,
			 "characters outside the base64 alphabet are skipped: remove them");
}

/* Unpacks gzip. False if it is none. */
static bool unpack(struct write_files *w, const yaml_node_t *content, const struct text *packed,
		   const char *encoding, struct text *ret)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *s = NULL;
	size_t len;

	if (gunzip(packed->s, packed->len, GUNZIP_MAX - w->unpacked, &s, &len, &err) < 0) {
		complain(w, content, SEVERITY_ERROR,
			 "the content is not valid gzip, but the file has \"encoding: %s\": %s",
			 encoding, err.text);
		return false;
	}
	w->unpacked += len;
	text_init_at(ret, w->y->text, yaml_line(content), s, len);
	return true;
}

static bool is_binary(const yaml_node_t *n)
{
	return n && streq((const char *)n->tag, "tag:yaml.org,2002:binary");
}

/* Decodes a file's content: YAML's !!binary, then its encoding. False if it is unknown. */
static bool file_content(struct write_files *w, yaml_node_t *item, const struct encoding *encoding,
			 struct text *ret)
{
	yaml_node_t *content = yaml_get(w->y, item, "content");
	cleanup_text struct text text = {0};

	if (!yaml_str(content))
		return false;
	yaml_scalar_text(w->y, content, &text);
	if (is_binary(content)) {
		cleanup_text struct text coded = steal(text);
		decode(w, content, &coded, "!!binary", &text);
	}
	if (encoding->base64) {
		cleanup_text struct text coded = steal(text);
		cleanup_free char *what = xasprintf("encoding: %s", encoding->name);
		decode(w, content, &coded, what, &text);
	}
	if (encoding->gzip)
		return unpack(w, content, &text, encoding->name, ret);
	*ret = steal(text);
	return true;
}

/* Python's int(s, 8). -1 if it refuses s. */
static long octal(const char *s)
{
	long value = 0;
	bool digit = false;

	s += strspn(s, " \t\r\n");
	s += *s == '+';
	if (s[0] == '0' && (s[1] == 'o' || s[1] == 'O'))
		s += 2 + (s[2] == '_');
	for (; *s && !isspace((unsigned char)*s); s++) {
		if (*s == '_' && digit && isdigit((unsigned char)s[1]))
			continue;
		if (*s < '0' || *s > '7' || value > 0177777)
			return -1;
		digit = true;
		value = value * 8 + (*s - '0');
	}
	return digit && !s[strspn(s, " \t\r\n")] ? value : -1;
}

/* The integer that PyYAML makes of a plain scalar (YAML 1.1). False if it makes another type. */
static bool yaml_integer(const char *s, long *ret)
{
	cleanup_free char *digits = xstrdup(s);
	char *out = digits, *end;
	int base = 10;

	for (const char *p = s; *p; p++)
		if (*p != '_')
			*out++ = *p;
	*out = 0;
	const char *p = digits + (*digits == '+');
	if (p[0] == '0' && (p[1] == 'b' || p[1] == 'x')) {
		base = p[1] == 'b' ? 2 : 16;
		p += 2;
	} else if (p[0] == '0' && p[1]) {
		base = 8;
	}
	if (!isxdigit((unsigned char)*p) || *s == '_')
		return false;
	*ret = strtol(p, &end, base);
	return *end == 0;
}

/* Whether it looks like the octal mode of a file: 644, 0600 ... */
static bool is_usual(long mode)
{
	long user = mode >> 6 & 7, group = mode >> 3 & 7, other = mode & 7;

	return mode > 7 && user >= 4 && group <= user && other <= group && group != 1 &&
	       group != 2 && group != 3 && (other == 0 || other >= 4);
}

/* decode_perms(): an integer is the mode, a string is read as octal. Returns the mode, 0644 if
 * there is none. */
static long read_permissions(struct write_files *w, const yaml_node_t *n)
{
	const char *s = yaml_str(n);
	long mode, meant;

	if (!s || yaml_is_null(n))
		return 0644;
	cleanup_free char *q = quotable(s);
	meant = octal(s);
	bool number = yaml_plain(n) && yaml_integer(s, &mode);
	if (!number)
		mode = meant;
	if (mode < 0 || mode > 0177777)
		complain(w, n, SEVERITY_ERROR,
			 "permissions \"%s\" must be an octal mode such as '0644'", q);
	else if (number && mode != meant && is_usual(meant))
		complain(w, n, SEVERITY_ERROR,
			 "permissions %s is a decimal number in YAML: write '0%s', with quotes", q,
			 q);
	return mode;
}

static void check_keys(struct write_files *w, yaml_node_t *item)
{
	static const char *const keys[] = {"path",        "content", "source", "encoding", "owner",
					   "permissions", "append",  "defer",  "<<"};

	for (size_t i = 0; i < yaml_pairs(item); i++) {
		yaml_node_t *key, *value;
		yaml_pair(w->y, item, i, &key, &value);
		if (array_find(keys, ARRAY_SIZE(keys), streq(yaml_str(key), *it)))
			continue;
		cleanup_free char *name = quotable(yaml_str(key) ? yaml_str(key) : "?");
		complain(w, key, SEVERITY_WARNING, "write_files has no key \"%s\" and ignores it",
			 name);
	}
}

static void check_file(struct write_files *w, yaml_node_t *item)
{
	yaml_node_t *path = yaml_get(w->y, item, "path");
	cleanup_text struct text text = {0};

	if (!yaml_is_map(item) || !yaml_str(path)) {
		complain(w, item, SEVERITY_ERROR,
			 "this file has no path, so cloud-init skips it: add one");
		return;
	}
	if (yaml_str(path)[0] != '/') {
		cleanup_free char *q = quotable(yaml_str(path));
		complain(w, path, SEVERITY_ERROR, "\"%s\" is not an absolute path", q);
	}
	check_keys(w, item);
	long mode = read_permissions(w, yaml_get(w->y, item, "permissions"));

	struct encoding encoding;
	read_encoding(w, yaml_get(w->y, item, "encoding"), &encoding);
	cleanup_free char *name = encoding.name;
	if (!file_content(w, item, &encoding, &text)) {
		if (yaml_get(w->y, item, "source") && is_network_path(yaml_str(path)))
			links_unread(w->links, w->y->text, yaml_line(item), true, yaml_str(path),
				     "its content is not in day-0");
		return;
	}
	if (*name || is_binary(yaml_get(w->y, item, "content")))
		check_private_key(&text, w->findings);
	guest_file_written(yaml_str(path), &text, w->links, w->findings);
	struct guest_file *written = guest_file_find(w->links, yaml_str(path));
	if (!written)
		return;
	written->partial = streq(yaml_str(yaml_get(w->y, item, "append")), "true");
	written->exposed = mode & 077;
}

void write_files_read(struct yaml *y, struct guest_links *links, struct findings *findings)
{
	struct write_files w = {y, links, findings, 0};
	yaml_node_t *list = yaml_get(y, yaml_root(y), "write_files");

	if (!yaml_is_null(list) && !yaml_is_list(list))
		complain(&w, list, SEVERITY_ERROR,
			 "write_files is not a list: begin each file with \"- path:\"");
	for (size_t i = 0; i < yaml_len(list); i++)
		check_file(&w, yaml_item(y, list, i));
}
