// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "probe/probes_internal.h"

enum { ASLEEP_US = 1000 }; /* a shorter sleep is none */

static int64_t time_of(const struct probes *p, int64_t tick)
{
	return p->start + tick * PROBES_TICK_US;
}

static int64_t next_tick(const struct probes *p)
{
	return (clock_now() - p->start) / PROBES_TICK_US + 1;
}

static void insert(struct probes *p, struct probe *q)
{
	struct probe **slot = &p->slots[q->due % PROBES_SLOTS];

	q->previous = NULL;
	q->next = *slot;
	if (q->next)
		q->next->previous = q;
	*slot = q;
	p->in_slot[q->due % PROBES_SLOTS]++;
}

void wheel_remove(struct probes *p, struct probe *q)
{
	if (q->next)
		q->next->previous = q->previous;
	if (q->previous)
		q->previous->next = q->next;
	else
		p->slots[q->due % PROBES_SLOTS] = q->next;
	p->in_slot[q->due % PROBES_SLOTS]--;
}

void wheel_add(struct probes *p, struct probe *q)
{
	int64_t within = q->interval < PROBES_SLOTS ? q->interval : PROBES_SLOTS;

	q->due = p->tick;
	for (int64_t tick = p->tick; tick < p->tick + within; tick++)
		if (p->in_slot[tick % PROBES_SLOTS] < p->in_slot[q->due % PROBES_SLOTS])
			q->due = tick;
	insert(p, q);
}

int wheel_start(struct probes *p, struct err *err)
{
	p->tick = next_tick(p);
	int64_t first = time_of(p, p->tick);
	const struct itimerspec when = {
		.it_value = {first / US_PER_S, first % US_PER_S * 1000},
		.it_interval = {0, PROBES_TICK_US * 1000},
	};
	if (timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		return err_errno(err, errno, "cannot start the timer of the probes");
	return 0;
}

void wheel_stop(struct probes *p)
{
	(void)timerfd_settime(p->timer, 0, &(struct itimerspec){0}, NULL);
}

static void note_gap(struct probes *p, enum probes_gap gap)
{
	p->gap = clock_now();
	p->health.gap = gap;
	p->health.gaps[gap]++;
}

/* The question may have waited between two readings of a clock: only what they prove counts. */
static void note_suspend(struct probes *p)
{
	int64_t before = clock_now(), boot = clock_boottime(), after = clock_now();

	if (boot - after > p->asleep + ASLEEP_US) {
		note_gap(p, PROBES_GAP_SUSPEND);
		p->asleep = boot - before;
	} else if (boot - before < p->asleep) {
		p->asleep = boot - before;
	}
}

static void read_all(struct probes *p)
{
	bool all = probes_receive(p);
	uint32_t dropped = 0;

	for (size_t i = 0; i < PROBES_CHANNELS; i++)
		if (p->channels[i].fd >= 0)
			dropped += channel_dropped(&p->channels[i]);
	p->health.dropped += dropped;
	if (dropped || !all)
		note_gap(p, PROBES_GAP_DROPPED);
}

/* The probe that is open until now. */
static void judge(struct probes *p, struct probe *q)
{
	if (!q->open)
		return;
	probe_close(p, q);
	if (q->sent <= p->gap) {
		p->health.voided++;
		return;
	}
	if (q->misses && q->missed <= p->gap)
		q->misses = 0;
	if (q->misses++ == 0)
		q->missed = q->sent;
	p->health.missed++;
}

static bool no_room(int r)
{
	return r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM;
}

static void unsend(struct probes *p, struct probe *q, int r)
{
	probe_close(p, q);
	q->error = (int16_t)-r;
}

static void flush(struct probes *p, struct channel *c)
{
	int64_t now = clock_now();

	for (size_t i = 0; i < c->out.n; i++) {
		c->out.probes[i]->sent = now;
		c->out.probes[i]->error = 0;
	}
	for (size_t i = 0; i < c->out.n;) {
		int r = channel_send(p, c, i);
		if (r > 0) {
			i += (size_t)r;
			p->health.sent += (uint64_t)r;
		} else if (no_room(r)) {
			note_gap(p, PROBES_GAP_UNSENT);
			for (; i < c->out.n; i++)
				unsend(p, c->out.probes[i], r);
		} else if (r != -EINTR) {
			p->health.refused++;
			unsend(p, c->out.probes[i++], r);
		}
	}
	c->out.n = 0;
}

static void random_bytes(struct probes *p, void *to, size_t n)
{
	if (p->random_left < n) {
		while (getrandom(p->random, sizeof(p->random), 0) < 0)
			;
		p->random_left = sizeof(p->random);
	}
	p->random_left -= n;
	memcpy(to, p->random + p->random_left, n);
}

static void send_next(struct probes *p, struct probe *q)
{
	struct channel *c = &p->channels[channel_of(q->port != 0, q->address.version)];

	if (q->port) {
		do
			random_bytes(p, &q->id, sizeof(q->id));
		while (p->by_id[q->id]); /* at least half of them are free: PROBE_DNS_MAX */
		p->by_id[q->id] = q;
	} else {
		q->id++;
		random_bytes(p, q->token, sizeof(q->token));
	}
	q->open = true;
	c->out.probes[c->out.n++] = q;
	if (c->out.n == PROBES_BATCH)
		flush(p, c);
}

/*
 * After a probe that was sent late the next turn is left out, if it comes before three quarters of
 * the interval. Turns keep their place in the wheel, so that those of many targets never come
 * together.
 */
static void take_turn(struct probes *p, struct probe *q, int64_t now)
{
	int64_t least = (int64_t)q->interval * PROBES_TICK_US * 3 / 4;

	if (now - q->sent < least)
		return;
	judge(p, q);
	send_next(p, q);
}

static void run_slot(struct probes *p, int64_t now)
{
	struct probe *next = p->slots[p->tick % PROBES_SLOTS];

	while (next) {
		struct probe *q = next;
		next = q->next;
		if (q->due > p->tick)
			continue;
		wheel_remove(p, q);
		take_turn(p, q, now);
		q->due += q->interval * ((p->tick - q->due) / q->interval + 1);
		insert(p, q); /* at the list's head: its turn does not come again */
	}
	for (size_t i = 0; i < PROBES_CHANNELS; i++)
		if (p->channels[i].out.n)
			flush(p, &p->channels[i]);
}

void probes_dispatch(struct probes *p)
{
	uint64_t expirations;
	int64_t last = next_tick(p) - 1;

	(void)!read(p->timer, &expirations, sizeof(expirations));
	if (p->health.targets == 0)
		return;
	note_suspend(p);
	for (; p->tick <= last; p->tick++) {
		int64_t now = clock_now(), late = now - time_of(p, p->tick);
		if (late > PROBES_LATE_MS * US_PER_MS) {
			lateness_add(&p->lateness, late, (uint32_t)(last - p->tick + 1), now);
			note_gap(p, PROBES_GAP_LATE);
			p->tick = last;
		} else {
			lateness_add(&p->lateness, late, 1, now);
		}
		read_all(p);
		run_slot(p, now);
	}
}
