// SPDX-License-Identifier: Apache-2.0
#include "deploy/dnsload.h"

#include <ctype.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "deploy/dns.h"
#include "deploy/echo.h"
#include "deploy/net.h"
#include "vim/vim.h"

enum {
	HEADER = 12,     /* of a DNS message */
	MAX_LETTERS = 6, /* 65,536 << 6 is over DNSLOAD_MAX_QUERIES */
	BURST = 32,      /* sent in a row before answers are looked at */
	LATE_MS = 100,   /* a query this late is not sent */
	RECEIVE_BUFFER = 4 << 20,
};

/*
 * Queries are numbered in the order of sending. The low 16 bits of the number are the message's id,
 * the next ones the case of letters of the name, which servers return unchanged
 * (draft-vixie-dnsext-dns0x20). So an answer identifies its query even with many outstanding.
 */
struct dnsload {
	int fd;
	pthread_t thread;
	int64_t start; /* time of the first query */
	double period; /* ms */
	unsigned wait_ms;
	uint64_t scheduled; /* queries in the whole run */

	uint8_t message[DNS_QUERY_MAX];
	size_t len;
	size_t letters[MAX_LETTERS]; /* their offsets in message */
	size_t n_letters;
	bool is_echo;
	struct echo echo;

	atomic_bool stop;    /* send only what is already due */
	atomic_bool abandon; /* send nothing, do not wait for answers */
	atomic_uint_fast64_t sent, answered;

	/* Owned by the thread until it is joined. */
	struct dnsload_query *queries; /* sent ones */
	uint64_t next;                 /* of the schedule */
	uint64_t send_errors, skipped, failed, strays;
	int send_errno;
};

static void put_number(struct dnsload *l, uint64_t number)
{
	if (l->is_echo) {
		echo_build(&l->echo, (uint32_t)number, l->message);
		return;
	}
	l->message[0] = (uint8_t)(number >> 8);
	l->message[1] = (uint8_t)number;
	for (size_t i = 0; i < l->n_letters; i++) {
		uint8_t *letter = &l->message[l->letters[i]];
		*letter = (uint8_t)((*letter & ~0x20U) | ((number >> (16 + i) & 1) ? 0 : 0x20U));
	}
}

/* The newest query that this message may answer; -1: none. */
static int64_t get_number(const struct dnsload *l, const uint8_t *m, size_t len, uint64_t sent)
{
	if (l->is_echo) {
		int64_t echoed = echo_number(&l->echo, m, len);
		return echoed < (int64_t)sent ? echoed : -1;
	}
	if (len < HEADER)
		return -1;
	uint64_t number = (uint64_t)(m[0] << 8 | m[1]);
	uint64_t cycle = UINT64_C(65536) << l->n_letters;
	if (len < l->len || !(m[2] & 0x80) || m[4] != 0 || m[5] != 1)
		return -1;
	/* Length octets of labels are below 64, so case folding does not change them. */
	for (size_t i = HEADER; i < l->len; i++)
		if (tolower(m[i]) != tolower(l->message[i]))
			return -1;
	for (size_t i = 0; i < l->n_letters; i++)
		if (!(m[l->letters[i]] & 0x20))
			number |= UINT64_C(1) << (16 + i);
	if (number >= sent)
		return -1;
	return (int64_t)(number + (sent - 1 - number) / cycle * cycle);
}

static void send_next(struct dnsload *l)
{
	uint64_t number = atomic_load(&l->sent);
	struct dnsload_query *q = &l->queries[number];

	put_number(l, number);
	q->latency_ms = -1;
	q->sent_ms = clock_ms_since(l->start);
	ssize_t n = send(l->fd, l->message, l->len, MSG_NOSIGNAL);
	if (n < 0 && errno == ECONNREFUSED) /* of an earlier query: this one was not sent */
		n = send(l->fd, l->message, l->len, MSG_NOSIGNAL);
	if (n < 0) {
		l->send_errors++;
		l->send_errno = errno;
	}
	l->next++;
	atomic_store(&l->sent, number + 1);
}

/* The schedule is absolute: a late query does not delay the next ones. */
static void send_due(struct dnsload *l)
{
	double now = clock_ms_since(l->start);
	double late = now - (double)l->next * l->period;

	if (late > LATE_MS) {
		uint64_t skip = (uint64_t)((late - LATE_MS) / l->period) + 1;
		if (skip > l->scheduled - l->next)
			skip = l->scheduled - l->next;
		l->skipped += skip;
		l->next += skip;
	}
	for (int i = 0; i < BURST && l->next < l->scheduled; i++) {
		if ((double)l->next * l->period > now)
			break;
		send_next(l);
	}
}

static void receive(struct dnsload *l)
{
	uint8_t m[4096];
	ssize_t n;

	/* An error is an ICMP message about one query, which counts as unanswered. */
	while ((n = recv(l->fd, m, sizeof(m), 0)) >= 0 || (errno != EAGAIN && errno != EINTR)) {
		if (n < 0)
			continue;
		double now = clock_ms_since(l->start);
		int64_t number = get_number(l, m, (size_t)n, atomic_load(&l->sent));
		if (number < 0 || l->queries[number].latency_ms >= 0) {
			l->strays++;
			continue;
		}
		l->queries[number].latency_ms = now - l->queries[number].sent_ms;
		if (!l->is_echo && (m[3] & 0xf))
			l->failed++;
		atomic_fetch_add(&l->answered, 1);
	}
}

/* Sleeps until a packet arrives or the time (since start) is reached. */
static void wait_packet(const struct dnsload *l, double until)
{
	double left = until - clock_ms_since(l->start);

	if (left <= 0)
		return;
	struct timespec t = {
		.tv_sec = (time_t)(left / 1e3),
		.tv_nsec = (long)(left * 1e6) % 1000000000L,
	};
	ppoll(&(struct pollfd){.fd = l->fd, .events = POLLIN}, 1, &t, NULL);
}

static void *run(void *opaque)
{
	enum { LOOK_MS = 20 }; /* how often stop and abandon are checked */
	struct dnsload *l = opaque;

	while (l->next < l->scheduled && !atomic_load(&l->abandon)) {
		if (atomic_load(&l->stop)) { /* queries already due are still sent */
			uint64_t due = (uint64_t)(clock_ms_since(l->start) / l->period) + 1;
			l->scheduled = due < l->scheduled ? due : l->scheduled;
			atomic_store(&l->stop, false);
		}
		send_due(l);
		receive(l);
		double next = (double)l->next * l->period;
		double look = clock_ms_since(l->start) + LOOK_MS;
		wait_packet(l, next < look ? next : look);
	}

	double end = clock_ms_since(l->start) + l->wait_ms;
	while (atomic_load(&l->answered) < atomic_load(&l->sent) && !atomic_load(&l->abandon)) {
		double now = clock_ms_since(l->start);
		if (now >= end)
			break;
		wait_packet(l, now + LOOK_MS < end ? now + LOOK_MS : end);
		receive(l);
	}
	return NULL;
}

static int check_options(const struct dnsload_options *o, struct err *err)
{
	uint64_t queries = (uint64_t)o->qps * o->duration_ms / 1000;

	if (o->qps < 1 || o->qps > DNSLOAD_MAX_QPS)
		return err_set(err, INVALID, "%u queries/s: must be from 1 to %d", o->qps,
			       DNSLOAD_MAX_QPS);
	if (queries < 1 || queries > DNSLOAD_MAX_QUERIES)
		return err_set(err, INVALID,
			       "%u queries/s for %u ms are %llu queries: must be from 1 to %d",
			       o->qps, o->duration_ms, (unsigned long long)queries,
			       DNSLOAD_MAX_QUERIES);
	return 0;
}

static void find_letters(struct dnsload *l)
{
	size_t at = HEADER;

	while (at < l->len && l->message[at]) {
		size_t label = l->message[at];
		for (size_t i = at + 1; i <= at + label && i < l->len; i++)
			if (isalpha(l->message[i]) && l->n_letters < MAX_LETTERS)
				l->letters[l->n_letters++] = i;
		at += label + 1;
	}
}

static int open_dns(struct dnsload *l, struct vim *vim, const struct dnsload_options *o,
		    struct err *err)
{
	struct net_address server = {0};
	int r = net_address(o->server, o->port, &server, err);

	if (r == 0)
		r = dns_message(o->name, o->type, l->message, &l->len, err);
	if (r < 0)
		return r;
	find_letters(l);
	l->fd = net_socket(vim, &server, SOCK_DGRAM, 0, err);
	if (l->fd < 0)
		return l->fd;
	if (connect(l->fd, (const struct sockaddr *)&server.sa, server.len) < 0)
		return err_net(err, errno, "cannot send to %s port %u", o->server, o->port);
	return 0;
}

static int open_echo(struct dnsload *l, struct vim *vim, const struct dnsload_options *o,
		     struct err *err)
{
	int r = echo_open(vim, o->server, &l->echo, err);

	if (r < 0)
		return r;
	l->fd = l->echo.fd;
	l->len = ICMP_ECHO_SIZE;
	l->is_echo = true;
	return 0;
}

static int open_load(struct dnsload *l, struct vim *vim, const struct dnsload_options *o,
		     struct err *err)
{
	int room = RECEIVE_BUFFER;
	int r = check_options(o, err);

	if (r == 0)
		r = o->echo ? open_echo(l, vim, o, err) : open_dns(l, vim, o, err);
	if (r < 0)
		return r;
	if (setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return 0;
}

static void load_free(struct dnsload *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free_all(l->queries, l);
}

int dnsload_start(struct vim *vim, const struct dnsload_options *options, struct dnsload **ret_load,
		  struct err *err)
{
	struct dnsload *l = xcalloc(1, sizeof(*l));

	l->fd = -1;
	int r = open_load(l, vim, options, err);
	if (r < 0) {
		load_free(l);
		return err_wrap(err, options->echo ? "echo load" : "DNS load");
	}
	l->period = 1e3 / options->qps;
	l->wait_ms = options->wait_ms;
	l->scheduled = (uint64_t)options->qps * options->duration_ms / 1000;
	l->queries = xcalloc(l->scheduled, sizeof(*l->queries));
	l->start = clock_now();

	/* The caller handles signals. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&l->thread, NULL, run, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		load_free(l);
		return err_errno(err, r, "DNS load: cannot start a thread");
	}
	/* If root: pauses of the load would be attributed to the guest. */
	pthread_setschedparam(l->thread, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
	*ret_load = l;
	return 0;
}

int64_t dnsload_started(const struct dnsload *load)
{
	return load->start;
}

double dnsload_elapsed(const struct dnsload *load)
{
	return clock_ms_since(load->start);
}

void dnsload_progress(const struct dnsload *load, uint64_t *ret_sent, uint64_t *ret_answered)
{
	*ret_sent = atomic_load(&load->sent);
	*ret_answered = atomic_load(&load->answered);
}

int dnsload_wait_until(struct dnsload *load, double ms, const struct run_ctx *run)
{
	for (;;) {
		double left = ms - dnsload_elapsed(load);
		if (run_interrupted(run))
			return -EINTR;
		if (left <= 0)
			return 0;
		clock_sleep((int64_t)((left > 20 ? 20 : left) * 1e3));
	}
}

static void count_answers(struct dnsload_result *r)
{
	double last = r->n_queries ? r->queries[r->n_queries - 1].sent_ms : 0;

	r->n_answers = (size_t)(last / DNSLOAD_BUCKET_MS) + 1;
	r->answers = xcalloc(r->n_answers, sizeof(*r->answers));
	for (size_t i = 0; i < r->n_queries; i++) {
		const struct dnsload_query *q = &r->queries[i];
		if (q->latency_ms >= 0)
			r->answers[(size_t)(q->sent_ms / DNSLOAD_BUCKET_MS)]++;
	}
}

void dnsload_finish(struct dnsload *load, const struct run_ctx *run,
		    struct dnsload_result *ret_result)
{
	struct dnsload_result result;

	if (run_interrupted(run))
		atomic_store(&load->abandon, true);
	atomic_store(&load->stop, true);
	pthread_join(load->thread, NULL);

	size_t n = atomic_load(&load->sent);
	dnsload_evaluate(load->queries, n, 0, (double)INT64_MAX, &result);
	result.send_errors = load->send_errors;
	result.send_errno = load->send_errno;
	result.skipped = load->skipped;
	result.failed = load->failed;
	result.strays = load->strays;
	result.queries = steal_ptr(load->queries);
	result.n_queries = n;
	count_answers(&result);
	load_free(load);
	*ret_result = result;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void evaluate_latencies(const struct dnsload_query *queries, size_t n,
			       struct dnsload_result *r)
{
	cleanup_free double *v = xcalloc(r->answered + 1, sizeof(*v));
	size_t answered = 0;
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (queries[i].latency_ms >= 0) {
			v[answered++] = queries[i].latency_ms;
			sum += queries[i].latency_ms;
		}
	}
	if (answered == 0)
		return;
	qsort(v, answered, sizeof(*v), by_value);
	r->latency_min = v[0];
	r->latency_max = v[answered - 1];
	r->latency_mean = sum / (double)answered;
	r->latency_p99 = v[(answered * 99 + 99) / 100 - 1]; /* nearest rank */
}

static void evaluate_gaps(const struct dnsload_query *queries, size_t n, struct dnsload_result *r)
{
	enum { MIN_LOST = 3 };

	for (size_t i = 0; i < n;) {
		if (queries[i].latency_ms >= 0) {
			i++;
			continue;
		}
		size_t end = i;
		while (end < n && queries[end].latency_ms < 0)
			end++;
		struct dnsload_gap gap = {
			.start_ms = queries[i].sent_ms,
			.end_ms = queries[end < n ? end : n - 1].sent_ms,
			.lost = end - i,
			.open = end == n,
		};
		if (r->longest.lost == 0 ||
		    gap.end_ms - gap.start_ms > r->longest.end_ms - r->longest.start_ms)
			r->longest = gap;
		if (gap.lost >= MIN_LOST)
			*array_push(r->gaps, r->n_gaps) = gap;
		i = end;
	}
}

void dnsload_evaluate(const struct dnsload_query *queries, size_t n, double from_ms, double to_ms,
		      struct dnsload_result *ret_result)
{
	struct dnsload_result r = {0};

	while (n && queries[0].sent_ms < from_ms) {
		queries++;
		n--;
	}
	while (n && queries[n - 1].sent_ms >= to_ms)
		n--;
	for (size_t i = 0; i < n; i++) {
		r.answered += queries[i].latency_ms >= 0;
		if (i && queries[i].sent_ms - queries[i - 1].sent_ms > r.longest_pause)
			r.longest_pause = queries[i].sent_ms - queries[i - 1].sent_ms;
	}
	r.sent = n;
	r.lost = n - r.answered;
	evaluate_gaps(queries, n, &r);
	for (size_t i = 0; r.lost && i < n; i++)
		r.lost_after += queries[i].latency_ms < 0 && queries[i].sent_ms > r.longest.end_ms;
	evaluate_latencies(queries, n, &r);
	*ret_result = r;
}

void dnsload_result_clear(struct dnsload_result *r)
{
	free_all(r->gaps, r->answers, r->queries);
	*r = (struct dnsload_result){0};
}
