// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/clock.h"
#include "probe/probes_internal.h"

/* Batches of one socket in a row: more than its queue can hold. */
enum { BATCHES_MAX = 1024 };

void probe_close(struct probes *p, struct probe *q)
{
	if (q->open && q->port)
		p->by_id[q->id] = NULL;
	q->open = false;
}

static int64_t between(int64_t least, int64_t value, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* rcode: -1 for an echo. now: after it was read. */
static void settle(struct probes *p, struct probe *q, const struct datagram *d, int rcode,
		   int64_t now)
{
	int64_t rtt = between(0, d->arrived - q->sent, INT32_MAX);

	probe_close(p, q);
	/* If CLOCK_REALTIME has been set since it arrived, the timestamp is wrong by that. */
	q->answered = d->arrived < 0 ? q->sent : between(q->sent, d->arrived, now);
	q->rtt = d->arrived < 0 ? -1 : (int32_t)rtt;
	q->rcode = (int16_t)rcode;
	q->misses = 0;
	if (rcode <= 0 || q->any_rcode)
		q->served = q->answered;
	p->health.answered++;
}

static void take_echo(struct probes *p, const struct channel *c, const struct datagram *d,
		      int64_t now)
{
	bool v6 = c->family == AF_INET6;
	struct icmp_echo echo;

	if (!icmp_echo_read(v6, c->raw && !v6, d->bytes, d->len, &echo)) {
		p->health.strays[PROBES_STRAY_FORMAT]++;
		return;
	}
	struct probe *q = echo.number < p->n_all ? p->all[echo.number] : NULL;
	if (!q || q->port || !q->open || echo.sequence != q->id ||
	    memcmp(echo.token, p->identity, sizeof(p->identity)) != 0 ||
	    memcmp(echo.token + sizeof(p->identity), q->token, sizeof(q->token)) != 0)
		p->health.strays[PROBES_STRAY_TOKEN]++;
	else if (!ip_equal(&d->from, &q->address))
		p->health.strays[PROBES_STRAY_SOURCE]++;
	else
		settle(p, q, d, -1, now);
}

static void take_dns(struct probes *p, const struct datagram *d, int64_t now)
{
	int id = probe_dns_id(d->bytes, d->len);

	if (id < 0) {
		p->health.strays[PROBES_STRAY_FORMAT]++;
		return;
	}
	struct probe *q = p->by_id[id];
	int rcode = q ? probe_dns_rcode(d->bytes, d->len, q->question, q->question_len) : -1;
	if (rcode < 0)
		p->health.strays[PROBES_STRAY_TOKEN]++;
	else if (d->port != q->port || !ip_equal(&d->from, &q->address))
		p->health.strays[PROBES_STRAY_SOURCE]++;
	else
		settle(p, q, d, rcode, now);
}

static bool receive_from(struct probes *p, struct channel *c)
{
	for (int i = 0; i < BATCHES_MAX; i++) {
		size_t n = channel_receive(c, &p->in);
		int64_t now = clock_now();
		for (size_t k = 0; k < n; k++) {
			if (c->dns)
				take_dns(p, &p->in.datagrams[k], now);
			else
				take_echo(p, c, &p->in.datagrams[k], now);
		}
		if (n < PROBES_BATCH)
			return true;
	}
	return false;
}

bool probes_receive(struct probes *p)
{
	bool all = true;

	for (size_t i = 0; i < PROBES_CHANNELS; i++)
		if (p->channels[i].fd >= 0 && !receive_from(p, &p->channels[i]))
			all = false;
	return all;
}
