// SPDX-License-Identifier: Apache-2.0
#include "bondd/relay_decide.h"

#include "base/alloc.h"

void relay_memory_init(struct relay_memory *m)
{
	*m = (struct relay_memory){.proven_since = -1, .alone_since = -1};
}

bool relay_is_proven(const struct decide_leg *l)
{
	return l->carrier == TRI_YES && (l->heard & l->proven & ~l->lossy & ~l->silent);
}

/* What decide() would do with a bond of all PFs that has this one as active leg. */
static struct decision ask(const struct relay_path *paths, size_t n, size_t pf,
			   const struct relay_memory *m, size_t n_holds,
			   const struct decide_limits *limits, int64_t now)
{
	struct decide_leg legs[RELAY_PFS];

	for (size_t i = 0; i < n; i++) {
		legs[i] = paths[i].leg;
		legs[i].up = TRI_YES;
		legs[i].preference = 0;
	}
	const struct decide_snapshot snapshot = {
		.now = now,
		.active_backup = true,
		.active = (int)pf + 1,
		.legs = legs,
		.n_legs = n,
		.moves = m->holds,
		.n_moves = n_holds,
	};
	return decide(&snapshot, limits);
}

/* It fails by itself, and another path is proven: doubt and preference do not count. */
static bool is_failure(const struct relay_path *paths, const struct decision *d)
{
	return d->to &&
	       (d->reason == DECIDE_SILENT || d->reason == DECIDE_LOSSY ||
		d->reason == DECIDE_CARRIER) &&
	       relay_is_proven(&paths[d->to - 1].leg);
}

static enum relay_state state_of(const struct decision *d)
{
	return d->reason == DECIDE_HEALTHY        ? RELAY_HEALTHY
	       : d->reason == DECIDE_TARGETS_GONE ? RELAY_TARGETS_GONE
	       : d->reason == DECIDE_NO_PROVEN    ? RELAY_NO_PROVEN
	       : d->reason == DECIDE_HELD         ? RELAY_TOO_OFTEN
						  : RELAY_UNKNOWN;
}

static size_t recorded_holds(const struct relay_memory *m)
{
	return m->n_holds < DECIDE_MOVES ? m->n_holds : DECIDE_MOVES;
}

static struct relay_decision consider_hold(const struct relay_memory *m,
					   const struct relay_path *paths, size_t n, size_t pf,
					   const struct relay_limits *limits, int64_t now)
{
	struct relay_decision r = {.pf = pf};

	r.failure = ask(paths, n, pf, m, recorded_holds(m), &limits->holds, now);
	bool failed = is_failure(paths, &r.failure);

	if ((failed || r.failure.reason == DECIDE_HELD) && !m->was_proven[pf])
		r.state = RELAY_NEVER_PROVEN;
	else if (failed && !paths[pf].may_hold)
		r.state = RELAY_NO_LINK;
	else if (failed && m->restored_at[pf] && now - m->restored_at[pf] < limits->pause)
		r.state = RELAY_TOO_OFTEN;
	else if (failed)
		r = (struct relay_decision){
			.state = RELAY_HOLDING, .act = RELAY_HOLD, .pf = pf, .failure = r.failure};
	else
		r.state = r.failure.to ? RELAY_UNKNOWN : state_of(&r.failure);
	return r;
}

int64_t relay_hold_down(const struct relay_memory *m, const struct relay_limits *limits,
			int64_t now)
{
	int64_t hold = limits->hold_down;
	unsigned lately = 0;

	for (size_t i = 0; i < recorded_holds(m); i++)
		lately += now - m->holds[i] < limits->holds.window;
	for (; lately > 1 && hold < limits->hold_down_max; lately--)
		hold *= 2;
	return hold < limits->hold_down_max ? hold : limits->hold_down_max;
}

static struct relay_decision consider_restore(struct relay_memory *m,
					      const struct relay_path *paths, size_t n,
					      const struct relay_limits *limits, int64_t now)
{
	struct relay_decision r = {.state = RELAY_HOLDING, .pf = m->held - 1};
	const struct decide_leg *held = &paths[r.pf].leg;
	bool alone = true;

	for (size_t i = 0; i < n; i++)
		alone &= i == r.pf || !paths[i].leg.heard;
	bool proven = relay_is_proven(held) && !ask(paths, n, r.pf, m, 0, &limits->holds, now).to;
	if (!proven)
		m->proven_since = -1;
	else if (m->proven_since < 0)
		m->proven_since = now;
	if (!alone)
		m->alone_since = -1;
	else if (m->alone_since < 0)
		m->alone_since = now;

	int64_t hold = relay_hold_down(m, limits, now);
	if (proven && now - m->proven_since >= hold)
		r.act = RELAY_RESTORE_PROVEN;
	else if (limits->blind && now - m->held_at >= hold)
		r.act = RELAY_RESTORE_TRIAL;
	else if (alone && held->heard)
		r.act = RELAY_RESTORE_ONLY;
	else if (alone && now - m->alone_since >= limits->settle)
		r.act = RELAY_RESTORE_LOST;
	return r;
}

struct relay_decision relay_decide(struct relay_memory *m, const struct relay_path *paths, size_t n,
				   const struct relay_limits *limits, int64_t now)
{
	struct relay_decision worst = {.state = RELAY_UNKNOWN};
	bool any = false;

	for (size_t i = 0; i < n; i++)
		m->was_proven[i] |= relay_is_proven(&paths[i].leg);
	if (m->held)
		return consider_restore(m, paths, n, limits, now);
	for (size_t i = 0; i < n; i++) {
		if (!paths[i].leg.index)
			continue;
		struct relay_decision r = consider_hold(m, paths, n, i, limits, now);
		if (!any || r.state > worst.state)
			worst = r;
		any = true;
	}
	return worst;
}

void relay_note_failure(struct relay_memory *m, int64_t now)
{
	m->holds[m->n_holds++ % DECIDE_MOVES] = now;
}

void relay_note_hold(struct relay_memory *m, size_t pf, int64_t now)
{
	relay_note_failure(m, now);
	m->held = pf + 1;
	m->held_at = now;
	m->proven_since = m->alone_since = -1;
}

void relay_note_restore(struct relay_memory *m, int64_t now)
{
	if (m->held)
		m->restored_at[m->held - 1] = now;
	m->held = 0;
}

const char *relay_state_name(enum relay_state state)
{
	static const char *const names[] = {
		[RELAY_HEALTHY] = "healthy",
		[RELAY_UNKNOWN] = "unknown",
		[RELAY_TARGETS_GONE] = "targets-gone",
		[RELAY_NEVER_PROVEN] = "never-proven",
		[RELAY_NO_PROVEN] = "no-proven-path",
		[RELAY_NO_LINK] = "no-link",
		[RELAY_TOO_OFTEN] = "too-often",
		[RELAY_HOLDING] = "holding",
		[RELAY_STATES] = NULL,
	};

	return names[state];
}
