/* SPDX-License-Identifier: Apache-2.0 */
/* A connection of NetworkManager while nmcli commands or a keyfile are read. */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "day0/link.h"

struct nm {
	const struct text *text;
	struct guest_links *links;
	struct findings *findings;
	struct guest_link *link; /* the connection that is added or changed */
	size_t line;             /* of the current word or key */
	bool method4;            /* whether ipv4.method is given */
};

/* nmcli accepts abbreviated words, of at least that length. */
bool nm_abbreviates(const char *s, const char *whole, size_t least);

/*
 * Sets a property by its whole name ("ipv4.addresses"), with "+" or "-" before it to add or remove
 * a value, or by an alias of "connection add". False: it is one that does not matter here.
 */
bool nm_set(struct nm *n, const char *word, const char *value);

/* The method of IPv4 that NetworkManager uses if none is given: DHCP, but none for a leg. */
void nm_finish(struct nm *n);
