// SPDX-License-Identifier: Apache-2.0
/* A session with a cloud of three services in a thread: token renewal and Nova's microversion. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "vim/openstack/clouds.h"
#include "vim/openstack/handle.h"
#include "vim/openstack/session.h"

enum { CALLS = 6 };

static struct fake_cloud {
	int fd;
	unsigned port;
	pthread_t thread;
	atomic_int logins, refused, versions; /* answers given: 201; 401 and 406; of GET / */
	atomic_int valid;                     /* number of the token that is taken */
	atomic_int minor;                     /* Nova's newest microversion */
	atomic_bool locked;                   /* Keystone refuses */
} fake;

static void answer(int fd, int status, const char *header, const char *body)
{
	dprintf(fd, "HTTP/1.1 %d x\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body),
		header, body);
}

static void login(int fd)
{
	char header[64], body[512];

	if (fake.locked) {
		answer(fd, 401, "", "{\"error\": {\"message\": \"wrong password\"}}");
		return;
	}
	int number = ++fake.logins;
	snprintf(header, sizeof(header), "X-Subject-Token: token%d\r\n", number);
	snprintf(body, sizeof(body),
		 "{\"token\": {\"user\": {\"id\": \"u\"}, \"project\": {\"id\": \"p\", \"name\": "
		 "\"n\"}, \"catalog\": [{\"type\": \"network\", \"endpoints\": [{\"interface\": "
		 "\"public\", \"url\": \"http://127.0.0.1:%u/n\"}]}, {\"type\": \"compute\", "
		 "\"endpoints\": [{\"interface\": \"public\", \"url\": "
		 "\"http://127.0.0.1:%u/c/v2.1\"}]}]}}",
		 fake.port, fake.port);
	usleep(50000); /* long enough for the other calls to meet the old token */
	answer(fd, 201, header, body);
}

static void serve(int fd, const char *request)
{
	char token[32], body[128];
	const char *asked = strstr(request, "compute 2.");

	snprintf(token, sizeof(token), "X-Auth-Token: token%d\r\n", fake.valid);
	if (str_starts(request, "POST /v3/auth/tokens")) {
		login(fd);
	} else if (!strstr(request, token)) {
		fake.refused++;
		answer(fd, 401, "", "{\"error\": {\"message\": \"expired\"}}");
	} else if (str_starts(request, "GET /c/v2.1/ ")) {
		fake.versions++;
		snprintf(body, sizeof(body), "{\"version\": {\"version\": \"2.%d\"}}", fake.minor);
		answer(fd, 200, "", body);
	} else if (asked && atoi(asked + strlen("compute 2.")) > fake.minor) {
		fake.refused++;
		answer(fd, 406, "", "{\"error\": {\"message\": \"unknown version\"}}");
	} else {
		answer(fd, 200, "", "{\"fine\": true}");
	}
}

static void *connection(void *data)
{
	int fd = (int)(intptr_t)data;
	char buffer[8192];
	size_t have = 0;
	ssize_t got;

	while ((got = read(fd, buffer + have, sizeof(buffer) - 1 - have)) > 0) {
		have += (size_t)got;
		buffer[have] = 0;
		const char *end = strstr(buffer, "\r\n\r\n");
		const char *length = strstr(buffer, "Content-Length: ");
		size_t body = length ? (size_t)atoi(length + strlen("Content-Length: ")) : 0;
		if (!end || have < (size_t)(end + 4 - buffer) + body)
			continue;
		serve(fd, buffer);
		have = 0;
	}
	close(fd);
	return NULL;
}

static void *run_service(void *data)
{
	int fd;

	(void)data;
	while ((fd = accept(fake.fd, NULL, NULL)) >= 0) {
		pthread_t thread;
		pthread_create(&thread, NULL, connection, (void *)(intptr_t)fd);
		pthread_detach(thread);
	}
	return NULL;
}

static int start(void **state)
{
	static char name[] = "test", interface[] = "public", user[] = "u", domain[] = "default";
	static char *interfaces[] = {interface};
	static char url[sizeof("http://127.0.0.1:65535")];
	static struct cloud cloud = {.name = name,
				     .auth_url = url,
				     .user_name = user,
				     .user_domain_id = domain,
				     .password = user};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	for (size_t i = SERVICE_IMAGE; i < SERVICES; i++)
		cloud.services[i].interfaces = (struct strv){interfaces, 1};
	fake.logins = fake.refused = fake.versions = 0;
	fake.valid = 1;
	fake.minor = 90;
	fake.locked = false;
	fake.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fake.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fake.fd, 16), 0);
	assert_int_equal(getsockname(fake.fd, (struct sockaddr *)&a, &len), 0);
	fake.port = ntohs(a.sin_port);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", fake.port);
	*state = session_new(&cloud, NULL, NULL);
	return pthread_create(&fake.thread, NULL, run_service, NULL);
}

static int stop(void **state)
{
	session_free(*state);
	shutdown(fake.fd, SHUT_RDWR);
	pthread_join(fake.thread, NULL);
	close(fake.fd);
	return 0;
}

/* CALLS of the service side by side; returns how many were answered as they should. */
static int calls(struct session *s, enum service which, struct err *err)
{
	struct call *v[CALLS];
	int good = 0;

	for (int i = 0; i < CALLS; i++)
		v[i] = call_new(which, "GET", xasprintf("/x/%d", i), NULL);
	(void)session_calls(s, v, CALLS, err);
	for (int i = 0; i < CALLS; i++) {
		good += v[i]->result == 0 && json_is_true(json_object_get(v[i]->answer, "fine"));
		call_free(v[i]);
	}
	return good;
}

static void test_calls_that_meet_an_expired_token_wait_for_one_renewal(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct session *s = *state;

	assert_int_equal(calls(s, SERVICE_NETWORK, &err), CALLS);
	assert_int_equal(fake.logins, 1);
	fake.valid = 2;
	assert_int_equal(calls(s, SERVICE_NETWORK, &err), CALLS);
	assert_int_equal(fake.logins, 2);
	assert_in_range(fake.refused, 1, CALLS);
}

static void test_calls_fail_with_the_renewal(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct session *s = *state;

	assert_int_equal(calls(s, SERVICE_NETWORK, &err), CALLS);
	fake.valid = 0;
	fake.locked = true;
	assert_int_equal(calls(s, SERVICE_NETWORK, &err), 0);
	assert_non_null(strstr(err.text, "wrong password"));
	fake.locked = false; /* what is asked later has another chance */
	fake.valid = 2;
	assert_int_equal(calls(s, SERVICE_NETWORK, &err), CALLS);
}

static void test_a_token_that_is_never_taken_ends_the_calls(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct session *s = *state;

	fake.valid = 0;
	assert_int_equal(calls(s, SERVICE_NETWORK, &err), 0);
	assert_non_null(strstr(err.text, "expired"));
	assert_in_range(fake.logins, 2, 1 + CALLS);
}

static void test_microversion_is_asked_once(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct session *s = *state;

	fake.minor = 79;
	assert_int_equal(calls(s, SERVICE_COMPUTE, &err), CALLS);
	assert_int_equal(fake.versions, 1);
	assert_int_equal(session_nova_minor(s), 79);
	fake.valid = 2; /* both at once */
	assert_int_equal(calls(s, SERVICE_COMPUTE, &err), CALLS);
}

static void test_nova_that_is_too_old(void **state)
{
	cleanup_err struct err err = ERR_INIT;
	struct session *s = *state;

	fake.minor = 42;
	assert_int_equal(calls(s, SERVICE_COMPUTE, &err), 0);
	assert_non_null(strstr(err.text, "2.42"));
}

/* As an ordinary user: a folder that others own or write to is not used for locks. */
static int lock_as_nobody(const char *runtime)
{
	cleanup_err struct err err = ERR_INIT;
	struct lock lock;

	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 100;
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	cleanup_free char *folder = xasprintf("%s/dnsvnf", runtime);
	if (lock_take(&lock, "a", "a", &err) < 0)
		return 1;
	lock_release(&lock);
	if (access(folder, F_OK) == 0)
		return 2;
	if (mkdir(folder, 0700) < 0 || chmod(folder, 0770) < 0 ||
	    lock_take(&lock, "a", "a", &err) != -EIO || !strstr(err.text, "0700"))
		return 3;
	lock_release(&lock);
	err_clear(&err);
	if (rmdir(folder) < 0 || symlink("/tmp", folder) < 0 ||
	    lock_take(&lock, "a", "a", &err) != -EIO)
		return 4;
	lock_release(&lock);
	return 0;
}

static void test_locks_are_in_a_folder_of_the_user_only(void **state)
{
	(void)state;
	char dir[] = "/tmp/test-lock-XXXXXX";
	int status;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0777), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(lock_as_nobody(dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(dir_remove(dir, NULL), 0);
}

/* As neutron.ipam.utils.generate_pools of Neutron makes them. */
static void test_allocation_pools(void **state)
{
	static const struct {
		const char *address;
		unsigned prefix;
		const char *gateway, *pools;
	} cases[] = {
		{"172.16.1.0", 24, "172.16.1.1",
		 "[{\"start\": \"172.16.1.2\", \"end\": \"172.16.1.254\"}]"},
		{"172.16.1.0", 24, "172.16.1.100",
		 "[{\"start\": \"172.16.1.1\", \"end\": \"172.16.1.99\"}, "
		 "{\"start\": \"172.16.1.101\", \"end\": \"172.16.1.254\"}]"},
		{"172.16.1.0", 24, "10.0.0.1",
		 "[{\"start\": \"172.16.1.1\", \"end\": \"172.16.1.254\"}]"},
		{"172.16.1.0", 30, "172.16.1.2",
		 "[{\"start\": \"172.16.1.1\", \"end\": \"172.16.1.1\"}]"},
		{"2001:db8::", 64, "2001:db8::1",
		 "[{\"start\": \"2001:db8::2\", \"end\": "
		 "\"2001:db8::ffff:ffff:ffff:ffff\"}]"},
		{"172.16.1.0", 24, "2001:db8::1", NULL},
		{"172.16.1.0", 33, "172.16.1.1", NULL},
		{"network", 24, "172.16.1.1", NULL},
		{"172.16.1.0", 24, "gateway", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *pools =
			allocation_pools(cases[i].address, cases[i].prefix, cases[i].gateway);
		cleanup_free char *text = pools ? json_dumps(pools, 0) : NULL;

		if (cases[i].pools)
			assert_string_equal(text, cases[i].pools);
		else
			assert_null(pools);
		json_decref(pools);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_calls_that_meet_an_expired_token_wait_for_one_renewal),
		TEST(test_calls_fail_with_the_renewal),
		TEST(test_a_token_that_is_never_taken_ends_the_calls),
		TEST(test_microversion_is_asked_once),
		TEST(test_nova_that_is_too_old),
		cmocka_unit_test(test_allocation_pools),
		cmocka_unit_test(test_locks_are_in_a_folder_of_the_user_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
