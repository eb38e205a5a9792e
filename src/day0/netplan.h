/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and values that netplan refuses, for which it applies none of its files: day0-netplan. */
#pragma once

#include <stdbool.h>

#include "base/finding.h"
#include "day0/link.h"

struct yaml;

/* The mapping "network" itself; and one entry of a section such as "ethernets". The nodes are
 * yaml_node_t. */
void netplan_check_network(struct yaml *y, void *network, struct findings *findings);
void netplan_check_section(struct yaml *y, void *key, void *value, struct findings *findings);

/* The mapping that defines one interface. False: something in it is refused. */
bool netplan_check_definition(struct yaml *y, enum link_kind kind, void *definition,
			      struct findings *findings);
