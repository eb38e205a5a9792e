// SPDX-License-Identifier: Apache-2.0
/* The inverse of compose.c. */
#include "base/alloc.h"
#include "base/base64.h"
#include "base/str.h"
#include "day0/day0.h"

/* A position in a text that is read. Failures are latched. */
struct scan {
	const char *s, *end;
	bool failed;
};

/* The literal text must come next. */
static void expect(struct scan *c, const char *text)
{
	size_t len = strlen(text);

	if (c->failed || (size_t)(c->end - c->s) < len || memcmp(c->s, text, len) != 0)
		c->failed = true;
	else
		c->s += len;
}

static bool next_is(const struct scan *c, const char *text)
{
	size_t len = strlen(text);

	return !c->failed && (size_t)(c->end - c->s) >= len && memcmp(c->s, text, len) == 0;
}

/* Everything before the literal text, which is skipped too. */
static const char *until(struct scan *c, const char *text, size_t *ret_len)
{
	const char *start = c->s;
	const char *found =
		c->failed ? NULL : memmem(start, (size_t)(c->end - start), text, strlen(text));

	*ret_len = found ? (size_t)(found - start) : 0;
	c->failed = !found;
	if (found)
		c->s = found + strlen(text);
	return start;
}

/* A double-quoted scalar, as add_quoted() writes it, without the escapes for control characters. */
static char *quoted(struct scan *c)
{
	struct strbuf b = {0};

	expect(c, "\"");
	while (!c->failed && c->s < c->end && *c->s != '"') {
		if (*c->s == '\\')
			c->s++;
		if (c->s < c->end)
			strbuf_add(&b, c->s++, 1);
	}
	expect(c, "\"");
	return strbuf_steal(&b);
}

static void read_file(struct scan *c, struct day0_parts *ret)
{
	cleanup_strbuf struct strbuf content = {0};
	unsigned mode = 0;
	size_t len;

	expect(c, "- path: ");
	char *path = quoted(c);
	expect(c, "\n  owner: root:root\n  permissions: '0");
	for (; !c->failed && c->s < c->end && *c->s >= '0' && *c->s <= '7'; c->s++)
		mode = mode << 3 | (unsigned)(*c->s - '0');
	expect(c, "'\n  encoding: b64\n  content: ");
	const char *coded = until(c, "\n", &len);
	if (!c->failed && !(len == 2 && coded[0] == '\''))
		c->failed = !base64_decode(coded, len, &content);
	len = content.len;
	*array_push(ret->files, ret->n_files) =
		(struct day0_part){path, strbuf_steal(&content), len, mode & 07777};
}

/* The list of write_files, up to its end. */
static void read_files(struct scan *c, struct day0_parts *ret)
{
	expect(c, "#cloud-config\nmerge_how: list(append)+dict(no_replace,recurse_list)+str()\n"
		  "write_files:\n");
	while (next_is(c, "- path: "))
		read_file(c, ret);
}

/* The user's part, which may be base64. */
static void read_user(const char *s, size_t len, struct day0_parts *ret)
{
	static const char plain[] = "MIME-Version: 1.0\nContent-Type: text/plain; "
				    "charset=\"us-ascii\"\n\n";
	static const char coded[] = "MIME-Version: 1.0\nContent-Type: text/plain; "
				    "charset=\"utf-8\"\nContent-Transfer-Encoding: base64\n\n";
	struct scan c = {s, s + len, false};
	cleanup_strbuf struct strbuf decoded = {0};

	if (next_is(&c, plain))
		c.s += strlen(plain);
	if (next_is(&c, coded) && base64_decode(s + strlen(coded), len - strlen(coded), &decoded)) {
		ret->user_len = decoded.len;
		ret->user = strbuf_steal(&decoded);
		return;
	}
	ret->user_len = (size_t)(c.end - c.s);
	ret->user = xmemdup(c.s, ret->user_len);
}

void day0_parts_clear(struct day0_parts *parts)
{
	for (size_t i = 0; i < parts->n_files; i++)
		free_all(parts->files[i].path, parts->files[i].content);
	free_all(parts->files, parts->user);
	*parts = (struct day0_parts){0};
}

/* Both parts of a message that join() made. */
static bool split_message(const char *data, size_t len, struct day0_parts *ret)
{
	struct scan c = {data, data + len, false};
	size_t n;

	expect(&c, "Content-Type: multipart/mixed; boundary=\"");
	const char *at = until(&c, "\"", &n);
	if (c.failed || n > 100 || !memmem(at, n, "dnsvnf-", strlen("dnsvnf-")))
		return false;
	cleanup_free char *boundary = xstrndup(at, n);
	cleanup_free char *first = xasprintf("\nMIME-Version: 1.0\n\n--%s\n", boundary);
	cleanup_free char *next = xasprintf("\n--%s\nMIME-Version: 1.0\nContent-Type: "
					    "text/cloud-config; charset=\"us-ascii\"\n\n",
					    boundary);
	expect(&c, first);
	const char *user = until(&c, next, &n);
	if (c.failed)
		return false;
	read_user(user, n, ret);
	read_files(&c, ret);
	return !c.failed;
}

void day0_split(const char *data, size_t len, struct day0_parts *ret)
{
	struct day0_parts parts = {0};
	struct scan c = {data, data + len, false};
	bool split = split_message(data, len, &parts);

	if (!split) {
		day0_parts_clear(&parts);
		read_files(&c, &parts); /* nothing but our part */
		split = !c.failed && c.s == c.end;
	}
	if (!split) {
		day0_parts_clear(&parts);
		parts.user = xmemdup(data, len);
		parts.user_len = len;
	}
	*ret = parts;
}
