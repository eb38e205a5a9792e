// SPDX-License-Identifier: Apache-2.0
#include "deploy/dns.h"

#include <ldns/ldns.h>
#include <poll.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "deploy/net.h"
#include "vim/vim.h"

enum { MAX_MESSAGE = 65535, MAX_RECORDS = 4 };

DEFINE_CLEANUP(ldns_pkt *, cleanup_pkt_fn, ldns_pkt_free)
#define cleanup_pkt cleanup(cleanup_pkt_fn)

struct query {
	const struct net_address *server;
	uint8_t wire[DNS_QUERY_MAX];
	size_t len;
	int64_t deadline;
	uint8_t *answer; /* room for MAX_MESSAGE */
	size_t answer_len;
};

int dns_message(const char *name, const char *type, uint8_t message[DNS_QUERY_MAX], size_t *ret_len,
		struct err *err)
{
	ldns_rr_type rr_type = ldns_get_rr_type_by_name(type);
	ldns_rdf *dname = ldns_dname_new_frm_str(name);

	if (!dname)
		return err_set(err, INVALID, "'%s' must be a domain name", name);
	if (rr_type == 0) {
		ldns_rdf_deep_free(dname);
		return err_set(err, INVALID, "'%s' must be a DNS record type", type);
	}

	cleanup_pkt ldns_pkt *pkt = ldns_pkt_query_new(dname, rr_type, LDNS_RR_CLASS_IN, LDNS_RD);
	cleanup_free uint8_t *wire = NULL;
	size_t len = 0;
	if (!pkt) {
		ldns_rdf_deep_free(dname);
		return err_code(err, BUG, ENOMEM, "cannot build a DNS query for %s", name);
	}
	ldns_pkt_set_id(pkt, 0);
	ldns_status status = ldns_pkt2wire(&wire, pkt, &len);
	if (status != LDNS_STATUS_OK || len > DNS_QUERY_MAX)
		return err_set(err, INVALID, "cannot build a DNS query for %s: %s", name,
			       ldns_get_errorstr_by_id(status));
	memcpy(message, wire, len);
	*ret_len = len;
	return 0;
}

/* Whether it answers this query: its id, its question, and the QR bit. */
static ldns_pkt *parse_answer(const struct query *q)
{
	cleanup_pkt ldns_pkt *asked = NULL;
	cleanup_pkt ldns_pkt *got = NULL;

	if (ldns_wire2pkt(&asked, q->wire, q->len) != LDNS_STATUS_OK ||
	    ldns_wire2pkt(&got, q->answer, q->answer_len) != LDNS_STATUS_OK)
		return NULL;
	if (!ldns_pkt_qr(got) || ldns_pkt_id(got) != ldns_pkt_id(asked) ||
	    ldns_pkt_get_opcode(got) != LDNS_PACKET_QUERY || ldns_pkt_qdcount(got) != 1)
		return NULL;

	const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(asked), 0);
	const ldns_rr *echoed = ldns_rr_list_rr(ldns_pkt_question(got), 0);
	if (!echoed || ldns_rr_get_type(echoed) != ldns_rr_get_type(question) ||
	    ldns_rr_get_class(echoed) != ldns_rr_get_class(question) ||
	    ldns_dname_compare(ldns_rr_owner(echoed), ldns_rr_owner(question)) != 0)
		return NULL;
	return steal_ptr(got);
}

static int exchange_udp(int fd, struct query *q, ldns_pkt **ret_answer)
{
	if (send(fd, q->wire, q->len, MSG_NOSIGNAL) < 0)
		return -errno;
	for (;;) {
		int r = net_wait(fd, POLLIN, q->deadline);
		if (r < 0)
			return r;
		ssize_t n = recv(fd, q->answer, MAX_MESSAGE, 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		q->answer_len = (size_t)n;
		*ret_answer = parse_answer(q);
		if (*ret_answer)
			return 0;
	}
}

static int send_all(int fd, const uint8_t *data, size_t len, int64_t deadline)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		int r = net_wait(fd, POLLOUT, deadline);
		if (r < 0)
			return r;
	}
	return 0;
}

static int receive_all(int fd, uint8_t *data, size_t len, int64_t deadline)
{
	while (len > 0) {
		int r = net_wait(fd, POLLIN, deadline);
		if (r < 0)
			return r;
		ssize_t n = recv(fd, data, len, 0);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* RFC 1035 section 4.2.2: two bytes of length before each message. */
static int exchange_tcp(int fd, struct query *q, ldns_pkt **ret_answer)
{
	uint8_t prefix[2] = {(uint8_t)(q->len >> 8), (uint8_t)q->len};
	uint8_t message[sizeof(prefix) + DNS_QUERY_MAX];

	memcpy(message, prefix, sizeof(prefix));
	memcpy(message + sizeof(prefix), q->wire, q->len);
	int r = send_all(fd, message, q->len + sizeof(prefix), q->deadline);
	if (r == 0)
		r = receive_all(fd, prefix, sizeof(prefix), q->deadline);
	q->answer_len = (size_t)(prefix[0] << 8 | prefix[1]);
	if (r == 0)
		r = receive_all(fd, q->answer, q->answer_len, q->deadline);
	if (r < 0)
		return r;
	*ret_answer = parse_answer(q);
	return *ret_answer ? 0 : -EPROTO;
}

static int connect_to(int fd, const struct query *q)
{
	if (connect(fd, (const struct sockaddr *)&q->server->sa, q->server->len) == 0)
		return 0;
	return errno == EINPROGRESS ? net_wait(fd, POLLOUT, q->deadline) : -errno;
}

static char *record_text(const ldns_rr *rr)
{
	struct strbuf out = {0};

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		char *field = ldns_rdf2str(ldns_rr_rdf(rr, i));
		strbuf_addf(&out, "%s%s", i ? " " : "", field ? field : "?");
		free(field);
	}
	return strbuf_steal(&out);
}

static void take_answer(const ldns_pkt *pkt, double ms, struct dns_answer *ret)
{
	const ldns_rr_list *records = ldns_pkt_answer(pkt);
	ldns_lookup_table *rcode = ldns_lookup_by_id(ldns_rcodes, (int)ldns_pkt_get_rcode(pkt));
	struct strbuf text = {0};

	for (size_t i = 0; i < ldns_rr_list_rr_count(records) && i < MAX_RECORDS; i++) {
		cleanup_free char *record = record_text(ldns_rr_list_rr(records, i));
		strbuf_addf(&text, "%s%s", i ? "; " : "", record);
	}
	*ret = (struct dns_answer){
		.rcode = (int)ldns_pkt_get_rcode(pkt),
		.rcode_name = rcode ? xstrdup(rcode->name)
				    : xasprintf("RCODE%d", (int)ldns_pkt_get_rcode(pkt)),
		.aa = ldns_pkt_aa(pkt),
		.tc = ldns_pkt_tc(pkt),
		.n_records = (unsigned)ldns_rr_list_rr_count(records),
		.text = strbuf_steal(&text),
		.ms = ms,
	};
}

static int query_error(int r, const char *server_ip, unsigned port, bool tcp, const char *name,
		       const char *type, unsigned timeout_ms, struct err *err)
{
	const char *transport = tcp ? "TCP" : "UDP";

	if (r == -ETIMEDOUT)
		return err_code(err, UNREACHABLE, r, "DNS %s %s @%s port %u %s: no answer in %u ms",
				name, type, server_ip, port, transport, timeout_ms);
	if (r == -EPROTO)
		return err_code(err, UNREACHABLE, r,
				"DNS %s %s @%s port %u %s: the reply does not match the query",
				name, type, server_ip, port, transport);
	return err_net(err, r, "DNS %s %s @%s port %u %s", name, type, server_ip, port, transport);
}

int dns_query(struct vim *vim, const char *server_ip, unsigned port, bool tcp, const char *name,
	      const char *type, unsigned timeout_ms, struct dns_answer *ret_answer, struct err *err)
{
	struct net_address server;
	cleanup_free uint8_t *room = xcalloc(1, MAX_MESSAGE);
	cleanup_pkt ldns_pkt *answer = NULL;
	struct query q = {.server = &server, .answer = room};
	int r = net_address(server_ip, port, &server, err);

	if (r == 0)
		r = dns_message(name, type, q.wire, &q.len, err);
	if (r < 0)
		return r;
	if (getrandom(q.wire, 2, 0) != 2)
		return err_errno(err, errno, "cannot choose a DNS id");

	cleanup_close int fd = net_socket(vim, &server, tcp ? SOCK_STREAM : SOCK_DGRAM, 0, err);
	if (fd < 0)
		return err_wrap(err, "DNS %s %s @%s", name, type, server_ip);
	int64_t start = clock_now();
	q.deadline = start + timeout_ms * US_PER_MS;
	r = connect_to(fd, &q);
	if (r == 0)
		r = tcp ? exchange_tcp(fd, &q, &answer) : exchange_udp(fd, &q, &answer);
	if (r < 0)
		return query_error(r, server_ip, port, tcp, name, type, timeout_ms, err);
	take_answer(answer, clock_ms_since(start), ret_answer);
	return 0;
}

int dns_read_answer(const uint8_t *message, size_t message_len, const uint8_t *data, size_t len,
		    struct dns_answer *ret_answer)
{
	cleanup_free uint8_t *copy = xmemdup(data, len);
	struct query q = {.len = message_len, .answer = copy, .answer_len = len};

	memcpy(q.wire, message, message_len);
	cleanup_pkt ldns_pkt *answer = parse_answer(&q);
	if (!answer)
		return -EPROTO;
	take_answer(answer, 0, ret_answer);
	return 0;
}

void dns_answer_clear(struct dns_answer *a)
{
	free_all(a->rcode_name, a->text);
	*a = (struct dns_answer){0};
}
