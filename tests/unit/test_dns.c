// SPDX-License-Identifier: Apache-2.0
/* Before ldns, which defines a bool of its own otherwise. */
#include <stdbool.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ldns/ldns.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "deploy/dns.h"
#include "plain_vim.h"

/* What the responder does with a query. */
enum behaviour {
	GOOD,
	NXDOMAIN,
	TRUNCATED, /* TC bit, no records */
	SILENT,
	WRONG_ID,    /* and nothing more */
	WRONG_FIRST, /* wrong id, wrong question, garbage, cut short, a query; then good */
	WRONG_QUESTION,
	GARBAGE,
	CUT_SHORT, /* TCP: fewer bytes than announced */
	CLOSE,     /* TCP: at once */
};

struct responder {
	int fd;
	bool tcp;
	unsigned port;
	enum behaviour behaviour;
	pthread_t thread;
};

/* The answer to the query m, in wire format. */
static uint8_t *make_answer(const uint8_t *m, size_t len, const char *name, unsigned id_offset,
			    ldns_pkt_rcode rcode, bool tc, size_t *ret_len)
{
	ldns_pkt *query;
	uint8_t *wire;

	assert_int_equal(ldns_wire2pkt(&query, m, len), LDNS_STATUS_OK);
	ldns_pkt *answer = ldns_pkt_new();
	ldns_rr *question = ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(query), 0));
	if (name) {
		ldns_rdf_deep_free(ldns_rr_owner(question));
		ldns_rr_set_owner(question, ldns_dname_new_frm_str(name));
	}
	ldns_pkt_push_rr(answer, LDNS_SECTION_QUESTION, question);
	ldns_pkt_set_id(answer, (uint16_t)(ldns_pkt_id(query) + id_offset));
	ldns_pkt_set_qr(answer, true);
	ldns_pkt_set_aa(answer, true);
	ldns_pkt_set_tc(answer, tc);
	ldns_pkt_set_rcode(answer, rcode);
	if (rcode == LDNS_RCODE_NOERROR && !tc) {
		static const char *const records[] = {"www.example.test. 60 IN A 192.0.2.10",
						      "www.example.test. 60 IN A 192.0.2.11"};
		for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
			ldns_rr *rr;
			assert_int_equal(ldns_rr_new_frm_str(&rr, records[i], 0, NULL, NULL),
					 LDNS_STATUS_OK);
			ldns_pkt_push_rr(answer, LDNS_SECTION_ANSWER, rr);
		}
	}
	assert_int_equal(ldns_pkt2wire(&wire, answer, ret_len), LDNS_STATUS_OK);
	ldns_pkt_free(answer);
	ldns_pkt_free(query);
	return wire;
}

static void send_message(int fd, bool tcp, const struct sockaddr *to, socklen_t to_len,
			 const uint8_t *m, size_t len, size_t announced)
{
	if (tcp) {
		/* In two pieces: the reader must put them together. */
		uint8_t prefix[2] = {(uint8_t)(announced >> 8), (uint8_t)announced};
		send(fd, prefix, 1, MSG_NOSIGNAL);
		usleep(2000);
		send(fd, prefix + 1, 1, MSG_NOSIGNAL);
		send(fd, m, len, MSG_NOSIGNAL);
	} else {
		sendto(fd, m, len, 0, to, to_len);
	}
}

static void respond(enum behaviour behaviour, int fd, bool tcp, const struct sockaddr *to,
		    socklen_t to_len, const uint8_t *m, size_t len)
{
	static const uint8_t garbage[] = {0xde, 0xad, 0xbe, 0xef, 0xff, 0xff, 0xff, 0xff, 0xc0,
					  0x0c, 0xc0, 0x0c, 0xc0, 0x0c, 0xc0, 0x0c, 0xff, 0xff};
	size_t n;
	ldns_pkt_rcode rcode = behaviour == NXDOMAIN ? LDNS_RCODE_NXDOMAIN : LDNS_RCODE_NOERROR;
	cleanup_free uint8_t *good =
		make_answer(m, len, NULL, 0, rcode, behaviour == TRUNCATED, &n);
	size_t n_id, n_name;
	cleanup_free uint8_t *wrong_id =
		make_answer(m, len, NULL, 1, LDNS_RCODE_NOERROR, false, &n_id);
	cleanup_free uint8_t *wrong_name =
		make_answer(m, len, "evil.test.", 0, LDNS_RCODE_NOERROR, false, &n_name);

	if (behaviour == WRONG_ID || behaviour == WRONG_FIRST)
		send_message(fd, tcp, to, to_len, wrong_id, n_id, n_id);
	if (behaviour == WRONG_QUESTION || behaviour == WRONG_FIRST)
		send_message(fd, tcp, to, to_len, wrong_name, n_name, n_name);
	if (behaviour == GARBAGE || behaviour == WRONG_FIRST)
		send_message(fd, tcp, to, to_len, garbage, sizeof(garbage), sizeof(garbage));
	if (behaviour == CUT_SHORT || behaviour == WRONG_FIRST)
		send_message(fd, tcp, to, to_len, good, n / 2, n);
	if (behaviour == WRONG_FIRST) {
		send_message(fd, tcp, to, to_len, good, 0, 0);
		send_message(fd, tcp, to, to_len, m, len, len);
	}
	if (behaviour == GOOD || behaviour == NXDOMAIN || behaviour == TRUNCATED ||
	    behaviour == WRONG_FIRST)
		send_message(fd, tcp, to, to_len, good, n, n);
}

/* Serves one query. */
static void *responder_run(void *opaque)
{
	struct responder *r = opaque;
	uint8_t m[1024];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct sockaddr *to = (struct sockaddr *)&from;

	if (!r->tcp) {
		ssize_t n = recvfrom(r->fd, m, sizeof(m), 0, to, &from_len);
		if (n > 0)
			respond(r->behaviour, r->fd, false, to, from_len, m, (size_t)n);
		return NULL;
	}
	cleanup_close int fd = accept(r->fd, NULL, NULL);
	ssize_t n = recv(fd, m, sizeof(m), MSG_PEEK);
	while (n >= 2 && n < (m[0] << 8 | m[1]) + 2)
		n = recv(fd, m, sizeof(m), MSG_PEEK);
	if (n < 2 || r->behaviour == CLOSE)
		return NULL;
	recv(fd, m, sizeof(m), 0);
	respond(r->behaviour, fd, true, NULL, 0, m + 2, (size_t)n - 2);
	if (r->behaviour == SILENT)
		recv(fd, m, sizeof(m), 0);
	return NULL;
}

static void responder_start(struct responder *r, int family, bool tcp, enum behaviour behaviour)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr *a = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t len = family == AF_INET ? sizeof(v4) : sizeof(v6);

	*r = (struct responder){.tcp = tcp, .behaviour = behaviour};
	r->fd = socket(family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	assert_int_equal(bind(r->fd, a, len), 0);
	if (tcp)
		assert_int_equal(listen(r->fd, 1), 0);
	assert_int_equal(getsockname(r->fd, a, &len), 0);
	r->port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	assert_int_equal(pthread_create(&r->thread, NULL, responder_run, r), 0);
}

static int ask(int family, bool tcp, enum behaviour behaviour, unsigned timeout_ms,
	       struct dns_answer *ret, struct err *err)
{
	struct responder r;

	responder_start(&r, family, tcp, behaviour);
	int result = dns_query(&plain_vim, family == AF_INET ? "127.0.0.1" : "::1", r.port, tcp,
			       "WWW.example.test", "A", timeout_ms, ret, err);
	pthread_join(r.thread, NULL);
	close(r.fd);
	return result;
}

static void test_good(void **state)
{
	(void)state;
	static const int families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < 4; i++) {
		cleanup_err struct err err = ERR_INIT;
		cleanup_dns_answer struct dns_answer a = {0};
		if (ask(families[i & 1], i & 2, GOOD, 5000, &a, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(a.rcode, 0);
		assert_string_equal(a.rcode_name, "NOERROR");
		assert_true(a.aa);
		assert_false(a.tc);
		assert_int_equal(a.n_records, 2);
		assert_string_equal(a.text, "192.0.2.10; 192.0.2.11");
		assert_true(a.ms > 0 && a.ms < 5000);
	}
}

static void test_other_answers(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct dns_answer a;

	assert_int_equal(ask(AF_INET, false, NXDOMAIN, 5000, &a, &err), 0);
	assert_int_equal(a.rcode, 3);
	assert_string_equal(a.rcode_name, "NXDOMAIN");
	assert_string_equal(a.text, "");
	dns_answer_clear(&a);

	assert_int_equal(ask(AF_INET, false, TRUNCATED, 5000, &a, &err), 0);
	assert_true(a.tc);
	assert_int_equal(a.n_records, 0);
	dns_answer_clear(&a);

	assert_int_equal(ask(AF_INET, false, WRONG_FIRST, 5000, &a, &err), 0);
	assert_string_equal(a.text, "192.0.2.10; 192.0.2.11");
	dns_answer_clear(&a);
}

static void test_no_answer(void **state)
{
	(void)state;
	static const enum behaviour udp[] = {SILENT, WRONG_ID, WRONG_QUESTION, GARBAGE, CUT_SHORT};
	static const enum behaviour tcp[] = {WRONG_ID, WRONG_QUESTION, GARBAGE};
	cleanup_err struct err err = ERR_INIT;
	struct dns_answer a;

	for (size_t i = 0; i < ARRAY_SIZE(udp); i++) {
		assert_int_equal(ask(AF_INET, false, udp[i], 100, &a, &err), -ETIMEDOUT);
		assert_non_null(strstr(err.text, "UDP: no answer in 100 ms"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(tcp); i++) {
		assert_int_equal(ask(AF_INET, true, tcp[i], 5000, &a, &err), -EPROTO);
		assert_non_null(strstr(err.text, "TCP: the reply does not match the query"));
	}
	assert_int_equal(ask(AF_INET, true, SILENT, 100, &a, &err), -ETIMEDOUT);
	assert_int_equal(ask(AF_INET, true, CUT_SHORT, 5000, &a, &err), -ECONNRESET);
	assert_int_equal(ask(AF_INET, true, CLOSE, 5000, &a, &err), -ECONNRESET);
}

static void test_refused(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct dns_answer a;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	cleanup_close int held = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening */

	assert_int_equal(bind(held, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(held, (struct sockaddr *)&in, &len), 0);
	for (int tcp = 0; tcp < 2; tcp++)
		assert_int_equal(dns_query(&plain_vim, "127.0.0.1", ntohs(in.sin_port), tcp,
					   "www.example.test", "A", 3000, &a, &err),
				 -ECONNREFUSED);
	assert_non_null(strstr(err.text, "DNS www.example.test A @127.0.0.1 port "));
	assert_non_null(strstr(err.text, "TCP: Connection refused"));
}

static void test_bad_arguments(void **state)
{
	(void)state;
	static const struct {
		const char *server, *name, *type;
	} cases[] = {
		{"dns.example", "www.example.test", "A"},
		{"127.0.0.1", "a..b", "A"},
		{"127.0.0.1",
		 "0123456789012345678901234567890123456789012345678901234567890123.test", "A"},
		{"127.0.0.1", "www.example.test", "NOTYPE"},
		{"", "www.example.test", "A"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_err struct err err = ERR_INIT;
		struct dns_answer a;
		assert_int_equal(dns_query(&plain_vim, cases[i].server, 53, false, cases[i].name,
					   cases[i].type, 100, &a, &err),
				 -EINVAL);
		assert_non_null(err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),          cmocka_unit_test(test_other_answers),
		cmocka_unit_test(test_no_answer),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
