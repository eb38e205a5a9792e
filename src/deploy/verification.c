// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>

#include "base/alloc.h"
#include "deploy/verify_ctx.h"

void verify_add(struct verify_ctx *ctx, const char *check, const char *object, enum verdict verdict,
		const char *fmt, ...)
{
	struct verification *v = array_push(ctx->out->v, ctx->out->n);
	va_list ap;

	v->check = check;
	v->object = xstrdup(object);
	v->verdict = verdict;
	va_start(ap, fmt);
	v->evidence = xvasprintf(fmt, ap);
	va_end(ap);
}

size_t verifications_count(const struct verifications *v, enum verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < v->n; i++)
		count += v->v[i].verdict == verdict;
	return count;
}

void verifications_clear(struct verifications *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free_all(v->v[i].object, v->v[i].evidence);
	}
	free(v->v);
	*v = (struct verifications){0};
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_PASS] = "pass",
		[VERDICT_FAIL] = "fail",
		[VERDICT_UNKNOWN] = "unknown",
	};

	return names[verdict];
}
