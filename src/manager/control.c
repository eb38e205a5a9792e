// SPDX-License-Identifier: Apache-2.0
/*
 * The control socket: SOCK_SEQPACKET, one JSON object a message. A client sends a request and
 * gets messages, of which the last has "done". What it does not take is not kept for it: events
 * are read from the log when it has room.
 */
#include "manager/control.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "manager/manager.h"

enum { CLIENTS_MAX = 64, BACKLOG = 16 };

static void client_free(struct client *c)
{
	struct manager *m = c->manager;

	for (size_t i = 0; i < m->n_clients; i++)
		if (m->clients[i] == c)
			m->clients[i--] = m->clients[--m->n_clients];
	sd_event_source_unref(c->source);
	events_cursor_clear(&c->cursor);
	close(c->fd);
	free_all(c->reply, c->unsent, c->by, c);
}

/* The message to send next, or NULL: it is the client's turn, or the log's. The caller frees. */
static char *next_message(struct client *c)
{
	cleanup_err struct err err = ERR_INIT;
	char *message = NULL;
	int r = 1;

	switch (c->sends) {
	case CLIENT_NOTHING:
		return NULL;
	case CLIENT_REPLY:
		c->sends = CLIENT_NOTHING;
		return steal_ptr(c->reply);
	case CLIENT_EVENTS:
		r = events_read(c->manager->events, &c->cursor, &message, &err);
		if (r == 0 && c->follow)
			return NULL;
		break;
	case CLIENT_STATUS:
		message = request_status_next(c);
		r = message != NULL;
		break;
	}
	if (r == 1)
		return message;
	c->sends = CLIENT_NOTHING;
	return r < 0 ? request_failed(&err) : xstrdup("{\"done\":true}");
}

/* Sends until it has no room. False: the client is gone. */
static bool serve(struct client *c)
{
	for (;;) {
		if (!c->unsent)
			c->unsent = next_message(c);
		bool waits = !c->unsent;
		if (waits) {
			(void)sd_event_source_set_io_events(c->source, EPOLLIN);
			return true;
		}
		if (send(c->fd, c->unsent, strlen(c->unsent), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
			free(steal_ptr(c->unsent));
			continue;
		}
		if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
			return false;
		/* The next request waits until this one is answered. */
		(void)sd_event_source_set_io_events(c->source, EPOLLOUT);
		return true;
	}
}

/* The descriptors of a message; the caller closes them. */
static size_t take_fds(struct msghdr *message, int *fds)
{
	size_t n = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (n < CONTROL_FDS)
				fds[n++] = fd;
			else
				close(fd);
		}
	}
	return n;
}

/* False: the client is gone. */
static bool receive(struct client *c)
{
	char text[CONTROL_MESSAGE_MAX + 1];
	union {
		char buffer[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = {text, CONTROL_MESSAGE_MAX};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.buffer,
				 .msg_controllen = sizeof(control.buffer)};
	ssize_t n = recvmsg(c->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fds[CONTROL_FDS];

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	size_t n_fds = take_fds(&message, fds);
	bool whole = n > 0 && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
	if (whole) {
		text[n] = 0;
		request_take(c, text, (size_t)n, fds, n_fds);
	}
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	return whole;
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct client *c = data;
	bool alive = !(events & (EPOLLHUP | EPOLLERR));

	(void)source;
	(void)fd;
	if (alive && (events & EPOLLIN))
		alive = receive(c);
	if (!alive || !serve(c))
		client_free(c);
	return 0;
}

static void wake(struct manager *m)
{
	for (size_t i = m->n_clients; i-- > 0;)
		if (m->clients[i]->sends == CLIENT_EVENTS && !serve(m->clients[i]))
			client_free(m->clients[i]);
}

/* Whether the peer may use the socket: root, the manager's own user, a member of the group. */
static bool may_use(const struct manager *m, int fd, struct ucred *ret)
{
	gid_t groups[256];
	socklen_t len = sizeof(*ret), groups_len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &len) < 0)
		return false;
	if (ret->uid == 0 || ret->uid == geteuid())
		return true;
	if (!m->has_operators)
		return false;
	if (ret->gid == m->operators)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_len) < 0)
		return false;
	for (size_t i = 0; i < groups_len / sizeof(*groups); i++)
		if (groups[i] == m->operators)
			return true;
	return false;
}

static int on_connection(sd_event_source *source, int listening, uint32_t events, void *data)
{
	struct manager *m = data;
	struct ucred peer;
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source;
	(void)events;
	if (fd < 0)
		return 0;
	if (m->n_clients == CLIENTS_MAX || !may_use(m, fd, &peer)) {
		static const char no[] = "{\"done\":true,\"error\":{\"kind\":\"refused\",\"text\":"
					 "\"dnsvnfd serves root, its own user and the group "
					 "'operators' of its configuration, 64 clients at most\"}}";
		(void)send(fd, no, strlen(no), MSG_DONTWAIT | MSG_NOSIGNAL);
		close(fd);
		return 0;
	}
	struct client *c = xcalloc(1, sizeof(*c));
	*c = (struct client){.manager = m, .fd = fd, .cursor.fd = -1, .by = request_user(peer.uid)};
	*array_push(m->clients, m->n_clients) = c;
	if (sd_event_add_io(m->loop, &c->source, fd, EPOLLIN, on_client, c) < 0)
		client_free(c);
	return 0;
}

int control_open(struct manager *m, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = m->conf.socket;

	if (!path || strlen(path) >= sizeof(address.sun_path))
		return err_set(err, INVALID, "socket: the path of a socket has 1 to %zu bytes",
			       sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	m->control = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->control < 0)
		return err_errno(err, errno, "cannot create a socket");
	/* The store's lock says that no other manager listens on what is there. */
	(void)unlink(path);
	mode_t before = umask(m->has_operators ? 0117 : 0177);
	int r = bind(m->control, (const struct sockaddr *)&address, sizeof(address));
	int code = errno;
	umask(before);
	if (r < 0)
		return err_errno(err, code, "cannot create the socket %s", path);
	if (m->has_operators && chown(path, (uid_t)-1, m->operators) < 0)
		return err_errno(err, errno, "cannot give %s to group %s", path, m->conf.operators);
	if (listen(m->control, BACKLOG) < 0)
		return err_errno(err, errno, "cannot listen on %s", path);
	m->on_events = wake;
	r = sd_event_add_io(m->loop, &m->control_source, m->control, EPOLLIN, on_connection, m);
	return r < 0 ? err_errno(err, r, "cannot wait for clients") : 0;
}

void control_close(struct manager *m)
{
	m->on_events = NULL;
	while (m->n_clients)
		client_free(m->clients[0]);
	free(steal_ptr(m->clients));
	sd_event_source_unref(m->control_source);
	if (m->control >= 0) {
		close(m->control);
		(void)unlink(m->conf.socket);
	}
}
