/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context of a long operation: a listener for its events (terminal, JSON lines) and a flag that
 * interrupts it.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum event_status {
	EVENT_STARTED,  /* work on object begins */
	EVENT_PROGRESS, /* done of total */
	EVENT_SUCCESS,
	EVENT_FAILURE,
	EVENT_NOTE, /* a message that belongs to no step */
};

struct event {
	/*
	 * ESC's event name if there is one (CREATE_NETWORK, VM_DEPLOYED, VM_ALIVE, SERVICE_ALIVE,
	 * VM_UNDEPLOYED ...), else a name in the same style.
	 */
	const char *type;
	enum event_status status;
	const char *tenant;     /* or NULL */
	const char *deployment; /* or NULL */
	const char *vm_group;   /* or NULL */
	const char *object;     /* name of the object, or NULL */
	const char *details;    /* one sentence, or NULL */
	uint64_t done, total;   /* EVENT_PROGRESS; total 0: unknown */
	const char *unit;       /* "B" for bytes, "s" for seconds of a limit, "queries" ... */
};

struct run_ctx {
	void (*report)(void *data, const struct event *event); /* NULL: no listener */
	void *data;
	/*
	 * Set by a signal handler (Ctrl-C and similar): waiting functions return -EINTR and name
	 * what they leave behind. NULL: cannot be interrupted.
	 */
	const volatile sig_atomic_t *interrupted;
};

/* In all of these run may be NULL: no listener, no interrupt. */
bool run_interrupted(const struct run_ctx *run);

void event_report(const struct run_ctx *run, const struct event *event);

/* An EVENT_NOTE of that type. */
void event_note(const struct run_ctx *run, const char *type, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

const char *event_status_name(
	enum event_status status); /* "STARTED", "SUCCESS" ... as ESC spells them */
