/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what the kernel and cloud-init say about this machine. */
#pragma once

#include "net/status.h"

/*
 * A snapshot from proc, sys and run below root: "" is this machine, anything else a captured tree
 * (which has no addresses: those come from rtnetlink). What is missing or cannot be read stays
 * unknown. Every file is read up to a bound. Needs no privilege. The caller clears *ret_status.
 */
void status_read(const char *root, struct guest_status *ret_status);
