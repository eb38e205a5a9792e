/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tick of the manager over all its VMs: what is to be done now. Pure: the caller probes, calls
 * fleet_tick() once a second, looks again at what was proposed, claims, stores, and acts.
 *
 *   fleet_tick()     proposes acts
 *   (caller)         GET of the server, a burst of echo and DNS: newer results into the observation
 *   fleet_claim()    decides again, by those; true: it is in the memory
 *   (caller)         stores the memory, writes the claim at the server, announces, starts the job
 *
 * The result of an act is what is observed, not what the job returned.
 *
 * Domains are what VMs share. A domain with a breaker is tripped when at least
 * max(3, 20 % of its watched VMs), or all of two or more, are quiet with a proven way to them: then
 * no act is made on silence in it. Of a compute host it is 50 %: it carries few VMs, and a fault of
 * the host takes all. It is mended when at most half of that are quiet for 120 s, or by
 * fleet_release(). FAILED VMs do not count, so that what could not be healed does not hold the
 * rest. Testimony is never held by a breaker, only paced.
 */
#pragma once

#include "manager/decide.h"

enum domain_kind {
	DOMAIN_VANTAGE, /* all that is reached through one interface of the manager */
	DOMAIN_CLOUD,   /* its controls: the VIM's API, one */
	DOMAIN_NETWORK, /* management network; its controls prove the way to it */
	DOMAIN_HOST,    /* compute host */
	DOMAIN_ZONE,
	DOMAIN_IMAGE,
	DOMAIN_DEPLOYMENT, /* no breaker: one act at a time */
	DOMAIN_SET,        /* no breaker: VMs that are redundant to each other; one act at a time */
	DOMAIN_KINDS,
};

#define DOMAIN_NONE UINT32_MAX

struct domain {
	enum domain_kind kind;
	const char *name;         /* for people; borrowed */
	struct answers *controls; /* of a network or cloud; the caller's */
	size_t n_controls;
	bool vm_controls; /* the caller's: the control is a VM of the network */
	bool held;        /* by `dnsvnf hold` */
	bool busy;        /* of a deployment: a job, or another dnsvnf, works on it */

	/* Set by fleet_tick(); a tripped breaker does not survive the process: it trips again. */
	bool tripped, released;
	int64_t tripped_at, below_since;
	int64_t proven_since;        /* of a network */
	unsigned n_watched, n_quiet; /* now */
	unsigned n_answering;        /* of a network: VMs that answer echo */
	unsigned n_acting;           /* proposed or RECOVERING */
	unsigned n_acting_silent;    /* of those: on silence */
};

struct fleet_vm {
	const struct vm_policy *policy; /* the caller's */
	struct observation seen;        /* written by the caller */
	struct vm_memory memory;        /* stored by the caller when `changed` */
	struct vm_request request;      /* written by the caller */
	uint32_t domains[DOMAIN_KINDS]; /* index into fleet.domains, or DOMAIN_NONE */
	bool held;                      /* by `dnsvnf hold` on the VM itself */
	bool partner_has_state;         /* a partner serves and has its leases, keys */

	/* Set by fleet_tick() and fleet_claim(). */
	struct assessed assessed;
	struct decision decision;
	bool changed;      /* memory's state or hold, in the last tick */
	enum act proposed; /* not claimed yet, or ACT_NONE */
	int64_t proposed_at;
};

/* From the configuration. All in ms but the counts. */
struct fleet_limits {
	int64_t tick;             /* 1000: a tick that comes more than 5 s late is a gap */
	int64_t settle;           /* 60000 */
	int64_t pace;             /* 10000: from one act on silence to the next */
	unsigned silent_at_once;  /* 5 */
	unsigned silent_per_host; /* 2 */
	unsigned testimony_least,
		testimony_most;        /* 5, 50: at once; one more for each that came back */
	unsigned breaker_percent;      /* 20 */
	unsigned breaker_host_percent; /* 50 */
	unsigned breaker_least;        /* 3 */
	int64_t mended;                /* 120000 */
	int64_t api_back;              /* 120000: after an outage of the VIM's API */
};

void fleet_limits_default(struct fleet_limits *limits);

struct fleet {
	struct fleet_limits limits;
	struct fleet_vm *vms; /* the caller's; in the order in which they are healed */
	size_t n_vms;
	struct domain *domains; /* the caller's */
	size_t n_domains;
	bool leads;             /* false: another manager does, or it is not known */
	bool watch_only;        /* heal = watch */
	bool sound;             /* the probes kept time, and none of their answers were dropped */
	unsigned ignored_holds; /* 0; for the mutation tests only */

	/* The manager's own state; fleet_init(). */
	int64_t last_tick, sound_since, settled_at, last_silent_act;
	unsigned width;                 /* of testimony, at once */
	unsigned n_silent, n_testimony; /* acts under way */
};

/* Settles from now on; vms and domains are set by the caller and may change between ticks. */
void fleet_init(struct fleet *f, const struct fleet_limits *limits, int64_t now);

/* Settles again: the lead was taken, or what was observed is to be distrusted. */
void fleet_settle(struct fleet *f, int64_t now);

/*
 * Assesses and decides for all. Proposals are in vms[].proposed and, as indices, in ret_proposed,
 * which has room for n_vms; returns how many. A proposal that is not claimed within DECIDE_LOOK_MS
 * is void, and may be made again. Time that runs back or jumps is a gap in what was observed:
 * memories are shifted, everything settles, and no act is made.
 */
size_t fleet_tick(struct fleet *f, int64_t now, uint32_t *ret_proposed);

/*
 * Whether the proposed act may be carried out. The observation must have been renewed since the
 * proposal: the VIM's report and, where they are asked, echo and DNS. True: the act is claimed, in
 * memory; decision.act says which. False: the proposal is void.
 */
bool fleet_claim(struct fleet *f, uint32_t vm, int64_t now);

/* Nothing holds silence in the domain until it is mended and breaks again. */
void fleet_release(struct fleet *f, uint32_t domain);

const char *domain_kind_name(enum domain_kind kind); /* "network" ... */
