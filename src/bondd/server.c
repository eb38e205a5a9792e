// SPDX-License-Identifier: Apache-2.0
#include "bondd/server.h"

#include <limits.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/relay.h"
#include "bondd/status.h"
#include "net/ip.h"
#include "net/status.h"
#include "net/status_json.h"

/*
 * One thread, few clients, short requests. TIMEOUT_S is libmicrohttpd's limit for silence; a
 * connection that sends a byte now and then ends after LIFETIME_US. If there are too many, the
 * oldest is closed, so slow clients never block others.
 */
enum {
	MAX_CONNECTIONS = 16,
	MAX_CONNECTIONS_OF_ONE = 8,
	MAX_CLOSING = 16, /* connections that are shut down, but still counted */
	TIMEOUT_S = 5,
	LIFETIME_US = 5000000,
	SWEEP_MS = 1000,
	CONNECTION_MEMORY = 16 << 10,
};

struct server {
	char *root;
	struct connection {
		int fd;
		int64_t since;          /* us */
	} connections[MAX_CONNECTIONS]; /* the oldest first */
	size_t n;
};

/* libmicrohttpd closes the socket when it sees that it is shut down. */
static void end_oldest(struct server *s)
{
	shutdown(s->connections[0].fd, SHUT_RDWR);
	memmove(s->connections, s->connections + 1, --s->n * sizeof(*s->connections));
}

static void note_connection(void *data, struct MHD_Connection *connection, void **context,
			    enum MHD_ConnectionNotificationCode code)
{
	struct server *s = data;
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

	(void)context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		if (s->n == MAX_CONNECTIONS)
			end_oldest(s);
		s->connections[s->n++] = (struct connection){fd, clock_now()};
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		if (s->connections[i].fd == fd) {
			memmove(s->connections + i, s->connections + i + 1,
				(--s->n - i) * sizeof(*s->connections));
			return;
		}
}

/*
 * A web page can resolve its own name to this address and make a browser read the answer (DNS
 * rebinding). So only an address, localhost and this host's name are served.
 */
static bool is_own_host(const char *host)
{
	char own[HOST_NAME_MAX + 1] = "";
	struct ip_addr ip;

	gethostname(own, sizeof(own) - 1);
	if (*host == '[')
		return strchr(host, ']') != NULL;
	cleanup_free char *name = xstrndup(host, strcspn(host, ":"));
	return ip_parse(name, &ip) || strcasecmp(name, "localhost") == 0 ||
	       (own[0] && strcasecmp(name, own) == 0);
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned code, const char *type,
			      char *body, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(body), body, mode);

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET");

	enum MHD_Result r = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return r;
}

static char *all_metrics(const struct server *s, const struct guest_status *status)
{
	cleanup_free char *of_bonds = status_metrics(status);
	cleanup_free char *of_relay = relay_metrics(s->root);

	return xasprintf("%s%s", of_bonds, of_relay);
}

static enum MHD_Result handle(void *data, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	static char not_found[] = "not found: use /status or /metrics\n";
	static char unreadable[] = "cannot read the status of this machine\n";
	static char no_json[] = "cannot write the status as JSON\n";
	static char not_allowed[] = "method not allowed: GET only\n";
	static char not_ours[] = "unknown host: use this machine's address or name\n";
	const struct server *s = data;
	const char *host =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

	(void)version;
	(void)upload;
	(void)upload_len;
	(void)state;
	if (host && !is_own_host(host))
		return answer(connection, MHD_HTTP_MISDIRECTED_REQUEST, "text/plain", not_ours,
			      MHD_RESPMEM_PERSISTENT);
	bool metrics = streq(url, "/metrics");
	if (!metrics && !streq(url, "/status"))
		return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain", not_found,
			      MHD_RESPMEM_PERSISTENT);
	if (!streq(method, MHD_HTTP_METHOD_GET))
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", not_allowed,
			      MHD_RESPMEM_PERSISTENT);

	cleanup_guest_status struct guest_status status = {0};
	if (status_read(s->root, &status, NULL) < 0)
		return answer(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", unreadable,
			      MHD_RESPMEM_PERSISTENT);
	char *body = metrics ? all_metrics(s, &status) : guest_status_json(&status, NULL);
	if (!body)
		return answer(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", no_json,
			      MHD_RESPMEM_PERSISTENT);
	return answer(connection, MHD_HTTP_OK,
		      metrics ? "text/plain; version=0.0.4" : "application/json", body,
		      MHD_RESPMEM_MUST_FREE);
}

int server_run(int fd, const char *root, struct err *err)
{
	cleanup_free char *tree = xstrdup(root);
	struct server s = {.root = tree};
	struct MHD_Daemon *daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, handle, &s, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_NOTIFY_CONNECTION, note_connection, &s, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)MAX_CONNECTIONS + MAX_CLOSING, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)MAX_CONNECTIONS_OF_ONE, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_END);

	if (!daemon) {
		int code = errno;
		close(fd);
		return err_errno(err, code, "cannot start the HTTP server");
	}
	while (MHD_run_wait(daemon, SWEEP_MS) == MHD_YES)
		while (s.n && clock_now() - s.connections[0].since > LIFETIME_US)
			end_oldest(&s);
	int code = errno;
	MHD_stop_daemon(daemon);
	return err_errno(err, code, "the HTTP server failed");
}
