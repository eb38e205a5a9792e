// SPDX-License-Identifier: Apache-2.0
#include "base/strv.h"

#include "base/alloc.h"
#include "base/str.h"

void strv_add(struct strv *l, const char *s)
{
	strv_take(l, xstrdup(s));
}

void strv_take(struct strv *l, char *s)
{
	*array_push(l->v, l->n) = s;
}

bool strv_contains(const struct strv *l, const char *s)
{
	return str_in(s, l->v, l->n);
}

void strv_clear(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){0};
}
