// SPDX-License-Identifier: Apache-2.0
#include "deploy/guest.h"

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "deploy/net.h"
#include "net/status_json.h"
#include "vim/vim.h"

enum { MAX_ANSWER = 256 << 10 };

struct request {
	struct vim *vim;
	struct strbuf body;
	bool too_big;
	struct err socket_err;
};

static size_t take_body(char *data, size_t size, size_t n, void *opaque)
{
	struct request *q = opaque;

	if (q->body.len + size * n > MAX_ANSWER) {
		q->too_big = true;
		return 0;
	}
	strbuf_add(&q->body, data, size * n);
	return size * n;
}

static curl_socket_t open_socket(void *opaque, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct request *q = opaque;

	(void)purpose;
	err_clear(&q->socket_err);
	int fd = q->vim->ops->socket(q->vim, address->family, address->socktype | SOCK_CLOEXEC,
				     address->protocol, &q->socket_err);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* Called about once a second. */
static int stop_interrupted(void *opaque, curl_off_t down_total, curl_off_t down,
			    curl_off_t up_total, curl_off_t up)
{
	const struct request *q = opaque;

	(void)down_total, (void)down, (void)up_total, (void)up;
	return run_interrupted(q->vim->run);
}

/* curl's failure as -errno with the text in err. */
static int transfer_error(CURL *curl, CURLcode code, const char *words, struct request *q,
			  struct err *err)
{
	long os_errno = 0;

	if (q->socket_err.text)
		return err_copy(err, &q->socket_err);
	if (run_interrupted(q->vim->run))
		return err_set(err, INTERRUPTED, "interrupted");
	if (q->too_big)
		return err_code(err, UNREACHABLE, EFBIG, "the reply is longer than %d bytes",
				MAX_ANSWER);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_code(err, UNREACHABLE, ETIMEDOUT, "%s", words);
	if (code == CURLE_COULDNT_CONNECT) {
		curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno);
		if (os_errno == ECONNREFUSED)
			return err_code(err, UNREACHABLE, ECONNREFUSED,
					"connection refused: check that bondd runs in the guest "
					"and that its /etc/bondd.conf names this address");
		return err_net(err, os_errno ? (int)os_errno : EHOSTUNREACH, "cannot connect");
	}
	return err_code(err, UNREACHABLE, EPROTO, "%s", words);
}

static int transfer(CURL *curl, const char *url, unsigned timeout_ms, struct request *q,
		    struct err *err)
{
	char words[CURL_ERROR_SIZE] = "";

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, q);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, q);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_interrupted);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, q);

	CURLcode code = curl_easy_perform(curl);
	if (code != CURLE_OK)
		return transfer_error(curl, code, words[0] ? words : curl_easy_strerror(code), q,
				      err);

	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return err_code(err, UNREACHABLE, EPROTO,
				"HTTP status %ld: check that the service on this port is bondd",
				status);
	return 0;
}

/* "Cloud-init v. 25.1 running 'init' at ...", and in the end "... finished at ...". */
enum tristate guest_console_day0(const char *console)
{
	static const char start[] = "Cloud-init v. ";
	const char *last = NULL;

	for (const char *p = console; (p = strstr(p, start)); p += strlen(start))
		last = p;
	if (!last)
		return TRI_UNKNOWN;
	const char *done = strstr(last, " finished at ");
	return done && done < last + strcspn(last, "\n");
}

int guest_status(struct vim *vim, const char *address, unsigned port, unsigned timeout_ms,
		 struct guest_status *ret_status, struct err *err)
{
	struct net_address parsed;
	int r = net_address(address, port, &parsed, err);

	if (r < 0)
		return r;

	bool v6 = parsed.sa.ss_family == AF_INET6;
	cleanup_free char *url =
		xasprintf("http://%s%s%s:%u/status", v6 ? "[" : "", address, v6 ? "]" : "", port);
	CURL *curl = curl_easy_init();
	if (!curl)
		return err_code(err, BUG, ENOMEM, "cannot start curl");

	struct request q = {.vim = vim};
	r = transfer(curl, url, timeout_ms, &q, err);
	if (r == 0)
		r = guest_status_parse(q.body.s ? q.body.s : "", q.body.len, ret_status, err);
	if (r < 0)
		err_wrap(err, "bondd at %s", url);
	curl_easy_cleanup(curl);
	strbuf_clear(&q.body);
	err_clear(&q.socket_err);
	return r;
}
