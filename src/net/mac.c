// SPDX-License-Identifier: Apache-2.0
#include "net/mac.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool mac_parse(const char *text, struct mac_addr *ret_mac)
{
	struct mac_addr mac;

	if (!text || strlen(text) != MAC_TEXT_SIZE - 1)
		return false;
	for (size_t i = 0; i < MAC_SIZE; i++, text += 3) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
		    (i + 1 < MAC_SIZE && text[2] != ':' && text[2] != '-'))
			return false;
		mac.bytes[i] = (uint8_t)strtoul((const char[]){text[0], text[1], 0}, NULL, 16);
	}
	*ret_mac = mac;
	return true;
}

const char *mac_format(const struct mac_addr *mac, char *buf)
{
	const uint8_t *b = mac->bytes;

	snprintf(buf, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
	return buf;
}

bool mac_equal(const struct mac_addr *a, const struct mac_addr *b)
{
	return memcmp(a->bytes, b->bytes, MAC_SIZE) == 0;
}

bool mac_text_equal(const char *a, const char *b)
{
	struct mac_addr x, y;

	return mac_parse(a, &x) && mac_parse(b, &y) && mac_equal(&x, &y);
}
