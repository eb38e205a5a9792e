// SPDX-License-Identifier: Apache-2.0
/*
 * The project itself. ESC's managed_resource with vim_mapping: the tenant's project is created by
 * the first deployment and deleted with the last. Its mark is in the description.
 */

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

static char *project_mark(const struct openstack *os)
{
	return xasprintf("dnsvnf:%s/project", os->vim.tenant);
}

/* An application credential is valid for one project only, regardless of the descriptor. */
static int check_project(const struct openstack *os, struct err *err)
{
	const char *name = session_project_name(os->session);

	if (!session_project_id(os->session))
		return err_set(err, INVALID,
			       "cloud \"%s\": neither the credentials nor the descriptor name a "
			       "project: set vim_project in the descriptor's locator",
			       os->cloud.name);
	if (!os->project || streq(os->project, name))
		return 0;
	return err_set(err, INVALID,
		       "the application credential of cloud \"%s\" is for project \"%s\", but the "
		       "descriptor names \"%s\": set vim_project to \"%s\" in its locator, or "
		       "use another cloud",
		       os->cloud.name, name, os->project, name);
}

int openstack_login(struct openstack *os, struct err *err)
{
	bool no_project = false;
	cleanup_err struct err why = ERR_INIT;
	int r = session_login(os->session, &no_project, &why);

	if (r == 0)
		return check_project(os, err);
	if (no_project && os->make_project)
		return err_set(err, NOT_FOUND, "%s", why.text);
	if (no_project && os->project)
		return err_set_kind(err, why.kind, why.code,
				    "%s; check the credentials, and that project \"%s\" (the "
				    "descriptor's tenant or vim_project) exists and that the user "
				    "has a role in it",
				    why.text, os->project);
	return err_copy(err, &why);
}

int openstack_base_session(struct openstack *os, struct session **ret, struct err *err)
{
	struct session *base = session_new(&os->cloud, NULL, os->vim.run);
	int r = session_login(base, NULL, err);

	if (r < 0) {
		session_free(base);
		return r;
	}
	*ret = base;
	return 0;
}

/* The project of that name as Keystone shows it, or NULL without an error when there is none. */
static int find_project(struct openstack *os, struct session *base, json_t **ret, struct err *err)
{
	cleanup_strbuf struct strbuf query = {0};
	json_t *answer = NULL;

	query_add(&query, "name", os->project);
	query_add(&query, "domain_id", session_project_domain_id(base));
	int r = session_call(base, SERVICE_IDENTITY, "GET", xasprintf("/projects%s", query.s), NULL,
			     &answer, err);
	if (r == 0)
		*ret = json_incref(json_array_get(json_object_get(answer, "projects"), 0));
	json_decref(answer);
	return r;
}

static bool is_marked(const struct openstack *os, const json_t *project)
{
	cleanup_free char *mark = project_mark(os);

	return streq(json_string_value(json_object_get(project, "description")), mark);
}

/* Project names are unique in a domain, so the result of an earlier try is found, not
 * duplicated. */
static int make(struct openstack *os, struct session *base, json_t **ret, struct err *err)
{
	cleanup_free char *mark = project_mark(os);
	json_t *body = json_pack("{s:{s:s, s:s, s:s}}", "project", "name", os->project,
				 "description", mark, "domain_id", session_project_domain_id(base));
	json_t *answer = NULL;

	int r = session_call(base, SERVICE_IDENTITY, "POST", xstrdup("/projects"), body, &answer,
			     err);
	if (r == 0)
		*ret = json_incref(json_object_get(answer, "project"));
	json_decref(answer);
	if (r == 0 || r == -EKEYREJECTED || r == -EINTR)
		return r;
	cleanup_err struct err again = ERR_INIT;
	if (find_project(os, base, ret, &again) == 0 && is_marked(os, *ret)) {
		err_clear(err);
		return 0;
	}
	return r;
}

/* Its creator gets the same roles in it as in its own project. */
static int grant_roles(struct openstack *os, struct session *base, const char *project,
		       struct err *err)
{
	/* Copied, because a renewed token replaces the list. */
	const char *const *ids;
	size_t n = session_role_ids(base, &ids);
	cleanup_free char **paths = xcalloc(n, sizeof(*paths));
	int r = 0;

	for (size_t i = 0; i < n; i++)
		paths[i] = xasprintf("/projects/%s/users/%s/roles/%s", project,
				     session_user_id(base), ids[i]);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = session_call(base, SERVICE_IDENTITY, "PUT", paths[i], NULL, NULL, err);
		else
			free(paths[i]);
	}
	return r < 0 ? err_wrap(err, "grant roles in project %s", os->project) : 0;
}

int openstack_make_project(struct openstack *os, struct err *err)
{
	struct session *base = NULL;
	json_t *project = NULL;
	int r = openstack_base_session(os, &base, err);

	if (r == 0)
		r = find_project(os, base, &project, err);
	if (r == 0 && project && !is_marked(os, project))
		r = err_set(err, REFUSED,
			    "project \"%s\" exists, was not created by dnsvnf, and the user has no "
			    "role in it: grant one, or set managed_resource to false",
			    os->project);
	if (r == 0 && !project)
		r = make(os, base, &project, err);
	if (r == 0)
		r = grant_roles(os, base, json_string_value(json_object_get(project, "id")), err);
	if (r == 0)
		r = openstack_login(os, err);
	if (r == 0)
		event_report(os->vim.run, &(struct event){.type = "CREATE_TENANT",
							  .status = EVENT_SUCCESS,
							  .tenant = os->vim.tenant,
							  .object = os->project});
	else
		err_wrap(err, "project %s", os->project);
	json_decref(project);
	session_free(base);
	return r;
}

/* Resources that may be left in a project, by the key of the answer. */
static const struct leftover {
	enum service service;
	const char *path;  /* complete, or followed by the project's id */
	const char *query; /* or NULL: Nova's listings are of the session's project */
	const char *key;
} leftovers[] = {
	{SERVICE_COMPUTE, "/servers", NULL, "servers"},
	{SERVICE_COMPUTE, "/os-server-groups", NULL, "server_groups"},
	{SERVICE_IMAGE, "/images", "owner", "images"},
	{SERVICE_NETWORK, "/ports", "project_id", "ports"},
	{SERVICE_NETWORK, "/networks", "project_id", "networks"},
	{SERVICE_NETWORK, "/security-groups", "project_id", "security_groups"},
};

/* Describes in one clause what is left in the project; NULL: nothing but its default security
 * group. */
static int what_is_left(struct openstack *os, const char *id, char **ret, struct err *err)
{
	struct call *calls[ARRAY_SIZE(leftovers)];

	for (size_t i = 0; i < ARRAY_SIZE(leftovers); i++) {
		const struct leftover *l = &leftovers[i];
		calls[i] = call_new(l->service, "GET",
				    l->query ? xasprintf("%s?%s=%s", l->path, l->query, id)
					     : xstrdup(l->path),
				    NULL);
	}
	int r = session_calls(os->session, calls, ARRAY_SIZE(calls), err);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		json_for_each (o, json_object_get(calls[i]->answer, leftovers[i].key)) {
			const char *name = json_string_value(json_object_get(o, "name"));
			if (!*ret && !streq(name, "default"))
				*ret = xasprintf("it still has %s: %s", leftovers[i].key,
						 name ? name : "one without a name");
		}
		call_free(calls[i]);
	}
	return r;
}

/* Neutron creates a group "default" for each project and never deletes it. */
static int delete_default_group(struct session *base, const char *project, struct err *err)
{
	json_t *answer = NULL;
	int r = session_call(
		base, SERVICE_NETWORK, "GET",
		xasprintf("/security-groups?fields=id&name=default&project_id=%s", project), NULL,
		&answer, err);

	json_for_each (group, json_object_get(answer, "security_groups")) {
		const char *id = json_string_value(json_object_get(group, "id"));
		if (r == 0 && id)
			r = session_call(base, SERVICE_NETWORK, "DELETE",
					 xasprintf("/security-groups/%s", id), NULL, NULL, err);
	}
	json_decref(answer);
	return r == -ENOENT ? 0 : r;
}

/* An incomplete project has no roles yet; a project that cannot be listed is not deleted. */
static int delete_marked(struct openstack *os, struct session *base, const char *id,
			 struct err *err)
{
	cleanup_free char *left = NULL;
	int r = 0;

	if (session_login(os->session, NULL, NULL) < 0)
		r = grant_roles(os, base, id, err);
	if (r == 0)
		r = session_login(os->session, NULL, err);
	if (r == 0)
		r = what_is_left(os, id, &left, err);
	if (r < 0)
		return err_wrap(err, "project %s was not deleted", os->project);
	if (left) {
		event_note(os->vim.run, "DELETE_TENANT", "project %s is kept: %s", os->project,
			   left);
		return 0;
	}
	r = delete_default_group(base, id, err);
	if (r == 0)
		r = session_call(base, SERVICE_IDENTITY, "DELETE", xasprintf("/projects/%s", id),
				 NULL, NULL, err);
	if (r < 0 && r != -ENOENT)
		return err_wrap(err, "delete project %s", os->project);
	event_report(os->vim.run, &(struct event){.type = "DELETE_TENANT",
						  .status = EVENT_SUCCESS,
						  .tenant = os->vim.tenant,
						  .object = os->project});
	return 0;
}

/* The session's project, if Keystone shows it to its members; else NULL. */
static json_t *own_project(struct openstack *os)
{
	json_t *answer = NULL;

	if (session_login(os->session, NULL, NULL) < 0)
		return NULL;
	(void)session_call(os->session, SERVICE_IDENTITY, "GET",
			   xasprintf("/projects/%s", session_project_id(os->session)), NULL,
			   &answer, NULL);
	json_t *project = json_incref(json_object_get(answer, "project"));
	json_decref(answer);
	return project;
}

int openstack_delete_project(struct openstack *os, struct err *err)
{
	cleanup_err struct err why = ERR_INIT;
	struct session *base = NULL;
	json_t *project = own_project(os);
	int r = 0;

	/* A project created by others is visible to its members only. */
	if (project && !is_marked(os, project)) {
		json_decref(project);
		return 0;
	}
	r = openstack_base_session(os, &base, &why);
	if (r == 0 && !project)
		r = find_project(os, base, &project, &why);
	if (r == -EKEYREJECTED && !project)
		r = 0; /* without permission to list projects, none was created */
	else if (r < 0)
		err_copy(err, &why);
	else if (project && is_marked(os, project))
		r = delete_marked(os, base, json_string_value(json_object_get(project, "id")), err);
	json_decref(project);
	session_free(base);
	return r;
}
