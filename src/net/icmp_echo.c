// SPDX-License-Identifier: Apache-2.0
#include "net/icmp_echo.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>

/* Both protocols have the same layout: RFC 792, RFC 4443 section 4. */
struct message {
	uint8_t type, code;
	uint16_t checksum;
	uint16_t id, sequence;
	uint8_t token[ICMP_ECHO_TOKEN];
	uint32_t number;
};

_Static_assert(sizeof(struct message) == ICMP_ECHO_SIZE, "echo message");

/* RFC 1071: the same in either byte order */
static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2) {
		uint16_t word;

		memcpy(&word, p + i, sizeof(word));
		sum += word;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void icmp_echo_build(bool v6, const struct icmp_echo *echo, uint8_t ret_request[ICMP_ECHO_SIZE])
{
	struct message m = {
		.type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
		.sequence = htons(echo->sequence),
		.number = htonl(echo->number),
	};

	memcpy(&m.id, echo->token, sizeof(m.id));
	memcpy(m.token, echo->token, sizeof(m.token));
	if (!v6) /* the kernel's work in IPv6 */
		m.checksum = checksum(&m, sizeof(m));
	memcpy(ret_request, &m, sizeof(m));
}

bool icmp_echo_read(bool v6, bool ip_header, const uint8_t *packet, size_t len,
		    struct icmp_echo *ret_echo)
{
	struct message m;

	if (ip_header) {
		size_t header = len > 0 ? (packet[0] & 0xfU) * 4U : 0;
		if (header < sizeof(struct iphdr) || header > len)
			return false;
		packet += header;
		len -= header;
	}
	if (len < sizeof(m))
		return false;
	memcpy(&m, packet, sizeof(m));
	if (m.type != (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY))
		return false;
	ret_echo->sequence = ntohs(m.sequence);
	ret_echo->number = ntohl(m.number);
	memcpy(ret_echo->token, m.token, sizeof(m.token));
	return true;
}
