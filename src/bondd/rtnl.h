/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink: hears the kernel's changes, keeps the tables by them, sets the active leg of a bond.
 */
#pragma once

#include <stdbool.h>

struct err;
struct rtnl;
struct tables;

/* Subscribes, then fills *tables by dumps: nothing that changes in between is lost. */
int rtnl_open(struct tables *tables, struct rtnl **ret_rtnl, struct err *err);

/* Readable when the kernel has news. */
int rtnl_fd(const struct rtnl *r);

/*
 * Takes in all news there is. When the kernel had to drop some (ENOBUFS), everything is dumped
 * again. *ret_changed: the tables are not what they were.
 */
int rtnl_hear(struct rtnl *r, struct tables *tables, bool *ret_changed, struct err *err);

/*
 * Makes leg (index) the active one of bond (index), and reads back whether it is: -EAGAIN when the
 * kernel took the order and did otherwise. A refusal comes with the kernel's words.
 */
int rtnl_set_active(struct rtnl *r, int bond, int leg, struct err *err);

/* NULL is fine. */
void rtnl_close(struct rtnl *r);
