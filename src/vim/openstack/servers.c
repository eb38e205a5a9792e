// SPDX-License-Identifier: Apache-2.0
/*
 * All servers of dnsvnf in a project, by one list of Nova's. What that list leaves out:
 *
 * - Servers of a cell that does not answer. They are listed, with status UNKNOWN and little else,
 *   from microversion 2.69 on, but not with a filter, a limit or a marker, so neither with
 *   changes-since nor on a second page (nova/api/openstack/compute/servers.py,
 *   _is_cell_down_supported).
 * - The metadata of deleted servers, and so their marks: it is deleted with them
 *   (nova/db/main/api.py, instance_destroy and _instance_metadata_get_multi).
 */

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/handle.h"
#include "vim/openstack/server_info.h"

#define DOWN_CELL_MINOR 69

static void add_server(const struct resource *resource, struct vim_server_list *list)
{
	const struct server_view view = {.server = resource->json};
	struct vim_listed_server listed = {0};

	server_info_read(&view, VIM_LOOK_STATE, &listed.info);
	listed.deleted = streq(listed.info.status, "DELETED");
	bool shows_mark = !listed.deleted && !streq(listed.info.status, "UNKNOWN");
	if (!vim_mark_read(resource->object.owner, &listed.tenant, &listed.deployment) &&
	    shows_mark) {
		vim_server_info_clear(&listed.info);
		return;
	}
	*array_push(list->v, list->n) = listed;
}

static size_t count_unknown(const struct vim_server_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += streq(list->v[i].info.status, "UNKNOWN");
	return n;
}

/* NULL: the list is complete. */
static char *why_partial(const struct openstack *os, const char *since, unsigned pages,
			 const struct vim_server_list *list)
{
	size_t unknown = count_unknown(list);
	unsigned minor = session_nova_minor(os->session);

	if (unknown)
		return xasprintf("a cell of Nova does not answer: of %zu %s only the id is known",
				 unknown, plural(unknown, "server", "servers"));
	if (since)
		return xstrdup("only changes were asked for, and Nova then leaves out the servers "
			       "of a cell that does not answer");
	if (minor < DOWN_CELL_MINOR)
		return xasprintf("this Nova (microversion 2.%u) leaves out the servers of a cell "
				 "that does not answer; 2.%u lists them",
				 minor, DOWN_CELL_MINOR);
	if (pages > 1)
		return xasprintf("the list has %u pages, and Nova may leave out the servers of a "
				 "cell that does not answer from the second page on",
				 pages);
	return NULL;
}

int openstack_servers(struct vim *vim, const char *since, struct vim_server_list *ret,
		      struct err *err)
{
	struct openstack *os = openstack_of(vim);
	cleanup_resources struct resources resources = {0};
	cleanup_server_list struct vim_server_list list = {0};
	cleanup_strbuf struct strbuf query = {0};
	cleanup_err struct err why = ERR_INIT;
	int r = openstack_login(os, &why);

	if (r == -ENOENT && os->make_project) {
		*ret = (struct vim_server_list){0};
		return 0;
	}
	if (r < 0)
		return err_copy(err, &why);
	if (since)
		query_add(&query, "changes-since", since);
	struct listing listing = {VIM_SERVER, query.len ? strbuf_steal(&query) : NULL};
	unsigned pages;
	r = openstack_fetch_pages(os, &listing, 1, &resources, &pages, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < resources.n; i++)
		add_server(&resources.v[i], &list);
	list.partial = why_partial(os, since, pages, &list);
	*ret = steal(list);
	return 0;
}
