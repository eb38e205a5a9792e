// SPDX-License-Identifier: Apache-2.0
#include "bondd/status.h"

#include <jansson.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "bondd/report.h"
#include "net/status_json.h"

enum { MAX_REPORT = 256 << 10 };

bool report_is_fresh(const json_t *report, const char *root)
{
	int64_t written = json_try_int64(report, "written_ms");

	if (root[0])
		return true;
	return written >= 0 && clock_now() / US_PER_MS - written <= REPORT_FRESH_MS;
}

static void take_legs(const json_t *object, struct guest_bond *b)
{
	json_for_each (value, json_object_get(object, "legs")) {
		cleanup_free char *name = json_try_text(value, "name");
		struct guest_leg *l = name ? guest_bond_leg(b, name) : NULL;
		if (l && !l->watch)
			l->watch = guest_leg_watch_parse(value);
	}
}

void report_read(const char *root, struct guest_status *s, struct err *err)
{
	cleanup_free char *path = xasprintf("%s" REPORT_DIR "/" REPORT_FILE, root);
	cleanup_free char *text = NULL;
	size_t len;

	if (!status_text(path, MAX_REPORT, &text, &len, err))
		return;

	json_t *report = json_loadb(text, len, 0, NULL);
	if (!report_is_fresh(report, root)) {
		json_decref(report);
		return;
	}
	json_for_each (value, json_object_get(report, "bonds")) {
		cleanup_free char *name = json_try_text(value, "name");
		struct guest_bond *b = name ? guest_status_bond(s, name) : NULL;
		if (!b || b->watch)
			continue;
		b->watch = guest_watch_parse(value);
		take_legs(value, b);
	}
	json_decref(report);
}
