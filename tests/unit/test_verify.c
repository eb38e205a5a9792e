// SPDX-License-Identifier: Apache-2.0
/* verify and drill against a VIM in memory and a guest that answers on loopback. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/str.h"
#include "deploy/apply.h"
#include "deploy/design.h"
#include "deploy/drill.h"
#include "deploy/guest.h"
#include "deploy/verify.h"
#include "plain_vim.h"

#define DESIGN "examples/technote/corrected/dep.xml"

#define LEG(name, mac, n)                                                                        \
	"{\"name\":\"" name "\",\"permanent_mac\":\"fa:16:3e:10:00:0" mac "\",\"carrier\":true," \
	"\"mii_status\":\"up\",\"link_failures\":0,\"numa_node\":" n "}"
#define GOOD_BOND(active)                                                                        \
	"{\"name\":\"bond0\",\"mode\":\"active-backup\",\"fail_over_mac\":\"active\","           \
	"\"miimon\":100,\"arp_interval\":0,\"active_leg\":\"" active "\",\"mii_status\":\"up\"," \
	"\"legs\":[" LEG("ens6", "2", "0") "," LEG("ens7", "3", "1") "]}"
#define GOOD_REST                                                                            \
	"],\"interfaces\":[{\"name\":\"eth0\",\"mac\":\"FA:16:3E:10:00:00\",\"addresses\":[" \
	"\"2001:DB8:0::a/64\"]}],"                                                           \
	"\"cloud_init\":{\"status\":\"done\",\"errors\":[]}}"
#define GOOD      "{\"bonds\":[" GOOD_BOND("ens6") GOOD_REST
#define GOOD_ENS7 "{\"bonds\":[" GOOD_BOND("ens7") GOOD_REST
/* A guest that tells next to nothing of its bond. */
#define SILENT                                                                                  \
	"{\"bonds\":[{\"name\":\"bond0\",\"legs\":[{\"name\":\"ens6\"},{\"name\":\"ens7\"}]}]," \
	"\"interfaces\":[]}"

struct fixture {
	struct model *model;
	struct deployment *deployment;
	struct vm_group *group;
	char address[16]; /* of the guest: a loopback address of our own */
	int fd;
	pthread_t thread;
	const char *answer;
	const char *later; /* its answer from the second time on; NULL: the same */

	/* Its DNS. */
	int dns;
	unsigned dns_port;
	pthread_t dns_thread;
	bool dns_silent;
	int64_t down_at; /* for OUTAGE_MS from then on nothing is answered; 0: never */

	const char *port; /* that a drill has to break */
	struct vim vim;
	bool link_up;
	bool other_down; /* the link of the leg that is not active */
	bool path_whole;
	bool no_path;    /* nothing behind the port that could be cut */
	bool down_fails; /* set_link(down) takes the link down and fails */
	struct run_ctx run;
	volatile sig_atomic_t interrupted;
	bool down_interrupts; /* Ctrl-C as soon as the link or the path is down */
	int server_error;
	/* As OpenStack tells of its ports: */
	bool openstack;
	const char *pf[2]; /* NULL: the role may not see it */
	int propagate;     /* propagate_uplink_status */
	const char *numa;  /* or NULL */
};

#define OUTAGE_MS 60

static struct fixture f;

static void *dns(void *opaque)
{
	(void)opaque;
	for (;;) {
		uint8_t m[512];
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(f.dns, m, sizeof(m), 0, (struct sockaddr *)&from, &len);
		if (n <= 0)
			return NULL;
		m[2] |= 0x80;
		if (!f.dns_silent && !(f.down_at && clock_ms_since(f.down_at) < OUTAGE_MS))
			sendto(f.dns, m, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
}

static void *guest(void *opaque)
{
	(void)opaque;
	const char *answer = NULL;
	for (int fd; (fd = accept(f.fd, NULL, NULL)) >= 0; close(fd)) {
		char request[4096];
		if (recv(fd, request, sizeof(request), 0) <= 0)
			continue;
		answer = answer && f.later ? f.later : f.answer;
		cleanup_free char *text = xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n"
						    "Connection: close\r\n\r\n%s",
						    strlen(answer), answer);
		send(fd, text, strlen(text), MSG_NOSIGNAL);
	}
	return NULL;
}

static int fake_list(struct vim *vim, const struct vim_reference *references, size_t n,
		     struct vim_inventory *ret, struct err *err)
{
	(void)vim, (void)references, (void)n, (void)ret, (void)err;
	return 0;
}

static int fake_server(struct vim *vim, const char *name, enum vim_look look,
		       struct vim_server_info *ret, struct err *err)
{
	(void)vim;
	(void)look;
	if (f.server_error)
		return err_set_kind(err, f.server_error == ENOENT ? ERR_NOT_FOUND : ERR_UNREACHABLE,
				    f.server_error, "server_error");
	*ret = (struct vim_server_info){.name = xstrdup(name),
					.state = VIM_STATE_ACTIVE,
					.status = xstrdup("ACTIVE"),
					.cells = 2};
	ret->numa = xstrdup(f.numa);
	ret->numa_why = f.openstack && !f.numa ? xstrdup("for the role admin") : NULL;
	for (int i = 0; i < 2; i++)
		*array_push(ret->ports, ret->n_ports) = (struct vim_port_info){
			.id = f.openstack ? xasprintf("id-%d", i) : NULL,
			.nicid = (unsigned)i + 2,
			.vif_type = f.pf[i] ? xstrdup("hw_veb") : NULL,
			.pf = xstrdup(f.pf[i]),
			.host_device = f.pf[i] ? xasprintf("0000:3b:02.%d", i) : NULL,
			.propagate_uplink_status = f.propagate,
			.port_security = f.openstack ? 0 : -1,
			.mtu = f.openstack ? 1500 : 0,
			.name = xasprintf("port%d", i),
			.type = PORT_DIRECT,
			.network = xstrdup("net"),
			.mac_address = xasprintf("fa:16:3e:10:00:0%d", i + 2),
			.physical_network = xasprintf("sriov%d", i),
			.numa_node = i,
			.link_up = i == 0 || !f.other_down,
			.status = xstrdup("ACTIVE"),
		};
	return 0;
}

static int fake_set_link(struct vim *vim, const char *server, const char *port, bool up,
			 struct err *err)
{
	(void)vim, (void)server;
	if (f.other_down && streq(port, "port1") && up) {
		f.other_down = false;
		return 0;
	}
	assert_string_equal(port, f.port ? f.port : f.later ? "port1" : "port0");
	f.link_up = up;
	if (!up && !f.down_interrupts)
		f.down_at = clock_now();
	if (!up && f.down_interrupts)
		f.interrupted = 1;
	return !up && f.down_fails ? err_code(err, UNREACHABLE, ETIMEDOUT, "no answer") : 0;
}

static int fake_set_path(struct vim *vim, const char *server, const char *port, bool whole,
			 struct err *err)
{
	(void)vim, (void)server;
	assert_string_equal(port, "port0");
	if (f.no_path)
		return err_code(err, INVALID, ENOTSUP, "no path");
	f.path_whole = whole;
	if (!whole && f.down_interrupts)
		f.interrupted = 1;
	return 0;
}

static int fake_console(struct vim *vim, const char *server, char **ret_text, struct err *err)
{
	(void)vim, (void)server, (void)err;
	*ret_text = xstrdup("login:");
	return 0;
}

static const struct vim_ops fake_ops = {.name = "fake",
					.console = fake_console,
					.list = fake_list,
					.server = fake_server,
					.set_link = fake_set_link,
					.set_path = fake_set_path,
					.socket = plain_socket};

static void replace(char **s, const char *with)
{
	free(*s);
	*s = xstrdup(with);
}

static int start(void **state)
{
	cleanup_findings struct findings findings = {0};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(GUEST_PORT)};
	static char tenant[] = "test-tenant", deployment[] = "cpnr-dns";
	socklen_t len = sizeof(a);

	(void)state;
	f = (struct fixture){.vim = {.ops = &fake_ops, .tenant = tenant, .deployment = deployment},
			     .run.interrupted = &f.interrupted};
	f.vim.run = &f.run;
	assert_int_equal(design_read(DESIGN, NULL, &f.model, &findings, NULL), 0);
	f.deployment = &f.model->tenants[0].deployments[0];
	f.group = &f.deployment->vm_groups[0];
	snprintf(f.address, sizeof(f.address), "127.%d.%d.9", (getpid() >> 8 & 127) + 1,
		 getpid() & 255);
	replace(&f.group->interfaces[1].ip_address, f.address);
	struct guest_addresses *bond = &f.group->guest.bonds[0].addresses;
	for (size_t i = 0; i < bond->n; i++)
		replace(&bond->v[i], f.address);
	replace(&f.group->guest.nics[0].addresses.v[0], "2001:db8::a/64");
	f.answer = GOOD;
	inet_pton(AF_INET, f.address, &a.sin_addr);
	f.fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(f.fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	assert_int_equal(bind(f.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(f.fd, 4), 0);
	f.dns = socket(AF_INET, SOCK_DGRAM, 0);
	a.sin_port = 0;
	assert_int_equal(bind(f.dns, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(f.dns, (struct sockaddr *)&a, &len), 0);
	f.dns_port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&f.dns_thread, NULL, dns, NULL), 0);
	return pthread_create(&f.thread, NULL, guest, NULL);
}

static int stop(void **state)
{
	(void)state;
	shutdown(f.fd, SHUT_RDWR);
	pthread_join(f.thread, NULL);
	close(f.fd);
	shutdown(f.dns, SHUT_RDWR);
	pthread_join(f.dns_thread, NULL);
	close(f.dns);
	model_free(f.model);
	return 0;
}

static void verify(struct verifications *v)
{
	cleanup_err struct err err = ERR_INIT;

	assert_int_equal(verify_deployment(&f.vim, f.model, f.deployment, v, &err), 0);
}

/* Asserts this verdict of each check of that name, of which there is at least one. */
static void assert_verdict(const struct verifications *v, const char *check, enum verdict verdict)
{
	size_t found = 0;

	for (size_t i = 0; i < v->n; i++) {
		if (!streq(v->v[i].check, check))
			continue;
		found++;
		if (v->v[i].verdict != verdict)
			fail_msg("%s of %s: %s: %s", check, v->v[i].object,
				 verdict_name(v->v[i].verdict), v->v[i].evidence);
	}
	if (!found)
		fail_msg("no check %s", check);
}

static void test_good_guest_passes(void **state)
{
	static const char *const checks[] = {
		"server-active", "server-cells", "port-up",         "cloud-init",      "bond-up",
		"bond-mode",     "bond-monitor", "bond-mac-policy", "bond-active-leg", "bond-legs",
		"legs-apart",    "leg-carrier",  "leg-port",        "leg-numa"};
	cleanup_verifications struct verifications v = {0};

	(void)state;
	verify(&v);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		assert_verdict(&v, checks[i], VERDICT_PASS);
	/* The same address, written otherwise. */
	size_t addresses = 0;
	for (size_t i = 0; i < v.n; i++)
		if (streq(v.v[i].check, "address") && streq(v.v[i].object, "eth0")) {
			assert_int_equal(v.v[i].verdict, VERDICT_PASS);
			addresses++;
		}
	assert_int_equal(addresses, 1);
}

static void test_what_the_guest_does_not_tell_is_unknown(void **state)
{
	static const char *const checks[] = {"cloud-init",   "bond-up",         "bond-mode",
					     "bond-monitor", "bond-mac-policy", "leg-carrier",
					     "leg-port",     "leg-numa",        "legs-apart"};
	cleanup_verifications struct verifications v = {0};

	(void)state;
	f.answer = SILENT;
	verify(&v);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		assert_verdict(&v, checks[i], VERDICT_UNKNOWN);
}

#define PATH(name, path) "{\"name\":\"" name "\",\"watch\":{\"probed\":true,\"path\":" path "}}"
#define PATHS(first, second)                                                       \
	"{\"bonds\":[{\"name\":\"bond0\",\"active_leg\":\"ens6\",\"legs\":[" PATH( \
		"ens6", first) "," PATH("ens7", second) "]}],\"interfaces\":[]}"

/* A silent path is wrong only if the targets answer on another. */
static void test_paths(void **state)
{
	static const struct {
		const char *status;
		enum verdict first, second;
	} rows[] = {
		{PATHS("\"proven\"", "\"answers\""), VERDICT_PASS, VERDICT_PASS},
		{PATHS("\"proven\"", "\"silent\""), VERDICT_PASS, VERDICT_FAIL},
		{PATHS("\"silent\"", "\"silent\""), VERDICT_UNKNOWN, VERDICT_UNKNOWN},
		{PATHS("\"answers\"", "null"), VERDICT_PASS, VERDICT_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_verifications struct verifications v = {0};
		enum verdict verdicts[2];
		size_t n = 0;
		f.answer = rows[i].status;
		verify(&v);
		for (size_t k = 0; k < v.n && n < 2; k++)
			if (streq(v.v[k].check, "leg-path"))
				verdicts[n++] = v.v[k].verdict;
		if (n < 2 || verdicts[0] != rows[i].first || verdicts[1] != rows[i].second)
			fail_msg("row %zu: %zu paths, not these verdicts", i, n);
	}
}

/* What was silent for a moment is looked at again. */
static void test_path_that_is_heard_a_moment_later(void **state)
{
	cleanup_verifications struct verifications v = {0};

	(void)state;
	f.answer = PATHS("\"proven\"", "\"lossy\"");
	f.later = PATHS("\"proven\"", "\"proven\"");
	verify(&v);
	assert_verdict(&v, "leg-path", VERDICT_PASS);
}

static void test_server_gone_fails_and_one_that_cannot_be_asked_is_unknown(void **state)
{
	cleanup_verifications struct verifications gone = {0}, refused = {0};

	(void)state;
	f.server_error = ENOENT;
	verify(&gone);
	assert_verdict(&gone, "server-active", VERDICT_FAIL);
	f.server_error = ETIMEDOUT;
	verify(&refused);
	assert_verdict(&refused, "server-active", VERDICT_UNKNOWN);
}

/* Fixed addresses are those of the first VM: nothing that answers there speaks for the second. */
static void test_second_vm_is_not_judged_by_the_first(void **state)
{
	cleanup_verifications struct verifications v = {0};
	size_t unknown = 0;

	(void)state;
	f.group->scaling.min_active = 2;
	verify(&v);
	for (size_t i = 0; i < v.n; i++)
		if (streq(v.v[i].object, "cpnr-dns_cpnr_1") &&
		    (streq(v.v[i].check, "management-echo") ||
		     streq(v.v[i].check, "guest-status") || streq(v.v[i].check, "dns-udp"))) {
			assert_int_equal(v.v[i].verdict, VERDICT_UNKNOWN);
			unknown++;
		}
	assert_int_equal(unknown, 3);
}

static void assert_binding(enum verdict apart, enum verdict link_state, enum verdict rest)
{
	cleanup_verifications struct verifications v = {0};

	verify(&v);
	assert_verdict(&v, "ports-apart", apart);
	assert_verdict(&v, "leg-link-state", link_state);
	assert_verdict(&v, "port-binding", rest);
	assert_verdict(&v, "server-pinning", rest);
	assert_verdict(&v, "port-security", VERDICT_PASS);
	assert_verdict(&v, "leg-mtu", VERDICT_PASS);
	assert_verdict(&v, "console", VERDICT_PASS);
}

/* What OpenStack tells of where the legs are; what it keeps from the role is unknown. */
static void test_legs_on_one_pf_and_links_forced_up_fail(void **state)
{
	(void)state;
	f.openstack = true;
	f.numa = "cell 0 on host node 0";
	f.pf[0] = "ens1f0";
	f.pf[1] = "ens2f0";
	f.propagate = 1;
	assert_binding(VERDICT_PASS, VERDICT_PASS, VERDICT_PASS);
	f.pf[1] = "ens1f0";
	f.propagate = 0;
	assert_binding(VERDICT_FAIL, VERDICT_FAIL, VERDICT_PASS);
	f.pf[0] = f.pf[1] = NULL;
	f.propagate = -1;
	f.numa = NULL;
	assert_binding(VERDICT_UNKNOWN, VERDICT_UNKNOWN, VERDICT_UNKNOWN);
}

static int drill_with(struct drill_settings settings, struct drill_result *ret, struct err *err)
{
	f.link_up = f.path_whole = true;
	settings.qps = 200;
	settings.dns_port = f.dns_port;
	return drill_run(&f.vim, f.deployment, f.group, &settings, ret, err);
}

static int drill(enum drill_failure failure, struct err *err)
{
	cleanup_drill_result struct drill_result result = {0};

	return drill_with((struct drill_settings){.failure = failure}, &result, err);
}

static void test_outage_is_measured(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_drill_result struct drill_result r = {0};

	(void)state;
	cleanup_free char *later = xstrdup(GOOD);
	char *ens6 = strstr(later, "\"name\":\"ens6\"");
	assert_non_null(ens6);
	memcpy(strstr(ens6, "\"up\""), "\"no\"", 4); /* its link is down, as it was set */
	f.later = later;
	f.port = "port0";
	if (drill_with((struct drill_settings){0}, &r, &err) < 0)
		fail_msg("%s", err.text);
	/* The test's own machine may be busy: longer, never shorter, and at the failure. */
	assert_true(r.outage.failover.at_most_ms >= OUTAGE_MS - 1);
	assert_true(r.outage.failover.end_ms >= r.down.from_ms);
	assert_true(r.outage.failover.start_ms <= r.down.to_ms + 100);
	assert_true(r.down.from_ms >= DRILL_BEFORE_MS && r.up.from_ms >= r.down.to_ms);
	assert_true(r.echo.answered > 0);
	assert_true(r.qps <= 200 && r.active);
	assert_string_equal(r.leg, "ens6");
	assert_false(r.outage.failed_over); /* the guest tells so all the time */
	assert_int_equal(r.outage.verdict, OUTAGE_FAIL);
	assert_true(f.link_up);
}

static void test_leg_and_port_can_be_chosen(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_drill_result struct drill_result r = {0};

	(void)state;
	f.down_interrupts = true;
	f.port = "port1";
	assert_int_equal(drill_with((struct drill_settings){.leg = "ens7"}, &r, &err), -EINTR);
	f.interrupted = 0;
	err_clear(&err);
	f.answer = "{}"; /* of which no leg is known */
	assert_int_equal(drill_with((struct drill_settings){.port = "port1"}, &r, &err), -EINTR);
	assert_string_equal(err.text, "interrupted while the link was down");
	f.interrupted = 0;
	err_clear(&err);
	assert_int_equal(drill_with((struct drill_settings){.port = "port7"}, &r, &err), -ENODEV);
	assert_non_null(strstr(err.text, "has no port \"port7\"; it has \"port0\", \"port1\""));
	err_clear(&err);
	f.answer = GOOD;
	assert_int_equal(drill_with((struct drill_settings){.leg = "ens8"}, &r, &err), -ENODEV);
	assert_string_equal(err.text,
			    "bond \"bond0\" has no leg \"ens8\"; it has \"ens6\", \"ens7\"");
}

/* Adds guest_agent none. */
static void without_agent(void)
{
	struct properties *options = &f.deployment->extensions[0].properties;

	*array_push(options->v, options->n) =
		(struct property){.name = xstrdup("guest_agent"), .value = xstrdup("none")};
}

/* The guest would answer, and is not asked; its address is on no segment of this machine. */
static void test_guest_without_agent_is_seen_from_outside(void **state)
{
	cleanup_verifications struct verifications v = {0};

	(void)state;
	without_agent();
	verify(&v);
	assert_verdict(&v, "guest-status", VERDICT_UNKNOWN);
	assert_verdict(&v, "bond-up", VERDICT_UNKNOWN);
	assert_verdict(&v, "bond-active-leg", VERDICT_UNKNOWN);
	assert_verdict(&v, "address", VERDICT_UNKNOWN);
	assert_verdict(&v, "cloud-init", VERDICT_UNKNOWN);
	assert_verdict(&v, "legs-apart", VERDICT_PASS);
	assert_verdict(&v, "management-echo", VERDICT_PASS);
	for (size_t i = 0; i < v.n; i++) {
		if (streq(v.v[i].check, "guest-status"))
			assert_non_null(strstr(v.v[i].evidence, "guest_agent is none"));
		if (streq(v.v[i].check, "address"))
			assert_non_null(strstr(v.v[i].evidence, "not on the segment of 127."));
	}
}

static void test_drill_without_agent_takes_the_legs_of_day0(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_drill_result struct drill_result r = {0};

	(void)state;
	without_agent();
	for (size_t i = 0; i < 2; i++) /* the example binds by MAC */
		f.group->guest.bonds[0].legs[i].name = xstrdup(i ? "ens7" : "ens6");
	f.port = "none";
	assert_int_equal(drill_with((struct drill_settings){0}, &r, &err), -ENOENT);
	assert_non_null(strstr(err.text, "guest_agent is none; "));
	assert_non_null(strstr(err.text, "name the port to fail with --port"));
	err_clear(&err);
	assert_int_equal(drill_with((struct drill_settings){.leg = "ens8"}, &r, &err), -ENODEV);
	assert_string_equal(
		err.text, "bond \"bond0\" has no leg \"ens8\" in day-0; it has \"ens6\", \"ens7\"");
	err_clear(&err);
	f.port = "port1"; /* set_link refuses another */
	f.down_interrupts = true;
	assert_int_equal(drill_with((struct drill_settings){.leg = "ens7"}, &r, &err), -EINTR);
	assert_string_equal(err.text, "interrupted while the link was down");
	assert_true(f.link_up);
}

static void test_drill_of_what_does_not_serve_touches_nothing(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.port = "none";
	f.dns_silent = true;
	assert_int_equal(drill(DRILL_CARRIER, &err), -EHOSTUNREACH);
	assert_non_null(strstr(err.text, "does not answer DNS"));
	err_clear(&err);
	f.server_error = ENOENT;
	assert_int_equal(drill(DRILL_CARRIER, &err), -ENOENT);
	assert_string_equal(err.text, "deployment \"cpnr-dns\" has no server \"cpnr-dns_cpnr_0\": "
				      "run 'dnsvnf deploy' first");
}

static void test_link_is_back_after_an_interrupt(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.down_interrupts = true;
	assert_int_equal(drill(DRILL_CARRIER, &err), -EINTR);
	assert_true(f.link_up);
}

static void test_link_is_back_after_a_failure_to_take_it_down(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.down_fails = true;
	assert_int_equal(drill(DRILL_CARRIER, &err), -ETIMEDOUT);
	assert_true(f.link_up);
}

static void test_leg_that_became_active_meanwhile_is_the_one_to_break(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.later = GOOD_ENS7;
	f.down_interrupts = true;
	assert_int_equal(drill(DRILL_CARRIER, &err), -EINTR);
	assert_string_equal(err.text, "interrupted while the link was down");
	assert_true(f.link_up);
}

static void test_link_that_a_killed_drill_left_down_is_put_back(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.other_down = true;
	f.down_interrupts = true;
	assert_int_equal(drill(DRILL_CARRIER, &err), -EINTR);
	assert_false(f.other_down);
}

static void test_path_is_whole_after_an_interrupt(void **state)
{
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.down_interrupts = true;
	assert_int_equal(drill(DRILL_SILENT, &err), -EINTR);
	assert_string_equal(err.text, "interrupted while the path was down");
	assert_true(f.path_whole);
	assert_true(f.link_up);
}

static void test_path_that_cannot_be_cut_is_told_before_the_load(void **state)
{
	static const struct vim_ops tenant = {.name = "openstack"};
	cleanup_err struct err err = ERR_INIT;

	(void)state;
	f.no_path = true;
	assert_int_equal(drill(DRILL_SILENT, &err), -ENOTSUP);
	assert_string_equal(err.text, "no path");
	err_clear(&err);
	f.vim.ops = &tenant; /* of which any call would crash */
	assert_int_equal(drill(DRILL_SILENT, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "tenant of openstack cannot cut"));
	assert_non_null(strstr(err.text, "--failure carrier"));
}

#define S(text) ((char *)(uintptr_t)(text))

static void test_only_what_bondd_says_of_this_failure_is_heard(void **state)
{
	struct guest_moves counts[][2] = {{{S("silent"), 1}, {S("other"), 0}},
					  {{S("silent"), 2}, {S("other"), 0}},
					  {{S("silent"), 1}, {S("other"), 1}}};
	const struct guest_watch before = {.state = S("healthy"),
					   .sentence = S("moved"),
					   .said_at = 100,
					   .outage_us = 50000,
					   .moves = counts[0],
					   .n_moves = 2};
	struct guest_watch now = before;
	cleanup_drill_result struct drill_result nobody = {.outage_us = -1}, old = nobody,
						 same = nobody, other = nobody, stays = nobody,
						 anew = nobody;

	(void)state;
	drill_hear(&nobody, NULL, NULL);
	assert_false(nobody.watched);

	drill_hear(&old, &before, &now);
	assert_true(old.watched);
	assert_null(old.sentence);
	assert_int_equal(old.outage_us, -1);
	drill_hear(&old, &before, NULL); /* the monitor was not running in the meantime */
	assert_false(old.watched);

	/* The same words in the same second: the moves tell. */
	now.moves = counts[1];
	now.outage_us = 61000;
	drill_hear(&same, &before, &now);
	assert_string_equal(same.sentence, "moved");
	assert_int_equal(same.outage_us, 61000);
	now.sentence = S("gets replies again");
	drill_hear(&same, &before, &now);
	assert_string_equal(same.sentence, "moved");
	drill_hear(&same, &before, NULL);
	assert_true(same.watched);

	/* Moved by somebody else: bondd estimates nothing of that. */
	now.moves = counts[2];
	now.sentence = S("the kernel moved it");
	drill_hear(&other, &before, &now);
	assert_string_equal(other.sentence, "the kernel moved it");
	assert_int_equal(other.outage_us, -1);

	now.moves = counts[0];
	now.said_at = 101;
	now.sentence = S("it stays");
	now.state = S("no-proven-leg");
	drill_hear(&stays, &before, &now);
	assert_string_equal(stays.sentence, "it stays");
	assert_string_equal(stays.watch_state, "no-proven-leg");
	assert_int_equal(stays.outage_us, -1);

	drill_hear(&anew, NULL, &now);
	assert_true(anew.watched);
}

static void test_why_it_did_not_fail_over(void **state)
{
	static const struct {
		struct drill_result result;
		const char *has; /* NULL: there is nothing to say */
	} rows[] = {
		{{.active = true,
		  .failure = DRILL_CARRIER,
		  .untouched = true,
		  .watched = true,
		  .leg = S("ens6"),
		  .port = S("p"),
		  .leg_after = S("ens6")},
		 "ens6 kept its carrier: the driver of its PF cannot set a VF's link"},
		{{.active = true, .failure = DRILL_SILENT, .miimon = 100, .leg_after = S("ens6")},
		 "miimon=100 monitors only the carrier, which stayed up"},
		{{.active = true,
		  .failure = DRILL_SILENT,
		  .arp_interval = 20,
		  .leg_after = S("ens6")},
		 "arp_interval=20 did not detect the failure"},
		{{.active = true,
		  .failure = DRILL_SILENT,
		  .leg_after = S("ens6"),
		  .watched = true,
		  .watch_state = S("no-proven-leg")},
		 "did not move the bond (no-proven-leg)"},
		{{.active = true,
		  .failure = DRILL_SILENT,
		  .miimon = 100,
		  .no_agent = true,
		  .leg_after = S("ens6")},
		 "bondd is not running: use the ARP monitor with two targets"},
		{{.failure = DRILL_CARRIER, .miimon = 100, .leg_after = S("ens6")}, NULL},
		{{.failure = DRILL_SILENT, .leg_after = S("ens7"), .outage = {.failed_over = true}},
		 NULL},
		{{.failure = DRILL_SILENT}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *why = drill_why(&rows[i].result);
		if (!rows[i].has)
			assert_null(why);
		else if (!why || !strstr(why, rows[i].has))
			fail_msg("row %zu: %s", i, why ? why : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good_guest_passes, start, stop),
		cmocka_unit_test_setup_teardown(test_paths, start, stop),
		cmocka_unit_test_setup_teardown(test_path_that_is_heard_a_moment_later, start,
						stop),
		cmocka_unit_test_setup_teardown(test_what_the_guest_does_not_tell_is_unknown, start,
						stop),
		cmocka_unit_test_setup_teardown(
			test_server_gone_fails_and_one_that_cannot_be_asked_is_unknown, start,
			stop),
		cmocka_unit_test_setup_teardown(test_legs_on_one_pf_and_links_forced_up_fail, start,
						stop),
		cmocka_unit_test_setup_teardown(test_second_vm_is_not_judged_by_the_first, start,
						stop),
		cmocka_unit_test_setup_teardown(
			test_leg_that_became_active_meanwhile_is_the_one_to_break, start, stop),
		cmocka_unit_test_setup_teardown(test_outage_is_measured, start, stop),
		cmocka_unit_test_setup_teardown(test_leg_and_port_can_be_chosen, start, stop),
		cmocka_unit_test_setup_teardown(test_guest_without_agent_is_seen_from_outside,
						start, stop),
		cmocka_unit_test_setup_teardown(test_drill_without_agent_takes_the_legs_of_day0,
						start, stop),
		cmocka_unit_test_setup_teardown(test_drill_of_what_does_not_serve_touches_nothing,
						start, stop),
		cmocka_unit_test_setup_teardown(test_link_is_back_after_an_interrupt, start, stop),
		cmocka_unit_test_setup_teardown(test_link_is_back_after_a_failure_to_take_it_down,
						start, stop),
		cmocka_unit_test_setup_teardown(test_link_that_a_killed_drill_left_down_is_put_back,
						start, stop),
		cmocka_unit_test_setup_teardown(test_path_is_whole_after_an_interrupt, start, stop),
		cmocka_unit_test_setup_teardown(
			test_path_that_cannot_be_cut_is_told_before_the_load, start, stop),
		cmocka_unit_test(test_only_what_bondd_says_of_this_failure_is_heard),
		cmocka_unit_test(test_why_it_did_not_fail_over),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
