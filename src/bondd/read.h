/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the state of this machine from the kernel and cloud-init. */
#pragma once

#include "net/status.h"

/*
 * A snapshot from proc, sys and run below root: "" is this machine, any other a captured tree
 * (without addresses, which come from rtnetlink). Missing and unreadable values stay unknown. Reads
 * at most a fixed size per file. Needs no privilege. The caller clears *ret_status.
 */
void status_read(const char *root, struct guest_status *ret_status);
