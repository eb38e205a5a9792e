// SPDX-License-Identifier: Apache-2.0

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

enum { MAX_PAGES = 100, MAX_BYTES = 64 << 20 };

/* The fields that are used; a port has many more. */
#define NETWORK_FIELDS                                                                    \
	"&fields=id&fields=name&fields=description&fields=status&fields=created_at"       \
	"&fields=mtu&fields=router:external&fields=provider:network_type"                 \
	"&fields=provider:physical_network&fields=provider:segmentation_id&fields=shared" \
	"&fields=subnets&fields=port_security_enabled&fields=project_id"
#define SUBNET_FIELDS                                                               \
	"&fields=id&fields=name&fields=description&fields=network_id&fields=cidr"   \
	"&fields=created_at&fields=ip_version&fields=enable_dhcp&fields=gateway_ip" \
	"&fields=project_id"
#define PORT_FIELDS                                                                     \
	"&fields=id&fields=name&fields=description&fields=status&fields=network_id"     \
	"&fields=created_at&fields=device_id&fields=device_owner&fields=admin_state_up" \
	"&fields=project_id"

static int take_page(const struct openstack *os, const struct call *call, enum vim_kind kind,
		     struct resources *ret, struct err *err)
{
	cleanup_err struct err wrong = ERR_INIT;
	size_t before = ret->n;
	int r = resources_add_list(ret, kind, call->answer, &wrong);

	resources_disown(ret, before, session_project_id(os->session));
	if (r == 0)
		return 0;
	return call_misread(call, err, "%s", wrong.text);
}

int openstack_fetch_pages(struct openstack *os, struct listing *listings, size_t n,
			  struct resources *ret, unsigned *ret_pages, struct err *err)
{
	cleanup_free struct call **calls = xcalloc(n, sizeof(struct call *));
	bool *more = xcalloc(n, sizeof(*more));
	size_t left = n, bytes = 0;
	unsigned page;
	int r = 0;

	for (page = 0; r == 0 && left > 0 && page < MAX_PAGES; page++) {
		size_t sent = 0;
		cleanup_free size_t *which = xcalloc(n, sizeof(size_t));
		for (size_t i = 0; i < n; i++) {
			if (page > 0 && !more[i])
				continue;
			which[sent] = i;
			calls[sent++] =
				call_new(openstack_service(listings[i].kind), "GET",
					 xasprintf("%s%s", openstack_list_path(listings[i].kind),
						   listings[i].query ? listings[i].query : ""),
					 NULL);
		}
		r = session_calls(os->session, calls, sent, err);
		left = 0;
		for (size_t k = 0; k < sent; k++) {
			struct listing *l = &listings[which[k]];
			bytes += calls[k]->len;
			if (r == 0 && bytes > MAX_BYTES)
				r = err_set(err, FAILED, "a listing has more than %d bytes",
					    MAX_BYTES);
			if (r == 0)
				r = take_page(os, calls[k], l->kind, ret, err);
			free(l->query);
			l->query = r == 0 ? resources_next_page(l->kind, calls[k]->answer) : NULL;
			more[which[k]] = l->query != NULL;
			left += more[which[k]];
			call_free(calls[k]);
		}
	}
	if (r == 0 && left > 0)
		r = err_set(err, FAILED, "a listing has more than %d pages", MAX_PAGES);
	for (size_t i = 0; i < n; i++)
		free(listings[i].query);
	free(more);
	*ret_pages = page;
	return r;
}

int openstack_fetch(struct openstack *os, struct listing *listings, size_t n, struct resources *ret,
		    struct err *err)
{
	unsigned pages;

	return openstack_fetch_pages(os, listings, n, ret, &pages, err);
}

static char *query_of(const char *key, const char *value, const char *fields)
{
	struct strbuf query = {0};

	query_add(&query, key, value);
	strbuf_adds(&query, fields);
	return strbuf_steal(&query);
}

/* "?KEY=in:"a","b"": https://docs.openstack.org/api-ref/image/v2/#list-images; NULL: none. */
static char *images_by(const char *key, const struct vim_reference *references, size_t n)
{
	cleanup_strbuf struct strbuf list = {0};
	struct strbuf query = {0};

	for (size_t i = 0; i < n; i++)
		if (references[i].kind == VIM_IMAGE && !strchr(references[i].name, '"'))
			strbuf_addf(&list, "%s\"%s\"", list.len ? "," : "in:", references[i].name);
	if (!list.len)
		return NULL;
	query_add(&query, key, list.s);
	return strbuf_steal(&query);
}

static bool is_meant(const struct vim_object *o, const struct vim_reference *reference)
{
	return o->kind == reference->kind &&
	       (streq(o->name, reference->name) || streq(o->id, reference->name));
}

/* Networks shared by other projects are found by name or id only. */
static int fetch_shared_networks(struct openstack *os, const struct vim_reference *references,
				 size_t n, struct err *err)
{
	struct strbuf by_name = {0}, by_id = {0};

	for (size_t i = 0; i < n; i++) {
		bool found = references[i].kind != VIM_NETWORK;
		for (size_t k = 0; k < os->resources.n && !found; k++)
			found = is_meant(&os->resources.v[k].object, &references[i]);
		if (found)
			continue;
		query_add(&by_name, "name", references[i].name);
		query_add(&by_id, "id", references[i].name);
	}
	if (!by_name.len)
		return 0;
	strbuf_adds(&by_name, NETWORK_FIELDS);
	strbuf_adds(&by_id, NETWORK_FIELDS);
	struct listing listings[] = {{VIM_NETWORK, strbuf_steal(&by_name)},
				     {VIM_NETWORK, strbuf_steal(&by_id)}};
	size_t before = os->resources.n;
	int r = openstack_fetch(os, listings, ARRAY_SIZE(listings), &os->resources, err);
	struct strbuf of_networks = {0};
	for (size_t i = before; i < os->resources.n && r == 0; i++)
		query_add(&of_networks, "network_id", os->resources.v[i].object.id);
	if (!of_networks.len)
		return r;
	strbuf_adds(&of_networks, SUBNET_FIELDS);
	struct listing subnets = {VIM_SUBNET, strbuf_steal(&of_networks)};
	return openstack_fetch(os, &subnets, 1, &os->resources, err);
}

/* Flavors, and referenced images and networks: listed without a project of ours. */
static int fetch_common(struct openstack *os, const struct vim_reference *references, size_t n,
			struct err *err)
{
	bool admin = session_has_role(os->session, "admin");
	char *by_name = images_by("name", references, n);
	struct listing listings[] = {
		{VIM_FLAVOR, admin ? xstrdup("?is_public=None") : NULL},
		{VIM_IMAGE, by_name},
		{VIM_IMAGE, images_by("id", references, n)},
	};
	int r = openstack_fetch(os, listings, by_name ? 3 : 1, &os->resources, err);

	return r < 0 ? r : fetch_shared_networks(os, references, n, err);
}

static int fetch_all(struct openstack *os, const struct vim_reference *references, size_t n,
		     struct err *err)
{
	const char *project = session_project_id(os->session);
	cleanup_free char *deployment = xasprintf("%s/%s", os->vim.tenant, os->vim.deployment);
	bool admin = session_has_role(os->session, "admin");
	char *by_name = images_by("name", references, n);
	/* Admins see the images of all projects, and anyone can set a property. */
	struct strbuf ours = {0};
	query_add(&ours, MARK_DEPLOYMENT, deployment);
	query_add(&ours, "owner", project);
	struct listing listings[] = {
		{VIM_NETWORK, query_of("project_id", project, NETWORK_FIELDS)},
		{VIM_SUBNET, query_of("project_id", project, SUBNET_FIELDS)},
		{VIM_PORT, query_of("project_id", project, PORT_FIELDS)},
		{VIM_SERVER, NULL},
		{VIM_FLAVOR, admin ? xstrdup("?is_public=None") : NULL},
		{VIM_SERVER_GROUP, NULL},
		{VIM_IMAGE, strbuf_steal(&ours)},
		{VIM_IMAGE, by_name},
		{VIM_IMAGE, images_by("id", references, n)},
	};
	int r = openstack_fetch(os, listings, ARRAY_SIZE(listings) - (by_name ? 0 : 2),
				&os->resources, err);

	return r < 0 ? r : fetch_shared_networks(os, references, n, err);
}

/* Resources that a project to be created could use, as seen from the credentials' project. */
static int fetch_before_project(struct openstack *os, const struct vim_reference *references,
				size_t n, struct err *err)
{
	struct session *own = os->session;
	int r = openstack_base_session(os, &os->session, err);

	if (r == 0) {
		r = fetch_common(os, references, n, err);
		session_free(os->session);
	}
	os->session = own;
	return r;
}

/* The project of a network that is not ours; NULL: it is, or unknown. */
static char *other_project(const struct openstack *os, const struct vim_object *o)
{
	const struct resource *t =
		o->kind == VIM_NETWORK ? resources_by_id(&os->resources, VIM_NETWORK, o->id) : NULL;
	const char *own = session_project_id(os->session);
	char *project = t ? json_try_text(t->json, "project_id") : NULL;

	if (project && own && !streq(project, own))
		return project;
	free(project);
	return NULL;
}

static void copy_object(const struct openstack *os, struct vim_inventory *inventory,
			const struct vim_object *from)
{
	const struct resource *image =
		from->image_id ? resources_by_id(&os->resources, VIM_IMAGE, from->image_id) : NULL;
	char *other = other_project(os, from);

	*array_push(inventory->v, inventory->n) = (struct vim_object){
		.kind = from->kind,
		.id = xstrdup(from->id),
		.name = xstrdup(from->name),
		.owner = xstrdup(from->owner),
		.state = from->state,
		.fault = xstrdup(from->fault),
		.digest = xstrdup(from->digest),
		.link_down = from->link_down,
		.no_subnet = from->no_subnet,
		.no_port_security = from->no_port_security,
		/* Neutron's policy, create_port. */
		.port_security_is_owners = other && !session_has_role(os->session, "admin"),
		.other_project = other,
		.host = xstrdup(from->host),
		.image = xstrdup(image ? image->object.name : from->image_id),
		.flavor = xstrdup(from->flavor),
		.image_id = xstrdup(from->image_id),
		.flavor_digest = xstrdup(from->flavor_digest),
		.user_data = xstrdup(from->user_data),
	};
}

static bool is_first(const struct openstack *os, size_t i)
{
	const struct vim_object *o = &os->resources.v[i].object;

	return resources_by_id(&os->resources, o->kind, o->id) == &os->resources.v[i];
}

int openstack_list(struct vim *vim, const struct vim_reference *references, size_t n,
		   struct vim_inventory *ret, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	cleanup_inventory struct vim_inventory inventory = {.can_update = true};
	cleanup_err struct err why = ERR_INIT;
	int r = openstack_login(os, &why);

	resources_clear(&os->resources);
	if (r == 0)
		r = fetch_all(os, references, n, err);
	else if (r == -ENOENT && os->make_project)
		r = fetch_before_project(os, references, n, err);
	else
		err_copy(err, &why);
	if (r < 0)
		return r;
	inventory.changes = openstack_changes(os);
	for (size_t i = 0; i < os->resources.n; i++) {
		const struct vim_object *o = &os->resources.v[i].object;
		bool ours = o->owner && str_starts(o->owner, os->prefix);
		bool of_use =
			o->kind == VIM_NETWORK || o->kind == VIM_FLAVOR || o->kind == VIM_IMAGE;
		if ((ours || of_use) && is_first(os, i))
			copy_object(os, &inventory, o);
	}
	*ret = steal(inventory);
	return 0;
}
