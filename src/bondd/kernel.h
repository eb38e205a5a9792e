/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel over rtnetlink: its changes kept in tables, the active leg of a bond set. */
#pragma once

#include <stdbool.h>

struct err;
struct kernel;
struct tables;

/* Subscribes, then fills *tables by dumps: nothing that changes in between is lost. */
int kernel_open(struct tables *tables, struct kernel **ret_kernel, struct err *err);

/* Readable when the kernel has notifications. */
int kernel_fd(const struct kernel *k);

/*
 * Takes in all notifications there are. When the kernel had to drop some (ENOBUFS), everything is
 * dumped again. *ret_changed: the tables are not what they were.
 */
int kernel_hear(struct kernel *k, struct tables *tables, bool *ret_changed, struct err *err);

/*
 * Makes leg (index) the active one of bond (index), and reads back whether it is: -EAGAIN when the
 * kernel took the order and did otherwise. A refusal comes with the kernel's words.
 */
int kernel_set_active(struct kernel *k, int bond, int leg, struct err *err);

/* NULL is fine. */
void kernel_close(struct kernel *k);
