/* SPDX-License-Identifier: Apache-2.0 */
/* One DNS query and its answer, in the deployment's networks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct vim;

struct dns_answer {
	int rcode;          /* RFC 6895: 0 NOERROR, 3 NXDOMAIN, 5 REFUSED ... */
	char *rcode_name;   /* "NOERROR" ... */
	bool aa;            /* authoritative */
	bool tc;            /* truncated: the UDP answer is incomplete */
	unsigned n_records; /* in the answer section */
	char *text;         /* data of the first records, joined by "; ": "192.0.2.10", or "" */
	double ms;          /* from sending (TCP: from connecting) to the answer */
};

/*
 * Queries the server at server_ip (IPv4 or IPv6), port (53), for name and type ("A", "AAAA", "SOA"
 * ...), once by UDP, or by TCP. Any well-formed answer to this question is a success, with any
 * rcode; other UDP packets are ignored. The caller clears *ret_answer. -ETIMEDOUT: no answer in
 * timeout_ms; -ECONNREFUSED: no server on that port; -EPROTO: unexpected data over TCP; -EINVAL:
 * invalid address, name or type.
 */
int dns_query(struct vim *vim, const char *server_ip, unsigned port, bool tcp, const char *name,
	      const char *type, unsigned timeout_ms, struct dns_answer *ret_answer,
	      struct err *err);

#define DNS_QUERY_MAX (12 + 255 + 4) /* header, name, type and class: RFC 1035 section 4.1 */

/* The query's message, with recursion desired and id 0; -EINVAL. */
int dns_message(const char *name, const char *type, uint8_t message[DNS_QUERY_MAX], size_t *ret_len,
		struct err *err);

/* For tests: reads data as the answer to that message (dns_message); -EPROTO: it is none. */
int dns_read_answer(const uint8_t *message, size_t message_len, const uint8_t *data, size_t len,
		    struct dns_answer *ret_answer);

void dns_answer_clear(struct dns_answer *a);

#define cleanup_dns_answer __attribute__((__cleanup__(dns_answer_clear)))
