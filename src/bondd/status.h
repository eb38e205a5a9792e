/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of this machine (net/status.h): read from the kernel, cloud-init and the monitor's
 * report, and written as metrics and text, and as JSON (net/status_json.h).
 */
#pragma once

#include <stdbool.h>

#include "net/status.h"

struct err;
struct strbuf;

/*
 * A snapshot from proc, sys and run below root: "" is this machine, any other a captured tree
 * (without addresses, which come from rtnetlink). Missing values, and those that this process may
 * not read, stay unknown; an error of the machine (err_is_of_machine) is one. Reads at most a fixed
 * size per file. Needs no privilege. The caller clears *ret_status.
 */
int status_read(const char *root, struct guest_status *ret_status, struct err *err);

/*
 * For its parts. status_note: sets err to errno if that is of the machine, and the first.
 * status_text: file_read, with errors noted; returns whether there is a text.
 */
void status_note(const char *path, struct err *err);
bool status_text(const char *path, size_t max, char **ret_text, size_t *ret_len, struct err *err);

/*
 * Adds the monitor's report below root to the bonds and legs of *s. Adds nothing if there is no
 * report, it is malformed, or, on this machine (root ""), older than REPORT_FRESH_MS.
 */
void report_read(const char *root, struct guest_status *s, struct err *err);

/*
 * Parses the text of /proc/net/bonding/NAME (kernel: drivers/net/bonding/bond_procfs.c). Values
 * that it does not contain stay unknown, also if it is truncated or in another format. Sets neither
 * name and proc of the bond nor mac, carrier, numa_node, driver and pci_address of its legs. The
 * caller clears *ret_bond.
 */
void bonding_parse(const char *text, size_t len, struct guest_bond *ret_bond);

/*
 * Sets gateway4 (gateway6) of interfaces with a default route to the gateway with the lowest
 * metric, from the text of /proc/net/route (ipv6_route). Malformed lines are ignored.
 */
void route4_take(const char *text, struct guest_status *s);
void route6_take(const char *text, struct guest_status *s);

/*
 * The state of cloud-init, from ROOT/run/cloud-init/{status,result}.json, which `cloud-init status`
 * reads. The caller clears *ret.
 */
void cloud_init_read(const char *root, struct guest_cloud_init *ret, struct err *err);

/* For Prometheus (text format 0.0.4), and as lines of text: `bondd status`. The caller frees. */
char *status_metrics(const struct guest_status *s);
/* For its parts: a metric's help and type; a label's value. */
void metrics_add_head(struct strbuf *out, const char *name, const char *type, const char *help);
void metrics_add_escaped(struct strbuf *out, const char *s);
char *status_table(const struct guest_status *s);
