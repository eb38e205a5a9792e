// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/import.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/str.h"

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static unsigned number(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	return json_is_integer(value) && json_integer_value(value) > 0
		       ? (unsigned)json_integer_value(value)
		       : 0;
}

/* ---- what the servers use ---- */

static bool is_wanted(const struct vim_object *o, const char *const *servers)
{
	for (; *servers; servers++)
		if (streq(o->name, *servers) || streq(o->id, *servers))
			return true;
	return false;
}

/* "dnsvnf:T/D/" of a mark, or NULL. */
static char *prefix_of(const char *owner)
{
	const char *slash = owner ? strchr(owner, '/') : NULL;
	const char *end = slash ? strchr(slash + 1, '/') : NULL;

	return end ? xstrndup(owner, (size_t)(end + 1 - owner)) : NULL;
}

int import_choose(struct importer *im, const char *const *servers, struct err *err)
{
	struct resources *r = &im->resources;
	bool first = true;

	for (const char *const *name = servers; *name; name++) {
		const char *one[] = {*name, NULL};
		const struct resource *t = array_find(r->v, r->n, is_wanted(&it->object, one));
		if (!t)
			return err_set(err, NOT_FOUND, "no server \"%s\" in this project", *name);
		cleanup_free char *prefix = prefix_of(t->object.owner);
		if (!first && !streq(prefix, im->prefix))
			return err_set(err, INVALID,
				       "server \"%s\" is of another deployment than \"%s\": import "
				       "them one after the other",
				       *name, servers[0]);
		if (first)
			im->prefix = steal_ptr(prefix);
		first = false;
	}
	for (size_t i = r->n; i-- > 0;) {
		const struct vim_object *o = &r->v[i].object;
		if (!is_wanted(o, servers) && !import_role(im, o))
			resources_remove(r, VIM_SERVER, o->id);
	}
	return 0;
}

/* Values of a member of all listed objects of a kind, as a query; empty: NULL. */
static char *query_by(const struct importer *im, enum vim_kind kind, const char *member,
		      const char *key)
{
	struct strbuf query = {0};
	cleanup_strv struct strv seen = {0};

	for (size_t i = 0; i < im->resources.n; i++) {
		const struct resource *t = &im->resources.v[i];
		const char *value = t->object.kind == kind ? text(t->json, member) : NULL;
		if (!value || strv_contains(&seen, value))
			continue;
		strv_add(&seen, value);
		query_add(&query, key, value);
	}
	return query.len ? strbuf_steal(&query) : NULL;
}

static int fetch_one(struct openstack *os, struct importer *im, enum vim_kind kind, char *query,
		     struct err *err)
{
	struct listing listing = {kind, query};

	return query ? openstack_fetch(os, &listing, 1, &im->resources, err) : 0;
}

static int fetch_images(struct openstack *os, struct importer *im, struct err *err)
{
	size_t n = im->resources.n;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const struct vim_object *o = &im->resources.v[i].object;
		json_t *image = NULL;
		if (o->kind != VIM_SERVER || !o->image_id ||
		    resources_by_id(&im->resources, VIM_IMAGE, o->image_id))
			continue;
		r = session_call(os->session, SERVICE_IMAGE, "GET",
				 xasprintf("/images/%s", o->image_id), NULL, &image, err);
		if (r == -ENOENT) {
			err_clear(err);
			r = 0;
		} else if (r == 0) {
			resources_add(&im->resources, VIM_IMAGE, image);
		}
		json_decref(image);
	}
	return r;
}

static int fetch(struct openstack *os, struct importer *im, const char *const *servers,
		 struct err *err)
{
	bool admin = session_has_role(os->session, "admin");
	json_t *groups = NULL;
	struct listing all = {VIM_SERVER, NULL};
	int r = openstack_fetch(os, &all, 1, &im->resources, err);

	if (r == 0)
		r = import_choose(im, servers, err);
	if (r == 0)
		r = fetch_one(os, im, VIM_PORT, query_by(im, VIM_SERVER, "id", "device_id"), err);
	if (r == 0)
		r = fetch_one(os, im, VIM_NETWORK, query_by(im, VIM_PORT, "network_id", "id"), err);
	if (r == 0)
		r = fetch_one(os, im, VIM_SUBNET, query_by(im, VIM_NETWORK, "id", "network_id"),
			      err);
	if (r == 0)
		r = fetch_images(os, im, err);
	struct listing more[] = {{VIM_FLAVOR, admin ? xstrdup("?is_public=None") : NULL},
				 {VIM_SERVER_GROUP, NULL}};
	if (r < 0) {
		free(more[0].query);
		return r;
	}
	r = openstack_fetch(os, more, ARRAY_SIZE(more), &im->resources, err);
	if (r == 0)
		r = session_call(os->session, SERVICE_NETWORK, "GET",
				 xstrdup("/security-groups?fields=id&fields=name"), NULL, &groups,
				 err);
	im->security_groups = json_incref(json_object_get(groups, "security_groups"));
	json_decref(groups);
	return r;
}

/* ---- networks ---- */

static void add_subnet(const struct importer *im, const struct resource *t, struct network *n)
{
	const char *gateway = text(t->json, "gateway_ip");
	struct ip_prefix cidr;

	if (!ip_prefix_parse(text(t->json, "cidr"), &cidr))
		return;
	struct subnet *s = array_push(n->subnets, n->n_subnets);
	*s = (struct subnet){
		.name = xstrdup(t->object.name),
		.ip_version = cidr.addr.version,
		.dhcp = json_is_true(json_object_get(t->json, "enable_dhcp")),
		.address = ip_to_str(&cidr.addr),
		.prefix = cidr.len,
		.gateway = xstrdup(gateway),
		.no_gateway = !gateway,
	};
	/* Neutron chose the gateway if the descriptor says nothing of one. */
	const struct vim_request request = {
		.kind = VIM_SUBNET, .name = s->name, .subnet = {.network = n, .subnet = s}};
	if (!import_role(im, &t->object) || import_is_from(&request, &t->object))
		return;
	char *shown = steal_ptr(s->gateway);
	if (import_is_from(&request, &t->object))
		free(shown);
	else
		s->gateway = shown;
}

/* Type, physical network and segment, each given or chosen by Neutron. */
static void spell_network(const struct resource *t, unsigned given, struct network *n)
{
	const json_t *o = t->json;

	free_all(n->provider_network_type, n->provider_physical_network);
	n->provider_network_type = given & 1 ? xstrdup(text(o, "provider:network_type")) : NULL;
	n->provider_physical_network =
		given & 2 ? xstrdup(text(o, "provider:physical_network")) : NULL;
	n->provider_segmentation_id = given & 4 ? number(o, "provider:segmentation_id") : 0;
}

static void add_network(struct importer *im, const struct resource *t)
{
	struct network *n = array_push(im->deployment->networks, im->deployment->n_networks);
	const struct vim_request request = {
		.kind = VIM_NETWORK, .name = t->object.name, .network = n};
	unsigned given = 8;

	n->name = xstrdup(t->object.name);
	n->shared = json_is_true(json_object_get(t->json, "shared"));
	do
		spell_network(t, --given, n);
	while (given > 0 && !import_is_from(&request, &t->object));
	if (given == 0 && !import_is_from(&request, &t->object))
		spell_network(t, 7, n);
	for (size_t i = 0; i < im->resources.n; i++)
		if (im->resources.v[i].object.kind == VIM_SUBNET &&
		    streq(im->resources.v[i].parent, t->object.id))
			add_subnet(im, &im->resources.v[i], n);
}

/* The networks with a direct port are one segment, as far as the cloud shows it. */
static bool is_like(const json_t *a, const json_t *b)
{
	const char *type = text(a, "provider:network_type");

	return type && streq(type, text(b, "provider:network_type")) &&
	       number(a, "provider:segmentation_id") == number(b, "provider:segmentation_id");
}

static void add_networks(struct importer *im)
{
	cleanup_strbuf struct strbuf existing = {0}, same = {0};
	const json_t *first = NULL;
	size_t alike = 0;

	for (size_t i = 0; i < im->resources.n; i++) {
		const struct resource *t = &im->resources.v[i];
		if (t->object.kind != VIM_NETWORK)
			continue;
		if (import_role(im, &t->object)) {
			add_network(im, t);
			continue;
		}
		strbuf_addf(&existing, "%s%s", existing.len ? " " : "", t->object.name);
		if (!text(t->json, "provider:physical_network"))
			continue;
		first = first ? first : t->json;
		if (!is_like(first, t->json))
			continue;
		strbuf_addf(&same, "%s%s", same.len ? " " : "", t->object.name);
		alike++;
	}
	struct deployment *d = im->deployment;
	if (existing.len)
		import_option(&d->extensions, &d->n_extensions, "existing_networks", existing.s);
	if (alike > 1)
		import_option(&d->extensions, &d->n_extensions, "same_segment", same.s);
}

/* ---- flavor and image ---- */

static void copy_strings(const json_t *o, const char *but, struct properties *ret)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)o, key, value) {
		if (json_is_string(value) && !streq(key, but))
			*array_push(ret->v, ret->n) = (struct property){
				.name = xstrdup(key), .value = xstrdup(json_string_value(value))};
	}
}

/* Defined, if the deployment made it; else it exists. */
static void add_flavor(struct importer *im, const char *name)
{
	const struct resource *t =
		array_find(im->resources.v, im->resources.n,
			   it->object.kind == VIM_FLAVOR && streq(it->object.name, name) &&
				   import_role(im, &it->object));

	if (!t || model_flavor(im->model, name))
		return;
	struct flavor *f = array_push(im->model->flavors, im->model->n_flavors);
	*f = (struct flavor){
		.name = xstrdup(name),
		.vcpus = number(t->json, "vcpus"),
		.memory_mb = number(t->json, "ram"),
		.root_disk_mb = number(t->json, "disk") * 1024,
		.ephemeral_disk_mb = number(t->json, "OS-FLV-EXT-DATA:ephemeral") * 1024,
		.swap_disk_mb = number(t->json, "swap"),
	};
	copy_strings(json_object_get(t->json, "extra_specs"), MARK_EXTRA_SPEC, &f->properties);
}

/* Properties that the descriptor may have given; Glance's own and ours are not among them. */
static void copy_image_properties(const json_t *o, struct properties *ret)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)o, key, value) {
		if (json_is_string(value) && (str_starts(key, "hw_") || str_starts(key, "os_")) &&
		    !str_starts(key, "os_hash"))
			*array_push(ret->v, ret->n) = (struct property){
				.name = xstrdup(key), .value = xstrdup(json_string_value(value))};
	}
}

static const char *take_property(struct properties *p, const char *name, char **ret)
{
	for (size_t i = 0; i < p->n; i++)
		if (streq(p->v[i].name, name)) {
			*ret = p->v[i].value;
			free(p->v[i].name);
			p->v[i] = p->v[--p->n];
			return *ret;
		}
	return NULL;
}

/* Its name in the descriptor. */
static const char *add_image(struct importer *im, const struct resource *t)
{
	const char *name = t->object.name;

	if (!import_role(im, &t->object) || model_image(im->model, name))
		return name;
	struct image *image = array_push(im->model->images, im->model->n_images);
	const struct vim_request request = {.kind = VIM_IMAGE, .name = name, .image = image};
	*image = (struct image){
		.name = xstrdup(name),
		.src = xstrdup(text(t->json, MARK_SOURCE)),
		.disk_format = xstrdup(text(t->json, "disk_format")),
		.container_format = xstrdup(text(t->json, "container_format")),
	};
	copy_image_properties(t->json, &image->properties);
	if (!import_is_from(&request, &t->object))
		take_property(&image->properties, "hw_disk_bus", &image->disk_bus);
	if (!import_is_from(&request, &t->object))
		strv_take(im->notes,
			  xasprintf("image \"%s\": the cloud does not show what it was made from; "
				    "plan creates it anew",
				    name));
	return name;
}

/* ---- servers ---- */

/* "server/GROUP/INDEX": the group. The caller frees. */
static char *group_name(const struct importer *im, const struct vim_object *o, unsigned *ret_index)
{
	const char *role = import_role(im, o);
	const char *name = role && str_starts(role, "server/") ? role + strlen("server/") : NULL;
	const char *slash = name ? strrchr(name, '/') : NULL;
	int64_t index = 0;

	*ret_index = 0;
	if (!slash || str_to_int(slash + 1, 0, 999, &index) < 0)
		return xstrdup(o->name);
	*ret_index = (unsigned)index;
	return xstrndup(name, (size_t)(slash - name));
}

static int by_created(const void *a, const void *b)
{
	const struct resource *const *x = a, *const *y = b;

	return strcmp((*x)->created_at ? (*x)->created_at : "",
		      (*y)->created_at ? (*y)->created_at : "");
}

static int by_nicid(const void *a, const void *b)
{
	const struct interface *x = a, *y = b;

	return x->nicid < y->nicid ? -1 : x->nicid > y->nicid;
}

/* By the nicid in their marks, else in the order of their creation. */
static void add_ports(struct importer *im, struct vm_group *group, const struct vim_object *server)
{
	cleanup_free const struct resource **ports = NULL;
	size_t n = 0;

	for (size_t i = 0; i < im->resources.n; i++)
		if (im->resources.v[i].object.kind == VIM_PORT &&
		    streq(text(im->resources.v[i].json, "device_id"), server->id))
			*array_push(ports, n) = &im->resources.v[i];
	if (n > 1)
		qsort(ports, n, sizeof(*ports), by_created);
	for (size_t i = 0; i < n; i++) {
		const char *role = import_role(im, &ports[i]->object);
		const char *slash = role ? strrchr(role, '/') : NULL;
		int64_t nicid = (int64_t)i;
		if (slash && str_to_int(slash + 1, 0, 255, &nicid) < 0)
			nicid = (int64_t)i;
		import_port(im, group, ports[i], (unsigned)nicid);
		struct interface *last = &group->interfaces[group->n_interfaces - 1];
		cleanup_free char *usual =
			xasprintf("%s_%s_0_%u", im->deployment->name, group->name, last->nicid);
		if (!streq(ports[i]->object.name, usual) && *ports[i]->object.name)
			last->vim_interface_name = xstrdup(ports[i]->object.name);
	}
	if (n > 1)
		qsort(group->interfaces, group->n_interfaces, sizeof(*group->interfaces), by_nicid);
}

static void add_user_data(struct importer *im, struct vm_group *group,
			  const struct vim_object *server)
{
	if (!server->user_data) {
		strv_take(im->notes,
			  xasprintf("server \"%s\": its user data is visible to the role "
				    "admin only",
				    server->name));
		return;
	}
	if (!*server->user_data)
		return;
	*array_push(group->configurations, group->n_configurations) = (struct configuration){
		.dst = xstrdup("--user-data"),
		.content = xstrdup(server->user_data),
		.content_len = strlen(server->user_data),
	};
}

static int add_server(struct importer *im, const struct resource *t, struct err *err)
{
	const struct vim_object *o = &t->object;
	const struct resource *image =
		o->image_id ? resources_by_id(&im->resources, VIM_IMAGE, o->image_id) : NULL;
	unsigned index;
	cleanup_free char *name = group_name(im, o, &index);

	if (index > 0)
		return err_set(err, INVALID,
			       "server \"%s\" is VM %u of vm_group \"%s\": groups of several VMs "
			       "cannot be imported",
			       o->name, index + 1, name);
	/* Nova attaches the ports while it builds. */
	if (o->state == VIM_STATE_BUILD || o->state == VIM_STATE_BUSY ||
	    o->state == VIM_STATE_DELETING)
		return err_set(err, BUSY,
			       "server \"%s\" is being built, changed or deleted, so not all of it "
			       "is shown: import it when that is over",
			       o->name);
	struct vm_group *group = array_push(im->deployment->vm_groups, im->deployment->n_vm_groups);
	group->name = xstrdup(name);
	group->image = xstrdup(image         ? add_image(im, image)
			       : o->image_id ? o->image_id
					     : "unknown");
	group->flavor = xstrdup(o->flavor ? o->flavor : "unknown");
	group->bootup_time = 300;
	group->reboot_time = -1;
	group->recovery_wait_time = 30;
	group->scaling = (struct scaling){.min_active = 1, .max_active = 1};
	cleanup_free char *usual = vm_group_server_name(im->deployment, group, 0);
	if (!streq(usual, o->name))
		group->vim_vm_name = xstrdup(o->name);
	add_flavor(im, group->flavor);
	add_ports(im, group, o);
	add_user_data(im, group, o);
	return 0;
}

/* The role is "server-group/NAME/POLICY". */
static void add_server_group(struct importer *im, const struct resource *t)
{
	const char *role = import_role(im, &t->object);
	const char *name =
		role && str_starts(role, "server-group/") ? role + strlen("server-group/") : NULL;
	const char *slash = name ? strrchr(name, '/') : NULL;

	if (!slash)
		return;
	struct placement_group *g =
		array_push(im->deployment->placement_groups, im->deployment->n_placement_groups);
	g->name = xstrndup(name, (size_t)(slash - name));
	g->type = xstrdup(strstr(slash, "anti") ? "anti_affinity" : "affinity");
	g->enforcement = xstrdup(str_starts(slash + 1, "soft") ? "soft" : "strict");
	json_for_each (member, json_object_get(t->json, "members")) {
		const struct resource *server =
			resources_by_id(&im->resources, VIM_SERVER, json_string_value(member));
		unsigned index;
		cleanup_free char *group = server ? group_name(im, &server->object, &index) : NULL;
		if (group)
			strv_add(&g->vm_groups, group);
	}
}

/* Names of tenant and deployment: those of the marks, else of the project and the first server. */
static void name_all(struct importer *im, const char *first)
{
	const char *project = im->project;
	const char *tenant = im->prefix ? im->prefix + strlen("dnsvnf:") : project;
	size_t len = im->prefix ? strcspn(tenant, "/") : strlen(tenant ? tenant : "");

	im->tenant = array_push(im->model->tenants, im->model->n_tenants);
	im->tenant->name = tenant ? xstrndup(tenant, len) : xstrdup("tenant");
	im->tenant->vim_mapping = true;
	im->deployment = array_push(im->tenant->deployments, im->tenant->n_deployments);
	im->deployment->name =
		im->prefix ? xstrndup(tenant + len + 1, strlen(tenant) - len - 2) : xstrdup(first);
	im->deployment->locator.vim_id = xstrdup(im->vim);
	if (!streq(project, im->tenant->name))
		im->deployment->locator.vim_project = xstrdup(project);
}

int import_build(struct importer *im, const char *first_server, struct err *err)
{
	int r = 0;

	name_all(im, first_server);
	add_networks(im);
	for (size_t i = 0; i < im->resources.n && r == 0; i++)
		if (im->resources.v[i].object.kind == VIM_SERVER)
			r = add_server(im, &im->resources.v[i], err);
	for (size_t i = 0; i < im->resources.n && r == 0; i++)
		if (im->resources.v[i].object.kind == VIM_SERVER_GROUP)
			add_server_group(im, &im->resources.v[i]);
	return r;
}

void importer_clear(struct importer *im)
{
	resources_clear(&im->resources);
	json_decref(im->security_groups);
	free(im->prefix);
	im->security_groups = NULL;
	im->prefix = NULL;
}

int openstack_import(struct vim *vim, const char *const *servers, struct model **ret,
		     struct strv *ret_notes, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	cleanup_model struct model *model = model_new(NULL);
	struct importer im = {.vim = os->vim.identity.vim, .model = model, .notes = ret_notes};
	int r = openstack_login(os, err);

	if (r == 0)
		r = fetch(os, &im, servers, err);
	im.project = session_project_name(os->session);
	if (r == 0)
		r = import_build(&im, servers[0], err);
	importer_clear(&im);
	if (r < 0)
		return r;
	*ret = steal_ptr(model);
	return 0;
}
