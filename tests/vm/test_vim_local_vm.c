// SPDX-License-Identifier: Apache-2.0
/*
 * The embedded VIM with a real QEMU: the operations of vim.h on the deployment of
 * examples/technote/corrected, and what goes wrong with it. The guest is started, not waited for:
 * what it does is test_local.py's. Needs root, QEMU and the image.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/str.h"
#include "deploy/apply.h"
#include "deploy/design.h"
#include "deploy/plan.h"
#include "vim/local/netns.h"

/* Disk that the first seconds of a boot are given, in MB. */
#define SMALL_DISK_MB 640

static char folder[] = "/tmp/dnsvnf-vm-XXXXXX";
static struct model *model;
static struct tenant *tenant;
static struct deployment *deployment;
static char *server_name, *leg_name;

static void must(int r, struct err *err)
{
	if (r < 0)
		fail_msg("%s", err->text ? err->text : "no reason given");
}

static struct vim *open_vim(void)
{
	cleanup_err struct err err = ERR_INIT;
	struct vim *vim = NULL;

	const struct vim_target target = {
		.vim_name = "local", .tenant = tenant->name, .deployment = deployment->name};
	must(vim_ops_for("local")->open(&target, NULL, &vim, &err), &err);
	return vim;
}

/* What the host has of us: namespaces, QEMU processes, files; and all its links. */
static char *host_state(void)
{
	cleanup_free char *command = xasprintf(
		"ls /run/netns 2>/dev/null | grep -F %s; pgrep -f '[q]emu-system.* guest=%s';"
		"ip -o link | cut -d: -f2; ls -R \"$DNSVNF_LOCAL_DIR\" 2>&1",
		deployment->name, deployment->name);
	FILE *f = popen(command, "re");
	struct strbuf b = {0};
	char buffer[4096];

	for (size_t n; (n = fread(buffer, 1, sizeof(buffer), f)) > 0;)
		strbuf_add(&b, buffer, n);
	pclose(f);
	return strbuf_steal(&b);
}

static pid_t qemu_pid(void)
{
	cleanup_free char *command = xasprintf("pgrep -f '^[q]emu-system.* guest=%s'", server_name);
	FILE *f = popen(command, "re");
	int pid = 0;
	int n = fscanf(f, "%d", &pid);

	pclose(f);
	return n == 1 ? pid : 0;
}

/* Makes everything up to the last of that kind; stops where the VIM refuses. */
static int make(struct vim *vim, enum vim_kind until, struct err *err)
{
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_plan struct plan *plan = NULL;
	unsigned last = 0;

	int r = apply_prepare(vim, model, tenant, deployment, NULL, &inventory, &plan, err);
	if (r == 0)
		r = apply_admit(vim, plan, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->v[i].request.kind == until)
			last = plan->v[i].stage;
	}
	for (size_t i = 0; r == 0 && i < plan->n; i++) {
		const struct step *s = &plan->v[i];
		if (s->action == ACTION_CREATE && s->stage <= last)
			r = vim->ops->create(vim, &s->request, 1, NULL, err);
	}
	return r;
}

static void undeploy(struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_inventory struct vim_inventory there = {0};
	cleanup_plan struct plan *plan = NULL;

	must(undeploy_prepare(vim, model, tenant, deployment, &there, &plan, &err), &err);
	must(apply_undeploy(vim, plan, &err), &err);
}

static enum vim_state state_of(struct vim *vim, char **ret_fault)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_server_info struct vim_server_info info = {0};

	must(vim->ops->server(vim, server_name, VIM_LOOK_ALL, &info, &err), &err);
	if (ret_fault)
		*ret_fault = xstrdup(info.fault ? info.fault : "");
	return info.state;
}

static void check_server(struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_server_info struct vim_server_info info = {0};

	must(vim->ops->server(vim, server_name, VIM_LOOK_ALL, &info, &err), &err);
	assert_int_equal(info.state, VIM_STATE_ACTIVE);
	assert_string_equal(info.status, "ACTIVE");
	assert_int_equal(info.cells, 2);
	assert_int_equal(info.n_ports, 4);
	assert_in_range(info.uptime, 0, 60);
	assert_non_null(strstr(info.hypervisor, "QEMU "));
	for (size_t i = 0; i < info.n_ports; i++) {
		const struct vim_port_info *p = &info.ports[i];
		assert_int_equal(p->nicid, i);
		assert_string_equal(p->status, "ACTIVE");
		assert_true(p->link_up);
		assert_int_equal(p->numa_node, i < 2 ? -1 : (int)i - 2);
		assert_int_equal(p->ip_addresses.n, i < 2 ? 1 : 2);
		assert_int_equal(p->type, i < 2 ? PORT_VIRTUAL : PORT_DIRECT);
	}
	assert_string_equal(info.ports[2].physical_network, "sriov0");
	assert_string_equal(info.ports[3].physical_network, "sriov1");
}

static void check_links(struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;

	for (int up = 0; up <= 1; up++) {
		cleanup_server_info struct vim_server_info info = {0};
		must(vim->ops->set_link(vim, server_name, leg_name, up, &err), &err);
		must(vim->ops->server(vim, server_name, VIM_LOOK_ALL, &info, &err), &err);
		assert_int_equal(info.ports[2].link_up, up);
		assert_true(info.ports[3].link_up);
	}
	assert_int_equal(vim->ops->set_link(vim, server_name, "no-such-port", true, &err), -ENOENT);
	err_clear(&err);
	assert_int_equal(vim->ops->set_link(vim, "no-such-server", leg_name, true, &err), -ENOENT);
}

static void set_power(struct vim *vim, enum vim_power power)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_inventory struct vim_inventory there = {0};

	must(vim->ops->list(vim, NULL, 0, &there, &err), &err);
	for (size_t i = 0; i < there.n; i++)
		if (there.v[i].kind == VIM_SERVER)
			must(vim->ops->power(vim, &there.v[i], power, &err), &err);
}

static void check_power(struct vim *vim)
{
	cleanup_free char *why = NULL;

	set_power(vim, VIM_POWER_STOP);
	assert_int_equal(qemu_pid(), 0);
	assert_int_equal(state_of(vim, &why), VIM_STATE_DOWN);
	assert_non_null(strstr(why, "'dnsvnf power start' starts it"));
	set_power(vim, VIM_POWER_START);
	check_server(vim);
	pid_t started = qemu_pid();
	set_power(vim, VIM_POWER_REBOOT);
	check_server(vim);
	assert_int_not_equal(qemu_pid(), started);
	check_links(vim);
}

static void test_server_lives_and_dies(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *before = host_state();
	cleanup_vim struct vim *vim = open_vim();
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_plan struct plan *again = NULL;

	must(make(vim, VIM_SERVER, &err), &err);
	check_server(vim);
	check_links(vim);

	/* It is all there, as the descriptor wants it. */
	must(apply_prepare(vim, model, tenant, deployment, NULL, &inventory, &again, &err), &err);
	/* The image is a file of this machine. */
	assert_int_equal(plan_count(again, ACTION_USE), 1);
	assert_int_equal(plan_count(again, ACTION_KEEP), again->n - 1);
	for (size_t i = 0; i < inventory.n; i++)
		assert_int_equal(inventory.v[i].state, VIM_STATE_ACTIVE);
	assert_int_equal(vim->ops->create(vim, &again->v[0].request, 1, NULL, &err), -EEXIST);
	err_clear(&err);

	/* The firmware writes to the console; what was read once is there for the next reader. */
	cleanup_free char *console = NULL;
	for (int i = 0; i < 300 && (!console || !*console); i++) {
		free(steal_ptr(console));
		must(vim->ops->console(vim, server_name, &console, &err), &err);
		poll(NULL, 0, 100);
	}
	cleanup_free char *longer = NULL;
	must(vim->ops->console(vim, server_name, &longer, &err), &err);
	assert_true(*console && str_starts(longer, console));

	/* dnsvnf ends, the server does not. */
	vim_close(steal_ptr(vim));
	vim = open_vim();
	assert_int_equal(state_of(vim, NULL), VIM_STATE_ACTIVE);
	check_power(vim);

	cleanup_free char *fault = NULL;
	kill(qemu_pid(), SIGKILL);
	poll(NULL, 0, 500);
	assert_int_equal(state_of(vim, &fault), VIM_STATE_ERROR);
	assert_string_equal(fault,
			    "QEMU ended without a message: it was killed, or the host restarted");
	undeploy(vim);
	cleanup_free char *after = host_state();
	assert_string_equal(before, after);
}

/* The record comes first, so whatever a killed run made is found and taken away. */
static void test_killed_run_is_cleaned_up(void **state)
{
	(void)state;
	cleanup_free char *before = host_state();
	const int moments_ms[] = {10, 40, 100, 200, 400, 600, 800, 1200};

	for (size_t i = 0; i < ARRAY_SIZE(moments_ms); i++) {
		pid_t pid = fork();
		if (pid == 0) {
			alarm(60);
			make(open_vim(), VIM_SERVER, NULL);
			for (;;)
				pause();
		}
		poll(NULL, 0, moments_ms[i]);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		cleanup_vim struct vim *vim = open_vim();
		undeploy(vim);
		cleanup_free char *after = host_state();
		assert_string_equal(before, after);
	}
}

/* Two at once on one deployment do not mix; the second is told who is first. */
static void test_second_run_is_refused(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_vim struct vim *first = open_vim();
	cleanup_vim struct vim *second = open_vim();
	cleanup_free char *who = xasprintf("(pid %d)", (int)getpid());

	must(make(first, VIM_NETWORK, &err), &err);
	assert_int_equal(make(second, VIM_SUBNET, &err), -EBUSY);
	assert_non_null(strstr(err.text, who));
	undeploy(first);
}

static int hold_tap(void *data, struct err *err)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", (const char *)data);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		return err_errno(err, errno, "cannot hold %s", (const char *)data);
	return fd;
}

static void test_port_in_use_is_told(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *before = host_state();
	cleanup_vim struct vim *vim = open_vim();
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_free char *name = netns_name(tenant->name, deployment->name);
	cleanup_close int ns = -1;
	char tap[16] = "";

	must(make(vim, VIM_PORT, &err), &err);
	must(vim->ops->list(vim, NULL, 0, &inventory, &err), &err);
	for (size_t i = 0; i < inventory.n; i++) {
		if (inventory.v[i].kind == VIM_PORT)
			snprintf(tap, sizeof(tap), "tap%.11s", inventory.v[i].id);
	}
	must(netns_open(name, &ns, &err), &err);
	cleanup_close int held = netns_run(ns, hold_tap, tap, &err);
	must(held, &err);
	assert_int_equal(make(vim, VIM_SERVER, &err), -EIO);
	assert_non_null(strstr(err.text, "QEMU failed to start: "));
	assert_non_null(strstr(err.text, "Device or resource busy"));

	cleanup_free char *fault = NULL;
	assert_int_equal(state_of(vim, &fault), VIM_STATE_ERROR);
	assert_string_equal(fault, err.text);
	undeploy(vim);
	cleanup_close_fn(&held);
	held = -1;
	cleanup_free char *after = host_state();
	assert_string_equal(before, after);
}

static void mount_small_disk(const char *path, unsigned mb)
{
	cleanup_free char *options = xasprintf("size=%um", mb);

	assert_int_equal(dir_make(path, NULL), 0);
	assert_int_equal(mount("tmpfs", path, "tmpfs", 0, options), 0);
}

static void test_no_room_for_a_disk_is_told(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	const char *root = getenv("DNSVNF_LOCAL_DIR");
	cleanup_vim struct vim *vim = open_vim();

	mount_small_disk(root, 100);
	assert_int_equal(make(vim, VIM_SERVER, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "MB free, but 512 MB are needed"));
	undeploy(vim);
	assert_int_equal(umount(root), 0);
	assert_int_equal(rmdir(root), 0);
}

static void test_full_disk_is_told(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	const char *root = getenv("DNSVNF_LOCAL_DIR");
	cleanup_free char *filler = xasprintf("%s/filler", root);
	cleanup_vim struct vim *vim = open_vim();
	cleanup_free char *fault = NULL;
	struct statvfs fs;

	mount_small_disk(root, SMALL_DISK_MB);
	must(make(vim, VIM_SERVER, &err), &err);
	int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(statvfs(root, &fs), 0);
	assert_int_equal(posix_fallocate(fd, 0, (off_t)(fs.f_bavail * fs.f_bsize)), 0);
	close(fd);
	/* Until the guest writes. */
	for (int i = 0; i < 1200 && state_of(vim, NULL) == VIM_STATE_ACTIVE; i++)
		poll(NULL, 0, 100);
	assert_int_equal(state_of(vim, &fault), VIM_STATE_ERROR);
	assert_non_null(strstr(fault, "its disk cannot be written"));
	assert_int_equal(unlink(filler), 0);
	undeploy(vim);
	assert_int_equal(umount(root), 0);
	assert_int_equal(rmdir(root), 0);
}

/* Before anything is made. */
static void test_what_is_missing_is_told(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_vim struct vim *vim = open_vim();
	cleanup_free char *before = host_state();
	cleanup_free char *path = xstrdup(getenv("PATH"));
	cleanup_free char *images = xstrdup(getenv("DNSVNF_IMAGE_DIR"));

	setenv("PATH", "/nonexistent", 1);
	int r = make(vim, VIM_NETWORK, &err);
	setenv("PATH", path, 1);
	assert_int_equal(r, -ENOENT);
	assert_non_null(strstr(err.text, "apt install qemu-system-x86"));
	err_clear(&err);

	setenv("DNSVNF_IMAGE_DIR", "/nonexistent", 1);
	r = make(vim, VIM_NETWORK, &err);
	setenv("DNSVNF_IMAGE_DIR", images, 1);
	assert_int_equal(r, -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/dns-vnf{.qcow2,.img,.raw}"));
	err_clear(&err);

	struct properties *properties = &model->flavors[0].properties;
	for (size_t i = 0; i < properties->n; i++) {
		struct property *p = &properties->v[i];
		if (!streq(p->name, "hw:numa_nodes"))
			continue;
		p->value[0] = '1';
		assert_int_equal(make(vim, VIM_NETWORK, &err), -ENOSPC);
		p->value[0] = '2';
		assert_non_null(strstr(err.text, "No valid host"));
		assert_non_null(strstr(err.text, "hw:numa_nodes=2"));
	}
	assert_non_null(err.text);

	cleanup_free char *after = host_state();
	assert_string_equal(before, after);
}

static bool listed(void)
{
	cleanup_err struct err err = ERR_INIT;
	struct vim_deployment *v;
	size_t n;
	bool found = false;
	cleanup_vim struct vim *any = NULL;
	const struct vim_target target = {.vim_name = "local", .tenant = "", .deployment = ""};

	must(vim_ops_for("local")->open(&target, NULL, &any, &err), &err);
	must(any->ops->deployments(any, &v, &n, &err), &err);
	for (size_t i = 0; i < n; i++)
		found |= streq(v[i].tenant, tenant->name) &&
			 streq(v[i].deployment, deployment->name);
	vim_deployments_free(v, n);
	return found;
}

/* Somebody removed the deployment's folder: the record of its namespace tells what is left. */
static void test_lost_folder_is_cleaned_up(void **state)
{
	(void)state;
	cleanup_free char *lost = xasprintf("%s/%s", getenv("DNSVNF_LOCAL_DIR"), tenant->name);
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *before = host_state();
	cleanup_vim struct vim *vim = open_vim();

	assert_false(listed());
	must(make(vim, VIM_SERVER, &err), &err);
	assert_true(listed());
	vim_close(steal_ptr(vim));
	assert_int_equal(dir_remove(lost, NULL), 0);
	assert_true(qemu_pid() > 0);
	assert_true(listed());
	vim = open_vim();
	undeploy(vim);
	assert_false(listed());
	cleanup_free char *after = host_state();
	assert_string_equal(before, after);
}

/* Changes the server to the model, which differs in its ports, and keeps it or goes back. */
static void change_ports(struct vim *vim, bool keep)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_inventory struct vim_inventory there = {0};
	cleanup_plan struct plan *plan = NULL;
	const struct step *server = NULL;

	must(apply_prepare(vim, model, tenant, deployment, NULL, &there, &plan, &err), &err);
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].request.kind == VIM_SERVER)
			server = &plan->v[i];
	if (!server) {
		fail_msg("no server in the plan");
		return;
	}
	assert_int_equal(server->action, ACTION_CHANGE);
	assert_int_equal(server->changes, VIM_CHANGE_PORTS);
	must(vim->ops->change(vim, server->present, &server->request, server->changes, &err), &err);
	must(vim->ops->settle(vim, server->present, &server->request, keep, &err), &err);
}

static void check_port(struct vim *vim, size_t n, const char *mac)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_server_info struct vim_server_info info = {0};

	must(vim->ops->server(vim, server_name, VIM_LOOK_ALL, &info, &err), &err);
	assert_int_equal(info.state, VIM_STATE_ACTIVE);
	assert_int_equal(info.n_ports, n);
	assert_string_equal(info.ports[2].mac_address, mac);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(info.ports[i].status, "ACTIVE");
}

static void test_ports_change_and_go_back(void **state)
{
	(void)state;
	struct vm_group *group = &deployment->vm_groups[0];
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *before = host_state();
	cleanup_vim struct vim *vim = open_vim();
	char *old = group->interfaces[2].mac_address;
	char new[] = "fa:16:3e:10:00:99";

	must(make(vim, VIM_SERVER, &err), &err);
	group->interfaces[2].mac_address = new;
	change_ports(vim, false);
	check_port(vim, 4, old);
	change_ports(vim, true);
	check_port(vim, 4, new);

	group->interfaces[2].mac_address = old;
	group->n_interfaces--;
	change_ports(vim, false);
	check_port(vim, 4, new);
	change_ports(vim, true);
	check_port(vim, 3, old);
	group->n_interfaces++;
	change_ports(vim, true);
	check_server(vim);
	undeploy(vim);
	cleanup_free char *after = host_state();
	assert_string_equal(before, after);
}

static int setup(void **state)
{
	cleanup_findings struct findings findings = {0};
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	if (geteuid() != 0 || !mkdtemp(folder)) {
		print_error("this test needs root\n");
		return -1;
	}
	cleanup_free char *root = xasprintf("%s/local", folder);
	setenv("DNSVNF_LOCAL_DIR", root, 1);
	if (design_read("examples/technote/corrected/dep.xml", NULL, &model, &findings, &err) < 0 ||
	    findings_count(&findings, SEVERITY_ERROR)) {
		print_error("%s\n", err.text ? err.text : findings.v[0].text);
		return -1;
	}
	tenant = &model->tenants[0];
	deployment = &tenant->deployments[0];
	/* Its own, for several runs on one machine: namespaces are the machine's. */
	free(deployment->name);
	deployment->name = xasprintf("vm-test-%d", (int)getpid());
	server_name = vm_group_server_name(deployment, &deployment->vm_groups[0], 0);
	leg_name = plan_port_name(deployment, &deployment->vm_groups[0], 0,
				  &deployment->vm_groups[0].interfaces[2]);
	return 0;
}

/* After a test that failed, too. */
static int teardown(void **state)
{
	(void)state;
	cleanup_vim struct vim *vim = open_vim();
	undeploy(vim);
	free(server_name);
	free(leg_name);
	model_free(model);
	umount2(getenv("DNSVNF_LOCAL_DIR"), MNT_DETACH);
	return dir_remove(folder, NULL);
}

/* argv[1]: folder of images where DNSVNF_IMAGE_DIR names none. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_missing_is_told),
		cmocka_unit_test(test_second_run_is_refused),
		cmocka_unit_test(test_killed_run_is_cleaned_up),
		cmocka_unit_test(test_server_lives_and_dies),
		cmocka_unit_test(test_ports_change_and_go_back),
		cmocka_unit_test(test_port_in_use_is_told),
		cmocka_unit_test(test_lost_folder_is_cleaned_up),
		cmocka_unit_test(test_no_room_for_a_disk_is_told),
		cmocka_unit_test(test_full_disk_is_told),
	};

	if (argc > 1)
		setenv("DNSVNF_IMAGE_DIR", argv[1], 0);
	return cmocka_run_group_tests_name("vim_local_vm", tests, setup, teardown);
}
