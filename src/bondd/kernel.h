/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink: keeps tables of links, addresses and routes; sets a bond's active leg, the link state
 * of VFs, and links up or down.
 */
#pragma once

#include <stdbool.h>

#include "net/rtnl_vf.h"

struct err;
struct kernel;
struct tables;

/* Subscribes, then fills *tables from dumps, so that no change in between is lost. */
int kernel_open(struct tables *tables, struct kernel **ret_kernel, struct err *err);

/* Descriptor, readable when there are notifications. */
int kernel_fd(const struct kernel *k);

/*
 * Reads all pending notifications. If the kernel dropped some (ENOBUFS), dumps everything again.
 * *ret_changed: the tables have changed.
 */
int kernel_hear(struct kernel *k, struct tables *tables, bool *ret_changed, struct err *err);

/*
 * Makes leg (index) the active one of bond (index) and reads the result back: -EAGAIN if the kernel
 * accepted the request but kept the active leg. A refusal has the kernel's message.
 */
int kernel_set_active(struct kernel *k, int bond, int leg, struct err *err);

/* The VFs of a PF: stores up to RTNL_VFS_MAX in v. */
int kernel_read_vfs(struct kernel *k, int pf, struct rtnl_vf *v, size_t *ret_n, struct err *err);

/* -EOPNOTSUPP: the driver cannot. */
int kernel_set_vf_link_state(struct kernel *k, int pf, unsigned vf, enum vf_link_state state,
			     struct err *err);

/* Sets a link up or down. */
int kernel_set_up(struct kernel *k, const char *name, bool up, struct err *err);

/* Takes NULL. */
void kernel_close(struct kernel *k);
