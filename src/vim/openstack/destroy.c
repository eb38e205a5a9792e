// SPDX-License-Identifier: Apache-2.0
/* Deleting: servers first, since what they stand on cannot go under them, then all else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

#define LOOK_MS       400.0 /* a server is gone 3 to 4 s after its DELETE */
#define LOOK_WHOLE    10    /* every so many looks: a list does not tell that it failed */
#define SERVER_GONE_S 300

struct leaver {
	struct openstack *os;
	const struct vim_watch *watch;
	const struct vim_object *const *objects;
	size_t n;
	bool *gone; /* deleted, or never there */
	int result;
	struct err err;
};

/* One object's DELETE, and the looks after it. */
struct parting {
	struct leaver *l;
	size_t i;
	unsigned looks;
	double waited_ms;
	bool forced; /* a second DELETE, of what Nova keeps for reclaim_instance_interval */
};

static void failed(struct leaver *l, size_t i, int code, const char *text)
{
	const struct vim_object *o = l->objects[i];

	vim_watch_report(l->watch, i, EVENT_FAILURE, text);
	if (l->result == 0)
		l->result = err_set_kind(&l->err, err_kind_of(code), code, "delete %s \"%s\": %s",
					 vim_kind_name(o->kind), o->name, text);
}

static void gone(struct leaver *l, size_t i)
{
	l->gone[i] = true;
	vim_watch_report(l->watch, i, EVENT_SUCCESS, NULL);
}

/* After the last round: until then the parents of subnets are looked up. */
static void forget_gone(struct leaver *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->gone[i])
			things_remove(&l->os->things, l->objects[i]->kind, l->objects[i]->id);
}

static char *path_of(const struct vim_object *o)
{
	switch (o->kind) {
	case VIM_FLAVOR:
		return xasprintf("/flavors/%s", o->id);
	case VIM_SERVER:
		return xasprintf("/servers/%s", o->id);
	case VIM_IMAGE:
	case VIM_SERVER_GROUP:
	case VIM_NETWORK:
	case VIM_SUBNET:
	case VIM_PORT:
		break;
	}
	return xasprintf("%s/%s", openstack_list_path(o->kind), o->id);
}

static void look_again(void *data);

static void wait_on(struct parting *p)
{
	p->waited_ms += LOOK_MS;
	session_after(p->l->os->session, LOOK_MS, look_again, p);
}

static void forced(struct call *call, void *data)
{
	struct parting *p = data;

	if (call->result == 0 || call->status == 404) {
		wait_on(p);
	} else {
		failed(p->l, p->i, call->result, call->err.text);
		free(p);
	}
	call_free(call);
}

/* It has its ports, its VFs and its place in the quota until it is reclaimed, hours later. */
static void force(struct parting *p)
{
	struct call *call = call_new(SERVICE_COMPUTE, "POST",
				     xasprintf("/servers/%s/action", p->l->objects[p->i]->id),
				     json_pack("{s:n}", "forceDelete"));

	p->forced = true;
	call->repeatable = true;
	call->done = forced;
	call->data = p;
	session_start(p->l->os->session, call);
}

static void looked(struct call *call, void *data)
{
	struct parting *p = data;
	struct leaver *l = p->l;
	const json_t *server = json_object_get(call->answer, "server");
	const char *status = json_string_value(json_object_get(server, "status"));
	const json_t *task = json_object_get(server, "OS-EXT-STS:task_state");
	const char *fault =
		json_string_value(json_object_get(json_object_get(server, "fault"), "message"));

	if (call->status == 404)
		gone(l, p->i);
	else if (call->result < 0)
		failed(l, p->i, call->result, call->err.text);
	else if (streq(status, "SOFT_DELETED") && !p->forced)
		force(steal_ptr(p));
	else if (streq(status, "ERROR") && json_is_null(task) && p->looks >= LOOK_WHOLE)
		failed(l, p->i, EIO, fault ? fault : "it is in ERROR and does not go");
	else if (p->waited_ms > SERVER_GONE_S * 1e3)
		failed(l, p->i, ETIMEDOUT, "it is still there: ask Nova's log on its host");
	else if (run_interrupted(l->os->vim.run))
		failed(l, p->i, EINTR, "interrupted while it was going");
	else
		wait_on(steal_ptr(p));
	free(p);
	call_free(call);
}

static void look(struct parting *p)
{
	struct call *call = call_new(SERVICE_COMPUTE, "GET", path_of(p->l->objects[p->i]), NULL);

	call->done = looked;
	call->data = p;
	session_start(p->l->os->session, call);
}

static void listed(struct call *call, void *data)
{
	struct parting *p = data;
	bool there =
		call->result == 0 && openstack_servers_hold(call->answer, p->l->objects[p->i]->id);

	if (there && !run_interrupted(p->l->os->vim.run))
		wait_on(p);
	else
		look(p);
	call_free(call);
}

static void look_again(void *data)
{
	struct parting *p = data;

	if (++p->looks % LOOK_WHOLE == 0) {
		look(p);
		return;
	}
	struct call *call = call_new(SERVICE_COMPUTE, "GET",
				     openstack_servers_path(p->l->objects[p->i]->name, NULL), NULL);
	call->done = listed;
	call->data = p;
	session_start(p->l->os->session, call);
}

/* In use by others: it stays, with a word. Neutron's message names the ports. */
static bool stays(const struct leaver *l, size_t i, const struct call *call)
{
	enum vim_kind kind = l->objects[i]->kind;

	if (call->status != 409 || (kind != VIM_NETWORK && kind != VIM_SUBNET))
		return false;
	cleanup_free char *text = xasprintf("stays, others use it: %s", call->err.text);
	vim_watch_report(l->watch, i, EVENT_NOTE, text);
	return true;
}

static void deleted(struct call *call, void *data)
{
	struct parting *p = data;
	struct leaver *l = p->l;
	size_t i = p->i;
	bool there = call->result == 0 && l->objects[i]->kind == VIM_SERVER;

	if (there)
		session_after(l->os->session, LOOK_MS, look_again, steal_ptr(p));
	else if (call->result == 0 || call->status == 404)
		gone(l, i);
	else if (!stays(l, i, call))
		failed(l, i, call->result, call->err.text);
	free(p);
	call_free(call);
}

static void start(struct leaver *l, size_t i)
{
	struct parting *p = xcalloc(1, sizeof(*p));
	struct call *call = call_new(openstack_service(l->objects[i]->kind), "DELETE",
				     path_of(l->objects[i]), NULL);

	*p = (struct parting){.l = l, .i = i};
	call->done = deleted;
	call->data = p;
	vim_watch_report(l->watch, i, EVENT_STARTED, NULL);
	session_start(l->os->session, call);
}

/* Number of the subnet's network among the objects, or -1. It takes its subnets with it. */
static long network_of(const struct leaver *l, size_t subnet)
{
	const struct thing *t = things_by_id(&l->os->things, VIM_SUBNET, l->objects[subnet]->id);

	for (size_t i = 0; t && i < l->n; i++)
		if (l->objects[i]->kind == VIM_NETWORK && streq(l->objects[i]->id, t->parent))
			return (long)i;
	return -1;
}

enum round { ROUND_SERVERS, ROUND_PORTS, ROUND_SUBNETS, ROUND_NETWORKS };

static enum round round_of(const struct leaver *l, size_t i)
{
	switch (l->objects[i]->kind) {
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

static void delete_round(struct leaver *l, enum round round)
{
	for (size_t i = 0; i < l->n; i++)
		if (round_of(l, i) == round && !(round == ROUND_SUBNETS && network_of(l, i) >= 0))
			start(l, i);
	session_run(l->os->session);
}

/* What became of the subnets that went with their network. */
static void tell_subnets(struct leaver *l)
{
	for (size_t i = 0; i < l->n; i++) {
		long network = l->objects[i]->kind == VIM_SUBNET ? network_of(l, i) : -1;
		if (network < 0)
			continue;
		if (l->gone[network])
			gone(l, i);
		else
			vim_watch_report(l->watch, i, EVENT_NOTE, "stays with its network");
	}
}

int openstack_destroy(struct vim *vim, const struct vim_object *const *objects, size_t n,
		      const struct vim_watch *watch, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	cleanup_free bool *is_gone = xcalloc(n, sizeof(bool));
	struct leaver l = {.os = os, .watch = watch, .objects = objects, .n = n, .gone = is_gone};
	int r = openstack_login(os, err);

	if (r < 0)
		return r;
	for (int round = ROUND_SERVERS; round <= ROUND_NETWORKS; round++) {
		if (run_interrupted(vim->run)) {
			l.result = err_set(&l.err, INTERRUPTED, "interrupted");
			break;
		}
		delete_round(&l, (enum round)round);
		if (round == ROUND_SERVERS && l.result < 0)
			break;
	}
	if (l.result == 0)
		tell_subnets(&l);
	forget_gone(&l);
	if (l.result < 0)
		err_copy(err, &l.err);
	err_clear(&l.err);
	return l.result;
}
