// SPDX-License-Identifier: Apache-2.0
#include "ddi/plan.h"

#include <stdalign.h>
#include <zlib.h>

#include "base/str.h"

enum { BLOCK_SIZE = 65536 };

static const uLong subnet_id_max = 4294967294;

/* Memory that is given out in pieces and freed as a whole. */
struct ddi_block {
	struct ddi_block *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

struct ddi_plan *ddi_plan_new(const char *file)
{
	struct ddi_plan *plan = xcalloc(1, sizeof(*plan));

	plan->file = ddi_strndup(plan, file, strlen(file));
	return plan;
}

void ddi_plan_free(struct ddi_plan *plan)
{
	if (!plan)
		return;
	free_all(plan->members, plan->keys, plan->zones, plan->networks, plan->relays, plan->pools,
		 plan->excludes, plan->reservations, plan->hosts, plan->resolvers);
	while (plan->strings) {
		struct ddi_block *next = plan->strings->next;

		free(plan->strings);
		plan->strings = next;
	}
	free(plan);
}

void *ddi_alloc(struct ddi_plan *plan, size_t len)
{
	struct ddi_block *b = plan->strings;
	size_t room =
		(len + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);

	if (!b || b->size - b->used < room) {
		size_t size = room > BLOCK_SIZE ? room : BLOCK_SIZE;

		b = xcalloc(1, sizeof(*b) + size);
		b->size = size;
		b->next = plan->strings;
		plan->strings = b;
	}
	void *p = b->bytes + b->used;
	b->used += room;
	return p;
}

char *ddi_strndup(struct ddi_plan *plan, const char *s, size_t len)
{
	char *copy = ddi_alloc(plan, len + 1);

	memcpy(copy, s, len);
	return copy;
}

const struct ddi_member *ddi_member(const struct ddi_plan *plan, const char *name)
{
	return array_find(plan->members, plan->n_members, name && streq(it->name, name));
}

const struct ddi_key *ddi_key(const struct ddi_plan *plan, const char *name)
{
	return array_find(plan->keys, plan->n_keys, name && streq(it->name, name));
}

const struct ddi_zone *ddi_zone(const struct ddi_plan *plan, const char *name)
{
	return array_find(plan->zones, plan->n_zones, name && streq(it->name, name));
}

static const struct ddi_member *member_or_first(const struct ddi_plan *plan, const char *name)
{
	return name ? ddi_member(plan, name) : plan->n_members ? plan->members : NULL;
}

const struct ddi_member *ddi_zone_primary(const struct ddi_plan *plan, const struct ddi_zone *zone)
{
	return member_or_first(plan, zone->primary);
}

const struct ddi_member *ddi_dhcp_primary(const struct ddi_plan *plan)
{
	return member_or_first(plan, plan->dhcp.primary);
}

bool ddi_network_serves(const struct ddi_network *network)
{
	return network->pools.n || network->reservations.n || network->delegate.prefix.addr.version;
}

uint32_t ddi_subnet_id(const struct ip_prefix *prefix)
{
	struct ip_prefix network = {ip_prefix_first(prefix), prefix->len};
	cleanup_free char *text = ip_prefix_to_str(&network);
	uLong crc = crc32(crc32(0, NULL, 0), (const Bytef *)text, (uInt)strlen(text));

	return (uint32_t)(crc % subnet_id_max + 1);
}
