// SPDX-License-Identifier: Apache-2.0
#include "cli/drill_report.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/str.h"

static const char *or_unknown(const char *s)
{
	return s ? s : "unknown";
}

char *drill_bondd_text(const struct drill_result *r)
{
	cleanup_free char *how = drill_monitor(r);

	if (r->no_agent)
		return xstrdup("not in the guest: guest_agent is none");
	if (r->sentence)
		return xstrdup(r->sentence);
	if (r->watched)
		return xstrdup("is running, but reported nothing");
	return r->source == DRILL_BY_BONDD
		       ? xasprintf("is not running in the guest: only %s monitors the bond", how)
		       : xstrdup("could not be reached");
}

char *drill_source_text(const struct drill_result *r)
{
	switch (r->source) {
	case DRILL_BY_NOTHING:
		break;
	case DRILL_BY_BONDD:
		return xstrdup("bondd in the guest");
	case DRILL_BY_MAC:
		return xasprintf("the port whose MAC answers for %s", r->address);
	case DRILL_BY_FORWARDING:
		return xasprintf("the port behind which the bridges learned the MAC that answers "
				 "for %s",
				 r->address);
	}
	return xstrdup("nothing: see the notes");
}

static char *noise_text(const struct outage_gap *gap)
{
	switch (gap->noise) {
	case OUTAGE_NOISE_LOAD:
		return xasprintf("this machine was overloaded: %.0f ms between two queries",
				 gap->noise_ms);
	case OUTAGE_NOISE_GUEST:
		return xasprintf("the guest was overloaded: at that time it did not reply on its "
				 "management address for %.0f ms either",
				 gap->noise_ms);
	case OUTAGE_NOISE_ANSWERS:
		return xasprintf("this machine or the guest was overloaded: the answers just "
				 "before or after the gap took %.0f ms",
				 gap->noise_ms);
	case OUTAGE_NOISE_BASELINE:
		return xasprintf(
			"this machine or the guest was overloaded: before the failure, too, "
			"answers took or failed to come for %.0f ms",
			gap->noise_ms);
	}
	return NULL;
}

static char *inconclusive_text(const struct drill_result *r)
{
	const struct outage *o = &r->outage;
	const struct outage_gap *gap = o->stayed_lost.lost    ? &o->stayed_lost
				       : o->failover.measured ? &o->failback
							      : &o->failover;
	cleanup_free char *noise = noise_text(gap);

	if (r->untouched)
		return xstrdup("inconclusive: there was no failure");
	return xasprintf("inconclusive: %s; %s", noise,
			 gap->noise == OUTAGE_NOISE_LOAD && r->qps < 200
				 ? "drill with a higher --qps"
				 : "stop other work there and drill again");
}

char *drill_verdict_text(const struct drill_result *r, unsigned max_outage_ms)
{
	const struct outage *o = &r->outage;
	double over = outage_ms(&o->failover), back = outage_ms(&o->failback);

	switch (o->verdict) {
	case OUTAGE_PASS:
		return max_outage_ms ? xasprintf("pass: no outage over %u ms", max_outage_ms)
				     : xstrdup("pass");
	case OUTAGE_INCONCLUSIVE:
		return inconclusive_text(r);
	case OUTAGE_FAIL:
		break;
	}
	if (r->active && !o->failed_over)
		return xstrdup("fail: the service did not fail over");
	if (o->stayed_lost.lost)
		return xstrdup("fail: no answers at the end");
	return xasprintf("fail: the outage of %.0f ms %s is longer than %u ms",
			 over > max_outage_ms ? over : back,
			 over > max_outage_ms ? "at the failure" : "at the leg's return",
			 max_outage_ms);
}

static const char *what_the_bond_did(const struct drill_result *r)
{
	if (!r->active)
		return r->leg_after && !streq(r->leg_after, r->leg_before)
			       ? "moved, though another leg was broken"
			       : "the broken leg was not the active one";
	if (!r->outage.failed_over)
		return r->leg_after ? "did NOT fail over" : "the service did NOT fail over";
	if (!r->leg_after)
		return "the service failed over: it answered while the leg was broken";
	return r->failed_back ? "failed over and returned" : "failed over and stayed there";
}

static void print_gap(const char *title, const struct outage_gap *gap, const char *estimate)
{
	printf("%-12s %.0f ms", title, outage_ms(gap));
	if (gap->lost)
		printf(" (%llu %s lost, at most %.0f ms)%s", (unsigned long long)gap->lost,
		       plural(gap->lost, "query", "queries"), gap->at_most_ms,
		       gap->open ? ", and it did not end" : "");
	printf("%s%s\n", estimate, gap->measured ? "" : "; not certain");
}

static void print_gaps(const struct drill_result *r)
{
	const struct outage *o = &r->outage;
	cleanup_free char *estimate = r->outage_us < 0
					      ? xstrdup("")
					      : xasprintf(", by bondd's own estimate %.0f ms",
							  (double)r->outage_us / 1e3);

	printf("before:      %llu queries, %llu lost, answered in %.1f ms (p99 %.1f ms, at most "
	       "%.1f ms)\n",
	       (unsigned long long)o->baseline.sent, (unsigned long long)o->baseline.lost,
	       o->baseline.rtt_mean_ms, o->baseline.rtt_p99_ms, o->baseline.rtt_max_ms);
	print_gap("outage:", &o->failover, estimate);
	print_gap(r->failed_back ? "failback:" : "leg's return:", &o->failback, "");
	if (o->longest_elsewhere.lost)
		printf("elsewhere:   a gap of %.0f ms at %.1f s, %llu queries lost in all: not "
		       "caused by the failure\n",
		       outage_ms(&o->longest_elsewhere), o->longest_elsewhere.start_ms / 1e3,
		       (unsigned long long)o->lost_elsewhere);
	else if (o->lost_elsewhere)
		printf("elsewhere:   %llu %s lost\n", (unsigned long long)o->lost_elsewhere,
		       plural(o->lost_elsewhere, "query", "queries"));
}

void drill_print(const struct drill_result *r, unsigned max_outage_ms)
{
	const struct dnsload_result *load = &r->load;
	cleanup_free char *how = drill_monitor(r);
	cleanup_free char *said = drill_bondd_text(r);
	cleanup_free char *why = drill_why(r);
	cleanup_free char *source = drill_source_text(r);
	cleanup_free char *verdict = drill_verdict_text(r, max_outage_ms);

	printf("%s of %s (port %s) down at %.1f s, up at %.1f s%s; %s%s, %u queries/s to %s\n",
	       drill_failure_object(r->failure), or_unknown(r->leg), r->port, r->down.to_ms / 1000,
	       r->up.to_ms / 1000, r->failure == DRILL_SILENT ? ", carrier up" : "", how,
	       r->source == DRILL_BY_BONDD ? "" : " (day-0)", r->qps, r->address);
	print_gaps(r);
	printf("active leg:  %s, then %s, finally %s: %s\n", or_unknown(r->leg_before),
	       or_unknown(r->leg_after), or_unknown(r->leg_end), what_the_bond_did(r));
	printf("known by:    %s\n", source);
	if (why)
		printf("because:     %s\n", why);
	printf("bondd:       %s\n", said);
	if (load->failed)
		printf("%llu %s had an error code\n", (unsigned long long)load->failed,
		       plural(load->failed, "answer", "answers"));
	if (load->skipped)
		printf("this machine was too busy to send %llu of the queries\n",
		       (unsigned long long)load->skipped);
	printf("verdict:     %s\n", verdict);
}

void drill_print_summary(const struct outage_summary *s)
{
	printf("%zu drills:   %zu failed, %zu inconclusive, %zu measured", s->n, s->n_failed,
	       s->n_inconclusive, s->n_measured);
	if (s->n_measured)
		printf(": outage median %.0f ms, p95 %.0f ms, max %.0f ms", s->median_ms, s->p95_ms,
		       s->max_ms);
	printf("\nverdict:     %s%s\n", outage_verdict_name(s->verdict),
	       s->verdict == OUTAGE_INCONCLUSIVE ? ": most of them were, see there" : "");
}

static void put_gap(struct json_writer *w, const char *key, const struct outage_gap *gap)
{
	json_open_object(w, key);
	json_put_double(w, "outage_ms", outage_ms(gap));
	json_put_double(w, "at_most_ms", gap->at_most_ms);
	json_put_double(w, "start_ms", gap->start_ms);
	json_put_uint64(w, "lost", gap->lost);
	json_put_double(w, "noise_ms", gap->noise_ms);
	json_put_text(w, "noise", outage_noise_name(gap->noise));
	json_put_bool(w, "measured", gap->measured);
	json_close(w);
}

static void put_outage(struct json_writer *w, const struct outage *o)
{
	json_open_object(w, "baseline");
	json_put_uint64(w, "sent", o->baseline.sent);
	json_put_uint64(w, "lost", o->baseline.lost);
	json_put_double(w, "longest_gap_ms", o->baseline.longest_gap_ms);
	json_put_double(w, "rtt_mean_ms", o->baseline.rtt_mean_ms);
	json_put_double(w, "rtt_p99_ms", o->baseline.rtt_p99_ms);
	json_put_double(w, "rtt_max_ms", o->baseline.rtt_max_ms);
	json_put_double(w, "longest_pause_ms", o->baseline.longest_pause_ms);
	json_close(w);
	put_gap(w, "failover", &o->failover);
	put_gap(w, "failback", &o->failback);
	json_open_object(w, "elsewhere");
	json_put_uint64(w, "lost", o->lost_elsewhere);
	json_put_uint64(w, "gaps", o->n_elsewhere);
	json_put_double(w, "longest_gap_ms", outage_ms(&o->longest_elsewhere));
	json_put_double(w, "start_ms", o->longest_elsewhere.start_ms);
	json_close(w);
}

static void put_bondd(struct json_writer *w, const struct drill_result *r)
{
	if (!r->watched) {
		json_put_null(w, "bondd");
		return;
	}
	json_open_object(w, "bondd");
	json_put_text_opt(w, "sentence", r->sentence);
	json_put_text_opt(w, "state", r->watch_state);
	if (r->outage_us >= 0)
		json_put_double(w, "outage_ms", (double)r->outage_us / 1e3);
	json_close(w);
}

/* The load in buckets; --csv has each query. */
static void put_series(struct json_writer *w, const struct dnsload_result *load)
{
	cleanup_free unsigned *sent = xcalloc(load->n_answers + 1, sizeof(*sent));

	for (size_t i = 0; i < load->n_queries; i++)
		sent[(size_t)(load->queries[i].sent_ms / DNSLOAD_BUCKET_MS)]++;
	json_open_object(w, "series");
	json_put_int64(w, "bucket_ms", DNSLOAD_BUCKET_MS);
	json_open_array(w, "sent");
	for (size_t i = 0; i < load->n_answers; i++)
		json_put_int64(w, NULL, sent[i]);
	json_close(w);
	json_open_array(w, "answered");
	for (size_t i = 0; i < load->n_answers; i++)
		json_put_int64(w, NULL, load->answers[i]);
	json_close(w);
	json_close(w);
}

static uint64_t lost_after(const struct drill_result *r)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < r->load.n_queries; i++)
		lost += r->load.queries[i].latency_ms < 0 &&
			r->load.queries[i].sent_ms > r->outage.failover.end_ms;
	return lost;
}

void drill_put(struct json_writer *w, const struct drill_result *r, unsigned max_outage_ms)
{
	const struct dnsload_result *load = &r->load;
	cleanup_free char *why = drill_why(r);
	cleanup_free char *verdict = drill_verdict_text(r, max_outage_ms);

	json_open_object(w, NULL);
	json_put_text(w, "server", r->server);
	json_put_text(w, "bond", r->bond);
	json_put_text(w, "port", r->port);
	json_put_text_opt(w, "leg", r->leg);
	json_put_text(w, "failure", drill_failure_name(r->failure));
	json_put_text(w, "address", r->address);
	json_put_int64(w, "qps", r->qps);
	if (max_outage_ms)
		json_put_int64(w, "max_outage_ms", max_outage_ms);
	json_put_text(w, "verdict", outage_verdict_name(r->outage.verdict));
	json_put_text(w, "verdict_text", verdict);
	json_put_int64(w, "miimon", r->miimon);
	json_put_int64(w, "arp_interval", r->arp_interval);
	json_put_uint64(w, "sent", load->sent);
	json_put_uint64(w, "answered", load->answered);
	json_put_uint64(w, "lost", load->lost);
	json_put_uint64(w, "lost_after", lost_after(r));
	json_put_double(w, "longest_gap_ms", outage_ms(&r->outage.failover));
	json_put_double(w, "latency_mean_ms", load->latency_mean);
	json_put_double(w, "latency_max_ms", load->latency_max);
	json_put_double(w, "link_down_ms", r->down.to_ms);
	json_put_double(w, "link_up_ms", r->up.to_ms);
	json_put_text_opt(w, "leg_before", r->leg_before);
	json_put_text_opt(w, "leg_after", r->leg_after);
	json_put_text_opt(w, "leg_end", r->leg_end);
	json_put_text_opt(w, "legs_known_by", drill_source_name(r->source));
	json_put_bool(w, "failed_over", r->outage.failed_over);
	json_put_bool(w, "failed_back", r->failed_back);
	json_put_text_opt(w, "why", why);
	put_outage(w, &r->outage);
	put_bondd(w, r);
	put_series(w, load);
	json_close(w);
}

void drill_put_summary(struct json_writer *w, const struct drill_result *first,
		       const struct outage_summary *s)
{
	json_open_object(w, NULL);
	json_put_text(w, "server", first->server);
	json_put_text(w, "verdict", outage_verdict_name(s->verdict));
	json_put_uint64(w, "drills", s->n);
	json_put_uint64(w, "measured", s->n_measured);
	json_put_uint64(w, "failed", s->n_failed);
	json_put_uint64(w, "inconclusive", s->n_inconclusive);
	if (s->n_measured) {
		json_put_double(w, "median_ms", s->median_ms);
		json_put_double(w, "p95_ms", s->p95_ms);
		json_put_double(w, "max_ms", s->max_ms);
	}
	json_close(w);
}

static void add_series(struct strbuf *out, size_t run, const char *probe,
		       const struct dnsload_result *load)
{
	for (size_t i = 0; i < load->n_queries; i++) {
		const struct dnsload_query *q = &load->queries[i];
		strbuf_addf(out, "%zu,%s,%.3f,", run, probe, q->sent_ms);
		if (q->latency_ms >= 0)
			strbuf_addf(out, "%.3f", q->latency_ms);
		strbuf_adds(out, "\n");
	}
}

char *drill_csv(const struct drill_result *runs, size_t n)
{
	struct strbuf out = {0};

	strbuf_adds(&out, "run,probe,sent_ms,latency_ms\n");
	for (size_t i = 0; i < n; i++) {
		add_series(&out, i + 1, "dns", &runs[i].load);
		add_series(&out, i + 1, "echo", &runs[i].echo);
	}
	return strbuf_steal(&out);
}
