// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static size_t decode(const char *s, size_t len, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *u = (const unsigned char *)s;

	if (len == 0 || (u[0] >= 0x80 && u[0] < 0xc0) || u[0] >= 0xf8)
		return 0;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	uint32_t code = n == 1 ? u[0] : u[0] & (0x7fu >> n);
	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (u[i] & 0x3fu);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret_code = code;
	return n;
}

size_t utf8_length(const char *s, size_t len)
{
	uint32_t code;

	return decode(s, len, &code);
}

size_t utf8_printable(const char *s)
{
	uint32_t code;
	size_t n = decode(s, strnlen(s, 4), &code);

	if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0) || (code & 0xfffe) == 0xfffe)
		return 0;
	return n;
}

void utf8_make_printable(char *s, const char *keep)
{
	size_t n;

	for (; *s; s += n) {
		n = utf8_printable(s);
		if (n > 0)
			continue;
		if (!strchr(keep, *s))
			*s = '?';
		n = 1;
	}
}
