// SPDX-License-Identifier: Apache-2.0
#include "ddi/extent.h"

#include "base/alloc.h"

void extents_add(struct extents *e, const struct ip_range *range, size_t index, unsigned line)
{
	*array_push(e->v, e->n) = (struct extent){*range, (uint32_t)index, line};
}

void extents_add_prefix(struct extents *e, const struct ip_prefix *prefix, size_t index,
			unsigned line)
{
	struct ip_range range = {ip_prefix_first(prefix), ip_prefix_last(prefix)};

	if (prefix->addr.version)
		extents_add(e, &range, index, line);
}

static int compare(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;
	int c = ip_compare(&x->range.first, &y->range.first);

	c = c ? c : ip_compare(&y->range.last, &x->range.last);
	return c ? c : (x->index > y->index) - (x->index < y->index);
}

void extents_sort(struct extents *e)
{
	if (e->n)
		qsort(e->v, e->n, sizeof(*e->v), compare);
}

void extents_merge(struct extents *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		struct extent *last = n ? &e->v[n - 1] : NULL;
		struct ip_addr next = last ? last->range.last : (struct ip_addr){0};

		if (!last || (ip_compare(&e->v[i].range.first, &next) > 0 &&
			      !(ip_add(&next, 1) && ip_equal(&e->v[i].range.first, &next))))
			e->v[n++] = e->v[i];
		else if (ip_compare(&e->v[i].range.last, &last->range.last) > 0)
			last->range.last = e->v[i].range.last;
	}
	e->n = n;
}

size_t extents_from(const struct extents *e, const struct ip_addr *ip)
{
	size_t low = 0, high = e->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ip_compare(&e->v[middle].range.last, ip) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct extent *extents_find(const struct extents *e, const struct ip_addr *ip)
{
	size_t i = extents_from(e, ip);

	return i < e->n && range_contains(&e->v[i].range, ip) ? &e->v[i] : NULL;
}

bool range_contains(const struct ip_range *range, const struct ip_addr *ip)
{
	return ip_compare(&range->first, ip) <= 0 && ip_compare(ip, &range->last) <= 0;
}
