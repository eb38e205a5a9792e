// SPDX-License-Identifier: Apache-2.0
#include "bondd/status.h"

#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "net/ip.h"

/* metrics[i] is the metric of the gateway found so far for interface i. */
static void offer(struct guest_status *s, unsigned *metrics, const char *name, unsigned metric,
		  const struct ip_addr *address)
{
	struct guest_interface *i = guest_status_interface(s, name);

	if (!i)
		return;
	char **gateway = address->version == 6 ? &i->gateway6 : &i->gateway4;
	size_t index = (size_t)(i - s->interfaces);
	if (*gateway && metrics[index] <= metric)
		return;
	free(*gateway);
	*gateway = ip_to_str(address);
	metrics[index] = metric;
}

static const char *next_line(const char *line)
{
	const char *newline = strchr(line, '\n');

	return newline ? newline + 1 : line + strlen(line);
}

void route4_take(const char *text, struct guest_status *s)
{
	cleanup_free unsigned *metrics = xcalloc(s->n_interfaces + 1, sizeof(*metrics));

	for (const char *line = text; *line; line = next_line(line)) {
		char name[16];
		unsigned destination, gateway, flags, metric, mask;
		/* Addresses are printed as integers in host byte order. */
		if (sscanf(line, "%15s %8x %8x %4x %*d %*u %u %8x", name, &destination, &gateway,
			   &flags, &metric, &mask) != 6)
			continue;
		struct ip_addr ip = ip_from_bytes(AF_INET, &gateway, sizeof(gateway));
		if (destination == 0 && mask == 0 && (flags & RTF_UP) && (flags & RTF_GATEWAY))
			offer(s, metrics, name, metric, &ip);
	}
}

/* 32 hex digits; false on any other text. */
static bool parse_hex16(const char *hex, struct ip_addr *ret_ip)
{
	struct ip_addr ip = {.version = 6};

	for (size_t i = 0; i < 16; i++) {
		unsigned byte;
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		ip.bytes[i] = (uint8_t)byte;
	}
	*ret_ip = ip;
	return true;
}

void route6_take(const char *text, struct guest_status *s)
{
	cleanup_free unsigned *metrics = xcalloc(s->n_interfaces + 1, sizeof(*metrics));

	for (const char *line = text; *line; line = next_line(line)) {
		char name[16], destination[33], gateway[33];
		unsigned len, metric, flags;
		struct ip_addr address;
		if (sscanf(line, "%32s %2x %*32s %*2x %32s %8x %*8x %*8x %8x %15s", destination,
			   &len, gateway, &metric, &flags, name) != 6)
			continue;
		if (len != 0 || strspn(destination, "0") != 32 || strlen(gateway) != 32 ||
		    !(flags & RTF_UP) || !(flags & RTF_GATEWAY) || !parse_hex16(gateway, &address))
			continue;
		offer(s, metrics, name, metric, &address);
	}
}
