/* SPDX-License-Identifier: Apache-2.0 */
/* `bondd watch`: a monitor for each bond of this machine. */
#pragma once

struct conf;
struct err;

/*
 * Runs until SIGTERM or SIGINT (0), or until rtnetlink fails (-errno). Needs CAP_NET_ADMIN and
 * CAP_NET_RAW. At exit, bonds stay as they are.
 */
int watch_run(const struct conf *conf, struct err *err);
