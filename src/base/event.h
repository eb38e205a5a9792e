/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a long operation reports while it runs. Whoever works calls event_report; whoever listens
 * (terminal, JSON lines, later a daemon) put its function into struct events.
 */
#pragma once

#include <stdint.h>

enum event_status {
	EVENT_STARTED,  /* work on object begins */
	EVENT_PROGRESS, /* done of total */
	EVENT_SUCCESS,
	EVENT_FAILURE,
	EVENT_NOTE, /* something worth a line, about no step */
};

struct event {
	/* ESC's event name where it has one (CREATE_NETWORK, VM_DEPLOYED, VM_ALIVE, SERVICE_ALIVE,
	 * VM_UNDEPLOYED ...), else a name in the same style. */
	const char *type;
	enum event_status status;
	const char *tenant;     /* or NULL */
	const char *deployment; /* or NULL */
	const char *vm_group;   /* or NULL */
	const char *object;     /* name of what is worked on, or NULL */
	const char *details;    /* one sentence, or NULL */
	uint64_t done, total;   /* EVENT_PROGRESS; total 0: not known */
	const char *unit;       /* "B" for bytes, "s" for seconds of a limit, "queries" ... */
};

struct events {
	void (*report)(void *data, const struct event *event); /* NULL: nobody listens */
	void *data;
};

/* events may be NULL. */
void event_report(const struct events *events, const struct event *event);

/* An EVENT_NOTE of that type. */
void event_note(const struct events *events, const char *type, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

const char *event_status_name(
	enum event_status status); /* "STARTED", "SUCCESS" ... as ESC spells them */
