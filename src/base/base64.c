// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include "base/alloc.h"
#include "base/str.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len)
{
	const unsigned char *p = data;
	char *out = xcalloc((len + 2) / 3 * 4 + 1, 1), *o = out;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);
		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
		*o++ = left > 2 ? alphabet[v & 63] : '=';
	}
	return out;
}

int base64_value(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

bool base64_decode(const char *s, size_t len, struct strbuf *b)
{
	unsigned bits = 0, n_bits = 0;

	for (size_t i = 0; i < len && s[i] != '='; i++) {
		int value = base64_value(s[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (unsigned)value;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			strbuf_add(b, &(char){(char)(bits >> n_bits)}, 1);
		}
	}
	return true;
}
