// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/handle.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

static bool is_older(const struct resource *a, const struct resource *b)
{
	return a->created_at && b->created_at && strcmp(a->created_at, b->created_at) < 0;
}

static int list(struct openstack *os, struct resources *ret, struct err *err)
{
	static const char fields[] = "&fields=id&fields=name&fields=description&fields=created_at";
	const char *project = session_project_id(os->session);
	struct listing listings[] = {
		{VIM_NETWORK, xasprintf("?project_id=%s%s", project, fields)},
		{VIM_PORT, xasprintf("?project_id=%s%s", project, fields)},
	};

	return openstack_fetch(os, listings, ARRAY_SIZE(listings), ret, err);
}

static int report(const struct openstack *os, const struct resource *t, struct err *err)
{
	return err_set(err, BUSY,
		       "another dnsvnf is creating deployment %s/%s: its %s \"%s\" has id %s, "
		       "created at %s: wait until it has finished",
		       os->vim.tenant, os->vim.deployment, vim_kind_name(t->object.kind),
		       t->object.name, t->object.id,
		       t->created_at ? t->created_at : "an unknown time");
}

static bool is_same(const struct resource *t, const struct vim_request *r)
{
	return t->object.kind == r->kind && streq(t->object.owner, r->owner);
}

int conflict_check(struct openstack *os, const struct vim_request *made, size_t n, struct err *err)
{
	cleanup_resources struct resources now = {0};
	int r = list(os, &now, err);

	for (size_t i = 0; i < n && r == 0; i++) {
		const struct resource *ours =
			resources_by_owner(&os->resources, made[i].kind, made[i].owner);
		for (size_t k = 0; k < now.n && ours && r == 0; k++) {
			const struct resource *t = &now.v[k];
			if (is_same(t, &made[i]) && !streq(t->object.id, ours->object.id) &&
			    !is_older(ours, t))
				r = report(os, t, err);
		}
	}
	return r;
}

int conflict_scan(struct openstack *os, const struct vim_request *wanted, size_t n, struct err *err)
{
	cleanup_resources struct resources now = {0};
	int r = list(os, &now, err);

	for (size_t i = 0; i < n && r == 0; i++)
		for (size_t k = 0; k < now.n && r == 0; k++) {
			const struct resource *t = &now.v[k];
			if (is_same(t, &wanted[i]) &&
			    !resources_by_id(&os->resources, t->object.kind, t->object.id))
				r = report(os, t, err);
		}
	return r;
}
