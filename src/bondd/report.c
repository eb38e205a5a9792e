// SPDX-License-Identifier: Apache-2.0
#include "bondd/report.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "bondd/eye.h"
#include "bondd/json_text.h"

/* In one word; the better one where targets differ. NULL: nothing is known. */
static const char *path_word(const struct leg *l, const struct targets *targets,
			     const struct track_limits *limits, int64_t now)
{
	struct decide_leg d;

	leg_snapshot(l, targets, limits, 0, now, &d);
	return d.heard & ~d.lossy & d.proven ? "proven"
	       : d.heard & ~d.lossy          ? "answers"
	       : d.heard                     ? "lossy"
	       : d.silent                    ? "silent"
					     : NULL;
}

static json_t *leg_json(const struct leg *l, const struct targets *targets,
			const struct track_limits *limits, int64_t now)
{
	json_t *buckets = json_array();
	const char *path = path_word(l, targets, limits, now);
	unsigned lost = 0;

	for (size_t i = 0; i < GUEST_ROUND_TRIPS; i++)
		json_array_append_new(buckets, json_integer((json_int_t)l->round_trips[i]));
	for (size_t i = 0; i < targets->n; i++)
		lost += track_lost(&l->tracks[i]);
	return json_pack("{s:o s:{s:b s:s? s:I s:I s:i s:I s:o}}", "name", json_text(l->name),
			 "watch", "probed", l->probed, "path", path, "sent", (json_int_t)l->sent,
			 "answered", (json_int_t)l->answered, "lost", (int)lost,
			 "round_trip_sum_us", (json_int_t)l->round_trip_sum, "round_trips",
			 buckets);
}

static json_t *targets_json(const struct targets *targets)
{
	json_t *array = json_array();
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < targets->n; i++)
		json_array_append_new(array, json_string(ip_text(&targets->v[i].ip, text)));
	return array;
}

static json_t *eye_json(const struct eye *e, const struct conf *conf, int64_t now)
{
	json_t *legs = json_array();
	json_t *moves = json_object();

	for (size_t i = 0; i < e->n_legs; i++)
		json_array_append_new(legs, leg_json(&e->legs[i], &e->targets, &conf->track, now));
	for (unsigned i = 0; i < MOVE_CAUSES; i++)
		json_object_set_new(moves, move_cause_name((enum move_cause)i),
				    json_integer((json_int_t)e->moved[i]));
	return json_pack("{s:o s:{s:s s:o s:I s:I s:i s:I s:o s:o s:o} s:o}", "name",
			 json_text(e->name), "watch", "state", decide_reason_name(e->reason),
			 "sentence", json_text(e->sentence), "said_at", (json_int_t)e->said_at,
			 "outage_us", (json_int_t)e->outage, "interval_ms",
			 (int)(conf->track.interval / 1000), "announced", (json_int_t)e->announced,
			 "moves", moves, "targets", targets_json(&e->targets), "findings",
			 json_texts(e->audit.findings, e->audit.n), "legs", legs);
}

char *report_json(const struct eye *eyes, size_t n, const struct conf *conf, int64_t now)
{
	json_t *bonds = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(bonds, eye_json(&eyes[i], conf, now));

	json_t *document =
		json_pack("{s:I s:o}", "written_ms", (json_int_t)(now / 1000), "bonds", bonds);
	char *json = json_dumps(document, JSON_COMPACT);
	json_decref(document);
	return json;
}

int report_write(const char *json, struct err *err)
{
	return file_write_at(AT_FDCWD, REPORT_DIR "/" REPORT_FILE, json, strlen(json), 0644, err);
}
