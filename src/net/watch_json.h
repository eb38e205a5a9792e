/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the state of bondd's monitor from JSON. The monitor's own report and bondd's /status share
 * the format. */
#pragma once

#include <jansson.h>

#include "net/status.h"

/* Reads the member "watch" of a bond or a leg. NULL if it is missing. The caller frees it. */
struct guest_watch *guest_watch_parse(const json_t *bond);
struct guest_leg_watch *guest_leg_watch_parse(const json_t *leg);
