// SPDX-License-Identifier: Apache-2.0
#include "base/json_get.h"

#include "base/alloc.h"
#include "base/utf8.h"

static char *clean(const char *s, const char *keep)
{
	char *copy = xstrdup(s);

	if (copy)
		utf8_make_printable(copy, keep);
	return copy;
}

char *json_get_text(const json_t *object, const char *key)
{
	return clean(json_string_value(json_object_get(object, key)), "");
}

char *json_get_lines(const json_t *object, const char *key)
{
	return clean(json_string_value(json_object_get(object, key)), "\n\t");
}

int64_t json_get_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
									: -1;
}

enum tristate json_get_bool(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? (enum tristate)json_is_true(value) : TRI_UNKNOWN;
}

void json_get_texts(const json_t *object, const char *key, char ***v, size_t *n)
{
	size_t index;
	json_t *value;

	json_array_foreach (json_object_get(object, key), index, value) {
		if (json_is_string(value))
			*array_push(*v, *n) = clean(json_string_value(value), "");
	}
}
