// SPDX-License-Identifier: Apache-2.0
#include "manager/client.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "manager/conf.h"
#include "manager/control.h"

int client_connect(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *given = path ? path : getenv("DNSVNF_MANAGER");
	const char *at = given && *given ? given : MANAGER_SOCKET;

	if (strlen(at) >= sizeof(address.sun_path))
		return err_set(err, INVALID, "the path of a socket has at most %zu bytes: %s",
			       sizeof(address.sun_path) - 1, at);
	memcpy(address.sun_path, at, strlen(at) + 1);
	cleanup_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, errno, "cannot create a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int code = errno;
		const char *hint = code == EACCES ? "you must be root or in the group 'operators' "
						    "of dnsvnfd.conf"
						  : "dnsvnfd does not run: 'systemctl start "
						    "dnsvnfd', and see 'journalctl -u dnsvnfd'";
		return err_code(err, UNREACHABLE, code, "cannot reach the manager at %s (%s): %s",
				at, strerror(code), hint);
	}
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* Its content can no longer change, so the manager may read it without trust. */
static int seal(const struct client_file *file, int *ret_fd, struct err *err)
{
	cleanup_close int fd = memfd_create("dnsvnf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = fd < 0 ? -errno : write_all(fd, file->data, file->len);

	if (r == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		r = -errno;
	if (r < 0)
		return err_errno(err, r, "cannot pass %s to the manager", file->name);
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int send_message(int fd, const char *text, const int *fds, size_t n, struct err *err)
{
	union {
		char buffer[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {(char *)text, strlen(text)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (n) {
		message.msg_control = control.buffer;
		message.msg_controllen = CMSG_SPACE(n * sizeof(int));
		struct cmsghdr *h = &control.align; /* the first */
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(h), fds, n * sizeof(int));
	}
	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		return err_errno(err, errno, "cannot send to the manager");
	return 0;
}

int client_send(int fd, struct json_writer *w, const struct client_file *files, size_t n,
		struct err *err)
{
	cleanup_free char *text = json_write_text(w, JSON_COMPACT, err);
	int fds[CONTROL_FDS];
	size_t sealed = 0;
	int r = text ? 0 : -EINVAL;

	if (r == 0 && n > CONTROL_FDS)
		r = err_code(err, INVALID, E2BIG, "more than %d files", CONTROL_FDS);
	while (r == 0 && sealed < n) {
		r = seal(&files[sealed], &fds[sealed], err);
		sealed += r == 0;
	}
	if (r == 0)
		r = send_message(fd, text, fds, n, err);
	for (size_t i = 0; i < sealed; i++)
		close(fds[i]);
	return r;
}

static enum err_kind kind_of(const char *name)
{
	for (int kind = ERR_NOT_FOUND; kind < ERR_BUG; kind++)
		if (streq(name, err_kind_name((enum err_kind)kind)))
			return (enum err_kind)kind;
	return ERR_BUG;
}

int client_receive(int fd, json_t **ret, struct err *err)
{
	cleanup_free char *text = xcalloc(1, CONTROL_MESSAGE_MAX + 1);
	cleanup_json json_t *message = NULL;
	ssize_t n;

	do
		n = recv(fd, text, CONTROL_MESSAGE_MAX, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, errno, "cannot read from the manager");
	if (n == 0)
		return err_set(err, UNREACHABLE,
			       "the manager has ended: see 'journalctl -u "
			       "dnsvnfd'");
	int r = json_parse_document(text, (size_t)n, "the manager's answer", &message, err);
	if (r < 0)
		return r;
	const json_t *error = json_object_get(message, "error");
	if (json_is_object(error)) {
		cleanup_free char *kind = json_try_text(error, "kind");
		cleanup_free char *why = json_try_text(error, "text");
		return err_set_kind(err, kind_of(kind), 0, "%s", why ? why : "refused");
	}
	bool done = json_is_true(json_object_get(message, "done"));
	if (ret)
		*ret = steal_ptr(message);
	return done ? 0 : 1;
}

int client_ask(struct json_writer *w, const struct client_file *files, size_t n, json_t **ret,
	       struct err *err)
{
	cleanup_close int fd = -1;
	int r = client_connect(NULL, &fd, err);

	if (r == 0)
		r = client_send(fd, w, files, n, err);
	return r < 0 ? r : client_receive(fd, ret, err);
}
