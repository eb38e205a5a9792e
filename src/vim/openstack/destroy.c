// SPDX-License-Identifier: Apache-2.0
/* Deletes servers first, since they use the rest, then everything else. op.h has the states. */

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "vim/openstack/handle.h"
#include "vim/openstack/op.h"

#define PAUSE_MS         400.0 /* a server is gone 3 to 4 s after its DELETE */
#define WHOLE_PROBE      10    /* every n-th poll: a list does not show that a server failed */
#define SERVER_DELETED_S 300

/*
 * How long, before a deletion is taken for failed: of a server in ERROR, after each DELETE, for
 * Nova deletes such servers too, and its audit (update_resources_interval, 60 s by default) mends
 * what made the first ones fail; of another, whose DELETE its host may never have received.
 */
static const double failed_ms[] = {4e3, 20e3, 60e3, 60e3};
#define IGNORED_MS 150e3

/* One call of openstack_destroy. */
struct delete_batch {
	struct openstack *os;
	const struct vim_watch *watch;
	const struct vim_object *const *objects;
	size_t n;
	bool *deleted; /* or did not exist */
	int result;    /* the first failure, with err */
	struct err err;
};

struct delete_op {
	struct delete_batch *batch;
	size_t i; /* its object */
	struct op op;
	char *stuck; /* why its deletion came to nothing, or NULL */
};

static void step(struct delete_op *o, enum op_answer answer, const struct err *why);

static void op_free(struct delete_op *o)
{
	free_all(o->stuck, o);
}

static const struct vim_object *object_of(const struct delete_op *o)
{
	return o->batch->objects[o->i];
}

static void mark_deleted(struct delete_batch *batch, size_t i)
{
	batch->deleted[i] = true;
	vim_watch_report(batch->watch, i, EVENT_SUCCESS, NULL);
}

/* In use by others: kept, with a note. Neutron's message names the ports. */
static void note_in_use(const struct delete_op *o, const char *text)
{
	cleanup_free char *note = xasprintf("kept, because others use it: %s", text);

	vim_watch_report(o->batch->watch, o->i, EVENT_NOTE, note);
}

static void fail(const struct delete_op *o, const struct err *why)
{
	struct delete_batch *batch = o->batch;
	const struct vim_object *object = object_of(o);

	vim_watch_report(batch->watch, o->i, EVENT_FAILURE, why->text);
	if (batch->result == 0)
		batch->result = err_pass(&batch->err, why, "delete %s \"%s\"",
					 vim_kind_name(object->kind), object->name);
}

/* After the last round: until then the parents of subnets are looked up. */
static void forget_deleted(struct delete_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		if (batch->deleted[i])
			resources_remove(&batch->os->resources, batch->objects[i]->kind,
					 batch->objects[i]->id);
}

static char *path_of(const struct vim_object *object)
{
	if (object->kind == VIM_FLAVOR) /* listed elsewhere, as servers are */
		return xasprintf("/flavors/%s", object->id);
	if (object->kind == VIM_SERVER)
		return xasprintf("/servers/%s", object->id);
	return xasprintf("%s/%s", openstack_list_path(object->kind), object->id);
}

static void start_call(struct delete_op *o, struct call *call,
		       void (*done)(struct call *call, void *data))
{
	call->done = done;
	call->data = o;
	session_start(o->batch->os->session, call);
}

static void call_done(struct call *call, void *data)
{
	struct delete_op *o = data;
	enum vim_kind kind = object_of(o)->kind;
	/* An image may be what disks of servers were cloned from. */
	bool may_stay = kind == VIM_NETWORK || kind == VIM_SUBNET || kind == VIM_IMAGE;
	enum op_answer answer = OP_REFUSED;

	if (call->result == 0)
		answer = kind == VIM_SERVER && o->op.state == OP_POSTED ? OP_ACCEPTED : OP_OK;
	else if (call->status == 404)
		answer = OP_NOT_FOUND;
	else if (call->status == 409 && may_stay)
		answer = OP_CONFLICT;
	step(o, answer, &call->err);
	call_free(call);
}

/* A soft-deleted server has its ports, its VFs and its place in the quota until Nova reclaims it
 * (reclaim_instance_interval), hours later. */
static void force_delete(struct delete_op *o)
{
	struct call *call =
		call_new(SERVICE_COMPUTE, "POST", xasprintf("/servers/%s/action", object_of(o)->id),
			 json_pack("{s:n}", "forceDelete"));

	call->repeatable = true;
	start_call(o, call, call_done);
}

static void give_up(struct delete_op *o, enum op_answer answer, const char *text)
{
	cleanup_err struct err why = ERR_INIT;

	if (answer == OP_INTERRUPTED)
		err_set(&why, INTERRUPTED, "%s", text);
	else if (answer == OP_TIMEOUT)
		err_code(&why, FAILED, ETIMEDOUT, "%s", text);
	else
		err_set(&why, FAILED, "%s", text);
	step(o, answer, &why);
}

static void reset_done(struct call *call, void *data)
{
	struct delete_op *o = data;
	enum op_answer answer = OP_OK;

	if (call->status == 404)
		answer = OP_NOT_FOUND;
	else if (call->result < 0)
		answer = OP_REFUSED;
	if (answer == OP_REFUSED)
		err_wrap(&call->err,
			 "%s, and Nova ignores another DELETE: openstack server set --state error "
			 "%s, by the role admin, then run the command again",
			 o->stuck, object_of(o)->id);
	step(o, answer, &call->err);
	call_free(call);
}

/* Its next state of Nova is ERROR without a task, in which a DELETE is carried out. */
static void reset(struct delete_op *o)
{
	const struct vim_object *server = object_of(o);
	struct call *call =
		call_new(SERVICE_COMPUTE, "POST", xasprintf("/servers/%s/action", server->id),
			 json_pack("{s:{s:s}}", "os-resetState", "state", "error"));

	event_note(o->batch->os->vim.run, "DELETE",
		   "server %s: %s: its state is reset, then it is deleted again (%u of %u)",
		   server->name, o->stuck, o->op.resets + 1, OP_MAX_RESETS);
	call->repeatable = true;
	start_call(o, call, reset_done);
}

/*
 * Has its deletion come to nothing? Nova leaves the task "deleting" on a server that it could not
 * delete, and on one whose host lost the request; it ignores another DELETE then.
 */
static bool is_stuck(const struct delete_op *o, const char *status, const char *task)
{
	double limit = streq(status, "ERROR") ? failed_ms[o->op.resets] : IGNORED_MS;

	return (streq(task, "deleting") || streq(task, "soft-deleting")) &&
	       o->op.probes * PAUSE_MS >= limit;
}

static void found_stuck(struct delete_op *o, const char *task, const char *fault)
{
	free(o->stuck);
	o->stuck = fault ? xasprintf("Nova's task %s failed (%s)", task, fault)
			 : xasprintf("Nova's task %s came to nothing", task);
	if (o->op.resets < OP_MAX_RESETS) {
		step(o, OP_FOUND_STUCK, NULL);
		return;
	}
	cleanup_free char *text =
		xasprintf("%s, also after %u resets of its state: see nova-compute's log on its "
			  "host",
			  o->stuck, o->op.resets);
	give_up(o, OP_FOUND_STUCK, text);
}

/* The complete server was received. */
static void poll_done(struct call *call, void *data)
{
	struct delete_op *o = data;
	const json_t *server = json_object_get(call->answer, "server");
	const char *status = json_string_value(json_object_get(server, "status"));
	const char *task = json_string_value(json_object_get(server, "OS-EXT-STS:task_state"));
	const char *fault =
		json_string_value(json_object_get(json_object_get(server, "fault"), "message"));

	if (call->status == 404)
		step(o, OP_NOT_FOUND, NULL);
	else if (call->result < 0)
		step(o, OP_REFUSED, &call->err);
	else if (streq(status, "SOFT_DELETED") && !o->op.followed_up)
		step(o, OP_FOUND_SOFT, NULL);
	else if (streq(status, "ERROR") && !task && o->op.probes >= WHOLE_PROBE)
		give_up(o, OP_REFUSED, fault ? fault : "it is in ERROR and was not deleted");
	else if (is_stuck(o, status, task) && !run_interrupted(o->batch->os->vim.run))
		found_stuck(o, task, streq(status, "ERROR") ? fault : NULL);
	else if (o->op.probes * PAUSE_MS > SERVER_DELETED_S * 1e3)
		give_up(o, OP_TIMEOUT, "it still exists: see nova-compute's log on its host");
	else if (run_interrupted(o->batch->os->vim.run))
		give_up(o, OP_INTERRUPTED, "interrupted before it was deleted");
	else
		step(o, OP_FOUND, NULL);
	call_free(call);
}

static void poll_server(struct delete_op *o)
{
	start_call(o, call_new(SERVICE_COMPUTE, "GET", path_of(object_of(o)), NULL), poll_done);
}

static void list_done(struct call *call, void *data)
{
	struct delete_op *o = data;
	bool found = call->result == 0 && openstack_servers_hold(call->answer, object_of(o)->id) &&
		     !run_interrupted(o->batch->os->vim.run);

	call_free(call);
	if (found)
		step(o, OP_FOUND, NULL);
	else
		poll_server(o);
}

/* By the list of servers, which is cheaper for Nova than the whole server. */
static void probe(struct delete_op *o)
{
	if (o->op.probes % WHOLE_PROBE == 0)
		poll_server(o);
	else
		start_call(o,
			   call_new(SERVICE_COMPUTE, "GET",
				    openstack_servers_path(object_of(o)->name, NULL), NULL),
			   list_done);
}

static void pause_is_over(void *data)
{
	step(data, OP_PROCEED, NULL);
}

/* Carries out the next state; why (NULL after a success) remains the caller's. The
 * operation may be freed. */
static void step(struct delete_op *o, enum op_answer answer, const struct err *why)
{
	static const struct err no_error = ERR_INIT;

	o->op = op_next(o->op, answer);
	switch (o->op.state) {
	case OP_READY:
		break;
	case OP_POSTED:
		if (!o->op.resets)
			vim_watch_report(o->batch->watch, o->i, EVENT_STARTED, NULL);
		start_call(o,
			   call_new(openstack_service(object_of(o)->kind), "DELETE",
				    path_of(object_of(o)), NULL),
			   call_done);
		break;
	case OP_UNKNOWN:
		session_after(o->batch->os->session, PAUSE_MS, pause_is_over, o);
		break;
	case OP_PROBING:
		probe(o);
		break;
	case OP_FOLLOWUP:
		force_delete(o);
		break;
	case OP_RESET:
		reset(o);
		break;
	case OP_DONE:
		if (answer == OP_CONFLICT)
			note_in_use(o, why->text);
		else
			mark_deleted(o->batch, o->i);
		op_free(o);
		break;
	case OP_FAILED:
		fail(o, why ? why : &no_error);
		op_free(o);
		break;
	}
}

/* Number of the subnet's network among the objects, or -1. Its subnets are deleted with it. */
static long network_of(const struct delete_batch *batch, size_t subnet)
{
	const struct resource *t =
		resources_by_id(&batch->os->resources, VIM_SUBNET, batch->objects[subnet]->id);

	for (size_t i = 0; t && i < batch->n; i++)
		if (batch->objects[i]->kind == VIM_NETWORK &&
		    streq(batch->objects[i]->id, t->parent))
			return (long)i;
	return -1;
}

enum round { ROUND_SERVERS, ROUND_PORTS, ROUND_SUBNETS, ROUND_NETWORKS };

static enum round round_of(const struct delete_batch *batch, size_t i)
{
	switch (batch->objects[i]->kind) {
	case VIM_SERVER:
		return ROUND_SERVERS;
	case VIM_PORT:
	case VIM_IMAGE:
	case VIM_FLAVOR:
	case VIM_SERVER_GROUP:
		return ROUND_PORTS;
	case VIM_SUBNET:
		return ROUND_SUBNETS;
	case VIM_NETWORK:
		return ROUND_NETWORKS;
	}
	return ROUND_NETWORKS;
}

static void start(struct delete_batch *batch, size_t i)
{
	struct delete_op *o = xcalloc(1, sizeof(*o));

	*o = (struct delete_op){.batch = batch, .i = i, .op.kind = OP_DELETE};
	step(o, OP_PROCEED, NULL);
}

static void delete_round(struct delete_batch *batch, enum round round)
{
	for (size_t i = 0; i < batch->n; i++)
		if (round_of(batch, i) == round &&
		    !(round == ROUND_SUBNETS && network_of(batch, i) >= 0))
			start(batch, i);
	session_run(batch->os->session);
}

/* Subnets are deleted with their network. */
static void report_subnets(struct delete_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		long network = batch->objects[i]->kind == VIM_SUBNET ? network_of(batch, i) : -1;
		if (network < 0)
			continue;
		if (batch->deleted[network])
			mark_deleted(batch, i);
		else
			vim_watch_report(batch->watch, i, EVENT_NOTE, "kept with its network");
	}
}

int openstack_destroy(struct vim *vim, const struct vim_object *const *objects, size_t n,
		      const struct vim_watch *watch, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	cleanup_free bool *is_deleted = xcalloc(n, sizeof(bool));
	struct delete_batch batch = {
		.os = os, .watch = watch, .objects = objects, .n = n, .deleted = is_deleted};
	int r = openstack_login(os, err);

	if (r < 0)
		return r;
	for (int round = ROUND_SERVERS; round <= ROUND_NETWORKS; round++) {
		if (run_interrupted(vim->run)) {
			batch.result = err_set(&batch.err, INTERRUPTED, "interrupted");
			break;
		}
		delete_round(&batch, (enum round)round);
		if (round == ROUND_SERVERS && batch.result < 0)
			break;
	}
	if (batch.result == 0)
		report_subnets(&batch);
	forget_deleted(&batch);
	if (batch.result < 0)
		err_copy(err, &batch.err);
	err_clear(&batch.err);
	return batch.result;
}
