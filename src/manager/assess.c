// SPDX-License-Identifier: Apache-2.0
#include "manager/assess.h"

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b; /* MANAGER_NEVER is the earliest */
}

/* When anything last answered. */
static int64_t last_answer(const struct observation *o)
{
	return later(o->echo.answered, later(o->dns.answered, o->status.answered));
}

static bool report_counts(const struct observation *o, int64_t at, const struct assess_context *c)
{
	return at != MANAGER_NEVER && at <= c->now && c->now - at <= ASSESS_REPORT_MS &&
	       at >= c->not_before && at > last_answer(o);
}

/* What the VIM itself says, or ASSESS_UNKNOWN. */
static enum assessment testimony(const struct observation *o, const struct assess_context *c)
{
	const struct vim_report *r = &o->vim;

	if (r->presence == PRESENCE_ABSENT)
		return r->absent_since != MANAGER_NEVER &&
				       r->absent_at - r->absent_since >= ASSESS_ABSENT_MS &&
				       report_counts(o, r->absent_at, c)
			       ? ASSESS_GONE
			       : ASSESS_UNKNOWN;
	if (r->presence != PRESENCE_LISTED || !report_counts(o, r->at, c))
		return ASSESS_UNKNOWN;
	if (r->state == SERVER_ERROR && r->ever_on_host == TRI_NO)
		return ASSESS_UNBORN;
	if (r->state == SERVER_STOPPED)
		return ASSESS_OFF;
	if ((r->state == SERVER_ACTIVE || r->state == SERVER_ERROR) &&
	    (r->power == POWER_OFF || r->power == POWER_CRASHED))
		return ASSESS_OFF;
	return ASSESS_UNKNOWN;
}

/* DNS and bondd's status together: YES: one answers; NO: those that are asked do not. */
struct service {
	enum tristate answers;
	bool few; /* UNKNOWN because the misses are still too few */
};

static struct service service_of(const struct observation *o, const struct assess_context *c)
{
	const struct answers *asked[] = {&o->dns, &o->status};
	const unsigned needed[] = {ASSESS_SERVICE_MISSES, 1};
	struct service service = {.answers = TRI_NO};

	if (c->service_ignored)
		return service;
	for (size_t i = 0; i < 2; i++) {
		if (asked[i]->asked == MANAGER_NEVER)
			continue;
		enum tristate answers = answers_state(asked[i], needed[i], c->now);
		if (answers == TRI_YES)
			return (struct service){.answers = TRI_YES};
		if (answers == TRI_UNKNOWN) {
			service.answers = TRI_UNKNOWN;
			service.few = answers_state(asked[i], 1, c->now) == TRI_NO;
		}
	}
	return service;
}

/* From when silence counts, or MANAGER_NEVER. */
static int64_t silence_start(const struct observation *o, const struct assess_context *c)
{
	int64_t proven = c->way_assumed ? o->echo.first_miss : c->proven_since;

	if (o->echo.first_miss == MANAGER_NEVER || proven == MANAGER_NEVER ||
	    c->sound_since == MANAGER_NEVER)
		return MANAGER_NEVER;
	return later(o->echo.first_miss, later(proven, c->sound_since));
}

/* Nothing answers, and the VIM does not say why. */
static enum assessment silence(const struct observation *o, const struct alive_kpi *kpi,
			       const struct assess_context *c, struct service service,
			       int64_t since)
{
	if (answers_state(&o->echo, 1, c->now) == TRI_UNKNOWN)
		return ASSESS_UNKNOWN; /* not asked */
	if (answers_state(&o->echo, kpi->n_false, c->now) != TRI_NO)
		return ASSESS_SUSPECT;
	if (since == MANAGER_NEVER)
		return ASSESS_UNKNOWN;
	if (service.answers == TRI_UNKNOWN)
		return service.few ? ASSESS_SUSPECT : ASSESS_UNKNOWN;
	return c->now - since >= (kpi->n_false - 1) * kpi->period ? ASSESS_SILENT : ASSESS_SUSPECT;
}

struct assessed assess(const struct observation *o, const struct alive_kpi *kpi,
		       const struct assess_context *c)
{
	struct assessed ret = {.silent_since = MANAGER_NEVER,
			       .asked = o->echo.asked != MANAGER_NEVER ||
					o->dns.asked != MANAGER_NEVER};
	enum tristate echo = answers_state(&o->echo, kpi->n_false, c->now);
	struct service service = service_of(o, c);

	if (echo == TRI_YES) {
		ret.is = o->echo.hits >= kpi->n_true ? ASSESS_ALIVE : ASSESS_SUSPECT;
		return ret;
	}
	if (service.answers == TRI_YES && o->echo.asked == MANAGER_NEVER) {
		ret.is = ASSESS_ALIVE;
		return ret;
	}
	if (service.answers == TRI_YES) {
		bool few = echo == TRI_UNKNOWN && answers_state(&o->echo, 1, c->now) == TRI_NO;
		ret.is = few ? ASSESS_SUSPECT : ASSESS_PARTIAL;
		return ret;
	}
	ret.is = testimony(o, c);
	if (ret.is != ASSESS_UNKNOWN)
		return ret;
	ret.silent_since = silence_start(o, c);
	ret.is = silence(o, kpi, c, service, ret.silent_since);
	ret.quiet = ret.is == ASSESS_SILENT ||
		    (ret.is == ASSESS_SUSPECT && ret.silent_since != MANAGER_NEVER &&
		     o->echo.misses >= ASSESS_QUIET_MISSES);
	return ret;
}

bool assess_service_silent(const struct observation *o, const struct alive_kpi *kpi,
			   int64_t alive_since, int64_t now)
{
	return answers_state(&o->dns, ASSESS_SERVICE_MISSES, now) == TRI_NO &&
	       now - later(o->dns.first_miss, alive_since) >= kpi->n_false * kpi->period;
}

bool assessment_is_testimony(enum assessment is)
{
	return is == ASSESS_OFF || is == ASSESS_UNBORN || is == ASSESS_GONE;
}

const char *assessment_name(enum assessment is)
{
	static const char *const names[] = {
		[ASSESS_UNKNOWN] = "unknown", [ASSESS_ALIVE] = "alive",
		[ASSESS_SUSPECT] = "suspect", [ASSESS_PARTIAL] = "partial",
		[ASSESS_SILENT] = "silent",   [ASSESS_OFF] = "off",
		[ASSESS_UNBORN] = "unborn",   [ASSESS_GONE] = "gone",
	};
	return names[is];
}
