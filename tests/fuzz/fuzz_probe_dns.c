// SPDX-License-Identifier: Apache-2.0
/* Any bytes as the answer to a DNS probe, and any text as the name that it asks for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "probe/probe_dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A question that could be built is that of its own answer. */
static void check_name(const uint8_t *data, size_t size)
{
	cleanup_free char *name = xmemdup(data, size);
	uint8_t message[PROBE_DNS_READ_MAX];
	size_t len;

	if (probe_dns_question(name, message + PROBE_DNS_HEADER, &len) < 0)
		return;
	if (len < 5 || len > PROBE_DNS_QUESTION_MAX)
		abort();
	probe_dns_header(0x1234, message);
	if (probe_dns_id(message, PROBE_DNS_HEADER + len) != -1)
		abort(); /* a query */
	message[2] |= 0x80;
	message[3] = 5;
	if (probe_dns_id(message, PROBE_DNS_HEADER + len) != 0x1234 ||
	    probe_dns_rcode(message, PROBE_DNS_HEADER + len, message + PROBE_DNS_HEADER, len) != 5)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {".", "www.example.test", "a"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint8_t question[PROBE_DNS_QUESTION_MAX];
		size_t len;
		if (probe_dns_question(names[i], question, &len) < 0)
			abort();
		if (probe_dns_id(data, size) < 0)
			break;
		int rcode = probe_dns_rcode(data, size, question, len);
		if (rcode < -1 || rcode > 15 || (rcode >= 0 && size < PROBE_DNS_HEADER + len))
			abort();
	}
	check_name(data, size);
	return 0;
}
