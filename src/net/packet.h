/* SPDX-License-Identifier: Apache-2.0 */
/* A packet socket on one interface: sends bondd's frames, hears answers to probes and no more. */
#pragma once

#include <stdbool.h>

#include "net/frame.h"

struct err;

/*
 * On the interface with that index, not blocking; a leg that is not active is heard as well. ipv4,
 * ipv6: which answers are wanted; tagged: those in a VLAN too, whose tag the kernel takes off
 * before a socket of one protocol sees it (net/core/dev.c, __netif_receive_skb_core). The interface
 * may be down. Needs CAP_NET_RAW.
 */
int packet_open(int index, const struct frame_filter *filter, bool ipv4, bool ipv6, bool tagged,
		int *ret_fd, struct err *err);

/*
 * What cannot be sent (the interface is down, its queue full) is lost like any other frame on its
 * way: 0, or -errno for whoever wants to know.
 */
int packet_send(int fd, int index, const struct frame *frame);

/* Takes up to PACKET_BATCH frames that came and returns how many; *ret_n of them were answers. */
enum { PACKET_BATCH = 8 };
size_t packet_hear(int fd, struct frame_answer ret_answers[PACKET_BATCH], size_t *ret_n);
