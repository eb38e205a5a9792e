/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink: keeps tables of links, addresses and routes, sets a bond's active leg. */
#pragma once

#include <stdbool.h>

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

/* Takes NULL. */
void kernel_close(struct kernel *k);
