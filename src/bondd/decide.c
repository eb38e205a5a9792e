// SPDX-License-Identifier: Apache-2.0
#include "bondd/decide.h"

#include "base/alloc.h"

static unsigned count(uint32_t set)
{
	return (unsigned)__builtin_popcount(set);
}

static const struct decide_leg *find(const struct decide_snapshot *s, int index)
{
	return array_find(s->legs, s->n_legs, it->index == index && index > 0);
}

static bool may_carry(const struct decide_leg *l)
{
	return l->carrier == TRI_YES && l->up == TRI_YES;
}

/*
 * Targets that currently prove l good: without those that missed the last probe, as that may be the
 * start of a failure.
 */
static uint32_t proof(const struct decide_leg *l)
{
	return may_carry(l) ? l->heard & l->fresh & l->proven & ~l->lossy & ~l->silent : 0;
}

/*
 * Loss of carrier alone proves that the active leg failed, so the other leg may have a late answer.
 */
static uint32_t proof_for_carrier(const struct decide_leg *l)
{
	return may_carry(l) ? l->heard & l->proven & ~l->silent : 0;
}

static uint32_t proof_or_doubt(const struct decide_leg *l)
{
	return may_carry(l) ? proof(l) | l->doubted : 0;
}

static bool is_better(const struct decide_leg *a, uint32_t proof_a, const struct decide_leg *b,
		      uint32_t proof_b)
{
	if (!b)
		return true;
	if (count(proof_a) != count(proof_b))
		return count(proof_a) > count(proof_b);
	if (a->preference != b->preference)
		return a->preference > b->preference;
	if (a->speed != b->speed)
		return a->speed > b->speed;
	return a->index < b->index;
}

/*
 * The best leg besides the active one for which the targets in bad that count against the active
 * leg outnumber those in good. With all targets in bad and none in good: any proven leg.
 */
static const struct decide_leg *outvotes(const struct decide_snapshot *s,
					 const struct decide_leg *active, uint32_t bad,
					 uint32_t good,
					 uint32_t (*prove)(const struct decide_leg *),
					 uint32_t *ret_against)
{
	const struct decide_leg *best = NULL;
	uint32_t best_proof = 0;

	for (size_t i = 0; i < s->n_legs; i++) {
		const struct decide_leg *l = &s->legs[i];
		uint32_t proved = prove(l);
		if (l == active || count(proved & bad) <= count(good))
			continue;
		if (is_better(l, proved, best, best_proof)) {
			best = l;
			best_proof = proved;
		}
	}
	*ret_against = best_proof & bad;
	return best;
}

/* When the first of these targets fell silent; -1: none has. */
static int64_t silent_since(const struct decide_leg *l, uint32_t targets)
{
	int64_t since = -1;

	for (unsigned i = 0; i < DECIDE_TARGETS; i++)
		if ((targets & l->silent & 1u << i) && (since < 0 || l->silent_since[i] < since))
			since = l->silent_since[i];
	return since;
}

/* Number of moves in the window, and the time of the last move. */
static unsigned moves_lately(const struct decide_snapshot *s, const struct decide_limits *limits,
			     int64_t *ret_last)
{
	unsigned n = 0;

	*ret_last = INT64_MIN;
	for (size_t i = 0; i < s->n_moves; i++) {
		if (s->moves[i] > *ret_last)
			*ret_last = s->moves[i];
		if (s->now - s->moves[i] < limits->window)
			n++;
	}
	return n;
}

static bool is_held(const struct decide_snapshot *s, const struct decide_limits *limits,
		    unsigned spare)
{
	int64_t last;
	unsigned n = moves_lately(s, limits, &last);

	if (n + spare >= limits->max_moves)
		return true;
	return n >= 2 && s->now - last < limits->hold << (n - 2);
}

static struct decision stay(enum decide_reason reason, uint32_t targets, int64_t since)
{
	return (struct decision){.reason = reason, .targets = targets, .since = since};
}

static struct decision move(const struct decide_snapshot *s, const struct decide_limits *limits,
			    enum decide_reason reason, const struct decide_leg *to,
			    uint32_t targets, int64_t since)
{
	bool doubted = reason == DECIDE_FORGED || (to->doubted && !proof_for_carrier(to));

	if (is_held(s, limits, doubted ? DECIDE_MOVES_SPARED : 0))
		return stay(DECIDE_HELD, targets, since);
	return (struct decision){
		.reason = reason, .to = to->index, .targets = targets, .since = since};
}

static struct decision consider_return(const struct decide_snapshot *s,
				       const struct decide_limits *limits,
				       const struct decide_leg *active)
{
	const struct decide_leg *best = NULL;

	for (size_t i = 0; i < s->n_legs && limits->failback != FAILBACK_NEVER; i++) {
		const struct decide_leg *l = &s->legs[i];
		if (l->preference <= active->preference || count(proof(l)) < count(active->heard) ||
		    proof(l) == 0)
			continue;
		if (limits->failback == FAILBACK_BETTER &&
		    (active->speed < 0 || l->speed <= active->speed))
			continue;
		if (is_better(l, 0, best, 0)) /* by the operator's preference */
			best = l;
	}
	if (!best || is_held(s, limits, DECIDE_MOVES_SPARED))
		return stay(DECIDE_HEALTHY, 0, -1);
	return (struct decision){.reason = DECIDE_RETURN, .to = best->index, .since = -1};
}

/*
 * Targets that answer another leg, proven or not, but do not answer the active leg, or answer it
 * too rarely and the other leg not. *ret_asked: whether any other leg has a state for a target.
 */
static uint32_t heard_elsewhere(const struct decide_snapshot *s, const struct decide_leg *active,
				bool *ret_asked)
{
	uint32_t targets = 0;

	*ret_asked = false;
	for (size_t i = 0; i < s->n_legs; i++) {
		const struct decide_leg *l = &s->legs[i];
		if (l == active)
			continue;
		*ret_asked |= (l->heard | l->silent) != 0;
		targets |= l->heard & active->silent;
		targets |= l->heard & ~l->lossy & active->lossy;
	}
	return targets;
}

/* The active leg has failed only if a majority of the targets counts against it. */
static struct decision judge_path(const struct decide_snapshot *s,
				  const struct decide_limits *limits,
				  const struct decide_leg *active)
{
	uint32_t known = active->heard | active->silent;
	uint32_t bad = active->silent | active->lossy;
	uint32_t against;
	const struct decide_leg *to =
		outvotes(s, active, active->silent, active->heard, proof, &against);

	if (to)
		return move(s, limits, DECIDE_SILENT, to, against, silent_since(active, against));
	to = outvotes(s, active, bad, known & ~bad, proof, &against);
	if (to)
		return move(s, limits, DECIDE_LOSSY, to, against, silent_since(active, against));
	to = outvotes(s, active, active->doubted, active->heard, proof, &against);
	if (to)
		return move(s, limits, DECIDE_FORGED, to, against, -1);
	to = outvotes(s, active, active->silent, active->heard | active->doubted, proof_or_doubt,
		      &against);
	if (to)
		return move(s, limits, DECIDE_SILENT, to, against, silent_since(active, against));
	if (known == 0)
		return stay(active->doubted ? DECIDE_DOUBTED : DECIDE_UNKNOWN, active->doubted, -1);

	bool asked;
	against = heard_elsewhere(s, active, &asked);
	if (count(against) > count(active->heard & ~against))
		return stay(DECIDE_NO_PROVEN, against, silent_since(active, against));
	if (active->heard)
		return consider_return(s, limits, active);
	return stay(asked ? DECIDE_TARGETS_GONE : DECIDE_NO_PROVEN, active->silent,
		    silent_since(active, active->silent));
}

struct decision decide(const struct decide_snapshot *s, const struct decide_limits *limits)
{
	const struct decide_leg *active = find(s, s->active);
	uint32_t against;

	if (!s->active_backup)
		return stay(DECIDE_MODE, 0, -1);
	if (!active)
		return stay(DECIDE_NO_ACTIVE, 0, -1);
	if (active->carrier != TRI_NO)
		return judge_path(s, limits, active);

	const struct decide_leg *to =
		outvotes(s, active, UINT32_MAX, 0, proof_for_carrier, &against);
	if (!to)
		to = outvotes(s, active, UINT32_MAX, 0, proof_or_doubt, &against);
	if (!to)
		return stay(DECIDE_NO_PROVEN, 0, active->carrier_lost);
	return move(s, limits, DECIDE_CARRIER, to, 0, active->carrier_lost);
}

const char *decide_reason_name(enum decide_reason reason)
{
	static const char *const names[] = {
		[DECIDE_MODE] = "mode",
		[DECIDE_NO_ACTIVE] = "no-active-leg",
		[DECIDE_HEALTHY] = "healthy",
		[DECIDE_UNKNOWN] = "unknown",
		[DECIDE_TARGETS_GONE] = "targets-gone",
		[DECIDE_NO_PROVEN] = "no-proven-leg",
		[DECIDE_HELD] = "held",
		[DECIDE_CARRIER] = "carrier",
		[DECIDE_SILENT] = "silent",
		[DECIDE_LOSSY] = "lossy",
		[DECIDE_DOUBTED] = "doubted",
		[DECIDE_FORGED] = "forged",
		[DECIDE_RETURN] = "return",
	};

	return names[reason];
}
