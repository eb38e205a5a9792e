// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/str.h"
#include "deploy/design.h"
#include "deploy/plan.h"
#include "model/service.h"

#define DESIGN "examples/technote/corrected/dep.xml"

static int read_design(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	struct model *model = NULL;

	assert_int_equal(design_read(DESIGN, NULL, &model, &findings, &err), 0);
	assert_int_equal(findings_count(&findings, SEVERITY_ERROR), 0);
	*state = model;
	return 0;
}

static int free_design(void **state)
{
	model_free(*state);
	return 0;
}

static struct plan *make(const struct model *model, const struct vim_inventory *inventory)
{
	cleanup_err struct err err = ERR_INIT;
	struct plan *plan = NULL;
	int r = plan_make(model, &model->tenants[0], &model->tenants[0].deployments[0], inventory,
			  NULL, &plan, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return plan;
}

/* What a VIM lists after the plan was carried out. */
static struct vim_inventory carried_out(const struct plan *plan)
{
	struct vim_inventory inventory = {0};

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->action == ACTION_USE)
			continue;
		struct vim_object *o = array_push(inventory.v, inventory.n);
		o->kind = s->request.kind;
		o->id = xasprintf("id-%zu", i);
		o->name = xstrdup(s->name);
		o->owner = xstrdup(s->owner);
		o->state = VIM_STATE_ACTIVE;
		o->digest = vim_request_digest(&s->request);
	}
	return inventory;
}

static struct vim_object *object(struct vim_inventory *inventory, enum vim_kind kind,
				 const char *name)
{
	for (size_t i = 0; i < inventory->n; i++)
		if (inventory->v[i].kind == kind && streq(inventory->v[i].name, name))
			return &inventory->v[i];
	fail_msg("no %s %s", vim_kind_name(kind), name);
	return NULL;
}

static const struct step *step(const struct plan *plan, enum vim_kind kind, const char *name)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].request.kind == kind && streq(plan->v[i].name, name))
			return &plan->v[i];
	fail_msg("no step for %s %s", vim_kind_name(kind), name);
	return NULL;
}

static void test_everything_is_made_in_an_empty_vim(void **state)
{
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *plan = make(*state, &empty);

	/* 4 networks, 6 subnets, 4 ports, flavor, server; the image is the VIM's own or defined */
	assert_true(plan_count(plan, ACTION_CREATE) >= 16);
	assert_int_equal(plan_count(plan, ACTION_KEEP), 0);
	for (size_t i = 1; i < plan->n; i++)
		assert_true(plan->v[i - 1].stage <= plan->v[i].stage);
	const struct step *server = &plan->v[plan->n - 1];
	assert_int_equal(server->request.kind, VIM_SERVER);
	assert_int_equal(server->n_ports, 4);
	assert_true(server->request.server.user_data_len > 0);
}

/* A guest without bondd gets what the descriptor says, and no configuration for bondd. */
static void test_nothing_is_written_for_a_guest_agent_that_is_not_there(void **state)
{
	struct model *model = *state;
	struct properties *options = &model->tenants[0].deployments[0].extensions[0].properties;
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *with = make(model, &empty);

	*array_push(options->v, options->n) =
		(struct property){.name = xstrdup("guest_agent"), .value = xstrdup("none")};
	cleanup_plan struct plan *without = make(model, &empty);
	assert_non_null(strstr(with->v[with->n - 1].user_data, "/etc/bondd.conf"));
	assert_null(strstr(without->v[without->n - 1].user_data, "bondd"));
	assert_non_null(strstr(without->v[without->n - 1].user_data, "/etc/knot/knot.conf"));
}

static void test_needs_are_numbers_of_steps(void **state)
{
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *plan = make(*state, &empty);
	const struct step *server = &plan->v[plan->n - 1];
	size_t ports = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		enum vim_kind kind = s->request.kind;
		size_t networks = 0;
		for (size_t k = 0; k < s->n_needs; k++) {
			const struct step *needed = &plan->v[s->needs[k]];
			assert_true(needed->stage < s->stage);
			assert_true(step_needs(s, s->needs[k]));
			networks += needed->request.kind == VIM_NETWORK;
		}
		assert_int_equal(networks, kind == VIM_SUBNET || kind == VIM_PORT);
		ports += kind == VIM_PORT;
		assert_int_equal(step_needs(server, i),
				 kind == VIM_PORT || kind == VIM_FLAVOR || kind == VIM_IMAGE);
	}
	assert_int_equal(ports, 4);
}

static void test_marks_name_tenant_deployment_and_role(void **state)
{
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *plan = make(*state, &empty);

	assert_string_equal(step(plan, VIM_NETWORK, "sriov-network-1")->owner,
			    "dnsvnf:test-tenant/cpnr-dns/network/sriov-network-1");
}

static void test_second_run_has_nothing_to_do(void **state)
{
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *first = make(*state, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	cleanup_plan struct plan *second = make(*state, &there);

	assert_int_equal(plan_count(second, ACTION_CREATE), 0);
	assert_int_equal(plan_count(second, ACTION_REPLACE), 0);
	assert_int_equal(plan_count(second, ACTION_DELETE), 0);
	assert_int_equal(plan_count(second, ACTION_KEEP), there.n);
}

static void test_changed_network_is_replaced_with_all_on_it(void **state)
{
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *first = make(*state, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	struct vim_object *network = object(&there, VIM_NETWORK, "sriov-network-1");

	free(network->digest);
	network->digest = xstrdup("another");
	cleanup_plan struct plan *plan = make(*state, &there);
	assert_int_equal(step(plan, VIM_NETWORK, "sriov-network-1")->action, ACTION_REPLACE);
	assert_int_equal(step(plan, VIM_NETWORK, "sriov-network-2")->action, ACTION_KEEP);
	size_t ports = 0;
	for (size_t i = 0; i < plan->n; i++)
		ports += plan->v[i].request.kind == VIM_PORT && plan->v[i].action == ACTION_REPLACE;
	assert_int_equal(ports, 1);
	const struct step *server = &plan->v[plan->n - 1];
	assert_int_equal(server->action, ACTION_REPLACE);
	assert_non_null(server->why);
}

static void test_half_made_and_failed_are_replaced(void **state)
{
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *first = make(*state, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	const char *server = first->v[first->n - 1].name;

	object(&there, VIM_NETWORK, "management-network")->state = VIM_STATE_BUILD;
	object(&there, VIM_SERVER, server)->state = VIM_STATE_ERROR;
	object(&there, VIM_SERVER, server)->fault = xstrdup("No valid host was found. ");
	cleanup_plan struct plan *plan = make(*state, &there);
	assert_int_equal(step(plan, VIM_NETWORK, "management-network")->action, ACTION_REPLACE);
	assert_int_equal(step(plan, VIM_SERVER, server)->action, ACTION_REPLACE);
	assert_non_null(strstr(step(plan, VIM_SERVER, server)->why, "No valid host"));
}

static void test_what_left_the_descriptor_is_deleted_what_is_not_ours_stays(void **state)
{
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *first = make(*state, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	struct vim_object *old = array_push(there.v, there.n);

	old->kind = VIM_NETWORK;
	old->id = xstrdup("id-old");
	old->name = xstrdup("old");
	old->owner = xstrdup("dnsvnf:test-tenant/cpnr-dns/network/old");
	struct vim_object *foreign = array_push(there.v, there.n);
	foreign->kind = VIM_NETWORK;
	foreign->id = xstrdup("id-foreign");
	foreign->name = xstrdup("sriov-network-1");
	struct vim_object *neighbour = array_push(there.v, there.n);
	neighbour->kind = VIM_NETWORK;
	neighbour->id = xstrdup("id-neighbour");
	neighbour->name = xstrdup("n");
	neighbour->owner = xstrdup("dnsvnf:test-tenant/cpnr-dns-2/network/n");

	cleanup_plan struct plan *plan = make(*state, &there);
	assert_int_equal(plan_count(plan, ACTION_DELETE), 1);
	assert_int_equal(step(plan, VIM_NETWORK, "old")->action, ACTION_DELETE);
}

/* What differs is said, and whether it can go back. */
static void test_changes_of_a_server(void **state)
{
	const struct vim_inventory empty = {0};
	const struct model *model = *state;
	cleanup_plan struct plan *first = make(model, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	const struct step *made = &first->v[first->n - 1];
	struct vim_object *server = object(&there, VIM_SERVER, made->name);

	there.changes = VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA | VIM_CHANGE_FLAVOR;
	server->image = xstrdup("old-image");
	server->user_data = xasprintf("one line more\n%s", made->user_data);
	free(server->digest);
	struct vim_request old = made->request;
	old.server.image_name = "old-image";
	old.server.user_data = server->user_data;
	old.server.user_data_len = strlen(server->user_data);
	server->digest = vim_request_digest(&old);

	cleanup_plan struct plan *plan = make(model, &there);
	const struct step *s = step(plan, VIM_SERVER, made->name);
	assert_int_equal(s->action, ACTION_CHANGE);
	assert_int_equal(s->changes, VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA);
	assert_string_equal(s->why, "~ user_data (day0.cfg: 1 line differs), "
				    "~ image old-image -> dns-vnf");
	assert_null(step_no_way_back(s));
	cleanup_free char *alone = step_interruption(plan, s);
	assert_non_null(strstr(alone, "rebuilt (its host, ports and addresses stay): one boot"));
	assert_non_null(strstr(alone, "an outage"));

	free(server->user_data);
	server->user_data = NULL; /* not shown */
	cleanup_plan struct plan *hidden = make(model, &there);
	assert_non_null(step_no_way_back(step(hidden, VIM_SERVER, made->name)));

	there.changes = VIM_CHANGE_IMAGE; /* an old Nova */
	cleanup_plan struct plan *replaced = make(model, &there);
	assert_int_equal(step(replaced, VIM_SERVER, made->name)->action, ACTION_REPLACE);

	struct vim_object *port = object(&there, VIM_PORT, made->port_names[0]);
	free(port->digest);
	port->digest = xstrdup("0123456789abcdef:0123456789abcdef");
	cleanup_plan struct plan *ports = make(model, &there);
	cleanup_free char *why = step_interruption(ports, step(ports, VIM_SERVER, made->name));
	assert_non_null(strstr(why, "because this cannot be changed in place"));
}

static void spoil(struct vim_inventory *there, enum vim_kind kind, const char *name)
{
	struct vim_object *o = object(there, kind, name);

	free(o->digest);
	o->digest = xstrdup("0123456789abcdef:0123456789abcdef");
}

/* What differs elsewhere, and another server that is off, stay as they are. */
static void test_one_server_is_made_anew(void **state)
{
	const struct vim_inventory empty = {0};
	struct model *model = *state;
	const struct tenant *tenant = &model->tenants[0];
	struct deployment *d = &tenant->deployments[0];
	cleanup_err struct err err = ERR_INIT;
	struct plan *plan = NULL;

	d->vm_groups[0].scaling.min_active = d->vm_groups[0].scaling.max_active = 2;
	cleanup_plan struct plan *first = make(model, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	struct vim_object *server = object(&there, VIM_SERVER, "cpnr-dns_cpnr_0");
	object(&there, VIM_SERVER, "cpnr-dns_cpnr_1")->state = VIM_STATE_DOWN;
	spoil(&there, VIM_PORT, "cpnr-dns_cpnr_1_2");
	spoil(&there, VIM_NETWORK, "management-network");
	there.changes = VIM_CHANGE_DISK;

	for (int in_place = 1; in_place >= 0; in_place--) {
		server->state = in_place ? VIM_STATE_ACTIVE : VIM_STATE_DOWN;
		assert_int_equal(plan_make(model, tenant, d, &there, server->name, &plan, &err), 0);
		for (size_t i = 0; i < plan->n; i++) {
			const struct step *s = &plan->v[i];
			bool named = s->present == server;
			if (!named && s->action != ACTION_USE)
				assert_int_equal(s->action, ACTION_KEEP);
			if (named)
				assert_int_equal(s->action,
						 in_place ? ACTION_CHANGE : ACTION_REPLACE);
			assert_int_equal(step_interrupts(s), named);
		}
		plan_free(plan);
	}
	assert_int_equal(plan_make(model, tenant, d, &there, "of-others", &plan, &err), -ENOENT);
}

/* A run that was killed after it uploaded a changed image has not rebuilt the server from it. */
static void test_an_image_of_a_killed_run(void **state)
{
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *first = make(*state, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	const char *name = first->v[first->n - 1].name;

	there.changes = VIM_CHANGE_IMAGE;
	spoil(&there, VIM_IMAGE, "dns-vnf");
	cleanup_plan struct plan *killed = make(*state, &there);
	const struct step *image = step(killed, VIM_IMAGE, "dns-vnf");
	assert_int_equal(image->action, ACTION_CREATE);
	assert_int_equal(step(killed, VIM_SERVER, name)->changes, VIM_CHANGE_IMAGE);

	struct vim_object *uploaded = array_push(there.v, there.n);
	*uploaded = (struct vim_object){.kind = VIM_IMAGE,
					.state = VIM_STATE_ACTIVE,
					.id = xstrdup("id-uploaded"),
					.name = xstrdup(image->name),
					.owner = xstrdup(image->owner),
					.digest = vim_request_digest(&image->request)};
	cleanup_plan struct plan *next = make(*state, &there);
	const struct step *server = step(next, VIM_SERVER, name);
	assert_int_equal(step(next, VIM_IMAGE, "dns-vnf")->action, ACTION_KEEP);
	assert_int_equal(server->action, ACTION_CHANGE);
	assert_int_equal(server->changes, VIM_CHANGE_IMAGE);

	struct vim_object *rebuilt = object(&there, VIM_SERVER, name);
	free(rebuilt->digest);
	rebuilt->digest = vim_request_digest(&server->request);
	cleanup_plan struct plan *last = make(*state, &there);
	assert_int_equal(step(last, VIM_SERVER, name)->action, ACTION_KEEP);
}

/* Nova may have taken back an image, or kept the flavor of a failed resize, under the digest. */
static void test_a_server_that_is_not_what_its_digest_says(void **state)
{
	const struct vim_inventory empty = {0};
	cleanup_plan struct plan *first = make(*state, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	const char *name = first->v[first->n - 1].name;
	struct vim_object *server = object(&there, VIM_SERVER, name);
	const struct vim_object *flavor = object(&there, VIM_FLAVOR, "cross-numa-flavor");

	there.changes = VIM_CHANGE_IMAGE | VIM_CHANGE_FLAVOR;
	server->image_id = xstrdup(object(&there, VIM_IMAGE, "dns-vnf")->id);
	server->flavor_digest = xstrdup(flavor->digest);
	cleanup_plan struct plan *same = make(*state, &there);
	assert_int_equal(step(same, VIM_SERVER, name)->action, ACTION_KEEP);

	free(server->image_id);
	server->image_id = xstrdup("id-of-another");
	cleanup_plan struct plan *image = make(*state, &there);
	assert_int_equal(step(image, VIM_SERVER, name)->action, ACTION_CHANGE);
	assert_int_equal(step(image, VIM_SERVER, name)->changes, VIM_CHANGE_IMAGE);

	free(server->flavor_digest);
	server->flavor_digest = xstrdup("0123456789abcdef:0123456789abcdef");
	cleanup_plan struct plan *both = make(*state, &there);
	assert_int_equal(step(both, VIM_SERVER, name)->changes,
			 VIM_CHANGE_IMAGE | VIM_CHANGE_FLAVOR);
}

/* Where the VIM can, ports change with their server, which stays. */
static void test_changes_of_ports(void **state)
{
	const struct vim_inventory empty = {0};
	struct model *model = *state;
	struct vm_group *group = &model->tenants[0].deployments[0].vm_groups[0];
	cleanup_plan struct plan *first = make(model, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	const char *name = first->v[first->n - 1].name;

	there.changes = VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA | VIM_CHANGE_PORTS;
	spoil(&there, VIM_PORT, "cpnr-dns_cpnr_0_1");
	cleanup_plan struct plan *changed = make(model, &there);
	const struct step *s = step(changed, VIM_SERVER, name);
	const struct step *port = step(changed, VIM_PORT, "cpnr-dns_cpnr_0_1");
	assert_int_equal(s->action, ACTION_CHANGE);
	assert_int_equal(s->changes, VIM_CHANGE_PORTS);
	assert_string_equal(s->why, "~ port cpnr-dns_cpnr_0_1");
	assert_null(step_no_way_back(s));
	cleanup_free char *text = step_interruption(changed, s);
	assert_non_null(strstr(text, "its ports are changed, in the order of the descriptor, then "
				     "it is rebuilt"));
	assert_int_equal(port->action, ACTION_CHANGE);
	assert_int_equal(port->phase, PHASE_ROLL);
	assert_ptr_equal(&changed->v[port->unit], s);
	assert_int_equal(s->request.server.n_port_changes, 1);
	assert_ptr_equal(s->request.server.port_changes[0].present, port->present);
	assert_ptr_equal(s->request.server.port_changes[0].request, &port->request);
	plan_at_once(changed, "asked for");
	assert_int_equal(port->phase, PHASE_ROLL);

	/* One that is off is created again, with that port. */
	object(&there, VIM_SERVER, name)->state = VIM_STATE_DOWN;
	cleanup_plan struct plan *off = make(model, &there);
	assert_int_equal(step(off, VIM_SERVER, name)->action, ACTION_REPLACE);
	assert_int_equal(step(off, VIM_PORT, "cpnr-dns_cpnr_0_1")->action, ACTION_REPLACE);
	assert_int_equal(step(off, VIM_PORT, "cpnr-dns_cpnr_0_2")->action, ACTION_KEEP);
	object(&there, VIM_SERVER, name)->state = VIM_STATE_ACTIVE;

	/* A network that is created again takes all with it. */
	spoil(&there, VIM_NETWORK, "sriov-network-2");
	cleanup_plan struct plan *networks = make(model, &there);
	assert_non_null(networks->at_once_why);
	assert_int_equal(step(networks, VIM_SERVER, name)->action, ACTION_REPLACE);
	assert_int_equal(step(networks, VIM_PORT, "cpnr-dns_cpnr_0_1")->action, ACTION_REPLACE);

	/* The last port is no longer wanted. */
	cleanup_inventory struct vim_inventory all = carried_out(first);
	all.changes = there.changes;
	group->n_interfaces--;
	cleanup_plan struct plan *fewer = make(model, &all);
	group->n_interfaces++;
	s = step(fewer, VIM_SERVER, name);
	assert_int_equal(s->action, ACTION_CHANGE);
	assert_string_equal(s->why, "- port cpnr-dns_cpnr_0_3");
	assert_int_equal(step(fewer, VIM_PORT, "cpnr-dns_cpnr_0_3")->phase, PHASE_ROLL);
	assert_int_equal(s->request.server.n_port_changes, 1);
	assert_null(s->request.server.port_changes[0].request);
}

/* Nova loses files on the config drive in whatever it does in place; the embedded VIM does not. */
static void test_changes_of_a_server_with_files(void **state)
{
	const unsigned novas = VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA | VIM_CHANGE_FLAVOR;
	const struct vim_inventory empty = {0};
	struct model *model = *state;
	struct vm_group *group = &model->tenants[0].deployments[0].vm_groups[0];
	struct configuration *c = array_push(group->configurations, group->n_configurations);

	c->dst = xstrdup("cpnr/licence.txt");
	c->content = xstrdup("old");
	c->content_len = 3;
	cleanup_plan struct plan *first = make(model, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	const char *name = first->v[first->n - 1].name;
	there.changes = novas;
	cleanup_plan struct plan *same = make(model, &there);
	assert_int_equal(step(same, VIM_SERVER, name)->action, ACTION_KEEP);

	memcpy(c->content, "new", 3);
	cleanup_plan struct plan *replaced = make(model, &there);
	const struct step *s = step(replaced, VIM_SERVER, name);
	assert_int_equal(s->action, ACTION_REPLACE);
	assert_string_equal(s->why, "~ files on the config drive (cpnr/licence.txt)");
	cleanup_free char *text = step_interruption(replaced, s);
	assert_non_null(strstr(text, "deleted and created again, because a rebuild or resize would "
				     "lose the files on the config drive"));
	there.changes |= VIM_CHANGE_FILES;
	cleanup_plan struct plan *changed = make(model, &there);
	assert_int_equal(step(changed, VIM_SERVER, name)->action, ACTION_CHANGE);
	assert_int_equal(step(changed, VIM_SERVER, name)->changes, VIM_CHANGE_FILES);

	/* Files that stay are lost with whatever else changes. */
	memcpy(c->content, "old", 3);
	free(group->flavor);
	group->flavor = xstrdup("other");
	there.changes = novas;
	cleanup_plan struct plan *resized = make(model, &there);
	assert_int_equal(step(resized, VIM_SERVER, name)->action, ACTION_REPLACE);
	assert_int_equal(step(resized, VIM_SERVER, name)->changes, VIM_CHANGE_FLAVOR);
	free(group->flavor);
	group->flavor = xstrdup(model->flavors[0].name);

	/* So are those that go. */
	free(c->dst);
	c->dst = xstrdup("--no-more");
	cleanup_plan struct plan *gone = make(model, &there);
	s = step(gone, VIM_SERVER, name);
	assert_int_equal(s->action, ACTION_REPLACE);
	assert_string_equal(s->why, "~ files on the config drive (none any more)");
}

/* Neutron lets every network have a subnet "v4". */
static void test_subnet_of_the_same_name_elsewhere(void **state)
{
	const struct vim_inventory empty = {0};
	struct model *model = *state;
	struct deployment *d = &model->tenants[0].deployments[0];

	for (size_t i = 0; i < 2; i++) {
		free(d->networks[i].subnets[0].name);
		d->networks[i].subnets[0].name = xstrdup("v4");
	}
	cleanup_plan struct plan *first = make(model, &empty);
	cleanup_inventory struct vim_inventory there = carried_out(first);
	for (size_t i = 0; i < there.n; i++)
		if (streq(there.v[i].owner,
			  "dnsvnf:test-tenant/cpnr-dns/subnet/management-network/v4")) {
			free(there.v[i].digest);
			there.v[i].digest = xstrdup("another");
		}
	cleanup_plan struct plan *plan = make(model, &there);
	assert_int_equal(step(plan, VIM_PORT, "cpnr-dns_cpnr_0_0")->action, ACTION_KEEP);
	assert_int_equal(step(plan, VIM_PORT, "cpnr-dns_cpnr_0_1")->action, ACTION_REPLACE);
}

static void test_two_ports_of_one_name_are_refused(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	const struct vim_inventory empty = {0};
	struct model *model = *state;
	struct vm_group *group = &model->tenants[0].deployments[0].vm_groups[0];
	struct plan *plan = NULL;

	group->interfaces[0].vim_interface_name = xstrdup("mgmt");
	group->interfaces[1].vim_interface_name = xstrdup("mgmt");
	assert_int_equal(plan_make(model, &model->tenants[0], &model->tenants[0].deployments[0],
				   &empty, NULL, &plan, &err),
			 -EINVAL);
	assert_string_equal(err.text,
			    "two ports would be named \"mgmt\", in vm_group \"cpnr\" and vm_group "
			    "\"cpnr\": change a vim_interface_name in the descriptor");
}

static void test_further_vms_have_addresses_of_the_pool(void **state)
{
	struct model *model = *state;
	struct vm_group *group = &model->tenants[0].deployments[0].vm_groups[0];
	struct interface *management = &group->interfaces[1];
	const struct vim_inventory empty = {0};

	group->scaling.min_active = 3;
	strv_add(&management->pool_addresses, "10.10.10.21");
	cleanup_plan struct plan *plan = make(model, &empty);
	static const char *const expected[] = {"10.10.10.10", "10.10.10.21", NULL};
	for (unsigned vm = 0; vm < 3; vm++) {
		cleanup_free char *name = xasprintf("cpnr-dns_cpnr_%u_1", vm);
		const struct step *s = step(plan, VIM_PORT, name);
		assert_true(streq(s->request.port.interface->ip_address, expected[vm]));
		assert_true(streq(service_management_address(group, vm), expected[vm]));
	}
}

/* Neutron knows the policy of a port of any type that is a device of the host. */
static void test_numa_affinity_policy_of_ports(void **state)
{
	static const enum port_type types[] = {PORT_DIRECT, PORT_MACVTAP, PORT_PASSTHRU};
	struct model *model = *state;
	struct deployment *d = &model->tenants[0].deployments[0];
	struct interface *port = &d->vm_groups[0].interfaces[2];
	struct properties *options = &d->extensions[0].properties;

	assert_string_equal(d->extensions[0].name, "dnsvnf");
	*array_push(options->v, options->n) = (struct property){
		.name = xstrdup("numa_affinity_policy.2"), .value = xstrdup("preferred")};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		port->type = types[i];
		cleanup_plan struct plan *plan = make(model, &(struct vim_inventory){0});
		size_t n = 0;
		for (size_t k = 0; k < plan->n; k++) {
			const struct vim_request *r = &plan->v[k].request;
			n += r->kind == VIM_PORT && r->port.interface->nicid == 2 &&
			     streq(r->port.numa_affinity_policy, "preferred");
		}
		assert_int_equal(n, 1);
	}
}

/* A placement of a vm_group itself puts it and those that it refers to into one server group. */
static void test_placement_of_a_group_itself(void **state)
{
	(void)state;
	const struct vim_inventory empty = {0};
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	struct model *model = NULL;

	assert_int_equal(
		design_read("examples/designs/two-vnfs/dep.xml", NULL, &model, &findings, &err), 0);
	struct deployment *d = &model->tenants[0].deployments[0];
	size_t n = d->n_placement_groups;
	d->n_placement_groups = 0;
	cleanup_plan struct plan *before = make(model, &empty);
	for (size_t i = 0; i < before->n; i++)
		assert_int_not_equal(before->v[i].request.kind, VIM_SERVER_GROUP);

	char type[] = "anti_affinity", *refs[] = {d->vm_groups[1].name};
	struct placement placement = {.type = type, .vm_group_refs = {refs, 1}};
	d->vm_groups[0].placements = &placement;
	d->vm_groups[0].n_placements = 1;
	cleanup_plan struct plan *after = make(model, &empty);
	size_t groups = 0, servers = 0;
	for (size_t i = 0; i < after->n; i++) {
		const struct vim_request *r = &after->v[i].request;
		if (r->kind == VIM_SERVER_GROUP) {
			assert_string_equal(r->server_group.policy, "anti-affinity");
			groups++;
		} else if (r->kind == VIM_SERVER) {
			assert_non_null(r->server.server_group);
			servers++;
		}
	}
	assert_int_equal(groups, 1);
	assert_int_equal(servers, 2);
	d->vm_groups[0].placements = NULL;
	d->vm_groups[0].n_placements = 0;
	d->n_placement_groups = n;
	model_free(model);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, read_design, free_design)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everything_is_made_in_an_empty_vim),
		TEST(test_nothing_is_written_for_a_guest_agent_that_is_not_there),
		TEST(test_needs_are_numbers_of_steps),
		TEST(test_marks_name_tenant_deployment_and_role),
		TEST(test_second_run_has_nothing_to_do),
		TEST(test_changed_network_is_replaced_with_all_on_it),
		TEST(test_half_made_and_failed_are_replaced),
		TEST(test_what_left_the_descriptor_is_deleted_what_is_not_ours_stays),
		TEST(test_changes_of_a_server),
		TEST(test_one_server_is_made_anew),
		TEST(test_an_image_of_a_killed_run),
		TEST(test_a_server_that_is_not_what_its_digest_says),
		TEST(test_changes_of_ports),
		TEST(test_changes_of_a_server_with_files),
		TEST(test_subnet_of_the_same_name_elsewhere),
		TEST(test_two_ports_of_one_name_are_refused),
		TEST(test_further_vms_have_addresses_of_the_pool),
		TEST(test_placement_of_a_group_itself),
		TEST(test_numa_affinity_policy_of_ports),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
