// SPDX-License-Identifier: Apache-2.0
/*
 * Creates resources concurrently, as far as their dependencies allow. Neutron resources of one kind
 * that are ready at the same time share a bulk request: it creates all or none, in a third of the
 * time. If it is refused, they are requested one by one, so that the error names one. op.h defines
 * the next state for each answer; after a POST with unknown outcome the owner marks are searched.
 */

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/handle.h"
#include "vim/openstack/op.h"

#define FIRST_PAUSE_MS 1000.0 /* before the first probe; doubles with each */

/* One request of vim.h. */
struct job {
	const struct vim_request *request;
	enum op_state state;
	bool alone; /* to be requested by itself */
	bool begun; /* that was reported */
	unsigned tries;
};

/* One call of openstack_create. */
struct create_batch {
	struct openstack *os;
	const struct vim_watch *watch;
	struct job *jobs;
	size_t n;
	bool extensions_pending;
	bool servers_wait; /* until the check for a concurrent run */
	int result;        /* the first failure, with err */
	struct err err;
};

/* Jobs of one kind that share a request to the service. */
struct create_op {
	struct create_batch *batch;
	struct op op;
	enum vim_kind kind;
	struct job **jobs;
	size_t n;
	struct err err; /* why it failed, or why the outcome is unknown */
	struct image_upload *upload;
};

static void advance(struct create_batch *batch);
static void step(struct create_op *o, enum op_answer answer);

static void create_op_free(struct create_op *o)
{
	image_upload_free(o->upload);
	free(o->jobs);
	err_clear(&o->err);
	free(o);
}

static size_t index_of(const struct create_batch *batch, const struct job *job)
{
	return (size_t)(job - batch->jobs);
}

static void fail(struct create_op *o)
{
	struct create_batch *batch = o->batch;
	const struct vim_request *r = o->jobs[0]->request;

	for (size_t i = 0; i < o->n; i++)
		vim_watch_report(batch->watch, index_of(batch, o->jobs[i]), EVENT_FAILURE,
				 o->err.text);
	if (batch->result == 0 && o->n == 1)
		batch->result = err_pass(&batch->err, &o->err, "%s \"%s\"", vim_kind_name(r->kind),
					 r->name);
	else if (batch->result == 0)
		batch->result = err_pass(&batch->err, &o->err, "%s \"%s\" and %zu more",
					 vim_kind_name(r->kind), r->name, o->n - 1);
	create_op_free(o);
}

static void complete(struct create_op *o)
{
	struct create_batch *batch = o->batch;

	for (size_t i = 0; i < o->n; i++)
		vim_watch_report(batch->watch, index_of(batch, o->jobs[i]), EVENT_SUCCESS, NULL);
	create_op_free(o);
	advance(batch);
}

/* Back to the jobs that are ready. */
static void requeue(struct create_op *o)
{
	struct create_batch *batch = o->batch;

	for (size_t i = 0; i < o->n; i++)
		o->jobs[i]->alone = o->n > 1 && !o->op.bulk;
	create_op_free(o);
	advance(batch);
}

/* The op_answer of a failed call. */
static enum op_answer answer_of(const struct call *call)
{
	if (call->lost)
		return OP_LOST;
	if (call->result == -EINTR)
		return OP_INTERRUPTED;
	if (!call->status)
		return OP_UNREACHABLE;
	return call->status == 409 ? OP_CONFLICT : OP_REFUSED;
}

/*
 * Neutron silently drops attributes of extensions that ML2 does not load, so the reply is checked.
 */
static bool was_taken(struct create_op *o, const struct job *job)
{
	const struct vim_request *r = job->request;
	const struct resource *t = resources_by_owner(&o->batch->os->resources, r->kind, r->owner);
	const char *wanted = r->kind == VIM_PORT ? r->port.numa_affinity_policy : NULL;
	const char *have =
		t ? json_string_value(json_object_get(t->json, "numa_affinity_policy")) : NULL;

	if (!wanted || streq(wanted, have))
		return true;
	err_set_kind(&o->err, ERR_REFUSED, ENOTSUP,
		     "Neutron created the port without numa_affinity_policy=%s (it reports %s): "
		     "load the ML2 extension driver port_numa_affinity_policy (extension_drivers "
		     "in ml2_conf.ini), or remove the property from the descriptor",
		     wanted, have ? have : "none");
	return false;
}

static void image_done(void *data, int result, const char *text)
{
	struct create_op *o = data;

	if (result < 0)
		err_set_kind(&o->err, err_kind_of(result), result, "%s", text);
	step(o, result < 0 ? OP_REFUSED : OP_OK);
}

static void image_progress(void *data, uint64_t done, uint64_t total)
{
	const struct create_op *o = data;
	const struct vim_watch *watch = o->batch->watch;

	if (watch)
		watch->report(watch->data, index_of(o->batch, o->jobs[0]), EVENT_PROGRESS, NULL,
			      done, total);
}

/* Keeps why the call failed, with a hint, and frees it. */
static enum op_answer take_failure(struct create_op *o, struct call *call)
{
	const char *hint = hint_for(o->kind, call->status, call->message);
	enum op_answer answer = answer_of(call);

	err_set_kind(&o->err, call->err.kind, call->err.code, "%s%s%s", call->err.text,
		     hint ? "; " : "", hint ? hint : "");
	call_free(call);
	return answer;
}

static void specs_done(struct call *call, void *data)
{
	struct create_op *o = data;

	if (call->result < 0) {
		step(o, take_failure(o, call));
		return;
	}
	call_free(call);
	step(o, OP_OK);
}

/* What a flavor and an image need after they exist. */
static void create_followup(struct create_op *o)
{
	struct openstack *os = o->batch->os;
	const struct vim_request *r = o->jobs[0]->request;
	const struct resource *t = resources_by_owner(&os->resources, r->kind, r->owner);

	for (size_t i = 0; i < o->n; i++)
		if (!was_taken(o, o->jobs[i])) {
			step(o, OP_REFUSED);
			return;
		}
	if (o->kind == VIM_FLAVOR) {
		struct call *call = call_new(SERVICE_COMPUTE, "POST",
					     xasprintf("/flavors/%s/os-extra_specs", t->object.id),
					     body_extra_specs(r));
		call->repeatable = true; /* what is set already is set again */
		call->done = specs_done;
		call->data = o;
		session_start(os->session, call);
	} else if (o->kind == VIM_IMAGE) {
		o->upload = image_upload_start(os->session, r->image, t->object.id, image_progress,
					       image_done, o);
	} else {
		step(o, OP_OK);
	}
}

static void pause_is_over(void *data)
{
	step(data, OP_PROCEED);
}

/* The service may still be working on it. */
static void pause_before_probe(struct create_op *o)
{
	struct openstack *os = o->batch->os;

	if (run_interrupted(os->vim.run))
		step(o, OP_INTERRUPTED);
	else
		session_after(os->session, FIRST_PAUSE_MS * (double)(1u << o->op.probes),
			      pause_is_over, o);
}

/* Keeps those with the owner marks; an existing flavor of the same name is used. */
static enum op_answer take_found(struct create_op *o, const struct resources *found)
{
	struct openstack *os = o->batch->os;
	const struct vim_request *first = o->jobs[0]->request;
	size_t n_found = 0;

	for (size_t i = 0; i < o->n; i++) {
		const char *owner = o->jobs[i]->request->owner;
		const struct resource *t = resources_by_owner(found, o->kind, owner);
		n_found += t != NULL;
		if (t && !resources_by_owner(&os->resources, o->kind, owner))
			resources_add(&os->resources, o->kind, t->json);
	}
	if (n_found > 0)
		return n_found == o->n ? OP_FOUND : OP_FOUND_PART;
	const struct resource *other =
		o->op.unique_name ? resources_by_name(found, o->kind, first->name, os->prefix, NULL)
				  : NULL;
	if (!other)
		return OP_NOT_FOUND;
	resources_add(&os->resources, o->kind, other->json);
	event_note(os->vim.run, "CREATE_FLAVOR",
		   "%s was created by another deployment meanwhile: using it", first->name);
	return OP_FOUND_OTHER;
}

static void probe_done(struct call *call, void *data)
{
	struct create_op *o = data;
	cleanup_resources struct resources found = {0};
	enum op_answer answer = OP_REFUSED; /* the error to report is that of the POST */

	if (call->result == 0 && resources_add_list(&found, o->kind, call->answer, NULL) == 0)
		answer = take_found(o, &found);
	call_free(call);
	step(o, answer);
}

static void probe(struct create_op *o)
{
	struct openstack *os = o->batch->os;
	cleanup_strbuf struct strbuf query = {0};

	if (o->kind == VIM_FLAVOR)
		query_add(&query, "is_public", "None"); /* ignored unless an admin's */
	if (o->kind == VIM_IMAGE) {
		query_add(&query, MARK_OWNER, o->jobs[0]->request->owner);
		query_add(&query, "owner", session_project_id(os->session));
	}
	if (openstack_service(o->kind) == SERVICE_NETWORK) {
		query_add(&query, "project_id", session_project_id(os->session));
		for (size_t i = 0; i < o->n; i++) {
			cleanup_free char *mark = resource_mark(o->jobs[i]->request);
			query_add(&query, "description", mark);
		}
	}
	struct call *call = call_new(
		openstack_service(o->kind), "GET",
		xasprintf("%s%s", openstack_list_path(o->kind), query.s ? query.s : ""), NULL);
	call->done = probe_done;
	call->data = o;
	session_start(os->session, call);
}

/* Nova's answer has little but the new server's id: name and mark are taken from the request. */
static void take_one(struct create_op *o, const struct call *call, json_t *created, size_t i)
{
	struct resources *resources = &o->batch->os->resources;
	const struct vim_request *r = o->jobs[i]->request;

	if (o->kind == VIM_SERVER && created) {
		const json_t *sent = json_object_get(call->body, "server");
		json_object_set(created, "name", json_object_get(sent, "name"));
		json_object_set(created, "metadata", json_object_get(sent, "metadata"));
	}
	/* A second try may find the object of the first. */
	if (created && !resources_by_owner(resources, o->kind, r->owner))
		resources_add(resources, o->kind, created);
}

static bool take_created(struct create_op *o, const struct call *call)
{
	json_t *list = json_object_get(call->answer, resource_plural(o->kind));
	json_t *one = o->kind == VIM_IMAGE
			      ? call->answer
			      : json_object_get(call->answer, resource_singular(o->kind));

	for (size_t i = 0; i < o->n; i++)
		take_one(o, call, o->n > 1 ? json_array_get(list, i) : one, i);
	for (size_t i = 0; i < o->n; i++)
		if (!resources_by_owner(&o->batch->os->resources, o->kind,
					o->jobs[i]->request->owner))
			return false;
	return true;
}

static void create_done(struct call *call, void *data)
{
	struct create_op *o = data;

	if (call->result == 0 && take_created(o, call)) {
		call_free(call);
		step(o, OP_OK);
		return;
	}
	if (call->result == 0) {
		call->lost = true;
		call->result = call_misread(call, &call->err,
					    "HTTP %ld, but the reply does not match the request",
					    call->status);
	}
	step(o, take_failure(o, call));
}

/* The whole body of the POST, of one object or of many. */
static int make_body(struct create_op *o, json_t **ret, struct err *err)
{
	struct openstack *os = o->batch->os;
	const struct vim_request *first = o->jobs[0]->request;
	json_t *list = json_array();
	int r = 0;

	for (size_t i = 0; i < o->n && r == 0; i++) {
		json_t *one = NULL;
		r = body_make(os, o->jobs[i]->request, &one, err);
		if (r == 0)
			json_array_append_new(list, one);
	}
	if (r == 0 && o->n > 1) {
		*ret = json_pack("{s:O}", resource_plural(o->kind), list);
	} else if (r == 0 && o->kind == VIM_IMAGE) {
		*ret = json_incref(json_array_get(list, 0));
	} else if (r == 0) {
		*ret = json_pack("{s:O}", resource_singular(o->kind), json_array_get(list, 0));
		const struct resource *group =
			o->kind == VIM_SERVER ? resources_by_owner(&os->resources, VIM_SERVER_GROUP,
								   first->server.server_group)
					      : NULL;
		if (group)
			json_object_set_new(*ret, "os:scheduler_hints",
					    json_pack("{s:s}", "group", group->object.id));
	}
	json_decref(list);
	return r;
}

/* The path for creation, which may differ from that of the list. */
static const char *create_path(enum vim_kind kind)
{
	if (kind == VIM_FLAVOR)
		return "/flavors";
	return kind == VIM_SERVER ? "/servers" : openstack_list_path(kind);
}

static void post(struct create_op *o)
{
	struct create_batch *batch = o->batch;
	json_t *body = NULL;

	for (size_t i = 0; i < o->n; i++)
		if (!o->jobs[i]->begun) {
			o->jobs[i]->begun = true;
			vim_watch_report(batch->watch, index_of(batch, o->jobs[i]), EVENT_STARTED,
					 NULL);
		}
	if (make_body(o, &body, &o->err) < 0) {
		step(o, OP_UNREACHABLE);
		return;
	}
	struct call *call =
		call_new(openstack_service(o->kind), "POST", xstrdup(create_path(o->kind)), body);
	if (o->kind == VIM_SERVER && o->jobs[0]->request->server.n_files)
		call->nova_most = NOVA_FILES_MINOR;
	call->done = create_done;
	call->data = o;
	session_start(batch->os->session, call);
}

/* Carries out the next state. The operation may be freed. */
static void step(struct create_op *o, enum op_answer answer)
{
	o->op = op_next(o->op, answer);
	for (size_t i = 0; i < o->n; i++) {
		o->jobs[i]->state = o->op.state;
		o->jobs[i]->tries = o->op.tries;
	}
	if (answer == OP_INTERRUPTED)
		err_set(&o->err, INTERRUPTED, "interrupted");
	switch (o->op.state) {
	case OP_READY:
		requeue(o);
		break;
	case OP_POSTED:
		post(o);
		break;
	case OP_UNKNOWN:
		pause_before_probe(o);
		break;
	case OP_PROBING:
		probe(o);
		break;
	case OP_FOLLOWUP:
		create_followup(o);
		break;
	case OP_DONE:
		complete(o);
		break;
	case OP_RESET: /* of deletions only */
	case OP_FAILED:
		fail(o);
		break;
	}
}

static bool is_ready(const struct create_batch *batch, const struct job *job)
{
	enum vim_kind kind = job->request->kind;

	if (job->state != OP_READY || (batch->extensions_pending && kind == VIM_PORT) ||
	    (batch->servers_wait && kind == VIM_SERVER))
		return false;
	for (size_t i = 0; i < job->request->n_needs; i++)
		if (batch->jobs[job->request->needs[i]].state != OP_DONE)
			return false;
	/* Concurrent requests could exceed a quota, which Neutron checks before it creates. */
	for (size_t i = 0; i < batch->n && job->alone; i++)
		if (op_is_running(batch->jobs[i].state) && batch->jobs[i].request->kind == kind)
			return false;
	return true;
}

/* All ready jobs of the kind; for services other than Neutron, one per request. */
static bool start_ready(struct create_batch *batch, enum vim_kind kind)
{
	struct create_op *o = NULL;

	for (size_t i = 0; i < batch->n; i++) {
		struct job *job = &batch->jobs[i];
		if (job->request->kind != kind || !is_ready(batch, job))
			continue;
		/* In a bulk request Neutron forgets that no address was asked for (seen with 21).
		 */
		if (kind == VIM_PORT && body_has_no_address(batch->os, job->request))
			job->alone = true;
		if (!is_ready(batch, job) || (o && job->alone))
			continue;
		if (!o) {
			o = xcalloc(1, sizeof(*o));
			o->batch = batch;
			o->kind = kind;
			o->op.unique_name = kind == VIM_FLAVOR;
		}
		*array_push(o->jobs, o->n) = job;
		o->op.tries = job->tries > o->op.tries ? job->tries : o->op.tries;
		if (job->alone || openstack_service(kind) != SERVICE_NETWORK)
			break;
	}
	if (!o)
		return false;
	o->op.bulk = o->n > 1;
	step(o, OP_PROCEED);
	return true;
}

/* Starts whatever can be started. */
static void advance(struct create_batch *batch)
{
	if (run_interrupted(batch->os->vim.run) && batch->result == 0)
		batch->result = err_set(&batch->err, INTERRUPTED, "interrupted");
	for (int kind = VIM_IMAGE; kind <= VIM_SERVER; kind++)
		while (batch->result == 0 && start_ready(batch, (enum vim_kind)kind))
			;
}

static bool is_direct(const struct vim_request *port)
{
	return port->port.interface->type == PORT_DIRECT;
}

static bool follows_uplink(const struct vim_request *port)
{
	return port->port.propagate_uplink_status;
}

static bool has_port(const struct create_batch *batch, bool (*is)(const struct vim_request *))
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct vim_request *r = batch->jobs[i].request;
		if (r->kind == VIM_PORT && is(r))
			return true;
	}
	return false;
}

static void extensions_done(struct call *call, void *data)
{
	struct create_batch *batch = data;
	struct openstack *os = batch->os;
	const json_t *extension;
	size_t i;

	json_array_foreach (json_object_get(call->answer, "extensions"), i, extension) {
		if (streq(json_string_value(json_object_get(extension, "alias")),
			  "uplink-status-propagation"))
			os->has_uplink_propagation = true;
	}
	os->asked_extensions = call->result == 0;
	batch->extensions_pending = false;
	if (call->result < 0 && batch->result == 0)
		batch->result = err_copy(&batch->err, &call->err);
	else if (!os->has_uplink_propagation && has_port(batch, follows_uplink))
		event_note(os->vim.run, "LINK_STATE",
			   "this Neutron lacks the extension uplink-status-propagation: a VF's "
			   "link stays up when its cable is pulled, and miimon does not detect it");
	call_free(call);
	advance(batch);
}

static void ask_extensions(struct create_batch *batch)
{
	if (batch->os->asked_extensions || !has_port(batch, is_direct))
		return;
	struct call *call =
		call_new(SERVICE_NETWORK, "GET", xstrdup("/extensions?fields=alias"), NULL);
	call->done = extensions_done;
	call->data = batch;
	batch->extensions_pending = true;
	session_start(batch->os->session, call);
}

/* Deletes what this call created, but nothing else with the same mark. */
static void rollback(struct create_batch *batch)
{
	struct openstack *os = batch->os;
	cleanup_inventory struct vim_inventory created = {0};
	cleanup_free const struct vim_object **objects = xcalloc(batch->n, sizeof(*objects));
	cleanup_err struct err err = ERR_INIT;

	for (size_t i = 0; i < batch->n; i++) {
		const struct vim_request *r = batch->jobs[i].request;
		const struct resource *t = resources_by_owner(&os->resources, r->kind, r->owner);
		if (batch->jobs[i].state == OP_DONE && t)
			*array_push(created.v, created.n) =
				(struct vim_object){.kind = r->kind,
						    .id = xstrdup(t->object.id),
						    .name = xstrdup(t->object.name)};
	}
	for (size_t i = 0; i < created.n; i++)
		objects[i] = &created.v[i];
	if (openstack_destroy(&os->vim, objects, created.n, NULL, &err) < 0)
		event_note(os->vim.run, "UNDO", "%s; run 'dnsvnf undeploy' later", err.text);
}

/*
 * After a failure, before the caller rolls back by owner marks: are there resources with the marks
 * of this call that it did not create? Then a run on another machine is active, and only our own
 * are deleted. A request with unknown outcome may have created some itself.
 */
static bool is_concurrent(struct create_batch *batch)
{
	cleanup_free struct vim_request *certain = xcalloc(batch->n, sizeof(*certain));
	cleanup_err struct err err = ERR_INIT;
	size_t n = 0;

	for (size_t i = 0; i < batch->n; i++)
		if (batch->jobs[i].tries == 0)
			certain[n++] = *batch->jobs[i].request;
	if (conflict_scan(batch->os, certain, n, &err) != -EBUSY)
		return false;
	batch->result = err_copy(&batch->err, &err);
	return true;
}

static void create_servers(struct create_batch *batch, const struct vim_request *requests)
{
	batch->result = conflict_check(batch->os, requests, batch->n, &batch->err);
	if (batch->result < 0)
		return;
	batch->servers_wait = false;
	advance(batch);
	session_run(batch->os->session);
}

static bool has_servers(const struct vim_request *requests, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (requests[i].kind == VIM_SERVER)
			return n > 1; /* a port has one server */
	return false;
}

/* Only when a port names some. */
int openstack_learn_groups(struct openstack *os, const struct vim_request *requests, size_t n,
			   struct err *err)
{
	json_t *answer = NULL;
	bool wanted = false;

	for (size_t i = 0; i < n; i++)
		wanted |= requests[i].kind == VIM_PORT &&
			  requests[i].port.interface->security_groups.n > 0;
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
	struct create_batch batch = {.os = os,
				     .watch = watch,
				     .jobs = jobs,
				     .n = n,
				     .servers_wait = has_servers(requests, n)};
	int r = openstack_login(os, err);

	if (r == -ENOENT && os->make_project) {
		err_clear(err);
		r = openstack_make_project(os, err);
	}
	if (r == 0)
		r = openstack_learn_groups(os, requests, n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		jobs[i].request = &requests[i];
	ask_extensions(&batch);
	advance(&batch);
	session_run(os->session);
	if (batch.result == 0 && batch.servers_wait)
		create_servers(&batch, requests);
	if (batch.result == -EBUSY ||
	    (batch.result < 0 && batch.result != -EINTR && is_concurrent(&batch)))
		rollback(&batch);
	if (batch.result < 0)
		err_copy(err, &batch.err);
	err_clear(&batch.err);
	return batch.result;
}
