/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bondd relay`: on a compute host, probes the path behind each PF and takes the links from the
 * guests of a PF whose path is dead while another's is proven.
 */
#pragma once

struct conf;
struct err;

#define RELAY_REPORT "relay.json" /* in RELAY_DIR */

/*
 * Runs until SIGTERM or SIGINT (0), or until rtnetlink fails (-errno). Needs CAP_NET_ADMIN and
 * CAP_NET_RAW. At the start it restores what an earlier run left, at the end what it holds. -EBUSY:
 * another relay is running.
 */
int relay_run(const struct conf *conf, struct err *err);

/* Restores what an earlier run left. -EIO: the kernel refused some of it. */
int relay_restore_all(struct err *err);

/* Metrics from the relay's report below root, "" if it is not running; the caller frees. */
char *relay_metrics(const char *root);
