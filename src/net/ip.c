// SPDX-License-Identifier: Apache-2.0
#include "net/ip.h"

#include <arpa/inet.h>
#include <ifaddrs.h>

#include "base/alloc.h"
#include "base/str.h"

size_t ip_size(const struct ip_addr *ip)
{
	return ip->version == 4 ? 4 : ip->version == 6 ? 16 : 0;
}

int ip_family(const struct ip_addr *ip)
{
	return ip->version == 4 ? AF_INET : ip->version == 6 ? AF_INET6 : AF_UNSPEC;
}

static unsigned bits_of(const struct ip_addr *ip)
{
	return (unsigned)ip_size(ip) * 8;
}

bool ip_parse(const char *text, struct ip_addr *ret_ip)
{
	struct ip_addr ip = {.version = text && strchr(text, ':') ? 6 : 4};

	if (!text || inet_pton(ip_family(&ip), text, ip.bytes) != 1)
		return false;
	*ret_ip = ip;
	return true;
}

int ip_version_of(const char *text)
{
	struct ip_addr ip;

	return ip_parse(text, &ip) ? ip.version : 0;
}

struct ip_addr ip_from_bytes(int family, const void *bytes, size_t len)
{
	struct ip_addr ip = {.version = family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0};

	if (len == 0 || len != ip_size(&ip))
		return (struct ip_addr){0};
	memcpy(ip.bytes, bytes, len);
	return ip;
}

const char *ip_format(const struct ip_addr *ip, char *buf)
{
	if (!ip->version || !inet_ntop(ip_family(ip), ip->bytes, buf, IP_TEXT_SIZE))
		memcpy(buf, "-", 2);
	return buf;
}

char *ip_to_str(const struct ip_addr *ip)
{
	char text[IP_TEXT_SIZE];

	return xstrdup(ip_format(ip, text));
}

int ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->version != b->version)
		return a->version - b->version;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_compare(a, b) == 0;
}

bool ip_add(struct ip_addr *ip, int64_t n)
{
	struct ip_addr sum = *ip;
	int64_t carry = n;

	/* Division that rounds down, so that a borrow stays negative. */
	for (size_t i = ip_size(ip); i-- > 0 && carry;) {
		int64_t low = carry & 0xff;
		unsigned byte = sum.bytes[i] + (unsigned)low;

		sum.bytes[i] = (uint8_t)byte;
		carry = (carry - low) / 256 + (byte >> 8);
	}
	if (carry)
		return false;
	*ip = sum;
	return true;
}

bool ip_is_link_local(const struct ip_addr *ip)
{
	if (ip->version == 4)
		return ip->bytes[0] == 169 && ip->bytes[1] == 254;
	return ip->version == 6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

bool ip_is_loopback(const struct ip_addr *ip)
{
	static const struct ip_addr v6 = {.version = 6, .bytes = {[15] = 1}};

	return (ip->version == 4 && ip->bytes[0] == 127) || ip_equal(ip, &v6);
}

struct ip_addr ip_from_sockaddr(const struct sockaddr *sa)
{
	if (sa && sa->sa_family == AF_INET)
		return ip_from_bytes(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr,
				     sizeof(struct in_addr));
	if (sa && sa->sa_family == AF_INET6)
		return ip_from_bytes(AF_INET6, &((const struct sockaddr_in6 *)sa)->sin6_addr,
				     sizeof(struct in6_addr));
	return (struct ip_addr){0};
}

bool ip_is_local(const struct ip_addr *ip)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		struct ip_addr mask = ip_from_sockaddr(i->ifa_netmask);
		struct ip_prefix own = {.addr = ip_from_sockaddr(i->ifa_addr)};
		int len = ip_netmask_len(&mask);

		if (!own.addr.version || len < 0 || mask.version != own.addr.version)
			continue;
		own.len = (unsigned)len;
		found = ip_prefix_contains(&own, ip);
	}
	freeifaddrs(all);
	return found;
}

static struct ip_addr fill_host(const struct ip_prefix *prefix, bool ones)
{
	struct ip_addr ip = prefix->addr;

	for (unsigned bit = prefix->len; bit < bits_of(&ip); bit++) {
		unsigned mask = 0x80u >> bit % 8, byte = ip.bytes[bit / 8];

		ip.bytes[bit / 8] = (uint8_t)(ones ? byte | mask : byte & ~mask);
	}
	return ip;
}

struct ip_addr ip_netmask(int version, unsigned len)
{
	struct ip_prefix p = {.addr = {.version = version}, .len = len};

	memset(p.addr.bytes, 0xff, ip_size(&p.addr));
	return fill_host(&p, false);
}

int ip_netmask_len(const struct ip_addr *mask)
{
	unsigned len = 0;

	while (len < bits_of(mask) && mask->bytes[len / 8] & 0x80u >> len % 8)
		len++;
	struct ip_addr whole = ip_netmask(mask->version, len);

	return mask->version && ip_equal(mask, &whole) ? (int)len : -1;
}

int ip_netmask_parse(const char *text, int version)
{
	struct ip_addr mask;
	int64_t len;

	if (str_to_int(text + (text[0] == '/'), 0, version == 4 ? 32 : 128, &len) == 0)
		return (int)len;
	if (!ip_parse(text, &mask) || (version && mask.version != version))
		return -1;
	return ip_netmask_len(&mask);
}

int ip_classful_len(const struct ip_addr *ip)
{
	return ip->bytes[0] < 128 ? 8 : ip->bytes[0] < 192 ? 16 : 24;
}

bool ip_prefix_parse(const char *text, struct ip_prefix *ret_prefix)
{
	char bare[IP_TEXT_SIZE];
	size_t len = text ? strcspn(text, "/") : 0;
	struct ip_prefix p;
	int64_t bits;

	if (!text || len >= sizeof(bare))
		return false;
	memcpy(bare, text, len);
	bare[len] = 0;
	if (!ip_parse(bare, &p.addr))
		return false;
	bits = bits_of(&p.addr);
	if (text[len] && str_to_int(text + len + 1, 0, bits, &bits) < 0)
		return false;
	p.len = (unsigned)bits;
	*ret_prefix = p;
	return true;
}

char *ip_prefix_to_str(const struct ip_prefix *prefix)
{
	char text[IP_TEXT_SIZE];

	return xasprintf("%s/%u", ip_format(&prefix->addr, text), prefix->len);
}

struct ip_addr ip_prefix_first(const struct ip_prefix *prefix)
{
	return fill_host(prefix, false);
}

struct ip_addr ip_prefix_last(const struct ip_prefix *prefix)
{
	return fill_host(prefix, true);
}

bool ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *ip)
{
	const uint8_t *a = prefix->addr.bytes, *b = ip->bytes;
	unsigned len = prefix->len, mask = 0xff00u >> len % 8;

	if (prefix->addr.version != ip->version || len > bits_of(ip))
		return false;
	return memcmp(a, b, len / 8) == 0 &&
	       (len % 8 == 0 || ((a[len / 8] ^ b[len / 8]) & mask & 0xff) == 0);
}

bool ip_prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->len < b->len ? ip_prefix_contains(a, &b->addr) : ip_prefix_contains(b, &a->addr);
}

bool ip_prefix_reserves(const struct ip_prefix *prefix, const struct ip_addr *ip)
{
	struct ip_addr first = ip_prefix_first(prefix), last = ip_prefix_last(prefix);

	return ip->version == 4 && prefix->len <= 30 &&
	       (ip_equal(ip, &first) || ip_equal(ip, &last));
}

bool ip_range_parse(const char *first, const char *last, struct ip_range *ret_range)
{
	struct ip_range r;

	if (!ip_parse(first, &r.first) || !ip_parse(last, &r.last) ||
	    r.first.version != r.last.version || ip_compare(&r.first, &r.last) > 0)
		return false;
	*ret_range = r;
	return true;
}

uint64_t ip_range_size(const struct ip_range *range)
{
	uint64_t distance = 0;

	for (size_t i = 0; i < ip_size(&range->first); i++) {
		int64_t byte = (int64_t)range->last.bytes[i] - range->first.bytes[i];

		if (distance > UINT64_MAX >> 8)
			return UINT64_MAX;
		distance = (distance << 8) + (uint64_t)byte;
	}
	return distance == UINT64_MAX ? distance : distance + 1;
}
