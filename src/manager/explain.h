/* SPDX-License-Identifier: Apache-2.0 */
/* The reasons of a decision, for people: with figures and a remedy. */
#pragma once

#include "manager/fleet.h"

/*
 * Writes why the VM is in its state into buf, one or two sentences without a final newline: "silent
 * for 42 s (14 echoes, 8 DNS queries) while 3 of 3 controls of network 'mgmt' answer; the VIM says
 * ACTIVE, running, 3 s ago. Held (many): 31 of 100 VMs of network 'mgmt' are silent. `dnsvnf
 * release network mgmt` to heal all the same." Cut at size. After fleet_tick().
 */
void vm_explain(const struct fleet *f, uint32_t vm, const char *vm_name, int64_t now, char *buf,
		size_t size);
