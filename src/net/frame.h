/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bondd's Ethernet frames: builds and parses probes, answers and announcements; does not send.
 *
 * An IPv4 probe is the ARP probe of RFC 5227 with sender address 0.0.0.0, so that no host learns an
 * address from it. An IPv6 probe is a neighbour solicitation (RFC 4861) from a link-local address
 * that no interface has, derived from the MAC: one from :: would be answered to all nodes, and from
 * one with the bond's address the router would learn this leg's MAC.
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

/* Source, destination and VLAN of a frame. */
struct frame_way {
	const struct mac_addr *from;
	const struct mac_addr *to; /* NULL: broadcast or multicast, by protocol */
	unsigned vlan;             /* 802.1Q tag; 0: none */
};

/* Builds a probe to target. */
void frame_probe(const struct frame_way *way, const struct ip_addr *target,
		 struct frame *ret_frame);

/*
 * Announces that address is at way->from: an ARP announcement (RFC 5227, 3), or an unsolicited
 * neighbour advertisement with override (RFC 4861, 7.2.6). router: this machine forwards IPv6;
 * hosts that use it as a router would drop it without the router flag.
 */
void frame_announcement(const struct frame_way *way, const struct ip_addr *address, bool router,
			struct frame *ret_frame);

/* An answer to a probe that the leg with the MAC to has sent. */
struct frame_answer {
	struct ip_addr from;    /* the requested address */
	struct mac_addr mac;    /* that it claims to have */
	struct mac_addr sender; /* of the frame */
	struct mac_addr to;
	unsigned vlan; /* 0: none. The kernel removes the tag from the frame: see packet.c */
};

/*
 * False unless the bytes are an untagged ARP reply or valid neighbour advertisement that repeats a
 * probe's sender; answers to the kernel's own requests do not.
 */
bool frame_read_answer(const uint8_t *bytes, size_t len, struct frame_answer *ret_answer);

enum { FRAME_TARGETS = 8, FRAME_FILTER_MAX = 32 + FRAME_TARGETS * 9 };

struct frame_filter {
	struct sock_filter code[FRAME_FILTER_MAX];
	unsigned short n;
};

/*
 * A filter that passes only possible answers of one of n targets (at most FRAME_TARGETS) to mac, so
 * that no other frame wakes bondd.
 */
void frame_filter(const struct mac_addr *mac, const struct ip_addr *targets, size_t n,
		  struct frame_filter *ret_filter);
