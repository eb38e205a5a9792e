// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/listen.h"
#include "bondd/server.h"
#include "bondd/status.h"
#include "deploy/guest.h"
#include "net/status_json.h"
#include "plain_vim.h"

#define TREES "tests/unit/data/bondd/"

static void test_active_backup(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s;

	assert_int_equal(0, status_read(TREES "active-backup", &s, NULL));
	assert_string_equal(s.hostname, "vnf-0");
	assert_int_equal(s.uptime, 81);
	assert_string_equal(s.cloud_init.status, "done");
	assert_int_equal(s.cloud_init.errors.n, 0);
	assert_int_equal(s.n_interfaces, 4); /* without lo */
	assert_int_equal(s.n_bonds, 1);

	const struct guest_bond *b = guest_status_bond(&s, "bond0");
	assert_non_null(b);
	assert_string_equal(b->mode, "active-backup");
	assert_string_equal(b->fail_over_mac, "active");
	assert_int_equal(b->miimon, 100);
	assert_int_equal(b->arp_interval, 0);
	assert_string_equal(b->primary, "ens6");
	assert_string_equal(b->primary_reselect, "always");
	assert_string_equal(b->active_leg, "ens6");
	assert_string_equal(b->mii_status, "up");
	assert_int_equal(b->n_legs, 2);
	assert_non_null(strstr(b->proc, "Slave queue ID: 0"));

	const struct guest_leg *l = guest_bond_leg(b, "ens7");
	assert_non_null(l);
	assert_string_equal(l->mac, "52:54:00:aa:00:02");
	assert_string_equal(l->permanent_mac, "52:54:00:aa:00:02");
	assert_int_equal(l->carrier, TRI_YES);
	assert_string_equal(l->mii_status, "up");
	assert_int_equal(l->speed, 1000);
	assert_int_equal(l->link_failures, 0);
	assert_int_equal(l->numa_node, 1);
	assert_string_equal(l->driver, "igb");
	assert_string_equal(l->pci_address, "0000:61:00.0");

	const struct guest_interface *i = guest_status_interface(&s, "bond0");
	assert_non_null(i);
	assert_string_equal(i->gateway4, "172.16.1.1"); /* metric 200, not 300 */
	assert_string_equal(i->gateway6, "2001:db8:1::1");
	assert_null(i->bond);
	assert_null(i->driver);
	i = guest_status_interface(&s, "ens6");
	assert_string_equal(i->bond, "bond0");
	assert_string_equal(i->operstate, "up");
	i = guest_status_interface(&s, "eth0");
	assert_string_equal(i->gateway4, "192.168.0.1");
	assert_null(i->gateway6);
}

static void test_virtio(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s;

	assert_int_equal(0, status_read(TREES "virtio", &s, NULL));
	const struct guest_bond *b = guest_status_bond(&s, "bond0");
	assert_non_null(b);
	assert_string_equal(b->fail_over_mac, "none");
	assert_int_equal(b->miimon, 0);
	assert_int_equal(b->arp_interval, 200);
	assert_int_equal(b->arp_ip_targets.n, 2);
	assert_string_equal(b->arp_ip_targets.v[1], "172.16.1.2");
	assert_null(b->primary);
	assert_null(b->primary_reselect);

	const struct guest_leg *l = guest_bond_leg(b, "ens7");
	assert_non_null(l);
	assert_int_equal(l->carrier, TRI_UNKNOWN); /* cannot be read: the interface is down */
	assert_string_equal(l->mii_status, "going back");
	assert_int_equal(l->speed, -1);
	assert_int_equal(l->numa_node, 1); /* of the PCI function, one folder up */
	assert_string_equal(l->pci_address, "0000:61:00.0");
	assert_string_equal(l->driver, "virtio_net");
	assert_int_equal(guest_bond_leg(b, "ens6")->numa_node, 0);
	/* The bond set its MAC on the leg; the permanent one is still told. */
	assert_string_equal(guest_bond_leg(b, "ens6")->mac, "52:54:00:aa:00:02");
	assert_string_equal(guest_bond_leg(b, "ens6")->permanent_mac, "52:54:00:aa:00:01");

	assert_string_equal(s.cloud_init.status, "error");
	assert_int_equal(s.cloud_init.errors.n, 1);
	assert_true(str_starts(s.cloud_init.errors.v[0], "modules-final: (\"scripts_user\""));
}

static void test_8023ad(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s;

	assert_int_equal(0, status_read(TREES "8023ad", &s, NULL));
	const struct guest_bond *b = guest_status_bond(&s, "bond1");
	assert_non_null(b);
	assert_string_equal(b->mode, "802.3ad");
	assert_null(b->active_leg);
	assert_string_equal(b->mii_status, "up"); /* the bond's, not the leg's */
	assert_int_equal(b->n_legs, 1);
	assert_string_equal(b->legs[0].permanent_mac, "52:54:00:aa:00:01");
	assert_string_equal(b->legs[0].mii_status, "down");
	assert_null(b->legs[0].mac); /* the tree has no such interface */
	assert_int_equal(b->legs[0].numa_node, -1);
	assert_string_equal(s.cloud_init.status, "running");
}

static void test_half_written(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s;

	assert_int_equal(0, status_read(TREES "half-written", &s, NULL));
	assert_int_equal(s.uptime, -1);
	assert_int_equal(s.n_bonds, 3);
	assert_string_equal(s.bonds[0].mode, "fault-tolerance (active-ba");
	assert_null(s.bonds[0].fail_over_mac);
	assert_int_equal(s.bonds[0].miimon, -1);
	assert_int_equal(s.bonds[0].arp_interval, -1);
	assert_int_equal(s.bonds[1].n_legs, 1);
	assert_null(s.bonds[2].mode);
	assert_string_equal(s.bonds[2].proc, "");
	assert_string_equal(s.cloud_init.status, "not started");
}

static void test_no_bond(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s;

	assert_int_equal(0, status_read(TREES "no-bond", &s, NULL));
	assert_int_equal(s.n_bonds, 0);
	assert_int_equal(s.n_interfaces, 1);
	assert_null(s.cloud_init.status);
	assert_int_equal(s.interfaces[0].numa_node, -1);
	assert_string_equal(s.interfaces[0].pci_address, "0000:00:08.0");

	cleanup_free char *table = status_table(&s);
	assert_string_equal(table, "no bond\n");
}

static void test_nothing_there(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s;

	assert_int_equal(0, status_read("/nonexistent", &s, NULL));
	assert_null(s.hostname);
	assert_int_equal(s.n_bonds + s.n_interfaces, 0);
}

static void test_this_machine(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s;
	char hostname[256];

	assert_int_equal(gethostname(hostname, sizeof(hostname)), 0);
	assert_int_equal(0, status_read("", &s, NULL));
	assert_string_equal(s.hostname, hostname);
	assert_true(s.uptime > 0);
	assert_null(guest_status_interface(&s, "lo"));
}

static void test_parser(void **state)
{
	(void)state;
	static const struct {
		const char *words, *mode;
	} modes[] = {
		{"load balancing (round-robin)", "balance-rr"},
		{"load balancing (xor)", "balance-xor"},
		{"fault-tolerance (broadcast)", "broadcast"},
		{"transmit load balancing", "balance-tlb"},
		{"adaptive load balancing", "balance-alb"},
		{"something new (x) (fail_over_mac follow)", "something new (x)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		cleanup_free char *text = xasprintf("Bonding Mode: %s\n", modes[i].words);
		struct guest_bond b;
		bonding_parse(text, strlen(text), &b);
		assert_string_equal(b.mode, modes[i].mode);
		guest_bond_clear(&b);
	}

	static const char follow[] =
		"Bonding Mode: fault-tolerance (active-backup) (fail_over_mac follow)\n"
		"Primary Slave: ens6 (primary_reselect failure)\n"
		"Currently Active Slave: None\nMII Status: down\n"
		"MII Polling Interval (ms): 99999999999999999999\n"
		"Slave Interface: ens6\nSpeed: 100000 Mbps\nLink Failure Count: -4\n";
	struct guest_bond b;
	bonding_parse(follow, strlen(follow), &b);
	assert_string_equal(b.fail_over_mac, "follow");
	assert_string_equal(b.primary_reselect, "failure");
	assert_null(b.active_leg);
	assert_int_equal(b.miimon, -1);
	assert_int_equal(b.legs[0].speed, 100000);
	assert_int_equal(b.legs[0].link_failures, -1);
	guest_bond_clear(&b);

	/* More legs than there can be. */
	cleanup_strbuf struct strbuf many = {0};
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&many, "Slave Interface: e%d\n", i);
	bonding_parse(many.s, many.len, &b);
	assert_int_equal(b.n_legs, 64);
	guest_bond_clear(&b);
}

static void test_json_round_trip(void **state)
{
	(void)state;
	static const char *const trees[] = {TREES "active-backup", TREES "virtio", TREES "8023ad",
					    TREES "half-written", TREES "no-bond"};

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		cleanup_guest_status struct guest_status s, back;
		assert_int_equal(0, status_read(trees[i], &s, NULL));
		cleanup_free char *json = guest_status_json(&s, NULL);
		assert_int_equal(guest_status_parse(json, strlen(json), &back, NULL), 0);
		cleanup_free char *again = guest_status_json(&back, NULL);
		assert_string_equal(json, again);
	}
}

static void test_json_of_strange_bytes(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s = {.hostname = xstrdup("a\xff\"b\n"),
						      .uptime = -1};
	cleanup_free char *json = guest_status_json(&s, NULL);
	cleanup_guest_status struct guest_status back;

	assert_non_null(strstr(json, "\"hostname\": \"a?\\\"b\\n\""));
	assert_int_equal(guest_status_parse(json, strlen(json), &back, NULL), 0);
	assert_string_equal(back.hostname, "a?\"b?");
}

static void test_table(void **state)
{
	(void)state;
	cleanup_guest_status struct guest_status s;

	assert_int_equal(0, status_read(TREES "active-backup", &s, NULL));
	cleanup_free char *table = status_table(&s);
	assert_non_null(strstr(table, "bond0: active-backup, up, miimon 100 ms, "
				      "fail_over_mac active, primary ens6 (always)\n"));
	assert_non_null(strstr(table, "  ens6            active  up       -        up         0 "));
	assert_non_null(strstr(table, "cloud-init: done\n"));
}

static void assert_listen(const char *text, const char *host, const char *port)
{
	struct listen listen;
	char got_host[64], got_port[8];

	assert_int_equal(listen_parse(text, &listen, NULL), 0);
	assert_int_equal(getnameinfo((struct sockaddr *)&listen.address, listen.len, got_host,
				     sizeof(got_host), got_port, sizeof(got_port),
				     NI_NUMERICHOST | NI_NUMERICSERV),
			 0);
	assert_string_equal(got_host, host);
	assert_string_equal(got_port, port);
}

static void test_listen_parse(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",       ":80",         "host",        "127.0.0.1:", "[::1",
		"[::1]x", "127.0.0.1:x", "127.0.0.1:0", "[]:1",       "1.2.3.4:65536"};

	assert_listen("172.16.1.10", "172.16.1.10", "9780");
	assert_listen("172.16.1.10:80", "172.16.1.10", "80");
	assert_listen("2001:db8::1", "2001:db8::1", "9780");
	assert_listen("[2001:db8::1]", "2001:db8::1", "9780");
	assert_listen("[2001:db8::1]:81", "2001:db8::1", "81");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_err struct err err = ERR_INIT;
		struct listen listen;
		assert_int_equal(listen_parse(wrong[i], &listen, &err), -EINVAL);
		assert_non_null(err.text);
	}
}

static void test_address_to_come(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	struct listen listen;

	assert_int_equal(listen_parse("198.51.100.77:9780", &listen, &err), 0);
	cleanup_close int fd = listen_open(&listen, &err);
	assert_true(fd >= 0);
	assert_int_equal(listen_open(&listen, &err), -EADDRINUSE);
	assert_string_equal(err.text, "cannot listen on 198.51.100.77 port 9780: "
				      "Address already in use");
}

struct server {
	pid_t pid;
	unsigned port;
};

static struct server start_server(void)
{
	struct listen listen;
	struct sockaddr_in bound = {0};
	socklen_t len = sizeof(bound);

	assert_int_equal(listen_parse("127.0.0.1", &listen, NULL), 0);
	((struct sockaddr_in *)(void *)&listen.address)->sin_port = 0;
	int fd = listen_open(&listen, NULL);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &len), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* when a test fails */
		server_run(fd, TREES "active-backup", NULL);
		_exit(1);
	}
	close(fd);
	return (struct server){pid, ntohs(bound.sin_port)};
}

static void stop_server(const struct server *s)
{
	int status;

	kill(s->pid, SIGTERM);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* A connection from 127.0.0.HOST. */
static int connect_from(unsigned host, unsigned port)
{
	struct sockaddr_in from = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(0x7f000000 | host)};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10},
		   sizeof(struct timeval));
	return fd;
}

/* Sends request, reads until the server closes. */
static char *talk(unsigned port, const char *request)
{
	cleanup_close int fd = connect_from(1, port);
	struct strbuf answer = {0};
	char part[4096];
	ssize_t n;

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while ((n = recv(fd, part, sizeof(part), 0)) > 0)
		strbuf_add(&answer, part, (size_t)n);
	return strbuf_steal(&answer);
}

static void test_http(void **state)
{
	(void)state;
	struct server server = start_server();
	cleanup_err struct err err = ERR_INIT;
	cleanup_guest_status struct guest_status s = {0};

	assert_int_equal(guest_status(&plain_vim, "127.0.0.1", server.port, 5000, &s, &err), 0);
	assert_string_equal(s.bonds[0].legs[1].pci_address, "0000:61:00.0");
	assert_string_equal(s.bonds[0].legs[1].name, "ens7");

	static const struct {
		const char *request, *answer;
	} cases[] = {
		{"GET /status HTTP/1.0\r\n\r\n", "200 OK"},
		{"GET /status?x=1 HTTP/1.0\r\n\r\n", "200 OK"},
		{"GET / HTTP/1.0\r\n\r\n", "404 Not Found"},
		{"GET /status/../x HTTP/1.0\r\n\r\n", "404 Not Found"},
		{"HEAD /status HTTP/1.0\r\n\r\n", "405 Method Not Allowed"},
		{"POST /status HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", "405 Method Not Allowed"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *answer = talk(server.port, cases[i].request);
		cleanup_free char *line = xstrndup(answer, strcspn(answer, "\r"));
		if (!strstr(line, cases[i].answer))
			fail_msg("%s: got '%s'", cases[i].request, line);
	}

	/* What is no request, or too big a one, is refused; the next one is still answered. */
	cleanup_strbuf struct strbuf big = {0};
	strbuf_adds(&big, "GET /status HTTP/1.0\r\nX: ");
	for (int i = 0; i < 2000; i++)
		strbuf_adds(&big, "0123456789");
	strbuf_adds(&big, "\r\n\r\n");
	cleanup_free char *too_big = talk(server.port, big.s);
	assert_null(strstr(too_big, "200 OK"));
	cleanup_free char *rubbish = talk(server.port, "rubbish\r\n\r\n");
	assert_null(strstr(rubbish, "200 OK"));
	cleanup_free char *after = talk(server.port, "GET /status HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(after, "Content-Type: application/json"));
	stop_server(&server);
}

static void test_one_client_does_not_keep_out_others(void **state)
{
	(void)state;
	struct server server = start_server();
	int slow[20];

	for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
		slow[i] = connect_from(2, server.port);
		send(slow[i], "GET", 3, MSG_NOSIGNAL); /* the server may have turned it away */
	}
	int64_t start = clock_now();
	cleanup_free char *answer = talk(server.port, "GET /status HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(answer, "200 OK"));
	assert_true(clock_ms_since(start) <
		    4000); /* before the first of them runs into its limit */
	for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
		close(slow[i]);
	stop_server(&server);
}

/* Clients that send a byte now and then, from more addresses than there are connections. */
static void test_slow_clients_do_not_keep_out_others(void **state)
{
	(void)state;
	struct server server = start_server();
	int slow[40];

	for (unsigned i = 0; i < ARRAY_SIZE(slow); i++)
		slow[i] = connect_from(2 + i, server.port);
	int64_t start = clock_now();
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
			send(slow[i], "G", 1, MSG_NOSIGNAL);
		cleanup_free char *answer = talk(server.port, "GET /status HTTP/1.0\r\n\r\n");
		assert_non_null(strstr(answer, "200 OK"));
	}
	assert_true(clock_ms_since(start) < 4000);
	for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
		close(slow[i]);

	/* One that is never silent ends all the same. */
	int fd = connect_from(2, server.port);
	char byte;
	for (start = clock_now(); clock_ms_since(start) < 20000;) {
		struct pollfd p = {fd, POLLIN, 0};
		if (poll(&p, 1, 200) > 0 && recv(fd, &byte, 1, 0) <= 0)
			break;
		send(fd, "G", 1, MSG_NOSIGNAL);
	}
	assert_true(clock_ms_since(start) < 15000);
	close(fd);
	stop_server(&server);
}

static void test_names_of_others_are_not_served(void **state)
{
	(void)state;
	struct server server = start_server();
	char own[256] = "";
	static const char *const served[] = {"127.0.0.1", "172.16.1.10:9780", "[2001:db8::1]:9780",
					     "[::1]", "LocalHost:9780"};
	static const char *const refused[] = {
		"evil.example", "evil.example:9780", "localhost.evil", "127.0.0.1.evil", "",
		"2001:db8::1"};

	for (size_t i = 0; i < ARRAY_SIZE(served) + ARRAY_SIZE(refused) + 1; i++) {
		assert_int_equal(gethostname(own, sizeof(own) - 1), 0);
		bool wanted = i <= ARRAY_SIZE(served);
		const char *host = i == ARRAY_SIZE(served) ? own
				   : wanted                ? served[i]
							   : refused[i - ARRAY_SIZE(served) - 1];
		cleanup_free char *request = xasprintf(
			"GET /metrics HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host);
		cleanup_free char *answer = talk(server.port, request);
		if (!strstr(answer, wanted ? " 200 OK\r" : " 421 Misdirected Request\r"))
			fail_msg("Host '%s': %.40s", host, answer);
	}
	stop_server(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_active_backup),
		cmocka_unit_test(test_virtio),
		cmocka_unit_test(test_8023ad),
		cmocka_unit_test(test_half_written),
		cmocka_unit_test(test_no_bond),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_parser),
		cmocka_unit_test(test_json_round_trip),
		cmocka_unit_test(test_json_of_strange_bytes),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_listen_parse),
		cmocka_unit_test(test_address_to_come),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_one_client_does_not_keep_out_others),
		cmocka_unit_test(test_slow_clients_do_not_keep_out_others),
		cmocka_unit_test(test_names_of_others_are_not_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
