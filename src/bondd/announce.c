// SPDX-License-Identifier: Apache-2.0
#include "bondd/announce.h"

#include "base/alloc.h"
#include "bondd/tables.h"
#include "net/frame.h"

enum { ADDRESSES_MAX = 256 };

/* us after the move, last first; early ones for speed, late ones for a switch still learning. */
static const int64_t rounds[] = {3000000, 1000000, 200000, 50000, 0};

void announce_start(struct announcements *a, int64_t now)
{
	*a = (struct announcements){.start = now, .left = ARRAY_SIZE(rounds)};
}

int64_t announce_at(const struct announcements *a)
{
	return 0 < a->left && a->left <= ARRAY_SIZE(rounds) ? a->start + rounds[a->left - 1]
							    : INT64_MAX;
}

bool announce_due(struct announcements *a, int64_t now)
{
	bool due = now >= announce_at(a);

	while (now >= announce_at(a))
		a->left--;
	return due;
}

size_t announce_frames(const struct tables *tables, const struct rtnl_link *bond,
		       const struct mac_addr *mac, bool loopback,
		       void (*send)(void *data, const struct frame *frame), void *data)
{
	size_t n = 0;

	for (size_t i = 0; i < tables->n_addresses && n < ADDRESSES_MAX; i++) {
		const struct rtnl_addr *a = &tables->addresses[i];
		const struct rtnl_link *link = tables_link(tables, a->index);
		struct frame_way way = {.from = mac};
		struct frame frame;
		if (!link || a->tentative)
			continue;
		if (link->is_vlan && link->parent == bond->index)
			way.vlan = link->vlan;
		else if (link->index != bond->index &&
			 !(loopback && link->loopback && !ip_is_loopback(&a->prefix.addr)))
			continue;
		frame_announcement(&way, &a->prefix.addr, link->forwards6, &frame);
		send(data, &frame);
		n++;
	}
	return n;
}
