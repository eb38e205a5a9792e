// SPDX-License-Identifier: Apache-2.0
/* Waiting for a server in a VIM in memory; its guest's addresses are on loopback, where echo
 * answers and DNS does not. */
#include <linux/filter.h>
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
#include "deploy/alive.h"
#include "deploy/design.h"
#include "deploy/plan.h"
#include "plain_vim.h"

#define ADDRESS "127.90.1.9"
#define SILENT  "240.0.0.9" /* no packet leaves for it */

static struct fixture {
	struct model *model;
	struct vim_inventory inventory;
	struct plan *plan;
	bool *which;
	struct vim vim;
	struct run_ctx run;
	struct strv notes; /* "TYPE: DETAILS" */
	enum vim_reach reach;
	bool silent; /* no packet comes back */
	bool lost;   /* the VIM shows the server no longer once it is ACTIVE */
	unsigned looks;
	int day0; /* how often the console still shows that cloud-init runs; -1: it has no such line
		   */
} f;

static int fake_server(struct vim *vim, const char *name, enum vim_look look,
		       struct vim_server_info *ret, struct err *err)
{
	(void)vim;
	f.looks++;
	if (f.lost && f.looks > 2)
		return err_set(err, UNREACHABLE, "no answer");
	*ret = (struct vim_server_info){
		.name = xstrdup(name), .state = VIM_STATE_ACTIVE, .status = xstrdup("ACTIVE")};
	for (unsigned i = 0; i < 2 && look == VIM_LOOK_ALL; i++) {
		struct vim_port_info *p = array_push(ret->ports, ret->n_ports);
		*p = (struct vim_port_info){.name = xasprintf("port%u", i),
					    .nicid = i,
					    .type = i ? PORT_DIRECT : PORT_VIRTUAL,
					    .network = xstrdup("net"),
					    .mac_address = xasprintf("fa:16:3e:10:00:0%u", i),
					    .numa_node = -1,
					    .link_up = true,
					    .status = xstrdup("ACTIVE"),
					    .reach = f.reach};
		strv_add(&p->ip_addresses, ADDRESS);
	}
	return 0;
}

static int fake_console(struct vim *vim, const char *server, char **ret_text, struct err *err)
{
	(void)vim, (void)server, (void)err;
	*ret_text = xstrdup(f.day0 < 0     ? "login:"
			    : f.day0-- > 0 ? "Cloud-init v. 25.1 running 'modules:final' at Mon\n"
					   : "Cloud-init v. 25.1 finished at Mon\n");
	return 0;
}

static int fake_socket(struct vim *vim, int domain, int type, int protocol, struct err *err)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog nothing = {1, &drop};
	int fd = plain_socket(vim, domain, type, protocol, err);

	if (fd >= 0 && f.silent)
		assert_int_equal(
			setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &nothing, sizeof(nothing)), 0);
	return fd;
}

static const struct vim_ops fake_ops = {
	.name = "fake", .console = fake_console, .server = fake_server, .socket = fake_socket};

static void report(void *data, const struct event *event)
{
	(void)data;
	if (event->status == EVENT_NOTE || event->status == EVENT_SUCCESS)
		strv_take(&f.notes,
			  xasprintf("%s: %s", event->type, event->details ? event->details : ""));
}

static void replace(char **s, const char *with)
{
	free(*s);
	*s = xstrdup(with);
}

static void set_addresses(struct vm_group *group, const char *address)
{
	group->bootup_time = 1;
	for (size_t i = 0; i < group->n_interfaces; i++)
		if (group->interfaces[i].ip_address)
			replace(&group->interfaces[i].ip_address, address);
	for (size_t i = 0; i < group->guest.bonds[0].addresses.n; i++) {
		free(group->guest.bonds[0].addresses.v[i]);
		group->guest.bonds[0].addresses.v[i] = xasprintf("%s/24", address);
	}
}

static void start_design(const char *path, const char *address_of_first)
{
	cleanup_findings struct findings findings = {0};
	static char tenant[] = "test-tenant", deployment[] = "cpnr-dns";

	f = (struct fixture){.vim = {.ops = &fake_ops, .tenant = tenant, .deployment = deployment},
			     .run.report = report,
			     .day0 = -1};
	f.vim.run = &f.run;
	assert_int_equal(design_read(path, NULL, &f.model, &findings, NULL), 0);
	struct deployment *d = &f.model->tenants[0].deployments[0];
	for (size_t i = 0; i < d->n_vm_groups; i++)
		set_addresses(&d->vm_groups[i], i ? ADDRESS : address_of_first);
	assert_int_equal(
		plan_make(f.model, &f.model->tenants[0], d, &f.inventory, NULL, &f.plan, NULL), 0);
	f.which = xcalloc(f.plan->n, sizeof(*f.which));
	memset(f.which, true, f.plan->n);
}

static int start(void **state)
{
	(void)state;
	start_design("examples/technote/corrected/dep.xml", ADDRESS);
	return 0;
}

static int start_two(void **state)
{
	(void)state;
	start_design("examples/designs/two-vnfs/dep.xml", SILENT);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	strv_clear(&f.notes);
	free(f.which);
	plan_free(f.plan);
	model_free(f.model);
	return 0;
}

static bool noted(const char *words)
{
	return array_find(f.notes.v, f.notes.n, strstr(*it, words) != NULL) != NULL;
}

static const struct step *server(void)
{
	return array_find(f.plan->v, f.plan->n, it->request.kind == VIM_SERVER);
}

static void test_silence_of_what_is_perhaps_out_of_reach_is_unknown(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.silent = true;
	f.reach = VIM_REACH_MAYBE;
	int r = alive_wait(&f.vim, f.plan, f.which, &err);
	if (r < 0)
		fail_msg("%s", err.text);
	assert_true(noted("VM_ALIVE: no echo replies from " ADDRESS " in 1 s: unknown"));
	assert_true(noted("SERVICE_ALIVE: no DNS on bond0 " ADDRESS " in 1 s: unknown"));
	assert_false(noted("VM_ALIVE: echo replies"));
	assert_false(noted("SERVICE_ALIVE: DNS on"));
	assert_false(noted("still running"));
}

static void test_silence_of_what_can_be_reached_is_a_failure(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.silent = true;
	f.reach = VIM_REACH_YES;
	assert_int_equal(alive_wait(&f.vim, f.plan, f.which, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "timed out waiting for echo replies from " ADDRESS));
	assert_int_equal(err.kind, ERR_FAILED);
}

/* It answered before its change: then there is a route. */
static void test_silence_of_what_served_is_a_failure(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.silent = true;
	f.reach = VIM_REACH_MAYBE;
	assert_int_equal(alive_wait_server(&f.vim, f.plan, server(), true, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "timed out waiting for echo replies from " ADDRESS));
}

/* The first is silent until its time is over; meanwhile the second is seen to be alive. */
static void test_side_by_side(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.reach = VIM_REACH_YES;
	assert_int_equal(alive_wait(&f.vim, f.plan, f.which, &err), -ETIMEDOUT);
	assert_true(noted("VM_ALIVE: echo replies from " ADDRESS));
	assert_false(noted("VM_ALIVE: echo replies from " SILENT));
}

/* The end of a deploy looks once at the server; that it cannot be seen then is no failure. */
static void test_last_look(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.reach = VIM_REACH_NO;
	assert_int_equal(alive_wait(&f.vim, f.plan, f.which, &err), 0);
	assert_int_equal(f.looks, 3); /* ACTIVE, its ports, the last one */
	f.looks = 0;
	f.lost = true;
	assert_int_equal(alive_wait(&f.vim, f.plan, f.which, &err), 0);
	assert_true(noted("is not verified: no answer"));
}

/* Day-0 may set the bond down after the first answer: of a guest that cannot be asked the console
 * tells when it has ended. */
static void test_day0_by_the_console(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.reach = VIM_REACH_NO;
	f.day0 = 1;
	assert_int_equal(alive_wait(&f.vim, f.plan, f.which, &err), 0);
	assert_true(noted("DAY0_DONE: cloud-init is done, by the console"));
	strv_clear(&f.notes);
	f.day0 = 1000;
	assert_int_equal(alive_wait(&f.vim, f.plan, f.which, &err), 0);
	assert_true(noted("DAY0_DONE: cloud-init is still running"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_silence_of_what_is_perhaps_out_of_reach_is_unknown, start, stop),
		cmocka_unit_test_setup_teardown(test_silence_of_what_can_be_reached_is_a_failure,
						start, stop),
		cmocka_unit_test_setup_teardown(test_silence_of_what_served_is_a_failure, start,
						stop),
		cmocka_unit_test_setup_teardown(test_side_by_side, start_two, stop),
		cmocka_unit_test_setup_teardown(test_last_look, start, stop),
		cmocka_unit_test_setup_teardown(test_day0_by_the_console, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
