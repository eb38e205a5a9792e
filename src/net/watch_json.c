// SPDX-License-Identifier: Apache-2.0
#include "net/watch_json.h"

#include "base/alloc.h"
#include "base/json_read.h"

enum { MAX_CAUSES = 16 };

struct guest_watch *guest_watch_parse(const json_t *bond)
{
	const json_t *object = json_object_get(bond, "watch");
	const char *cause;
	json_t *count;

	if (!json_is_object(object))
		return NULL;

	struct guest_watch *w = xcalloc(1, sizeof(*w));
	*w = (struct guest_watch){
		.state = json_try_text(object, "state"),
		.sentence = json_try_text(object, "sentence"),
		.said_at = json_try_int64(object, "said_at"),
		.outage_us = json_try_int64(object, "outage_us"),
		.interval_ms = json_try_int64(object, "interval_ms"),
		.announced = json_try_int64(object, "announced"),
		.bursts = json_try_int64(object, "bursts"),
	};
	json_try_texts(object, "targets", &w->targets);
	json_try_texts(object, "findings", &w->findings);

	json_t *moves = json_object_get(object, "moves");
	json_object_foreach (moves, cause, count) {
		if (!json_is_integer(count) || w->n_moves == MAX_CAUSES)
			continue;
		struct guest_moves *m = array_push(w->moves, w->n_moves);
		m->count = json_try_int64(moves, cause);
		m->cause = xstrdup(cause);
	}
	return w;
}

struct guest_leg_watch *guest_leg_watch_parse(const json_t *leg)
{
	const json_t *object = json_object_get(leg, "watch");
	size_t index;
	json_t *count;

	if (!json_is_object(object))
		return NULL;

	struct guest_leg_watch *w = xcalloc(1, sizeof(*w));
	*w = (struct guest_leg_watch){
		.probed = json_try_bool(object, "probed"),
		.path = json_try_text(object, "path"),
		.sent = json_try_int64(object, "sent"),
		.answered = json_try_int64(object, "answered"),
		.lost = json_try_int64(object, "lost"),
		.excess = json_try_int64(object, "excess"),
		.other_mac = json_try_int64(object, "other_mac"),
		.round_trip_sum_us = json_try_int64(object, "round_trip_sum_us"),
	};
	json_array_foreach (json_object_get(object, "round_trips"), index, count) {
		if (index < GUEST_ROUND_TRIPS && json_is_integer(count) &&
		    json_integer_value(count) >= 0)
			w->round_trips[index] = json_integer_value(count);
	}
	return w;
}
