/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the `watch` objects of JSON: the monitor's report and bondd's /status have the same form.
 */
#pragma once

#include <jansson.h>

#include "model/status.h"

/* From the member "watch" of a bond or a leg; NULL when there is none. The caller frees. */
struct guest_watch *guest_watch_parse(const json_t *bond);
struct guest_leg_watch *guest_leg_watch_parse(const json_t *leg);
