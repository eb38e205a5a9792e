// SPDX-License-Identifier: Apache-2.0
/* The embedded VIM, as far as it goes without root, QEMU and an image. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "vim/local/address.h"
#include "vim/local/host.h"
#include "vim/local/process.h"
#include "vim/local/qemu.h"
#include "vim/local/store.h"
#include "vim/request.h"

/* The model owns its strings; here they are literals. */
#define S(text) ((char *)(uintptr_t)(text))

static char folder[] = "/tmp/dnsvnf-test-XXXXXX";

/* Admission */

#define NO_HOST "No valid host was found. There are not enough hosts available. "
#define ONE_CELL                                                                                \
	NO_HOST "(port 3 requests a VF of sriov1 with NUMA affinity legacy: 256 free on node "  \
		"1, but the guest would be on node 0; port 2 requests a VF of sriov0 with "     \
		"NUMA affinity legacy: 256 free on node 0, but the guest would be on node 1; "  \
		"it fits with hw:numa_nodes=2, or fits with numa_affinity_policy preferred on " \
		"port 2, or fits with numa_affinity_policy preferred on port 3)"

struct admission {
	const char *properties[6]; /* name, value, name, value ... */
	unsigned vcpus, memory_mb;
	unsigned n_legs;
	const char *physnet_of_second;
	int code;
	const char *text;
};

static void test_admission_refuses_what_nova_refuses(void **state)
{
	(void)state;
	static const struct admission cases[] = {
		{{"hw:numa_nodes", "2"}, 4, 8192, 2, "sriov1", 0, NULL},
		{{"hw:numa_nodes", "1"}, 4, 8192, 2, "sriov1", -ENOSPC, ONE_CELL},
		{{"hw:numa_nodes", "1"}, 4, 8192, 1, "sriov1", 0, NULL},
		{{"hw:numa_nodes", "1"}, 4, 8192, 2, "sriov0", 0, NULL},
		{{"hw:numa_nodes", "1", "hw:pci_numa_affinity_policy", "preferred"},
		 4,
		 8192,
		 2,
		 "sriov1",
		 0,
		 NULL},
		{{"hw:numa_nodes", "1", "hw:pci_numa_affinity_policy", "legacy"},
		 4,
		 8192,
		 2,
		 "sriov1",
		 -ENOSPC,
		 ONE_CELL},
		/* Without NUMA in the flavor nothing binds the guest to a node. */
		{{NULL}, 4, 8192, 2, "sriov1", 0, NULL},
		{{"hw:cpu_policy", "shared"}, 4, 8192, 2, "sriov1", 0, NULL},
		/* One cell that is not written down. */
		{{"hw:cpu_policy", "dedicated"}, 4, 8192, 2, "sriov1", -ENOSPC, ONE_CELL},
		{{"hw:mem_page_size", "large"}, 4, 8192, 2, "sriov1", -ENOSPC, ONE_CELL},
		{{"hw:numa_nodes", "3"},
		 6,
		 6144,
		 2,
		 "sriov1",
		 -ENOSPC,
		 NO_HOST "(NUMA cells: 3 requested, the host has 2; it fits with hw:numa_nodes=2)"},
		{{"hw:numa_nodes", "2"},
		 4,
		 8192,
		 2,
		 NULL,
		 -ENOSPC,
		 NO_HOST
		 "(port 3 requests a VF of network net1, whose physnet is unknown: no NIC of the "
		 "host serves it)"},
		{{"hw:numa_nodes", "2"},
		 3,
		 8192,
		 2,
		 "sriov1",
		 -EINVAL,
		 "flavor f: Instance CPUs and/or memory cannot be evenly distributed across "
		 "instance NUMA nodes. Explicit assignment of CPUs and memory to nodes is "
		 "required"},
		{{"hw:numa_nodes", "2"},
		 4,
		 8191,
		 2,
		 "sriov1",
		 -EINVAL,
		 "flavor f: Instance CPUs and/or memory cannot be evenly distributed across "
		 "instance NUMA nodes. Explicit assignment of CPUs and memory to nodes is "
		 "required"},
		{{"hw:numa_nodes", "two"},
		 4,
		 8192,
		 2,
		 "sriov1",
		 -EINVAL,
		 "flavor f: The property 'numa_nodes' cannot be 'two'. It must be a number greater "
		 "than 0"},
		{{"hw:numa_nodes", "0"},
		 4,
		 8192,
		 2,
		 "sriov1",
		 -EINVAL,
		 "flavor f: The property 'numa_nodes' cannot be '0'. It must be a number greater "
		 "than 0"},
		{{"hw:numa_nodes", "1", "hw:numa_cpus.0", "0-3", "hw:numa_mem.0", "8192"},
		 4,
		 8192,
		 2,
		 "sriov1",
		 -ENOTSUP,
		 "flavor \"f\": hw:numa_cpus: the embedded VIM can only divide vCPUs and memory "
		 "evenly over the cells"},
		{{NULL}, 0, 8192, 0, NULL, -EINVAL, "flavor f has no vCPUs"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct admission *c = &cases[i];
		cleanup_err struct err err = ERR_INIT;
		cleanup_physnets struct physnets physnets = {0};
		struct property properties[3] = {
			{.name = S(c->properties[0]), .value = S(c->properties[1])},
			{.name = S(c->properties[2]), .value = S(c->properties[3])},
			{.name = S(c->properties[4]), .value = S(c->properties[5])}};
		struct flavor flavor = {.name = S("f"),
					.vcpus = c->vcpus,
					.memory_mb = c->memory_mb,
					.properties = {.v = properties,
						       .n = (c->properties[0] != NULL) +
							    (c->properties[2] != NULL) +
							    (c->properties[4] != NULL)}};
		struct host_port ports[] = {{2, "net0", "sriov0", PORT_DIRECT, NULL},
					    {3, "net1", c->physnet_of_second, PORT_DIRECT, NULL}};
		/* In the wrong order: their names decide. */
		physnets_add(&physnets, "sriov1");
		physnets_add(&physnets, "sriov0");
		physnets_add(&physnets, NULL);
		int r = host_admit(&flavor, ports, c->n_legs, &physnets, &err);
		if (r != c->code || !streq(err.text, c->text))
			fail_msg("case %zu: %d, %s", i, r, err.text ? err.text : "no text");
	}
}

static void test_admission_obeys_the_ports_affinity(void **state)
{
	static const struct {
		const char *policy;
		int code;
	} cases[] = {{NULL, -ENOSPC}, {"required", -ENOSPC}, {"preferred", 0}, {"near", -EINVAL}};
	struct property one_node = {.name = S("hw:numa_nodes"), .value = S("1")};
	struct flavor flavor = {.name = S("f"),
				.vcpus = 4,
				.memory_mb = 8192,
				.properties = {.v = &one_node, .n = 1}};
	cleanup_physnets struct physnets physnets = {0};

	(void)state;
	physnets_add(&physnets, "sriov0");
	physnets_add(&physnets, "sriov1");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct host_port ports[] = {{2, "net0", "sriov0", PORT_DIRECT, NULL},
					    {3, "net1", "sriov1", PORT_DIRECT, cases[i].policy}};
		assert_int_equal(host_admit(&flavor, ports, 2, &physnets, NULL), cases[i].code);
	}
}

static void test_physnets_alternate_over_nodes(void **state)
{
	(void)state;
	cleanup_physnets struct physnets p = {0};

	physnets_add(&p, "c");
	physnets_add(&p, "a");
	physnets_add(&p, "b");
	physnets_add(&p, "a");
	assert_int_equal(p.n, 3);
	assert_int_equal(physnets_node(&p, "a"), 0);
	assert_int_equal(physnets_node(&p, "b"), 1);
	assert_int_equal(physnets_node(&p, "c"), 0);
	assert_int_equal(physnets_node(&p, "d"), -1);
}

/* The command line */

static bool has(char **argv, const char *option, const char *value)
{
	for (size_t i = 0; argv[i]; i++) {
		if (streq(argv[i], option) && (!value || streq(argv[i + 1], value)))
			return true;
	}
	return false;
}

static const struct qemu_nic nics[] = {
	{.nicid = 0, .mac = "fa:16:3e:00:00:00", .tap = "tap0", .node = -1},
	{.nicid = 1, .mac = "fa:16:3e:00:00:01", .tap = "tap1", .node = -1},
	{.nicid = 2, .mac = "fa:16:3e:00:00:02", .tap = "tap2", .direct = true, .node = 0},
	{.nicid = 3, .mac = "fa:16:3e:00:00:03", .tap = "tap3", .direct = true, .node = 1},
	{.nicid = 4, .mac = "fa:16:3e:00:00:04", .tap = "tap4", .direct = true, .node = 0},
};

static struct qemu_guest guest_with(const struct qemu_nic *v, size_t n)
{
	return (struct qemu_guest){
		.id = "01234567-89ab-4def-8123-456789abcdef",
		.name = "a,b",
		.vcpus = 4,
		.memory_mb = 8192,
		.cells = {.n = 2, .numa = true},
		.disk = "disk.qcow2",
		.config_drive = "config.iso",
		.kernel = "/i/vnf.vmlinux",
		.initrd = "/i/vnf.initrd",
		.nics = v,
		.n_nics = n,
	};
}

static void test_command_line_is_what_the_image_expects(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	const struct qemu qemu = {.kvm = false, .igb = true};
	struct qemu_guest guest = guest_with(nics, ARRAY_SIZE(nics));
	char **argv = NULL;

	assert_int_equal(qemu_argv(&qemu, &guest, &argv, &err), 0);
	assert_true(has(argv, "-name", "guest=a,,b,debug-threads=on"));
	assert_true(has(argv, "-accel", "tcg,thread=multi,tb-size=512"));
	assert_true(has(argv, "-smp", "cpus=4,sockets=2,cores=2"));
	assert_true(has(argv, "-numa", "node,nodeid=0,cpus=0-1,memdev=m0"));
	assert_true(has(argv, "-numa", "node,nodeid=1,cpus=2-3,memdev=m1"));
	assert_true(has(argv, "-object", "memory-backend-ram,id=m1,size=4096M"));
	assert_true(has(argv, "-device",
			"virtio-net-pci,id=nic1,netdev=net1,mac=fa:16:3e:00:00:01,bus=pcie.0,"
			"addr=0x9,romfile="));
	assert_true(has(argv, "-device",
			"pxb-pcie,id=pxb0,bus_nr=64,bus=pcie.0,addr=0x10,numa_node=0"));
	assert_true(has(argv, "-device",
			"pxb-pcie,id=pxb1,bus_nr=96,bus=pcie.0,addr=0x11,numa_node=1"));
	assert_true(has(argv, "-device", "pcie-root-port,id=rp0,bus=pxb0,chassis=1,slot=6"));
	assert_true(has(argv, "-device", "pcie-root-port,id=rp1,bus=pxb1,chassis=2,slot=7"));
	assert_true(has(argv, "-device",
			"igb,id=nic2,netdev=net2,mac=fa:16:3e:00:00:02,bus=rp0,romfile="));
	assert_true(has(argv, "-netdev", "tap,id=net3,ifname=tap3,script=no,downscript=no"));
	qemu_argv_free(argv);

	const char *const addresses[] = {"0000:00:08.0", "0000:00:09.0", "0000:41:00.0",
					 "0000:61:00.0", "0000:42:00.0"};
	for (size_t i = 0; i < ARRAY_SIZE(nics); i++) {
		cleanup_free char *address = qemu_nic_address(&guest, i);
		assert_string_equal(address, addresses[i]);
	}
}

static void test_guest_without_numa_has_legs_all_the_same(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	const struct qemu qemu = {.kvm = true};
	struct qemu_nic leg = {
		.nicid = 2, .mac = "fa:16:3e:00:00:02", .tap = "t", .direct = true, .node = -1};
	struct qemu_guest guest = guest_with(&leg, 1);
	char **argv = NULL;

	guest.cells = (struct cells){.n = 1};
	guest.kernel = NULL;
	assert_int_equal(qemu_argv(&qemu, &guest, &argv, &err), 0);
	assert_true(has(argv, "-accel", "kvm"));
	assert_false(has(argv, "-numa", NULL));
	assert_false(has(argv, "-kernel", NULL));
	assert_true(has(argv, "-device", "pxb-pcie,id=pxb0,bus_nr=64,bus=pcie.0,addr=0x10"));
	assert_true(has(argv, "-device",
			"virtio-net-pci,id=nic2,netdev=net2,mac=fa:16:3e:00:00:02,bus=rp0,"
			"romfile="));
	qemu_argv_free(argv);
}

static void test_too_many_ports(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	const struct qemu qemu = {0};
	struct qemu_nic many[9];
	char **argv = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct qemu_nic){.nicid = i, .mac = "m", .tap = "t", .node = -1};
	struct qemu_guest guest = guest_with(many, ARRAY_SIZE(many));
	assert_int_equal(qemu_argv(&qemu, &guest, &argv, &err), -E2BIG);
	assert_null(argv);
}

/* The store */

static void test_record_survives_and_goes(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_records struct records records = {0};
	cleanup_records struct records again = {0};
	struct store store;

	store_init(&store, "../t/x", ".hidden");
	cleanup_free char *path = xasprintf("%s/local/%%2E.%%2Ft%%2Fx/%%2Ehidden", folder);
	assert_string_equal(store.path, path);
	assert_int_equal(store_load(&store, &records, &err), 0);
	assert_int_equal(records.n, 0);
	assert_int_equal(store_lock(&store, &err), 0);
	assert_int_equal(store_lock(&store, &err), 0);
	for (int i = 0; i < 3; i++) {
		struct record *r = records_new(&records, VIM_NETWORK, i ? "a" : "z");
		r->owner = xstrdup("dnsvnf:t/d/n");
		assert_int_equal(record_save(&store, r, &err), 0);
	}
	records.v[1].done = true;
	json_object_set_new(records.v[1].made, "tap", json_string("tap1"));
	assert_int_equal(record_save(&store, &records.v[1], &err), 0);
	assert_int_equal(record_remove(&store, &records.v[2], &err), 0);
	assert_int_equal(record_remove(&store, &records.v[2], &err), 0);

	assert_int_equal(store_load(&store, &again, &err), 0);
	assert_int_equal(again.n, 2);
	/* In the order of their creation. */
	assert_string_equal(again.v[0].name, "z");
	assert_false(again.v[0].done);
	assert_null(again.v[0].digest);
	const struct record *a = records_find(&again, VIM_NETWORK, "a");
	assert_true(a && a->done);
	assert_string_equal(a->id, records.v[1].id);
	assert_string_equal(a->owner, "dnsvnf:t/d/n");
	assert_string_equal(record_string(a->made, "tap"), "tap1");
	assert_null(records_find(&again, VIM_PORT, "a"));

	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);

	/* No name of ours, and not read beyond its end. */
	cleanup_free char *stray = xasprintf("%s/local/%%A", folder);
	assert_int_equal(dir_make(stray, &err), 0);
	struct vim_deployment *deployments;
	size_t n;
	assert_int_equal(store_deployments(&deployments, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(deployments[0].tenant, "../t/x");
	assert_string_equal(deployments[0].deployment, ".hidden");
	vim_deployments_free(deployments, n);
	assert_int_equal(dir_remove(stray, &err), 0);

	assert_int_equal(store_remove(&store, &err), 0);
	cleanup_free char *root = xasprintf("%s/local", folder);
	assert_false(file_exists(root));
	store_clear(&store);
}

static void test_broken_record_is_named(void **state)
{
	(void)state;
	static const char *const broken[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"kind\": \"network\"}",
		"{\"kind\": \"yacht\", \"id\": \"0\", \"name\": \"n\", \"spec\": {}, \"made\": {}}",
		"{\"kind\": \"port\", \"id\": \"../0\", \"name\": \"n\", \"spec\": {}, \"made\": "
		"{}}",
		"{\"kind\": \"port\", \"id\": \"0\", \"name\": \"n\", \"spec\": 1, \"made\": {}}"};
	cleanup_err struct err err = ERR_INIT;
	struct store store;

	store_init(&store, "t", "d");
	assert_int_equal(store_lock(&store, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		cleanup_records struct records records = {0};
		assert_int_equal(file_write_at(store.dirfd, "0.json", broken[i], strlen(broken[i]),
					       0600, &err),
				 0);
		assert_int_equal(store_load(&store, &records, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "0.json is not a valid dnsvnf record"));
		err_clear(&err);
	}
	assert_int_equal(unlinkat(store.dirfd, "0.json", 0), 0);
	assert_int_equal(store_remove(&store, &err), 0);
	store_clear(&store);
}

static void test_lock_tells_who_is_at_work(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct store first, second;

	store_init(&first, "t", "d");
	store_init(&second, "t", "d");
	assert_int_equal(store_lock(&first, &err), 0);
	assert_int_equal(store_lock(&second, &err), -EBUSY);
	cleanup_free char *text = xasprintf("another dnsvnf (pid %d) is working on deployment t/d: "
					    "wait until it has finished",
					    (int)getpid());
	assert_string_equal(err.text, text);
	err_clear(&err);
	/* The first takes the folder away: the second makes it anew. */
	assert_int_equal(store_remove(&first, &err), 0);
	assert_int_equal(store_lock(&second, &err), 0);
	assert_int_equal(store_lock(&first, &err), -EBUSY);
	err_clear(&err);
	assert_int_equal(store_remove(&second, &err), 0);
	store_clear(&first);
	store_clear(&second);
}

/* A process that listens as QEMU's monitor and talks nonsense; its pid. */
static pid_t start_nonsense(int dirfd, const char *id)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d/%s.qmp", dirfd, id);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(listen(fd, 4), 0);
	pid_t pid = fork();
	for (int n; pid == 0 && (n = accept(fd, NULL, NULL)) >= 0; close(n))
		dprintf(n, "nonsense\n");
	if (pid == 0)
		_exit(0);
	return pid;
}

static void test_server_that_does_not_answer_is_removed(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_records struct records records = {0};
	cleanup_inventory struct vim_inventory inventory = {0};
	cleanup_vim struct vim *vim = NULL;
	struct process p = {0};
	struct store store;

	store_init(&store, "t", "d");
	assert_int_equal(store_lock(&store, &err), 0);
	struct record *server = records_new(&records, VIM_SERVER, "s");
	server->done = true;
	assert_int_equal(record_save(&store, server, &err), 0);
	pid_t pid = start_nonsense(store.dirfd, server->id);
	assert_int_equal(process_look(pid, &p), 0);
	cleanup_free char *file = record_file(server, "pid");
	cleanup_free char *text = xasprintf("%d %llu\n", (int)pid, (unsigned long long)p.starttime);
	assert_int_equal(file_write_at(store.dirfd, file, text, strlen(text), 0600, &err), 0);
	store_clear(&store);
	/* The child has the lock too; QEMU would not. */
	cleanup_free char *lock = xasprintf("%s/local/t/d/lock", folder);
	assert_int_equal(unlink(lock), 0);

	const struct vim_ops *ops = vim_ops_for("local");
	const struct vim_target target = {.vim_name = "local", .tenant = "t", .deployment = "d"};
	assert_int_equal(ops->open(&target, NULL, &vim, &err), 0);
	assert_int_equal(ops->list(vim, NULL, 0, &inventory, &err), 0);
	assert_int_equal(inventory.n, 1);
	assert_int_equal(inventory.v[0].state, VIM_STATE_DOWN);
	assert_non_null(strstr(inventory.v[0].fault, "does not answer"));
	const struct vim_object *object = &inventory.v[0];
	assert_int_equal(ops->destroy(vim, &object, 1, NULL, &err), 0);
	assert_false(process_alive(&p));
	cleanup_free char *path = xasprintf("%s/local/t/d", folder);
	assert_int_equal(dir_remove(path, &err), 0);
}

/* MAC and addresses */

static struct record *add(struct records *records, enum vim_kind kind, const char *name,
			  const char *spec)
{
	struct record *r = records_new(records, kind, name);

	json_decref(r->spec);
	r->spec = json_loads(spec, 0, NULL);
	assert_non_null(r->spec);
	return r;
}

struct choice {
	const char *spec; /* of the port, behind {"network": "n" */
	int code;
	const char *result; /* addresses with a space between, or the error */
};

static void test_addresses_are_chosen_as_neutron_does(void **state)
{
	(void)state;
	static const struct choice cases[] = {
		/* .1 is the gateway, .2 has port 0. */
		{"\"type\": \"virtual\"", 0, "10.0.0.3 2001:db8::1"},
		{"\"type\": \"direct\"", 0, ""},
		{"\"type\": \"direct\", \"addresses\": [{\"subnet\": \"s4\"}]", 0, "10.0.0.3"},
		{"\"type\": \"virtual\", \"ip_address\": \"10.0.0.6\"", 0, "10.0.0.6"},
		{"\"type\": \"virtual\", \"ip_address\": \"10.0.0.2\"", -EADDRINUSE,
		 "IP address 10.0.0.2 already allocated in subnet s4, to port p0."},
		{"\"type\": \"virtual\", \"ip_address\": \"10.9.0.2\"", -EINVAL,
		 "IP address 10.9.0.2 is in no subnet of network n."},
		{"\"type\": \"virtual\", \"ip_address\": \"10.0.0.9\", \"subnet\": \"s4\"", -EINVAL,
		 "IP address 10.0.0.9 is not a valid IP for the specified subnet s4."},
		{"\"type\": \"virtual\", \"subnet\": \"s9\"", -ENOENT,
		 "Subnet s9 could not be found."},
		{"\"type\": \"virtual\", \"addresses\": [{\"subnet\": \"s6\", \"ip_address\": "
		 "\"2001:db8::5\"}, {\"subnet\": \"s4\", \"ip_address\": \"10.0.0.5\"}]",
		 0, "2001:db8::5 10.0.0.5"},
		{"\"type\": \"virtual\", \"mac_address\": \"FA:16:3E:00:00:AA\", \"ip_address\": "
		 "\"10.0.0.4\"",
		 -EADDRINUSE, "MAC address fa:16:3e:00:00:aa is in use by port p0."},
		{"\"type\": \"virtual\", \"mac_address\": \"nonsense\"", -EINVAL,
		 "'nonsense' is not a valid MAC address."},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_err struct err err = ERR_INIT;
		cleanup_records struct records records = {0};
		cleanup_strbuf struct strbuf result = {0};
		cleanup_free char *spec = xasprintf("{\"network\": \"n\", %s}", cases[i].spec);
		json_t *a;
		size_t k;
		add(&records, VIM_NETWORK, "n", "{}");
		add(&records, VIM_SUBNET, "s4",
		    "{\"network\": \"n\", \"ip_version\": 4, \"address\": \"10.0.0.0\", "
		    "\"prefix\": 29, \"gateway\": \"10.0.0.1\"}");
		add(&records, VIM_SUBNET, "s6",
		    "{\"network\": \"n\", \"ip_version\": 6, \"address\": \"2001:db8::\", "
		    "\"prefix\": 64, \"gateway\": \"2001:db8::ffff\"}");
		struct record *p0 = add(&records, VIM_PORT, "p0", "{\"network\": \"n\"}");
		json_object_set_new(p0->made, "mac_address", json_string("fa:16:3e:00:00:aa"));
		json_object_set_new(
			p0->made, "addresses",
			json_pack("[{s:s, s:s}]", "subnet", "s4", "ip_address", "10.0.0.2"));
		struct record *port = add(&records, VIM_PORT, "p1", spec);
		int r = port_choose(&records, "t", "d", port, &err);
		json_array_foreach (json_object_get(port->made, "addresses"), k, a)
			strbuf_addf(&result, "%s%s", k ? " " : "", record_string(a, "ip_address"));
		const char *got = r < 0 ? err.text : result.s ? result.s : "";
		if (r != cases[i].code || !streq(got, cases[i].result))
			fail_msg("case %zu: %d, %s", i, r, got);
	}
}

static void test_full_subnet_is_told(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_records struct records records = {0};

	add(&records, VIM_SUBNET, "s",
	    "{\"network\": \"n\", \"ip_version\": 4, \"address\": \"10.0.0.0\", \"prefix\": 30, "
	    "\"gateway\": \"10.0.0.1\"}");
	for (int i = 0; i < 2; i++) {
		cleanup_free char *name = xasprintf("p%d", i);
		struct record *port = add(&records, VIM_PORT, name,
					  "{\"network\": \"n\", \"type\": \"virtual\"}");
		assert_int_equal(port_choose(&records, "t", "d", port, &err), i ? -ENOSPC : 0);
	}
	assert_string_equal(err.text, "No more IP addresses available on network n.");
}

static void test_mac_is_stable_and_its_own(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_records struct records records = {0};
	cleanup_records struct records again = {0};

	for (int i = 0; i < 100; i++) {
		cleanup_free char *name = xasprintf("d_g_0_port_%d", i);
		struct record *port = add(&records, VIM_PORT, name, "{\"type\": \"direct\"}");
		assert_int_equal(port_choose(&records, "t", "d", port, &err), 0);
		assert_true(str_starts(record_string(port->made, "mac_address"), "fa:16:3e:"));
	}
	struct record *port = add(&again, VIM_PORT, "d_g_0_port_7", "{\"type\": \"direct\"}");
	assert_int_equal(port_choose(&again, "t", "d", port, &err), 0);
	assert_string_equal(record_string(port->made, "mac_address"),
			    record_string(records.v[7].made, "mac_address"));
}

/* Requests */

static void test_digest_tells_a_changed_request(void **state)
{
	(void)state;
	struct interface i = {.nicid = 2,
			      .type = PORT_DIRECT,
			      .network = S("n"),
			      .admin_state_up = true,
			      .port_security_enabled = TRI_UNKNOWN};
	struct vim_request a = {.kind = VIM_PORT,
				.name = "p",
				.owner = "o",
				.port = {.network_name = "n", .interface = &i}};
	cleanup_free char *first = vim_request_digest(&a);
	a.owner = "somebody";
	cleanup_free char *same = vim_request_digest(&a);
	i.ip_address = S("10.0.0.1");
	cleanup_free char *changed = vim_request_digest(&a);

	i.admin_state_up = false;
	cleanup_free char *in_place = vim_request_digest(&a);

	assert_int_equal(strlen(first), 33);
	assert_string_equal(first, same);
	assert_int_equal(vim_request_difference(&a, in_place), VIM_SAME);
	assert_int_equal(vim_request_difference(&a, changed), VIM_UPDATE);
	assert_int_equal(vim_request_difference(&a, first), VIM_REPLACE);
	assert_int_equal(vim_request_difference(&a, NULL), VIM_SAME);
	/* What version 0.1 gave to the same three requests. */
	assert_int_equal(vim_request_difference(&a, "fe7686582bd8a239-e119f1fc45ab849a"), VIM_SAME);
	assert_int_equal(vim_request_difference(&a, "fe7686582bd8a239-9b50d8efa0fd56e5"),
			 VIM_UPDATE);
	assert_int_equal(vim_request_difference(&a, "16458c2dacc931fd-9b50d8efa0fd56e5"),
			 VIM_REPLACE);
	assert_int_equal(vim_request_difference(&a, ""), VIM_REPLACE);

	struct vim_request s = {.kind = VIM_SERVER,
				.name = "s",
				.server = {.image_name = "i",
					   .flavor_name = "f",
					   .user_data = "x",
					   .user_data_len = 1}};
	cleanup_free char *x = vim_request_digest(&s);
	s.server.user_data = "y";
	cleanup_free char *y = vim_request_digest(&s);
	assert_string_not_equal(x, y);
	assert_int_equal(vim_request_difference(&s, "bb29bcf22e9e3233-08f44b07b5901a25"),
			 VIM_REPLACE);
	s.server.user_data = "x";
	assert_int_equal(vim_request_difference(&s, "bb29bcf22e9e3233-08f44b07b5901a25"), VIM_SAME);
	assert_int_equal(vim_request_changes(&s, x), 0);
	assert_int_equal(vim_request_changes(&s, y), VIM_CHANGE_USER_DATA);
	s.server.image_name = "j";
	assert_int_equal(vim_request_changes(&s, x), VIM_CHANGE_IMAGE);
	s.server.flavor_name = "g";
	assert_int_equal(vim_request_changes(&s, y),
			 VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA | VIM_CHANGE_FLAVOR);
	s.server.image_name = "i";
	s.server.flavor_name = "f";
	s.server.server_group = "apart";
	assert_int_equal(vim_request_changes(&s, x), VIM_CHANGE_OTHER);
	/* Earlier versions do not tell what differs. */
	assert_int_equal(vim_request_changes(&s, "bb29bcf22e9e3233-08f44b07b5901a25"),
			 VIM_CHANGE_OTHER);
	x[33] = 0;
	assert_int_equal(vim_request_difference(&s, x), VIM_REPLACE);
	assert_int_equal(vim_request_changes(&s, x), VIM_CHANGE_OTHER);
	s.server.server_group = NULL;
	assert_int_equal(vim_request_difference(&s, x), VIM_SAME);

	/* Digests of servers without files are as they were before there were any. */
	struct drive_file files[] = {{S("licence.txt"), S("1"), 1}, {S("zone"), S("1"), 1}};
	cleanup_free char *plain = vim_request_digest(&s);
	s.server.files = files;
	s.server.n_files = 1;
	cleanup_free char *one = vim_request_digest(&s);
	assert_int_equal(strlen(one), strlen(plain) + 17);
	assert_int_equal(vim_request_changes(&s, plain), VIM_CHANGE_FILES);
	assert_int_equal(vim_request_changes(&s, one), 0);
	s.server.n_files = 2;
	assert_int_equal(vim_request_changes(&s, one), VIM_CHANGE_FILES);
	s.server.n_files = 0;
	assert_int_equal(vim_request_changes(&s, one), VIM_CHANGE_FILES);
	s.server.user_data = "y";
	assert_int_equal(vim_request_changes(&s, one), VIM_CHANGE_FILES | VIM_CHANGE_USER_DATA);
	s.server.user_data = "x";

	/* A file's name may be any bytes: it is not left out for that. */
	struct image file = {.src = S("/\xff.qcow2")}, none = {0};
	struct vim_request image = {.kind = VIM_IMAGE, .name = "i", .image = &file};
	cleanup_free char *named = vim_request_digest(&image);
	image.image = &none;
	cleanup_free char *unnamed = vim_request_digest(&image);
	assert_string_not_equal(named, unnamed);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	cleanup_free char *root = xasprintf("%s/local", folder);
	return setenv("DNSVNF_LOCAL_DIR", root, 1);
}

static int teardown(void **state)
{
	(void)state;
	return dir_remove(folder, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_admission_refuses_what_nova_refuses),
		cmocka_unit_test(test_admission_obeys_the_ports_affinity),
		cmocka_unit_test(test_physnets_alternate_over_nodes),
		cmocka_unit_test(test_command_line_is_what_the_image_expects),
		cmocka_unit_test(test_guest_without_numa_has_legs_all_the_same),
		cmocka_unit_test(test_too_many_ports),
		cmocka_unit_test(test_record_survives_and_goes),
		cmocka_unit_test(test_broken_record_is_named),
		cmocka_unit_test(test_lock_tells_who_is_at_work),
		cmocka_unit_test(test_server_that_does_not_answer_is_removed),
		cmocka_unit_test(test_addresses_are_chosen_as_neutron_does),
		cmocka_unit_test(test_full_subnet_is_told),
		cmocka_unit_test(test_mac_is_stable_and_its_own),
		cmocka_unit_test(test_digest_tells_a_changed_request),
	};

	return cmocka_run_group_tests_name("vim_local", tests, setup, teardown);
}
