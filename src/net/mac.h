/* SPDX-License-Identifier: Apache-2.0 */
/* An Ethernet address as a value. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { MAC_SIZE = 6, MAC_TEXT_SIZE = 18 };

struct mac_addr {
	uint8_t bytes[MAC_SIZE];
};

/* "fa:16:3e:00:00:01", with ':' or '-', upper or lower case. False for NULL. */
bool mac_parse(const char *text, struct mac_addr *ret_mac);

/* Writes lower case with colons to buf of MAC_TEXT_SIZE bytes and returns buf. */
const char *mac_format(const struct mac_addr *mac, char *buf);

bool mac_equal(const struct mac_addr *a, const struct mac_addr *b);

/* Whether both texts are the same MAC, in any notation. */
bool mac_text_equal(const char *a, const char *b);
