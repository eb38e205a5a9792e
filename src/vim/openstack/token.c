// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/token.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/openstack/clouds.h"

/* {"id": ID} or {"name": NAME, "domain": {...}}; NULL if neither is set. */
static json_t *named(const char *id, const char *name, const char *domain_id,
		     const char *domain_name)
{
	if (id)
		return json_pack("{s:s}", "id", id);
	if (!name)
		return NULL;
	return json_pack("{s:s, s:{s:s}}", "name", name, "domain", domain_id ? "id" : "name",
			 domain_id ? domain_id : domain_name);
}

static json_t *identity(const struct cloud *c)
{
	json_t *user = named(c->user_id, c->user_name, c->user_domain_id, c->user_domain_name);

	switch (c->auth) {
	case CLOUD_AUTH_PASSWORD:
		if (!user)
			user = json_object();
		json_object_set_new(user, "password", json_string(c->password));
		return json_pack("{s:[s], s:{s:o}}", "methods", "password", "password", "user",
				 user);
	case CLOUD_AUTH_TOKEN:
		json_decref(user);
		return json_pack("{s:[s], s:{s:s}}", "methods", "token", "token", "id", c->token);
	case CLOUD_AUTH_APPLICATION_CREDENTIAL:
		break;
	}
	json_t *credential = json_pack("{s:s}", "secret", c->application_credential_secret);
	if (c->application_credential_id) {
		json_object_set_new(credential, "id", json_string(c->application_credential_id));
		json_decref(user);
	} else {
		json_object_set_new(credential, "name",
				    json_string(c->application_credential_name));
		json_object_set_new(credential, "user", user ? user : json_object());
	}
	return json_pack("{s:[s], s:o}", "methods", "application_credential",
			 "application_credential", credential);
}

json_t *token_request(const struct cloud *c, const char *project)
{
	json_t *auth = json_pack("{s:o}", "identity", identity(c));
	json_t *scope = project ? named(NULL, project, c->project_domain_id, c->project_domain_name)
				: named(c->project_id, c->project_name, c->project_domain_id,
					c->project_domain_name);

	/* An application credential belongs to one project and accepts no scope. */
	if (scope && c->auth != CLOUD_AUTH_APPLICATION_CREDENTIAL)
		json_object_set_new(auth, "scope", json_pack("{s:O}", "project", scope));
	json_decref(scope);
	return json_pack("{s:o}", "auth", auth);
}

static char *get(const json_t *o, const char *key)
{
	return xstrdup(json_string_value(json_object_get(o, key)));
}

int token_parse(const json_t *answer, const char *id, struct token *ret, struct err *err)
{
	const json_t *body = json_object_get(answer, "token");
	const json_t *project = json_object_get(body, "project");

	if (!id || !json_is_object(body))
		return err_code(err, UNREACHABLE, EPROTO,
				"the reply has no token: check that this is Keystone v3");
	*ret = (struct token){
		.id = xstrdup(id),
		.user_id = get(json_object_get(body, "user"), "id"),
		.user_name = get(json_object_get(body, "user"), "name"),
		.project_id = get(project, "id"),
		.project_name = get(project, "name"),
		.project_domain_id = get(json_object_get(project, "domain"), "id"),
		.catalog = json_deep_copy(json_object_get(body, "catalog")),
	};
	json_for_each (role, json_object_get(body, "roles")) {
		const char *name = json_string_value(json_object_get(role, "name"));
		const char *role_id = json_string_value(json_object_get(role, "id"));
		if (!name || !role_id)
			continue;
		*array_push(ret->roles, ret->n_roles) = xstrdup(name);
		*array_push(ret->role_ids, ret->n_role_ids) = xstrdup(role_id);
	}
	return 0;
}

static const char *region_of(const json_t *endpoint)
{
	const char *id = json_string_value(json_object_get(endpoint, "region_id"));

	return id ? id : json_string_value(json_object_get(endpoint, "region"));
}

static const json_t *find_in_service(const json_t *service, const char *region,
				     const char *interface)
{
	json_for_each (endpoint, json_object_get(service, "endpoints")) {
		const char *what = json_string_value(json_object_get(endpoint, "interface"));
		if (streq(what, interface) && (!region || streq(region_of(endpoint), region)))
			return endpoint;
	}
	return NULL;
}

static const json_t *find_endpoint(const struct token *token, const struct endpoint_query *query)
{
	const json_t *found = NULL;

	for (size_t i = 0; i < query->interfaces->n && !found; i++)
		json_for_each (service, token->catalog) {
			const char *type = json_string_value(json_object_get(service, "type"));
			const char *name = json_string_value(json_object_get(service, "name"));
			if (!found && streq(type, query->type) &&
			    (!query->name || streq(name, query->name)))
				found = find_in_service(service, query->region,
							query->interfaces->v[i]);
		}
	return found;
}

const char *token_endpoint(const struct token *token, const struct endpoint_query *query)
{
	return json_string_value(json_object_get(find_endpoint(token, query), "url"));
}

const char *token_region(const struct token *token, const struct endpoint_query *query)
{
	return region_of(find_endpoint(token, query));
}

void token_clear(struct token *token)
{
	if (token->id)
		explicit_bzero(token->id, strlen(token->id));
	free_all(token->id, token->user_id, token->user_name, token->project_id,
		 token->project_name, token->project_domain_id);
	for (size_t i = 0; i < token->n_roles; i++)
		free(token->roles[i]);
	for (size_t i = 0; i < token->n_role_ids; i++)
		free(token->role_ids[i]);
	free_all(token->roles, token->role_ids);
	json_decref(token->catalog);
	*token = (struct token){0};
}
