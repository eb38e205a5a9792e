// SPDX-License-Identifier: Apache-2.0
/* Any bytes as the answer to a DNS query; the id may be that of the query or not. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "deploy/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"A", "SOA", "TXT"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		cleanup_dns_answer struct dns_answer a = {0};
		uint8_t message[DNS_QUERY_MAX];
		size_t len;
		if (dns_message("www.example.test", types[i], message, &len, NULL) < 0)
			abort();
		if (size > 2)
			memcpy(message, data, 2);
		if (dns_read_answer(message, len, data, size, &a) == 0 &&
		    (!a.rcode_name || !a.text))
			abort();
	}
	return 0;
}
