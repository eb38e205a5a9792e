// SPDX-License-Identifier: Apache-2.0
/* GET /metrics: Prometheus text. */
#include <inttypes.h>
#include <microhttpd.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "manager/events.h"
#include "manager/manager.h"
#include "probe/probes.h"

enum { CONNECTIONS = 16, TIMEOUT_S = 5, BACKLOG = 16 };

struct metrics_server {
	struct MHD_Daemon *daemon;
	sd_event_source *source;
};

static void add_head(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_label(struct strbuf *out, const char *name, const char *value)
{
	strbuf_addf(out, "%s=\"", name);
	for (; value && *value; value++) {
		if (*value == '\\' || *value == '"')
			strbuf_addf(out, "\\%c", *value);
		else if (*value == '\n')
			strbuf_adds(out, "\\n");
		else
			strbuf_add(out, value, 1);
	}
	strbuf_adds(out, "\"");
}

static void add_vm_labels(struct strbuf *out, const struct managed_vm *vm)
{
	add_label(out, "tenant", vm->of->watch.tenant);
	strbuf_adds(out, ",");
	add_label(out, "deployment", vm->of->watch.deployment);
	strbuf_adds(out, ",");
	add_label(out, "vm_group", vm->watch->group);
	strbuf_adds(out, ",");
	add_label(out, "vm", vm->watch->name);
}

static void add_states(struct strbuf *out, const struct manager *m, int64_t now)
{
	add_head(out, "dnsvnf_vm_state", "gauge", "1: the present state of the VM.");
	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		strbuf_adds(out, "dnsvnf_vm_state{");
		add_vm_labels(out, &m->vms[i]);
		strbuf_adds(out, ",");
		add_label(out, "state", vm_state_name(m->fleet.vms[i].memory.state));
		strbuf_adds(out, "} 1\n");
	}
	add_head(out, "dnsvnf_vm_state_seconds", "gauge", "Time since the VM is in its state.");
	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		strbuf_adds(out, "dnsvnf_vm_state_seconds{");
		add_vm_labels(out, &m->vms[i]);
		strbuf_addf(out, "} %" PRId64 "\n", (now - m->fleet.vms[i].memory.since) / 1000);
	}
}

/* Unknown: no sample. */
static void add_answers(struct strbuf *out, const struct manager *m, const char *name,
			const char *help, size_t offset, int64_t now)
{
	add_head(out, name, "gauge", help);
	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		const struct answers *a =
			(const void *)((const char *)&m->fleet.vms[i].seen + offset);
		enum tristate state = answers_state(a, 1, now);
		if (state == TRI_UNKNOWN)
			continue;
		strbuf_addf(out, "%s{", name);
		add_vm_labels(out, &m->vms[i]);
		strbuf_addf(out, "} %d\n", state == TRI_YES);
	}
}

static void add_holds(struct strbuf *out, const struct manager *m)
{
	unsigned held[HOLDS] = {0};

	for (size_t i = 0; i < m->fleet.n_vms; i++)
		if (m->fleet.vms[i].memory.state == VM_HELD)
			held[m->fleet.vms[i].memory.hold]++;
	add_head(out, "dnsvnf_vms_held", "gauge", "VMs that need healing and may not be healed.");
	for (int h = HOLD_NONE + 1; h < HOLDS; h++) {
		strbuf_adds(out, "dnsvnf_vms_held{");
		add_label(out, "hold", hold_name((enum hold)h));
		strbuf_addf(out, "} %u\n", held[h]);
	}
	add_head(out, "dnsvnf_breaker_tripped", "gauge",
		 "1: too many VMs of the domain are silent, so none of them is healed.");
	for (size_t i = 0; i < m->fleet.n_domains; i++) {
		const struct domain *d = &m->fleet.domains[i];
		if (d->kind >= DOMAIN_DEPLOYMENT)
			continue;
		strbuf_adds(out, "dnsvnf_breaker_tripped{");
		add_label(out, "domain", domain_kind_name(d->kind));
		strbuf_adds(out, ",");
		add_label(out, "name", d->name);
		strbuf_addf(out, "} %d\n", d->tripped);
	}
}

static void add_number(struct strbuf *out, const char *name, const char *type, const char *help,
		       uint64_t value)
{
	add_head(out, name, type, help);
	strbuf_addf(out, "%s %" PRIu64 "\n", name, value);
}

static void add_manager(struct strbuf *out, const struct manager *m, int64_t now)
{
	add_number(out, "dnsvnf_heal_on", "gauge", "1: heal = on; 0: it only watches.",
		   m->conf.heal == HEAL_ON);
	add_number(out, "dnsvnf_deployments", "gauge", "Deployments that are managed.",
		   m->n_deployments);
	add_number(out, "dnsvnf_operator_holds", "gauge", "Holds of `dnsvnf hold`.", m->holds.n);
	add_number(out, "dnsvnf_jobs", "gauge", "Jobs that change the cloud and run now.", m->jobs);
	add_number(out, "dnsvnf_events_total", "counter", "Events in the log, by their number.",
		   events_next(m->events) - 1);
	add_number(out, "dnsvnf_events_dropped_total", "counter",
		   "Events that the disk did not take.", events_dropped(m->events));
	add_number(out, "dnsvnf_events_failing", "gauge",
		   "1: the log cannot be written, so nothing is healed.", m->keep_error != NULL);
	add_head(out, "dnsvnf_vim_age_seconds", "gauge",
		 "Age of the VIM's last answer about the deployment.");
	for (size_t i = 0; i < m->n_deployments; i++) {
		const struct managed *d = m->deployments[i];
		if (d->project->answered_at < 0)
			continue;
		strbuf_adds(out, "dnsvnf_vim_age_seconds{");
		add_label(out, "tenant", d->watch.tenant);
		strbuf_adds(out, ",");
		add_label(out, "deployment", d->watch.deployment);
		strbuf_addf(out, "} %" PRId64 "\n", (now - d->project->answered_at) / 1000);
	}
}

static void add_probes(struct strbuf *out, const struct manager *m)
{
	struct probes_health sum = {0};

	for (size_t i = 0; i <= m->n_deployments; i++) {
		const struct probing *p =
			i < m->n_deployments ? &m->deployments[i]->probing : &m->probing;
		struct probes_health h;
		if (!p->probes)
			continue;
		probes_health(p->probes, &h);
		sum.sent += h.sent;
		sum.answered += h.answered;
		sum.missed += h.missed;
		if (h.late_max_us > sum.late_max_us)
			sum.late_max_us = h.late_max_us;
		if (h.late_p99_us > sum.late_p99_us)
			sum.late_p99_us = h.late_p99_us;
	}
	add_number(out, "dnsvnf_probes_sent_total", "counter", "Echoes and DNS queries.", sum.sent);
	add_number(out, "dnsvnf_probes_answered_total", "counter", "Those that were answered.",
		   sum.answered);
	add_number(out, "dnsvnf_probes_missed_total", "counter", "Those that were not.",
		   sum.missed);
	add_head(out, "dnsvnf_probes_late_seconds_max", "gauge",
		 "How late probes were sent, in the last seconds.");
	strbuf_addf(out, "dnsvnf_probes_late_seconds_max %.6f\n", (double)sum.late_max_us / 1e6);
	add_head(out, "dnsvnf_probes_late_seconds_p99", "gauge",
		 "The same: 99 of 100 probes were less late.");
	strbuf_addf(out, "dnsvnf_probes_late_seconds_p99 %.6f\n", (double)sum.late_p99_us / 1e6);
}

char *metrics_text(const struct manager *m, int64_t now)
{
	struct strbuf out = {0};

	add_states(&out, m, now);
	add_answers(&out, m, "dnsvnf_vm_echo_up", "1: the management address answers echo.",
		    offsetof(struct observation, echo), now);
	add_answers(&out, m, "dnsvnf_vm_dns_up", "1: DNS answers.",
		    offsetof(struct observation, dns), now);
	add_holds(&out, m);
	add_manager(&out, m, now);
	add_probes(&out, m);
	return strbuf_steal(&out);
}

static enum MHD_Result handle(void *data, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **context)
{
	static char wrong_method[] = "only GET\n", wrong_path[] = "only /metrics\n";
	unsigned code = MHD_HTTP_OK;
	char *body;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)context;
	if (!streq(method, "GET")) {
		code = MHD_HTTP_METHOD_NOT_ALLOWED;
		body = wrong_method;
	} else if (!streq(url, "/metrics")) {
		code = MHD_HTTP_NOT_FOUND;
		body = wrong_path;
	} else {
		body = metrics_text(data, manager_now());
	}
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(body), body,
		code == MHD_HTTP_OK ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				"text/plain; version=0.0.4");
	enum MHD_Result r = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return r;
}

static int on_http(sd_event_source *source, int fd, uint32_t events, void *data)
{
	(void)source;
	(void)fd;
	(void)events;
	(void)MHD_run(data);
	return 0;
}

/* "ADDRESS:PORT" or "[IPV6]:PORT". */
static int listen_on(const char *text, int *ret_fd, struct err *err)
{
	const char *colon = strrchr(text, ':');
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				 .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int on = 1;

	if (!colon)
		return err_set(err, INVALID, "listen: '%s' must be ADDRESS:PORT", text);
	bool brackets = text[0] == '[' && colon > text && colon[-1] == ']';
	cleanup_free char *host = brackets ? xstrndup(text + 1, (size_t)(colon - text) - 2)
					   : xstrndup(text, (size_t)(colon - text));
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return err_set(err, INVALID, "listen: '%s' must be ADDRESS:PORT", text);
	cleanup_close int fd =
		socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? -errno : 0;
	if (r == 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (r == 0 && (bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0))
		r = -errno;
	freeaddrinfo(found);
	if (r < 0)
		return err_errno(err, r, "cannot listen on %s", text);
	*ret_fd = steal_fd(&fd);
	return 0;
}

int metrics_open(struct manager *m, struct err *err)
{
	int fd = -1, r;

	if (!m->conf.listen)
		return 0;
	r = listen_on(m->conf.listen, &fd, err);
	if (r < 0)
		return r;
	struct MHD_Daemon *daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, handle, m, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)TIMEOUT_S, MHD_OPTION_END);
	if (!daemon) {
		close(fd);
		return err_set(err, LOCAL, "cannot start the HTTP server on %s", m->conf.listen);
	}
	m->metrics = xcalloc(1, sizeof(*m->metrics));
	m->metrics->daemon = daemon;
	int epoll = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	r = sd_event_add_io(m->loop, &m->metrics->source, epoll, EPOLLIN, on_http, daemon);
	return r < 0 ? err_errno(err, r, "cannot wait for connections") : 0;
}

void metrics_close(struct manager *m)
{
	if (!m->metrics)
		return;
	sd_event_source_unref(m->metrics->source);
	MHD_stop_daemon(m->metrics->daemon);
	free(steal_ptr(m->metrics));
}
