// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include "base/alloc.h"

const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len)
{
	const unsigned char *p = data;
	char *out = xcalloc((len + 2) / 3 * 4 + 1, 1), *o = out;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);
		*o++ = base64_alphabet[v >> 18];
		*o++ = base64_alphabet[v >> 12 & 63];
		*o++ = left > 1 ? base64_alphabet[v >> 6 & 63] : '=';
		*o++ = left > 2 ? base64_alphabet[v & 63] : '=';
	}
	return out;
}
