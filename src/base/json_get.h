/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a JSON object that somebody else wrote, who may be broken or hostile: what is missing
 * or of another type is unknown (NULL, -1), and nothing but printable text comes through.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tristate.h"

/* Control characters become '?'. The caller frees. */
char *json_get_text(const json_t *object, const char *key);

/* The same, but newlines and tabs stay. */
char *json_get_lines(const json_t *object, const char *key);

/* Not below 0. */
int64_t json_get_number(const json_t *object, const char *key);

enum tristate json_get_bool(const json_t *object, const char *key);

/* Appends the strings of an array to *v. */
void json_get_texts(const json_t *object, const char *key, char ***v, size_t *n);
