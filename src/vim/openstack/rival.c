// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/rival.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

static bool is_older(const struct thing *a, const struct thing *b)
{
	return a->created_at && b->created_at && strcmp(a->created_at, b->created_at) < 0;
}

static int list(struct openstack *os, struct things *ret, struct err *err)
{
	static const char fields[] = "&fields=id&fields=name&fields=description&fields=created_at";
	const char *project = session_project_id(os->session);
	struct listing listings[] = {
		{VIM_NETWORK, xasprintf("?project_id=%s%s", project, fields)},
		{VIM_PORT, xasprintf("?project_id=%s%s", project, fields)},
	};

	return openstack_fetch(os, listings, ARRAY_SIZE(listings), ret, err);
}

static int tell(const struct openstack *os, const struct thing *t, struct err *err)
{
	return err_set(
		err, BUSY,
		"another dnsvnf makes deployment %s/%s at the same time: its %s %s is %s, of "
		"%s; wait until it is done",
		os->vim.tenant, os->vim.deployment, vim_kind_name(t->object.kind), t->object.name,
		t->object.id, t->created_at ? t->created_at : "a time not told");
}

static bool is_same(const struct thing *t, const struct vim_request *r)
{
	return t->object.kind == r->kind && streq(t->object.owner, r->owner);
}

int rival_check(struct openstack *os, const struct vim_request *made, size_t n, struct err *err)
{
	cleanup_things struct things now = {0};
	int r = list(os, &now, err);

	for (size_t i = 0; i < n && r == 0; i++) {
		const struct thing *ours =
			things_by_owner(&os->things, made[i].kind, made[i].owner);
		for (size_t k = 0; k < now.n && ours && r == 0; k++) {
			const struct thing *t = &now.v[k];
			if (is_same(t, &made[i]) && !streq(t->object.id, ours->object.id) &&
			    !is_older(ours, t))
				r = tell(os, t, err);
		}
	}
	return r;
}

int rival_look(struct openstack *os, const struct vim_request *wanted, size_t n, struct err *err)
{
	cleanup_things struct things now = {0};
	int r = list(os, &now, err);

	for (size_t i = 0; i < n && r == 0; i++)
		for (size_t k = 0; k < now.n && r == 0; k++) {
			const struct thing *t = &now.v[k];
			if (is_same(t, &wanted[i]) &&
			    !things_by_id(&os->things, t->object.kind, t->object.id))
				r = tell(os, t, err);
		}
	return r;
}
