// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <jansson.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/str.h"
#include "bondd/relay.h"
#include "bondd/relay_record.h"
#include "bondd/report.h"
#include "bondd/status.h"
#include "net/status.h"

enum { MAX_REPORT = 256 << 10 };

static int64_t member(const json_t *pf, const char *key)
{
	return json_try_int64(pf, key);
}

static int64_t held(const json_t *pf, const char *key)
{
	return json_try_bool(pf, key);
}

/* Of the object "watch" of its probes. */
static int64_t of_watch(const json_t *pf, const char *key)
{
	const json_t *leg = json_array_get(json_object_get(pf, "legs"), 0);
	const json_t *watch = json_object_get(leg, "watch");
	cleanup_free char *path = NULL;

	if (!streq(key, "path"))
		return json_try_int64(watch, key);
	path = json_try_text(watch, key);
	return streq(path, "proven");
}

/* One number per PF; -1 is omitted. */
static const struct {
	const char *name, *type, *help, *key;
	int64_t (*value)(const json_t *pf, const char *key);
} metrics[] = {
	{"bondd_relay_path_proven", "gauge", "1: the path behind the PF is proven good.", "path",
	 of_watch},
	{"bondd_relay_held", "gauge", "1: the links of the PF's guests are down.", "held", held},
	{"bondd_relay_holds_total", "counter", "How often they were taken down.", "holds", member},
	{"bondd_relay_given_up_total", "counter", "Links that somebody else has set meanwhile.",
	 "given_up", member},
	{"bondd_relay_probes_sent_total", "counter", "Probes sent from the PF.", "sent", of_watch},
	{"bondd_relay_probes_answered_total", "counter", "Replies received.", "answered", of_watch},
};

static json_t *read_report(const char *root)
{
	cleanup_free char *path = xasprintf("%s" RELAY_DIR "/" RELAY_REPORT, root);
	cleanup_free char *text = NULL;
	size_t len;

	if (!status_text(path, MAX_REPORT, &text, &len, NULL))
		return NULL;
	cleanup_json json_t *report = json_loadb(text, len, 0, NULL);
	return report_is_fresh(report, root) ? steal_ptr(report) : NULL;
}

char *relay_metrics(const char *root)
{
	cleanup_json json_t *report = read_report(root);
	struct strbuf out = {0};

	for (size_t m = 0; report && m < ARRAY_SIZE(metrics); m++) {
		metrics_add_head(&out, metrics[m].name, metrics[m].type, metrics[m].help);
		json_for_each (pf, json_object_get(report, "pfs")) {
			cleanup_free char *name = json_try_text(pf, "name");
			int64_t value = metrics[m].value(pf, metrics[m].key);
			if (!name || value < 0)
				continue;
			strbuf_addf(&out, "%s{pf=\"", metrics[m].name);
			metrics_add_escaped(&out, name);
			strbuf_addf(&out, "\"} %" PRId64 "\n", value);
		}
	}
	return strbuf_steal(&out);
}
