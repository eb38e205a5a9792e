// SPDX-License-Identifier: Apache-2.0
#include "day0/ini.h"

#include "base/alloc.h"
#include "base/str.h"

enum { ENTRIES_MAX = 10000 };

void ini_parse(const struct text *text, const char *comments, struct ini *ret)
{
	cleanup_free char *copy = xstrdup(text->s), *section = xstrdup("");
	char *rest = copy, *s;
	size_t number = 0;

	*ret = (struct ini){0};
	for (size_t line = 0; (s = strsep(&rest, "\n")) && ret->n < ENTRIES_MAX; line++) {
		s = str_trim(s);
		char *sign = strchr(s, '=');
		if (!*s || strchr(comments, *s))
			continue;
		if (*s == '[') {
			s[strcspn(s, "]")] = 0;
			free(section);
			section = xstrdup(s + 1);
			number++;
		} else if (sign) {
			struct ini_entry *e = array_push(ret->v, ret->n);
			*sign = 0;
			*e = (struct ini_entry){xstrdup(section), number, xstrdup(str_trim(s)),
						xstrdup(str_trim(sign + 1)), line};
		}
	}
}

static void entry_clear(struct ini_entry *e)
{
	free_all(e->section, e->key, e->value);
}

void ini_clear(struct ini *ini)
{
	array_free(ini->v, ini->n, entry_clear);
	*ini = (struct ini){0};
}

const char *ini_get(const struct ini *ini, const char *section, const char *key)
{
	for (size_t i = ini->n; i-- > 0;)
		if (streq(ini->v[i].section, section) && streq(ini->v[i].key, key))
			return ini->v[i].value;
	return NULL;
}
