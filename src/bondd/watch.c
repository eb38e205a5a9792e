// SPDX-License-Identifier: Apache-2.0
#include "bondd/watch.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "bondd/journal.h"
#include "bondd/kernel.h"
#include "bondd/monitor.h"
#include "bondd/report.h"
#include "bondd/tables.h"

enum {
	MAX_EVENTS = 64,           /* at a time: epoll keeps the rest, in turn */
	HOUSEKEEPING_US = 1000000, /* the report and the watchdog message */
};

struct watch {
	struct monitor_ctx ctx;
	struct tables tables;
	struct bond_monitor *monitors;
	size_t n_monitors;
	int timer, signals;
	bool ticking;
	int64_t next_tick; /* us */
	int64_t handled;   /* up to when */
	int64_t due;       /* earliest next event of all monitors; INT64_MAX: none */
	int64_t next_housekeeping;
	bool stop;
	bool told_report; /* the failure to write it was logged */
};

static struct bond_monitor *find_monitor(struct watch *w, int index)
{
	return array_find(w->monitors, w->n_monitors, it->index == index);
}

/* Bonds may be added and removed. */
static void update_bonds(struct watch *w, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_monitors; i++)
		w->monitors[i].kept = false;
	for (size_t i = 0; i < w->tables.n_links; i++) {
		const struct rtnl_link *link = &w->tables.links[i];
		if (!link->is_bond)
			continue;
		struct bond_monitor *m = find_monitor(w, link->index);
		if (!m) {
			m = array_push(w->monitors, w->n_monitors);
			monitor_init(m, link);
			journal_say(JOURNAL_INFO, "%s: watched", m->name);
		}
		m->kept = true;
		monitor_update(m, &w->ctx, now);
	}
	for (size_t i = 0; i < w->n_monitors; i++) {
		if (w->monitors[i].kept) {
			w->monitors[n++] = w->monitors[i];
			continue;
		}
		journal_say(JOURNAL_INFO, "%s: removed", w->monitors[i].name);
		monitor_clear(&w->monitors[i]);
	}
	w->n_monitors = n;
}

/* Starts the timer, a full interval from now, if there is anything to probe; else stops it. */
static void set_timer(struct watch *w, int64_t now)
{
	int64_t interval = w->ctx.conf->track.interval;
	struct itimerspec spec = {0};
	bool wanted = false;

	for (size_t i = 0; i < w->n_monitors; i++)
		wanted |= monitor_wants_ticks(&w->monitors[i]);
	if (wanted == w->ticking && (!wanted || now <= w->next_tick + interval / 4))
		return;
	if (wanted) {
		spec.it_interval.tv_nsec = spec.it_value.tv_nsec = interval % 1000000 * 1000;
		spec.it_interval.tv_sec = spec.it_value.tv_sec = interval / 1000000;
	}
	(void)timerfd_settime(w->timer, 0, &spec, NULL);
	w->ticking = wanted;
	w->next_tick = now + interval;
}

static int hear_kernel(struct watch *w, int64_t now, struct err *err)
{
	bool changed = false;
	int r = kernel_hear(w->ctx.kernel, &w->tables, &changed, err);

	if (r == 0 && changed)
		update_bonds(w, now);
	return r;
}

/*
 * After an operation that may have blocked, since the kernel delays a move while others change the
 * network: answers received meanwhile count as of the start of the wait, because the path did not
 * cause the delay.
 */
static void hear_legs(struct watch *w, int64_t began)
{
	for (size_t i = 0; i < w->n_monitors; i++) {
		struct bond_monitor *m = &w->monitors[i];
		for (size_t k = 0; k < m->n_legs; k++)
			monitor_hear(m, &w->ctx, &m->legs[k], began);
	}
}

static int decide_all(struct watch *w, int64_t now, struct err *err)
{
	bool moved = false;

	for (size_t i = 0; i < w->n_monitors; i++)
		moved |= monitor_decide(&w->monitors[i], &w->ctx, now);
	if (!moved)
		return 0;
	w->next_housekeeping = now; /* the report of it */
	hear_legs(w, now);
	/* Reads the notifications of our move now: older ones must not look like another move. */
	return hear_kernel(w, now, err);
}

static int tick(struct watch *w, int64_t now, struct err *err)
{
	uint64_t expirations;

	/* Unread, the timer would not fire again. */
	if (read(w->timer, &expirations, sizeof(expirations)) < 0)
		return 0;
	for (size_t i = 0; i < w->n_monitors; i++)
		monitor_tick(&w->monitors[i], &w->ctx, now);
	int r = decide_all(w, now, err);
	/*
	 * A late tick starts a new interval: otherwise the probe just sent would be judged too
	 * early.
	 */
	set_timer(w, now);
	while (w->next_tick <= now)
		w->next_tick += w->ctx.conf->track.interval;
	return r;
}

/* Events besides ticks: announcements, and an expired probe. */
static int do_due(struct watch *w, int64_t now, struct err *err)
{
	for (size_t i = 0; i < w->n_monitors; i++)
		monitor_announce(&w->monitors[i], &w->ctx, now);
	return decide_all(w, now, err);
}

static void write_report(struct watch *w, int64_t now)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *json = report_json(w->monitors, w->n_monitors, w->ctx.conf, now, &err);

	if (!file_exists(REPORT_DIR)) /* run by hand */
		return;
	if ((!json || report_write(json, &err) < 0) && !w->told_report) {
		journal_say(JOURNAL_ERROR, "cannot report the state of the bonds: %s", err.text);
		w->told_report = true;
	}
}

static int keep_house(struct watch *w, int64_t now, struct err *err)
{
	int r = decide_all(w, now, err); /* if no tick does */

	w->next_housekeeping = now + HOUSEKEEPING_US;
	write_report(w, now);
	if (systemd_watchdog())
		systemd_notify("WATCHDOG=1");
	return r;
}

static void hear_leg(struct watch *w, int fd, int64_t now)
{
	for (size_t i = 0; i < w->n_monitors; i++) {
		struct leg *l = monitor_leg_of(&w->monitors[i], fd);
		if (l)
			monitor_hear(&w->monitors[i], &w->ctx, l, now);
	}
}

/* In this order: answers, kernel notifications, timers. */
static int handle(struct watch *w, const struct epoll_event *events, int n, struct err *err)
{
	bool news = false, ticked = false;
	int64_t now = clock_now();
	int r = 0;

	w->handled = now; /* events due during this round wait for the next */
	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;
		if (fd == w->timer)
			ticked = true;
		else if (fd == w->signals)
			w->stop = true;
		else if (fd == kernel_fd(w->ctx.kernel))
			news = true;
		else
			hear_leg(w, fd, now);
	}
	if (news) {
		r = hear_kernel(w, now, err);
		if (r == 0)
			r = decide_all(w, now, err);
		if (!ticked) /* setting it again would discard its expiration */
			set_timer(w, now);
		hear_legs(w, now);
		now = clock_now();
	}
	if (r == 0 && now >= w->due) {
		r = do_due(w, now, err);
		now = clock_now();
	}
	if (r == 0 && ticked)
		r = tick(w, now, err);
	if (r == 0 && now >= w->next_housekeeping)
		r = keep_house(w, now, err);
	return r;
}

static int add_fd(struct watch *w, int fd, struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0 || epoll_ctl(w->ctx.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_errno(err, errno, "cannot wait for events");
	return 0;
}

static int set_up(struct watch *w, struct err *err)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	w->ctx.epoll = epoll_create1(EPOLL_CLOEXEC);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	w->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->ctx.epoll < 0)
		return err_errno(err, errno, "cannot wait for events");

	int r = add_fd(w, w->timer, err);
	if (r == 0)
		r = add_fd(w, w->signals, err);
	if (r == 0)
		r = kernel_open(&w->tables, &w->ctx.kernel, err);
	if (r == 0)
		r = add_fd(w, kernel_fd(w->ctx.kernel), err);
	return r;
}

/* ms until the next event without a descriptor. */
static int find_wait(struct watch *w)
{
	w->due = INT64_MAX;
	for (size_t i = 0; i < w->n_monitors; i++) {
		int64_t at = monitor_due_at(&w->monitors[i], &w->ctx, w->handled);
		if (at < w->due)
			w->due = at;
	}
	int64_t next = w->due < w->next_housekeeping ? w->due : w->next_housekeeping;
	int64_t wait = (next - clock_now() + 999) / 1000;

	return wait > 0 ? (int)wait : 0;
}

static int loop(struct watch *w, struct err *err)
{
	struct epoll_event events[MAX_EVENTS];
	int r = 0;

	while (r == 0 && !w->stop) {
		int n = epoll_wait(w->ctx.epoll, events, MAX_EVENTS, find_wait(w));
		if (n < 0 && errno != EINTR)
			return err_errno(err, errno, "cannot wait for events");
		r = handle(w, events, n > 0 ? n : 0, err);
	}
	return r;
}

static void tear_down(struct watch *w)
{
	array_free(w->monitors, w->n_monitors, monitor_clear);
	kernel_close(w->ctx.kernel);
	tables_clear(&w->tables);
	if (w->timer >= 0)
		close(w->timer);
	if (w->signals >= 0)
		close(w->signals);
	if (w->ctx.epoll >= 0)
		close(w->ctx.epoll);
}

int watch_run(const struct conf *conf, struct err *err)
{
	struct watch w = {
		.ctx = {.conf = conf, .epoll = -1},
		.timer = -1,
		.signals = -1,
	};
	w.ctx.tables = &w.tables;
	int r = set_up(&w, err);

	if (r == 0) {
		int64_t now = clock_now();
		update_bonds(&w, now);
		set_timer(&w, now);
		systemd_notify("READY=1");
		r = loop(&w, err);
		systemd_notify("STOPPING=1");
	}
	tear_down(&w);
	return r;
}
