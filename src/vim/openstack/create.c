// SPDX-License-Identifier: Apache-2.0
/*
 * Making things, side by side as far as they do not need each other. Neutron's of one kind that can
 * be made at the same moment go out as one request: it makes all of them or none, in a third of the
 * time. Refused, they are asked for one by one, so that the error names its object. When nobody
 * knows whether a request was carried out, the mark tells.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/advice.h"
#include "vim/openstack/body.h"
#include "vim/openstack/handle.h"
#include "vim/openstack/image.h"
#include "vim/openstack/rival.h"

#define MAX_TRIES    3
#define MAX_LOOKS    4      /* for one lost request: after 1, 2, 4 and 8 s */
#define LOST_WAIT_MS 1000.0 /* a request whose answer was lost may still be at work */

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE };

/* One request of vim.h. */
struct job {
	const struct vim_request *request;
	enum job_state state;
	bool alone;     /* refused together with others: by itself next time */
	unsigned tries; /* whose outcome nobody knows */
};

struct maker {
	struct openstack *os;
	const struct vim_watch *watch;
	struct job *jobs;
	size_t n;
	bool extensions_under_way;
	bool servers_wait; /* until it is known that nobody else makes the same */
	int result;        /* the first failure, with err */
	struct err err;
};

/* Jobs of one kind that share a request to the service. */
struct batch {
	struct maker *maker;
	enum vim_kind kind;
	struct job **jobs;
	size_t n;
	char *why; /* the last failure of a lost request */
	int code;
	unsigned looks; /* for what it may have made */
	struct image_upload *upload;
};

static void advance(struct maker *m);

static void batch_free(struct batch *b)
{
	image_upload_free(b->upload);
	free(b->jobs);
	free(b->why);
	free(b);
}

static size_t index_of(const struct maker *m, const struct job *job)
{
	return (size_t)(job - m->jobs);
}

static void fail(struct batch *b, int code, const char *text)
{
	struct maker *m = b->maker;
	const struct vim_request *r = b->jobs[0]->request;

	for (size_t i = 0; i < b->n; i++)
		vim_watch_report(m->watch, index_of(m, b->jobs[i]), EVENT_FAILURE, text);
	if (m->result == 0 && b->n == 1)
		m->result = err_set_kind(&m->err, err_kind_of(code), code, "%s \"%s\": %s",
					 vim_kind_name(r->kind), r->name, text);
	else if (m->result == 0)
		m->result =
			err_set_kind(&m->err, err_kind_of(code), code, "%s \"%s\" and %zu more: %s",
				     vim_kind_name(r->kind), r->name, b->n - 1, text);
	batch_free(b);
}

static void complete(struct batch *b)
{
	struct maker *m = b->maker;

	for (size_t i = 0; i < b->n; i++) {
		b->jobs[i]->state = JOB_DONE;
		vim_watch_report(m->watch, index_of(m, b->jobs[i]), EVENT_SUCCESS, NULL);
	}
	batch_free(b);
	advance(m);
}

/*
 * Neutron drops an attribute of an extension that ML2 does not load, and answers as if it had taken
 * it: what came back is what counts.
 */
static bool was_taken(struct batch *b, const struct job *job)
{
	const struct vim_request *r = job->request;
	const struct thing *t = things_by_owner(&b->maker->os->things, r->kind, r->owner);
	const char *wanted = r->kind == VIM_PORT ? r->port.numa_affinity_policy : NULL;
	const char *have =
		t ? json_string_value(json_object_get(t->json, "numa_affinity_policy")) : NULL;

	if (!wanted || streq(wanted, have))
		return true;
	cleanup_free char *text = xasprintf(
		"Neutron took the port but not its numa_affinity_policy=%s (it says %s): load the "
		"ML2 extension driver port_numa_affinity_policy (extension_drivers in "
		"ml2_conf.ini), "
		"or leave the property out of the descriptor",
		wanted, have ? have : "none");
	fail(b, ENOTSUP, text);
	return false;
}

static void image_done(void *data, int result, const char *text)
{
	struct batch *b = data;

	if (result < 0)
		fail(b, result, text);
	else
		complete(b);
}

static void image_progress(void *data, uint64_t done, uint64_t total)
{
	const struct batch *b = data;
	const struct vim_watch *watch = b->maker->watch;

	if (watch)
		watch->report(watch->data, index_of(b->maker, b->jobs[0]), EVENT_PROGRESS, NULL,
			      done, total);
}

static void refused(struct batch *b, const struct call *call);

static void specs_done(struct call *call, void *data)
{
	struct batch *b = data;

	if (call->result < 0)
		refused(b, call);
	else
		complete(b);
	call_free(call);
}

/* What a flavor and an image need after they are there. */
static void go_on(struct batch *b)
{
	struct openstack *os = b->maker->os;
	const struct vim_request *r = b->jobs[0]->request;
	const struct thing *t = things_by_owner(&os->things, r->kind, r->owner);

	for (size_t i = 0; i < b->n; i++)
		if (!was_taken(b, b->jobs[i]))
			return;
	if (b->kind == VIM_FLAVOR) {
		struct call *call = call_new(SERVICE_COMPUTE, "POST",
					     xasprintf("/flavors/%s/os-extra_specs", t->object.id),
					     body_extra_specs(r));
		call->repeatable = true; /* what is there already is set again */
		call->done = specs_done;
		call->data = b;
		session_start(os->session, call);
	} else if (b->kind == VIM_IMAGE) {
		b->upload = image_upload_start(os->session, r->image, t->object.id, image_progress,
					       image_done, b);
	} else {
		complete(b);
	}
}

static void look_for_lost(void *data);

/* Nobody knows: the marks will tell, perhaps not at once, since the service may still be at work.
 */
static void look_later(struct batch *b)
{
	if (run_interrupted(b->maker->os->vim.run))
		fail(b, EINTR, "interrupted");
	else
		session_after(b->maker->os->session, LOST_WAIT_MS * (double)(1u << b->looks++),
			      look_for_lost, b);
}

static void lost(struct batch *b, const struct call *call)
{
	free(b->why);
	b->why = xstrdup(call->err.text);
	b->code = call->result;
	for (size_t i = 0; i < b->n; i++)
		b->jobs[i]->tries++;
	look_later(b);
}

/* Back to the jobs that wait. */
static void again(struct batch *b, bool alone)
{
	struct maker *m = b->maker;

	for (size_t i = 0; i < b->n; i++) {
		b->jobs[i]->alone = alone;
		b->jobs[i]->state = JOB_WAITING;
	}
	batch_free(b);
	advance(m);
}

static void found_or_not(struct call *call, void *data)
{
	struct batch *b = data;
	struct openstack *os = b->maker->os;
	cleanup_things struct things found = {0};
	cleanup_err struct err err = ERR_INIT;
	size_t n_found = 0;
	int r = call->result;

	if (r == 0)
		r = things_add_list(&found, b->kind, call->answer, &err);
	for (size_t i = 0; i < b->n && r == 0; i++) {
		const char *owner = b->jobs[i]->request->owner;
		struct thing *t = things_by_owner(&found, b->kind, owner);
		n_found += t != NULL;
		if (t && !things_by_owner(&os->things, b->kind, owner))
			things_add(&os->things, b->kind, t->json);
	}
	call_free(call);
	bool hopeless = r < 0 || n_found > 0; /* a bulk request makes all or none */
	if (n_found == b->n)
		go_on(b);
	else if (!hopeless && b->looks < MAX_LOOKS)
		look_later(b);
	else if (!hopeless && b->jobs[0]->tries < MAX_TRIES)
		again(b, false);
	else
		fail(b, b->code, b->why);
}

static void look_for_lost(void *data)
{
	struct batch *b = data;
	struct openstack *os = b->maker->os;
	cleanup_strbuf struct strbuf query = {0};

	if (b->kind == VIM_FLAVOR && session_has_role(os->session, "admin"))
		query_add(&query, "is_public", "None");
	if (b->kind == VIM_IMAGE)
		query_add(&query, MARK_OWNER, b->jobs[0]->request->owner);
	if (openstack_service(b->kind) == SERVICE_NETWORK) {
		query_add(&query, "project_id", session_project_id(os->session));
		for (size_t i = 0; i < b->n; i++) {
			cleanup_free char *mark = thing_mark(b->jobs[i]->request);
			query_add(&query, "description", mark);
		}
	}
	struct call *call = call_new(
		openstack_service(b->kind), "GET",
		xasprintf("%s%s", openstack_list_path(b->kind), query.s ? query.s : ""), NULL);
	call->done = found_or_not;
	call->data = b;
	session_start(os->session, call);
}

/* Nova answers a new server's id and little more: the mark is what was asked. */
static void take_one(struct batch *b, const struct call *call, json_t *o, size_t i)
{
	struct things *things = &b->maker->os->things;
	const struct vim_request *r = b->jobs[i]->request;

	if (b->kind == VIM_SERVER && o) {
		const json_t *asked = json_object_get(call->body, "server");
		json_object_set(o, "name", json_object_get(asked, "name"));
		json_object_set(o, "metadata", json_object_get(asked, "metadata"));
	}
	/* A second try may find what the first one made. */
	if (o && !things_by_owner(things, b->kind, r->owner))
		things_add(things, b->kind, o);
}

static bool take_made(struct batch *b, const struct call *call)
{
	json_t *list = json_object_get(call->answer, thing_plural(b->kind));
	json_t *one = b->kind == VIM_IMAGE ? call->answer
					   : json_object_get(call->answer, thing_singular(b->kind));

	for (size_t i = 0; i < b->n; i++)
		take_one(b, call, b->n > 1 ? json_array_get(list, i) : one, i);
	for (size_t i = 0; i < b->n; i++)
		if (!things_by_owner(&b->maker->os->things, b->kind, b->jobs[i]->request->owner))
			return false;
	return true;
}

/* A flavor of this name is there, and was not when we looked: of another deployment, then. Names of
 * flavors are unique in a cloud, so it is used. */
static void found_flavor(struct call *call, void *data)
{
	struct batch *b = data;
	struct openstack *os = b->maker->os;
	const struct vim_request *r = b->jobs[0]->request;
	cleanup_err struct err err = ERR_INIT;

	bool listed = call->result == 0 &&
		      things_add_list(&os->things, VIM_FLAVOR, call->answer, &err) == 0;
	if (listed && things_by_owner(&os->things, VIM_FLAVOR, r->owner)) {
		go_on(b); /* ours, of an earlier try */
	} else if (listed && things_by_name(&os->things, VIM_FLAVOR, r->name, os->prefix, NULL)) {
		event_note(os->vim.run, "CREATE_FLAVOR",
			   "%s was made by another deployment meanwhile: used", r->name);
		complete(b);
	} else {
		fail(b, b->code, b->why);
	}
	call_free(call);
}

static void look_for_flavor(struct batch *b, const struct call *refused)
{
	struct call *call =
		call_new(SERVICE_COMPUTE, "GET", xstrdup("/flavors/detail?is_public=None"), NULL);

	b->why = xstrdup(refused->err.text);
	b->code = refused->result;
	call->done = found_flavor;
	call->data = b;
	session_start(b->maker->os->session, call);
}

static void refused(struct batch *b, const struct call *call)
{
	const char *advice = advice_for(b->kind, call->status, call->err.text);
	cleanup_free char *text =
		xasprintf("%s%s%s", call->err.text, advice ? "; " : "", advice ? advice : "");

	fail(b, call->result, text);
}

static void asked(struct call *call, void *data)
{
	struct batch *b = data;

	if (call->result == 0 && take_made(b, call)) {
		go_on(b);
	} else if (call->result == 0 || call->lost ||
		   (call->status == 409 && b->jobs[0]->tries > 0 &&
		    b->jobs[0]->tries < MAX_TRIES)) { /* perhaps with our own lost one */
		if (call->result == 0)
			call->result = err_code(&call->err, UNREACHABLE, EPROTO,
						"the answer is none to what was asked (HTTP %ld)",
						call->status);
		lost(b, call);
	} else if (b->n > 1 && call->result != -EINTR && call->status) {
		again(b, true);
	} else if (b->kind == VIM_FLAVOR && call->status == 409) {
		look_for_flavor(b, call);
	} else {
		refused(b, call);
	}
	call_free(call);
}

/* The whole body of the POST, of one object or of many. */
static int make_body(struct batch *b, json_t **ret, struct err *err)
{
	struct openstack *os = b->maker->os;
	const struct vim_request *first = b->jobs[0]->request;
	json_t *list = json_array();
	int r = 0;

	for (size_t i = 0; i < b->n && r == 0; i++) {
		json_t *o = NULL;
		r = body_make(os, b->jobs[i]->request, &o, err);
		if (r == 0)
			json_array_append_new(list, o);
	}
	if (r == 0 && b->n > 1) {
		*ret = json_pack("{s:O}", thing_plural(b->kind), list);
	} else if (r == 0 && b->kind == VIM_IMAGE) {
		*ret = json_incref(json_array_get(list, 0));
	} else if (r == 0) {
		*ret = json_pack("{s:O}", thing_singular(b->kind), json_array_get(list, 0));
		const struct thing *group = b->kind == VIM_SERVER
						    ? things_by_owner(&os->things, VIM_SERVER_GROUP,
								      first->server.server_group)
						    : NULL;
		if (group)
			json_object_set_new(*ret, "os:scheduler_hints",
					    json_pack("{s:s}", "group", group->object.id));
	}
	json_decref(list);
	return r;
}

/* Where a kind is made, which is not always where it is listed. */
static const char *make_path(enum vim_kind kind)
{
	if (kind == VIM_FLAVOR)
		return "/flavors";
	return kind == VIM_SERVER ? "/servers" : openstack_list_path(kind);
}

static void start(struct batch *b)
{
	struct maker *m = b->maker;
	cleanup_err struct err err = ERR_INIT;
	json_t *body = NULL;

	for (size_t i = 0; i < b->n; i++) {
		b->jobs[i]->state = JOB_RUNNING;
		if (b->jobs[i]->tries == 0 && !b->jobs[i]->alone)
			vim_watch_report(m->watch, index_of(m, b->jobs[i]), EVENT_STARTED, NULL);
	}
	if (make_body(b, &body, &err) < 0) {
		fail(b, err.code, err.text);
		return;
	}
	struct call *call =
		call_new(openstack_service(b->kind), "POST", xstrdup(make_path(b->kind)), body);
	call->done = asked;
	call->data = b;
	session_start(m->os->session, call);
}

static bool is_ready(const struct maker *m, const struct job *job)
{
	if (job->state != JOB_WAITING)
		return false;
	if (m->extensions_under_way && job->request->kind == VIM_PORT)
		return false;
	if (m->servers_wait && job->request->kind == VIM_SERVER)
		return false;
	for (size_t i = 0; i < m->n; i++) {
		const struct job *other = &m->jobs[i];
		if (other->state != JOB_DONE && vim_request_needs(job->request, other->request))
			return false;
		/* Side by side they would slip past a quota, which Neutron counts before it makes.
		 */
		if (job->alone && other->state == JOB_RUNNING &&
		    other->request->kind == job->request->kind)
			return false;
	}
	return true;
}

/* All jobs of the kind that are ready; those of other services than Neutron by themselves. */
static bool start_ready(struct maker *m, enum vim_kind kind)
{
	struct batch *b = NULL;

	for (size_t i = 0; i < m->n; i++) {
		struct job *job = &m->jobs[i];
		if (job->request->kind != kind || !is_ready(m, job))
			continue;
		if (!b) {
			b = xcalloc(1, sizeof(*b));
			b->maker = m;
			b->kind = kind;
		}
		*array_push(b->jobs, b->n) = job;
		if (job->alone || openstack_service(kind) != SERVICE_NETWORK)
			break;
	}
	if (b)
		start(b);
	return b != NULL;
}

/* Starts whatever can be started. */
static void advance(struct maker *m)
{
	if (run_interrupted(m->os->vim.run) && m->result == 0)
		m->result = err_set(&m->err, INTERRUPTED, "interrupted");
	for (int kind = VIM_IMAGE; kind <= VIM_SERVER; kind++)
		while (m->result == 0 && start_ready(m, (enum vim_kind)kind))
			;
}

static void extensions_known(struct call *call, void *data)
{
	struct maker *m = data;
	const json_t *extension;
	size_t i;

	json_array_foreach (json_object_get(call->answer, "extensions"), i, extension) {
		if (streq(json_string_value(json_object_get(extension, "alias")),
			  "uplink-status-propagation"))
			m->os->has_uplink_propagation = true;
	}
	m->os->asked_extensions = call->result == 0;
	m->extensions_under_way = false;
	if (call->result < 0 && m->result == 0)
		m->result = err_copy(&m->err, &call->err);
	else if (!m->os->has_uplink_propagation)
		event_note(m->os->vim.run, "LINK_STATE",
			   "this Neutron has no extension uplink-status-propagation: the link of a "
			   "VF stays up when its cable is pulled, and miimon will not see it");
	call_free(call);
	advance(m);
}

static void ask_extensions(struct maker *m)
{
	bool wanted = false;

	for (size_t i = 0; i < m->n; i++)
		wanted |= m->jobs[i].request->kind == VIM_PORT &&
			  m->jobs[i].request->port.propagate_uplink_status;
	if (!wanted || m->os->asked_extensions)
		return;
	struct call *call =
		call_new(SERVICE_NETWORK, "GET", xstrdup("/extensions?fields=alias"), NULL);
	call->done = extensions_known;
	call->data = m;
	m->extensions_under_way = true;
	session_start(m->os->session, call);
}

/* Deletes what this call made, and nothing else of the same mark; tells what it cannot. */
static void unmake(struct maker *m)
{
	cleanup_inventory struct vim_inventory made = {0};
	cleanup_free const struct vim_object **objects = xcalloc(m->n, sizeof(*objects));
	cleanup_err struct err err = ERR_INIT;

	for (size_t i = 0; i < m->n; i++) {
		const struct vim_request *r = m->jobs[i].request;
		const struct thing *t = things_by_owner(&m->os->things, r->kind, r->owner);
		if (m->jobs[i].state == JOB_DONE && t)
			*array_push(made.v, made.n) =
				(struct vim_object){.kind = r->kind,
						    .id = xstrdup(t->object.id),
						    .name = xstrdup(t->object.name)};
	}
	for (size_t i = 0; i < made.n; i++)
		objects[i] = &made.v[i];
	if (openstack_destroy(&m->os->vim, objects, made.n, NULL, &err) < 0)
		event_note(m->os->vim.run, "UNDO", "%s; run dnsvnf undeploy later", err.text);
}

/*
 * After a failure, before anybody undoes it by the marks: are there things with the marks of this
 * call that it did not make? Then another machine is at work, and only our own have to go. A
 * request whose outcome nobody knows may have made some itself.
 */
static bool others_at_work(struct maker *m)
{
	cleanup_free struct vim_request *sure = xcalloc(m->n, sizeof(*sure));
	cleanup_err struct err err = ERR_INIT;
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		if (m->jobs[i].tries == 0)
			sure[n++] = *m->jobs[i].request;
	if (rival_look(m->os, sure, n, &err) != -EBUSY)
		return false;
	m->result = err_copy(&m->err, &err);
	return true;
}

static void make_servers(struct maker *m, const struct vim_request *requests)
{
	m->result = rival_check(m->os, requests, m->n, &m->err);
	if (m->result < 0)
		return;
	m->servers_wait = false;
	advance(m);
	session_run(m->os->session);
}

static bool makes_servers(const struct vim_request *requests, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (requests[i].kind == VIM_SERVER)
			return n > 1; /* alone it stands on what was there: a port has one server */
	return false;
}

/* Only when a port names some. */
static int learn_security_groups(struct openstack *os, const struct vim_request *requests, size_t n,
				 struct err *err)
{
	json_t *answer = NULL;
	bool wanted = false;

	for (size_t i = 0; i < n; i++)
		wanted |= requests[i].kind == VIM_PORT &&
			  requests[i].port.interface->n_security_groups > 0;
	if (!wanted || os->security_groups)
		return 0;
	int r = session_call(os->session, SERVICE_NETWORK, "GET",
			     xasprintf("/security-groups?fields=id&fields=name&project_id=%s",
				       session_project_id(os->session)),
			     NULL, &answer, err);
	os->security_groups = json_incref(json_object_get(answer, "security_groups"));
	json_decref(answer);
	return r;
}

int openstack_create(struct vim *vim, const struct vim_request *requests, size_t n,
		     const struct vim_watch *watch, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	cleanup_free struct job *jobs = xcalloc(n, sizeof(*jobs));
	struct maker m = {.os = os,
			  .watch = watch,
			  .jobs = jobs,
			  .n = n,
			  .servers_wait = makes_servers(requests, n)};
	int r = openstack_login(os, err);

	if (r == -ENOENT && os->make_project) {
		err_clear(err);
		r = openstack_make_project(os, err);
	}
	if (r == 0)
		r = learn_security_groups(os, requests, n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		jobs[i].request = &requests[i];
	ask_extensions(&m);
	advance(&m);
	session_run(os->session);
	if (m.result == 0 && m.servers_wait)
		make_servers(&m, requests);
	if (m.result == -EBUSY || (m.result < 0 && m.result != -EINTR && others_at_work(&m)))
		unmake(&m);
	if (m.result < 0)
		err_copy(err, &m.err);
	err_clear(&m.err);
	return m.result;
}
