// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/handle.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/json_read.h"

/* Name of the list in an answer, its path, and the service. */
static const struct {
	const char *plural, *path;
	enum service service;
} kinds[] = {
	[VIM_IMAGE] = {"images", "/images", SERVICE_IMAGE},
	[VIM_FLAVOR] = {"flavors", "/flavors/detail", SERVICE_COMPUTE},
	[VIM_SERVER_GROUP] = {"server_groups", "/os-server-groups", SERVICE_COMPUTE},
	[VIM_NETWORK] = {"networks", "/networks", SERVICE_NETWORK},
	[VIM_SUBNET] = {"subnets", "/subnets", SERVICE_NETWORK},
	[VIM_PORT] = {"ports", "/ports", SERVICE_NETWORK},
	[VIM_SERVER] = {"servers", "/servers/detail", SERVICE_COMPUTE},
};

const char *resource_plural(enum vim_kind kind)
{
	return kinds[kind].plural;
}

const char *openstack_list_path(enum vim_kind kind)
{
	return kinds[kind].path;
}

enum service openstack_service(enum vim_kind kind)
{
	return kinds[kind].service;
}

const char *resource_singular(enum vim_kind kind)
{
	return kind == VIM_SERVER_GROUP ? "server_group" : vim_kind_name(kind);
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

char *resource_mark(const struct vim_request *request)
{
	cleanup_free char *digest = vim_request_digest(request);

	return xasprintf("%s %s", request->owner, digest);
}

void resource_parse_mark(const char *mark, char **ret_owner, char **ret_digest)
{
	*ret_owner = *ret_digest = NULL;
	if (!mark || !str_starts(mark, "dnsvnf:"))
		return;
	/* A role may contain blanks, a digest does not. */
	const char *blank = strrchr(mark, ' ');
	*ret_owner = blank ? xstrndup(mark, (size_t)(blank - mark)) : xstrdup(mark);
	*ret_digest = blank ? xstrdup(blank + 1) : NULL;
}

static enum vim_state network_state(const char *status)
{
	if (streq(status, "ACTIVE"))
		return VIM_STATE_ACTIVE;
	return streq(status, "ERROR") ? VIM_STATE_ERROR : VIM_STATE_DOWN;
}

static enum vim_state image_state(const char *status)
{
	if (streq(status, "active"))
		return VIM_STATE_ACTIVE;
	if (streq(status, "queued") || streq(status, "saving") || streq(status, "importing"))
		return VIM_STATE_BUILD;
	return VIM_STATE_ERROR;
}

/* https://docs.openstack.org/api-guide/compute/server_concepts.html */
static enum vim_state server_state(const char *status, const char *task)
{
	if (streq(task, "deleting") || streq(task, "soft-deleting"))
		return VIM_STATE_DELETING;
	/* VERIFY_RESIZE: it runs; the resize is to be confirmed or reverted. */
	if (streq(status, "ACTIVE") || streq(status, "VERIFY_RESIZE"))
		return VIM_STATE_ACTIVE;
	if (streq(status, "ERROR"))
		return VIM_STATE_ERROR;
	if (streq(status, "SHUTOFF") || streq(status, "SUSPENDED") || streq(status, "PAUSED") ||
	    streq(status, "SHELVED") || streq(status, "SHELVED_OFFLOADED") ||
	    streq(status, "DELETED") || streq(status, "SOFT_DELETED"))
		return VIM_STATE_DOWN;
	return streq(status, "BUILD") ? VIM_STATE_BUILD : VIM_STATE_BUSY;
}

/* The flavor's extra specs are set by a second request. */
static enum vim_state flavor_state(const json_t *o, const char *owner)
{
	const json_t *specs = json_object_get(o, "extra_specs");

	return !owner || !specs || json_object_get(specs, MARK_EXTRA_SPEC) ? VIM_STATE_ACTIVE
									   : VIM_STATE_BUILD;
}

/* NULL: shown to the role admin only. */
static char *read_user_data(const json_t *json)
{
	const json_t *value = json_object_get(json, "OS-EXT-SRV-ATTR:user_data");
	const char *encoded = json_string_value(value);
	struct strbuf decoded = {0};

	if (!value)
		return NULL;
	if (encoded)
		base64_decode(encoded, strlen(encoded), &decoded);
	return strbuf_steal(&decoded);
}

bool resource_runs_unconfirmed(const json_t *server)
{
	enum { RUNNING = 1 }; /* nova/objects/fields.py, InstancePowerState */
	const char *fault = text(json_object_get(server, "fault"), "message");

	return streq(text(server, "status"), "ERROR") && fault &&
	       json_is_null(json_object_get(server, "OS-EXT-STS:task_state")) &&
	       json_integer_value(json_object_get(server, "OS-EXT-STS:power_state")) == RUNNING &&
	       strstr(fault, "CPU set to unpin");
}

static void read_server(struct vim_object *o, const json_t *json)
{
	const json_t *metadata = json_object_get(json, "metadata");
	const char *host = text(json, "OS-EXT-SRV-ATTR:host"); /* visible to the role admin */

	o->owner = xstrdup(text(metadata, MARK_OWNER));
	o->digest = xstrdup(text(metadata, MARK_DIGEST));
	o->state = server_state(text(json, "status"), text(json, "OS-EXT-STS:task_state"));
	if (resource_runs_unconfirmed(json))
		o->state = VIM_STATE_BUSY;
	o->fault = json_try_text(json_object_get(json, "fault"), "message");
	o->image_id = xstrdup(text(json_object_get(json, "image"), "id"));
	o->flavor = json_try_text(json_object_get(json, "flavor"), "original_name");
	o->flavor_digest = xstrdup(text(
		json_object_get(json_object_get(json, "flavor"), "extra_specs"), MARK_EXTRA_SPEC));
	o->user_data = read_user_data(json);
	o->host = host && *host ? xstrdup(host) : NULL; /* a refused server has none */
}

/* An id becomes a part of a request's path. Those of flavors are chosen by admins: Nova's limits.
 */
static bool is_id(const char *id)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_ .";

	return id && *id && !id[strspn(id, allowed)] && !streq(id, ".") && !streq(id, "..");
}

void resources_add(struct resources *resources, enum vim_kind kind, json_t *json)
{
	const char *id = text(json, "id");
	char *name = json_try_text(json, "name");

	if (!is_id(id)) {
		free(name);
		return;
	}
	struct resource *t = array_push(resources->v, resources->n);
	struct vim_object *o = &t->object;
	*o = (struct vim_object){
		.kind = kind, .id = xstrdup(id), .name = name ? name : xstrdup("")};
	t->json = json_incref(json);
	t->parent = xstrdup(text(json, "network_id"));
	t->created_at = xstrdup(text(json, "created_at"));
	switch (kind) {
	case VIM_IMAGE:
		o->owner = xstrdup(text(json, MARK_OWNER));
		o->digest = xstrdup(text(json, MARK_DIGEST));
		o->state = image_state(text(json, "status"));
		break;
	case VIM_FLAVOR:
		resource_parse_mark(text(json, "description"), &o->owner, &o->digest);
		o->state = flavor_state(json, o->owner);
		break;
	case VIM_SERVER_GROUP:
		if (str_starts(o->name, "dnsvnf:"))
			o->owner = xstrdup(o->name);
		o->state = VIM_STATE_ACTIVE;
		break;
	case VIM_NETWORK: {
		const json_t *subnets = json_object_get(json, "subnets");
		o->no_subnet = json_is_array(subnets) && json_array_size(subnets) == 0;
		o->no_port_security = json_is_false(json_object_get(json, "port_security_enabled"));
	}
		__attribute__((fallthrough));
	case VIM_PORT:
		resource_parse_mark(text(json, "description"), &o->owner, &o->digest);
		o->state = network_state(text(json, "status"));
		o->link_down =
			kind == VIM_PORT && json_is_false(json_object_get(json, "admin_state_up"));
		break;
	case VIM_SUBNET:
		resource_parse_mark(text(json, "description"), &o->owner, &o->digest);
		o->state = VIM_STATE_ACTIVE;
		break;
	case VIM_SERVER:
		read_server(o, json);
		break;
	}
}

/* The first key whose value is not as in the API; a mark that cannot be read is none. */
static const char *wrong_key(const json_t *o)
{
	static const char *const texts[] = {"name",       "description", "status",   "network_id",
					    "created_at", MARK_OWNER,    MARK_DIGEST};
	const json_t *metadata = json_object_get(o, "metadata");

	if (!is_id(text(o, "id")))
		return "id";
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const json_t *of_object = json_object_get(o, texts[i]);
		const json_t *of_metadata = json_object_get(metadata, texts[i]);
		if ((of_object && !json_is_string(of_object) && !json_is_null(of_object)) ||
		    (of_metadata && !json_is_string(of_metadata)))
			return texts[i];
	}
	return metadata && !json_is_object(metadata) && !json_is_null(metadata) ? "metadata" : NULL;
}

int resources_add_list(struct resources *resources, enum vim_kind kind, const json_t *answer,
		       struct err *err)
{
	json_t *list = json_object_get(answer, resource_plural(kind));

	if (!json_is_array(list))
		return err_code(err, UNREACHABLE, EPROTO, "the reply has no list of %s",
				resource_plural(kind));
	json_for_each (o, list) {
		const char *key = wrong_key(o);
		if (key)
			return err_code(
				err, UNREACHABLE, EPROTO,
				"in the reply's list of %s, \"%s\" is not as the API has it",
				resource_plural(kind), key);
		resources_add(resources, kind, o);
	}
	return 0;
}

/* The id of the project that it belongs to, or NULL. Flavors are made by admins only. */
static const char *project_of(const struct resource *t)
{
	switch (t->object.kind) {
	case VIM_IMAGE:
		return text(t->json, "owner");
	case VIM_SERVER:
		return text(t->json, "tenant_id");
	case VIM_NETWORK:
	case VIM_SUBNET:
	case VIM_PORT:
	case VIM_SERVER_GROUP:
		return text(t->json, "project_id");
	case VIM_FLAVOR:
		break;
	}
	return NULL;
}

void resources_disown(struct resources *resources, size_t from, const char *project)
{
	for (size_t i = from; i < resources->n && project; i++) {
		struct resource *t = &resources->v[i];
		const char *other = project_of(t);

		if (!other || streq(other, project))
			continue;
		free_all(t->object.owner, t->object.digest);
		t->object.owner = t->object.digest = NULL;
	}
}

char *resources_next_page(enum vim_kind kind, const json_t *answer)
{
	cleanup_free char *links = xasprintf("%s_links", resource_plural(kind));
	const char *url = kind == VIM_IMAGE ? text(answer, "next") : NULL;

	json_for_each (link, json_object_get(answer, links)) {
		if (streq(text(link, "rel"), "next"))
			url = text(link, "href");
	}
	if (!url)
		return NULL;
	/* Only the query is used: an answer must not change path or host. */
	const char *query = strchr(url, '?');
	return query ? xstrdup(query) : NULL;
}

struct resource *resources_by_owner(const struct resources *resources, enum vim_kind kind,
				    const char *owner)
{
	return array_find(resources->v, resources->n,
			  it->object.kind == kind && owner && streq(it->object.owner, owner));
}

struct resource *resources_by_id(const struct resources *resources, enum vim_kind kind,
				 const char *id)
{
	return array_find(resources->v, resources->n,
			  it->object.kind == kind && streq(it->object.id, id));
}

struct resource *resources_by_name(const struct resources *resources, enum vim_kind kind,
				   const char *name, const char *prefix, const char *parent)
{
	struct resource *other = NULL;

	for (size_t i = 0; i < resources->n; i++) {
		struct resource *t = &resources->v[i];
		const struct vim_object *o = &t->object;
		if (o->kind != kind || (!streq(o->name, name) && !streq(o->id, name)) ||
		    (parent && !streq(t->parent, parent)))
			continue;
		if (o->owner && str_starts(o->owner, prefix))
			return t;
		if (!other)
			other = t;
	}
	return other;
}

static void resource_clear(struct resource *t)
{
	vim_object_clear(&t->object);
	free_all(t->parent, t->created_at);
	json_decref(t->json);
}

void resources_remove(struct resources *resources, enum vim_kind kind, const char *id)
{
	size_t kept = 0;

	for (size_t i = 0; i < resources->n; i++) {
		struct resource *t = &resources->v[i];
		if (t->object.kind == kind && streq(t->object.id, id))
			resource_clear(t);
		else
			resources->v[kept++] = *t;
	}
	resources->n = kept;
}

void resources_clear(struct resources *resources)
{
	array_free(resources->v, resources->n, resource_clear);
	*resources = (struct resources){0};
}

void query_add(struct strbuf *query, const char *key, const char *value)
{
	strbuf_addf(query, "%c%s=", query->len ? '&' : '?', key);
	for (const unsigned char *c = (const unsigned char *)value; *c; c++)
		if (isalnum(*c) || strchr("-._~", *c))
			strbuf_add(query, c, 1);
		else
			strbuf_addf(query, "%%%02X", *c);
}
