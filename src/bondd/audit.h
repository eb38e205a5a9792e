/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a bond that prevent or delay a failover. They are reported, never changed. */
#pragma once

#include <stddef.h>

struct rtnl_link;
struct tables;
struct targets;

enum { AUDIT_MAX = 32 };

struct audit {
	char *findings[AUDIT_MAX]; /* one sentence each: problem and remedy */
	size_t n;
};

/*
 * Audits bond, one of the tables' links. sysfs ("/sys", or a captured tree) gives the physical
 * function of a VF; in a guest of a hypervisor it is not visible, and gives no finding.
 */
void audit_bond(const struct tables *tables, const struct rtnl_link *bond,
		const struct targets *targets, const char *sysfs, struct audit *ret_audit);

void audit_clear(struct audit *a);
