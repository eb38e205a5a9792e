// SPDX-License-Identifier: Apache-2.0
/*
 * The project itself. ESC's managed_resource with vim_mapping: the tenant's project is made by the
 * first deployment and deleted with the last. Its mark stands in the description.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

static char *project_mark(const struct openstack *os)
{
	return xasprintf("dnsvnf:%s/project", os->vim.tenant);
}

/* An application credential opens one project only, whatever the descriptor says. */
static int check_project(const struct openstack *os, struct err *err)
{
	const char *name = session_project_name(os->session);

	if (!session_project_id(os->session))
		return err_set(err, EINVAL,
			       "cloud %s: the credentials name no project, and the descriptor "
			       "neither: set vim_project in its locator",
			       os->cloud.name);
	if (!os->project || streq(os->project, name))
		return 0;
	return err_set(
		err, EINVAL,
		"the application credential of cloud %s is of project %s, and the descriptor "
		"asks for %s: name %s as vim_project in its locator, or use another cloud",
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
		return err_set(err, ENOENT, "%s", why.text);
	if (no_project && os->project)
		return err_set(err, r,
			       "%s; is there a project %s, and has the user a role in it? The "
			       "descriptor's tenant or vim_project names it",
			       why.text, os->project);
	return err_set(err, r, "%s", why.text);
}

/* A session in the project that the credentials themselves name. */
static int base_session(struct openstack *os, struct session **ret, struct err *err)
{
	struct session *base = session_new(&os->cloud, NULL);
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

/* Names of projects are unique in a domain, so what an earlier try made is found, not doubled. */
static int make(struct openstack *os, struct session *base, json_t **ret, struct err *err)
{
	cleanup_free char *mark = project_mark(os);
	json_t *body =
		json_pack("{s:{s:s, s:s}}", "project", "name", os->project, "description", mark);
	json_t *answer = NULL;
	const char *domain = os->cloud.project_domain_id;

	if (domain)
		json_object_set_new(json_object_get(body, "project"), "domain_id",
				    json_string(domain));
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

/* Its maker gets in it the roles that it has in its own. */
static int grant_roles(struct openstack *os, struct session *base, const char *project,
		       struct err *err)
{
	const char *const *ids;
	size_t n = session_role_ids(base, &ids);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = session_call(base, SERVICE_IDENTITY, "PUT",
				 xasprintf("/projects/%s/users/%s/roles/%s", project,
					   session_user_id(base), ids[i]),
				 NULL, NULL, err);
	return r < 0 ? err_wrap(err, "grant roles in project %s", os->project) : 0;
}

int openstack_make_project(struct openstack *os, struct err *err)
{
	struct session *base = NULL;
	json_t *project = NULL;
	int r = base_session(os, &base, err);

	if (r == 0)
		r = find_project(os, base, &project, err);
	if (r == 0 && project && !is_marked(os, project))
		r = err_set(err, EACCES,
			    "project %s exists, was not made by dnsvnf, and does not let user in: "
			    "grant a role in it, or set managed_resource to false",
			    os->project);
	if (r == 0 && !project)
		r = make(os, base, &project, err);
	if (r == 0)
		r = grant_roles(os, base, json_string_value(json_object_get(project, "id")), err);
	if (r == 0)
		r = openstack_login(os, err);
	if (r == 0)
		event_report(os->vim.events, &(struct event){.type = "CREATE_TENANT",
							     .status = EVENT_SUCCESS,
							     .tenant = os->vim.tenant,
							     .object = os->project});
	else
		err_wrap(err, "project %s", os->project);
	json_decref(project);
	session_free(base);
	return r;
}

/* Says in one clause what is left in the project, or NULL: nothing. */
static int what_is_left(struct openstack *os, const char *id, char **ret, struct err *err)
{
	static const enum vim_kind kinds[] = {VIM_SERVER, VIM_PORT, VIM_NETWORK};
	struct listing listings[ARRAY_SIZE(kinds)];
	cleanup_things struct things things = {0};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		listings[i] = (struct listing){
			kinds[i], kinds[i] == VIM_SERVER ? NULL : xasprintf("?project_id=%s", id)};
	int r = openstack_fetch(os, listings, ARRAY_SIZE(listings), &things, err);
	if (r == 0)
		*ret = things.n
			       ? xasprintf("%s %s is in it", vim_kind_name(things.v[0].object.kind),
					   things.v[0].object.name)
			       : NULL;
	return r;
}

/* Neutron makes a group "default" for each project that it meets, and leaves it behind. */
static int delete_default_group(struct session *base, const char *project, struct err *err)
{
	json_t *answer = NULL;
	const json_t *group;
	size_t i;
	int r = session_call(base, SERVICE_NETWORK, "GET",
			     xasprintf("/security-groups?fields=id&project_id=%s", project), NULL,
			     &answer, err);

	json_array_foreach(json_object_get(answer, "security_groups"), i, group)
	{
		const char *id = json_string_value(json_object_get(group, "id"));
		if (r == 0 && id)
			r = session_call(base, SERVICE_NETWORK, "DELETE",
					 xasprintf("/security-groups/%s", id), NULL, NULL, err);
	}
	json_decref(answer);
	return r == -ENOENT ? 0 : r;
}

static int delete_marked(struct openstack *os, struct session *base, const char *id,
			 struct err *err)
{
	cleanup_free char *left = NULL;
	int r = session_login(os->session, NULL, NULL) == 0 ? what_is_left(os, id, &left, err) : 0;

	if (r < 0)
		return r;
	if (left) {
		event_note(os->vim.events, "DELETE_TENANT", "project %s stays: %s", os->project,
			   left);
		return 0;
	}
	r = delete_default_group(base, id, err);
	if (r == 0)
		r = session_call(base, SERVICE_IDENTITY, "DELETE", xasprintf("/projects/%s", id),
				 NULL, NULL, err);
	if (r < 0 && r != -ENOENT)
		return err_wrap(err, "delete project %s", os->project);
	event_report(os->vim.events, &(struct event){.type = "DELETE_TENANT",
						     .status = EVENT_SUCCESS,
						     .tenant = os->vim.tenant,
						     .object = os->project});
	return 0;
}

/* The project that the session is in, as Keystone shows it to its members; NULL: it does not. */
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

	/* A project that others made is looked at by its members, and by nobody else. */
	if (project && !is_marked(os, project)) {
		json_decref(project);
		return 0;
	}
	r = base_session(os, &base, &why);
	if (r == 0 && !project)
		r = find_project(os, base, &project, &why);
	if (r == -EKEYREJECTED && !project)
		r = 0; /* who may not list projects has made none */
	else if (r < 0)
		err_set(err, r, "%s", why.text);
	else if (project && is_marked(os, project))
		r = delete_marked(os, base, json_string_value(json_object_get(project, "id")), err);
	json_decref(project);
	session_free(base);
	return r;
}
