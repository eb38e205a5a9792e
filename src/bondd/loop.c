// SPDX-License-Identifier: Apache-2.0
#include "bondd/loop.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "bondd/journal.h"
#include "bondd/kernel.h"

enum {
	MAX_EVENTS = 64,           /* at a time: epoll keeps the rest, in turn */
	HOUSEKEEPING_US = 1000000, /* the report and the watchdog message */
};

/* Starts the timer, a full interval from now, if there is anything to probe; else stops it. */
static void set_timer(struct loop *l, int64_t now)
{
	struct itimerspec spec = {0};
	bool wanted = l->actor->wants_ticks(l->data);

	if (wanted == l->ticking && (!wanted || now <= l->next_tick + l->interval / 4))
		return;
	if (wanted) {
		spec.it_interval.tv_nsec = spec.it_value.tv_nsec = l->interval % 1000000 * 1000;
		spec.it_interval.tv_sec = spec.it_value.tv_sec = l->interval / 1000000;
	}
	(void)timerfd_settime(l->timer, 0, &spec, NULL);
	l->ticking = wanted;
	l->next_tick = now + l->interval;
}

static int hear_kernel(struct loop *l, int64_t now, struct err *err)
{
	bool changed = false;
	int r = kernel_hear(l->kernel, &l->tables, &changed, err);

	if (r == 0 && changed)
		l->actor->update(l->data, now);
	return r;
}

static int decide(struct loop *l, int64_t now, struct err *err)
{
	if (!l->actor->decide(l->data, now))
		return 0;
	l->next_housekeeping = now; /* the report of it */
	/*
	 * The operation may have blocked, since the kernel delays it while others change the
	 * network: answers received meanwhile count as of the start of the wait, because the path
	 * did not cause the delay.
	 */
	l->actor->hear(l->data, -1, now);
	/* Reads the notifications of our change now: older ones must not look like another's. */
	return hear_kernel(l, now, err);
}

static int tick(struct loop *l, int64_t now, struct err *err)
{
	uint64_t expirations;

	/* Unread, the timer would not fire again. */
	if (read(l->timer, &expirations, sizeof(expirations)) < 0)
		return 0;
	l->actor->tick(l->data, now);
	int r = decide(l, now, err);
	/*
	 * A late tick starts a new interval: otherwise the probe just sent would be judged too
	 * early.
	 */
	set_timer(l, now);
	while (l->next_tick <= now)
		l->next_tick += l->interval;
	return r;
}

static int keep_house(struct loop *l, int64_t now, struct err *err)
{
	int r = decide(l, now, err); /* if no tick does */

	l->next_housekeeping = now + HOUSEKEEPING_US;
	l->actor->report(l->data, now);
	if (systemd_watchdog())
		systemd_notify("WATCHDOG=1");
	return r;
}

/* In this order: answers, kernel notifications, timers. */
static int handle(struct loop *l, const struct epoll_event *events, int n, struct err *err)
{
	bool news = false, ticked = false;
	int64_t now = clock_now();
	int r = 0;

	l->handled = now; /* events due during this round wait for the next */
	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;
		if (fd == l->timer)
			ticked = true;
		else if (fd == l->signals)
			l->stop = true;
		else if (fd == kernel_fd(l->kernel))
			news = true;
		else
			l->actor->hear(l->data, fd, now);
	}
	if (news) {
		r = hear_kernel(l, now, err);
		if (r == 0)
			r = decide(l, now, err);
		if (!ticked) /* setting it again would discard its expiration */
			set_timer(l, now);
		l->actor->hear(l->data, -1, now);
		now = clock_now();
	}
	if (r == 0 && now >= l->due) {
		l->actor->due(l->data, now);
		r = decide(l, now, err);
		now = clock_now();
	}
	if (r == 0 && ticked)
		r = tick(l, now, err);
	if (r == 0 && now >= l->next_housekeeping)
		r = keep_house(l, now, err);
	return r;
}

static int add_fd(struct loop *l, int fd, struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_errno(err, errno, "cannot wait for events");
	return 0;
}

int loop_open(struct loop *l, int64_t interval, struct err *err)
{
	sigset_t signals;

	*l = (struct loop){.interval = interval};
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	l->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->epoll < 0)
		return err_errno(err, errno, "cannot wait for events");

	int r = add_fd(l, l->timer, err);
	if (r == 0)
		r = add_fd(l, l->signals, err);
	if (r == 0)
		r = kernel_open(&l->tables, &l->kernel, err);
	if (r == 0)
		r = add_fd(l, kernel_fd(l->kernel), err);
	return r;
}

/* ms until the next event without a descriptor. */
static int find_wait(struct loop *l)
{
	l->due = l->actor->due_at(l->data, l->handled);

	int64_t next = l->due < l->next_housekeeping ? l->due : l->next_housekeeping;
	int64_t wait = (next - clock_now() + 999) / 1000;

	return wait > 0 ? (int)wait : 0;
}

int loop_run(struct loop *l, const struct loop_actor *actor, void *data, struct err *err)
{
	struct epoll_event events[MAX_EVENTS];
	int64_t now = clock_now();
	int r = 0;

	l->actor = actor;
	l->data = data;
	actor->update(data, now);
	set_timer(l, now);
	systemd_notify("READY=1");
	while (r == 0 && !l->stop) {
		int n = epoll_wait(l->epoll, events, MAX_EVENTS, find_wait(l));
		if (n < 0 && errno != EINTR)
			r = err_errno(err, errno, "cannot wait for events");
		else
			r = handle(l, events, n > 0 ? n : 0, err);
	}
	systemd_notify("STOPPING=1");
	return r;
}

void loop_close(struct loop *l)
{
	kernel_close(l->kernel);
	tables_clear(&l->tables);
	if (l->timer >= 0)
		close(l->timer);
	if (l->signals >= 0)
		close(l->signals);
	if (l->epoll >= 0)
		close(l->epoll);
}
