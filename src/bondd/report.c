// SPDX-License-Identifier: Apache-2.0
#include "bondd/report.h"

#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_write.h"
#include "bondd/monitor.h"

/* The leg's state in one word, the better one if targets differ. NULL: unknown. */
static const char *path_word(const struct leg *l, const struct targets *targets,
			     const struct track_limits *limits, int64_t now)
{
	struct decide_leg d;

	leg_snapshot(l, targets, limits, 0, now, &d);
	return d.heard & ~d.lossy & d.proven ? "proven"
	       : d.heard & ~d.lossy          ? "answers"
	       : d.heard                     ? "lossy"
	       : d.doubted                   ? "doubted"
	       : d.silent                    ? "silent"
					     : NULL;
}

void report_put_leg(struct json_writer *w, const struct leg *l, const struct targets *targets,
		    const struct track_limits *limits, int64_t now)
{
	unsigned lost = 0;

	for (size_t i = 0; i < targets->n; i++)
		lost += track_lost(&l->tracks[i]);
	json_open_object(w, NULL);
	json_put_text(w, "name", l->name);
	json_open_object(w, "watch");
	json_put_bool(w, "probed", l->probed);
	json_put_text(w, "path", path_word(l, targets, limits, now));
	json_put_uint64(w, "sent", l->sent);
	json_put_uint64(w, "answered", l->answered);
	json_put_int64(w, "lost", lost);
	json_put_uint64(w, "excess", l->excess);
	json_put_uint64(w, "other_mac", l->other_mac);
	json_put_uint64(w, "round_trip_sum_us", l->round_trip_sum);
	json_open_array(w, "round_trips");
	for (size_t i = 0; i < GUEST_ROUND_TRIPS; i++)
		json_put_uint64(w, NULL, l->round_trips[i]);
	json_close(w);
	json_close(w);
	json_close(w);
}

static void put_watch(struct json_writer *w, const struct bond_monitor *m, const struct conf *conf)
{
	char text[IP_TEXT_SIZE];

	json_open_object(w, "watch");
	json_put_text(w, "state", decide_reason_name(m->reason));
	json_put_text(w, "sentence", m->sentence);
	json_put_int64(w, "said_at", m->said_at);
	json_put_int64(w, "outage_us", m->outage);
	json_put_int64(w, "interval_ms", conf->track.interval / 1000);
	json_put_uint64(w, "announced", m->announced);
	json_put_uint64(w, "bursts", m->burst.total);
	json_open_object(w, "moves");
	for (unsigned i = 0; i < MOVE_CAUSES; i++)
		json_put_uint64(w, move_cause_name((enum move_cause)i), m->moved[i]);
	json_close(w);
	json_open_array(w, "targets");
	for (size_t i = 0; i < m->targets.n; i++)
		json_put_text(w, NULL, ip_format(&m->targets.v[i].ip, text));
	json_close(w);
	json_put_texts(w, "findings", m->audit.findings, m->audit.n);
	json_close(w);
}

char *report_json(const struct bond_monitor *monitors, size_t n, const struct conf *conf,
		  int64_t now, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	json_put_int64(&w, "written_ms", now / 1000);
	json_open_array(&w, "bonds");
	for (size_t i = 0; i < n; i++) {
		const struct bond_monitor *m = &monitors[i];

		json_open_object(&w, NULL);
		json_put_text(&w, "name", m->name);
		put_watch(&w, m, conf);
		json_open_array(&w, "legs");
		for (size_t k = 0; k < m->n_legs; k++)
			report_put_leg(&w, &m->legs[k], &m->targets, &conf->track, now);
		json_close(&w);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	return json_write_text(&w, JSON_COMPACT, err);
}

int report_write(const char *json, struct err *err)
{
	return file_write_at(AT_FDCWD, REPORT_DIR "/" REPORT_FILE, json, strlen(json), 0644, err);
}
