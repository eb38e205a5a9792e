/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the observation says of one VM. Pure. The first row that fits:
 *
 * | echo             | DNS, status       | way proven    | VIM                     | is      |
 * |------------------|-------------------|---------------|-------------------------|---------|
 * | answers          | any               | any           | any                     | ALIVE   |
 * | silent           | one answers       | any           | any                     | PARTIAL |
 * | misses, too few  | one answers       | any           | any                     | SUSPECT |
 * | answers, too few | any               | any           | any                     | SUSPECT |
 * | no answer        | no answer         | any           | absent twice, 30 s      | GONE    |
 * | no answer        | no answer         | any           | ERROR, never on a host  | UNBORN  |
 * | no answer        | no answer         | any           | STOPPED, off, crashed   | OFF     |
 * | silent           | silent, not asked | all the while | any                     | SILENT  |
 * | misses, too few  | no answer         | any           | any                     | SUSPECT |
 * | otherwise        |                   |               |                         | UNKNOWN |
 *
 * A VM whose echo is not asked (no way to it from here) is ALIVE if a service answers, and never
 * SILENT.
 *
 * OFF, UNBORN and GONE are testimony: the VIM itself says so. They need a report younger than
 * ASSESS_REPORT_MS, newer than the last answer, and newer than `not_before` (what was reported
 * before an act says nothing of its effect). SILENT is only the absence of answers: it may as well
 * be the fault of something that many VMs share (fleet.h, breaker).
 *
 * Silence counts from the latest of: the first miss, the proof of the way, and the moment from
 * which the manager itself is sound. It is SILENT after n_false misses that span n_false - 1
 * periods of the KPI, however often it is asked.
 */
#pragma once

#include "manager/observation.h"

enum {
	ASSESS_REPORT_MS = 60000,  /* an older report of the VIM is none */
	ASSESS_ABSENT_MS = 30000,  /* between two such reports */
	ASSESS_SERVICE_MISSES = 3, /* of DNS; of status one is enough */
	ASSESS_QUIET_MISSES = 3,
};

enum assessment {
	ASSESS_UNKNOWN, /* not asked, or the way to it is not proven, or the manager is not sound */
	ASSESS_ALIVE,
	ASSESS_SUSPECT,
	ASSESS_PARTIAL,
	ASSESS_SILENT,
	ASSESS_OFF,
	ASSESS_UNBORN,
	ASSESS_GONE,
};

/* The KPI VM_ALIVE of the descriptor. */
struct alive_kpi {
	int64_t period;   /* ms: poll_frequency */
	unsigned n_true;  /* metric_occurrences_true, at least 1: answers that make it ALIVE */
	unsigned n_false; /* metric_occurrences_false, at least 1: misses that make it SILENT */
};

/* Around the VM, from fleet.h. */
struct assess_context {
	int64_t now;
	int64_t sound_since; /* the manager's loop has kept time since; MANAGER_NEVER: it has not */
	int64_t proven_since; /* controls_proven_since() of its management network */
	int64_t not_before;   /* reports of the VIM before this are ignored; MANAGER_NEVER: none */
	bool way_assumed, service_ignored; /* false; for the mutation tests only */
};

struct assessed {
	enum assessment is;
	bool asked; /* echo or DNS are asked at all */
	bool quiet; /* counts for the breaker: nothing answers, and the way is proven now */
	int64_t silent_since; /* from when its silence counts; MANAGER_NEVER: it does not */
};

struct assessed assess(const struct observation *o, const struct alive_kpi *kpi,
		       const struct assess_context *context);

/*
 * Whether DNS has been silent for as long as the KPI gives the VM, after it had answered, of a VM
 * that has been ALIVE since then: with echo, it is ALIVE all the same.
 */
bool assess_service_silent(const struct observation *o, const struct alive_kpi *kpi,
			   int64_t alive_since, int64_t now);

/* OFF, UNBORN, GONE. */
bool assessment_is_testimony(enum assessment is);

const char *assessment_name(enum assessment is); /* "alive" ... */
