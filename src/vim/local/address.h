/* SPDX-License-Identifier: Apache-2.0 */
/* MAC and addresses of a port, chosen as Neutron chooses them. No I/O. */
#pragma once

#include "vim/local/store.h"

struct err;

/*
 * Fills port->made with "mac_address" (the requested one, else one derived from the port and
 * deployment) and "addresses" ([{"subnet", "ip_address"}]: the requested ones; the next free one if
 * only the subnet is requested; one of each IP version for a virtual port that requests none).
 * Refuses what Neutron refuses, with its messages.
 */
int port_choose(const struct records *records, const char *tenant, const char *deployment,
		struct record *port, struct err *err);

/* Members of a record's spec or made; NULL and 0 when absent. */
const char *record_string(const json_t *o, const char *key);
int record_int(const json_t *o, const char *key);

/* A subnet's record as the model's struct; strings are borrowed. */
void record_subnet(const struct record *record, struct subnet *ret);

/* The subnet of that name; false: there is none. */
bool net_subnet(const struct records *records, const char *name, struct subnet *ret);
