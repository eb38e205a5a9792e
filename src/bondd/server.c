// SPDX-License-Identifier: Apache-2.0
#include "bondd/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/json.h"
#include "bondd/metrics.h"
#include "bondd/read.h"

/*
 * One thread, few clients, short requests: whoever wants more is turned away. The time limit is for
 * silence, so a client that sends a byte now and then stays: it must not have every connection.
 */
enum {
	MAX_CONNECTIONS = 16,
	MAX_CONNECTIONS_OF_ONE = 8,
	TIMEOUT_S = 5,
	CONNECTION_MEMORY = 16 << 10,
};

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

static enum MHD_Result handle(void *root, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	static char not_found[] = "not found: ask for /status or /metrics\n";
	static char no_json[] = "the status cannot be written as JSON\n";
	static char not_allowed[] = "method not allowed: GET only\n";

	(void)version;
	(void)upload;
	(void)upload_len;
	(void)state;
	bool metrics = streq(url, "/metrics");
	if (!metrics && !streq(url, "/status"))
		return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain", not_found,
			      MHD_RESPMEM_PERSISTENT);
	if (!streq(method, MHD_HTTP_METHOD_GET))
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", not_allowed,
			      MHD_RESPMEM_PERSISTENT);

	cleanup_guest_status struct guest_status status;
	status_read(root, &status);
	char *body = metrics ? status_metrics(&status) : status_json(&status, NULL);
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
	struct MHD_Daemon *daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, handle, tree, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS_OF_ONE,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);

	if (!daemon) {
		int code = errno;
		close(fd);
		return err_errno(err, code, "cannot start the HTTP server");
	}
	while (MHD_run_wait(daemon, -1) == MHD_YES)
		;
	int code = errno;
	MHD_stop_daemon(daemon);
	return err_errno(err, code, "the HTTP server failed");
}
