/* SPDX-License-Identifier: Apache-2.0 */
/* One YAML document of limited size, with the line of each node. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "base/text.h"

struct yaml {
	yaml_document_t document;
	const struct text *text; /* not owned */
	bool loaded;
};

/* The program that reads the file, for the findings. */
struct yaml_reader {
	const char *name;  /* of the program that finally reads it */
	const char *whole; /* what it rejects on errors: "part", "file" */
	const char *rule, *key_rule;
};

/*
 * Loads the document and adds findings; false: nothing usable. Rejects nesting over 64 levels and
 * excessive expansion by aliases. Reports duplicate keys and further documents.
 */
bool yaml_load(struct yaml *y, const struct text *text, const struct yaml_reader *reader,
	       struct findings *findings);
void yaml_clear(struct yaml *y);

yaml_node_t *yaml_root(struct yaml *y); /* NULL: empty document */

/* The value of the key in a mapping (the last one, as in PyYAML), or in its "<<"; or NULL. */
yaml_node_t *yaml_get(struct yaml *y, yaml_node_t *map, const char *key);
yaml_node_t *yaml_key(struct yaml *y, yaml_node_t *map, const char *key); /* the key's own node */

bool yaml_is_map(const yaml_node_t *n); /* these take NULL */
bool yaml_is_list(const yaml_node_t *n);
bool yaml_is_null(const yaml_node_t *n);    /* nothing, "~", "null" */
const char *yaml_str(const yaml_node_t *n); /* NULL unless a scalar */
bool yaml_plain(const yaml_node_t *n);      /* a scalar written without quotes */
bool yaml_bool(const yaml_node_t *n, bool fallback);

size_t yaml_len(const yaml_node_t *list);
yaml_node_t *yaml_item(struct yaml *y, const yaml_node_t *list, size_t i);
size_t yaml_pairs(const yaml_node_t *map);
void yaml_pair(struct yaml *y, const yaml_node_t *map, size_t i, yaml_node_t **ret_key,
	       yaml_node_t **ret_value);

/* Line of the node in y->text, from 0. */
size_t yaml_line(const yaml_node_t *n);

/* The scalar as a separate text; lines are exact for plain one-line and literal ("|") scalars. */
void yaml_scalar_text(struct yaml *y, const yaml_node_t *n, struct text *ret);

#define cleanup_yaml __attribute__((__cleanup__(yaml_clear)))
