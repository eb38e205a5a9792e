/* SPDX-License-Identifier: Apache-2.0 */
/* Ordered ranges of addresses: overlap and containment without comparing each with each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/ip.h"

/* The range of a network, a pool, a delegated prefix ... */
struct extent {
	struct ip_range range;
	uint32_t index; /* of the network, the pool ... in the plan */
	unsigned line;
};

/* After extents_sort: by first address, of those the larger one first, then by index. */
struct extents {
	struct extent *v;
	size_t n;
};

void extents_add(struct extents *e, const struct ip_range *range, size_t index, unsigned line);
/* Nothing for a prefix without an address. */
void extents_add_prefix(struct extents *e, const struct ip_prefix *prefix, size_t index,
			unsigned line);
void extents_sort(struct extents *e);

/* Joins those that overlap or are adjacent, of sorted ones; index and line are the first one's. */
void extents_merge(struct extents *e);

/* The first of the merged ones that ends at or after ip: its number, n if there is none. */
size_t extents_from(const struct extents *e, const struct ip_addr *ip);

/* The one with the address, of merged ones; NULL: none. */
const struct extent *extents_find(const struct extents *e, const struct ip_addr *ip);

bool range_contains(const struct ip_range *range, const struct ip_addr *ip);
