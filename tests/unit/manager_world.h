/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated cloud for the manager's tests: VMs on hosts and networks, what breaks in it, what its
 * manager can observe, and which of the manager's acts do harm. Steps of 3 s.
 */
#pragma once

#include "manager/fleet.h"

enum {
	WORLD_STEP = 3,  /* s */
	WORLD_BOOT = 60, /* s: how long a boot really takes */
	WORLD_CONTROLS = 4,
	WORLD_NETWORKS = 10,
	WORLD_VMS_A_HOST = 20,
	WORLD_SPECIAL =
		5, /* this VM is alone on its host and on its network, if the world says so */
};

enum harm {
	HARM_RAN,     /* it worked */
	HARM_BOOTING, /* it was coming up */
	HARM_STOPPED, /* a person had stopped or paused it */
	HARM_TASK,    /* it was migrating, or somebody else changed it */
	HARM_HOST,    /* its host was down */
	HARM_LOCKED,
	HARM_FORBIDDEN, /* by the operator: hold, MANUAL, watch only, another manager leads */
	HARM_PAIR,      /* its partner was being healed */
	HARM_STATE,     /* its data was deleted */
	HARM_STORM,     /* too many at once */
	HARMS,
};

struct world_vm {
	unsigned host, network;
	bool dead, off, stopped, paused, migrating, port_dead, hidden, locked;
	int crash_after; /* s after each boot; 0: never */
	int64_t booting; /* until then, s */
	int64_t queued;  /* the cloud begins the act then, s */
	int64_t broke;   /* when it broke, s; -1: it did not */
};

struct world {
	unsigned n;
	int64_t t; /* s */
	struct world_vm *vms;
	bool uplink, api, frozen, forbidden, stale;
	int64_t clock_off; /* s: what the manager's clock is ahead */
	unsigned n_hosts;
	bool network_up[WORLD_NETWORKS + 1];
	int64_t host_down[64];                                 /* since, s; -1: it is up */
	bool control_lies[WORLD_NETWORKS + 1][WORLD_CONTROLS]; /* says the opposite */
	int act_delay, report_delay;                           /* s */
	bool busy;
	bool special;

	/* What came of it. */
	unsigned acts, harmful, harms[HARMS], down, healed;
	int64_t latest; /* s from a VM's breaking to the act that healed it */
	unsigned most_at_once;
};

struct world_script {
	const char *name;
	int64_t until; /* s */
	void (*step)(struct world *w);
	unsigned n; /* VMs */
	bool special;
	/* What is expected of the manager. */
	unsigned acts;  /* exactly */
	unsigned down;  /* left at the end */
	int64_t latest; /* s, at most */
	void (*set_up)(struct fleet *f);
	struct vm_policy policy; /* if .watched */
	enum hold hold;          /* whose removal this world must show, or HOLD_NONE */
};

bool world_vm_runs(const struct world *w, const struct world_vm *v);
void world_kill(struct world *w, unsigned vm); /* hangs */
void world_off(struct world *w, unsigned vm);

/* Runs the script under the manager, or under the plain rule that only knows ICMP. */
void world_run_manager(struct world *w, const struct world_script *script, unsigned ignored_holds);
void world_run_icmp(struct world *w, const struct world_script *script);
void world_clear(struct world *w);
