/* SPDX-License-Identifier: Apache-2.0 */
/* Queries the guest, in the deployment's networks. */
#pragma once

#include "base/tristate.h"
#include "net/status.h"

struct err;
struct vim;

#define GUEST_PORT 9780 /* bondd's default port */

/*
 * GET http://ADDRESS:PORT/status from bondd, over a socket from the VIM's socket operation. address
 * is IPv4 or IPv6, without brackets. The caller clears *ret_status. -ECONNREFUSED, -EHOSTUNREACH,
 * -ETIMEDOUT: no server (yet); -EPROTO: the answer is not bondd's status; -EFBIG: it is longer than
 * 256 KiB.
 */
int guest_status(struct vim *vim, const char *address, unsigned port, unsigned timeout_ms,
		 struct guest_status *ret_status, struct err *err);

/* Whether cloud-init has finished, by its lines on the guest's console; unknown: it has none. Pure.
 */
enum tristate guest_console_day0(const char *console);

/*
 * One ICMP echo to an IPv4 or IPv6 address. *ret_ms (may be NULL) is the round trip. -ETIMEDOUT: no
 * answer in timeout_ms; -EHOSTUNREACH, -ENETUNREACH: as reported by the network.
 */
int guest_ping(struct vim *vim, const char *address, unsigned timeout_ms, double *ret_ms,
	       struct err *err);
