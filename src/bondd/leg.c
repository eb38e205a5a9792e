// SPDX-License-Identifier: Apache-2.0
#include "bondd/leg.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "net/packet.h"

enum {
	BATCHES = 8,        /* of frames, limited so that a flood does not delay timers */
	BROADCAST_EACH = 4, /* open probe, where another leg hears the target */
};

_Static_assert((int)FRAME_TARGETS == (int)DECIDE_TARGETS, "the filter passes every target");

static const int64_t bounds[GUEST_ROUND_TRIPS - 1] = {GUEST_ROUND_TRIP_BOUNDS};

/* By ethtool: rtnetlink does not report the speed. -1 if the driver does not know it. */
static int64_t read_speed(const char *name)
{
	cleanup_free char *path = xasprintf("/sys/class/net/%s/speed", name);
	cleanup_free char *text = NULL;
	size_t len;
	int64_t speed;

	if (file_read(path, 64, &text, &len, NULL) < 0)
		return -1;
	text[strcspn(text, "\n")] = 0;
	return str_to_int(text, 1, INT32_MAX, &speed) == 0 ? speed : -1;
}

void leg_init(struct leg *l, const struct rtnl_link *link, int64_t now)
{
	*l = (struct leg){
		.index = link->index,
		.carrier = TRI_UNKNOWN,
		.up = TRI_UNKNOWN,
		.carrier_lost = -1,
		.speed = -1,
		.fd = -1,
	};
	leg_update(l, link, now);
}

void leg_update(struct leg *l, const struct rtnl_link *link, int64_t now)
{
	memcpy(l->name, link->name, sizeof(l->name));
	if (!mac_equal(&l->mac, &link->mac))
		leg_close(l); /* its filter has the old MAC */
	l->mac = link->mac;
	l->up = link->mii_up;
	/* A leg set down counts as one without carrier. */
	enum tristate carrier = link->carrier == TRI_YES ? TRI_YES : TRI_NO;
	if (carrier == l->carrier)
		return;
	l->carrier = carrier;
	leg_forget(l);
	l->carrier_lost = carrier == TRI_YES ? -1 : now;
	if (carrier == TRI_YES)
		l->speed = read_speed(l->name);
}

int leg_open(struct leg *l, const struct targets *targets, struct err *err)
{
	bool ipv4 = false, ipv6 = false, tagged = false;
	struct ip_addr ips[DECIDE_TARGETS];
	struct frame_filter filter;

	if (l->fd >= 0)
		return 0;
	for (size_t i = 0; i < targets->n; i++) {
		ips[i] = targets->v[i].ip;
		ipv4 |= targets->v[i].ip.version == 4;
		ipv6 |= targets->v[i].ip.version == 6;
		tagged |= targets->v[i].vlan != 0;
	}
	frame_filter(&l->mac, ips, targets->n, &filter);
	int r = packet_open(l->index, &filter, ipv4, ipv6, tagged, &l->fd, err);
	return r < 0 ? err_wrap(err, "leg %s", l->name) : 0;
}

int leg_listen(struct leg *l, const struct targets *targets, int epoll, struct err *err)
{
	if (l->fd >= 0)
		return 0;
	int r = leg_open(l, targets, err);
	if (r < 0)
		return r;
	struct epoll_event event = {.events = EPOLLIN, .data.fd = l->fd};
	(void)epoll_ctl(epoll, EPOLL_CTL_ADD, l->fd, &event);
	return 0;
}

void leg_close(struct leg *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void leg_forget(struct leg *l)
{
	for (size_t i = 0; i < DECIDE_TARGETS; i++)
		track_forget(&l->tracks[i]);
}

void leg_reset(struct leg *l)
{
	leg_forget(l);
	for (size_t i = 0; i < DECIDE_TARGETS; i++) {
		l->tracks[i].excess = 0;
		l->neighbours[i] = (struct neighbour){0};
	}
	leg_close(l);
}

/* An advertisement may omit the MAC, which then is the sender's and unchanged. */
static bool same_neighbour(const struct neighbour *a, const struct neighbour *b)
{
	return mac_equal(&a->sender, &b->sender) &&
	       (mac_equal(&a->mac, &b->mac) || mac_equal(&a->mac, &a->sender) ||
		mac_equal(&b->mac, &b->sender));
}

/* Another leg hears the target, under another MAC than n (NULL: any). */
static bool is_heard_elsewhere(const struct leg *l, const struct leg *legs, size_t n_legs,
			       size_t target, const struct neighbour *n,
			       const struct track_limits *limits, int64_t now)
{
	for (size_t i = 0; i < n_legs; i++) {
		const struct track *t = &legs[i].tracks[target];
		const struct neighbour *known = &legs[i].neighbours[target];
		if (legs[i].index != l->index && known->known && t->answered &&
		    !track_is_silent(t, limits, now) && (!n || !same_neighbour(known, n)))
			return true;
	}
	return false;
}

/*
 * Broadcasts only if the last known MAC no longer answers. If another leg hears the target,
 * broadcasts only after this path is silent, and only now and then: neighbours must not learn when
 * an answer is due.
 */
static bool asks_everybody(const struct leg *l, const struct leg *legs, size_t n_legs,
			   size_t target, const struct track_limits *limits, int64_t now)
{
	unsigned open = l->tracks[target].open;

	if (!l->neighbours[target].known)
		return true;
	if (!is_heard_elsewhere(l, legs, n_legs, target, NULL, limits, now))
		return open > 0;
	return open >= limits->fall && open % BROADCAST_EACH == 0;
}

static void send_probe(struct leg *l, const struct leg *legs, size_t n_legs,
		       const struct targets *targets, size_t target,
		       const struct track_limits *limits, int64_t now)
{
	bool all = asks_everybody(l, legs, n_legs, target, limits, now);
	const struct frame_way way = {
		.from = &l->mac,
		.to = all ? NULL : &l->neighbours[target].mac,
		.vlan = targets->v[target].vlan,
	};
	struct frame frame;

	l->sent++;
	frame_probe(&way, &targets->v[target].ip, &frame);
	(void)packet_send(l->fd, l->index, &frame);
}

void leg_probe(struct leg *l, const struct leg *legs, size_t n_legs, const struct targets *targets,
	       const struct track_limits *limits, int64_t now)
{
	if (l->carrier != TRI_YES || l->fd < 0)
		return;
	for (size_t i = 0; i < targets->n; i++) {
		struct track *t = &l->tracks[i];
		if (track_is_doubted(t) && arc4random_uniform(2))
			continue;
		send_probe(l, legs, n_legs, targets, i, limits, now);
		track_sent(t, limits, now);
	}
}

void leg_repeat(struct leg *l, const struct leg *legs, size_t n_legs, const struct targets *targets,
		const struct track_limits *limits, int64_t now)
{
	if (l->carrier != TRI_YES || l->fd < 0)
		return;
	for (size_t i = 0; i < targets->n; i++) {
		struct track *t = &l->tracks[i];
		if (!t->answered || track_is_doubted(t) || track_is_silent(t, limits, now))
			continue;
		send_probe(l, legs, n_legs, targets, i, limits, now);
		track_repeat(t, now);
	}
}

static void count_round_trip(struct leg *l, int64_t us)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(bounds) && us > bounds[i])
		i++;
	l->round_trips[i]++;
	l->round_trip_sum += (uint64_t)us;
}

/*
 * A target keeps the MAC under which it answered first until no leg hears it under that MAC: then
 * another machine may have taken over the address.
 */
static bool is_the_target(struct leg *l, const struct leg *legs, size_t n_legs, size_t target,
			  const struct neighbour *n, const struct track_limits *limits, int64_t now)
{
	const struct neighbour *known = &l->neighbours[target];

	if (!known->known || same_neighbour(known, n))
		return true;
	if (track_is_silent(&l->tracks[target], limits, now) &&
	    !is_heard_elsewhere(l, legs, n_legs, target, n, limits, now))
		return true;
	l->other_mac++;
	l->other = mac_equal(&known->mac, &n->mac) ? n->sender : n->mac;
	return false;
}

/*
 * Counts only frames to this leg's own MAC: a gateway that broadcasts might not hear us. And only
 * if the leg was probed: legs with one MAC would count each other's answers.
 */
static void take_answer(struct leg *l, const struct leg *legs, size_t n_legs,
			const struct targets *targets, const struct track_limits *limits,
			const struct frame_answer *answer, int64_t now)
{
	const struct neighbour n = {answer->mac, answer->sender, true};

	if (!l->probed || !mac_equal(&answer->to, &l->mac))
		return;
	for (size_t i = 0; i < targets->n; i++) {
		if (!ip_equal(&answer->from, &targets->v[i].ip) ||
		    answer->vlan != targets->v[i].vlan ||
		    !is_the_target(l, legs, n_legs, i, &n, limits, now))
			continue;
		int64_t us = track_answer(&l->tracks[i], limits, now);
		if (us == TRACK_EXCESS) {
			l->excess++;
			continue;
		}
		if (us >= 0)
			count_round_trip(l, us);
		if (!same_neighbour(&l->neighbours[i], &n) || !mac_equal(&n.mac, &n.sender))
			l->neighbours[i] = n;
		l->neighbours[i].known = true;
		l->answered++;
	}
}

void leg_hear(struct leg *l, const struct leg *legs, size_t n_legs, const struct targets *targets,
	      const struct track_limits *limits, int64_t now)
{
	struct frame_answer answers[PACKET_BATCH];
	size_t taken = PACKET_BATCH, n;

	for (unsigned batch = 0; batch < BATCHES && taken == PACKET_BATCH; batch++) {
		taken = packet_hear(l->fd, answers, &n);
		for (size_t i = 0; i < n; i++)
			take_answer(l, legs, n_legs, targets, limits, &answers[i], now);
	}
}

void leg_snapshot(const struct leg *l, const struct targets *targets,
		  const struct track_limits *limits, int preference, int64_t now,
		  struct decide_leg *ret)
{
	struct decide_leg d = {
		.index = l->index,
		.carrier = l->carrier,
		.up = l->up,
		.carrier_lost = l->carrier_lost,
		.preference = preference,
		.speed = l->speed,
	};

	for (size_t i = 0; i < targets->n; i++) {
		const struct track *t = &l->tracks[i];
		uint32_t bit = UINT32_C(1) << i;
		bool silent = track_is_silent(t, limits, now);
		if (silent)
			d.silent |= bit;
		d.silent_since[i] = t->open_since;
		if (!t->answered)
			continue;
		if (!silent && track_is_doubted(t)) {
			d.doubted |= bit;
			continue;
		}
		d.heard |= silent ? 0 : bit;
		d.fresh |= track_is_fresh(t, limits, now) ? bit : 0;
		d.proven |= t->proven && !silent
				    ? bit
				    : 0; /* track.c would otherwise learn it with the next probe */
		d.lossy |= track_is_lossy(t) ? bit : 0;
	}
	*ret = d;
}

const char *targets_text(const struct targets *targets, uint32_t set, char *buf)
{
	for (size_t i = 0; i < targets->n; i++)
		if (set & UINT32_C(1) << i)
			return ip_format(&targets->v[i].ip, buf);
	return "its targets";
}

char *leg_failure_text(const struct leg *l, const struct targets *targets, const struct decision *d,
		       const struct track_limits *limits, int64_t now)
{
	const struct track *track = &l->tracks[d->targets ? __builtin_ctz(d->targets) : 0];
	char buf[IP_TEXT_SIZE];
	const char *target = targets_text(targets, d->targets, buf);
	unsigned misses = track_misses(track, limits, now);

	if (d->reason == DECIDE_CARRIER)
		return xasprintf("%s lost its carrier", l->name);
	if (d->reason == DECIDE_SILENT)
		return xasprintf("%s lost %u of %u probes%s to %s with carrier up", l->name, misses,
				 misses, track->given_up ? " of a burst" : "", target);
	if (d->reason == DECIDE_LOSSY)
		return xasprintf("%s lost %u of its last %u probes to %s with carrier up", l->name,
				 track_lost(track), track_window(track), target);
	return NULL;
}
