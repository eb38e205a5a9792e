// SPDX-License-Identifier: Apache-2.0
#include "bondd/eye.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/journal.h"
#include "bondd/kernel.h"
#include "bondd/tables.h"
#include "bondd/targets.h"
#include "net/packet.h"

enum {
	QUIET_US = 1000000,  /* between two sentences about a bond that stays */
	SETTLED_US = 200000, /* a reason to stay is told when it has lasted that long */
};

void eye_init(struct eye *e, const struct rtnl_link *bond)
{
	*e = (struct eye){.index = bond->index,
			  .reason = DECIDE_UNKNOWN,
			  .told = DECIDE_UNKNOWN,
			  .outage = -1};
	memcpy(e->name, bond->name, sizeof(e->name));
}

static struct leg *find_leg(struct eye *e, int index)
{
	for (size_t i = 0; i < e->n_legs; i++)
		if (e->legs[i].index == index && index > 0)
			return &e->legs[i];
	return NULL;
}

static const char *leg_name(struct eye *e, int index)
{
	const struct leg *l = find_leg(e, index);

	return l ? l->name : "no leg";
}

struct leg *eye_leg_of(struct eye *e, int fd)
{
	for (size_t i = 0; i < e->n_legs; i++)
		if (e->legs[i].fd == fd)
			return &e->legs[i];
	return NULL;
}

/* Takes text over. */
static void say(struct eye *e, enum journal_level level, int64_t now, char *text)
{
	free(e->sentence);
	e->sentence = text;
	e->said = now;
	e->said_at = time(NULL);
	journal_say(level, "%s: %s", e->name, text);
}

/* Of what failed, once as long as it stays the same. */
static void complain(struct eye *e, const char *text)
{
	if (streq(text, e->refusal))
		return;
	free(e->refusal);
	e->refusal = xstrdup(text);
	journal_say(JOURNAL_ERROR, "%s: %s", e->name, text);
}

static void update_audit(struct eye *e, const struct eye_tools *tools, const struct rtnl_link *bond)
{
	struct audit a;

	audit_bond(tools->tables, bond, &e->targets, "/sys", &a);
	for (size_t i = 0; i < a.n; i++) {
		bool told = false;
		for (size_t k = 0; k < e->audit.n; k++)
			told |= streq(a.findings[i], e->audit.findings[k]);
		if (!told)
			journal_say(JOURNAL_WARNING, "%s", a.findings[i]);
	}
	audit_clear(&e->audit);
	e->audit = a;
}

static void update_targets(struct eye *e, const struct eye_tools *tools,
			   const struct rtnl_link *bond)
{
	struct targets found;

	targets_find(tools->tables, bond, tools->conf, &found);
	bool same = found.n == e->targets.n;
	for (size_t i = 0; same && i < found.n; i++)
		same = ip_equal(&found.v[i].ip, &e->targets.v[i].ip) &&
		       found.v[i].vlan == e->targets.v[i].vlan;
	if (same)
		return;
	e->targets = found;
	for (size_t i = 0; i < e->n_legs; i++) {
		leg_forget(&e->legs[i]);
		leg_close(&e->legs[i]); /* the protocol may be another */
	}
}

static void update_legs(struct eye *e, const struct eye_tools *tools, int64_t now)
{
	const struct tables *t = tools->tables;
	size_t n = 0;

	for (size_t i = 0; i < e->n_legs; i++)
		e->legs[i].kept = false;
	for (size_t i = 0; i < t->n_links; i++) {
		const struct rtnl_link *link = &t->links[i];
		if (link->master != e->index || !link->has_mac)
			continue;
		struct leg *l = find_leg(e, link->index);
		if (l) {
			leg_update(l, link, now);
		} else if (e->n_legs < DECIDE_LEGS) {
			l = &e->legs[e->n_legs++];
			leg_init(l, link, now);
			journal_say(JOURNAL_INFO, "%s: %s is a leg", e->name, l->name);
		} else {
			continue;
		}
		l->kept = true;
	}
	for (size_t i = 0; i < e->n_legs; i++) {
		if (e->legs[i].kept) {
			e->legs[n++] = e->legs[i];
			continue;
		}
		journal_say(JOURNAL_INFO, "%s: %s is no leg any more", e->name, e->legs[i].name);
		leg_close(&e->legs[i]);
	}
	e->n_legs = n;
}

static void open_leg(struct eye *e, const struct eye_tools *tools, struct leg *l)
{
	cleanup_err struct err err = ERR_INIT;
	int r = leg_open(l, &e->targets, &err);

	if (r < 0) {
		complain(e, err.text);
		return;
	}
	struct epoll_event event = {.events = EPOLLIN, .data.fd = l->fd};
	(void)epoll_ctl(tools->epoll, EPOLL_CTL_ADD, l->fd, &event);
}

static bool have_one_mac(const struct eye *e, const struct rtnl_link *bond)
{
	if (bond->bond.fail_over_mac == BOND_FAIL_OVER_MAC_NONE)
		return true;
	if (bond->bond.fail_over_mac != BOND_FAIL_OVER_MAC_ACTIVE)
		return false;
	for (size_t i = 0; i < e->n_legs; i++)
		for (size_t k = i + 1; k < e->n_legs; k++)
			if (mac_equal(&e->legs[i].mac, &e->legs[k].mac))
				return true;
	return false;
}

/*
 * Which legs may be probed. Where they have one MAC (fail_over_mac=none, or VFs that were given the
 * same), the switch sends what is for it to the leg from which it came last: a probe from an idle
 * leg would be an outage.
 */
static void update_sockets(struct eye *e, const struct eye_tools *tools,
			   const struct rtnl_link *bond)
{
	bool shared = have_one_mac(e, bond);

	for (size_t i = 0; i < e->n_legs; i++) {
		struct leg *l = &e->legs[i];
		bool probed =
			e->active_backup && e->targets.n > 0 && (!shared || l->index == e->active);
		if (l->probed && !probed)
			leg_forget(l);
		l->probed = probed;
		if (!e->active_backup)
			leg_close(l);
		else if (l->fd < 0)
			open_leg(e, tools, l);
	}
}

static void send_frame(void *data, const struct frame *frame)
{
	const struct leg *leg = data;

	(void)packet_send(leg->fd, leg->index, frame);
}

/* Over the active leg, whatever the kernel would choose. */
void eye_announce(struct eye *e, const struct eye_tools *tools, int64_t now)
{
	struct leg *leg = find_leg(e, e->active);
	const struct rtnl_link *bond = tables_link(tools->tables, e->index);

	if (!leg || !bond || !announce_due(&e->announcements, now) || leg->fd < 0)
		return;
	/* Only with fail_over_mac=active the MAC goes with the leg. */
	const struct mac_addr *mac =
		bond->bond.fail_over_mac == BOND_FAIL_OVER_MAC_ACTIVE ? &leg->mac : &bond->mac;
	e->announced += announce_frames(tools->tables, bond, mac, tools->conf->announce_loopback,
					send_frame, leg);
}

void eye_update(struct eye *e, const struct eye_tools *tools, int64_t now)
{
	const struct rtnl_link *bond = tables_link(tools->tables, e->index);

	if (!bond)
		return;
	memcpy(e->name, bond->name, sizeof(e->name));
	e->active_backup = bond->bond.mode == BOND_OPTION_ACTIVE_BACKUP;
	e->active = bond->bond.active;
	update_legs(e, tools, now);
	update_targets(e, tools, bond);
	update_sockets(e, tools, bond);
	update_audit(e, tools, bond);
	eye_announce(e, tools, now); /* what was due while no leg was there */
	if (!e->active || e->active == e->last_active)
		return;
	if (e->last_active) { /* the one that it started with is no move */
		e->moved[MOVE_OTHER]++;
		say(e, JOURNAL_NOTICE, now,
		    xasprintf("the kernel or an operator moved it from %s to %s",
			      leg_name(e, e->last_active), leg_name(e, e->active)));
		announce_start(&e->announcements, now);
		eye_announce(e, tools, now);
	}
	e->last_active = e->active;
}

/* The leg that the operator, or else the bond's own option, prefers. */
static int preference(const struct eye *e, const struct eye_tools *tools, const struct leg *l)
{
	const struct rtnl_link *bond = tables_link(tools->tables, e->index);

	if (tools->conf->prefer[0])
		return streq(l->name, tools->conf->prefer);
	return bond && bond->bond.primary == l->index;
}

/* The name of the first of a set of targets, into buf. */
static const char *target_text(const struct eye *e, uint32_t set, char *buf)
{
	for (size_t i = 0; i < e->targets.n; i++)
		if (set & UINT32_C(1) << i)
			return ip_format(&e->targets.v[i].ip, buf);
	return "its targets";
}

static size_t first_of(uint32_t set)
{
	return set ? (size_t)__builtin_ctz(set) : 0;
}

static char *move_sentence(struct eye *e, const struct eye_tools *tools, const struct decision *d,
			   int from, int64_t now)
{
	const struct leg *leg = find_leg(e, from);
	const char *to = leg_name(e, d->to);
	char buf[IP_TEXT_SIZE];
	const char *target = target_text(e, d->targets, buf);
	cleanup_free char *after =
		d->since < 0
			? xstrdup("")
			: xasprintf(" after %lld ms", (long long)(now - d->since + 500) / 1000);

	const struct track *track = &leg->tracks[first_of(d->targets)];
	unsigned misses = track_misses(track, &tools->conf->track, now);

	switch (d->reason) {
	case DECIDE_CARRIER:
		return xasprintf("%s lost its carrier: moved to %s%s", leg->name, to, after);
	case DECIDE_SILENT:
		return xasprintf("%s lost %u of %u probes to %s with carrier up: moved to %s%s",
				 leg->name, misses, misses, target, to, after);
	case DECIDE_LOSSY:
		return xasprintf("%s lost %u of its last %u probes to %s with carrier up: moved to "
				 "%s%s",
				 leg->name, track_lost(track), track_window(track), target, to,
				 after);
	case DECIDE_RETURN:
		return xasprintf("%s is proven good again and preferred: moved back from %s", to,
				 leg->name);
	case DECIDE_MODE:
	case DECIDE_NO_ACTIVE:
	case DECIDE_HEALTHY:
	case DECIDE_UNKNOWN:
	case DECIDE_TARGETS_GONE:
	case DECIDE_NO_PROVEN:
	case DECIDE_HELD:
		break;
	}
	return xasprintf("moved from %s to %s", leg->name, to);
}

/* What changed about a bond that stays where it is; NULL: nothing that is worth a line. */
static char *stay_sentence(struct eye *e, const struct decision *d)
{
	const char *active = leg_name(e, e->active);
	char target[IP_TEXT_SIZE];

	switch (d->reason) {
	case DECIDE_TARGETS_GONE:
		return xasprintf("no leg hears %s: the target is gone, %s stays",
				 target_text(e, d->targets, target), active);
	case DECIDE_NO_PROVEN:
		return xasprintf("%s fails, and no other leg is proven good: it stays", active);
	case DECIDE_HELD:
		return xasprintf("%s fails, but there were too many moves: it waits", active);
	case DECIDE_NO_ACTIVE:
		return xstrdup("no leg is up");
	case DECIDE_HEALTHY:
		if (e->told == DECIDE_TARGETS_GONE || e->told == DECIDE_NO_PROVEN ||
		    e->told == DECIDE_HELD || e->told == DECIDE_NO_ACTIVE)
			return xasprintf("%s hears its targets again", active);
		return NULL;
	case DECIDE_MODE:
	case DECIDE_UNKNOWN:
	case DECIDE_CARRIER:
	case DECIDE_SILENT:
	case DECIDE_LOSSY:
	case DECIDE_RETURN:
		return NULL;
	}
	return NULL;
}

static enum move_cause cause_of(enum decide_reason reason)
{
	return reason == DECIDE_CARRIER  ? MOVE_CARRIER
	       : reason == DECIDE_SILENT ? MOVE_SILENT
	       : reason == DECIDE_LOSSY  ? MOVE_LOSSY
					 : MOVE_RETURN;
}

/* Carries a decision out; false when the kernel refused it. */
static bool act(struct eye *e, const struct eye_tools *tools, const struct decision *d)
{
	cleanup_err struct err err = ERR_INIT;
	int from = e->active;

	if (kernel_set_active(tools->kernel, e->index, d->to, &err) < 0) {
		err_wrap(&err, "cannot move it to %s", leg_name(e, d->to));
		complain(e, err.text);
		return false;
	}
	free(e->refusal);
	e->refusal = NULL;

	int64_t now = clock_now();
	char *sentence = move_sentence(e, tools, d, from, now);
	e->active = e->last_active = d->to;
	e->moves[e->n_moves++ % DECIDE_MOVES] = now;
	e->moved[cause_of(d->reason)]++;
	if (d->reason != DECIDE_RETURN)
		e->outage = d->since >= 0 ? now - d->since : -1;
	announce_start(&e->announcements, now);
	eye_announce(e, tools, now);
	say(e, JOURNAL_NOTICE, now, sentence);
	return true;
}

bool eye_decide(struct eye *e, const struct eye_tools *tools, int64_t now)
{
	struct decide_leg legs[DECIDE_LEGS];

	for (size_t i = 0; i < e->n_legs; i++)
		leg_snapshot(&e->legs[i], &e->targets, &tools->conf->track,
			     preference(e, tools, &e->legs[i]), now, &legs[i]);

	const struct decide_snapshot snapshot = {
		.now = now,
		.active_backup = e->active_backup,
		.active = e->active,
		.legs = legs,
		.n_legs = e->n_legs,
		.moves = e->moves,
		.n_moves = e->n_moves < DECIDE_MOVES ? e->n_moves : DECIDE_MOVES,
	};
	struct decision d = decide(&snapshot, &tools->conf->limits);
	if (d.to && act(e, tools, &d)) {
		e->reason = e->told = DECIDE_HEALTHY;
		return true;
	}
	if (d.reason != e->reason) {
		e->reason = d.reason;
		e->reason_since = now;
	}
	if (e->reason != e->told && now - e->reason_since >= SETTLED_US &&
	    now - e->said >= QUIET_US) {
		char *text = stay_sentence(e, &d);
		if (text)
			say(e, JOURNAL_NOTICE, now, text);
		e->told = e->reason;
	}
	return false;
}

void eye_tick(struct eye *e, const struct eye_tools *tools, int64_t now)
{
	for (size_t i = 0; i < e->n_legs; i++)
		if (e->legs[i].probed)
			leg_probe(&e->legs[i], &e->targets, &tools->conf->track, now);
}

int64_t eye_due_at(const struct eye *e, const struct eye_tools *tools, int64_t now)
{
	int64_t at = announce_at(&e->announcements);
	int64_t due = at > now ? at : INT64_MAX;

	for (size_t i = 0; i < e->n_legs; i++) {
		const struct leg *l = &e->legs[i];
		for (size_t k = 0; l->index == e->active && k < e->targets.n; k++) {
			at = track_silent_at(&l->tracks[k], &tools->conf->track);
			if (at > now && at < due)
				due = at;
		}
	}
	return due;
}

bool eye_wants_ticks(const struct eye *e)
{
	bool probed = false;

	for (size_t i = 0; i < e->n_legs; i++)
		probed |= e->legs[i].probed && e->legs[i].carrier == TRI_YES;
	return probed;
}

const char *move_cause_name(enum move_cause cause)
{
	switch (cause) {
	case MOVE_CARRIER:
		return "carrier";
	case MOVE_SILENT:
		return "silent";
	case MOVE_LOSSY:
		return "lossy";
	case MOVE_RETURN:
		return "return";
	case MOVE_OTHER:
		return "other";
	case MOVE_CAUSES:
		break;
	}
	return NULL;
}

void eye_clear(struct eye *e)
{
	for (size_t i = 0; i < e->n_legs; i++)
		leg_close(&e->legs[i]);
	audit_clear(&e->audit);
	free(e->sentence);
	free(e->refusal);
}
