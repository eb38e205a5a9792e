// SPDX-License-Identifier: Apache-2.0
#include "deploy/outlook.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "deploy/plan.h"

static int ask_vim(struct vim *vim, const struct plan *plan, struct vim_facts *ret, struct err *err)
{
	cleanup_free struct vim_request *requests = NULL;
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].action != ACTION_DELETE && plan->v[i].action != ACTION_USE)
			*array_push(requests, n) = plan->v[i].request;
	return vim->ops->facts(vim, requests, n, ret, err);
}

static int gather(struct vim *vim, const struct plan *plan, const char *dir, struct outlook *o,
		  struct err *err)
{
	cleanup_strbuf struct strbuf notes = {0};
	int r = 0;

	if (dir)
		r = hosts_read_dir(dir, &o->hosts, err);
	if (r == 0 && vim)
		r = ask_vim(vim, plan, &o->facts, err);
	if (r < 0)
		return r;
	if (dir) {
		o->facts.one_host = false;
	} else {
		o->hosts = o->facts.hosts;
		o->facts.hosts = (struct compute_hosts){0};
	}
	placing_add_facts(&o->hosts, &o->facts, &notes);
	o->notes = notes.len ? strbuf_steal(&notes) : NULL;
	placing_make(plan, &o->hosts, &o->facts, &o->placing);
	return 0;
}

int outlook_make(struct vim *vim, const struct plan *plan, const char *dir, struct outlook *ret,
		 struct err *err)
{
	struct outlook outlook = {0};
	int r = gather(vim, plan, dir, &outlook, err);

	if (r < 0)
		outlook_clear(&outlook);
	else
		*ret = outlook;
	return r;
}

void outlook_clear(struct outlook *outlook)
{
	placing_clear(&outlook->placing);
	compute_hosts_clear(&outlook->hosts);
	vim_facts_clear(&outlook->facts);
	free(outlook->notes);
	*outlook = (struct outlook){0};
}
