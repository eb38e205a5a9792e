/* SPDX-License-Identifier: Apache-2.0 */
/* The state of cloud-init, from the files that `cloud-init status` reads. */
#pragma once

#include "net/status.h"

/* From ROOT/run/cloud-init/{status,result}.json. The caller clears *ret. */
void cloud_init_read(const char *root, struct guest_cloud_init *ret);
