/* SPDX-License-Identifier: Apache-2.0 */
/* What user data does to a guest: its parts, each read by its type. */
#pragma once

#include "base/finding.h"
#include "base/text.h"
#include "model/guest.h"

/* Reads user data (gzipped, MIME or plain); the network that it sets up is added to *ret. */
void user_data_read(const struct text *text, struct guest_network *ret, struct findings *findings);
