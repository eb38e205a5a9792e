// SPDX-License-Identifier: Apache-2.0
#include "bondd/watch.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "bondd/journal.h"
#include "bondd/loop.h"
#include "bondd/monitor.h"
#include "bondd/report.h"

struct watch {
	struct monitor_ctx ctx;
	struct bond_monitor *monitors;
	size_t n_monitors;
	bool told_report; /* the failure to write it was logged */
};

static struct bond_monitor *find_monitor(struct watch *w, int index)
{
	return array_find(w->monitors, w->n_monitors, it->index == index);
}

/* Bonds may be added and removed. */
static void update(void *data, int64_t now)
{
	struct watch *w = data;
	const struct tables *t = w->ctx.tables;
	size_t n = 0;

	for (size_t i = 0; i < w->n_monitors; i++)
		w->monitors[i].kept = false;
	for (size_t i = 0; i < t->n_links; i++) {
		const struct rtnl_link *link = &t->links[i];
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

static bool wants_ticks(void *data)
{
	const struct watch *w = data;
	bool wanted = false;

	for (size_t i = 0; i < w->n_monitors; i++)
		wanted |= monitor_wants_ticks(&w->monitors[i]);
	return wanted;
}

static void hear(void *data, int fd, int64_t now)
{
	struct watch *w = data;

	for (size_t i = 0; i < w->n_monitors; i++) {
		struct bond_monitor *m = &w->monitors[i];
		for (size_t k = 0; k < m->n_legs; k++)
			if (fd < 0 || m->legs[k].fd == fd)
				monitor_hear(m, &w->ctx, &m->legs[k], now);
	}
}

static bool decide_all(void *data, int64_t now)
{
	struct watch *w = data;
	bool moved = false;

	for (size_t i = 0; i < w->n_monitors; i++)
		moved |= monitor_decide(&w->monitors[i], &w->ctx, now);
	return moved;
}

static void tick(void *data, int64_t now)
{
	struct watch *w = data;

	for (size_t i = 0; i < w->n_monitors; i++)
		monitor_tick(&w->monitors[i], &w->ctx, now);
}

static void announce(void *data, int64_t now)
{
	struct watch *w = data;

	for (size_t i = 0; i < w->n_monitors; i++)
		monitor_announce(&w->monitors[i], &w->ctx, now);
}

static int64_t due_at(void *data, int64_t now)
{
	const struct watch *w = data;
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < w->n_monitors; i++) {
		int64_t at = monitor_due_at(&w->monitors[i], &w->ctx, now);
		if (at < due)
			due = at;
	}
	return due;
}

static void write_report(void *data, int64_t now)
{
	struct watch *w = data;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *json = report_json(w->monitors, w->n_monitors, w->ctx.conf, now, &err);

	if (!file_exists(REPORT_DIR)) /* run by hand */
		return;
	if ((!json || report_write(json, &err) < 0) && !w->told_report) {
		journal_say(JOURNAL_ERROR, "cannot report the state of the bonds: %s", err.text);
		w->told_report = true;
	}
}

int watch_run(const struct conf *conf, struct err *err)
{
	static const struct loop_actor actor = {
		.update = update,
		.hear = hear,
		.tick = tick,
		.decide = decide_all,
		.due = announce,
		.due_at = due_at,
		.wants_ticks = wants_ticks,
		.report = write_report,
	};
	struct loop loop;
	struct watch w = {0};
	int r = loop_open(&loop, conf->track.interval, err);

	if (r == 0) {
		w.ctx = (struct monitor_ctx){
			.conf = conf,
			.tables = &loop.tables,
			.kernel = loop.kernel,
			.epoll = loop.epoll,
		};
		r = loop_run(&loop, &actor, &w, err);
	}
	array_free(w.monitors, w.n_monitors, monitor_clear);
	loop_close(&loop);
	return r;
}
