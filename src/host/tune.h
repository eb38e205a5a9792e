/* SPDX-License-Identifier: Apache-2.0 */
/* The conntrack settings of a host whose OVS ports carry DNS, each with its reason. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;
struct host_conntrack;

struct tune_setting {
	const char *key; /* "net.netfilter.nf_conntrack_max" */
	int64_t now;     /* HOST_UNKNOWN: cannot be read */
	int64_t wanted;
	const char *reason;
};

#define TUNE_SETTINGS 3

/* Never less than what is set now. */
void tune_plan(const struct host_conntrack *now, struct tune_setting ret_settings[TUNE_SETTINGS]);

#define TUNE_SYSCTL_FILE  "etc/sysctl.d/60-dnsvnf-conntrack.conf"
#define TUNE_MODULES_FILE "etc/modules-load.d/dnsvnf-conntrack.conf"

/* The text of TUNE_SYSCTL_FILE. */
char *tune_sysctl(const struct tune_setting settings[TUNE_SETTINGS]);

/*
 * Under the root folder: writes both files, then the values into proc/sys. say is called with each
 * thing that was done, one line each.
 */
int tune_apply(const char *root, const struct tune_setting settings[TUNE_SETTINGS],
	       void (*say)(const char *line), struct err *err);
