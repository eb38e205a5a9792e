/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a deployment to come alive, as ESC means it: VM_DEPLOYED, VM_ALIVE, SERVICE_ALIVE. */
#pragma once

struct err;
struct plan;
struct vim;

/*
 * For each server of the plan: ACTIVE in the VIM (VM_DEPLOYED), then an echo from its management
 * address (VM_ALIVE), then a DNS answer from every service address (SERVICE_ALIVE); bootup_time
 * counts from the call. A group with bootup_time -1 is not waited for beyond ACTIVE. -ETIMEDOUT
 * names what did not come and shows the end of the console.
 */
int alive_wait(struct vim *vim, const struct plan *plan, struct err *err);
