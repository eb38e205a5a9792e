// SPDX-License-Identifier: Apache-2.0
#include "deploy/plan.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "day0/day0.h"
#include "deploy/guest.h"
#include "deploy/plan_internal.h"
#include "model/service.h"
#include "placement/request.h"

/* Stages of creation, in the order that a VIM requires. */
enum { STAGE_NETWORK, STAGE_SUBNET, STAGE_PORT, STAGE_SERVER };

static unsigned stage_of(enum vim_kind kind)
{
	switch (kind) {
	case VIM_NETWORK:
	case VIM_FLAVOR:
	case VIM_SERVER_GROUP:
		return STAGE_NETWORK;
	case VIM_SUBNET:
		return STAGE_SUBNET;
	case VIM_IMAGE:
	case VIM_PORT:
		return STAGE_PORT;
	case VIM_SERVER:
		return STAGE_SERVER;
	}
	return STAGE_SERVER;
}

char *plan_port_name(const struct deployment *deployment, const struct vm_group *group,
		     unsigned index, const struct interface *interface)
{
	if (interface->vim_interface_name && group->scaling.min_active <= 1)
		return xstrdup(interface->vim_interface_name);
	return xasprintf("%s_%s_%u_%u", deployment->name, group->name, index, interface->nicid);
}

/* Takes ownership of role (freed) and about. The caller fills the step's request. */
static struct step *add_step(struct planner *p, enum vim_kind kind, const char *name, char *role,
			     char *about)
{
	struct step *s = array_push(p->plan->v, p->plan->n);

	s->stage = stage_of(kind);
	s->name = xstrdup(name);
	s->owner = plan_owner_mark(p, role);
	s->about = about;
	s->request.kind = kind;
	s->request.name = s->name;
	s->request.owner = s->owner;
	free(role);
	return s;
}

/* An object that the descriptor refers to without defining it. */
static void add_use(struct planner *p, enum vim_kind kind, const char *name)
{
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->v[i].request.kind == kind && streq(p->plan->v[i].name, name))
			return;

	struct step *s = add_step(p, kind, name, xasprintf("use/%s", name), NULL);
	s->action = ACTION_USE;
	s->why = xstrdup("not in the descriptor: exists in the VIM");
}

static char *network_about(const struct network *n)
{
	const char *type = n->provider_network_type ? n->provider_network_type : "default type";

	if (n->provider_physical_network && n->provider_segmentation_id)
		return xasprintf("%s %u on %s", type, n->provider_segmentation_id,
				 n->provider_physical_network);
	if (n->provider_physical_network)
		return xasprintf("%s on %s", type, n->provider_physical_network);
	return xstrdup(type);
}

static void add_network(struct planner *p, const struct network *n)
{
	struct step *s = add_step(p, VIM_NETWORK, n->name, xasprintf("network/%s", n->name),
				  network_about(n));

	s->request.network = n;
	for (size_t i = 0; i < n->n_subnets; i++) {
		const struct subnet *subnet = &n->subnets[i];
		char *about = subnet->gateway && !subnet->no_gateway
				      ? xasprintf("%s/%u via %s in %s", subnet->address,
						  subnet->prefix, subnet->gateway, n->name)
				      : xasprintf("%s/%u in %s", subnet->address, subnet->prefix,
						  n->name);
		s = add_step(p, VIM_SUBNET, subnet->name,
			     xasprintf("subnet/%s/%s", n->name, subnet->name), about);
		s->request.subnet.network = n;
		s->request.subnet.subnet = subnet;
	}
}

/* Does this deployment refer to the top-level network? Others are ignored. */
static bool refers_to(const struct deployment *d, const char *network)
{
	for (size_t g = 0; g < d->n_vm_groups; g++)
		for (size_t i = 0; i < d->vm_groups[g].n_interfaces; i++)
			if (streq(d->vm_groups[g].interfaces[i].network, network))
				return true;
	return false;
}

static char *port_about(const struct interface *i)
{
	struct strbuf about = {0};

	strbuf_addf(&about, "%s on %s", port_type_name(i->type), i->network);
	if (i->ip_address)
		strbuf_addf(&about, ", %s", i->ip_address);
	for (size_t a = 0; a < i->n_addresses; a++)
		if (i->addresses[a].ip_address)
			strbuf_addf(&about, ", %s", i->addresses[a].ip_address);
	return strbuf_steal(&about);
}

/* Properties that ESC's model lacks, from the extension "dnsvnf". */
static void add_port_options(const struct planner *p, const struct vm_group *group,
			     struct vim_request *r)
{
	const struct interface *i = r->port.interface;

	if (i->type == PORT_VIRTUAL)
		return;
	r->port.numa_affinity_policy =
		model_port_option(p->deployment, group, i, "numa_affinity_policy");
	if (i->type != PORT_DIRECT)
		return;
	/* Otherwise Neutron's agent forces the VF's link up, and miimon never detects a pulled
	 * cable. */
	r->port.propagate_uplink_status = !streq(
		model_port_option(p->deployment, group, i, "propagate_uplink_status"), "false");
	r->port.trusted = streq(model_port_option(p->deployment, group, i, "trusted"), "true");
}

char *plan_bondd_conf(const struct deployment *deployment, const struct vm_group *group,
		      unsigned index)
{
	const char *address = service_management_address(group, index);

	if (!address || !service_has_bondd(deployment, group))
		return NULL;
	if (strchr(address, ':'))
		return xasprintf("# Written by dnsvnf.\nlisten = [%s]:%d\n", address, GUEST_PORT);
	return xasprintf("# Written by dnsvnf.\nlisten = %s:%d\n", address, GUEST_PORT);
}

/* Mark of the image's step; NULL: an existing image is used. */
static const char *image_owner(const struct planner *p, const char *image)
{
	for (size_t i = 0; i < p->plan->n; i++) {
		const struct step *s = &p->plan->v[i];
		if (s->request.kind == VIM_IMAGE && s->action != ACTION_USE &&
		    streq(s->name, image))
			return s->owner;
	}
	return NULL;
}

/* server_group: its name, or NULL; borrowed from its step. */
static int add_server(struct planner *p, const struct vm_group *group, unsigned index,
		      const char *server_group, struct err *err)
{
	const struct model *model = p->plan->model;
	cleanup_free char *server = vm_group_server_name(p->deployment, group, index);
	char **port_names = NULL;
	size_t n_ports = 0;

	for (size_t i = 0; i < group->n_interfaces; i++) {
		const struct interface *interface = &group->interfaces[i];
		cleanup_free char *name = plan_port_name(p->deployment, group, index, interface);
		struct step *s = add_step(
			p, VIM_PORT, name,
			xasprintf("port/%s/%u/%u", group->name, index, interface->nicid), NULL);
		s->group = group;
		s->index = index;
		s->interface = xcalloc(1, sizeof(*s->interface));
		interface_of_vm(interface, index, s->interface);
		s->about = port_about(s->interface);
		s->request.port.network = model_network(model, p->deployment, interface->network);
		s->request.port.network_name = interface->network;
		s->request.port.interface = s->interface;
		s->request.port.mac_address = s->interface->mac_address;
		add_port_options(p, group, &s->request);
		*array_push(port_names, n_ports) = xstrdup(name);
	}

	struct step *s =
		add_step(p, VIM_SERVER, server, xasprintf("server/%s/%u", group->name, index),
			 xasprintf("%s, %s", group->flavor, group->image));
	s->group = group;
	s->index = index;
	s->port_names = port_names;
	s->n_ports = n_ports;
	s->request.server.group = group;
	s->request.server.server_group = server_group;
	s->request.server.image_name = group->image;
	s->request.server.image = model_image(model, group->image);
	s->request.server.image_owner = image_owner(p, group->image);
	s->request.server.flavor_name = group->flavor;
	s->request.server.flavor = model_flavor(model, group->flavor);
	s->request.server.port_names = (const char *const *)port_names;
	s->request.server.n_ports = n_ports;

	cleanup_free char *conf = plan_bondd_conf(p->deployment, group, index);
	struct day0_file file = {"/etc/bondd.conf", conf, 0644};
	size_t len = 0;
	int r = day0_compose(group, index, &file, conf ? 1 : 0, &s->user_data, &len, err);
	if (r < 0)
		return err_wrap(err, "day-0 of %s", server);
	s->request.server.user_data = s->user_data;
	s->request.server.user_data_len = len;
	r = day0_drive_files(group, index, &s->files, &s->n_files, err);
	if (r < 0)
		return err_wrap(err, "config drive of %s", server);
	s->request.server.files = s->files;
	s->request.server.n_files = s->n_files;
	return 0;
}

/* The step's name, added once; NULL: the group belongs to none. */
static const char *add_server_group(struct planner *p, const struct vm_group *group)
{
	const char *name, *policy;

	if (!server_group_of(p->deployment, group, &name, &policy))
		return NULL;
	/* A policy cannot be changed: a new policy needs a new group. */
	cleanup_free char *role = xasprintf("server-group/%s/%s", name, policy);
	cleanup_free char *owner = plan_owner_mark(p, role);
	for (size_t i = 0; i < p->plan->n; i++)
		if (streq(p->plan->v[i].owner, owner))
			return p->plan->v[i].name;
	struct step *s = add_step(p, VIM_SERVER_GROUP, owner, steal_ptr(role), xstrdup(policy));
	s->request.server_group.policy = policy;
	return s->name;
}

static int add_group(struct planner *p, const struct vm_group *group, struct err *err)
{
	const struct model *model = p->plan->model;

	for (size_t i = 0; i < group->n_interfaces; i++)
		if (!model_network(model, p->deployment, group->interfaces[i].network))
			add_use(p, VIM_NETWORK, group->interfaces[i].network);
	if (!model_flavor(model, group->flavor))
		add_use(p, VIM_FLAVOR, group->flavor);
	if (!model_image(model, group->image))
		add_use(p, VIM_IMAGE, group->image);
	const char *server_group = add_server_group(p, group);
	for (unsigned index = 0; index < group->scaling.min_active; index++) {
		int r = add_server(p, group, index, server_group, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * A changed image is created beside the old one, under a new mark: servers run from the old one
 * until they are changed, and can be rolled back to it.
 */
static char *image_role(const struct planner *p, const struct image *image)
{
	const struct vim_request request = {.kind = VIM_IMAGE, .name = image->name, .image = image};
	cleanup_free char *digest = vim_request_digest(&request);
	cleanup_free char *plain = xasprintf("image/%s", image->name);
	cleanup_free char *changed = xasprintf("image/%s/%.16s", image->name, digest);
	cleanup_free char *plain_owner = plan_owner_mark(p, plain);
	cleanup_free char *changed_owner = plan_owner_mark(p, changed);
	const struct vim_object *there = plan_find_owned(p, VIM_IMAGE, plain_owner);

	if (plan_find_owned(p, VIM_IMAGE, changed_owner))
		return steal_ptr(changed);
	bool differs = there && there->state == VIM_STATE_ACTIVE &&
		       vim_request_difference(&request, there->digest) != VIM_SAME;
	return differs ? steal_ptr(changed) : steal_ptr(plain);
}

static void add_definitions(struct planner *p)
{
	const struct model *model = p->plan->model;
	const struct deployment *d = p->deployment;

	for (size_t i = 0; i < d->n_networks; i++)
		add_network(p, &d->networks[i]);
	for (size_t i = 0; i < model->n_networks; i++)
		if (refers_to(d, model->networks[i].name) &&
		    model_network(model, d, model->networks[i].name) == &model->networks[i])
			add_network(p, &model->networks[i]);
	for (size_t g = 0; g < d->n_vm_groups; g++) {
		const struct flavor *flavor = model_flavor(model, d->vm_groups[g].flavor);
		const struct image *image = model_image(model, d->vm_groups[g].image);
		bool seen = false;
		for (size_t before = 0; before < g; before++)
			seen |= streq(d->vm_groups[before].flavor, d->vm_groups[g].flavor);
		if (flavor && !seen)
			add_step(p, VIM_FLAVOR, flavor->name, xasprintf("flavor/%s", flavor->name),
				 xasprintf("%u vCPU, %u MB, %u MB disk", flavor->vcpus,
					   flavor->memory_mb, flavor->root_disk_mb))
				->request.flavor = flavor;
		seen = false;
		for (size_t before = 0; before < g; before++)
			seen |= streq(d->vm_groups[before].image, d->vm_groups[g].image);
		if (image && !seen)
			add_step(p, VIM_IMAGE, image->name, image_role(p, image),
				 xstrdup(image->disk_format ? image->disk_format : "image"))
				->request.image = image;
	}
}

/* Name of the network of a subnet or port. */
static const char *network_of(const struct vim_request *r)
{
	if (r->kind == VIM_SUBNET)
		return r->subnet.network->name;
	return r->kind == VIM_PORT ? r->port.network_name : NULL;
}

/* Must b exist before a is created? */
static bool request_needs(const struct vim_request *a, const struct vim_request *b)
{
	if (a->kind == VIM_SUBNET || a->kind == VIM_PORT) {
		if (b->kind == VIM_NETWORK)
			return streq(network_of(a), b->name);
		return a->kind == VIM_PORT && b->kind == VIM_SUBNET &&
		       streq(network_of(a), network_of(b));
	}
	if (a->kind != VIM_SERVER)
		return false;
	if (b->kind == VIM_PORT)
		for (size_t i = 0; i < a->server.n_ports; i++)
			if (streq(a->server.port_names[i], b->name))
				return true;
	return (b->kind == VIM_IMAGE && streq(a->server.image_name, b->name)) ||
	       (b->kind == VIM_FLAVOR && streq(a->server.flavor_name, b->name)) ||
	       (b->kind == VIM_SERVER_GROUP && streq(a->server.server_group, b->name));
}

/* A step depends on steps of lower stages only. */
static void find_needs(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		for (size_t j = 0; j < i; j++)
			if (request_needs(&plan->v[i].request, &plan->v[j].request))
				*array_push(plan->v[i].needs, plan->v[i].n_needs) = j;
}

bool step_needs(const struct step *step, size_t i)
{
	return array_find(step->needs, step->n_needs, *it == i) != NULL;
}

/* Two concurrent runs may have created duplicates. */
static bool is_second(const struct plan *plan, size_t n, const struct vim_object *o)
{
	return array_find(plan->v, n, it->request.kind == o->kind && streq(it->owner, o->owner)) !=
	       NULL;
}

static void add_deletes(struct planner *p)
{
	size_t wanted = p->plan->n;
	cleanup_free char *prefix = plan_owner_mark(p, "");

	for (size_t i = 0; i < p->inventory->n; i++) {
		const struct vim_object *o = &p->inventory->v[i];
		bool found = false;
		if (!o->owner || !str_starts(o->owner, prefix))
			continue;
		for (size_t j = 0; j < wanted && !found; j++)
			found = p->plan->v[j].present == o;
		if (found)
			continue;
		struct step *s =
			add_step(p, o->kind, o->name, xstrdup(o->owner + strlen(prefix)), NULL);
		s->action = ACTION_DELETE;
		s->why = xstrdup(is_second(p->plan, wanted, o) ? "duplicate with the same mark"
							       : "no longer in the descriptor");
		s->present = o;
	}
}

/* Requests refer to ports and servers by name. */
static int check_names(const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++)
		for (size_t j = 0; j < i; j++) {
			const struct step *a = &plan->v[j], *b = &plan->v[i];
			enum vim_kind kind = a->request.kind;
			if (kind == b->request.kind && (kind == VIM_PORT || kind == VIM_SERVER) &&
			    streq(a->name, b->name))
				return err_set(err, INVALID,
					       "two %ss would be named \"%s\", in vm_group \"%s\" "
					       "and vm_group \"%s\": change a %s in the descriptor",
					       vim_kind_name(kind), a->name, a->group->name,
					       b->group->name,
					       kind == VIM_PORT ? "vim_interface_name"
								: "vim_vm_name");
		}
	return 0;
}

/* Stable, so that ports keep the order of their nicid. */
static void sort_by_stage(struct plan *plan)
{
	for (size_t i = 1; i < plan->n; i++)
		for (size_t j = i; j > 0 && plan->v[j - 1].stage > plan->v[j].stage; j--) {
			struct step swap = plan->v[j];
			plan->v[j] = plan->v[j - 1];
			plan->v[j - 1] = swap;
		}
	/* Steps were moved: update the requests' pointers. */
	for (size_t i = 0; i < plan->n; i++) {
		plan->v[i].request.name = plan->v[i].name;
		plan->v[i].request.owner = plan->v[i].owner;
	}
}

bool plan_has_server(const struct deployment *deployment, const char *name)
{
	for (size_t g = 0; g < deployment->n_vm_groups; g++) {
		const struct vm_group *group = &deployment->vm_groups[g];
		for (unsigned i = 0; i < group->scaling.min_active; i++) {
			cleanup_free char *server = vm_group_server_name(deployment, group, i);
			if (streq(server, name))
				return true;
		}
	}
	return false;
}

int plan_make(const struct model *model, const struct tenant *tenant,
	      const struct deployment *deployment, const struct vim_inventory *inventory,
	      const char *replace, struct plan **ret_plan, struct err *err)
{
	cleanup_plan struct plan *plan = xcalloc(1, sizeof(*plan));
	struct planner p = {plan, inventory, tenant, deployment, replace};

	if (replace && !plan_has_server(deployment, replace))
		return err_set(err, NOT_FOUND,
			       "deployment \"%s\" has no server \"%s\": 'dnsvnf status' lists them",
			       deployment->name, replace);
	plan->replaces = replace != NULL;

	plan->model = model;
	plan->tenant = tenant;
	plan->deployment = deployment;
	add_definitions(&p);
	for (size_t g = 0; g < deployment->n_vm_groups; g++) {
		int r = add_group(&p, &deployment->vm_groups[g], err);
		if (r < 0)
			return r;
	}
	int r = check_names(plan, err);
	if (r < 0)
		return r;
	sort_by_stage(plan);
	find_needs(plan);
	plan_decide(&p);
	if (!replace)
		add_deletes(&p);
	plan_phases(plan);
	if (plan->at_once_why)
		plan_keep_no_server(plan);
	plan_set_changes(plan);
	*ret_plan = steal_ptr(plan);
	return 0;
}

struct plan *plan_undeploy(const struct model *model, const struct tenant *tenant,
			   const struct deployment *deployment,
			   const struct vim_inventory *inventory)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	struct planner p = {plan, inventory, tenant, deployment, NULL};

	plan->model = model;
	plan->tenant = tenant;
	plan->deployment = deployment;
	add_deletes(&p);
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->v[i].why);
		plan->v[i].why = NULL;
	}
	return plan;
}

static void names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n; i++) {
		struct step *s = &plan->v[i];
		names_free(s->port_names, s->n_ports);
		array_free(s->files, s->n_files, drive_file_clear);
		free_all(s->name, s->owner, s->why, s->warning, s->about, s->user_data,
			 s->interface, s->needs, s->port_changes);
	}
	free_all(plan->v, plan->at_once_why, plan);
}

size_t plan_count(const struct plan *plan, enum action action)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->n; i++)
		count += plan->v[i].action == action;
	return count;
}

const char *action_name(enum action action)
{
	static const char *const names[] = {
		[ACTION_CREATE] = "create",   [ACTION_KEEP] = "keep",
		[ACTION_UPDATE] = "update",   [ACTION_CHANGE] = "change",
		[ACTION_REPLACE] = "replace", [ACTION_DELETE] = "delete",
		[ACTION_USE] = "use",
	};

	return names[action];
}

static void add_reference(struct vim_reference **v, size_t *n, enum vim_kind kind, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if ((*v)[i].kind == kind && streq((*v)[i].name, name))
			return;
	*array_push(*v, *n) = (struct vim_reference){kind, name};
}

void plan_references(const struct model *model, const struct deployment *deployment,
		     struct vim_reference **ret, size_t *ret_n)
{
	struct vim_reference *v = NULL;
	size_t n = 0;

	for (size_t g = 0; g < deployment->n_vm_groups; g++) {
		const struct vm_group *group = &deployment->vm_groups[g];
		add_reference(&v, &n, VIM_IMAGE, group->image);
		for (size_t i = 0; i < group->n_interfaces; i++)
			if (!model_network(model, deployment, group->interfaces[i].network))
				add_reference(&v, &n, VIM_NETWORK, group->interfaces[i].network);
	}
	*ret = v;
	*ret_n = n;
}
