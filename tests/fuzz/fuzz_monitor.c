// SPDX-License-Identifier: Apache-2.0
/*
 * Messages of the kernel, on to bondd's monitors and their report; then, the bytes as time, probes
 * and answers of one path: whoever sends more answers than there are probes proves nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "bondd/conf.h"
#include "bondd/monitor.h"
#include "bondd/report.h"
#include "bondd/tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FAR = 1 << 20 }; /* no link of this machine has such an index */

static void watch(struct tables *t)
{
	struct conf conf;
	const struct monitor_ctx ctx = {.conf = &conf, .tables = t, .epoll = -1};
	struct bond_monitor monitors[4];
	size_t n = 0;

	if (conf_parse(CONF_MONITOR, "f", "", &conf, NULL) < 0)
		abort();
	for (size_t i = 0; i < t->n_links && n < ARRAY_SIZE(monitors); i++)
		if (t->links[i].is_bond)
			monitor_init(&monitors[n++], &t->links[i]);
	for (size_t i = 0; i < n; i++) {
		monitor_update(&monitors[i], &ctx, 1000000);
		if (monitors[i].n_legs > DECIDE_LEGS ||
		    monitor_due_at(&monitors[i], &ctx, 1000000) < 1000000)
			abort();
	}
	free(report_json(monitors, n, &conf, 1000000, NULL));
	for (size_t i = 0; i < n; i++)
		monitor_clear(&monitors[i]);
}

static void take_messages(const uint8_t *data, size_t size)
{
	cleanup_free char *copy = xmemdup(data, size);
	struct tables tables = {0};
	int left = size > 32 << 10 ? 32 << 10 : (int)size;

	for (const struct nlmsghdr *m = (const void *)copy; netlink_ok(m, left);
	     m = mnl_nlmsg_next(m, &left)) {
		(void)tables_take(&tables, m);
		tables_add_route(&tables, m);
	}
	for (size_t i = 0; i < tables.n_links; i++) {
		tables.links[i].index |= FAR;
		if (tables.links[i].master)
			tables.links[i].master |= FAR;
		if (tables.links[i].bond.active)
			tables.links[i].bond.active |= FAR;
	}
	watch(&tables);
	tables_clear(&tables);
}

/* A byte: so many 1/16 intervals pass, then (lowest two bits) a probe, an answer, or three. */
static void run_path(const uint8_t *data, size_t size)
{
	static const struct track_limits limits = {.interval = 20000, .fall = 3, .rise = 25};
	struct track t = {0};
	int64_t now = 0;

	for (size_t i = 0; i < size; i++) {
		now += (data[i] >> 2) * limits.interval / 16;
		if (data[i] & 1)
			track_sent(&t, &limits, now);
		for (unsigned n = data[i] & 2 ? 1 + (data[i] & 1) * 2 : 0; n > 0; n--)
			(void)track_answer(&t, &limits, now);
		if (t.total_answered > t.total_sent || track_lost(&t) > track_window(&t) ||
		    track_misses(&t, &limits, now) > t.open + t.extra ||
		    (t.proven && !t.answered) ||
		    (track_is_silent(&t, &limits, now) && track_is_fresh(&t, &limits, now)))
			abort();
	}
	/* The path is dead from now on, and 64 forged answers follow each probe, as others may. */
	for (int i = 0; i < 200; i++) {
		now += limits.interval;
		track_sent(&t, &limits, now);
		for (int k = 0; k < 64; k++)
			(void)track_answer(&t, &limits, now + k);
	}
	if (!track_is_doubted(&t))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	take_messages(data, size);
	run_path(data, size);
	return 0;
}
