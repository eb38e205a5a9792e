// SPDX-License-Identifier: Apache-2.0
/* Any lines as the headers of a cloud's answer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vim/openstack/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_headers h = {.retry_after = -1};

	for (size_t at = 0, n; at < size; at += n) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		n = end ? (size_t)(end - data) - at + 1 : size - at;
		http_read_header((const char *)data + at, n, &h);
	}
	if (h.retry_after > 3600 || (h.request_id && strchr(h.request_id, '\n')))
		abort();
	http_headers_clear(&h);
	return 0;
}
