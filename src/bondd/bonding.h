/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /proc/net/bonding/NAME (kernel: drivers/net/bonding/bond_procfs.c). */
#pragma once

#include <stddef.h>

#include "net/status.h"

/*
 * Takes from text what it tells; the rest stays unknown, also when the text ends in the middle or
 * is no such text at all. Fills neither name and proc of the bond nor mac, carrier, numa_node,
 * driver and pci_address of its legs. The caller clears *ret_bond.
 */
void bonding_parse(const char *text, size_t len, struct guest_bond *ret_bond);
