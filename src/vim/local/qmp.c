// SPDX-License-Identifier: Apache-2.0
#include "vim/local/qmp.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/log.h"

/* The longest answer is a console of 64 KiB in base64. */
#define LINE_MAX_BYTES (1024 * 1024)

struct qmp {
	int fd;
	int timeout_ms;
	unsigned id; /* of the last command, repeated in its answer */
	char *in;    /* received, not yet used */
	size_t in_len, in_room;
};

static int wait_for(const struct qmp *qmp, short events, int64_t deadline, struct err *err)
{
	for (;;) {
		struct pollfd p = {.fd = qmp->fd, .events = events};
		int left = clock_left_ms(deadline);
		int r = left > 0 ? poll(&p, 1, left) : 0;
		if (r > 0)
			return 0;
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_errno(err, errno, "QEMU's monitor");
		return err_code(err, LOCAL, ETIMEDOUT,
				"QEMU's monitor did not answer within %d ms: check that no other "
				"client uses it",
				qmp->timeout_ms);
	}
}

static int send_line(struct qmp *qmp, const char *text, size_t len, int64_t deadline,
		     struct err *err)
{
	while (len > 0) {
		int r = wait_for(qmp, POLLOUT, deadline, err);
		if (r < 0)
			return r;
		ssize_t n = send(qmp->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return err_code(err, LOCAL, ECONNRESET, "QEMU closed the connection");
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Takes the first complete line from qmp->in; NULL: none yet. */
static json_t *take_line(struct qmp *qmp, bool *ret_broken)
{
	char *end = qmp->in_len ? memchr(qmp->in, '\n', qmp->in_len) : NULL;

	*ret_broken = false;
	if (!end)
		return NULL;
	size_t used = (size_t)(end - qmp->in) + 1;
	json_t *message = json_loadb(qmp->in, used, 0, NULL);
	memmove(qmp->in, qmp->in + used, qmp->in_len - used);
	qmp->in_len -= used;
	*ret_broken = !json_is_object(message);
	if (*ret_broken) {
		json_decref(message);
		return NULL;
	}
	return message;
}

static int receive(struct qmp *qmp, int64_t deadline, json_t **ret, struct err *err)
{
	for (;;) {
		bool broken;
		json_t *message = take_line(qmp, &broken);
		if (message) {
			*ret = message;
			return 0;
		}
		if (broken)
			return err_code(err, LOCAL, EPROTO,
					"QEMU's monitor sent a line that is not JSON");
		if (qmp->in_len == LINE_MAX_BYTES)
			return err_code(err, LOCAL, EPROTO,
					"QEMU's monitor sent a line longer than %d bytes",
					LINE_MAX_BYTES);
		if (qmp->in_len == qmp->in_room) {
			qmp->in_room = qmp->in_room ? qmp->in_room * 2 : 4096;
			qmp->in = xreallocarray(qmp->in, qmp->in_room, 1);
		}
		int r = wait_for(qmp, POLLIN, deadline, err);
		if (r < 0)
			return r;
		ssize_t n = recv(qmp->fd, qmp->in + qmp->in_len, qmp->in_room - qmp->in_len,
				 MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return err_code(err, LOCAL, ECONNRESET, "QEMU closed the connection");
		qmp->in_len += (size_t)n;
	}
}

/* Takes ownership of arguments. */
static char *command_line(struct qmp *qmp, const char *command, json_t *arguments, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};
	cleanup_json json_t *all = arguments;

	json_open_object(&w, NULL);
	json_put_string(&w, "execute", command);
	json_put_int64(&w, "id", ++qmp->id);
	if (all)
		json_put_json(&w, "arguments", all);
	json_close(&w);
	return json_write_text(&w, JSON_COMPACT, err);
}

int qmp_command(struct qmp *qmp, const char *command, json_t *arguments, json_t **ret,
		struct err *err)
{
	int64_t deadline = clock_deadline(qmp->timeout_ms);
	cleanup_free char *line = command_line(qmp, command, arguments, err);

	if (!line)
		return err_wrap(err, "%s", command);
	log_debug("qmp: %.*s", (int)strcspn(line, "\n"), line);
	int r = send_line(qmp, line, strlen(line), deadline, err);
	while (r == 0) {
		json_t *message = NULL;
		r = receive(qmp, deadline, &message, err);
		if (r < 0)
			break;
		json_t *id = json_object_get(message, "id");
		json_t *value = json_object_get(message, "return");
		const char *refusal = json_string_value(
			json_object_get(json_object_get(message, "error"), "desc"));
		if (!json_is_integer(id) || json_integer_value(id) != (json_int_t)qmp->id) {
			/* An event, or the answer to a command that timed out. */
			json_decref(message);
			continue;
		}
		if (value && ret)
			*ret = json_incref(value);
		if (!value)
			r = err_code(err, REFUSED, EREMOTEIO, "QEMU refused %s: %s", command,
				     refusal ? refusal : "no reason given");
		json_decref(message);
		return r;
	}
	return err_wrap(err, "%s", command);
}

int qmp_open_fd(int fd, int timeout_ms, struct qmp **ret, struct err *err)
{
	cleanup_qmp struct qmp *qmp = xcalloc(1, sizeof(*qmp));
	json_t *greeting = NULL;

	qmp->fd = fd;
	qmp->timeout_ms = timeout_ms;
	int r = receive(qmp, clock_deadline(timeout_ms), &greeting, err);
	if (r < 0)
		return r;
	bool qemu = json_is_object(json_object_get(greeting, "QMP"));
	json_decref(greeting);
	if (!qemu)
		return err_code(err, LOCAL, EPROTO,
				"the process that listens on QEMU's monitor socket is not QEMU");
	r = qmp_command(qmp, "qmp_capabilities", NULL, NULL, err);
	if (r < 0)
		return r;
	*ret = steal_ptr(qmp);
	return 0;
}

int qmp_open(int dirfd, const char *name, int timeout_ms, struct qmp **ret, struct err *err)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (fd < 0)
		return err_errno(err, errno, "cannot create a socket");
	/* Via the folder's descriptor: the path may be too long for a socket address. */
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dirfd,
			 name);
	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return err_code(err, INVALID, ENAMETOOLONG, "socket name %s is too long", name);
	/* A full backlog blocks connect(2): it has the same time limit as an answer. */
	struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_errno(err, errno, "cannot reach QEMU's monitor %s", name);
	return qmp_open_fd(steal_fd(&fd), timeout_ms, ret, err);
}

void qmp_close(struct qmp *qmp)
{
	if (!qmp)
		return;
	close(qmp->fd);
	free_all(qmp->in, qmp);
}
