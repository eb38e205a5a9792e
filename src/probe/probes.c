// SPDX-License-Identifier: Apache-2.0
#include "probe/probes.h"

#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "probe/probes_internal.h"

static void take_sockets(struct probes *p, struct probes_sockets *sockets)
{
	const int fds[PROBES_CHANNELS] = {sockets->echo4, sockets->echo6, sockets->dns4,
					  sockets->dns6};

	for (size_t i = 0; i < PROBES_CHANNELS; i++) {
		p->channels[i].fd = fds[i];
		p->channels[i].dns = i >= channel_of(true, 4);
		p->channels[i].family = i % 2 ? AF_INET6 : AF_INET;
	}
	*sockets = PROBES_NO_SOCKETS;
}

int probes_new(struct probes_sockets *sockets, struct probes **ret_probes, struct err *err)
{
	struct probes *p = xcalloc(1, sizeof(*p));
	int r = 0;

	take_sockets(p, sockets);
	p->start = clock_now();
	p->asleep = clock_boottime() - p->start;
	p->gap = -1;
	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (p->timer < 0)
		r = err_errno(err, errno, "cannot create the timer of the probes");
	else if (getrandom(p->identity, sizeof(p->identity), 0) != sizeof(p->identity))
		r = err_errno(err, errno, "getrandom");
	for (size_t i = 0; i < PROBES_CHANNELS && r == 0; i++)
		r = channel_init(&p->channels[i], err);
	if (r < 0) {
		probes_free(p);
		return r;
	}
	*ret_probes = p;
	return 0;
}

void probes_free(struct probes *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_all; i++)
		free(p->all[i]);
	for (size_t i = 0; i < PROBES_CHANNELS; i++)
		if (p->channels[i].fd >= 0)
			close(p->channels[i].fd);
	if (p->timer >= 0)
		close(p->timer);
	free_all(p->all, p->vacant, p);
}

int probes_fd(const struct probes *p)
{
	return p->timer;
}

static int check(const struct probes *p, const struct probe_target *t, struct err *err)
{
	bool dns = t->kind == PROBE_DNS;
	char address[IP_TEXT_SIZE];

	if (!t->address.version)
		return err_set(err, INVALID, "a probe needs an address");
	ip_format(&t->address, address);
	if (t->interval_ms < PROBE_INTERVAL_MIN_MS || t->interval_ms > PROBE_INTERVAL_MAX_MS)
		return err_set(err, INVALID, "interval of %u ms for %s: must be from %d to %d ms",
			       t->interval_ms, address, PROBE_INTERVAL_MIN_MS,
			       PROBE_INTERVAL_MAX_MS);
	if (dns && (!t->name || t->port == 0))
		return err_set(err, INVALID, "a DNS probe of %s needs a name and a port", address);
	if (dns && p->n_dns == PROBE_DNS_MAX)
		return err_code(err, NO_CAPACITY, ENOSPC, "more than %d DNS probes", PROBE_DNS_MAX);
	if (p->channels[channel_of(dns, t->address.version)].fd < 0)
		return err_code(err, LOCAL, EAFNOSUPPORT,
				"there is no socket for %s to %s: does the kernel have IPv6?",
				dns ? "DNS" : "echoes", address);
	return 0;
}

static void forget(struct probe *q)
{
	q->since = clock_now();
	q->answered = q->served = q->missed = -1;
	q->misses = 0;
	q->rtt = q->rcode = -1;
	q->error = 0;
}

static uint32_t vacant_index(struct probes *p)
{
	if (p->n_vacant)
		return p->vacant[--p->n_vacant];
	*array_push(p->all, p->n_all) = NULL;
	return (uint32_t)(p->n_all - 1);
}

int probe_add(struct probes *p, const struct probe_target *target, struct probe **ret_probe,
	      struct err *err)
{
	bool dns = target->kind == PROBE_DNS;
	uint8_t question[PROBE_DNS_QUESTION_MAX] = {0};
	size_t len = 0;
	int r = check(p, target, err);

	if (r == 0 && dns && probe_dns_question(target->name, question, &len) < 0)
		r = err_set(err, INVALID, "'%s' must be a domain name", target->name);
	if (r == 0 && p->health.targets == 0)
		r = wheel_start(p, err);
	if (r < 0)
		return r;

	struct probe *q = xcalloc(1, sizeof(*q) + len);
	q->address = target->address;
	q->interval =
		(target->interval_ms * (uint32_t)US_PER_MS + PROBES_TICK_US - 1) / PROBES_TICK_US;
	q->port = dns ? target->port : 0;
	q->any_rcode = dns && question[0] == 0;
	q->question_len = (uint16_t)len;
	memcpy(q->question, question, len);
	q->index = vacant_index(p);
	p->all[q->index] = q;
	p->n_dns += dns;
	p->health.targets++;
	forget(q);
	wheel_add(p, q);
	*ret_probe = q;
	return 0;
}

void probe_remove(struct probes *p, struct probe *q)
{
	if (!q)
		return;
	probe_close(p, q);
	wheel_remove(p, q);
	p->all[q->index] = NULL;
	*array_push(p->vacant, p->n_vacant) = q->index;
	p->n_dns -= q->port != 0;
	free(q);
	if (--p->health.targets == 0)
		wheel_stop(p);
}

void probe_restart(struct probes *p, struct probe *q)
{
	probe_close(p, q);
	forget(q);
}

static int64_t to_ms(int64_t us)
{
	return us < 0 ? -1 : us / US_PER_MS;
}

void probe_look(const struct probes *p, const struct probe *q, struct probe_view *ret_view)
{
	bool missed = q->misses && q->missed > p->gap;

	*ret_view = (struct probe_view){
		.since_ms = to_ms(q->since),
		.answered_ms = to_ms(q->answered),
		.served_ms = to_ms(q->served),
		.misses = missed ? q->misses : 0,
		.missed_ms = missed ? to_ms(q->missed) : -1,
		.rtt_us = q->rtt,
		.rcode = q->rcode,
		.error = q->error,
	};
}

void probes_health(const struct probes *p, struct probes_health *ret_health)
{
	*ret_health = p->health;
	ret_health->gap_ms = to_ms(p->gap);
	ret_health->late_max_us = lateness_max(&p->lateness);
	ret_health->late_p99_us = lateness_p99(&p->lateness);
}
