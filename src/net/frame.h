/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Ethernet frames of bondd: probes, their answers, announcements. Built and read here, sent
 * elsewhere.
 *
 * An IPv4 probe is the ARP probe of RFC 5227: its sender address is 0.0.0.0, so that nobody learns
 * an address from it. An IPv6 probe is a neighbour solicitation (RFC 4861) from a link-local
 * address that no interface has, made from the MAC: one from :: would be answered to all nodes, and
 * one from the bond's own address would teach the router this leg's MAC for it.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/ip.h"
#include "net/mac.h"

enum { FRAME_MAX = 96, VLAN_ID_MAX = 4094 };

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t len;
};

/* How a frame travels. */
struct frame_way {
	const struct mac_addr *from;
	const struct mac_addr *to; /* NULL: all that the protocol means */
	unsigned vlan;             /* 802.1Q tag; 0: none */
};

/* Asks target whether it is there. */
void frame_probe(const struct frame_way *way, const struct ip_addr *target,
		 struct frame *ret_frame);

/*
 * Tells all that address is at way->from: an ARP announcement (RFC 5227, 3), or an unsolicited
 * neighbour advertisement that overrides (RFC 4861, 7.2.6). router: this machine forwards IPv6;
 * whoever uses it as a router would leave it if the advertisement said otherwise.
 */
void frame_announcement(const struct frame_way *way, const struct ip_addr *address, bool router,
			struct frame *ret_frame);

/* An answer to a probe that the leg with the MAC to has sent. */
struct frame_answer {
	struct ip_addr from;    /* the address that was asked for */
	struct mac_addr mac;    /* that it says it has */
	struct mac_addr sender; /* of the frame */
	struct mac_addr to;
	unsigned vlan; /* 0: none. The kernel takes the tag out of the frame: see packet.c */
};

/*
 * False when the bytes are no ARP reply and no valid neighbour advertisement without a tag, or one
 * that does not repeat what a probe has as its sender: what the kernel asked is not for us.
 */
bool frame_read_answer(const uint8_t *bytes, size_t len, struct frame_answer *ret_answer);

enum { FRAME_TARGETS = 8, FRAME_FILTER_MAX = 32 + FRAME_TARGETS * 9 };

struct frame_filter {
	struct sock_filter code[FRAME_FILTER_MAX];
	unsigned short n;
};

/*
 * Passes what frame_read_answer could take as an answer of one of n targets (at most FRAME_TARGETS)
 * to mac, so that no other frame wakes bondd up.
 */
void frame_filter(const struct mac_addr *mac, const struct ip_addr *targets, size_t n,
		  struct frame_filter *ret_filter);
