/* SPDX-License-Identifier: Apache-2.0 */
/* Two dnsvnf on two machines that make the same deployment at the same time. */
#pragma once

#include <stddef.h>

struct err;
struct openstack;
struct vim_request;

/*
 * Lists the networks and ports again. Is there another with the mark of one that was just made, and
 * is ours not the older of the two? Then -EBUSY: ours have to go. Times are in seconds, so two of
 * one second both lose, which leaves none rather than two.
 */
int rival_check(struct openstack *os, const struct vim_request *made, size_t n, struct err *err);

/* -EBUSY when there is any with the mark of one of these that this run neither made nor found. */
int rival_look(struct openstack *os, const struct vim_request *wanted, size_t n, struct err *err);
