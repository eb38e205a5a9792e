/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States of a VM, and what is to be done about it. Pure: no clock, no I/O, no allocation.
 *
 * Its first task is to say no: the holds, of which the first in the order of enum hold is reported.
 */
#pragma once

#include "manager/assess.h"
#include "model/model.h"

enum vm_state {
	VM_UNWATCHED, /* bootup_time -1, no KPI, or the monitor was disabled */
	VM_BOOTING,   /* after a deploy, start or reboot: it has bootup_time (reboot_time) */
	VM_ALIVE,
	VM_SUSPECT,    /* misses, or answers, fewer than the KPI asks for */
	VM_PARTIAL,    /* answers DNS or bondd's status, not echo on its management address */
	VM_UNKNOWN,    /* the way to it is not proven: all counters begin anew */
	VM_WAITING,    /* needs healing; recovery_wait_time runs */
	VM_HELD,       /* needs healing and may not be healed: enum hold says why */
	VM_RECOVERING, /* an act was claimed */
	VM_FAILED, /* the ladder is used up, or too many episodes in 24 h. Left only by answering,
		    * or by a request */
};

enum act {
	ACT_NONE,
	ACT_START,
	ACT_REBOOT,   /* hard */
	ACT_REDEPLOY, /* a new server; ports, addresses and volumes stay */
	ACTS,
};

/* In the order in which they are reported. */
enum hold {
	HOLD_NONE,
	HOLD_NOT_LEADER,
	HOLD_WATCH_ONLY, /* the configuration says heal = watch */
	HOLD_SETTLING,   /* the manager has just started, taken the lead, or was not sound */
	HOLD_MANUAL,     /* recovery_type MANUAL */
	HOLD_OPERATOR,   /* `dnsvnf hold` on the VM or on one of its domains */
	HOLD_BUSY,       /* a job, or another dnsvnf, works on the deployment */
	HOLD_LOCKED,     /* the VIM says that it is locked */
	HOLD_TASK,       /* the VIM works on it, or does not say whether it does */
	HOLD_WANTED,   /* paused, shelved ..., or stopped by a person, or it is not known by whom */
	HOLD_HOST,     /* its compute host is not up; for a redeploy: not known to be up */
	HOLD_VIM,      /* the VIM's report is old, or its API has just come back */
	HOLD_UNPROVEN, /* the way to it is not proven: any act on silence, and any redeploy */
	HOLD_ANSWERS,  /* it answers something */
	HOLD_MANY,     /* the breaker of a domain: only for silence, never for testimony */
	HOLD_PARTNER,  /* another of its set is being healed */
	HOLD_STATE,    /* a redeploy would lose leases or keys that no partner has */
	HOLD_BUDGET,   /* as many acts as allowed are under way, or the last one was just now */
	HOLDS,
};

#define HOLD_BIT(hold) (1u << (hold))

enum {
	DECIDE_EPISODES = 3, /* in DECIDE_EPISODE_MS; instead of the next one: FAILED */
	DECIDE_EPISODE_MS = 24 * 3600 * 1000,
	DECIDE_LEAST_WAIT_MS = 10000, /* before an act, whatever recovery_wait_time says: those that
				       * share a fault must have the time to be seen */
	DECIDE_LEAST_BOOT_MS = 60000, /* after the first act; twice that after each further one */
	DECIDE_LONGEST_ACT_MS = 30 * 60 * 1000, /* then it is over, though the VIM works on it */
	DECIDE_LOOK_MS = 10000,                 /* to look again before an act (fleet_claim) */
};

/* From the descriptor and the configuration. */
struct vm_policy {
	bool watched; /* has the KPI, and its monitor is enabled */
	struct alive_kpi kpi;
	int64_t bootup, reboot, wait; /* ms: bootup_time, reboot_time, recovery_wait_time */
	enum action_on_recovery action;
	bool manual;          /* recovery_type MANUAL */
	unsigned max_retries; /* of REBOOT and of REDEPLOY, each; 3 */
	bool has_state;       /* leases, keys: lost by a redeploy */
};

/*
 * Of the group and its KPI VM_ALIVE; max_retries 3, no state. Without that KPI, or with bootup_time
 * 0 or -1, it is not watched. Manual, too, if no rule has the action "recover".
 */
struct vm_policy vm_policy_of(const struct vm_group *group);

/*
 * What must survive the process: plain numbers, to be stored after each change. The ids of server
 * and episode are the caller's, beside it. Times are of the clock of observation.h: after a boot of
 * the manager's machine, and whenever that clock is another, vm_memory_shift().
 */
struct vm_memory {
	enum vm_state state;
	enum hold hold;       /* of VM_HELD */
	int64_t since;        /* of the state */
	int64_t bad_since;    /* since when it has needed healing; MANAGER_NEVER: it does not */
	int64_t booting_from; /* BOOTING, RECOVERING: its time to boot runs from here */
	bool rebooted;        /* BOOTING: after a reboot, so it has reboot_time */
	/* Of the episode, which ends when it is ALIVE: */
	enum act act;                      /* the last that was claimed */
	int64_t claimed;                   /* when */
	bool testimony;                    /* it was claimed on the VIM's word */
	unsigned tried[ACTS];              /* how often each was claimed */
	int64_t episodes[DECIDE_EPISODES]; /* starts of the last ones, in any order */
};

/* Of a VM of which nothing is remembered. */
void vm_memory_init(struct vm_memory *m, int64_t now);

/* After a deploy, a start or a reboot that was not an act of ours: it boots. Ends an episode. */
void vm_memory_boot(struct vm_memory *m, bool rebooted, int64_t now);

/* Adds ms to all times. */
void vm_memory_shift(struct vm_memory *m, int64_t ms);

/* Whether an act was claimed and the VM has not been ALIVE since. */
bool vm_memory_in_episode(const struct vm_memory *m);

void vm_memory_end_episode(struct vm_memory *m);

/* Acts of this episode; episodes that began in the last 24 h. */
unsigned vm_memory_tried(const struct vm_memory *m);
unsigned vm_memory_episodes(const struct vm_memory *m, int64_t now);

/* By a person, for one act: `dnsvnf heal`, recoveryVmAction. fleet_claim() takes it away. */
struct vm_request {
	bool heal;          /* now, even if FAILED, MANUAL, watch-only, or a breaker is tripped */
	bool force;         /* even if it answers, or the way is not proven */
	bool discard_state; /* a redeploy may lose its state */
	int64_t at;         /* when it was made; the caller's */
};

/* The rest of what decide() needs; fleet.h fills it. */
struct vm_situation {
	int64_t now;
	struct assessed assessed;
	const struct vim_report *vim;
	struct vm_request request;
	bool partner_acting; /* an act on another of its set is under way */
	bool partner_has_state;
	bool way_proven;
	bool vim_fresh;    /* its API did not just come back */
	unsigned holds;    /* HOLD_BIT()s of those that do not depend on this VM's own state */
	bool silence_held; /* a breaker of a domain of it is tripped */
	bool silence_budget, testimony_budget; /* there is none left now */
	unsigned ignored_holds;                /* 0; for the mutation tests only */
};

enum outcome {
	OUTCOME_NONE,
	OUTCOME_RECOVERED, /* ALIVE after at least one act */
	OUTCOME_FAILED,    /* it became FAILED */
};

struct decision {
	enum vm_state from, state; /* before and after */
	enum hold hold;            /* the first of holds, or HOLD_NONE */
	unsigned holds;  /* HOLD_BIT()s of all that hold it; only WATCH_ONLY: it would act */
	enum act act;    /* to be done now */
	enum act wanted; /* what would be done if nothing held it */
	enum outcome outcome;
	int64_t look_again; /* when time alone may change it; MANAGER_NEVER: it cannot */
};

/* Updates the memory. An act is only proposed: nothing is remembered of it before vm_claim(). */
struct decision vm_decide(const struct vm_policy *policy, const struct vm_situation *situation,
			  struct vm_memory *m);

/* The act will be carried out: counts it, begins an episode with the first. */
void vm_claim(struct vm_memory *m, enum act act, bool testimony, int64_t now);

/*
 * The next rung, or ACT_NONE: there is none left.
 *
 * |             | REBOOT_ONLY     | REDEPLOY_ONLY       | REBOOT_THEN_REDEPLOY               |
 * | OFF         | START, REBOOT*  | START, REDEPLOY*    | START, REBOOT, REDEPLOY*           |
 * | SILENT      | REBOOT*         | REDEPLOY*           | REBOOT, REDEPLOY*                  |
 * | UNBORN,GONE | none            | REDEPLOY*           | REDEPLOY*                          |
 *
 * (*: max_retries times.) START once in an episode: a guest that is off has nothing to reboot.
 */
enum act ladder_next(const struct vm_policy *policy, enum assessment is,
		     const unsigned tried[ACTS]);

/* How long a VM may take to be ALIVE after its last act, ms. */
int64_t vm_boot_time(const struct vm_policy *policy, const struct vm_memory *m);

const char *vm_state_name(enum vm_state state); /* "recovering" ... */
const char *act_name(enum act act);             /* "reboot" ... */
const char *hold_name(enum hold hold);          /* "settling" ... */
