// SPDX-License-Identifier: Apache-2.0
#include "ddi/reverse.h"

#include <stdint.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"

static const char in_addr[] = "in-addr.arpa", ip6[] = "ip6.arpa";

/* Bits of a label: an octet, a nibble. */
static unsigned label_bits(int version)
{
	return version == 4 ? 8 : 4;
}

static unsigned label_of(const struct ip_addr *ip, unsigned i)
{
	if (ip->version == 4)
		return ip->bytes[i];
	return i % 2 ? ip->bytes[i / 2] & 15 : ip->bytes[i / 2] >> 4;
}

/* The name of the first n_labels labels of an address. */
static void write_name(const struct ip_addr *ip, unsigned n_labels, char *buf)
{
	size_t len = 0;

	while (n_labels-- > 0)
		len += (size_t)snprintf(buf + len, REVERSE_NAME_SIZE - len,
					ip->version == 4 ? "%u." : "%x.", label_of(ip, n_labels));
	(void)snprintf(buf + len, REVERSE_NAME_SIZE - len, "%s", ip->version == 4 ? in_addr : ip6);
}

const char *reverse_ptr_name(const struct ip_addr *ip, char *buf)
{
	write_name(ip, (unsigned)ip_size(ip) * 8 / label_bits(ip->version), buf);
	return buf;
}

/* Nobody else holds the zone of the enclosing /24. */
static bool is_private(const struct ip_addr *ip)
{
	static const char *const prefixes[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					       "100.64.0.0/10"};
	struct ip_prefix p;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (ip_prefix_parse(prefixes[i], &p) && ip_prefix_contains(&p, ip))
			return true;
	return false;
}

bool reverse_is_classless(const struct ip_prefix *prefix)
{
	return prefix->addr.version == 4 && prefix->len > 24 && !is_private(&prefix->addr);
}

/* The length of the prefix of each of its zones. */
static unsigned zone_len(const struct ip_prefix *prefix)
{
	unsigned bits = label_bits(prefix->addr.version);

	if (prefix->addr.version == 4 && prefix->len > 24)
		return reverse_is_classless(prefix) ? prefix->len : 24;
	return prefix->len ? (prefix->len + bits - 1) / bits * bits : bits;
}

size_t reverse_zone_count(const struct ip_prefix *prefix)
{
	unsigned len = zone_len(prefix);

	return len > prefix->len ? (size_t)1 << (len - prefix->len) : 1;
}

void reverse_zone(const struct ip_prefix *prefix, size_t i, char *ret_name,
		  struct ip_prefix *ret_part)
{
	struct ip_prefix part = {ip_prefix_first(prefix), zone_len(prefix)};
	unsigned byte = part.len ? (part.len - 1) / 8 : 0;

	/* The bits in which the zones differ are in one byte. */
	if (part.len > prefix->len)
		part.addr.bytes[byte] |= (uint8_t)(i << (byte * 8 + 8 - part.len));
	part.addr = ip_prefix_first(&part);
	if (reverse_is_classless(prefix)) {
		int n = snprintf(ret_name, REVERSE_NAME_SIZE, "%u-%u.", part.addr.bytes[3],
				 part.len);

		write_name(&part.addr, 3, ret_name + n);
	} else {
		write_name(&part.addr, part.len / label_bits(part.addr.version), ret_name);
	}
	*ret_part = part;
}

/* The value of a label of in-addr.arpa or ip6.arpa; -1: none. */
static int label_value(const char *label, size_t len, int version)
{
	cleanup_free char *text = xstrndup(label, len);
	int64_t n;

	if (version == 6)
		return len == 1 && strspn(text, "0123456789abcdef") == 1
			       ? (int)strtol(text, NULL, 16)
			       : -1;
	return str_to_int(text, 0, 255, &n) == 0 && (len == 1 || *text != '0') ? (int)n : -1;
}

bool reverse_zone_parse(const char *name, struct ip_prefix *ret_part)
{
	int version = str_ends(name, ".in-addr.arpa") ? 4 : str_ends(name, ".ip6.arpa") ? 6 : 0;
	struct ip_prefix part = {.addr.version = version};
	unsigned n = 0, bits = label_bits(version);

	if (!version)
		return false;
	const char *end = name + strlen(name) - (version == 4 ? sizeof(in_addr) : sizeof(ip6));
	while (end > name) {
		const char *label = end;

		while (label > name && label[-1] != '.')
			label--;
		int value = label_value(label, (size_t)(end - label), version);
		if (value < 0 || n * bits >= ip_size(&part.addr) * 8)
			return false;
		part.addr.bytes[n * bits / 8] |=
			(uint8_t)(version == 6 && n % 2 == 0 ? value << 4 : value);
		n++;
		end = label > name ? label - 1 : label;
	}
	part.len = n * bits;
	*ret_part = part;
	return n > 0;
}
