// SPDX-License-Identifier: Apache-2.0
#include "bondd/monitor.h"

#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/journal.h"
#include "bondd/kernel.h"
#include "bondd/tables.h"
#include "net/packet.h"

enum {
	QUIET_US = 1000000,   /* between two sentences about a bond that stays */
	BOGUS_US = 60000000,  /* between two warnings of ignored answers */
	SLOW_MOVE_US = 50000, /* a move that takes the kernel longer is reported */
	SETTLED_US = 200000,  /* a reason to stay is reported after it has lasted this long */
};

void monitor_init(struct bond_monitor *m, const struct rtnl_link *bond)
{
	*m = (struct bond_monitor){.index = bond->index,
				   .reason = DECIDE_UNKNOWN,
				   .told = DECIDE_UNKNOWN,
				   .outage = -1};
	memcpy(m->name, bond->name, sizeof(m->name));
}

static struct leg *find_leg(struct bond_monitor *m, int index)
{
	return array_find(m->legs, m->n_legs, it->index == index && index > 0);
}

static const char *leg_name(struct bond_monitor *m, int index)
{
	const struct leg *l = find_leg(m, index);

	return l ? l->name : "no leg";
}

/* Takes ownership of text. */
static void say(struct bond_monitor *m, enum journal_level level, int64_t now, char *text)
{
	free(m->sentence);
	m->sentence = text;
	m->said = now;
	m->said_at = time(NULL);
	journal_say(level, "%s: %s", m->name, text);
}

/* Logs a failure once, until it changes. */
static void complain(struct bond_monitor *m, const char *text)
{
	if (streq(text, m->refusal))
		return;
	free(m->refusal);
	m->refusal = xstrdup(text);
	journal_say(JOURNAL_ERROR, "%s: %s", m->name, text);
}

static void update_audit(struct bond_monitor *m, const struct monitor_ctx *ctx,
			 const struct rtnl_link *bond)
{
	struct audit a;

	audit_bond(ctx->tables, bond, &m->targets, "/sys", &a);
	for (size_t i = 0; i < a.n; i++) {
		bool told = false;
		for (size_t k = 0; k < m->audit.n; k++)
			told |= streq(a.findings[i], m->audit.findings[k]);
		if (!told)
			journal_say(JOURNAL_WARNING, "%s", a.findings[i]);
	}
	audit_clear(&m->audit);
	m->audit = a;
}

static void update_targets(struct bond_monitor *m, const struct monitor_ctx *ctx,
			   const struct rtnl_link *bond)
{
	struct targets found;

	targets_find(ctx->tables, bond, ctx->conf, &found);
	bool same = found.n == m->targets.n;
	for (size_t i = 0; same && i < found.n; i++)
		same = ip_equal(&found.v[i].ip, &m->targets.v[i].ip) &&
		       found.v[i].vlan == m->targets.v[i].vlan;
	if (same)
		return;
	m->targets = found;
	for (size_t i = 0; i < m->n_legs; i++)
		leg_reset(&m->legs[i]);
}

static void update_legs(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now)
{
	const struct tables *t = ctx->tables;
	size_t n = 0;

	for (size_t i = 0; i < m->n_legs; i++)
		m->legs[i].kept = false;
	for (size_t i = 0; i < t->n_links; i++) {
		const struct rtnl_link *link = &t->links[i];
		if (link->master != m->index || !link->has_mac)
			continue;
		struct leg *l = find_leg(m, link->index);
		if (l) {
			leg_update(l, link, now);
		} else if (m->n_legs < DECIDE_LEGS) {
			l = &m->legs[m->n_legs++];
			leg_init(l, link, now);
			journal_say(JOURNAL_INFO, "%s: %s is a leg", m->name, l->name);
		} else {
			continue;
		}
		l->kept = true;
	}
	for (size_t i = 0; i < m->n_legs; i++) {
		if (m->legs[i].kept) {
			m->legs[n++] = m->legs[i];
			continue;
		}
		journal_say(JOURNAL_INFO, "%s: %s is no longer a leg", m->name, m->legs[i].name);
		leg_close(&m->legs[i]);
	}
	m->n_legs = n;
}

static void open_leg(struct bond_monitor *m, const struct monitor_ctx *ctx, struct leg *l)
{
	cleanup_err struct err err = ERR_INIT;

	if (leg_listen(l, &m->targets, ctx->epoll, &err) < 0)
		complain(m, err.text);
}

static bool have_one_mac(const struct bond_monitor *m, const struct rtnl_link *bond)
{
	if (bond->bond.fail_over_mac == BOND_FAIL_OVER_MAC_NONE)
		return true;
	if (bond->bond.fail_over_mac != BOND_FAIL_OVER_MAC_ACTIVE)
		return false;
	for (size_t i = 0; i < m->n_legs; i++)
		for (size_t k = i + 1; k < m->n_legs; k++)
			if (mac_equal(&m->legs[i].mac, &m->legs[k].mac))
				return true;
	return false;
}

/*
 * Which legs may be probed. If they share one MAC (fail_over_mac=none, or VFs with the same MAC),
 * the switch forwards to the leg that sent last, so a probe from an idle leg would cause an outage.
 */
static void update_sockets(struct bond_monitor *m, const struct monitor_ctx *ctx,
			   const struct rtnl_link *bond)
{
	bool shared = have_one_mac(m, bond);

	for (size_t i = 0; i < m->n_legs; i++) {
		struct leg *l = &m->legs[i];
		bool probed =
			m->active_backup && m->targets.n > 0 && (!shared || l->index == m->active);
		if (l->probed && !probed)
			leg_forget(l);
		l->probed = probed;
		if (!m->active_backup)
			leg_close(l);
		else if (l->fd < 0)
			open_leg(m, ctx, l);
	}
}

static void send_frame(void *data, const struct frame *frame)
{
	const struct leg *leg = data;

	(void)packet_send(leg->fd, leg->index, frame);
}

/* Sent over the active leg, not by the kernel's choice. */
void monitor_announce(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now)
{
	struct leg *leg = find_leg(m, m->active);
	const struct rtnl_link *bond = tables_link(ctx->tables, m->index);

	if (!leg || !bond || !announce_due(&m->announcements, now) || leg->fd < 0)
		return;
	/* Only with fail_over_mac=active the MAC changes with the leg. */
	const struct mac_addr *mac =
		bond->bond.fail_over_mac == BOND_FAIL_OVER_MAC_ACTIVE ? &leg->mac : &bond->mac;
	m->announced += announce_frames(ctx->tables, bond, mac, ctx->conf->announce_loopback,
					send_frame, leg);
}

void monitor_update(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now)
{
	const struct rtnl_link *bond = tables_link(ctx->tables, m->index);

	if (!bond)
		return;
	memcpy(m->name, bond->name, sizeof(m->name));
	m->active_backup = bond->bond.mode == BOND_OPTION_ACTIVE_BACKUP;
	m->active = bond->bond.active;
	update_legs(m, ctx, now);
	update_targets(m, ctx, bond);
	update_sockets(m, ctx, bond);
	update_audit(m, ctx, bond);
	monitor_announce(m, ctx, now); /* announcements due while there was no leg */
	if (m->active != m->last_active)
		burst_end(&m->burst, m->legs, m->n_legs);
	if (!m->active || m->active == m->last_active)
		return;
	if (m->last_active) { /* the initial active leg is not a move */
		m->moved[MOVE_OTHER]++;
		say(m, JOURNAL_NOTICE, now,
		    xasprintf("the kernel or an operator moved it from %s to %s",
			      leg_name(m, m->last_active), leg_name(m, m->active)));
		announce_start(&m->announcements, now);
		monitor_announce(m, ctx, now);
	}
	m->last_active = m->active;
}

/* The leg preferred in bondd.conf, else the bond's primary. */
static int preference(const struct bond_monitor *m, const struct monitor_ctx *ctx,
		      const struct leg *l)
{
	const struct rtnl_link *bond = tables_link(ctx->tables, m->index);

	if (ctx->conf->prefer[0])
		return streq(l->name, ctx->conf->prefer);
	return bond && bond->bond.primary == l->index;
}

char *monitor_delay_text(int64_t failed, int64_t asked, int64_t done)
{
	struct strbuf out = {0};

	if (failed >= 0)
		strbuf_addf(&out, " after %lld ms", (long long)(done - failed + 500) / 1000);
	if (done - asked >= SLOW_MOVE_US)
		strbuf_addf(&out, " (the kernel took %lld ms to move it)",
			    (long long)(done - asked + 500) / 1000);
	return strbuf_steal(&out);
}

static char *move_sentence(struct bond_monitor *m, const struct monitor_ctx *ctx,
			   const struct decision *d, int from, int64_t asked, int64_t now)
{
	const struct leg *leg = find_leg(m, from);
	const char *to = leg_name(m, d->to);
	char buf[IP_TEXT_SIZE];
	const char *target = targets_text(&m->targets, d->targets, buf);
	cleanup_free char *after = monitor_delay_text(d->since, asked, now);
	cleanup_free char *failure = leg_failure_text(leg, &m->targets, d, &ctx->conf->track, now);

	if (failure)
		return xasprintf("%s: moved to %s%s", failure, to, after);
	if (d->reason == DECIDE_FORGED)
		return xasprintf("%s gets more replies from %s than it sent probes, so its path is "
				 "not proven: moved to %s",
				 leg->name, target, to);
	if (d->reason == DECIDE_RETURN)
		return xasprintf("%s is proven good again and preferred: moved back from %s", to,
				 leg->name);
	return xasprintf("moved from %s to %s", leg->name, to);
}

/* The message about a bond that stays on its leg; NULL: nothing to report. */
static char *stay_sentence(struct bond_monitor *m, const struct decision *d)
{
	const char *active = leg_name(m, m->active);
	char target[IP_TEXT_SIZE];

	if (d->reason == DECIDE_TARGETS_GONE)
		return xasprintf("no leg gets a reply from %s: the target is down, %s stays active",
				 targets_text(&m->targets, d->targets, target), active);
	if (d->reason == DECIDE_NO_PROVEN)
		return xasprintf("%s fails, but no other leg is proven good: it stays active",
				 active);
	if (d->reason == DECIDE_HELD)
		return xasprintf(
			"%s fails, but the bond has moved too often: it stays active for now",
			active);
	if (d->reason == DECIDE_DOUBTED)
		return xasprintf("%s gets more replies from %s than it sent probes, but no other "
				 "leg is proven good: it stays active",
				 active, targets_text(&m->targets, d->targets, target));
	if (d->reason == DECIDE_NO_ACTIVE)
		return xstrdup("no leg is up");
	if (d->reason == DECIDE_HEALTHY &&
	    (m->told == DECIDE_TARGETS_GONE || m->told == DECIDE_NO_PROVEN ||
	     m->told == DECIDE_HELD || m->told == DECIDE_DOUBTED || m->told == DECIDE_NO_ACTIVE))
		return xasprintf("%s gets replies again", active);
	return NULL;
}

static enum move_cause cause_of(enum decide_reason reason)
{
	return reason == DECIDE_CARRIER  ? MOVE_CARRIER
	       : reason == DECIDE_SILENT ? MOVE_SILENT
	       : reason == DECIDE_LOSSY  ? MOVE_LOSSY
	       : reason == DECIDE_FORGED ? MOVE_FORGED
					 : MOVE_RETURN;
}

/* Carries out a decision; false if the kernel refused. */
static bool act(struct bond_monitor *m, const struct monitor_ctx *ctx, const struct decision *d)
{
	cleanup_err struct err err = ERR_INIT;
	int64_t asked = clock_now();
	int from = m->active;

	if (kernel_set_active(ctx->kernel, m->index, d->to, &err) < 0) {
		err_wrap(&err, "cannot move it to %s", leg_name(m, d->to));
		complain(m, err.text);
		return false;
	}
	free(m->refusal);
	m->refusal = NULL;

	int64_t now = clock_now();
	char *sentence = move_sentence(m, ctx, d, from, asked, now);
	m->active = m->last_active = d->to;
	burst_end(&m->burst, m->legs, m->n_legs);
	m->moves[m->n_moves++ % DECIDE_MOVES] = now;
	m->moved[cause_of(d->reason)]++;
	if (d->reason != DECIDE_RETURN)
		m->outage = d->since >= 0 ? now - d->since : -1;
	announce_start(&m->announcements, now);
	monitor_announce(m, ctx, now);
	say(m, JOURNAL_NOTICE, now, sentence);
	return true;
}

static struct decide_snapshot snapshot(struct bond_monitor *m, const struct monitor_ctx *ctx,
				       struct decide_leg legs[DECIDE_LEGS], int64_t now)
{
	for (size_t i = 0; i < m->n_legs; i++)
		leg_snapshot(&m->legs[i], &m->targets, &ctx->conf->track,
			     preference(m, ctx, &m->legs[i]), now, &legs[i]);
	return (struct decide_snapshot){
		.now = now,
		.active_backup = m->active_backup,
		.active = m->active,
		.legs = legs,
		.n_legs = m->n_legs,
		.moves = m->moves,
		.n_moves = m->n_moves < DECIDE_MOVES ? m->n_moves : DECIDE_MOVES,
	};
}

static void repeat_probes(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now)
{
	for (size_t i = 0; i < m->n_legs; i++)
		if (m->legs[i].probed)
			leg_repeat(&m->legs[i], m->legs, m->n_legs, &m->targets, &ctx->conf->track,
				   now);
}

struct decision monitor_choose(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now)
{
	struct decide_leg legs[DECIDE_LEGS];

	struct decide_snapshot s = snapshot(m, ctx, legs, now);
	struct decision d = decide(&s, &ctx->conf->limits);
	if (d.to)
		return d;
	switch (burst_look(&m->burst, m->legs, &m->targets, &s, &ctx->conf->limits,
			   &ctx->conf->track)) {
	case BURST_WAIT:
		return d;
	case BURST_REPEAT:
		repeat_probes(m, ctx, now);
		return d;
	case BURST_LOST:
		s = snapshot(m, ctx, legs, now);
		return decide(&s, &ctx->conf->limits);
	}
	return d;
}

bool monitor_decide(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now)
{
	struct decision d = monitor_choose(m, ctx, now);

	if (d.to && act(m, ctx, &d)) {
		m->reason = m->told = DECIDE_HEALTHY;
		return true;
	}
	if (d.reason != m->reason) {
		m->reason = d.reason;
		m->reason_since = now;
	}
	if (m->reason != m->told && now - m->reason_since >= SETTLED_US &&
	    now - m->said >= QUIET_US) {
		char *text = stay_sentence(m, &d);
		if (text)
			say(m, JOURNAL_NOTICE, now, text);
		m->told = m->reason;
	}
	return false;
}

/* Warns of ignored answers: at once, then once a minute. */
static void tell_bogus(struct bond_monitor *m, int64_t now)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->n_legs; i++)
		sum += m->legs[i].excess + m->legs[i].other_mac;
	if (sum <= m->bogus || (m->told_bogus && now - m->told_bogus < BOGUS_US))
		return;
	for (size_t i = 0; i < m->n_legs; i++) {
		const struct leg *l = &m->legs[i];
		char other[MAC_TEXT_SIZE];
		if (l->excess)
			journal_say(JOURNAL_WARNING,
				    "%s: %s got %llu %s without a probe: forged by a neighbour, "
				    "or duplicated frames",
				    m->name, l->name, (unsigned long long)l->excess,
				    plural(l->excess, "reply", "replies"));
		if (l->other_mac)
			journal_say(JOURNAL_WARNING,
				    "%s: %s got %llu %s from a MAC other than the target's, last "
				    "%s: forged by a neighbour, or the address is in use twice",
				    m->name, l->name, (unsigned long long)l->other_mac,
				    plural(l->other_mac, "reply", "replies"),
				    mac_format(&l->other, other));
	}
	m->bogus = sum;
	m->told_bogus = now;
}

void monitor_hear(struct bond_monitor *m, const struct monitor_ctx *ctx, struct leg *l, int64_t now)
{
	leg_hear(l, m->legs, m->n_legs, &m->targets, &ctx->conf->track, now);
}

static void check_burst_before_tick(struct bond_monitor *m, const struct monitor_ctx *ctx,
				    int64_t now)
{
	struct decide_leg legs[DECIDE_LEGS];
	const struct decide_snapshot s = snapshot(m, ctx, legs, now);

	burst_before_tick(&m->burst, m->legs, &m->targets, &s, &ctx->conf->limits);
}

void monitor_tick(struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now)
{
	burst_learn(&m->burst, m->legs, m->n_legs, &m->targets, &ctx->conf->track, now);
	if (m->burst.running)
		check_burst_before_tick(m, ctx, now);
	for (size_t i = 0; i < m->n_legs; i++)
		if (m->legs[i].probed)
			leg_probe(&m->legs[i], m->legs, m->n_legs, &m->targets, &ctx->conf->track,
				  now);
	tell_bogus(m, now);
}

int64_t monitor_due_at(const struct bond_monitor *m, const struct monitor_ctx *ctx, int64_t now)
{
	const struct leg *active =
		array_find(m->legs, m->n_legs, it->index == m->active && m->active > 0);
	int64_t at = announce_at(&m->announcements);
	int64_t due = at > now ? at : INT64_MAX;

	for (size_t k = 0; active && k < m->targets.n; k++) {
		at = track_silent_at(&active->tracks[k], &ctx->conf->track);
		if (at > now && at < due)
			due = at;
	}
	at = burst_look_at(&m->burst, m->legs, m->n_legs, m->active, &m->targets,
			   &ctx->conf->track);
	return at > now && at < due ? at : due;
}

bool monitor_wants_ticks(const struct bond_monitor *m)
{
	bool probed = false;

	for (size_t i = 0; i < m->n_legs; i++)
		probed |= m->legs[i].probed && m->legs[i].carrier == TRI_YES;
	return probed;
}

const char *move_cause_name(enum move_cause cause)
{
	static const char *const names[] = {
		[MOVE_CARRIER] = "carrier", [MOVE_SILENT] = "silent", [MOVE_LOSSY] = "lossy",
		[MOVE_FORGED] = "forged",   [MOVE_RETURN] = "return", [MOVE_OTHER] = "other",
	};

	return names[cause];
}

void monitor_clear(struct bond_monitor *m)
{
	for (size_t i = 0; i < m->n_legs; i++)
		leg_close(&m->legs[i]);
	audit_clear(&m->audit);
	free_all(m->sentence, m->refusal);
}
