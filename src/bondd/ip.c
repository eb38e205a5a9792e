// SPDX-License-Identifier: Apache-2.0
#include "bondd/ip.h"

#include <arpa/inet.h>
#include <string.h>

size_t ip_len(const struct ip *ip)
{
	return ip->family == AF_INET ? 4 : ip->family == AF_INET6 ? 16 : 0;
}

struct ip ip_from(int family, const void *bytes, size_t len)
{
	struct ip ip = {.family = family};

	if (len == 0 || len != ip_len(&ip))
		return (struct ip){0};
	memcpy(ip.bytes, bytes, len);
	return ip;
}

bool ip_parse(const char *text, struct ip *ret_ip)
{
	struct ip ip = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

	if (inet_pton(ip.family, text, ip.bytes) != 1)
		return false;
	*ret_ip = ip;
	return true;
}

const char *ip_text(const struct ip *ip, char *buf)
{
	if (!ip->family || !inet_ntop(ip->family, ip->bytes, buf, IP_TEXT_SIZE))
		memcpy(buf, "-", 2);
	return buf;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ip_same_net(const struct ip *a, const struct ip *b, unsigned bits)
{
	size_t whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00u >> bits % 8);

	if (a->family != b->family || bits > 8 * ip_len(a) ||
	    memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return bits % 8 == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0;
}
