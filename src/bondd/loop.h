/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of the services that probe: the kernel's notifications, answers, ticks, signals,
 * and once a second the report and the watchdog message.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "bondd/tables.h"

struct err;
struct kernel;
struct rtnl_link;

/* What a service does; data is passed on. Times are us of clock_now(). */
struct loop_actor {
	/* The tables have changed. Also called once at the start. */
	void (*update)(void *data, int64_t now);
	/* Takes in the answers at that descriptor; -1: at all. */
	void (*hear)(void *data, int fd, int64_t now);
	/* At the end of an interval: sends the next probes. decide follows. */
	void (*tick)(void *data, int64_t now);
	/* Decides and acts. True if it changed something in the kernel. */
	bool (*decide)(void *data, int64_t now);
	/* What is due besides; decide follows. */
	void (*due)(void *data, int64_t now);
	/* The earliest time after now that does not wait for a tick; INT64_MAX: none. */
	int64_t (*due_at)(void *data, int64_t now);
	bool (*wants_ticks)(void *data);
	/* Once a second, and after each change. */
	void (*report)(void *data, int64_t now);
};

struct loop {
	const struct loop_actor *actor;
	void *data;
	struct tables tables;
	struct kernel *kernel;
	int epoll; /* also has the actor's sockets, with their descriptor as data */
	int timer, signals;
	int64_t interval; /* us between two ticks */
	bool ticking;
	int64_t next_tick; /* us */
	int64_t handled;   /* up to when */
	int64_t due;       /* earliest next event of the actor; INT64_MAX: none */
	int64_t next_housekeeping;
	bool stop;
};

/* Fills the tables. loop_close() takes what a failed loop_open() leaves. */
int loop_open(struct loop *l, int64_t interval, struct err *err);

/* Runs until SIGTERM or SIGINT (0), or until rtnetlink fails (-errno). */
int loop_run(struct loop *l, const struct loop_actor *actor, void *data, struct err *err);

void loop_close(struct loop *l);
