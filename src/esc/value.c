// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "esc/internal.h"

/* Bytes of the address; 0: it is none. */
static unsigned address_parse(const char *s, unsigned char bytes[static 16])
{
	if (inet_pton(AF_INET, s, bytes) == 1)
		return 4;
	return inet_pton(AF_INET6, s, bytes) == 1 ? 16 : 0;
}

int ip_version(const char *address)
{
	unsigned char bytes[16];
	unsigned len = address_parse(address, bytes);

	return len == 4 ? 4 : len == 16 ? 6 : 0;
}

/* How many ones lead, or -1 when a one follows a zero. */
static int leading_ones(const unsigned char *bytes, unsigned len)
{
	unsigned ones = 0;

	while (ones < len * 8 && bytes[ones / 8] & (0x80u >> ones % 8))
		ones++;
	for (unsigned i = ones; i < len * 8; i++)
		if (bytes[i / 8] & (0x80u >> i % 8))
			return -1;
	return (int)ones;
}

int prefix_length(const char *s, int version)
{
	unsigned char bytes[16];
	int64_t length;

	if (str_to_int(s + (s[0] == '/'), 0, version == 4 ? 32 : 128, &length) == 0)
		return (int)length;
	unsigned len = address_parse(s, bytes);
	return len == (version == 4 ? 4 : 16) ? leading_ones(bytes, len) : -1;
}

char *network_address(const char *address, unsigned prefix)
{
	unsigned char bytes[16] = {0};
	char text[INET6_ADDRSTRLEN] = "";
	unsigned len = address_parse(address, bytes);

	for (unsigned i = prefix; i < len * 8; i++)
		bytes[i / 8] &= (unsigned char)~(0x80u >> i % 8);
	inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
	return xstrdup(text);
}
