/* SPDX-License-Identifier: Apache-2.0 */
/* Recommended conntrack settings of a host with DNS on OVS ports, each with its reason. */
#pragma once

#include <stdint.h>

struct err;
struct host_conntrack;

struct tune_setting {
	const char *key; /* "net.netfilter.nf_conntrack_max" */
	int64_t now;     /* HOST_UNKNOWN if unreadable */
	int64_t wanted;
	const char *reason;
};

#define TUNE_SETTINGS 3

/* never below the current value */
void tune_plan(const struct host_conntrack *now, struct tune_setting ret_settings[TUNE_SETTINGS]);

#define TUNE_SYSCTL_FILE  "etc/sysctl.d/60-dnsvnf-conntrack.conf"
#define TUNE_MODULES_FILE "etc/modules-load.d/dnsvnf-conntrack.conf"

/* Contents of TUNE_SYSCTL_FILE. The caller frees it. */
char *tune_sysctl(const struct tune_setting settings[TUNE_SETTINGS]);

/*
 * Writes both files under the root folder, then the values to proc/sys. Calls say with one line for
 * each action.
 */
int tune_apply(const char *root, const struct tune_setting settings[TUNE_SETTINGS],
	       void (*say)(const char *line), struct err *err);
