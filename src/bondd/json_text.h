/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

/*
 * A JSON string, or null for NULL. Names of interfaces may be any bytes: what is no UTF-8 loses its
 * bytes beyond ASCII.
 */
json_t *json_text(const char *s);

json_t *json_texts(char *const *v, size_t n);
