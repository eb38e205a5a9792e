/* SPDX-License-Identifier: Apache-2.0 */
/* `bondd watch`: a monitor for each bond of this machine. */
#pragma once

struct conf;
struct err;

/*
 * Runs until SIGTERM or SIGINT (0), or until the kernel cannot be heard (-errno). Needs
 * CAP_NET_ADMIN and CAP_NET_RAW. Leaves every bond as it is.
 */
int watch_run(const struct conf *conf, struct err *err);
