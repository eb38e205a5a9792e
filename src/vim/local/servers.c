// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/local/handle.h"

static int add_server(struct local *local, const struct records *records,
		      const struct record *record, struct vim_server_list *list, struct err *err)
{
	struct vim_server_info info;
	int r = server_info(local, records, record, &info, err);

	if (r == 0)
		*array_push(list->v, list->n) =
			(struct vim_listed_server){.tenant = xstrdup(local->vim.tenant),
						   .deployment = xstrdup(local->vim.deployment),
						   .info = info};
	return r;
}

static int add_deployment(const struct vim_ops *ops, const struct vim_deployment *d,
			  struct vim_server_list *list, struct err *err)
{
	const struct vim_target target = {
		.vim_name = "local", .tenant = d->tenant, .deployment = d->deployment};
	cleanup_records struct records records = {0};
	cleanup_err struct err bad = ERR_INIT;
	cleanup_vim struct vim *vim = NULL;
	int r = ops->open(&target, NULL, &vim, err);

	if (r < 0)
		return r;
	struct local *local = (struct local *)vim;
	r = store_load(&local->store, &records, &bad);
	if (r < 0 && r != -EBADMSG)
		return err_copy(err, &bad);
	if (r < 0 && !list->partial)
		list->partial = xstrdup(bad.text);
	r = 0;
	for (size_t i = 0; i < records.n && r == 0; i++)
		if (records.v[i].kind == VIM_SERVER)
			r = add_server(local, &records, &records.v[i], list, err);
	return r;
}

int local_servers(struct vim *vim, const char *since, struct vim_server_list *ret, struct err *err)
{
	cleanup_server_list struct vim_server_list list = {0};
	struct vim_deployment *v = NULL;
	size_t n = 0;

	(void)since; /* no record of deleted servers is kept */
	int r = store_deployments(&v, &n, err);
	for (size_t i = 0; i < n && r == 0; i++)
		if (!*vim->tenant || streq(v[i].tenant, vim->tenant))
			r = add_deployment(vim->ops, &v[i], &list, err);
	vim_deployments_free(v, n);
	if (r == 0)
		*ret = steal(list);
	return r;
}
