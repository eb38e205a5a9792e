// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/http.h"

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/str.h"
#include "vim/openstack/clouds.h"

#define CONNECT_MS        10000L
#define DEFAULT_TIMEOUT_S 60
#define MAX_CONNECTIONS   8L /* per host: an API worker's queue accepts them */
#define INTERRUPT_MS      5000.0

struct transfer {
	struct transfer *next;
	CURL *curl;
	struct curl_slist *headers;
	const struct http_upload *upload;
	uint64_t uploaded;
	struct strbuf body;
	bool too_big;
	struct http_headers answer_headers;
	double start_ms;
	char words[CURL_ERROR_SIZE];
	http_done_fn *done;
	void *data;
};

struct timer {
	double at_ms;
	void (*fn)(void *data);
	void *data;
};

struct http {
	CURLM *multi;
	const struct cloud *cloud;
	const struct run_ctx *run;
	long timeout_s;
	struct transfer *transfers;
	struct timer *timers;
	size_t n_timers;
	int64_t origin;
};

static double now_ms(const struct http *http)
{
	return clock_ms_since(http->origin);
}

struct http *http_new(const struct cloud *cloud, const struct run_ctx *run)
{
	struct http *http = xcalloc(1, sizeof(*http));
	const char *timeout = getenv("DNSVNF_HTTP_TIMEOUT");
	int64_t seconds = DEFAULT_TIMEOUT_S;

	curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup, xcalloc);
	if (timeout)
		(void)str_to_int(timeout, 1, 3600, &seconds);
	http->timeout_s = (long)seconds;
	http->cloud = cloud;
	http->run = run;
	http->origin = clock_now();
	http->multi = curl_multi_init();
	if (!http->multi)
		out_of_memory();
	curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, MAX_CONNECTIONS);
	return http;
}

static void transfer_free(struct http *http, struct transfer *t)
{
	curl_multi_remove_handle(http->multi, t->curl);
	curl_easy_cleanup(t->curl);
	curl_slist_free_all(t->headers);
	strbuf_clear(&t->body);
	http_headers_clear(&t->answer_headers);
	free(t);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	while (http->transfers) {
		struct transfer *t = http->transfers;
		http->transfers = t->next;
		transfer_free(http, t);
	}
	curl_multi_cleanup(http->multi);
	free_all(http->timers, http);
}

static size_t take_body(char *data, size_t size, size_t n, void *opaque)
{
	struct transfer *t = opaque;

	t->too_big = t->body.len + size * n > HTTP_MAX_ANSWER;
	if (t->too_big)
		return 0;
	strbuf_add(&t->body, data, size * n);
	return size * n;
}

/* The value when the line is that header, else NULL. */
static char *header_value(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	const char *value = line + n + 1, *end = line + len;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
		end--;
	return xstrndup(value, (size_t)(end - value));
}

void http_headers_clear(struct http_headers *h)
{
	if (h->subject_token)
		explicit_bzero(h->subject_token, strlen(h->subject_token));
	free_all(h->subject_token, h->request_id);
	*h = (struct http_headers){.retry_after = -1};
}

void http_read_header(const char *data, size_t len, struct http_headers *h)
{
	cleanup_free char *retry = header_value(data, len, "retry-after");
	char *id = header_value(data, len, "x-openstack-request-id");
	char *token = header_value(data, len, "x-subject-token");
	int64_t seconds;

	if (!id)
		id = header_value(data, len, "x-compute-request-id");
	if (id) {
		free(h->request_id);
		h->request_id = id;
	}
	if (token) {
		free(h->subject_token);
		h->subject_token = token;
	}
	if (retry && str_to_int(retry, 0, 3600, &seconds) == 0)
		h->retry_after = (double)seconds;
}

static size_t take_header(char *data, size_t size, size_t n, void *opaque)
{
	struct transfer *t = opaque;

	http_read_header(data, size * n, &t->answer_headers);
	return size * n;
}

static size_t give_body(char *buffer, size_t size, size_t n, void *opaque)
{
	struct transfer *t = opaque;
	ssize_t got = pread(t->upload->fd, buffer, size * n, (off_t)t->uploaded);

	if (got < 0)
		return CURL_READFUNC_ABORT;
	t->uploaded += (uint64_t)got;
	if (t->upload->sent)
		t->upload->sent(t->upload->data, buffer, (size_t)got, t->uploaded);
	return (size_t)got;
}

/* Credentials are sent only with the scheme that the cloud names. */
static void set_security(CURL *curl, const struct cloud *cloud)
{
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, cloud->verify ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, cloud->verify ? 2L : 0L);
	if (cloud->cacert)
		curl_easy_setopt(curl, CURLOPT_CAINFO, cloud->cacert);
	if (cloud->cert)
		curl_easy_setopt(curl, CURLOPT_SSLCERT, cloud->cert);
	if (cloud->key)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, cloud->key);
}

void http_start(struct http *http, const struct http_request *request, http_done_fn *done,
		void *data)
{
	struct transfer *t = xcalloc(1, sizeof(*t));
	CURL *curl = curl_easy_init();

	if (!curl)
		out_of_memory();
	*t = (struct transfer){.next = http->transfers,
			       .curl = curl,
			       .headers = request->headers,
			       .upload = request->upload,
			       .answer_headers.retry_after = -1,
			       .start_ms = now_ms(http),
			       .done = done,
			       .data = data};
	http->transfers = t;
	curl_easy_setopt(curl, CURLOPT_PRIVATE, t);
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, request->headers);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	/* A large listing may take long: the timeout applies if no byte arrives. */
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, request->upload ? 1000L : 1L);
	if (!request->upload)
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)http_deadline_ms(http));
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, http->timeout_s);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->words);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
	set_security(curl, http->cloud);
	if (request->once)
		curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	if (request->body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	if (request->upload) {
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
		curl_easy_setopt(curl, CURLOPT_READDATA, t);
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->upload->size);
	}
	curl_multi_add_handle(http->multi, curl);
}

void http_after(struct http *http, double delay_ms, void (*fn)(void *data), void *data)
{
	*array_push(http->timers, http->n_timers) =
		(struct timer){now_ms(http) + delay_ms, fn, data};
}

/* Why there is no answer, as -errno, and whether the server may have received the request. */
static void explain(const struct transfer *t, CURLcode code, struct http_answer *answer)
{
	const char *words = t->words[0] ? t->words : curl_easy_strerror(code);
	long os_errno = 0;
	curl_off_t connected = 0;

	curl_easy_getinfo(t->curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
	answer->reached = connected > 0;
	if (t->too_big) {
		err_set(&answer->err, FAILED, "the reply is longer than %d bytes", HTTP_MAX_ANSWER);
		return;
	}
	if (code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_READ_ERROR) {
		err_set(&answer->err, LOCAL, "cannot read the file to upload: %s", words);
		return;
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		err_code(&answer->err, UNREACHABLE, ETIMEDOUT, "no reply in time: %s", words);
		return;
	}
	curl_easy_getinfo(t->curl, CURLINFO_OS_ERRNO, &os_errno);
	bool refused = code == CURLE_COULDNT_CONNECT && os_errno == ECONNREFUSED;
	err_code(&answer->err, UNREACHABLE, refused ? ECONNREFUSED : EHOSTUNREACH, "%s", words);
}

/* Removes the transfer from the list, calls done and frees it. */
static void finish(struct http *http, struct transfer *t, CURLcode code)
{
	struct http_answer answer = {.body = t->body.s ? t->body.s : "",
				     .len = t->body.len,
				     .request_id = t->answer_headers.request_id,
				     .subject_token = t->answer_headers.subject_token,
				     .retry_after = t->answer_headers.retry_after,
				     .start_ms = t->start_ms,
				     .ms = now_ms(http) - t->start_ms};

	for (struct transfer **at = &http->transfers; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	if (code == CURLE_OK)
		curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &answer.status);
	else
		explain(t, code, &answer);
	t->done(t->data, &answer);
	err_clear(&answer.err);
	transfer_free(http, t);
}

bool http_interrupted(const struct http *http)
{
	return run_interrupted(http->run);
}

void http_uninterruptible(struct http *http)
{
	http->run = NULL;
}

/* Calls the timers that are due; returns ms until the next one, at most limit. */
static double run_timers(struct http *http, double limit)
{
	double next = limit;

	for (size_t i = 0; i < http->n_timers;) {
		struct timer timer = http->timers[i];
		double left = timer.at_ms - now_ms(http);
		if (left > 0 && !http_interrupted(http)) {
			next = left < next ? left : next;
			i++;
			continue;
		}
		http->timers[i] = http->timers[--http->n_timers];
		timer.fn(timer.data); /* may add timers */
	}
	return next;
}

static void give_up(struct http *http)
{
	while (http->transfers) {
		struct transfer *t = http->transfers;
		snprintf(t->words, sizeof(t->words), "interrupted");
		finish(http, t, CURLE_OPERATION_TIMEDOUT);
	}
}

void http_run(struct http *http)
{
	double interrupted_at = -1;

	while (http->transfers || http->n_timers) {
		int running, left;
		CURLMsg *message;

		if (http_interrupted(http) && interrupted_at < 0)
			interrupted_at = now_ms(http);
		if (http_interrupted(http) && now_ms(http) - interrupted_at > INTERRUPT_MS)
			give_up(http);
		curl_multi_perform(http->multi, &running);
		while ((message = curl_multi_info_read(http->multi, &left))) {
			struct transfer *t;
			if (message->msg != CURLMSG_DONE)
				continue;
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
			finish(http, t, message->data.result);
		}
		double pause = run_timers(http, 200);
		if (!http->transfers && !http->n_timers)
			break;
		curl_multi_poll(http->multi, NULL, 0, (int)pause + 1, NULL);
	}
}

double http_deadline_ms(const struct http *http)
{
	return (double)http->timeout_s * 1e3 * HTTP_DEADLINE;
}

double http_elapsed(const struct http *http)
{
	return now_ms(http);
}
