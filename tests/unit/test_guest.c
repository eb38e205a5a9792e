// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "deploy/guest.h"
#include "net/status_json.h"
#include "plain_vim.h"

/* One HTTP exchange: takes a request, sends this, closes. */
struct http {
	int fd;
	unsigned port;
	const char *answer;
	size_t len;
	pthread_t thread;
};

static void *serve_once(void *opaque)
{
	struct http *h = opaque;
	char request[4096];
	cleanup_close int fd = accept(h->fd, NULL, NULL);

	if (fd < 0 || recv(fd, request, sizeof(request), 0) <= 0)
		return NULL;
	for (size_t at = 0; at < h->len;) {
		ssize_t n = send(fd, h->answer + at, h->len - at, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return NULL;
}

static void http_listen(struct http *h)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t a_len = sizeof(a);

	*h = (struct http){0};
	h->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(h->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(h->fd, 1), 0);
	assert_int_equal(getsockname(h->fd, (struct sockaddr *)&a, &a_len), 0);
	h->port = ntohs(a.sin_port);
}

static void http_start(struct http *h, const char *answer, size_t len)
{
	http_listen(h);
	h->answer = answer;
	h->len = len;
	assert_int_equal(pthread_create(&h->thread, NULL, serve_once, h), 0);
}

static void http_stop(struct http *h)
{
	pthread_join(h->thread, NULL);
	close(h->fd);
}

static void assert_answer(const char *answer, size_t len, int code, const char *words)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_guest_status struct guest_status s = {0};
	struct http h;

	http_start(&h, answer, len);
	assert_int_equal(guest_status(&plain_vim, "127.0.0.1", h.port, 3000, &s, &err), code);
	http_stop(&h);
	const char *text = err.text ? err.text : "";
	if (!strstr(text, words))
		fail_msg("'%s' is not in '%s'", words, text);
	assert_non_null(strstr(text, "bondd at http://127.0.0.1:"));
}

static void test_bad_answers(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		int code;
		const char *words;
	} cases[] = {
		{"HTTP/1.0 404 Not Found\r\n\r\nno", -EPROTO, "HTTP status 404"},
		{"HTTP/1.0 301 Moved\r\nLocation: http://192.0.2.1/\r\n\r\n", -EPROTO,
		 "HTTP status 301"},
		{"HTTP/1.0 200 OK\r\n\r\n", -EPROTO, "the answer is not JSON"},
		{"HTTP/1.0 200 OK\r\n\r\n{\"bonds\": [", -EPROTO,
		 "the answer is not JSON: status:1: "},
		{"HTTP/1.0 200 OK\r\n\r\n{}", -EPROTO, "the answer is not a bondd status"},
		{"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\n{}", -EPROTO, "bondd at"},
		{"SSH-2.0-OpenSSH_10.0\r\n", -EPROTO, "bondd at"},
		{"", -EPROTO, "Empty reply"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_answer(cases[i].answer, strlen(cases[i].answer), cases[i].code,
			      cases[i].words);

	cleanup_strbuf struct strbuf big = {0};
	strbuf_adds(&big, "HTTP/1.0 200 OK\r\n\r\n");
	for (int i = 0; i < 30000; i++)
		strbuf_adds(&big, "          ");
	assert_answer(big.s, big.len, -EFBIG, "the reply is longer than 262144 bytes");
}

static void test_nobody_there(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct guest_status s;
	struct http h;

	http_listen(&h);
	cleanup_close int held = h.fd; /* the kernel accepts; then silence */
	assert_int_equal(guest_status(&plain_vim, "::1", h.port, 1000, &s, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "bondd at http://[::1]:"));
	assert_non_null(strstr(err.text, "/status: connection refused: check that bondd runs"));
	assert_int_equal(guest_status(&plain_vim, "not an address", 1, 1000, &s, &err), -EINVAL);
	assert_int_equal(guest_status(&plain_vim, "127.0.0.1", h.port, 100, &s, &err), -ETIMEDOUT);
}

static int no_socket(struct vim *vim, int domain, int type, int protocol, struct err *err)
{
	(void)vim;
	(void)domain;
	(void)type;
	(void)protocol;
	return err_set(err, NOT_FOUND, "no such deployment");
}

static void test_no_socket(void **state)
{
	(void)state;
	static const struct vim_ops ops = {.socket = no_socket};
	struct vim vim = {.ops = &ops};
	cleanup_err struct err err = ERR_INIT;
	struct guest_status s;

	assert_int_equal(guest_status(&vim, "127.0.0.1", 9780, 1000, &s, &err), -ENOENT);
	assert_string_equal(err.text, "bondd at http://127.0.0.1:9780/status: no such deployment");
	assert_int_equal(guest_ping(&vim, "127.0.0.1", 1000, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "ping 127.0.0.1: no such deployment");
}

static void test_unknown_members(void **state)
{
	(void)state;
	static const char json[] =
		"{\"bonds\": [3, {}, {\"name\": 4}, {\"name\": \"bond0\", \"miimon\": \"100\","
		" \"mode\": [], \"legs\": [null, {\"name\": \"e\\u001b[2Jx\", \"carrier\": 1,"
		" \"numa_node\": 4294967296, \"speed\": -5}], \"proc\": \"a\\nb\\u0007\"}],"
		" \"interfaces\": [{\"name\": \"e\", \"addresses\": [1, \"192.0.2.1/24\"],"
		" \"gateways\": []}], \"cloud_init\": \"done\", \"uptime\": 1.5, \"more\": 1}";
	cleanup_guest_status struct guest_status s;

	assert_int_equal(guest_status_parse(json, strlen(json), &s, NULL), 0);
	assert_int_equal(s.n_bonds, 1);
	assert_int_equal(s.bonds[0].miimon, -1);
	assert_null(s.bonds[0].mode);
	assert_int_equal(s.bonds[0].n_legs, 1);
	assert_string_equal(s.bonds[0].legs[0].name, "e?[2Jx");
	assert_int_equal(s.bonds[0].legs[0].carrier, TRI_UNKNOWN);
	assert_int_equal(s.bonds[0].legs[0].numa_node, -1);
	assert_int_equal(s.bonds[0].legs[0].speed, -1);
	assert_string_equal(s.bonds[0].proc, "a\nb?");
	assert_int_equal(s.interfaces[0].addresses.n, 1);
	assert_null(s.interfaces[0].gateway4);
	assert_null(s.cloud_init.status);
	assert_int_equal(s.uptime, -1);
}

static void test_ping(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	double ms = -1;

	if (guest_ping(&plain_vim, "127.0.0.1", 2000, &ms, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(ms >= 0 && ms < 2000);
	if (guest_ping(&plain_vim, "::1", 2000, &ms, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(guest_ping(&plain_vim, "x", 2000, &ms, &err), -EINVAL);
}

static void test_cloud_init_on_the_console(void **state)
{
	(void)state;
	assert_int_equal(guest_console_day0(""), TRI_UNKNOWN);
	assert_int_equal(guest_console_day0("login: "), TRI_UNKNOWN);
	assert_int_equal(guest_console_day0("x: Cloud-init v. 25.1.4 running 'init' at Mon\nlogin: "
					    "finished at last"),
			 TRI_NO);
	assert_int_equal(guest_console_day0("Cloud-init v. 25.1 running 'modules:final' at\n"
					    "[ 9.1] Cloud-init v. 25.1 finished at Mon\nlogin:"),
			 TRI_YES);
	/* It was started again. */
	assert_int_equal(guest_console_day0("Cloud-init v. 25.1 finished at Mon\n"
					    "Cloud-init v. 25.1 running 'init-local' at"),
			 TRI_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_no_socket),
		cmocka_unit_test(test_unknown_members),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_cloud_init_on_the_console),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
