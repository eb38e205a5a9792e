/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DNS messages of a probe. Of an answer only the header and the question are read: the records
 * of a stranger's message do not matter here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROBE_DNS_HEADER = 12,
	PROBE_DNS_QUESTION_MAX = 255 + 4,
	PROBE_DNS_READ_MAX = PROBE_DNS_HEADER + PROBE_DNS_QUESTION_MAX, /* bytes of an answer */
};

/* Name, type and class as in a message: "." is asked for SOA, other names for A; -EINVAL. */
int probe_dns_question(const char *name, uint8_t ret_question[PROBE_DNS_QUESTION_MAX],
		       size_t *ret_len);

/* The header of a query with one question, recursion desired (as deploy/dns.h). */
void probe_dns_header(uint16_t id, uint8_t ret_header[PROBE_DNS_HEADER]);

/* The id of a message that is an answer to a standard query with one question; -1: it is not. */
int probe_dns_id(const uint8_t *message, size_t len);

/*
 * The rcode (RFC 1035, 4.1.1) of the message, for which probe_dns_id is not -1, if it repeats the
 * question, in letters of either case; else -1.
 */
int probe_dns_rcode(const uint8_t *message, size_t len, const uint8_t *question,
		    size_t question_len);
