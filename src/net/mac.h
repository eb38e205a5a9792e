/* SPDX-License-Identifier: Apache-2.0 */
/* An Ethernet address as a value. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { MAC_SIZE = 6, MAC_TEXT_SIZE = 18 };

struct mac_addr {
	uint8_t bytes[MAC_SIZE];
};

/* "fa:16:3e:00:00:01", with ':' or '-', digits of either case. NULL is none. */
bool mac_parse(const char *text, struct mac_addr *ret_mac);

/* Lower case with colons, into buf of MAC_TEXT_SIZE bytes, which is returned. */
const char *mac_format(const struct mac_addr *mac, char *buf);

bool mac_equal(const struct mac_addr *a, const struct mac_addr *b);

/* Both are MACs, and the same one, however they are written. */
bool mac_text_equal(const char *a, const char *b);
