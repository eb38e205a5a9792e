/* SPDX-License-Identifier: Apache-2.0 */
/* What about a bond stands in the way of a failover: told, never changed. */
#pragma once

#include <stddef.h>

struct rtnl_link;
struct tables;
struct targets;

enum { AUDIT_MAX = 32 };

struct audit {
	char *findings[AUDIT_MAX]; /* a sentence each: what it is, what to do */
	size_t n;
};

/*
 * Of bond, one of the tables' links. sysfs is where the kernel tells whose function a VF is:
 * "/sys", or a captured tree. What the guest of a hypervisor cannot see is no finding.
 */
void audit_bond(const struct tables *tables, const struct rtnl_link *bond,
		const struct targets *targets, const char *sysfs, struct audit *ret_audit);

void audit_clear(struct audit *a);
