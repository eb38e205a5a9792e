// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/local/qmp.h"

#define GREETING                                                                            \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}, " \
	"\"capabilities\": [\"oob\"]}}\r\n"
#define TIMEOUT_MS 300

/*
 * A monitor that says answers[0] at once and answers[i] after the i-th line it is sent, then hangs
 * up; in a child of its own, whose end of the socket closes with it.
 */
struct monitor {
	pid_t pid;
	int fd;
};

static struct monitor monitor(const char *const *answers, size_t n)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	struct monitor m = {.pid = fork(), .fd = fds[0]};
	if (m.pid == 0) {
		close(fds[0]);
		cleanup_fclose FILE *f = fdopen(fds[1], "r+");
		char line[4096];
		for (size_t i = 0; i < n; i++) {
			if (i > 0 && !fgets(line, sizeof(line), f))
				_exit(0);
			if (send(fds[1], answers[i], strlen(answers[i]), MSG_NOSIGNAL) < 0)
				_exit(0);
		}
		/* Silent, not gone, when there is no last answer that says otherwise. */
		if (!streq(answers[n - 1], ""))
			poll(NULL, 0, 2 * TIMEOUT_MS);
		_exit(0);
	}
	close(fds[1]);
	return m;
}

static void monitor_end(struct monitor *m)
{
	waitpid(m->pid, NULL, 0);
}

static int open_monitor(struct monitor *m, struct qmp **qmp, struct err *err)
{
	return qmp_open_fd(m->fd, TIMEOUT_MS, qmp, err);
}

#define OK1 "{\"return\": {}, \"id\": 1}\r\n"

static void test_answer_is_told_from_events_and_late_answers(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	const char *const answers[] = {GREETING, OK1,
				       "{\"event\": \"NIC_RX_FILTER_CHANGED\", \"data\": {}}\r\n"
				       "{\"return\": {\"status\": \"stale\"}, \"id\": 1}\r\n"
				       "{\"return\": {\"status\": \"running\"}, \"id\": 2}\r\n"};
	struct monitor m = monitor(answers, ARRAY_SIZE(answers));
	struct qmp *qmp = NULL;
	json_t *ret = NULL;

	assert_int_equal(open_monitor(&m, &qmp, &err), 0);
	assert_int_equal(qmp_command(qmp, "query-status", NULL, &ret, &err), 0);
	assert_string_equal(json_string_value(json_object_get(ret, "status")), "running");
	json_decref(ret);
	qmp_close(qmp);
	monitor_end(&m);
}

static void test_refusal_carries_the_words_of_qemu(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	const char *const answers[] = {GREETING, OK1,
				       "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": "
				       "\"Device 'nic9' not found\"}, \"id\": 2}\r\n"};
	struct monitor m = monitor(answers, ARRAY_SIZE(answers));
	struct qmp *qmp = NULL;

	assert_int_equal(open_monitor(&m, &qmp, &err), 0);
	assert_int_equal(qmp_command(qmp, "set_link",
				     json_pack("{s:s, s:b}", "name", "nic9", "up", 0), NULL, &err),
			 -EREMOTEIO);
	assert_string_equal(err.text, "QEMU refused set_link: Device 'nic9' not found");
	qmp_close(qmp);
	monitor_end(&m);
}

struct broken {
	const char *says;
	int code;
	const char *text;
};

static void test_what_is_no_monitor_is_an_error(void **state)
{
	(void)state;
	static const struct broken cases[] = {
		{"", -ECONNRESET, "QEMU closed the connection"},
		{"SSH-2.0-OpenSSH_9.2\r\n", -EPROTO, "QEMU's monitor sent a line that is not JSON"},
		{"[]\n", -EPROTO, "QEMU's monitor sent a line that is not JSON"},
		{"{\"hello\": 1}\n", -EPROTO,
		 "the process that listens on QEMU's monitor socket is not QEMU"},
		{"{\"QMP\"", -ETIMEDOUT,
		 "QEMU's monitor did not answer within 300 ms: check that no other client uses it"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_err struct err err = ERR_INIT;
		struct monitor m = monitor(&cases[i].says, 1);
		struct qmp *qmp = NULL;
		assert_int_equal(open_monitor(&m, &qmp, &err), cases[i].code);
		assert_string_equal(err.text, cases[i].text);
		assert_null(qmp);
		monitor_end(&m);
	}
}

static void test_line_without_end_is_bounded(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	size_t len = 2 * 1024 * 1024;
	cleanup_free char *endless = xcalloc(len + 1, 1);
	memset(endless, 'x', len);
	const char *const answers[] = {endless};
	struct monitor m = monitor(answers, 1);
	struct qmp *qmp = NULL;

	assert_int_equal(open_monitor(&m, &qmp, &err), -EPROTO);
	assert_string_equal(err.text, "QEMU's monitor sent a line longer than 1048576 bytes");
	monitor_end(&m);
}

static void test_death_in_mid_command_is_told(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	const char *const answers[] = {GREETING, OK1, ""};
	struct monitor m = monitor(answers, ARRAY_SIZE(answers));
	struct qmp *qmp = NULL;

	assert_int_equal(open_monitor(&m, &qmp, &err), 0);
	assert_int_equal(qmp_command(qmp, "query-status", NULL, NULL, &err), -ECONNRESET);
	assert_string_equal(err.text, "query-status: QEMU closed the connection");
	qmp_close(qmp);
	monitor_end(&m);
}

static void test_nobody_listens(void **state)
{
	(void)state;
	cleanup_err struct err err = ERR_INIT;
	cleanup_close int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct qmp *qmp = NULL;

	assert_int_equal(qmp_open(dir, "no-such.qmp", TIMEOUT_MS, &qmp, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_is_told_from_events_and_late_answers),
		cmocka_unit_test(test_refusal_carries_the_words_of_qemu),
		cmocka_unit_test(test_what_is_no_monitor_is_an_error),
		cmocka_unit_test(test_line_without_end_is_bounded),
		cmocka_unit_test(test_death_in_mid_command_is_told),
		cmocka_unit_test(test_nobody_listens),
	};

	return cmocka_run_group_tests_name("qmp", tests, NULL, NULL);
}
