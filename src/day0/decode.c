// SPDX-License-Identifier: Apache-2.0
#include "day0/decode.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/text.h"

enum { WBITS_GZIP = 15 + 16 };

bool gzip_is(const char *s, size_t len)
{
	return len >= 2 && (unsigned char)s[0] == 0x1f && (unsigned char)s[1] == 0x8b;
}

int gunzip(const char *s, size_t len, size_t max, char **ret, size_t *ret_len, struct err *err)
{
	z_stream z = {.next_in = (unsigned char *)s, .avail_in = (uInt)len};
	size_t room = 16 << 10, n = 0;
	int r;

	if (!gzip_is(s, len))
		return err_set(err, INVALID, "it is not gzip: the first two bytes are not 1f 8b");
	if (len > INT_MAX || inflateInit2(&z, WBITS_GZIP) != Z_OK)
		return err_set(err, INVALID, "zlib cannot be initialized");
	cleanup_free char *out = xcalloc(room + 1, 1);
	do {
		if (n == room) {
			room *= 2;
			out = xreallocarray(out, room + 1, 1);
		}
		z.next_out = (unsigned char *)out + n;
		z.avail_out = (uInt)(room - n);
		r = inflate(&z, Z_NO_FLUSH);
		n = room - z.avail_out;
	} while (r == Z_OK && n <= max);
	cleanup_free char *why = xstrdup(z.msg ? z.msg : "it is truncated");
	inflateEnd(&z);
	if (n > max)
		return err_code(err, INVALID, EFBIG,
				"it unpacks to more than the limit of %zu bytes", max);
	if (r != Z_STREAM_END)
		return err_set(err, INVALID, "%s", why);
	out[n] = 0;
	*ret = steal_ptr(out);
	*ret_len = n;
	return 0;
}

void gzip_pack(const char *s, size_t len, char **ret, size_t *ret_len)
{
	z_stream z = {.next_in = (unsigned char *)s, .avail_in = (uInt)len};

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, WBITS_GZIP, 9, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		abort(); /* only on lack of memory or a wrong argument above */
	size_t room = deflateBound(&z, (uLong)len);
	char *out = xcalloc(room + 1, 1);
	z.next_out = (unsigned char *)out;
	z.avail_out = (uInt)room;
	deflate(&z, Z_FINISH);
	*ret_len = room - z.avail_out;
	*ret = out;
	deflateEnd(&z);
}

/* What Python returns if even its lenient decoder fails: the text without line breaks. */
static void keep_undecoded(const struct text *t, struct text *ret)
{
	struct text_builder b = {.text.file = t->file};
	size_t line = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (t->s[i] == '\n')
			line++;
		else if (t->s[i] != '\r')
			text_builder_add(&b, t->s[i], text_line(t, line));
	}
	text_builder_finish(&b, text_line(t, line), ret);
}

void text_decode_base64(const struct text *t, struct text *ret, unsigned *ret_bad, bool *ret_short)
{
	struct text_builder b = {.text.file = t->file};
	unsigned bits = 0, bad = 0, in_group = 0, pads = 0;
	size_t line = 0;

	for (size_t i = 0; i < t->len && in_group + pads < 4; i++) {
		char c = t->s[i];
		int value = base64_value(c);
		if (c == '\n') {
			line++;
		} else if (c == '=') {
			pads += in_group >= 2; /* padding anywhere else is skipped */
		} else if (value >= 0) {
			pads = 0;
			bits = bits << 6 | (unsigned)value;
			if (++in_group > 1)
				text_builder_add(&b, (char)(bits >> (4 - in_group) * 2),
						 text_line(t, line));
			in_group %= 4;
		} else if (!strchr("\r \t", c) && bad == 0) {
			bad = text_line(t, line);
		}
	}
	*ret_bad = bad;
	*ret_short = in_group > 0 && in_group + pads < 4;
	text_builder_finish(&b, text_line(t, line), ret);
	if (in_group == 1) {
		text_clear(ret);
		keep_undecoded(t, ret);
	}
}

/* Value of a hexadecimal digit; 16 for any other character. */
static unsigned hex(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

/* As Python's binascii.a2b_qp: invalid escapes are kept. */
void quoted_printable_decode(const struct text *t, struct text *ret)
{
	struct text_builder b = {.text.file = t->file};
	size_t line = 0;

	for (size_t i = 0; i < t->len;) {
		const char *s = t->s + i;
		size_t left = t->len - i;
		if (*s != '=') {
			text_builder_add(&b, *s, text_line(t, line));
			line += *s == '\n';
			i++;
		} else if (left == 1) {
			i++;
		} else if (s[1] == '\n' || s[1] == '\r') { /* a soft line break */
			const char *nl = memchr(s, '\n', left);
			line += nl != NULL;
			i += nl ? (size_t)(nl - s) + 1 : left;
		} else if (left > 2 && hex(s[1]) < 16 && hex(s[2]) < 16) {
			text_builder_add(&b, (char)(hex(s[1]) << 4 | hex(s[2])),
					 text_line(t, line));
			i += 3;
		} else {
			text_builder_add(&b, '=', text_line(t, line));
			i += s[1] == '=' ? 2 : 1;
		}
	}
	text_builder_finish(&b, text_line(t, line), ret);
}
