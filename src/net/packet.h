/* SPDX-License-Identifier: Apache-2.0 */
/* A packet socket on one interface: sends bondd's frames, receives only answers to probes. */
#pragma once

#include <stdbool.h>

#include "net/frame.h"

struct err;

/*
 * A non-blocking socket on the interface with that index; also receives on a backup leg. ipv4,
 * ipv6: answers to receive; tagged: also those in a VLAN, whose tag the kernel removes before a
 * socket with one protocol gets the frame (net/core/dev.c, __netif_receive_skb_core). The interface
 * may be down. Needs CAP_NET_RAW.
 */
int packet_open(int index, const struct frame_filter *filter, bool ipv4, bool ipv6, bool tagged,
		int *ret_fd, struct err *err);

/*
 * Sends a frame. A frame that cannot be sent (interface down, queue full) counts as lost; callers
 * may ignore the returned -errno.
 */
int packet_send(int fd, int index, const struct frame *frame);

/* Receives up to PACKET_BATCH frames and returns their number; *ret_n of them were answers. */
enum { PACKET_BATCH = 8 };
size_t packet_hear(int fd, struct frame_answer ret_answers[PACKET_BATCH], size_t *ret_n);
