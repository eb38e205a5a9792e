// SPDX-License-Identifier: Apache-2.0
#include "check/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"
#include "model/model.h"

static unsigned bits(int family)
{
	return family == 4 ? 32 : 128;
}

bool ip_parse(const char *s, struct ip *ret)
{
	char bare[INET6_ADDRSTRLEN];
	size_t len = strcspn(s, "/");
	struct ip ip = {0};
	int64_t prefix;

	if (len >= sizeof(bare))
		return false;
	memcpy(bare, s, len);
	bare[len] = 0;
	ip.family = inet_pton(AF_INET, bare, ip.bytes) == 1    ? 4
		    : inet_pton(AF_INET6, bare, ip.bytes) == 1 ? 6
							       : 0;
	if (ip.family == 0)
		return false;
	ip.prefix = bits(ip.family);
	if (s[len] && str_to_int(s + len + 1, 0, ip.prefix, &prefix) < 0)
		return false;
	if (s[len])
		ip.prefix = (unsigned)prefix;
	*ret = ip;
	return true;
}

/* Whether the first n bits are the same. */
static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned n)
{
	unsigned char mask = (unsigned char)~(0xffu >> n % 8);

	return memcmp(a, b, n / 8) == 0 && (n % 8 == 0 || ((a[n / 8] ^ b[n / 8]) & mask) == 0);
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && same_bits(a->bytes, b->bytes, bits(a->family));
}

bool ip_in(const struct ip *address, const struct ip *net)
{
	return address->family == net->family && same_bits(address->bytes, net->bytes, net->prefix);
}

bool ip_overlap(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	       same_bits(a->bytes, b->bytes, a->prefix < b->prefix ? a->prefix : b->prefix);
}

bool ip_is_link_local(const struct ip *address)
{
	if (address->family == 4)
		return address->bytes[0] == 169 && address->bytes[1] == 254;
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

bool ip_of_subnet(const struct subnet *subnet, struct ip *ret)
{
	if (!subnet->address || !ip_parse(subnet->address, ret))
		return false;
	ret->prefix = subnet->prefix;
	return true;
}

bool ip_is_reserved(const struct ip *address, const struct ip *net)
{
	bool zeros = true, ones = true;

	if (net->family != 4 || net->prefix > 30 || !ip_in(address, net))
		return false;
	for (unsigned i = net->prefix; i < 32; i++) {
		bool one = address->bytes[i / 8] & (0x80u >> i % 8);
		zeros = zeros && !one;
		ones = ones && one;
	}
	return zeros || ones;
}
