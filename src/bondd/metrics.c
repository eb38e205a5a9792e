// SPDX-License-Identifier: Apache-2.0
#include "bondd/status.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/status.h"

static const int64_t bounds[GUEST_ROUND_TRIPS - 1] = {GUEST_ROUND_TRIP_BOUNDS};

void metrics_add_escaped(struct strbuf *out, const char *s)
{
	for (; s && *s; s++) {
		if (*s == '\\' || *s == '"')
			strbuf_addf(out, "\\%c", *s);
		else if (*s == '\n')
			strbuf_adds(out, "\\n");
		else
			strbuf_add(out, s, 1);
	}
}

/* {bond="bond0",leg="ens6"}; leg may be NULL. */
static void add_labels(struct strbuf *out, const struct guest_bond *b, const struct guest_leg *l)
{
	strbuf_adds(out, "bond=\"");
	metrics_add_escaped(out, b->name);
	if (l) {
		strbuf_adds(out, "\",leg=\"");
		metrics_add_escaped(out, l->name);
	}
	strbuf_adds(out, "\"");
}

void metrics_add_head(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Unknown while the interface is down: no sample is better than a wrong one. */
static int64_t carrier(const struct guest_bond *b, const struct guest_leg *l)
{
	(void)b;
	return l->carrier;
}

static int64_t active(const struct guest_bond *b, const struct guest_leg *l)
{
	return b->active_leg && streq(b->active_leg, l->name);
}

static int64_t proven(const struct guest_bond *b, const struct guest_leg *l)
{
	(void)b;
	return l->watch ? streq(l->watch->path, "proven") : -1;
}

/* One number per leg; -1 is omitted. */
static const struct {
	const char *name, *type, *help;
	int64_t (*value)(const struct guest_bond *b, const struct guest_leg *l);
	size_t count; /* without value: offset of an int64_t of the leg's watch */
} leg_metrics[] = {
	{"bondd_leg_carrier", "gauge", "1: the leg has a carrier.", carrier, 0},
	{"bondd_leg_active", "gauge", "1: the leg carries the bond.", active, 0},
	{"bondd_leg_proven", "gauge", "1: the leg's path is proven good.", proven, 0},
	{"bondd_probes_sent_total", "counter", "Probes sent over the leg.", NULL,
	 offsetof(struct guest_leg_watch, sent)},
	{"bondd_probes_answered_total", "counter", "Replies received on the leg.", NULL,
	 offsetof(struct guest_leg_watch, answered)},
	{"bondd_answers_excess_total", "counter", "Replies that match no probe.", NULL,
	 offsetof(struct guest_leg_watch, excess)},
	{"bondd_answers_other_mac_total", "counter", "Replies from a MAC other than the target's.",
	 NULL, offsetof(struct guest_leg_watch, other_mac)},
};

static int64_t leg_value(size_t metric, const struct guest_bond *b, const struct guest_leg *l)
{
	if (leg_metrics[metric].value)
		return leg_metrics[metric].value(b, l);
	return l->watch ? *(const int64_t *)((const char *)l->watch + leg_metrics[metric].count)
			: -1;
}

static void add_leg_metrics(struct strbuf *out, const struct guest_status *s)
{
	for (size_t m = 0; m < ARRAY_SIZE(leg_metrics); m++) {
		metrics_add_head(out, leg_metrics[m].name, leg_metrics[m].type,
				 leg_metrics[m].help);
		for (size_t i = 0; i < s->n_bonds; i++)
			for (size_t k = 0; k < s->bonds[i].n_legs; k++) {
				const struct guest_bond *b = &s->bonds[i];
				int64_t value = leg_value(m, b, &b->legs[k]);
				if (value < 0)
					continue;
				strbuf_addf(out, "%s{", leg_metrics[m].name);
				add_labels(out, b, &b->legs[k]);
				strbuf_addf(out, "} %" PRId64 "\n", value);
			}
	}
}

static void add_round_trips(struct strbuf *out, const struct guest_bond *b,
			    const struct guest_leg *l)
{
	static const char name[] = "bondd_probe_round_trip_seconds";
	int64_t sum = 0;

	for (size_t i = 0; i < GUEST_ROUND_TRIPS; i++) {
		sum += l->watch->round_trips[i];
		strbuf_addf(out, "%s_bucket{", name);
		add_labels(out, b, l);
		if (i < ARRAY_SIZE(bounds))
			strbuf_addf(out, ",le=\"%g\"} %" PRId64 "\n", (double)bounds[i] / 1e6, sum);
		else
			strbuf_addf(out, ",le=\"+Inf\"} %" PRId64 "\n", sum);
	}
	strbuf_addf(out, "%s_sum{", name);
	add_labels(out, b, l);
	strbuf_addf(out, "} %.6f\n%s_count{", (double)l->watch->round_trip_sum_us / 1e6, name);
	add_labels(out, b, l);
	strbuf_addf(out, "} %" PRId64 "\n", sum);
}

static void add_bond_metrics(struct strbuf *out, const struct guest_status *s)
{
	metrics_add_head(out, "bondd_moves_total", "counter",
			 "Changes of the active leg, by cause.");
	for (size_t i = 0; i < s->n_bonds; i++)
		for (size_t k = 0; s->bonds[i].watch && k < s->bonds[i].watch->n_moves; k++) {
			const struct guest_moves *m = &s->bonds[i].watch->moves[k];
			strbuf_adds(out, "bondd_moves_total{");
			add_labels(out, &s->bonds[i], NULL);
			strbuf_adds(out, ",cause=\"");
			metrics_add_escaped(out, m->cause);
			strbuf_addf(out, "\"} %" PRId64 "\n", m->count);
		}
	metrics_add_head(out, "bondd_bursts_total", "counter",
			 "Bursts of probes because the active leg's reply was late.");
	for (size_t i = 0; i < s->n_bonds; i++) {
		if (!s->bonds[i].watch || s->bonds[i].watch->bursts < 0)
			continue;
		strbuf_adds(out, "bondd_bursts_total{");
		add_labels(out, &s->bonds[i], NULL);
		strbuf_addf(out, "} %" PRId64 "\n", s->bonds[i].watch->bursts);
	}
	metrics_add_head(out, "bondd_last_outage_seconds", "gauge",
			 "Estimate for the last move off a leg that failed.");
	for (size_t i = 0; i < s->n_bonds; i++) {
		if (!s->bonds[i].watch || s->bonds[i].watch->outage_us < 0)
			continue;
		strbuf_adds(out, "bondd_last_outage_seconds{");
		add_labels(out, &s->bonds[i], NULL);
		strbuf_addf(out, "} %.6f\n", (double)s->bonds[i].watch->outage_us / 1e6);
	}
}

char *status_metrics(const struct guest_status *s)
{
	struct strbuf out = {0};

	metrics_add_head(&out, "bondd_watching", "gauge", "1: bondd monitors the bond.");
	for (size_t i = 0; i < s->n_bonds; i++) {
		strbuf_adds(&out, "bondd_watching{");
		add_labels(&out, &s->bonds[i], NULL);
		strbuf_addf(&out, "} %d\n", s->bonds[i].watch != NULL);
	}
	add_leg_metrics(&out, s);
	metrics_add_head(&out, "bondd_probe_round_trip_seconds", "histogram",
			 "Time from a probe to its reply.");
	for (size_t i = 0; i < s->n_bonds; i++)
		for (size_t k = 0; k < s->bonds[i].n_legs; k++)
			if (s->bonds[i].legs[k].watch)
				add_round_trips(&out, &s->bonds[i], &s->bonds[i].legs[k]);
	add_bond_metrics(&out, s);
	return strbuf_steal(&out);
}
