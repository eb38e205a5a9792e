// SPDX-License-Identifier: Apache-2.0
/* apply against a VIM in memory that fails where it is told to. */
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
#include "base/event.h"
#include "base/finding.h"
#include "base/str.h"
#include "deploy/apply.h"
#include "deploy/design.h"
#include "deploy/plan.h"

#define DESIGN "examples/technote/corrected/dep.xml"

struct memory_vim {
	struct vim vim;
	struct vim_inventory there;
	int operations; /* creates and destroys so far */
	int fail_at;    /* the operation that fails; 0: none */
	bool refuse;    /* admit says no */
	bool dead;      /* the server ends in ERROR */
	bool released;
	unsigned can_change;  /* enum vim_change */
	unsigned changes;     /* calls of change */
	unsigned dies_at;     /* the change after which the server is in ERROR; 0: none */
	bool back_fails;      /* and stays in ERROR when it is to go back */
	char *before;         /* digest of the server that is being changed */
	size_t least_servers; /* fewest at any time, as far as watched */
};

static struct memory_vim *memory(struct vim *vim)
{
	return (struct memory_vim *)vim;
}

static int memory_list(struct vim *vim, const struct vim_reference *references, size_t n,
		       struct vim_inventory *ret, struct err *err)
{
	struct memory_vim *m = memory(vim);

	(void)references;
	(void)n;
	(void)err;
	ret->changes = m->can_change;
	for (size_t i = 0; i < m->there.n; i++) {
		struct vim_object *o = array_push(ret->v, ret->n);
		const struct vim_object *from = &m->there.v[i];
		*o = (struct vim_object){.kind = from->kind,
					 .id = xstrdup(from->id),
					 .name = xstrdup(from->name),
					 .owner = xstrdup(from->owner),
					 .state = from->state,
					 .link_down = from->link_down,
					 .user_data = xstrdup(from->kind == VIM_SERVER ? "" : NULL),
					 .digest = xstrdup(from->digest)};
	}
	return 0;
}

static int memory_admit(struct vim *vim, const struct vim_request *server,
			const struct vim_request *ports, size_t n_ports, struct err *err)
{
	(void)server;
	(void)ports;
	assert_int_equal(n_ports, 4);
	return memory(vim)->refuse ? err_set(err, NO_CAPACITY, "No valid host was found.") : 0;
}

/* A port needs its network by the number that this has in the call. */
static void check_needs(const struct vim_request *requests, size_t n, size_t i)
{
	const struct vim_request *r = &requests[i];
	size_t needed = 0, there = 0;

	for (size_t k = 0; k < r->n_needs; k++) {
		assert_true(r->needs[k] < i);
		needed += requests[r->needs[k]].kind == VIM_NETWORK &&
			  streq(requests[r->needs[k]].name, r->port.network_name);
	}
	for (size_t k = 0; k < n; k++)
		there += requests[k].kind == VIM_NETWORK &&
			 streq(requests[k].name, r->port.network_name);
	assert_int_equal(needed, there);
}

static int memory_create(struct vim *vim, const struct vim_request *requests, size_t n,
			 const struct vim_watch *watch, struct err *err)
{
	struct memory_vim *m = memory(vim);

	(void)watch;
	for (size_t i = 0; i < n; i++) {
		if (requests[i].kind == VIM_PORT)
			check_needs(requests, n, i);
		if (++m->operations == m->fail_at)
			return err_set(err, FAILED, "cannot make %s", requests[i].name);
		*array_push(m->there.v, m->there.n) =
			(struct vim_object){.kind = requests[i].kind,
					    .id = xasprintf("id-%d", m->operations),
					    .name = xstrdup(requests[i].name),
					    .owner = xstrdup(requests[i].owner),
					    .state = VIM_STATE_ACTIVE,
					    .digest = vim_request_digest(&requests[i])};
	}
	return 0;
}

static struct vim_object *memory_object(struct memory_vim *m, enum vim_kind kind, const char *name)
{
	for (size_t i = 0; i < m->there.n; i++)
		if (m->there.v[i].kind == kind && streq(m->there.v[i].name, name))
			return &m->there.v[i];
	return NULL;
}

static int memory_change(struct vim *vim, const struct vim_object *object,
			 const struct vim_request *request, unsigned changes, struct err *err)
{
	struct memory_vim *m = memory(vim);
	struct vim_object *server = memory_object(m, VIM_SERVER, object->name);

	(void)err;
	assert_int_equal(changes & ~m->can_change, 0);
	/* Never the second while the first is out. */
	for (size_t i = 0; i < m->there.n; i++)
		assert_true(m->there.v[i].kind != VIM_SERVER ||
			    m->there.v[i].state == VIM_STATE_ACTIVE);
	free(m->before);
	m->before = server->digest;
	server->digest = vim_request_digest(request);
	server->state = ++m->changes == m->dies_at ? VIM_STATE_ERROR : VIM_STATE_ACTIVE;
	return 0;
}

static int memory_settle(struct vim *vim, const struct vim_object *object,
			 const struct vim_request *request, bool keep, struct err *err)
{
	struct memory_vim *m = memory(vim);
	struct vim_object *server = memory_object(m, VIM_SERVER, object->name);

	(void)request;
	if (keep)
		return 0;
	if (m->back_fails)
		return err_set(err, FAILED, "no way");
	free(server->digest);
	server->digest = xstrdup(m->before);
	server->state = VIM_STATE_ACTIVE;
	return 0;
}

static int memory_server(struct vim *vim, const char *name, enum vim_look look,
			 struct vim_server_info *ret, struct err *err)
{
	(void)look;
	(void)err;
	ret->name = xstrdup(name);
	const struct vim_object *server = memory_object(memory(vim), VIM_SERVER, name);
	bool dead = memory(vim)->dead || (server && server->state == VIM_STATE_ERROR);
	ret->state = dead ? VIM_STATE_ERROR : VIM_STATE_ACTIVE;
	ret->status = xstrdup(dead ? "ERROR" : "ACTIVE");
	ret->fault = dead ? xstrdup("QEMU died") : NULL;
	return 0;
}

static size_t count(const struct memory_vim *m, enum vim_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < m->there.n; i++)
		n += m->there.v[i].kind == kind;
	return n;
}

static void forget(struct memory_vim *m, const char *id)
{
	for (size_t i = 0; i < m->there.n; i++)
		if (streq(m->there.v[i].id, id)) {
			vim_object_clear(&m->there.v[i]);
			m->there.v[i] = m->there.v[--m->there.n];
			break;
		}
	if (count(m, VIM_SERVER) < m->least_servers)
		m->least_servers = count(m, VIM_SERVER);
}

static int memory_destroy(struct vim *vim, const struct vim_object *const *objects, size_t n,
			  const struct vim_watch *watch, struct err *err)
{
	struct memory_vim *m = memory(vim);
	int first = 0;

	(void)watch;
	for (int servers = 1; servers >= 0 && first == 0; servers--)
		for (size_t k = 0; k < n; k++) {
			if ((objects[k]->kind == VIM_SERVER) != servers)
				continue;
			if (++m->operations == m->fail_at)
				first = err_set(err, FAILED, "cannot delete %s", objects[k]->name);
			else
				forget(m, objects[k]->id);
		}
	return first;
}

static int memory_set_link(struct vim *vim, const char *server_name, const char *port_name, bool up,
			   struct err *err)
{
	struct memory_vim *m = memory(vim);

	assert_string_equal(server_name, "cpnr-dns_cpnr_0");
	for (size_t i = 0; i < m->there.n; i++)
		if (m->there.v[i].kind == VIM_PORT && streq(m->there.v[i].name, port_name)) {
			m->there.v[i].link_down = !up;
			return 0;
		}
	return err_set(err, NOT_FOUND, "no port %s", port_name);
}

static int memory_release(struct vim *vim, struct err *err)
{
	(void)err;
	assert_int_equal(memory(vim)->there.n, 0);
	memory(vim)->released = true;
	return 0;
}

static const struct vim_ops memory_ops = {
	.name = "memory",
	.list = memory_list,
	.admit = memory_admit,
	.create = memory_create,
	.change = memory_change,
	.settle = memory_settle,
	.server = memory_server,
	.destroy = memory_destroy,
	.release = memory_release,
	.set_link = memory_set_link,
};

static char tenant_name[] = "test-tenant", deployment_name[] = "cpnr-dns";

static struct memory_vim memory_vim(void)
{
	return (struct memory_vim){
		.vim = {.ops = &memory_ops, .tenant = tenant_name, .deployment = deployment_name}};
}

static int read_design(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	struct model *model = NULL;

	assert_int_equal(design_read(DESIGN, NULL, &model, &findings, &err), 0);
	model->tenants[0].deployments[0].vm_groups[0].bootup_time = -1; /* no guest to wait for */
	*state = model;
	return 0;
}

static int free_design(void **state)
{
	model_free(*state);
	return 0;
}

static int deploy(struct memory_vim *m, const struct model *model, bool keep, struct err *err)
{
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_plan struct plan *plan = NULL;
	const struct apply_options options = {.keep_failed = keep};
	const struct tenant *tenant = &model->tenants[0];
	int r = apply_prepare(&m->vim, model, tenant, &tenant->deployments[0], NULL, &inventory,
			      &plan, err);

	return r < 0 ? r : apply_plan(&m->vim, plan, &options, err);
}

static int undeploy(struct memory_vim *m, const struct model *model, struct err *err)
{
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_plan struct plan *plan = NULL;
	const struct tenant *tenant = &model->tenants[0];
	int r = undeploy_prepare(&m->vim, model, tenant, &tenant->deployments[0], &inventory, &plan,
				 err);

	return r < 0 ? r : apply_undeploy(&m->vim, plan, err);
}

static void test_all_is_made_and_all_is_removed(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	assert_int_equal(deploy(&m, *state, false, &err), 0);
	int made = m.operations;
	assert_true(made >= 16);
	assert_int_equal(deploy(&m, *state, false, &err), 0);
	assert_int_equal(m.operations, made); /* nothing to do */
	assert_int_equal(undeploy(&m, *state, &err), 0);
	assert_int_equal(m.there.n, 0);
	assert_true(m.released);
	vim_inventory_clear(&m.there);
}

/* Whichever creation fails, what the run made is gone and the error names the object. */
static void test_failure_anywhere_is_undone(void **state)
{
	for (int at = 1;; at++) {
		cleanup_err struct err err = ERR_INIT;
		struct memory_vim m = memory_vim();
		m.fail_at = at;
		int r = deploy(&m, *state, false, &err);
		if (r == 0) {
			assert_true(at > 16);
			undeploy(&m, *state, &err);
			vim_inventory_clear(&m.there);
			break;
		}
		assert_non_null(strstr(err.text, "cannot make "));
		assert_int_equal(m.there.n, 0);
		assert_true(m.released);
		vim_inventory_clear(&m.there);
	}
}

static void test_failed_server_is_kept_when_asked(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	m.dead = true;
	assert_true(deploy(&m, *state, true, &err) < 0);
	assert_non_null(strstr(err.text, "QEMU died"));
	assert_true(m.there.n >= 16);
	vim_inventory_clear(&m.there);
}

static void test_refused_before_anything_is_made(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	m.refuse = true;
	assert_true(deploy(&m, *state, false, &err) < 0);
	assert_int_equal(m.operations, 0);
}

static void test_undo_leaves_what_was_there_before(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	assert_int_equal(deploy(&m, *state, false, &err), 0);
	size_t all = m.there.n;
	for (size_t i = 0; i < m.there.n; i++)
		if (m.there.v[i].kind == VIM_SERVER) {
			vim_object_clear(&m.there.v[i]);
			m.there.v[i] = m.there.v[--m.there.n];
		}
	m.fail_at = m.operations + 1;
	assert_true(deploy(&m, *state, false, &err) < 0);
	assert_int_equal(m.there.n, all - 1);
	assert_false(m.released);
	vim_inventory_clear(&m.there);
}

/* A replacement that fails before the old server is gone leaves that running. */
static void test_undo_leaves_what_was_to_be_replaced(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	assert_int_equal(deploy(&m, *state, false, &err), 0);
	size_t all = m.there.n;
	for (size_t i = 0; i < all; i++) {
		free(m.there.v[i].digest);
		m.there.v[i].digest = xstrdup("another");
	}
	m.fail_at = m.operations + 1;
	assert_true(deploy(&m, *state, false, &err) < 0);
	assert_int_equal(m.there.n, all);
	assert_false(m.released);
	vim_inventory_clear(&m.there);
}

static int deploy_two(struct memory_vim *m, const char *image, struct err *err)
{
	cleanup_findings struct findings findings = {0};
	struct model *model = NULL;

	assert_int_equal(design_read(DESIGN, NULL, &model, &findings, err), 0);
	struct vm_group *group = &model->tenants[0].deployments[0].vm_groups[0];
	group->bootup_time = -1;
	group->scaling.min_active = group->scaling.max_active = 2;
	free(model->images[0].src);
	model->images[0].src = xstrdup(image);
	int r = deploy(m, model, false, err);
	model_free(model);
	return r;
}

/* Two that stand in for each other are replaced one after the other, from an image beside the old.
 */
static void test_two_are_replaced_one_at_a_time(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	assert_int_equal(deploy_two(&m, "a.qcow2", &err), 0);
	m.least_servers = 2;
	assert_int_equal(deploy_two(&m, "b.qcow2", &err), 0);
	assert_int_equal(m.least_servers, 1);
	assert_int_equal(count(&m, VIM_SERVER), 2);
	assert_int_equal(count(&m, VIM_IMAGE), 1);
	int operations = m.operations;
	assert_int_equal(deploy_two(&m, "b.qcow2", &err), 0);
	assert_int_equal(m.operations, operations);
	assert_int_equal(deploy_two(&m, "a.qcow2", &err), 0);
	assert_int_equal(count(&m, VIM_IMAGE), 1);
	vim_inventory_clear(&m.there);
}

/* Whatever fails: one serves, the first change stays, and the next deploy finishes it. */
static void test_failed_replacement_leaves_one(void **state)
{
	(void)state;
	for (int at = 1;; at++) {
		cleanup_err struct err err = ERR_INIT;
		struct memory_vim m = memory_vim();
		assert_int_equal(deploy_two(&m, "a.qcow2", &err), 0);
		m.fail_at = m.operations + at;
		m.least_servers = 2;
		int r = deploy_two(&m, "b.qcow2", &err);
		assert_int_equal(m.least_servers, at == 1 || at == 2 ? 2 : 1);
		assert_true(count(&m, VIM_SERVER) >= 1);
		if (r < 0) {
			err_clear(&err);
			assert_int_equal(deploy_two(&m, "b.qcow2", &err), 0);
		}
		assert_int_equal(count(&m, VIM_SERVER), 2);
		assert_int_equal(count(&m, VIM_IMAGE), 1);
		vim_inventory_clear(&m.there);
		if (r == 0)
			break;
		assert_true(at < 20);
	}
}

static void forget_vim(struct memory_vim *m)
{
	free(m->before);
	vim_inventory_clear(&m->there);
}

/* Where the VIM can, servers are changed and not deleted; the second fails and goes back. */
static void test_changed_in_place_and_back(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	m.can_change = VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA | VIM_CHANGE_FLAVOR;
	assert_int_equal(deploy_two(&m, "a.qcow2", &err), 0);
	m.least_servers = 2;
	m.dies_at = 2;
	assert_true(deploy_two(&m, "b.qcow2", &err) < 0);
	assert_int_equal(m.changes, 2);
	assert_non_null(strstr(err.text, "1 of 2 servers changed"));
	assert_non_null(strstr(err.text, "was rolled back and serves"));
	/* The first runs from the new image, the second from the old. */
	assert_int_equal(count(&m, VIM_IMAGE), 2);
	err_clear(&err);
	assert_int_equal(deploy_two(&m, "b.qcow2", &err), 0);
	assert_int_equal(count(&m, VIM_IMAGE), 1);
	assert_int_equal(m.least_servers, 2);
	forget_vim(&m);
}

/* The first change fails: nothing is left of the run. */
static void test_first_change_fails(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	m.can_change = VIM_CHANGE_IMAGE;
	assert_int_equal(deploy_two(&m, "a.qcow2", &err), 0);
	size_t all = m.there.n;
	const struct vim_object *first = memory_object(&m, VIM_SERVER, "cpnr-dns_cpnr_0");
	cleanup_free char *digest = xstrdup(first ? first->digest : NULL);
	m.dies_at = 1;
	assert_true(deploy_two(&m, "b.qcow2", &err) < 0);
	assert_int_equal(m.changes, 1);
	assert_int_equal(m.there.n, all);
	first = memory_object(&m, VIM_SERVER, "cpnr-dns_cpnr_0");
	assert_true(first && streq(first->digest, digest));
	forget_vim(&m);
}

static void test_what_cannot_go_back_is_said(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	m.can_change = VIM_CHANGE_IMAGE;
	assert_int_equal(deploy_two(&m, "a.qcow2", &err), 0);
	m.dies_at = 1;
	m.back_fails = true;
	assert_true(deploy_two(&m, "b.qcow2", &err) < 0);
	assert_non_null(strstr(err.text, "could not be rolled back (no way)"));
	assert_int_equal(count(&m, VIM_SERVER), 2);
	assert_int_equal(count(&m, VIM_IMAGE), 2);
	forget_vim(&m);
}

/* The old group's port has the name that the new group's gets. */
static void test_renamed_group_with_a_named_port(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();
	struct model *model = *state;
	struct vm_group *group = &model->tenants[0].deployments[0].vm_groups[0];

	group->interfaces[1].vim_interface_name = xstrdup("mgmt");
	assert_int_equal(deploy(&m, model, false, &err), 0);
	size_t all = m.there.n;
	free(group->name);
	group->name = xstrdup("renamed");
	assert_int_equal(deploy(&m, model, false, &err), 0);
	assert_int_equal(m.there.n, all);
	vim_inventory_clear(&m.there);
}

/* One object that cannot be deleted does not keep the others, and is told. */
static void test_undeploy_goes_on_and_tells(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	assert_int_equal(deploy(&m, *state, false, &err), 0);
	m.fail_at = m.operations + 2;
	assert_true(undeploy(&m, *state, &err) < 0);
	assert_non_null(strstr(err.text, "cannot delete "));
	assert_int_equal(m.there.n, 1);
	err_clear(&err);
	assert_int_equal(undeploy(&m, *state, &err), 0);
	assert_int_equal(m.there.n, 0);
	vim_inventory_clear(&m.there);
}

/* A drill that was killed leaves a leg down: the next deploy puts it back and makes nothing anew.
 */
static void test_link_left_down_comes_up(void **state)
{
	struct model *model = *state;
	struct interface *leg = &model->tenants[0].deployments[0].vm_groups[0].interfaces[2];
	cleanup_err struct err err = ERR_INIT;
	struct memory_vim m = memory_vim();

	assert_int_equal(deploy(&m, model, false, &err), 0);
	int made = m.operations;
	assert_int_equal(
		memory_set_link(&m.vim, "cpnr-dns_cpnr_0", "cpnr-dns_cpnr_0_2", false, &err), 0);
	assert_int_equal(deploy(&m, model, false, &err), 0);
	for (size_t i = 0; i < m.there.n; i++)
		assert_false(m.there.v[i].link_down);
	assert_int_equal(m.operations, made);

	/* Down because the descriptor says so: that stays. */
	leg->admin_state_up = false;
	assert_int_equal(deploy(&m, model, false, &err), 0);
	assert_int_equal(
		memory_set_link(&m.vim, "cpnr-dns_cpnr_0", "cpnr-dns_cpnr_0_2", false, &err), 0);
	assert_int_equal(deploy(&m, model, false, &err), 0);
	size_t down = 0;
	for (size_t i = 0; i < m.there.n; i++)
		down += m.there.v[i].link_down;
	assert_int_equal(down, 1);
	vim_inventory_clear(&m.there);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, read_design, free_design)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_is_made_and_all_is_removed),
		TEST(test_failure_anywhere_is_undone),
		TEST(test_failed_server_is_kept_when_asked),
		TEST(test_refused_before_anything_is_made),
		TEST(test_undo_leaves_what_was_there_before),
		TEST(test_undo_leaves_what_was_to_be_replaced),
		cmocka_unit_test(test_two_are_replaced_one_at_a_time),
		cmocka_unit_test(test_failed_replacement_leaves_one),
		cmocka_unit_test(test_changed_in_place_and_back),
		cmocka_unit_test(test_first_change_fails),
		cmocka_unit_test(test_what_cannot_go_back_is_said),
		TEST(test_renamed_group_with_a_named_port),
		TEST(test_undeploy_goes_on_and_tells),
		TEST(test_link_left_down_comes_up),
	};

	return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
