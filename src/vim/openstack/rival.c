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

int rival_check(struct openstack *os, const struct vim_request *made, size_t n, struct err *err)
{
	static const char fields[] = "&fields=id&fields=name&fields=description&fields=created_at";
	const char *project = session_project_id(os->session);
	cleanup_things struct things now = {0};
	struct listing listings[] = {
		{VIM_NETWORK, xasprintf("?project_id=%s%s", project, fields)},
		{VIM_PORT, xasprintf("?project_id=%s%s", project, fields)},
	};
	int r = openstack_fetch(os, listings, ARRAY_SIZE(listings), &now, err);

	for (size_t i = 0; i < n && r == 0; i++) {
		enum vim_kind kind = made[i].kind;
		const struct thing *ours = things_by_owner(&os->things, kind, made[i].owner);
		for (size_t k = 0; k < now.n && ours; k++) {
			const struct thing *t = &now.v[k];
			if (t->object.kind != kind || !streq(t->object.owner, made[i].owner) ||
			    streq(t->object.id, ours->object.id) || is_older(ours, t))
				continue;
			return err_set(
				err, EBUSY,
				"another dnsvnf makes deployment %s/%s at the same time: its "
				"%s %s is %s, of %s; wait until it is done",
				os->vim.tenant, os->vim.deployment, vim_kind_name(kind),
				t->object.name, t->object.id,
				t->created_at ? t->created_at : "a time not told");
		}
	}
	return r;
}
