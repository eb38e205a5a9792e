// SPDX-License-Identifier: Apache-2.0
/*
 * The local VIM's network on a real kernel. Runs as root, in a mount namespace of its own with an
 * empty /run, so that nothing of the host is seen or changed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "deploy/neighbour.h"
#include "model/guest.h"
#include "net/netlink.h"
#include "net/rtnl.h"
#include "vim/local/handle.h"
#include "vim/local/link.h"
#include "vim/local/netns.h"
#include "vim/local/segment.h"
#include "vim/vim.h"

#define NS      "dnsvnf-test-a"
#define GUEST   "dnsvnf-test-guest"
#define S(text) ((char *)(uintptr_t)(text))

#define assert_ok(call)                                      \
	do {                                                 \
		cleanup_err struct err why = ERR_INIT;       \
		int r_ = (call);                             \
		if (r_ < 0)                                  \
			fail_msg("%s: %s", #call, why.text); \
	} while (0)

static int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int delete_all(void **state)
{
	(void)state;
	return netns_delete(NS, NULL) < 0 || netns_delete(GUEST, NULL) < 0 ? -1 : 0;
}

static void test_names(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"t", "d"},   {"a-b", "c"}, {"a", "b-c"},
					       {"a/b", "c"}, {"a_b", "c"}, {"", "c"},
					       {"c", ""},    {"T", "d"}};
	char *names[ARRAY_SIZE(pairs) + 2];
	char longest[301];

	memset(longest, 'x', 300);
	longest[300] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		names[i] = netns_name(pairs[i][0], pairs[i][1]);
	names[ARRAY_SIZE(pairs)] = netns_name(longest, "a");
	names[ARRAY_SIZE(pairs) + 1] = netns_name(longest, "b");
	assert_string_equal(names[0], "dnsvnf-t-d");
	assert_string_equal(names[2], "dnsvnf-a-b-c");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_true(strlen(names[i]) <= 64);
		assert_null(strchr(names[i], '/'));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		free(names[i]);
}

static void test_namespace_of_version_0_1(void **state)
{
	(void)state;
	static const char old[] = "dnsvnf-test-tenant-cpnr-dns~a6f30c7e";
	int ns;

	assert_ok(netns_create(old, &ns, &why));
	close(ns);
	cleanup_free char *found = netns_name("test-tenant", "cpnr-dns");
	assert_string_equal(found, old);
	assert_ok(netns_delete(old, &why));
	cleanup_free char *name = netns_name("test-tenant", "cpnr-dns");
	assert_string_equal(name, "dnsvnf-test-tenant-cpnr-dns~e89f123d");
}

static void test_create_open_delete(void **state)
{
	(void)state;
	cleanup_close int ns = -1, again = -1, opened = -1;
	cleanup_err struct err err = ERR_INIT;
	char **names;
	size_t n;

	assert_false(file_exists("/run/netns"));
	assert_int_equal(netns_open(NS, &opened, &err), -ENOENT);
	assert_ok(netns_create(NS, &ns, &why));
	assert_ok(netns_create(NS, &again, &why));
	assert_ok(netns_open(NS, &opened, &why));

	struct stat a, b;

	assert_int_equal(fstat(ns, &a), 0);
	assert_int_equal(fstat(again, &b), 0);
	assert_true(a.st_ino == b.st_ino);
	/* Made fit: `ip netns exec` works, and this process is where it was. */
	assert_int_equal(run("ip netns exec " NS " ip -o link show lo | grep -q ,UP"), 0);
	assert_int_equal(run("ip netns exec " NS " grep -qx 0 /proc/sys/net/ipv4/ip_forward"), 0);
	assert_int_equal(stat("/proc/self/ns/net", &b), 0);
	assert_true(a.st_ino != b.st_ino);

	assert_ok(netns_list("dnsvnf-", &names, &n, &why));
	assert_int_equal(n, 1);
	assert_string_equal(names[0], NS);
	netns_list_free(names, n);

	assert_ok(netns_delete(NS, &why));
	assert_ok(netns_delete(NS, &why));
	assert_false(file_exists("/run/netns"));
	assert_ok(netns_list("dnsvnf-", &names, &n, &why));
	assert_int_equal(n, 0);
	netns_list_free(names, n);
}

static void test_folder_of_others_stays(void **state)
{
	(void)state;
	int ns;

	assert_int_equal(mkdir("/run/netns", 0755), 0);
	assert_ok(netns_create(NS, &ns, &why));
	close(ns);
	assert_ok(netns_delete(NS, &why));
	assert_int_equal(rmdir("/run/netns"), 0);
}

static void test_ip_netns_add_beside_a_deployment(void **state)
{
	(void)state;
	int fd = -1;

	assert_ok(netns_create(NS, &fd, &why));
	assert_return_code(fd, errno);
	close(fd);
	assert_int_equal(run("ip netns add other"), 0);
	assert_ok(netns_delete(NS, &why));
	assert_false(file_exists("/run/netns/" NS));
	assert_int_equal(run("ip netns exec other true"), 0);
	assert_int_equal(run("ip netns delete other"), 0);

	/* iproute2 keeps the folder; ours takes it along. */
	assert_ok(netns_create(NS, &fd, &why));
	close(fd);
	assert_ok(netns_delete(NS, &why));
	assert_false(file_exists("/run/netns"));
}

static void test_half_made_is_finished_or_deleted(void **state)
{
	(void)state;
	int ns = -1;

	assert_int_equal(mkdir("/run/netns", 0755), 0);
	close(open("/run/netns/" NS, O_CREAT | O_WRONLY | O_CLOEXEC, 0444));
	assert_int_equal(netns_open(NS, &ns, NULL), -ENOENT);
	assert_ok(netns_create(NS, &ns, &why));
	close(ns);
	assert_ok(netns_delete(NS, &why));

	close(open("/run/netns/" NS, O_CREAT | O_WRONLY | O_CLOEXEC, 0444));
	assert_ok(netns_delete(NS, &why));
	assert_int_equal(rmdir("/run/netns"), 0);
}

/* A process that stands in the namespace (-1: in ours), says so, and does not heed SIGTERM. */
static pid_t start_process(int ns, bool stubborn)
{
	int ready[2];
	char c;

	assert_int_equal(pipe(ready), 0);

	pid_t pid = fork();

	if (pid == 0) {
		if (stubborn)
			signal(SIGTERM, SIG_IGN);
		if (ns >= 0 && setns(ns, CLONE_NEWNET) < 0)
			_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void test_delete_ends_who_is_inside_and_nobody_else(void **state)
{
	(void)state;
	cleanup_close int ns = -1, other = -1;
	int status;

	assert_ok(netns_create(NS, &ns, &why));
	assert_ok(netns_create(GUEST, &other, &why));

	pid_t polite = start_process(ns, false);
	pid_t stubborn = start_process(ns, true);
	pid_t neighbour = start_process(other, false);
	pid_t outside = start_process(-1, false);

	assert_ok(netns_delete(NS, &why));
	assert_int_equal(waitpid(polite, &status, WNOHANG), polite);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_int_equal(waitpid(stubborn, &status, WNOHANG), stubborn);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(waitpid(neighbour, &status, WNOHANG), 0);
	assert_int_equal(waitpid(outside, &status, WNOHANG), 0);
	kill(neighbour, SIGKILL);
	kill(outside, SIGKILL);
	waitpid(neighbour, &status, 0);
	waitpid(outside, &status, 0);
}

static int delete_self(void *data, struct err *err)
{
	(void)data;
	return netns_delete(NS, err);
}

static void test_delete_from_inside_is_refused(void **state)
{
	(void)state;
	cleanup_close int ns = -1;
	cleanup_err struct err err = ERR_INIT;

	assert_ok(netns_create(NS, &ns, &why));
	assert_int_equal(netns_run(ns, delete_self, NULL, &err), -EBUSY);
	assert_non_null(strstr(err.text, "run it outside"));
}

static void test_without_root_it_says_what_to_do(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err err = ERR_INIT;
		int ns;

		if (setuid(65534) < 0)
			_exit(1);
		_exit(netns_create(NS, &ns, &err) < 0 && strstr(err.text, "run it with sudo") ? 0
											      : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const struct rtnl_link *find(const struct netdev_list *links, const char *name)
{
	for (size_t i = 0; i < links->n; i++)
		if (streq(links->v[i].name, name))
			return &links->v[i];
	fail_msg("no link %s", name);
	return NULL;
}

static void test_links(void **state)
{
	(void)state;
	cleanup_close int ns = -1;

	assert_ok(netns_create(NS, &ns, &why));
	/* All twice: what is there already is success. */
	for (int i = 0; i < 2; i++) {
		assert_ok(link_bridge_create(ns, "br", "dnsvnf:t/d/network/br", &why));
		assert_ok(link_veth_create(ns, "up-br", "dn-br", "mark", &why));
		assert_ok(link_tap_create(ns, "tap0", "mark of the tap", &why));
		assert_ok(link_set_master(ns, "tap0", "br", &why));
		assert_ok(link_set_up(ns, "tap0", true, &why));
		assert_ok(link_addr_add(ns, "br", "172.16.1.1/24", &why));
		assert_ok(link_addr_add(ns, "br", "2001:db8::1/64", &why));
		assert_ok(link_set_up(ns, "br", true, &why));
	}

	cleanup_netdev_list struct netdev_list links = {0};

	assert_ok(link_list(ns, &links, &why));
	assert_int_equal(links.n, 5);
	assert_string_equal(find(&links, "br")->kind, "bridge");
	assert_string_equal(find(&links, "dn-br")->kind, "veth");
	assert_string_equal(find(&links, "tap0")->kind, "tun");
	assert_int_equal(find(&links, "tap0")->master, find(&links, "br")->index);
	assert_true(find(&links, "tap0")->up);
	assert_int_equal(find(&links, "tap0")->carrier, TRI_NO);
	assert_string_equal(find(&links, "lo")->kind, "");
	/* The kernel took what was asked. */
	assert_int_equal(run("ip -n " NS " link show br | grep -q 'alias dnsvnf:t/d/network/br$'"),
			 0);
	assert_int_equal(run("ip -n " NS " link show dn-br | grep -q 'alias mark$'"), 0);
	assert_int_equal(run("ip -n " NS " -d link show br | grep -q 'forward_delay 0 .*stp_state "
			     "0 .*mcast_snooping 0'"),
			 0);
	assert_int_equal(run("ip -n " NS " addr show br | grep -q 'inet6 2001:db8::1/64 .*nodad'"),
			 0);
	assert_int_equal(run("ip -n " NS " addr show br | grep -q tentative"), 1);
	assert_int_equal(run("ip -n " NS " -d link show tap0 | grep -q 'vnet_hdr on persist on'"),
			 0);
	/* No IPv6 where no IPv6 address was put. */
	assert_int_equal(run("ip -n " NS " -6 addr show tap0 | grep -q inet6"), 1);

	assert_ok(link_set_master(ns, "tap0", NULL, &why));
	assert_ok(link_delete(ns, "up-br", &why));
	assert_ok(link_delete(ns, "dn-br", &why));
	netdev_list_clear(&links);
	assert_ok(link_list(ns, &links, &why));
	assert_int_equal(links.n, 3);
	assert_int_equal(find(&links, "tap0")->master, 0);
}

static void take_len(void *data, const struct nlmsghdr *m)
{
	*(int *)data = rtnl_read_route_len(m);
}

/* Which route the kernel would take: -1 without one. */
static int route_len(struct netlink *nl, const char *address)
{
	char buf[RTNL_REQUEST_MAX] __attribute__((aligned(8)));
	struct ip_addr to;
	int len = -1;

	assert_true(ip_parse(address, &to));
	return netlink_request(nl, rtnl_put_route_to(buf, &to), take_len, &len, NULL) < 0 ? -1
											  : len;
}

static void test_route_to_an_address(void **state)
{
	(void)state;
	cleanup_close int ns = -1;
	cleanup_netlink struct netlink *nl = NULL;

	assert_ok(netns_create(NS, &ns, &why));
	assert_ok(link_bridge_create(ns, "br", "mark", &why));
	assert_ok(link_addr_add(ns, "br", "172.16.1.1/24", &why));
	assert_ok(link_addr_add(ns, "br", "2001:db8::1/64", &why));
	assert_ok(link_set_up(ns, "br", true, &why));
	int fd = netns_socket(ns, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE, NULL);
	assert_true(fd >= 0);
	assert_ok(netlink_open_fd(fd, &nl, &why));
	assert_int_equal(route_len(nl, "10.10.10.10"), -1);
	assert_int_equal(route_len(nl, "172.16.1.7"), 24);
	assert_int_equal(route_len(nl, "2001:db8::7"), 64);
	assert_int_equal(run("ip -n " NS " route add default via 172.16.1.2"), 0);
	assert_int_equal(route_len(nl, "10.10.10.10"), 0);
	assert_int_equal(run("ip -n " NS " route add 10.10.10.0/24 via 172.16.1.2"), 0);
	assert_int_equal(route_len(nl, "10.10.10.10"), 24);
}

static void test_tap_that_is_in_use_is_there(void **state)
{
	(void)state;
	cleanup_close int ns = -1;

	assert_ok(netns_create(NS, &ns, &why));
	assert_ok(link_tap_create(ns, "tap0", NULL, &why));
	assert_ok(link_set_up(ns, "tap0", true, &why));

	/* Someone has it open, as QEMU does: its carrier comes. */
	pid_t holder = fork();

	if (holder == 0) {
		execlp("ip", "ip", "netns", "exec", NS, "python3", "-c",
		       "import fcntl,struct,time\n"
		       "f=open('/dev/net/tun','r+b',buffering=0)\n"
		       "fcntl.ioctl(f,0x400454ca,struct.pack('16sH22x',b'tap0',0x5002))\n"
		       "time.sleep(60)\n",
		       NULL);
		_exit(127);
	}

	bool carrier = false;

	for (int i = 0; i < 100 && !carrier; i++) {
		cleanup_netdev_list struct netdev_list links = {0};

		assert_ok(link_list(ns, &links, &why));
		carrier = find(&links, "tap0")->carrier == TRI_YES;
		usleep(50000);
	}
	assert_true(carrier);
	assert_ok(link_tap_create(ns, "tap0", "again", &why));
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
}

static void test_link_refusals(void **state)
{
	(void)state;
	cleanup_close int ns = -1;
	char alias[300];
	static const struct {
		const char *address, *text;
	} rows[] = {
		{"172.16.1.1", "'172.16.1.1' must be an address with a prefix length"},
		{"172.16.1.1/33", "'172.16.1.1/33' must be an address with a prefix length"},
		{"172.16.1/24", "'172.16.1/24' must be an address with a prefix length"},
		{"2001:db8::1/x", "'2001:db8::1/x' must be an address with a prefix length"},
	};
	cleanup_err struct err err = ERR_INIT;

	memset(alias, 'a', sizeof(alias) - 1);
	alias[sizeof(alias) - 1] = 0;
	assert_int_equal(netns_create(NS, &ns, &err), 0);
	assert_int_equal(link_bridge_create(ns, "br", NULL, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(link_addr_add(ns, "br", rows[i].address, &err), -EINVAL);
		assert_string_equal(err.text, rows[i].text);
	}
	assert_int_equal(link_tap_create(ns, "br", NULL, &err), -EEXIST);
	assert_string_equal(err.text, "link \"br\" must be a tun but is a bridge: delete it");
	assert_int_equal(link_veth_create(ns, "br", "x", NULL, &err), -EEXIST);
	assert_int_equal(link_bridge_create(ns, "sixteen-letters1", NULL, &err), -EINVAL);
	assert_int_equal(link_bridge_create(ns, "b2", alias, &err), -ENAMETOOLONG);
	assert_int_equal(link_set_up(ns, "none", true, &err), -ENODEV);
	assert_non_null(strstr(err.text, "cannot set link none up: "));
	assert_int_equal(link_set_master(ns, "br", "br", &err), -ELOOP);
	/* The kernel's own explanation comes with the number. */
	assert_string_equal(err.text,
			    "cannot add br to bridge br: the kernel refused (Can not enslave a "
			    "bridge to a bridge): Too many levels of symbolic links");
}

static struct subnet subnets[] = {
	{.name = S("s4"), .ip_version = 4, .address = S("172.16.1.0"), .prefix = 24},
	{.name = S("s6"), .ip_version = 6, .address = S("2001:db8:1::"), .prefix = 64},
};

static struct network leg_networks[] = {
	{.name = S("mgmt")},
	{.name = S("leg0"),
	 .provider_network_type = S("vlan"),
	 .provider_physical_network = S("sriov0"),
	 .provider_segmentation_id = 101,
	 .subnets = subnets,
	 .n_subnets = 2},
	{.name = S("leg1"),
	 .provider_network_type = S("vlan"),
	 .provider_physical_network = S("sriov1"),
	 .provider_segmentation_id = 101,
	 .subnets = subnets,
	 .n_subnets = 2},
};

#define SOON   50 /* tries: the kernel may take a second or two to see a carrier come */
#define BROKEN 15

/* Does one of some datagrams from the guest, 0.1 s apart, reach the namespace's own address? */
static bool passes(int guest, int ns, int domain, const char *address, int tries)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to = {0};
	socklen_t len = domain == AF_INET ? sizeof(to.in) : sizeof(to.in6);
	cleanup_close int server = netns_socket(ns, domain, SOCK_DGRAM, 0, NULL);
	cleanup_close int client = netns_socket(guest, domain, SOCK_DGRAM, 0, NULL);

	to.sa.sa_family = (sa_family_t)domain;
	to.in.sin_port = htons(5353); /* at the same place in both */
	inet_pton(domain, address, domain == AF_INET ? (void *)&to.in.sin_addr : &to.in6.sin6_addr);
	assert_int_equal(bind(server, &to.sa, len), 0);

	struct pollfd p = {.fd = server, .events = POLLIN};

	for (int i = 0; i < tries; i++) {
		(void)sendto(client, "x", 1, 0, &to.sa, len);
		if (poll(&p, 1, 100) == 1)
			return true;
	}
	return false;
}

/* A process that blackholes an uplink until it is killed. */
static pid_t start_blackhole(int ns)
{
	int ready[2];
	char c = 0;

	assert_int_equal(pipe(ready), 0);

	pid_t pid = fork();

	if (pid == 0) {
		struct netlink *blackhole;

		if (blackhole_veth(ns, "up-sriov1.101", "dn-sriov1.101", &blackhole, NULL) < 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void test_segments_carry_and_break(void **state)
{
	(void)state;
	const struct network *all[] = {&leg_networks[0], &leg_networks[1], &leg_networks[2]};
	cleanup_segments struct segments s = {0};
	cleanup_close int ns = -1, guest = -1;

	assert_ok(segment_plan(all, 3, &s, &why));
	assert_ok(netns_create(NS, &ns, &why));
	assert_ok(netns_create(GUEST, &guest, &why));
	for (int i = 0; i < 2; i++)
		assert_ok(segment_apply(ns, &s, "dnsvnf:t/d/network", &why));

	/* A guest with one leg in each fabric. */
	assert_ok(link_veth_create(ns, "tap0", "ens6", NULL, &why));
	assert_ok(link_set_master(ns, "tap0", segment_bridge(&s, "leg1"), &why));
	assert_ok(link_set_up(ns, "tap0", true, &why));
	assert_int_equal(run("ip -n " NS " link set ens6 netns " GUEST), 0);
	assert_ok(link_addr_add(guest, "ens6", "172.16.1.50/24", &why));
	assert_ok(link_addr_add(guest, "ens6", "2001:db8:1::50/64", &why));
	assert_ok(link_set_up(guest, "ens6", true, &why));
	assert_true(passes(guest, ns, AF_INET, "172.16.1.1", SOON));
	assert_true(passes(guest, ns, AF_INET6, "2001:db8:1::1", SOON));

	/* The path breaks, the carrier stays. */
	cleanup_netdev_list struct netdev_list links = {0};

	assert_ok(link_set_up(ns, "up-sriov1.101", false, &why));
	assert_false(passes(guest, ns, AF_INET, "172.16.1.1", BROKEN));
	assert_ok(link_list(guest, &links, &why));
	assert_int_equal(find(&links, "ens6")->carrier, TRI_YES);
	assert_ok(link_set_up(ns, "up-sriov1.101", true, &why));
	assert_true(passes(guest, ns, AF_INET, "172.16.1.1", SOON));

	/* So too a blackhole, which is for one at a time and ends with its maker, killed or not. */
	cleanup_netlink struct netlink *blackhole = NULL, *second = NULL;
	cleanup_err struct err err = ERR_INIT;

	pid_t maker = start_blackhole(ns);
	assert_false(passes(guest, ns, AF_INET, "172.16.1.1", BROKEN));
	netdev_list_clear(&links);
	assert_ok(link_list(ns, &links, &why));
	assert_true(find(&links, "up-sriov1.101")->carrier == TRI_YES &&
		    find(&links, "dn-sriov1.101")->carrier == TRI_YES);
	int r = blackhole_veth(ns, "up-sriov0.101", "dn-sriov0.101", &second, &err);
	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	assert_true(r < 0);
	assert_true(passes(guest, ns, AF_INET, "172.16.1.1", SOON));
	assert_ok(blackhole_veth(ns, "up-sriov1.101", "dn-sriov1.101", &blackhole, &why));
	assert_false(passes(guest, ns, AF_INET6, "2001:db8:1::1", BROKEN));
	netlink_close(steal_ptr(blackhole));
	assert_true(passes(guest, ns, AF_INET6, "2001:db8:1::1", SOON));
	err_clear(&err);
	assert_int_equal(blackhole_veth(ns, "up-none", "dn-none", &second, &err), -ENODEV);
	assert_non_null(strstr(
		err.text,
		"cannot drop what passes between up-none and dn-none: link up-none not found"));

	/* One network goes, the other's links stay. */
	cleanup_segments struct segments fewer = {0};
	const struct network *left[] = {&leg_networks[0], &leg_networks[2]};

	assert_ok(segment_plan(left, 2, &fewer, &why));
	assert_ok(link_delete(ns, "tap0", &why)); /* no tap here, but one more veth pair */
	assert_ok(segment_prune(ns, &fewer, &why));
	netdev_list_clear(&links);
	assert_ok(link_list(ns, &links, &why));
	assert_int_equal(links.n, 1 + 3 + 2); /* lo, mgmt, fabric, vlan101, the uplink */
	assert_int_equal(find(&links, "up-sriov1.101")->master, find(&links, "sriov1.101")->index);
	assert_int_equal(find(&links, "dn-sriov1.101")->master, find(&links, "vlan101")->index);

	/* An address goes, the others stay; once more is no error. */
	for (int i = 0; i < 2; i++)
		assert_ok(link_addr_delete(ns, "vlan101", "2001:db8:1::1/64", &why));
	assert_int_not_equal(
		run("ip -n " NS " address show dev vlan101 | grep -q 2001:db8:1::1/64"), 0);
	assert_int_equal(run("ip -n " NS " address show dev vlan101 | grep -q 172.16.1.1/24"), 0);
	assert_ok(segment_prune(ns, NULL, &why));
	netdev_list_clear(&links);
	assert_ok(link_list(ns, &links, &why));
	assert_int_equal(links.n, 1);
}

/* Of another state folder, or of somebody else: the same name is no reason to touch it. */
static void test_only_a_recorded_namespace_is_deleted_or_used(void **state)
{
	(void)state;
	char root[] = "/run/store-XXXXXX";
	const struct vim_target target = {.vim_name = "local", .tenant = "test", .deployment = "a"};
	cleanup_err struct err err = ERR_INIT;
	cleanup_close int ns = -1;
	int status;

	assert_non_null(mkdtemp(root));
	setenv("DNSVNF_LOCAL_DIR", root, 1);
	cleanup_free char *name = netns_name("test", "a");
	assert_string_equal(name, NS);
	assert_ok(netns_create(NS, &ns, &why));
	pid_t inside = start_process(ns, false);
	cleanup_vim struct vim *vim = NULL;
	assert_ok(vim_local.open(&target, NULL, &vim, &why));
	assert_ok(vim->ops->release(vim, &why));
	assert_int_equal(waitpid(inside, &status, WNOHANG), 0);
	assert_true(file_exists("/run/netns/" NS));

	struct vim_deployment *v = NULL;
	size_t n = 0;
	assert_ok(vim->ops->deployments(vim, &v, &n, &why));
	assert_int_equal(n, 0);
	struct local *local = (struct local *)vim;
	assert_ok(store_lock(&local->store, &why));
	assert_int_equal(local_netns(local, true, &err), -EEXIST);
	assert_int_equal(local_netns(local, false, NULL), -ENOENT);

	assert_ok(store_add_netns(&local->store, NS, &why));
	assert_ok(vim->ops->deployments(vim, &v, &n, &why));
	assert_int_equal(n, 1);
	vim_deployments_free(v, n);
	assert_ok(vim->ops->release(vim, &why));
	assert_int_equal(waitpid(inside, &status, 0), inside);
	assert_false(file_exists("/run/netns/" NS));
	assert_false(file_exists(root));
}

static int here;

static int socket_here(struct vim *vim, int domain, int type, int protocol, struct err *err)
{
	(void)vim;
	return netns_socket(here, domain, type, protocol, err);
}

static const struct vim_ops ops_here = {.socket = socket_here};

/* The guest's leg, behind a link of the VIM. */
static void add_leg(int ns, const struct segments *s, const char *network, const char *tap,
		    const char *leg, const char *mac)
{
	cleanup_free char *enter = xasprintf("ip -n " NS " link set %s address %s netns " GUEST
					     " && ip -n " GUEST " link set %s up",
					     leg, mac, leg);

	assert_ok(link_veth_create(ns, tap, leg, NULL, &why));
	assert_ok(link_set_master(ns, tap, segment_bridge(s, network), &why));
	assert_ok(link_set_up(ns, tap, true, &why));
	assert_int_equal(run(enter), 0);
}

/* The guest's address goes to that leg, which sends. */
static void move_to(int guest, int ns, const char *from, const char *to)
{
	assert_ok(link_addr_delete(guest, from, "172.16.1.50/24", &why));
	assert_ok(link_addr_add(guest, to, "172.16.1.50/24", &why));
	assert_int_equal(run("ip -n " NS " neigh flush all; ip -n " GUEST " neigh flush all"), 0);
	assert_true(passes(guest, ns, AF_INET, "172.16.1.1", SOON));
}

#define MAC0 "52:54:00:00:00:10"
#define MAC1 "52:54:00:00:00:11"

static void test_which_port_answers(void **state)
{
	(void)state;
	struct vim vim = {.ops = &ops_here};
	struct vim_port_info ports[] = {
		{.name = S("port0"), .mac_address = S(MAC0), .host_device = S("tap0")},
		{.name = S("port1"), .mac_address = S(MAC1), .host_device = S("tap1")}};
	const struct vim_server_info server = {.name = S("vm"), .ports = ports, .n_ports = 2};
	const struct bond own = {.fail_over_mac = FAIL_OVER_MAC_ACTIVE},
			  shared = {.fail_over_mac = FAIL_OVER_MAC_NONE};
	const struct network *all[] = {&leg_networks[1], &leg_networks[2]};
	cleanup_segments struct segments s = {0};
	cleanup_err struct err err = ERR_INIT;
	cleanup_close int ns = -1, guest = -1;
	struct neighbour n;

	assert_ok(segment_plan(all, 2, &s, &why));
	assert_ok(netns_create(NS, &ns, &why));
	assert_ok(netns_create(GUEST, &guest, &why));
	assert_ok(segment_apply(ns, &s, "dnsvnf:t/d/network", &why));
	here = ns;
	add_leg(ns, &s, "leg0", "tap0", "ens6", MAC0);
	add_leg(ns, &s, "leg1", "tap1", "ens7", MAC1);
	assert_ok(link_addr_add(guest, "ens6", "172.16.1.50/24", &why));
	assert_ok(link_addr_add(guest, "ens6", "2001:db8:1::50/64", &why));
	assert_true(passes(guest, ns, AF_INET, "172.16.1.1", SOON));
	assert_true(passes(guest, ns, AF_INET6, "2001:db8:1::1", SOON));

	assert_ok(neighbour_find(&vim, &server, &own, "172.16.1.50", 1000, &n, &why));
	assert_true(n.port == &ports[0] && !n.forwarded);
	assert_string_equal(n.mac, MAC0);
	assert_ok(neighbour_find(&vim, &server, &own, "2001:db8:1::50", 1000, &n, &why));
	assert_true(n.port == &ports[0]);
	move_to(guest, ns, "ens6", "ens7");
	assert_ok(neighbour_find(&vim, &server, &own, "172.16.1.50", 1000, &n, &why));
	assert_true(n.port == &ports[1]);

	/* With one MAC on both legs, that of the first port, only the bridges know. */
	assert_int_equal(run("ip -n " GUEST " link set ens7 address " MAC0), 0);
	move_to(guest, ns, "ens7", "ens7");
	assert_ok(neighbour_find(&vim, &server, &shared, "172.16.1.50", 1000, &n, &why));
	assert_true(n.port == &ports[1] && n.forwarded);
	ports[0].host_device = ports[1].host_device = NULL;
	assert_ok(neighbour_find(&vim, &server, &shared, "172.16.1.50", 1000, &n, &why));
	assert_null(n.port);
	assert_string_equal(n.mac, MAC0);

	ports[0].mac_address = NULL;
	assert_int_equal(neighbour_find(&vim, &server, &own, "172.16.1.50", 1000, &n, &err),
			 -ENODEV);
	err_clear(&err);
	assert_int_equal(neighbour_find(&vim, &server, &own, "172.16.1.77", 100, &n, &err),
			 -ETIMEDOUT);
	err_clear(&err);
	assert_int_equal(neighbour_find(&vim, &server, &own, "203.0.113.1", 100, &n, &err),
			 -ENONET);
}

static void private_run(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0) {
		perror("cannot make a private /run");
		exit(1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_namespace_of_version_0_1),
		cmocka_unit_test_teardown(test_create_open_delete, delete_all),
		cmocka_unit_test_teardown(test_folder_of_others_stays, delete_all),
		cmocka_unit_test_teardown(test_ip_netns_add_beside_a_deployment, delete_all),
		cmocka_unit_test_teardown(test_half_made_is_finished_or_deleted, delete_all),
		cmocka_unit_test_teardown(test_delete_ends_who_is_inside_and_nobody_else,
					  delete_all),
		cmocka_unit_test_teardown(test_delete_from_inside_is_refused, delete_all),
		cmocka_unit_test_teardown(test_without_root_it_says_what_to_do, delete_all),
		cmocka_unit_test_teardown(test_links, delete_all),
		cmocka_unit_test_teardown(test_route_to_an_address, delete_all),
		cmocka_unit_test_teardown(test_tap_that_is_in_use_is_there, delete_all),
		cmocka_unit_test_teardown(test_link_refusals, delete_all),
		cmocka_unit_test_teardown(test_segments_carry_and_break, delete_all),
		cmocka_unit_test_teardown(test_only_a_recorded_namespace_is_deleted_or_used,
					  delete_all),
		cmocka_unit_test_teardown(test_which_port_answers, delete_all),
	};

	if (geteuid() != 0) {
		fputs("FAILED: it makes network namespaces: run it as root (sudo)\n", stderr);
		return 1;
	}
	private_run();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
