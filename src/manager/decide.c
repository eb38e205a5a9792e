// SPDX-License-Identifier: Apache-2.0
#include "manager/decide.h"

/* The VIM still works on it, or we do: its time to boot has not begun. */
static bool act_goes_on(const struct vm_situation *s, int64_t began)
{
	return (s->vim->task == TRI_YES || s->holds & HOLD_BIT(HOLD_BUSY)) &&
	       s->now - began < DECIDE_LONGEST_ACT_MS;
}

static bool still_booting(const struct vm_policy *policy, const struct vm_situation *s,
			  struct vm_memory *m)
{
	if (act_goes_on(s, m->since))
		m->booting_from = s->now;
	return s->now - m->booting_from < vm_boot_time(policy, m);
}

/* The state that the assessment alone gives. */
static enum vm_state state_of(enum assessment is, struct vm_memory *m)
{
	switch (is) {
	case ASSESS_UNKNOWN:
		return VM_UNKNOWN;
	case ASSESS_ALIVE:
		return VM_ALIVE;
	case ASSESS_SUSPECT:
		return VM_SUSPECT;
	case ASSESS_PARTIAL:
		return VM_PARTIAL;
	case ASSESS_SILENT:
	case ASSESS_OFF:
	case ASSESS_UNBORN:
	case ASSESS_GONE:
		break;
	}
	return m->state == VM_HELD ? VM_HELD : VM_WAITING;
}

/* ALIVE, or as good as that: an episode ends. */
static enum vm_state recovered(enum vm_state state, struct vm_memory *m, struct decision *d)
{
	if (vm_memory_in_episode(m))
		d->outcome = OUTCOME_RECOVERED;
	vm_memory_end_episode(m);
	return state;
}

/* What the assessment makes of the state, before any act is thought of. */
static enum vm_state follow(const struct vm_policy *policy, const struct vm_situation *s,
			    struct vm_memory *m, struct decision *d)
{
	enum assessment is = s->assessed.is;

	if (!policy->watched)
		return VM_UNWATCHED;
	if (m->state == VM_UNWATCHED)
		vm_memory_boot(m, false, s->now);
	if (is == ASSESS_ALIVE)
		return recovered(VM_ALIVE, m, d);
	if (m->state == VM_FAILED && !s->request.heal)
		return VM_FAILED;
	if (m->state == VM_BOOTING && !assessment_is_testimony(is) && still_booting(policy, s, m))
		return VM_BOOTING;
	if (m->state == VM_RECOVERING && still_booting(policy, s, m))
		return VM_RECOVERING;
	/* Only the VIM reports of it, and has no complaint; or it was not probed yet. */
	if (m->state == VM_RECOVERING && is == ASSESS_UNKNOWN && !s->assessed.asked)
		return s->holds & HOLD_BIT(HOLD_SETTLING) ? VM_RECOVERING
							  : recovered(VM_UNKNOWN, m, d);
	return state_of(is, m);
}

static bool report_is_old(const struct vm_situation *s)
{
	const struct vim_report *r = s->vim;
	int64_t at = r->presence == PRESENCE_ABSENT ? r->absent_at : r->at;

	return at == MANAGER_NEVER || at > s->now || s->now - at > ASSESS_REPORT_MS;
}

/* What the VIM says of the server that forbids an act. */
static unsigned vim_holds(const struct vm_situation *s, enum act wanted)
{
	const struct vim_report *r = s->vim;
	bool listed = r->presence == PRESENCE_LISTED;
	bool absent = r->presence == PRESENCE_ABSENT;
	unsigned holds = 0;

	if (listed && r->locked == TRI_YES)
		holds |= HOLD_BIT(HOLD_LOCKED);
	if (listed && (r->task != TRI_NO || r->state == SERVER_BUILDING))
		holds |= HOLD_BIT(HOLD_TASK);
	if (listed && (r->state == SERVER_PARKED ||
		       (r->state == SERVER_STOPPED && r->stopped_by_user != TRI_NO)))
		holds |= HOLD_BIT(HOLD_WANTED);
	if ((r->host != HOST_UP && r->host != HOST_UNKNOWN) ||
	    (r->host != HOST_UP && wanted == ACT_REDEPLOY))
		holds |= HOLD_BIT(HOLD_HOST);
	if (!s->vim_fresh || report_is_old(s) || r->presence == PRESENCE_UNKNOWN ||
	    (listed && r->state == SERVER_UNKNOWN) || (absent && s->assessed.is != ASSESS_GONE))
		holds |= HOLD_BIT(HOLD_VIM);
	return holds;
}

static unsigned own_holds(const struct vm_policy *policy, const struct vm_situation *s,
			  enum act wanted)
{
	enum assessment is = s->assessed.is;
	bool testimony = assessment_is_testimony(is);
	bool answers = is == ASSESS_ALIVE || is == ASSESS_PARTIAL || is == ASSESS_SUSPECT;
	bool redeploys = wanted == ACT_REDEPLOY;
	unsigned holds = 0;

	if (policy->manual)
		holds |= HOLD_BIT(HOLD_MANUAL);
	if (is == ASSESS_UNKNOWN || (redeploys && !s->way_proven))
		holds |= HOLD_BIT(HOLD_UNPROVEN);
	if (answers)
		holds |= HOLD_BIT(HOLD_ANSWERS);
	if (!testimony && s->silence_held)
		holds |= HOLD_BIT(HOLD_MANY);
	if (s->partner_acting && wanted != ACT_START)
		holds |= HOLD_BIT(HOLD_PARTNER);
	if (redeploys && policy->has_state && !s->partner_has_state)
		holds |= HOLD_BIT(HOLD_STATE);
	if (testimony ? s->testimony_budget : s->silence_budget)
		holds |= HOLD_BIT(HOLD_BUDGET);
	return holds;
}

/* Those that a person's request overrules. */
static unsigned overruled(const struct vm_request *request)
{
	unsigned holds = 0;

	if (request->heal)
		holds |= HOLD_BIT(HOLD_WATCH_ONLY) | HOLD_BIT(HOLD_MANUAL) | HOLD_BIT(HOLD_MANY);
	if (request->heal && request->force)
		holds |= HOLD_BIT(HOLD_UNPROVEN) | HOLD_BIT(HOLD_ANSWERS);
	if (request->discard_state)
		holds |= HOLD_BIT(HOLD_STATE);
	return holds;
}

static enum hold first_of(unsigned holds)
{
	for (unsigned hold = HOLD_NONE + 1; hold < HOLDS; hold++)
		if (holds & HOLD_BIT(hold))
			return (enum hold)hold;
	return HOLD_NONE;
}

/* It needs healing now: an act, a hold, or nothing is left to try. Returns the state. */
static enum vm_state weigh(const struct vm_policy *policy, const struct vm_situation *s,
			   struct vm_memory *m, struct decision *d, enum vm_state state)
{
	bool bad = state == VM_WAITING || state == VM_HELD;
	bool spent = !vm_memory_in_episode(m) && !s->request.heal &&
		     vm_memory_episodes(m, s->now) >= DECIDE_EPISODES;

	d->wanted = spent ? ACT_NONE : ladder_next(policy, s->assessed.is, m->tried);
	d->holds = (s->holds | vim_holds(s, d->wanted) | own_holds(policy, s, d->wanted)) &
		   ~overruled(&s->request) & ~s->ignored_holds;
	if (d->wanted == ACT_NONE)
		d->holds &= ~(HOLD_BIT(HOLD_BUDGET) | HOLD_BIT(HOLD_STATE));
	d->hold = first_of(d->holds);
	if (d->hold != HOLD_NONE)
		return bad ? VM_HELD : state;
	if (d->wanted == ACT_NONE) {
		d->outcome = OUTCOME_FAILED;
		return VM_FAILED;
	}
	d->act = d->wanted;
	return bad ? VM_WAITING : state;
}

static int64_t wait_of(const struct vm_policy *policy)
{
	return policy->wait > DECIDE_LEAST_WAIT_MS ? policy->wait : DECIDE_LEAST_WAIT_MS;
}

static int64_t when_to_look(const struct vm_policy *policy, const struct vm_memory *m)
{
	if (m->state == VM_BOOTING || m->state == VM_RECOVERING)
		return m->booting_from + vm_boot_time(policy, m);
	if (m->state == VM_WAITING)
		return m->bad_since + wait_of(policy);
	return MANAGER_NEVER;
}

/* A request begins anew, whatever was tried. */
static void begin_anew(struct vm_memory *m)
{
	vm_memory_end_episode(m);
	for (size_t i = 0; i < DECIDE_EPISODES; i++)
		m->episodes[i] = MANAGER_NEVER;
}

struct decision vm_decide(const struct vm_policy *policy, const struct vm_situation *s,
			  struct vm_memory *m)
{
	struct decision d = {.from = m->state};

	if (m->state == VM_FAILED && s->request.heal)
		begin_anew(m);
	d.state = follow(policy, s, m, &d);
	bool bad = d.state == VM_WAITING || d.state == VM_HELD;
	if (!bad && d.state != VM_RECOVERING)
		m->bad_since = MANAGER_NEVER;
	else if (bad && m->bad_since == MANAGER_NEVER)
		m->bad_since = s->now;
	bool asked = s->request.heal && d.state != VM_RECOVERING && d.state != VM_UNWATCHED;
	if (asked || (bad && s->now - m->bad_since >= wait_of(policy)))
		d.state = weigh(policy, s, m, &d, d.state);
	else if (d.state == VM_HELD)
		d.state = VM_WAITING;
	else if (d.state == VM_PARTIAL)
		d.hold = HOLD_ANSWERS;
	else if (d.state == VM_UNKNOWN)
		d.hold = HOLD_UNPROVEN;
	if (d.state != m->state) {
		m->state = d.state;
		m->since = s->now;
	}
	m->hold = d.state == VM_HELD ? d.hold : HOLD_NONE;
	d.look_again = when_to_look(policy, m);
	return d;
}

const char *vm_state_name(enum vm_state state)
{
	static const char *const names[] = {
		[VM_UNWATCHED] = "unwatched",   [VM_BOOTING] = "booting",
		[VM_ALIVE] = "alive",           [VM_SUSPECT] = "suspect",
		[VM_PARTIAL] = "partial",       [VM_UNKNOWN] = "unknown",
		[VM_WAITING] = "waiting",       [VM_HELD] = "held",
		[VM_RECOVERING] = "recovering", [VM_FAILED] = "failed",
	};
	return names[state];
}

const char *hold_name(enum hold hold)
{
	static const char *const names[HOLDS] = {
		[HOLD_NONE] = "none",
		[HOLD_NOT_LEADER] = "not-leader",
		[HOLD_WATCH_ONLY] = "watch-only",
		[HOLD_SETTLING] = "settling",
		[HOLD_MANUAL] = "manual",
		[HOLD_OPERATOR] = "operator",
		[HOLD_BUSY] = "busy",
		[HOLD_LOCKED] = "locked",
		[HOLD_TASK] = "task",
		[HOLD_WANTED] = "wanted",
		[HOLD_HOST] = "host",
		[HOLD_VIM] = "vim",
		[HOLD_UNPROVEN] = "unproven",
		[HOLD_ANSWERS] = "answers",
		[HOLD_MANY] = "many",
		[HOLD_PARTNER] = "partner",
		[HOLD_STATE] = "state",
		[HOLD_BUDGET] = "budget",
	};
	return names[hold];
}
