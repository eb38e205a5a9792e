/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one cloud-config that cloud-init makes of all parts (cloudinit/handlers/cloud_config.py,
 * cloudinit/mergers/): by default a key of a later part replaces that of an earlier one, and
 * merge_how or the header Merge-Type of the later part changes this.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"
#include "base/text.h"
#include "base/yaml_tree.h"

struct config_part {
	struct text text;
	struct yaml y;
	char *merge_type; /* value of its header Merge-Type, or NULL */
};

struct cloud_configs {
	struct config_part *v;
	size_t n;
	struct text text;   /* of the merged document: the lines of all parts, without the text */
	struct yaml merged; /* if n is above 1 */
	bool cut;           /* merging exceeded a limit: the result is incomplete */
};

/* Adds a part that is loaded (text, y), in the order of the user data; takes ownership of both. */
void cloud_configs_add(struct cloud_configs *c, struct text *text, struct yaml *y,
		       const char *merge_type);

/*
 * Merges the parts. What a part loses is a finding. The result is NULL if there is no part; else it
 * belongs to c, and no part may be added any more.
 */
struct yaml *cloud_configs_merge(struct cloud_configs *c, struct findings *findings);

void cloud_configs_clear(struct cloud_configs *c);

#define cleanup_cloud_configs __attribute__((__cleanup__(cloud_configs_clear)))
