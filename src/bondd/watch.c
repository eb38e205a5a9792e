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
	MAX_EVENTS = 64,           /* at a time: epoll keeps the rest, and takes turns */
	HOUSEKEEPING_US = 1000000, /* the report, and a sign of life */
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
	int64_t due;       /* of the monitors, the first after that; INT64_MAX */
	int64_t next_housekeeping;
	bool stop;
	bool told_report; /* that it cannot be written */
};

static struct bond_monitor *find_monitor(struct watch *w, int index)
{
	return array_find(w->monitors, w->n_monitors, it->index == index);
}

/* Bonds come and go. */
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

/* On, a full interval from now, while there is anything to probe; else nothing wakes up. */
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
 * After something that may have waited for the kernel, which holds a move up while others change
 * the network: answers that came meanwhile are heard as of the time when the wait began, for it was
 * not the path that took so long.
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
	/* The news of a move are there already: older ones must not look like another move. */
	return hear_kernel(w, now, err);
}

static int tick(struct watch *w, int64_t now, struct err *err)
{
	uint64_t expirations;

	/* Unread, it would not start again. */
	if (read(w->timer, &expirations, sizeof(expirations)) < 0)
		return 0;
	for (size_t i = 0; i < w->n_monitors; i++)
		monitor_tick(&w->monitors[i], &w->ctx, now);
	int r = decide_all(w, now, err);
	/*
	 * Who comes late starts a new interval: the probe just sent would otherwise be judged
	 * before its time.
	 */
	set_timer(w, now);
	while (w->next_tick <= now)
		w->next_tick += w->ctx.conf->track.interval;
	return r;
}

/* What is not bound to ticks: announcements, and a probe that has had its time. */
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
	int r = decide_all(w, now, err); /* where no tick does */

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

/* What has come, before what has not: answers, then the kernel's news, then the clock. */
static int handle(struct watch *w, const struct epoll_event *events, int n, struct err *err)
{
	bool news = false, ticked = false;
	int64_t now = clock_now();
	int r = 0;

	w->handled = now; /* what falls due while this goes on is for the next time */
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
		if (!ticked) /* set anew, it would forget that it has run out */
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

/* ms until something is to be done that no descriptor tells of. */
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
