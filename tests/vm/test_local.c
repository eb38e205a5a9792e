// SPDX-License-Identifier: Apache-2.0
/*
 * The embedded VIM with a real guest: the TechNote's deployment (examples/technote/corrected) built
 * by the operations of vim.h, asked, broken and taken away. Needs root, QEMU and the image.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/event.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/str.h"
#include "day0/day0.h"
#include "deploy/dns.h"
#include "vim/vim.h"

#define TENANT     "test-tenant"
#define DEPLOYMENT "vm-test"
#define SERVER     "vm-test_cpnr_0"
#define BOOT_S     300
/* The model owns its strings; here they are literals. */
#define S(text) ((char *)(uintptr_t)(text))
#define EXAMPLE "examples/technote/corrected/"

static const struct subnet orchestration_subnets[] = {
	{.name = S("orchestration-subnet"),
	 .ip_version = 4,
	 .address = S("192.168.100.0"),
	 .prefix = 24,
	 .no_gateway = true},
};
static const struct subnet management_subnets[] = {
	{.name = S("management-subnet"),
	 .ip_version = 4,
	 .address = S("10.10.10.0"),
	 .prefix = 24,
	 .no_gateway = true},
};
static const struct subnet sriov_1_subnets[] = {
	{.name = S("sriov-subnet-1"),
	 .ip_version = 4,
	 .address = S("172.16.1.0"),
	 .prefix = 24,
	 .gateway = S("172.16.1.1")},
	{.name = S("sriov-subnet-1-v6"),
	 .ip_version = 6,
	 .address = S("2001:db8:101::"),
	 .prefix = 64,
	 .gateway = S("2001:db8:101::1")},
};
static const struct subnet sriov_2_subnets[] = {
	{.name = S("sriov-subnet-2"),
	 .ip_version = 4,
	 .address = S("172.16.1.0"),
	 .prefix = 24,
	 .gateway = S("172.16.1.1")},
	{.name = S("sriov-subnet-2-v6"),
	 .ip_version = 6,
	 .address = S("2001:db8:101::"),
	 .prefix = 64,
	 .gateway = S("2001:db8:101::1")},
};
static const struct network networks[] = {
	{.name = S("orchestration-network"),
	 .provider_network_type = S("vxlan"),
	 .subnets = (struct subnet *)orchestration_subnets,
	 .n_subnets = 1},
	{.name = S("management-network"),
	 .provider_network_type = S("vxlan"),
	 .subnets = (struct subnet *)management_subnets,
	 .n_subnets = 1},
	{.name = S("sriov-network-1"),
	 .provider_network_type = S("vlan"),
	 .provider_physical_network = S("sriov0"),
	 .provider_segmentation_id = 101,
	 .subnets = (struct subnet *)sriov_1_subnets,
	 .n_subnets = 2},
	{.name = S("sriov-network-2"),
	 .provider_network_type = S("vlan"),
	 .provider_physical_network = S("sriov1"),
	 .provider_segmentation_id = 101,
	 .subnets = (struct subnet *)sriov_2_subnets,
	 .n_subnets = 2},
};
static struct property numa_properties[] = {
	{.name = S("hw:numa_nodes"), .value = S("2")},
	{.name = S("hw:cpu_policy"), .value = S("dedicated")},
};
static const struct flavor flavor = {
	.name = S("cross-numa-flavor"),
	.vcpus = 4,
	.memory_mb = 8192,
	.root_disk_mb = 40960,
	.properties = {.v = numa_properties, .n = ARRAY_SIZE(numa_properties)},
};
static struct address leg_1_addresses[] = {
	{.id = 0, .subnet = S("sriov-subnet-1"), .ip_address = S("172.16.1.10")},
	{.id = 1, .subnet = S("sriov-subnet-1-v6"), .ip_address = S("2001:db8:101::10")},
};
static struct address leg_2_addresses[] = {
	{.id = 0, .subnet = S("sriov-subnet-2"), .ip_address = S("172.16.1.10")},
	{.id = 1, .subnet = S("sriov-subnet-2-v6"), .ip_address = S("2001:db8:101::10")},
};
static struct interface interfaces[] = {
	{.nicid = 0,
	 .type = PORT_VIRTUAL,
	 .network = S("orchestration-network"),
	 .ip_address = S("192.168.100.10"),
	 .port_security_enabled = -1,
	 .admin_state_up = true},
	{.nicid = 1,
	 .type = PORT_VIRTUAL,
	 .network = S("management-network"),
	 .ip_address = S("10.10.10.10"),
	 .port_security_enabled = -1,
	 .admin_state_up = true},
	{.nicid = 2,
	 .type = PORT_DIRECT,
	 .network = S("sriov-network-1"),
	 .addresses = leg_1_addresses,
	 .n_addresses = 2,
	 .admin_state_up = true},
	{.nicid = 3,
	 .type = PORT_DIRECT,
	 .network = S("sriov-network-2"),
	 .addresses = leg_2_addresses,
	 .n_addresses = 2,
	 .admin_state_up = true},
};
static const char *const port_names[] = {"port0", "port1", "port2", "port3"};

static void print_event(void *data, const struct event *event)
{
	(void)data;
	print_message("%s: %s\n", event->type, event->details ? event->details : "");
}

static const struct events events = {.report = print_event};

static void must(int r, struct err *err)
{
	if (r < 0)
		fail_msg("%s", err->text ? err->text : "no reason given");
	assert_int_equal(r, 0);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Namespaces, links, QEMU processes and files that the host has. */
static char *host_state(void)
{
	FILE *f = popen("ls /run/netns 2>/dev/null; ip -o link | cut -d: -f2;"
			"pgrep -a qemu-system | grep -v defunct; ls -R \"$DNSVNF_LOCAL_DIR\" 2>&1",
			"re");
	struct strbuf b = {0};
	char buffer[4096];

	for (size_t n; (n = fread(buffer, 1, sizeof(buffer), f)) > 0;)
		strbuf_add(&b, buffer, n);
	pclose(f);
	return strbuf_steal(&b);
}

static struct vim *open_vim(void)
{
	cleanup_err struct err err = ERR_INIT;
	struct vim *vim = NULL;

	must(vim_ops_for("local")->open("local", TENANT, DEPLOYMENT, &events, &vim, &err), &err);
	return vim;
}

static void make_networks(struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
		struct vim_request request = {.kind = VIM_NETWORK,
					      .name = networks[i].name,
					      .owner = "dnsvnf:test-tenant/vm-test/network",
					      .network = &networks[i]};
		must(vim->ops->create(vim, &request, 1, &err), &err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
		for (size_t k = 0; k < networks[i].n_subnets; k++) {
			struct vim_request request = {
				.kind = VIM_SUBNET,
				.name = networks[i].subnets[k].name,
				.owner = "dnsvnf:test-tenant/vm-test/subnet",
				.subnet = {.network = &networks[i],
					   .subnet = &networks[i].subnets[k]}};
			must(vim->ops->create(vim, &request, 1, &err), &err);
		}
	}
}

static void port_requests(struct vim_request *ports)
{
	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++)
		ports[i] = (struct vim_request){.kind = VIM_PORT,
						.name = port_names[i],
						.owner = "dnsvnf:test-tenant/vm-test/port",
						.port = {.network = &networks[i],
							 .network_name = networks[i].name,
							 .interface = &interfaces[i]}};
}

/* What day0 composes of the example's files. */
static void user_data(char **ret, size_t *ret_len)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = model_new(EXAMPLE "dep.xml");
	struct vm_group group = {.name = xstrdup("cpnr")};
	const char *const files[][2] = {{"--user-data", "day0.cfg"},
					{"/etc/knot/knot.conf", "knot.conf"},
					{"/var/lib/knot/example.test.zone", "example.test.zone"}};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct configuration *c = array_push(group.configurations, group.n_configurations);
		c->dst = xstrdup(files[i][0]);
		c->file = xstrdup(files[i][1]);
	}
	day0_load(model, &group, &findings);
	assert_int_equal(findings_count(&findings, SEVERITY_ERROR), 0);
	must(day0_compose(&group, 0, NULL, 0, ret, ret_len, &err), &err);
	/* The group is left to the end of the program: only the model can free one. */
}

static void make_server(struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *data = NULL;
	struct vim_request ports[ARRAY_SIZE(interfaces)];
	size_t len = 0;

	user_data(&data, &len);
	port_requests(ports);
	struct vim_request server = {.kind = VIM_SERVER,
				     .name = SERVER,
				     .owner = "dnsvnf:test-tenant/vm-test/server",
				     .server = {.image_name = "dns-vnf",
						.flavor = &flavor,
						.flavor_name = flavor.name,
						.port_names = port_names,
						.n_ports = ARRAY_SIZE(port_names),
						.user_data = data,
						.user_data_len = len}};
	must(vim->ops->admit(vim, &server, ports, ARRAY_SIZE(ports), &err), &err);
	must(vim->ops->create(vim, ports, ARRAY_SIZE(ports), &err), &err);
	must(vim->ops->create(vim, &server, 1, &err), &err);
}

static void undeploy(struct vim *vim)
{
	static const enum vim_kind order[] = {VIM_SERVER, VIM_PORT, VIM_SUBNET, VIM_NETWORK};
	cleanup_err struct err err = ERR_INIT;
	cleanup_inventory struct vim_inventory inventory = {0};

	must(vim->ops->list(vim, NULL, 0, &inventory, &err), &err);
	for (size_t k = 0; k < ARRAY_SIZE(order); k++) {
		for (size_t i = 0; i < inventory.n; i++) {
			if (inventory.v[i].kind == order[k])
				must(vim->ops->destroy(vim, &inventory.v[i], &err), &err);
		}
	}
	must(vim->ops->release(vim, &err), &err);
}

/* Does the server answer on the bond's address within limit_s? */
static bool answers(struct vim *vim, const char *address, bool tcp, int limit_s)
{
	int64_t start = now_ms();

	while (now_ms() - start < limit_s * 1000) {
		cleanup_dns_answer struct dns_answer answer = {0};
		if (dns_query(vim, address, 53, tcp, "www.example.test", "A", 500, &answer, NULL) ==
		    0)
			return answer.rcode == 0 && answer.n_records == 1;
		poll(NULL, 0, 100);
	}
	return false;
}

static pid_t qemu_pid(void)
{
	FILE *f = popen("cat \"$DNSVNF_LOCAL_DIR\"/" TENANT "/" DEPLOYMENT "/*.pid", "re");
	int pid = 0;

	assert_int_equal(fscanf(f, "%d", &pid), 1);
	pclose(f);
	return pid;
}

static void check_server(struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_server_info struct vim_server_info info = {0};

	must(vim->ops->server(vim, SERVER, &info, &err), &err);
	assert_int_equal(info.state, VIM_STATE_ACTIVE);
	assert_int_equal(info.cells, 2);
	assert_int_equal(info.n_ports, 4);
	assert_true(info.uptime >= 0);
	print_message("hypervisor %s, uptime %lld s\n", info.hypervisor, (long long)info.uptime);
	assert_non_null(strstr(info.hypervisor, "QEMU "));
	for (size_t i = 0; i < info.n_ports; i++) {
		const struct vim_port_info *p = &info.ports[i];
		assert_int_equal(p->nicid, i);
		assert_string_equal(p->status, "ACTIVE");
		assert_true(p->link_up);
		assert_int_equal(p->numa_node, i < 2 ? -1 : (int)i - 2);
		assert_int_equal(p->n_ip_addresses, i < 2 ? 1 : 2);
	}
}

static void test_deploy_break_and_undeploy(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *before = host_state();
	cleanup_vim struct vim *vim = open_vim();

	make_networks(vim);
	make_server(vim);
	int64_t start = now_ms();
	check_server(vim);
	bool there = answers(vim, "172.16.1.10", false, BOOT_S);
	print_message("DNS on the bond after %.1f s\n", (double)(now_ms() - start) / 1000);
	if (!there) {
		cleanup_free char *console = NULL;
		must(vim->ops->console(vim, SERVER, &console, &err), &err);
		fail_msg("no DNS; the console said:\n%s", console);
	}
	assert_true(answers(vim, "172.16.1.10", true, 5));
	assert_true(answers(vim, "2001:db8:101::10", false, 10));
	assert_true(answers(vim, "10.10.10.10", false, 10));

	/* Each leg alone carries the service. */
	for (size_t i = 2; i < 4; i++) {
		cleanup_server_info struct vim_server_info info = {0};
		must(vim->ops->set_link(vim, SERVER, port_names[i], false, &err), &err);
		must(vim->ops->server(vim, SERVER, &info, &err), &err);
		assert_false(info.ports[i].link_up);
		poll(NULL, 0, 1000);
		assert_true(answers(vim, "172.16.1.10", false, 5));
		must(vim->ops->set_link(vim, SERVER, port_names[i], true, &err), &err);
		poll(NULL, 0, 2000);
	}
	must(vim->ops->set_link(vim, SERVER, port_names[2], false, &err), &err);
	must(vim->ops->set_link(vim, SERVER, port_names[3], false, &err), &err);
	poll(NULL, 0, 1000);
	assert_false(answers(vim, "172.16.1.10", false, 2));

	cleanup_free char *console = NULL;
	cleanup_free char *again = NULL;
	must(vim->ops->console(vim, SERVER, &console, &err), &err);
	must(vim->ops->console(vim, SERVER, &again, &err), &err);
	assert_true(strlen(console) > 1000 && strlen(again) >= strlen(console));

	kill(qemu_pid(), SIGKILL);
	poll(NULL, 0, 500);
	cleanup_server_info struct vim_server_info dead = {0};
	must(vim->ops->server(vim, SERVER, &dead, &err), &err);
	assert_int_equal(dead.state, VIM_STATE_ERROR);
	print_message("killed: %s\n", dead.fault);
	assert_non_null(strstr(dead.fault, "QEMU is gone"));

	undeploy(vim);
	cleanup_free char *after = host_state();
	assert_string_equal(before, after);
}

/* The record comes first, so whatever a killed run made is found and taken away. */
static void test_killed_run_is_cleaned_up(void **state)
{
	(void)state;
	cleanup_free char *before = host_state();
	const int moments_ms[] = {30, 120, 300, 700, 1200};

	for (size_t i = 0; i < ARRAY_SIZE(moments_ms); i++) {
		pid_t pid = fork();
		if (pid == 0) {
			alarm(60); /* and never back into the other tests */
			struct vim *vim = open_vim();
			make_networks(vim);
			make_server(vim);
			pause();
		}
		poll(NULL, 0, moments_ms[i]);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		/* A child of QEMU's start may still hold the lock for a moment. */
		poll(NULL, 0, 200);
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

	make_networks(first);
	struct vim_request request = {.kind = VIM_FLAVOR, .name = "f", .flavor = &flavor};
	assert_int_equal(second->ops->create(second, &request, 1, &err), -EBUSY);
	assert_non_null(strstr(err.text, who));
	undeploy(first);
}

/* One that is there when it is asked for, or the reason is told. */
static int setup(void **state)
{
	static char dir[] = "/tmp/dnsvnf-vm-XXXXXX";

	(void)state;
	if (geteuid() != 0) {
		print_error("this test needs root\n");
		return -1;
	}
	if (!mkdtemp(dir))
		return -1;
	setenv("DNSVNF_LOCAL_DIR", dir, 1);
	rmdir(dir);
	return 0;
}

/* argv[1]: folder of images where DNSVNF_IMAGE_DIR names none. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_run_is_refused),
		cmocka_unit_test(test_killed_run_is_cleaned_up),
		cmocka_unit_test(test_deploy_break_and_undeploy),
	};

	if (argc > 1)
		setenv("DNSVNF_IMAGE_DIR", argv[1], 0);
	return cmocka_run_group_tests_name("local", tests, setup, NULL);
}
