/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /proc/net/bonding/NAME (kernel: drivers/net/bonding/bond_procfs.c). */
#pragma once

#include <stddef.h>

#include "net/status.h"

/*
 * Parses text. Values that it does not contain stay unknown, also if it is truncated or in another
 * format. Sets neither name and proc of the bond nor mac, carrier, numa_node, driver and
 * pci_address of its legs. The caller clears *ret_bond.
 */
void bonding_parse(const char *text, size_t len, struct guest_bond *ret_bond);
