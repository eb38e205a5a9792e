// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/session.h"

#include <errno.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/alloc.h"
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
#define NOVA_MINOR_ALL   1  /* every Nova knows it */
#define NOVA_MINOR_MOST  90 /* the newest that this client was tested with */

/* Calls that cannot be sent before another one is answered. */
struct gate {
	bool pending;
	struct call **waiting;
	size_t n;
};

struct session {
	const struct cloud *cloud;
	char *project; /* instead of the cloud's, or NULL */
	struct http *http;
	struct token token;
	struct gate login, negotiation;
	struct err login_err; /* of the last login that failed */
	unsigned generation;  /* of the token, rising */
	unsigned nova_minor;
	bool nova_asked; /* nova_minor is known, not assumed */
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
	free_all(call->path, call->message, call->request_id);
	json_decref(call->body);
	json_decref(call->answer);
	if (call->subject_token)
		explicit_bzero(call->subject_token, strlen(call->subject_token));
	free(call->subject_token);
	err_clear(&call->err);
	free(call->url);
	if (call->text)
		explicit_bzero(call->text, strlen(call->text));
	free_all(call->text, call);
}

const char *call_request_id(const struct call *call)
{
	return call->request_id ? call->request_id : "no request id";
}

struct session *session_new(const struct cloud *cloud, const char *project,
			    const struct run_ctx *run)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->cloud = cloud;
	s->project = xstrdup(project);
	s->http = http_new(cloud, run);
	s->nova_minor = NOVA_MINOR_MOST;
	return s;
}

/* Time not spent on a CPU is spent waiting for an answer or a change of state. */
static void print_times(const struct session *s)
{
	double wall = http_elapsed(s->http) / 1e3;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	fprintf(stderr,
		"timings: %zu %s in %.2f s, %.1f %% of it not waiting; own CPU time %.3f s, "
		"peak memory %.1f MB\n",
		s->requests, plural(s->requests, "request", "requests"), wall,
		wall > 0 ? 100 * cpu / wall : 0, cpu, (double)usage.ru_maxrss / 1024);
}

void session_free(struct session *s)
{
	if (!s)
		return;
	if (show_timings && s->requests)
		print_times(s);
	http_free(s->http);
	token_clear(&s->token);
	err_clear(&s->login_err);
	free_all(s->login.waiting, s->negotiation.waiting, s->project, s);
}

static const char *service_name(enum service service)
{
	static const char *const names[] = {
		[SERVICE_IDENTITY] = "Keystone",
		[SERVICE_IMAGE] = "Glance",
		[SERVICE_NETWORK] = "Neutron",
		[SERVICE_COMPUTE] = "Nova",
	};

	return names[service];
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

/* From an HTTP status and the service's message. */
static struct meaning status_meaning(long status, const char *message)
{
	bool quota = message && strstr(message, "uota");

	switch (status) {
	case 401: /* the credentials were refused */
		return (struct meaning){ERR_REFUSED, EACCES};
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
	free(call->message);
	const char *message = call->message = session_error_message(answer->body, answer->len);
	cleanup_free char *path = plain_path(call->url);
	const struct meaning meaning = status_meaning(answer->status, message);

	call->result =
		err_set_kind(&call->err, meaning.kind, meaning.code, "%s: %s %s: HTTP %ld: %s (%s)",
			     service_name(call->service), call->method, path, answer->status,
			     message ? message : "no reason given", call_request_id(call));
}

static void set_transport_error(struct call *call, const struct http_answer *answer)
{
	cleanup_free char *path = plain_path(call->url);
	bool stopped = http_interrupted(call->session->http);

	call->result =
		err_set_kind(&call->err, stopped ? ERR_INTERRUPTED : answer->err.kind, 0,
			     "%s: %s %s: %s (no reply, so no request id)",
			     service_name(call->service), call->method, path, answer->err.text);
}

int call_misread(const struct call *call, struct err *err, const char *fmt, ...)
{
	cleanup_free char *path = plain_path(call->url);
	cleanup_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	return err_code(err, UNREACHABLE, EPROTO, "%s: %s %s: %s (%s)", service_name(call->service),
			call->method, path, text, call_request_id(call));
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
	struct http *http = call->session->http;

	if (call->tries >= MAX_TRIES || http_interrupted(http) ||
	    http_elapsed(http) - call->start_ms > http_deadline_ms(http))
		return false;
	switch (answer->status) {
	case 429: /* not processed: RFC 6585; for 503, the API guidelines */
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

/* The call that this one has to wait for, or NULL. */
static struct gate *gate_before(struct session *s, const struct call *call)
{
	if (call->purpose == PURPOSE_LOGIN)
		return NULL;
	if (s->login.pending)
		return &s->login;
	return s->negotiation.pending && call->service == SERVICE_COMPUTE &&
			       call->purpose != PURPOSE_VERSION
		       ? &s->negotiation
		       : NULL;
}

/* Sends the calls that waited; with an error (code not 0) they fail. */
static void open_gate(struct gate *gate, const struct err *err)
{
	cleanup_free struct call **waiting = steal_ptr(gate->waiting);
	size_t n = gate->n;

	*gate = (struct gate){0};
	for (size_t i = 0; i < n; i++) {
		if (err->code == 0) {
			send_call(waiting[i]);
			continue;
		}
		waiting[i]->result = err_copy(&waiting[i]->err, err);
		call_is_done(waiting[i]);
	}
}

static void login_done(struct call *call, void *data)
{
	struct session *s = data;
	const char *project = s->project ? s->project : s->cloud->project_name;
	cleanup_err struct err err = ERR_INIT;
	struct token token;
	int r = call->result < 0 ? err_copy(&err, &call->err)
				 : token_parse(call->answer, call->subject_token, &token, &err);

	call_free(call);
	err_clear(&s->login_err);
	if (r == 0) {
		token_clear(&s->token);
		s->token = token;
		s->generation++;
	} else {
		err_pass(&s->login_err, &err, "cloud \"%s\", project %s", s->cloud->name,
			 project ? project : "of the credentials");
	}
	open_gate(&s->login, &s->login_err);
}

/* The catalog of the old token, if any, stays in use until the new one is there. */
static void start_login(struct session *s)
{
	struct call *call = call_new(SERVICE_IDENTITY, "POST", xstrdup("/auth/tokens"),
				     token_request(s->cloud, s->project));

	s->login.pending = true;
	call->repeatable = true; /* an unused token expires */
	call->purpose = PURPOSE_LOGIN;
	call->done = login_done;
	call->data = s;
	session_start(s, call);
}

int session_login(struct session *s, bool *ret_no_project, struct err *err)
{
	if (s->token.id)
		return 0;
	start_login(s);
	session_run(s);
	if (s->token.id)
		return 0;
	if (ret_no_project)
		*ret_no_project = s->login_err.code == -EACCES;
	return err_copy(err, &s->login_err);
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

const char *session_region(const struct session *s)
{
	const struct cloud_service *compute = &s->cloud->services[SERVICE_COMPUTE];
	const struct endpoint_query query = {.type = compute->type ? compute->type : "compute",
					     .name = compute->name,
					     .interfaces = &compute->interfaces};

	if (s->cloud->region)
		return s->cloud->region;
	return compute->region ? compute->region : token_region(&s->token, &query);
}

const char *session_user_id(const struct session *s)
{
	return s->token.user_id;
}

const char *session_user_name(const struct session *s)
{
	return s->token.user_name;
}

bool session_has_role(const struct session *s, const char *role)
{
	return array_find(s->token.roles, s->token.n_roles, streq(*it, role)) != NULL;
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
	call->len = answer->len;
	call->subject_token = xstrdup(answer->subject_token);
	call->request_id = xstrdup(answer->request_id);
	if (answer->status == 0) {
		set_transport_error(call, answer);
		call->lost = !call->repeatable && answer->reached;
	} else if (!is_success(answer->status)) {
		set_refusal(call, answer);
		call->lost = !call->repeatable && answer->status >= 500;
	} else if (nonsense) {
		call->result = call_misread(
			call, &call->err,
			"HTTP %ld, but the body is not JSON: check the endpoint and any "
			"proxy in between",
			call->status);
		call->lost = !call->repeatable;
	}
}

static void version_done(struct call *call, void *data)
{
	struct session *s = data;
	const json_t *version = json_object_get(call->answer, "version");
	const char *most = json_string_value(json_object_get(version, "version"));
	cleanup_err struct err err = ERR_INIT;
	int64_t minor = 0;

	if (call->result < 0)
		err_copy(&err, &call->err);
	else if (!most || !str_starts(most, "2.") || str_to_int(most + 2, 0, 9999, &minor) < 0 ||
		 minor < NOVA_MINOR_LEAST)
		err_code(&err, NOT_FOUND, ENOTSUP,
			 "cloud \"%s\": Nova offers microversions up to %s; dnsvnf needs 2.%u "
			 "(Queens) or newer",
			 s->cloud->name, most ? most : "(none)", NOVA_MINOR_LEAST);
	else
		s->nova_minor = minor < NOVA_MINOR_MOST ? (unsigned)minor : NOVA_MINOR_MOST;
	/* Otherwise a later refused call renews it again and fails for the same reason. */
	s->nova_asked = err.code == 0;
	call_free(call);
	open_gate(&s->negotiation, &err);
}

static void start_negotiation(struct session *s)
{
	struct call *call = call_new(SERVICE_COMPUTE, "GET", xstrdup("/"), NULL);

	s->negotiation.pending = true;
	call->purpose = PURPOSE_VERSION;
	call->done = version_done;
	call->data = s;
	session_start(s, call);
}

/*
 * An expired token, or a microversion that Nova does not know, is replaced once for all affected
 * calls; they wait and are sent again. Returns whether this call is one of them.
 */
static bool send_again(struct session *s, struct call *call, long status)
{
	if (status == 401 && call->purpose != PURPOSE_LOGIN && !call->renewed) {
		call->renewed = true;
		if (call->generation == s->generation && !s->login.pending)
			start_login(s);
	} else if (status == 406 && call->service == SERVICE_COMPUTE &&
		   call->purpose != PURPOSE_VERSION) {
		if (!s->nova_asked && !s->negotiation.pending)
			start_negotiation(s);
		else if (s->nova_asked && (call->nova_most || call->nova_minor == s->nova_minor))
			return false;
	} else {
		return false;
	}
	send_call(call);
	return true;
}

static void answered(void *data, const struct http_answer *answer)
{
	struct call *call = data;
	struct session *s = call->session;

	log_answer(call, answer);
	/* The body of a DELETE's answer is not used; an upload's answer has none. */
	bool has_json =
		is_success(answer->status) && answer->len > 0 && !streq(call->method, "DELETE");
	call->answer = has_json ? json_loadb(answer->body, answer->len, 0, NULL) : NULL;
	bool nonsense = has_json && !call->answer;
	if (may_be_repeated(call, answer, nonsense)) {
		http_after(s->http, wait_before_try(call, answer), send_call, call);
		return;
	}
	if (send_again(s, call, answer->status))
		return;
	take_answer(call, answer, nonsense);
	call->done(call, call->data);
}

/* In the catalog, by each of the usual types. */
static const char *catalog_url(const struct session *s, enum service service)
{
	static const char *const types[SERVICES][2] = {
		[SERVICE_IDENTITY] = {"identity", NULL},
		[SERVICE_IMAGE] = {"image", NULL},
		[SERVICE_NETWORK] = {"network", NULL},
		[SERVICE_COMPUTE] = {"compute", "compute_legacy"},
	};
	const struct cloud_service *own = &s->cloud->services[service];
	struct endpoint_query query = {.type = own->type,
				       .name = own->name,
				       .region = own->region ? own->region : session_region(s),
				       .interfaces = &own->interfaces};
	const char *url = own->type ? token_endpoint(&s->token, &query) : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(types[service]) && !own->type && !url; i++) {
		query.type = types[service][i];
		url = query.type ? token_endpoint(&s->token, &query) : NULL;
	}
	return url;
}

/* The URL of the service with its version, without a slash at the end; NULL: not in the catalog.
 * Keystone's is auth_url, unless the cloud says otherwise; tokens come from auth_url always. */
static char *service_url(const struct session *s, enum service service, bool login)
{
	static const struct {
		const char *version; /* appended if the URL has none */
		const char *mark;
	} table[SERVICES] = {
		[SERVICE_IDENTITY] = {"/v3", "/v3"},
		[SERVICE_IMAGE] = {"/v2", "/v2"},
		[SERVICE_NETWORK] = {"/v2.0", "/v2.0"},
		[SERVICE_COMPUTE] = {"/v2.1", "/v2"},
	};
	const struct cloud_service *own = &s->cloud->services[service];
	bool at_auth_url = login || (service == SERVICE_IDENTITY && own->interfaces.n == 0);
	cleanup_free char *override =
		own->override && !login ? cloud_expand_override(own->override, s->token.project_id,
								s->token.user_id)
					: NULL;
	const char *url = override      ? override
			  : at_auth_url ? s->cloud->auth_url
					: catalog_url(s, service);

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
	bool with_token = s->token.id && call->purpose != PURPOSE_LOGIN;
	cleanup_free char *token = with_token ? xasprintf("X-Auth-Token: %s", s->token.id) : NULL;
	struct curl_slist *list = curl_slist_append(NULL, "Accept: application/json");

	/* No "Expect: 100-continue": it costs a round trip, and proxies do not answer it. */
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
			xasprintf("OpenStack-API-Version: compute 2.%u", call->nova_minor);
		list = curl_slist_append(list, version);
	}
	return list;
}

static void send_call(void *data)
{
	struct call *call = data;
	struct session *s = call->session;
	struct gate *gate = gate_before(s, call);

	if (http_interrupted(s->http) && call->tries > 0) {
		call->result = err_set(&call->err, INTERRUPTED, "interrupted");
		call->done(call, call->data);
		return;
	}
	if (gate) {
		*array_push(gate->waiting, gate->n) = call;
		return;
	}
	if (call->tries++ == 0)
		call->start_ms = http_elapsed(s->http);
	call->generation = s->generation;
	call->nova_minor = call->purpose == PURPOSE_VERSION ? NOVA_MINOR_ALL
			   : call->nova_most                ? call->nova_most
							    : s->nova_minor;
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

/* Whether a token that came over https would be sent over http. */
static bool would_leak(const struct session *s, const char *url)
{
	return strncasecmp(s->cloud->auth_url, "https:", 6) == 0 &&
	       strncasecmp(url, "https:", 6) != 0 &&
	       !streq(getenv("DNSVNF_INSECURE_TRANSPORT"), "1");
}

static void set_not_in_catalog(struct call *call)
{
	const struct session *s = call->session;
	const struct cloud_service *own = &s->cloud->services[call->service];
	const char *region = own->region ? own->region : session_region(s);
	cleanup_strbuf struct strbuf interfaces = {0};

	for (size_t i = 0; i < own->interfaces.n; i++)
		strbuf_addf(&interfaces, "%s%s", i ? " or " : "", own->interfaces.v[i]);
	call->result =
		err_code(&call->err, NOT_FOUND, ENOTSUP,
			 "cloud \"%s\": the catalog has no %s%s%s with interface %s in region %s",
			 s->cloud->name, service_name(call->service), own->name ? " named " : "",
			 own->name ? own->name : "", interfaces.s ? interfaces.s : "-",
			 region ? region : "(any)");
}

void session_start(struct session *s, struct call *call)
{
	cleanup_free char *base = service_url(s, call->service, call->purpose == PURPOSE_LOGIN);

	call->session = s;
	/* Old catalogs append the project's id to the version. */
	char *version = call->purpose == PURPOSE_VERSION && base ? strstr(base, "/v2.1/") : NULL;
	if (version)
		version[strlen("/v2.1")] = 0;
	call->url = xasprintf("%s%s", base ? base : "", call->path);
	call->text = call->body ? json_dumps(call->body, JSON_COMPACT) : NULL;
	bool leak = base && would_leak(s, base);
	if (base && !leak) {
		send_call(call);
		return;
	}
	if (leak)
		call->result = err_set(
			&call->err, REFUSED,
			"cloud \"%s\": %s at %s would get the token in plain text, while Keystone "
			"uses https: have the catalog corrected, select another interface, or set "
			"DNSVNF_INSECURE_TRANSPORT=1",
			s->cloud->name, service_name(call->service), base);
	else
		set_not_in_catalog(call);
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
