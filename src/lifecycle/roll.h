/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing the VMs of a service without an outage: which VM is next. Pure: the caller observes,
 * asks, carries the answer out, and asks again with what it sees then.
 *
 *	- One VM at a time, in the whole deployment.
 *	- A VM that serves is changed only while every other of its set serves. VMs of one set stand
 *	  in for each other.
 *	- VMs that do not serve come first: changing them costs nothing.
 *	- After the first failure nothing is begun.
 *
 * Whether a VM serves may be unknown, where it cannot be asked: then the VIM's word that it runs is
 * all there is, and nothing waits for more.
 */
#pragma once

#include <stddef.h>

#include "base/tristate.h"

enum roll_state {
	ROLL_KEEP,     /* is not to be changed */
	ROLL_PENDING,  /* is to be changed */
	ROLL_CHANGING, /* its change is under way, or its way back */
	ROLL_CHANGED,
	ROLL_FAILED, /* its change failed, whatever became of it then */
};

struct roll_vm {
	size_t set;
	enum roll_state state;
	enum tristate serves;
};

enum roll_verdict {
	ROLL_START, /* change `vm` now */
	ROLL_WAIT,  /* for `vm`: its change is under way, or it does not serve yet */
	ROLL_HOLD,  /* `vm` must not be changed while `peer`, of its set, does not serve */
	ROLL_STOP,  /* `vm` failed */
	ROLL_DONE,
};

struct roll {
	enum roll_verdict verdict;
	size_t vm, peer; /* numbers in the array */
};

/* A total order: the same VMs give the same answer. */
struct roll roll_next(const struct roll_vm *vms, size_t n);
