// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "deploy/dnsload.h"
#include "plain_vim.h"

enum { MAX_QUERY = 64 };

/* Answers what it gets, in order; loopback loses and reorders nothing. */
struct responder {
	int fd;
	unsigned port;
	atomic_bool stop;
	pthread_t thread;
	/* Drops the queries [from, to), counted from 0. */
	struct {
		uint64_t from, to;
	} drop[3];
	uint8_t rcode;
	bool twice;   /* each answer comes twice */
	bool rubbish; /* strays before each answer */
	size_t delay; /* query k is answered when query k + delay comes, or none came for 1 s */
	uint64_t n;   /* queries seen */
};

struct held {
	uint8_t m[MAX_QUERY];
	uint8_t len;
};

static void answer(struct responder *r, struct held *h, const struct sockaddr *to, socklen_t len)
{
	h->m[2] |= 0x80;
	h->m[3] |= r->rcode;
	if (r->rubbish) {
		struct held other = *h;
		other.m[14] ^= 1; /* another name */
		sendto(r->fd, other.m, other.len, 0, to, len);
		sendto(r->fd, h->m, h->len - 1U, 0, to, len);
		sendto(r->fd, h->m, 3, 0, to, len);
		other = *h;
		other.m[0] ^= 0x80; /* a query that was never sent */
		sendto(r->fd, other.m, other.len, 0, to, len);
	}
	for (int i = 0; i < 1 + r->twice; i++)
		sendto(r->fd, h->m, h->len, 0, to, len);
}

static bool is_dropped(const struct responder *r, uint64_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(r->drop); i++)
		if (n >= r->drop[i].from && n < r->drop[i].to)
			return true;
	return false;
}

static void *responder_run(void *opaque)
{
	struct responder *r = opaque;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	cleanup_free struct held *ring = xcalloc(r->delay + 1, sizeof(*ring));
	uint64_t done = 0;
	bool draining = false;

	for (;;) {
		struct held h;
		struct pollfd p = {.fd = r->fd, .events = POLLIN};
		bool got = poll(&p, 1, draining ? 0 : r->delay ? 1000 : 100) > 0;
		draining = !got;
		if (got) {
			ssize_t n = recvfrom(r->fd, h.m, sizeof(h.m), 0, (struct sockaddr *)&from,
					     &from_len);
			if (n <= 0)
				continue;
			h.len = (uint8_t)n;
			ring[r->n++ % (r->delay + 1)] = h;
		} else if (done == r->n) {
			if (atomic_load(&r->stop))
				return NULL;
			continue;
		} else if (done % 32 == 0) {
			usleep(20); /* what was held back, not all at once */
		}
		if (done < r->n && (r->n - done > r->delay || !got)) {
			if (!is_dropped(r, done))
				answer(r, &ring[done % (r->delay + 1)], (struct sockaddr *)&from,
				       from_len);
			done++;
		}
	}
}

static void responder_start(struct responder *r)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int room = 4 << 20;

	r->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	assert_int_equal(bind(r->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(r->fd, (struct sockaddr *)&a, &len), 0);
	r->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&r->thread, NULL, responder_run, r), 0);
}

static void responder_stop(struct responder *r)
{
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
	close(r->fd);
}

/*
 * On a busy machine the sender skips queries, and answers take long: what follows asserts about the
 * queries that were sent, and the runs are long enough that those in question are among them.
 */
static struct dnsload_options options(unsigned port, unsigned qps, unsigned ms)
{
	return (struct dnsload_options){
		.server = "127.0.0.1",
		.port = port,
		.name = "www.example.test",
		.type = "A",
		.qps = qps,
		.duration_ms = ms,
		.wait_ms = 10000,
	};
}

static void load(struct responder *r, unsigned qps, unsigned ms, struct dnsload_result *ret)
{
	struct dnsload *l;
	cleanup_err struct err err = ERR_INIT;

	responder_start(r);
	struct dnsload_options o = options(r->port, qps, ms);
	if (r->drop[0].to) /* all of it passes */
		o.wait_ms = 2000;
	if (dnsload_start(&plain_vim, &o, &l, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(dnsload_wait_until(l, ms, NULL), 0);
	assert_true(dnsload_elapsed(l) >= ms);
	dnsload_finish(l, NULL, ret);
	responder_stop(r);
	assert_int_equal(ret->sent, ret->answered + ret->lost);
	assert_int_equal(ret->sent, ret->n_queries);
	assert_int_equal(ret->sent + ret->skipped, (uint64_t)qps * ms / 1000);
}

static void test_all_answered(void **state)
{
	(void)state;
	struct responder r = {0};
	cleanup_dnsload_result struct dnsload_result l;
	uint64_t sum = 0;

	load(&r, 1000, 500, &l);
	assert_int_equal(l.lost, 0);
	assert_int_equal(l.lost_after, 0);
	assert_int_equal(l.n_gaps, 0);
	assert_int_equal(l.longest.lost, 0);
	assert_int_equal(l.strays, 0);
	assert_int_equal(l.failed, 0);
	assert_true(l.latency_min > 0 && l.latency_min <= l.latency_mean &&
		    l.latency_mean <= l.latency_max && l.latency_p99 <= l.latency_max);
	for (size_t i = 0; i < l.n_answers; i++)
		sum += l.answers[i];
	assert_int_equal(sum, l.answered);
	for (size_t i = 1; i < l.n_queries; i++)
		assert_true(l.queries[i].sent_ms >= l.queries[i - 1].sent_ms);
	/*
	 * The schedule is absolute: no query before its time, and none later than 100 ms when its
	 * burst of at most 32 began.
	 */
	double pause =
		l.longest_pause > l.queries[0].sent_ms ? l.longest_pause : l.queries[0].sent_ms;
	for (size_t i = 0; i < l.n_queries; i++)
		assert_true(l.queries[i].sent_ms >= (double)i - 0.001);
	if (l.skipped == 0)
		for (size_t i = 0; i < l.n_queries; i++)
			assert_true(l.queries[i].sent_ms <= (double)i + 100.001 + 32 * pause);
}

static void test_loss(void **state)
{
	(void)state;
	struct responder r = {.drop = {{20, 22}, {100, 150}, {200, 203}}};
	cleanup_dnsload_result struct dnsload_result l;
	size_t longest = 0;
	double ms = 0;
	uint64_t after = 0;

	load(&r, 1000, 1000, &l);
	assert_true(l.sent > 203);
	assert_int_equal(l.lost, 55);
	/* A sender that pauses among the two lost ones makes theirs the longest gap. */
	for (size_t i = 0; i < ARRAY_SIZE(r.drop); i++) {
		double gap = l.queries[r.drop[i].to].sent_ms - l.queries[r.drop[i].from].sent_ms;
		after += r.drop[i].to - r.drop[i].from;
		if (gap > ms) {
			longest = i;
			ms = gap;
			after = 0;
		}
	}
	assert_int_equal(l.longest.lost, r.drop[longest].to - r.drop[longest].from);
	assert_true(l.longest.start_ms == l.queries[r.drop[longest].from].sent_ms);
	assert_true(l.longest.end_ms == l.queries[r.drop[longest].to].sent_ms);
	assert_false(l.longest.open);
	assert_int_equal(l.lost_after, after);
	assert_int_equal(l.n_gaps, 2);
	assert_int_equal(l.gaps[0].lost, 50);
	assert_int_equal(l.gaps[1].lost, 3);
}

static void test_loss_until_the_end(void **state)
{
	(void)state;
	struct responder r = {.drop = {{50, UINT64_MAX}}};
	cleanup_dnsload_result struct dnsload_result l;

	load(&r, 500, 1000, &l);
	assert_true(l.sent > 50);
	assert_true(l.longest.open);
	assert_true(l.longest.start_ms == l.queries[50].sent_ms);
	assert_true(l.longest.end_ms == l.queries[l.n_queries - 1].sent_ms);
	assert_int_equal(l.answered, 50);
}

static void test_strays(void **state)
{
	(void)state;
	struct responder r = {.twice = true, .rubbish = true, .rcode = 2};
	cleanup_dnsload_result struct dnsload_result l;

	load(&r, 500, 200, &l);
	assert_int_equal(l.answered, l.sent);
	assert_int_equal(l.failed, l.sent);
	/* Five each; the end does not wait for the last ones. */
	assert_in_range(l.strays, 5 * l.sent - 4, 5 * l.sent);
}

/* More queries under way than a message has ids: each answer still finds its query. */
static void test_ids_wrap(void **state)
{
	(void)state;
	struct responder r = {.delay = 66000};
	cleanup_dnsload_result struct dnsload_result l;

	load(&r, 40000, 2000, &l);
	assert_true(l.answered > 0); /* how many is a matter of the machine */
	assert_int_equal(l.strays, 0);
	/* An answer taken for that of the query 65,536 later would be here after 12 ms. */
	assert_true(l.latency_min > 500);
}

static void test_nobody_listens(void **state)
{
	(void)state;
	struct dnsload *l;
	cleanup_dnsload_result struct dnsload_result result;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int held = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(held, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(held, (struct sockaddr *)&a, &len), 0);
	close(held);
	struct dnsload_options o = options(ntohs(a.sin_port), 500, 200);
	o.wait_ms = 50;
	assert_int_equal(dnsload_start(&plain_vim, &o, &l, NULL), 0);
	assert_int_equal(dnsload_wait_until(l, 200, NULL), 0);
	dnsload_finish(l, NULL, &result);
	assert_int_equal(result.sent + result.skipped, 100);
	assert_int_equal(result.answered, 0);
	assert_int_equal(result.send_errors, 0); /* refused later, by ICMP: sent all the same */
	assert_true(result.latency_max == 0);
}

static void test_echo(void **state)
{
	(void)state;
	struct dnsload *l;
	cleanup_dnsload_result struct dnsload_result result;
	cleanup_err struct err err = ERR_INIT;
	struct dnsload_options o = options(0, 500, 200);

	o.echo = true;
	o.name = o.type = NULL;
	o.server = "x";
	assert_int_equal(dnsload_start(&plain_vim, &o, &l, &err), -EINVAL);
	err_clear(&err);
	o.server = "127.0.0.1";
	if (dnsload_start(&plain_vim, &o, &l, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(dnsload_wait_until(l, 200, NULL), 0);
	dnsload_finish(l, NULL, &result);
	assert_true(result.sent > 0);
	assert_int_equal(result.answered, result.sent);
	assert_int_equal(result.failed, 0);
}

static void test_stop(void **state)
{
	(void)state;
	struct responder r = {.drop = {{0, UINT64_MAX}}};
	struct dnsload *l;
	cleanup_dnsload_result struct dnsload_result result;
	volatile sig_atomic_t stop = 0;
	const struct run_ctx run = {.interrupted = &stop};
	uint64_t sent = 0, answered;
	double ms = 0;

	responder_start(&r);
	struct dnsload_options o = options(r.port, 1000, 60000);
	o.wait_ms = 60000;
	assert_int_equal(dnsload_start(&plain_vim, &o, &l, NULL), 0);
	for (; sent <= 10 && ms < 20000; ms += 100) {
		assert_int_equal(dnsload_wait_until(l, ms, &run), 0);
		dnsload_progress(l, &sent, &answered);
	}
	assert_true(sent > 10);
	stop = 1;
	assert_int_equal(dnsload_wait_until(l, 50000, &run), -EINTR);
	dnsload_progress(l, &sent, &answered);
	assert_int_equal(answered, 0);
	dnsload_finish(l, &run, &result);
	responder_stop(&r);
	assert_true(result.n_queries >= sent && result.n_queries < 30000);
}

static void test_bad_options(void **state)
{
	(void)state;
	static const struct {
		struct dnsload_options o;
		const char *words;
	} cases[] = {
		{{.qps = 0, .duration_ms = 1000}, "0 queries/s: must be from 1 to 100000"},
		{{.qps = 100001, .duration_ms = 1000}, "100001 queries/s"},
		{{.qps = 100000, .duration_ms = 60000},
		 "are 6000000 queries: must be from 1 to 4000000"},
		{{.qps = 1, .duration_ms = 500}, "are 0 queries: must be from 1 to 4000000"},
		{{.qps = 1, .duration_ms = 1000, .server = "x"}, "'x' port 0 must be an IP"},
		{{.qps = 1, .duration_ms = 1000, .server = "::1", .name = "..", .type = "A"},
		 "'..' must be a domain name"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_err struct err err = ERR_INIT;
		struct dnsload *l;
		assert_int_equal(dnsload_start(&plain_vim, &cases[i].o, &l, &err), -EINVAL);
		if (!strstr(err.text, cases[i].words))
			fail_msg("'%s' is not in '%s'", cases[i].words, err.text);
	}
}

static void test_evaluate(void **state)
{
	(void)state;
	struct dnsload_query q[200];
	cleanup_dnsload_result struct dnsload_result all, part, none;

	for (size_t i = 0; i < ARRAY_SIZE(q); i++)
		q[i] = (struct dnsload_query){(double)i * 10, (double)(i % 100) + 1};
	for (size_t i = 10; i < 14; i++)
		q[i].latency_ms = -1;
	for (size_t i = 150; i < 153; i++)
		q[i].latency_ms = -1;
	q[190].latency_ms = -1;

	dnsload_evaluate(q, ARRAY_SIZE(q), 0, 1e9, &all);
	assert_int_equal(all.sent, 200);
	assert_int_equal(all.lost, 8);
	assert_int_equal(all.n_gaps, 2);
	assert_true(all.longest.start_ms == 100 && all.longest.end_ms == 140);
	assert_int_equal(all.lost_after, 4);
	assert_true(all.latency_min == 1 && all.latency_max == 100);

	assert_true(all.longest_pause == 10);

	dnsload_evaluate(q, ARRAY_SIZE(q), 140, 1910, &part);
	assert_int_equal(part.sent, 177);
	assert_int_equal(part.lost, 4);
	assert_true(part.longest.start_ms == 1500 && part.longest.end_ms == 1530);
	assert_int_equal(part.lost_after, 1);

	for (size_t i = 0; i < ARRAY_SIZE(q); i++)
		q[i].latency_ms = (double)(200 - i);
	cleanup_dnsload_result struct dnsload_result full;
	dnsload_evaluate(q, ARRAY_SIZE(q), 0, 1e9, &full);
	assert_true(full.latency_p99 == 198);
	assert_true(full.latency_mean == 100.5);

	dnsload_evaluate(q, 0, 0, 1e9, &none);
	assert_int_equal(none.sent, 0);
	assert_true(none.latency_mean == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_answered),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_loss_until_the_end),
		cmocka_unit_test(test_strays),
		cmocka_unit_test(test_ids_wrap),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_evaluate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
