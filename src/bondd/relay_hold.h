/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes links away and gives them back. The record of what is held is on the disk before the change
 * and until after its end.
 */
#pragma once

#include "bondd/relay_record.h"

struct kernel;
struct relay_conf;
struct relay_port;
struct tables;

struct relay_hand {
	struct kernel *kernel;
	const struct tables *tables;
	const char *dir; /* of the record */
};

/*
 * Disables the VFs of the PF that may be, or sets the PF down. Returns the number of links, or
 * -errno: nothing was changed.
 */
int relay_hold(const struct relay_hand *hand, const struct relay_port *p,
	       const struct relay_conf *conf, struct relay_record *ret_record, struct err *err);

/*
 * Drops from the record what somebody else has set since: that stays as it is. Returns the number
 * of links dropped; if the PF is gone, drops all (0).
 */
size_t relay_observe(const struct relay_hand *hand, struct relay_record *record);

/*
 * Restores what is in the record and was not changed by somebody else. False: the kernel refused
 * some, which stay in the record.
 */
bool relay_restore(const struct relay_hand *hand, struct relay_record *record);
