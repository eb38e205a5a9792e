// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/pools.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#define MAX_BYTES sizeof(struct in6_addr)

/* An address as a big-endian number. */
struct number {
	unsigned char b[MAX_BYTES];
	size_t len;
};

static bool read_number(const char *text, struct number *ret)
{
	bool v6 = strchr(text, ':') != NULL;

	ret->len = v6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	return inet_pton(v6 ? AF_INET6 : AF_INET, text, ret->b) == 1;
}

static void step(struct number *n, int by) /* 1 or -1 */
{
	for (size_t i = n->len; i-- > 0;) {
		n->b[i] = (unsigned char)(n->b[i] + by);
		if (n->b[i] != (by > 0 ? 0 : 255))
			return;
	}
}

static int compare(const struct number *a, const struct number *b)
{
	return memcmp(a->b, b->b, a->len);
}

/* The last address of the network: all host bits set. */
static struct number last_of(struct number n, unsigned prefix)
{
	for (size_t bit = prefix; bit < n.len * 8; bit++)
		n.b[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	return n;
}

static void add_pool(json_t *pools, const struct number *from, const struct number *to)
{
	char start[INET6_ADDRSTRLEN], end[INET6_ADDRSTRLEN];
	int family = from->len == sizeof(struct in_addr) ? AF_INET : AF_INET6;

	if (compare(from, to) > 0)
		return;
	inet_ntop(family, from->b, start, sizeof(start));
	inet_ntop(family, to->b, end, sizeof(end));
	json_array_append_new(pools, json_pack("{s:s, s:s}", "start", start, "end", end));
}

json_t *allocation_pools(const char *address, unsigned prefix, const char *gateway)
{
	struct number first, gate;

	if (!read_number(address, &first) || !read_number(gateway, &gate) ||
	    gate.len != first.len || prefix > first.len * 8)
		return NULL;
	struct number last = last_of(first, prefix);
	json_t *pools = json_array();

	step(&first, 1);
	if (first.len == sizeof(struct in_addr))
		step(&last, -1);
	if (compare(&gate, &first) < 0 || compare(&gate, &last) > 0) {
		add_pool(pools, &first, &last);
		return pools;
	}
	struct number before = gate, after = gate;
	step(&before, -1);
	step(&after, 1);
	add_pool(pools, &first, &before);
	add_pool(pools, &after, &last);
	return pools;
}
