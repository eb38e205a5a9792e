// SPDX-License-Identifier: Apache-2.0
/* Any packet as the answer to an echo. What is taken for one is what a request with the same
 * contents gets. */
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/icmp_echo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool v6, bool ip_header, const uint8_t *data, size_t size)
{
	struct icmp_echo echo, again;
	uint8_t message[ICMP_ECHO_SIZE];

	if (!icmp_echo_read(v6, ip_header, data, size, &echo))
		return;
	icmp_echo_build(v6, &echo, message);
	message[0] = v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
	if (!icmp_echo_read(v6, false, message, sizeof(message), &again) ||
	    again.sequence != echo.sequence || again.number != echo.number ||
	    memcmp(again.token, echo.token, sizeof(echo.token)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(true, false, data, size);
	check(false, false, data, size);
	check(false, true, data, size);
	return 0;
}
