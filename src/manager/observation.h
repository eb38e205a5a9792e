/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a VM at one moment: the input of assess.h. Every field can be unknown. Plain
 * data; the caller that probes writes it.
 *
 * All times of src/manager/'s pure part are milliseconds of one clock that never stops and that
 * is never set (CLOCK_BOOTTIME), given by the caller; they may be negative (what was stored before
 * a boot). MANAGER_NEVER: did not happen, or not known. A time that is later than the caller's
 * "now" counts as not known.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tristate.h"

#define MANAGER_NEVER INT64_MIN

/* How one address answers one kind of probe: a VM's echo, its DNS, a control, the VIM's API. */
struct answers {
	int64_t period;     /* ms from one probe to the next */
	int64_t asked;      /* when the last probe whose result is known was sent */
	int64_t answered;   /* when the last one that was answered was sent */
	int64_t first_miss; /* when the first of the present row of misses was sent */
	int64_t up_since;   /* start of the present row of answers; a single miss does not end it */
	int64_t lost;       /* when a row of answers last ended: when its first miss was sent */
	unsigned hits;      /* answers in a row, up to the last probe */
	unsigned misses;    /* in a row, up to the last probe */
};

/* Nothing was asked yet. */
void answers_init(struct answers *a, int64_t period);

/*
 * Notes the result of the probe that was sent at that time. In the order of sending; a miss is
 * noted when its time to answer is over. Where several addresses are asked in one round (DNS), the
 * round is one probe, answered if one of them answered.
 */
void answers_note(struct answers *a, int64_t sent, bool answered);

/*
 * Whether it answers: YES: the last probe was answered. NO: the last `misses_needed` were not.
 * UNKNOWN: never asked, too few misses, or the last result is older than three periods and 5 s.
 */
enum tristate answers_state(const struct answers *a, unsigned misses_needed, int64_t now);

enum presence {
	PRESENCE_UNKNOWN,
	PRESENCE_LISTED, /* the VIM shows the server */
	PRESENCE_ABSENT, /* asked by its id, the VIM says that there is none (404) */
};

/* Of Nova's vm_state and status what matters here. */
enum server_state {
	SERVER_UNKNOWN, /* not shown; a cell that is down */
	SERVER_ACTIVE,
	SERVER_BUILDING,
	SERVER_STOPPED, /* SHUTOFF: asked for, or found off by Nova's power sync */
	SERVER_PARKED,  /* PAUSED, SUSPENDED, SHELVED, RESCUE, RESIZE: a person asked for it */
	SERVER_ERROR,
};

/* What the hypervisor says of the guest. */
enum server_power {
	POWER_UNKNOWN, /* also Nova's NOSTATE */
	POWER_RUNNING,
	POWER_OFF,
	POWER_CRASHED,
	POWER_PAUSED,
};

/* Nova's host_status (2.16); only for administrators by default. */
enum host_state {
	HOST_UNKNOWN, /* not shown to us */
	HOST_UP,
	HOST_SILENT,      /* UNKNOWN: nova-compute does not report */
	HOST_FENCED,      /* DOWN: forced_down */
	HOST_MAINTENANCE, /* disabled */
};

/* What the VIM says of the server. */
struct vim_report {
	int64_t at; /* when it was said; a listing without the server does not renew it */
	enum presence presence;
	/* The first and the last of the present row of 404s. */
	int64_t absent_since, absent_at;
	enum server_state state;
	enum server_power power;
	enum host_state host;       /* of an absent server: as it is now, where it last was */
	enum tristate ever_on_host; /* of one in ERROR: a host was ever chosen */
	enum tristate task;         /* Nova's task_state is set: something is being done to it */
	enum tristate locked;
	enum tristate stopped_by_user; /* of one that is off: a person or program asked for it */
};

struct observation {
	struct answers echo;   /* of the management address: the KPI VM_ALIVE */
	struct answers dns;    /* of the service addresses; never asked: no way to them from here */
	struct answers status; /* bondd's; never asked: the guest has none */
	struct vim_report vim;
};

/* Nothing is known. echo_period: ms; DNS and status periods are the caller's to set. */
void observation_init(struct observation *o, int64_t echo_period);

/*
 * Since when the way to a network is proven by its controls (gateway, DHCP ports, VMs of other
 * deployments), or MANAGER_NEVER: not now. More than half of them must answer. A control that never
 * answered is none. One that has been silent for 10 minutes is none while VMs of the network answer
 * (network_answers): then the control is broken, not the way.
 */
int64_t controls_proven_since(const struct answers *controls, size_t n, bool network_answers,
			      int64_t now);
