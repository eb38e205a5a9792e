// SPDX-License-Identifier: Apache-2.0
#include "probe/probe_dns.h"

#include <arpa/nameser.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"

enum { FLAGS = 2, QR = 0x80, OPCODE = 0x78, RD = 0x01, QUESTIONS = 4, RCODE = 0x0f };

int probe_dns_question(const char *name, uint8_t ret_question[PROBE_DNS_QUESTION_MAX],
		       size_t *ret_len)
{
	const uint8_t *at = ret_question;

	if (!*name || ns_name_pton(name, ret_question, NS_MAXCDNAME) < 0)
		return -EINVAL;
	while (*at)
		at += *at + 1;
	size_t len = (size_t)(at - ret_question) + 1;
	const uint8_t type_and_class[] = {0, streq(name, ".") ? ns_t_soa : ns_t_a, 0, ns_c_in};
	memcpy(ret_question + len, type_and_class, sizeof(type_and_class));
	*ret_len = len + sizeof(type_and_class);
	return 0;
}

void probe_dns_header(uint16_t id, uint8_t ret_header[PROBE_DNS_HEADER])
{
	memset(ret_header, 0, PROBE_DNS_HEADER);
	ret_header[0] = (uint8_t)(id >> 8);
	ret_header[1] = (uint8_t)id;
	ret_header[FLAGS] = RD;
	ret_header[QUESTIONS + 1] = 1;
}

int probe_dns_id(const uint8_t *message, size_t len)
{
	if (len < PROBE_DNS_HEADER || (message[FLAGS] & (QR | OPCODE)) != QR ||
	    message[QUESTIONS] != 0 || message[QUESTIONS + 1] != 1)
		return -1;
	return message[0] << 8 | message[1];
}

int probe_dns_rcode(const uint8_t *message, size_t len, const uint8_t *question,
		    size_t question_len)
{
	if (len < PROBE_DNS_HEADER + question_len)
		return -1;
	/* Length octets of labels are below 64, so case folding does not change them. */
	for (size_t i = 0; i < question_len; i++)
		if (tolower(message[PROBE_DNS_HEADER + i]) != tolower(question[i]))
			return -1;
	return message[FLAGS + 1] & RCODE;
}
