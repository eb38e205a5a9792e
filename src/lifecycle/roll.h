/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selects the next VM to change, without an outage of the service. Pure: the caller observes,
 * calls, carries out the result, and repeats.
 *
 * - One VM at a time, in the whole deployment.
 * - A VM that serves is changed only while every other of its set serves. VMs of one set are
 *   redundant to each other.
 * - VMs that do not serve come first: changing them costs nothing.
 * - After the first failure no further change is started.
 *
 * Whether a VM serves is unknown if it is not reachable: then the VIM's state decides, and nothing
 * waits for more.
 */
#pragma once

#include <stddef.h>

#include "base/tristate.h"

enum roll_state {
	ROLL_KEEP,     /* not to be changed */
	ROLL_PENDING,  /* to be changed */
	ROLL_CHANGING, /* its change or rollback is in progress */
	ROLL_CHANGED,
	ROLL_FAILED, /* its change failed, even if it was reverted */
};

struct roll_vm {
	size_t set;
	enum roll_state state;
	enum tristate serves;
};

enum roll_verdict {
	ROLL_START, /* change `vm` now */
	ROLL_WAIT,  /* for `vm`: its change is in progress, or it does not serve yet */
	ROLL_HOLD,  /* `vm` must not be changed while `peer`, of its set, does not serve */
	ROLL_STOP,  /* `vm` failed */
	ROLL_DONE,
};

struct roll {
	enum roll_verdict verdict;
	size_t vm, peer; /* numbers in the array */
};

/* Deterministic: the same VMs give the same answer. */
struct roll roll_next(const struct roll_vm *vms, size_t n);
