// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/str.h"
#include "vim/openstack/clouds.h"
#include "vim/openstack/token.h"
#include "vim/vim.h"

#define MAX_TRIES        5
#define FIRST_WAIT_MS    250.0
#define MAX_WAIT_MS      30000.0
#define NOVA_MINOR_LEAST 60 /* Queens */
#define NOVA_MINOR_MOST  90 /* what this client was tried with; newer ones are not asked for */

struct session {
	const struct cloud *cloud;
	char *project; /* instead of the cloud's, or NULL */
	struct http *http;
	const struct run_ctx *run;
	struct token token;
	unsigned generation; /* of the token, rising */
	unsigned nova_minor;
	bool nova_asked; /* nova_minor is what Nova offers, not what this client hopes for */
	size_t requests;
};

static bool show_timings;

void vim_show_timings(bool on)
{
	show_timings = on;
}

struct call *call_new(enum service service, const char *method, char *path, json_t *body)
{
	struct call *call = xcalloc(1, sizeof(*call));

	call->service = service;
	call->method = method;
	call->path = path;
	call->body = body;
	call->repeatable = !streq(method, "POST");
	return call;
}

void call_free(struct call *call)
{
	if (!call)
		return;
	free(call->path);
	json_decref(call->body);
	json_decref(call->answer);
	if (call->subject_token)
		explicit_bzero(call->subject_token, strlen(call->subject_token));
	free(call->subject_token);
	err_clear(&call->err);
	free(call->url);
	if (call->text)
		explicit_bzero(call->text, strlen(call->text));
	free(call->text);
	free(call);
}

struct session *session_new(const struct cloud *cloud, const char *project,
			    const struct run_ctx *run)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->cloud = cloud;
	s->project = xstrdup(project);
	s->run = run;
	s->http = http_new(cloud, run);
	s->nova_minor = NOVA_MINOR_MOST;
	return s;
}

/* Whatever is not spent on a CPU is waiting: for an answer, or for what it tells to change. */
static void print_times(const struct session *s)
{
	double wall = http_elapsed(s->http) / 1e3;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	fprintf(stderr,
		"timings: %zu requests in %.2f s, %.1f %% of it not waiting; own CPU time %.3f s, "
		"peak memory %.1f MB\n",
		s->requests, wall, wall > 0 ? 100 * cpu / wall : 0, cpu,
		(double)usage.ru_maxrss / 1024);
}

void session_free(struct session *s)
{
	if (!s)
		return;
	if (show_timings && s->requests)
		print_times(s);
	http_free(s->http);
	token_clear(&s->token);
	free(s->project);
	free(s);
}

static const char *service_name(enum service service)
{
	switch (service) {
	case SERVICE_IDENTITY:
		return "Keystone";
	case SERVICE_IMAGE:
		return "Glance";
	case SERVICE_NETWORK:
		return "Neutron";
	case SERVICE_COMPUTE:
		return "Nova";
	}
	return "?";
}

/* Path of a URL without its query, which may hold names; for logs and errors. */
static char *plain_path(const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;

	return xstrndup(path ? path : "/", strcspn(path ? path : "/", "?"));
}

char *session_error_message(const char *body, size_t len)
{
	json_t *root = json_loadb(body, len, 0, NULL);
	const char *key;
	json_t *value;
	char *message = NULL;

	/* {"error": {"message": ...}}, {"NeutronError": {"message": ...}}, {"badRequest": ...} */
	json_object_foreach (root, key, value) {
		char *text = json_try_text(value, "message");
		if (!text && streq(key, "message"))
			text = json_try_text(root, key);
		if (!message)
			message = text;
		else
			free(text);
	}
	json_decref(root);
	return message;
}

struct meaning {
	enum err_kind kind;
	int code; /* errno, 0: the one of the kind */
};

/* Of an HTTP status and the service's own words. */
static struct meaning status_meaning(long status, const char *message)
{
	bool quota = message && strstr(message, "uota");

	switch (status) {
	case 401: /* nobody gets in without a login */
		return (struct meaning){ERR_UNREACHABLE, EACCES};
	case 403:
		return (struct meaning){ERR_REFUSED, quota ? EDQUOT : EKEYREJECTED};
	case 404:
		return (struct meaning){ERR_NOT_FOUND, 0};
	case 409:
		return (struct meaning){ERR_REFUSED, quota ? EDQUOT : EEXIST};
	case 413:
		return (struct meaning){ERR_REFUSED, quota ? EDQUOT : EFBIG};
	case 429:
	case 502:
	case 503:
	case 504:
		return (struct meaning){ERR_UNREACHABLE, 0};
	default:
		return (struct meaning){status < 500 ? ERR_REFUSED : ERR_FAILED, 0};
	}
}

static void set_refusal(struct call *call, const struct http_answer *answer)
{
	cleanup_free char *message = session_error_message(answer->body, answer->len);
	cleanup_free char *path = plain_path(call->url);
	const char *id = answer->request_id;

	const struct meaning meaning = status_meaning(answer->status, message);

	call->result =
		err_set_kind(&call->err, meaning.kind, meaning.code, "%s: %s %s: HTTP %ld: %s (%s)",
			     service_name(call->service), call->method, path, answer->status,
			     message ? message : "no reason given", id ? id : "no request id");
}

static void set_transport_error(struct call *call, const struct http_answer *answer)
{
	cleanup_free char *path = plain_path(call->url);
	bool stopped = http_interrupted(call->session->http);

	call->result =
		err_set_kind(&call->err, stopped ? ERR_INTERRUPTED : answer->err.kind, 0,
			     "%s: %s %s: %s (no answer, so no request id)",
			     service_name(call->service), call->method, path, answer->err.text);
}

static void set_nonsense(struct call *call, const struct http_answer *answer)
{
	cleanup_free char *path = plain_path(call->url);
	const char *id = answer->request_id;

	call->result = err_code(&call->err, UNREACHABLE, EPROTO,
				"%s: %s %s: HTTP %ld, but the body is no JSON: is something else "
				"listening there, or a proxy in between? (%s)",
				service_name(call->service), call->method, path, answer->status,
				id ? id : "no request id");
}

static void send_call(void *data);

static void call_is_done(void *data)
{
	struct call *call = data;

	call->done(call, call->data);
}

static bool may_be_repeated(const struct call *call, const struct http_answer *answer,
			    bool nonsense)
{
	if (call->tries >= MAX_TRIES || http_interrupted(call->session->http))
		return false;
	switch (answer->status) {
	case 429: /* refused unread, says RFC 6585; so do the API guidelines of 503 */
	case 503:
		return !call->upload;
	case 0:
		return (call->repeatable || !answer->reached) &&
		       answer->err.kind == ERR_UNREACHABLE && !call->upload;
	case 500:
	case 502:
	case 504:
		return call->repeatable && !call->upload;
	default:
		return nonsense && call->repeatable && !call->upload;
	}
}

static double wait_before_try(const struct call *call, const struct http_answer *answer)
{
	double wait = FIRST_WAIT_MS * (double)(1u << (call->tries - 1));

	if (answer->retry_after >= 0)
		wait = answer->retry_after * 1e3;
	return wait > MAX_WAIT_MS ? MAX_WAIT_MS : wait;
}

static void log_answer(const struct call *call, const struct http_answer *answer)
{
	cleanup_free char *path = plain_path(call->url);
	cleanup_free char *what =
		answer->status ? xasprintf("%ld", answer->status) : xstrdup(answer->err.text);

	log_info("%s %s %s: %s in %.0f ms", service_name(call->service), call->method, path, what,
		 answer->ms);
	if (show_timings)
		fprintf(stderr, "timings: %7.3f s +%6.3f s  %-8s %-6s %s %s\n",
			answer->start_ms / 1e3, answer->ms / 1e3, service_name(call->service),
			call->method, path, what);
}

static void nothing_more(struct call *call, void *data)
{
	(void)call;
	(void)data;
}

/*
 * One call of its own, waited for, while those of the session may be under way: for what they all
 * need before they can go on. Takes the call over; *ret_token (may be NULL) is borrowed from it.
 */
static int aside(struct session *s, struct call *call, json_t **ret_answer, struct token *ret_token,
		 struct err *err)
{
	struct session once = {.cloud = s->cloud,
			       .http = http_new(s->cloud, s->run),
			       .token = ret_token ? (struct token){0} : s->token,
			       .nova_minor = 1, /* every Nova knows this one */
			       .nova_asked = true};

	call->done = nothing_more;
	call->renewed = true; /* who asks aside renews, or is renewing */
	session_start(&once, call);
	session_run(&once);
	s->requests += once.requests;
	http_free(once.http);
	int r = call->result;
	if (r < 0)
		err_copy(err, &call->err);
	else if (ret_token)
		r = token_parse(call->answer, call->subject_token, ret_token, err);
	if (r == 0 && ret_answer)
		*ret_answer = json_incref(call->answer);
	call_free(call);
	return r;
}

int session_login(struct session *s, bool *ret_no_project, struct err *err)
{
	if (s->token.id)
		return 0;

	struct call *call = call_new(SERVICE_IDENTITY, "POST", xstrdup("/auth/tokens"),
				     token_request(s->cloud, s->project));
	const char *project = s->project ? s->project : s->cloud->project_name;
	cleanup_err struct err why = ERR_INIT;

	call->repeatable = true; /* a token too many expires by itself */
	int r = aside(s, call, NULL, &s->token, &why);
	if (r < 0) {
		if (ret_no_project)
			*ret_no_project = r == -EACCES;
		return err_pass(err, &why, "cloud \"%s\", project %s", s->cloud->name,
				project ? project : "of the credentials");
	}
	s->generation++;
	return 0;
}

const char *session_project_id(const struct session *s)
{
	return s->token.project_id;
}

const char *session_project_name(const struct session *s)
{
	return s->token.project_name;
}

const char *session_project_domain_id(const struct session *s)
{
	return s->token.project_domain_id ? s->token.project_domain_id : "default";
}

const char *session_user_id(const struct session *s)
{
	return s->token.user_id;
}

bool session_has_role(const struct session *s, const char *role)
{
	for (size_t i = 0; i < s->token.n_roles; i++)
		if (streq(s->token.roles[i], role))
			return true;
	return false;
}

size_t session_role_ids(const struct session *s, const char *const **ret_ids)
{
	*ret_ids = (const char *const *)s->token.role_ids;
	return s->token.n_role_ids;
}

unsigned session_nova_minor(const struct session *s)
{
	return s->nova_minor;
}

static bool is_success(long status)
{
	return status >= 200 && status < 300;
}

static void take_answer(struct call *call, const struct http_answer *answer, bool nonsense)
{
	call->status = answer->status;
	call->subject_token = xstrdup(answer->subject_token);
	if (answer->status == 0) {
		set_transport_error(call, answer);
		call->lost = !call->repeatable && answer->reached;
	} else if (!is_success(answer->status)) {
		set_refusal(call, answer);
		call->lost = !call->repeatable && answer->status >= 500;
	} else if (nonsense) {
		set_nonsense(call, answer);
		call->lost = !call->repeatable;
	}
}

/* Finds out what Nova offers, once for all calls that were told 406. */
static bool negotiate(struct session *s, struct call *call)
{
	cleanup_err struct err err = ERR_INIT;
	json_t *answer = NULL;

	if (s->nova_asked)
		return call->nova_minor != s->nova_minor;
	struct call *ask = call_new(SERVICE_COMPUTE, "GET", xstrdup("/"), NULL);
	ask->of_version = true;
	if (aside(s, ask, &answer, NULL, &err) < 0) {
		call->result = err_copy(&call->err, &err);
		return false;
	}
	const char *most =
		json_string_value(json_object_get(json_object_get(answer, "version"), "version"));
	int64_t minor = 0;
	if (!most || !str_starts(most, "2.") || str_to_int(most + 2, 0, 9999, &minor) < 0 ||
	    minor < NOVA_MINOR_LEAST)
		call->result = err_code(&call->err, NOT_FOUND, ENOTSUP,
					"Nova of cloud %s offers microversions up to %s; dnsvnf "
					"needs 2.%u (Queens) or newer",
					s->cloud->name, most ? most : "(none)", NOVA_MINOR_LEAST);
	else
		s->nova_minor = minor < NOVA_MINOR_MOST ? (unsigned)minor : NOVA_MINOR_MOST;
	s->nova_asked = true;
	json_decref(answer);
	return call->result == 0;
}

/* Gets a new token once for all calls that found the old one expired. */
static bool renew(struct session *s, struct call *call)
{
	call->renewed = true;
	if (call->generation == s->generation) {
		cleanup_err struct err err = ERR_INIT;
		token_clear(&s->token);
		if (session_login(s, NULL, &err) < 0) {
			call->result = err_copy(&call->err, &err);
			return false;
		}
	}
	return true;
}

static void answered(void *data, const struct http_answer *answer)
{
	struct call *call = data;
	struct session *s = call->session;

	log_answer(call, answer);
	/* The body of a DELETE is of no interest; an upload has none. */
	bool has_json =
		is_success(answer->status) && answer->len > 0 && !streq(call->method, "DELETE");
	call->answer = has_json ? json_loadb(answer->body, answer->len, 0, NULL) : NULL;
	bool nonsense = has_json && !call->answer;
	if (may_be_repeated(call, answer, nonsense)) {
		http_after(s->http, wait_before_try(call, answer), send_call, call);
		return;
	}
	bool again = false;
	if (answer->status == 401 && !call->renewed && s->token.id)
		again = renew(s, call);
	else if (answer->status == 406 && call->service == SERVICE_COMPUTE)
		again = negotiate(s, call);
	if (again) {
		send_call(call);
		return;
	}
	if (call->result == 0)
		take_answer(call, answer, nonsense);
	call->done(call, call->data);
}

/* The URL of the service with its version, without a slash at the end; NULL: not in the catalog. */
static char *service_url(const struct session *s, enum service service)
{
	static const struct {
		const char *types[2];
		const char *version; /* appended where the catalog's URL has none */
		const char *mark;
	} table[SERVICES] = {
		[SERVICE_IDENTITY] = {{"identity", NULL}, "/v3", "/v3"},
		[SERVICE_IMAGE] = {{"image", NULL}, "/v2", "/v2"},
		[SERVICE_NETWORK] = {{"network", NULL}, "/v2.0", "/v2.0"},
		[SERVICE_COMPUTE] = {{"compute", "compute_legacy"}, "/v2.1", "/v2"},
	};
	const char *url = NULL;

	if (service == SERVICE_IDENTITY)
		url = s->cloud->auth_url;
	for (size_t i = 0; i < ARRAY_SIZE(table[service].types) && !url; i++)
		if (table[service].types[i])
			url = token_endpoint(&s->token, table[service].types[i], s->cloud->region,
					     s->cloud->interface);
	if (!url)
		return NULL;
	size_t len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	cleanup_free char *bare = xstrndup(url, len);
	return strstr(bare, table[service].mark) ? steal_ptr(bare)
						 : xasprintf("%s%s", bare, table[service].version);
}

static struct curl_slist *headers(const struct session *s, const struct call *call)
{
	cleanup_free char *token = s->token.id ? xasprintf("X-Auth-Token: %s", s->token.id) : NULL;
	struct curl_slist *list = curl_slist_append(NULL, "Accept: application/json");

	/* No question before a body: it costs a round trip, and proxies do not answer it. */
	list = curl_slist_append(list, "Expect:");
	if (call->upload)
		list = curl_slist_append(list, "Content-Type: application/octet-stream");
	else if (call->body)
		list = curl_slist_append(list, "Content-Type: application/json");
	if (token) {
		list = curl_slist_append(list, token);
		explicit_bzero(token, strlen(token));
	}
	if (call->service == SERVICE_COMPUTE) {
		cleanup_free char *version =
			xasprintf("OpenStack-API-Version: compute 2.%u", s->nova_minor);
		list = curl_slist_append(list, version);
	}
	return list;
}

static void send_call(void *data)
{
	struct call *call = data;
	struct session *s = call->session;

	if (http_interrupted(s->http) && call->tries > 0) {
		call->result = err_set(&call->err, INTERRUPTED, "interrupted");
		call->done(call, call->data);
		return;
	}
	call->tries++;
	call->generation = s->generation;
	call->nova_minor = s->nova_minor;
	s->requests++;
	http_start(s->http,
		   &(struct http_request){.method = call->method,
					  .url = call->url,
					  .headers = headers(s, call),
					  .body = call->text,
					  .upload = call->upload,
					  .once = !call->repeatable},
		   answered, call);
}

void session_start(struct session *s, struct call *call)
{
	cleanup_free char *base = service_url(s, call->service);

	call->session = s;
	/* Old catalogs have the project's id behind the version. */
	char *version = call->of_version && base ? strstr(base, "/v2.1/") : NULL;
	if (version)
		version[strlen("/v2.1")] = 0;
	call->url = xasprintf("%s%s", base ? base : "", call->path);
	call->text = call->body ? json_dumps(call->body, JSON_COMPACT) : NULL;
	if (base) {
		send_call(call);
		return;
	}
	call->result = err_code(&call->err, NOT_FOUND, ENOTSUP,
				"the catalog of cloud %s has no %s with interface %s in region %s",
				s->cloud->name, service_name(call->service), s->cloud->interface,
				s->cloud->region ? s->cloud->region : "(any)");
	http_after(s->http, 0, call_is_done, call);
}

void session_after(struct session *s, double delay_ms, void (*fn)(void *data), void *data)
{
	http_after(s->http, delay_ms, fn, data);
}

void session_uninterruptible(struct session *s)
{
	http_uninterruptible(s->http);
}

void session_run(struct session *s)
{
	http_run(s->http);
}

int session_calls(struct session *s, struct call **calls, size_t n, struct err *err)
{
	int r = session_login(s, NULL, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		calls[i]->done = nothing_more;
		session_start(s, calls[i]);
	}
	session_run(s);
	for (size_t i = 0; i < n; i++)
		if (calls[i]->result < 0)
			return err_copy(err, &calls[i]->err);
	return 0;
}

int session_call(struct session *s, enum service service, const char *method, char *path,
		 json_t *body, json_t **ret, struct err *err)
{
	struct call *call = call_new(service, method, path, body);
	int r = session_calls(s, &call, 1, err);

	if (r == 0 && ret)
		*ret = json_incref(call->answer);
	call_free(call);
	return r;
}
