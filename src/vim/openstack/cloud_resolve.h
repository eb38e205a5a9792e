/* SPDX-License-Identifier: Apache-2.0 */
/* Converts settings to what a client needs: aliases, defaults, completeness. */
#pragma once

struct cloud;
struct cloud_settings;
struct err;

/* cloud.where of a cloud that comes from the environment. */
#define CLOUD_WHERE_ENVIRONMENT "the OS_* variables"

/*
 * Fills *cloud, whose name, where and region are already set; on an error it may be partly filled.
 * home: what "~" stands for in paths, or NULL.
 */
int cloud_resolve(const struct cloud_settings *settings, const char *home, struct cloud *cloud,
		  struct err *err);
