// SPDX-License-Identifier: Apache-2.0
#include "bondd/json_text.h"

#include "base/alloc.h"
#include "base/cleanup.h"

json_t *json_text(const char *s)
{
	if (!s)
		return json_null();

	json_t *string = json_string(s);
	if (string)
		return string;

	cleanup_free char *ascii = xstrdup(s);
	for (char *p = ascii; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return json_string(ascii);
}

json_t *json_texts(char *const *v, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_text(v[i]));
	return array;
}
