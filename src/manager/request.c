// SPDX-License-Identifier: Apache-2.0
/* What a client of the control socket can ask for. */
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "manager/control.h"
#include "manager/manager.h"
#include "manager/registry.h"

char *request_user(uid_t uid)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		return xstrdup(found->pw_name);
	return xasprintf("uid %u", uid);
}

char *request_failed(const struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	json_put_bool(&w, "done", true);
	json_open_object(&w, "error");
	json_put_text(&w, "kind", err_kind_name(err->kind));
	json_put_text(&w, "text", err->text);
	json_close(&w);
	json_close(&w);
	char *text = json_write_text(&w, JSON_COMPACT, NULL);
	return text ? text : xstrdup("{\"done\":true,\"error\":{\"kind\":\"bug\",\"text\":\"\"}}");
}

static void reply(struct client *c, char *message)
{
	free(c->reply);
	c->reply = message;
	c->sends = CLIENT_REPLY;
}

/* A reply whose object the caller filled. */
static int reply_with(struct client *c, struct json_writer *w, struct err *err)
{
	json_put_bool(w, "done", true);
	json_close(w);
	char *text = json_write_text(w, JSON_COMPACT, err);
	if (!text)
		return -EIO;
	if (strlen(text) > CONTROL_MESSAGE_MAX) {
		free(text);
		return err_set(err, INVALID, "the answer is larger than %d bytes",
			       CONTROL_MESSAGE_MAX);
	}
	reply(c, text);
	return 0;
}

/* Nothing may be changed that cannot be kept. */
static int check_disk(const struct manager *m, struct err *err)
{
	return m->keep_error ? err_set(err, LOCAL,
				       "%s: nothing is changed until it can be written; make room "
				       "on the disk",
				       m->keep_error)
			     : 0;
}

/* What is acknowledged is on the disk. */
static int keep(struct manager *m, struct err *err)
{
	return manager_keep(m) ? 0 : check_disk(m, err);
}

/*
 * The content of a sealed memfd, which cannot change and does not block; any other file may.
 */
static int read_sealed(int fd, char **ret_data, size_t *ret_len, struct err *err)
{
	const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	struct stat st;

	if ((fcntl(fd, F_GET_SEALS) & wanted) != wanted || fstat(fd, &st) < 0)
		return err_set(err, INVALID, "a file is not a sealed memfd");
	if (st.st_size > REGISTRY_FILE_MAX)
		return err_code(err, INVALID, EFBIG, "a file is larger than %d bytes",
				REGISTRY_FILE_MAX);
	size_t len = (size_t)st.st_size, at = 0;
	cleanup_free char *data = xcalloc(1, len + 1);
	while (at < len) {
		ssize_t n = pread(fd, data + at, len - at, (off_t)at);
		if (n <= 0)
			return err_errno(err, n < 0 ? errno : EIO, "cannot read a file");
		at += (size_t)n;
	}
	*ret_data = steal_ptr(data);
	*ret_len = len;
	return 0;
}

struct generation {
	struct registry_file files[REGISTRY_FILES];
	char *data[REGISTRY_FILES];
	char *names[REGISTRY_FILES];
	size_t n;
	char *meta;
};

static void generation_clear(struct generation *g)
{
	for (size_t i = 0; i < REGISTRY_FILES; i++)
		free_all(g->data[i], g->names[i]);
	free(g->meta);
}

static const struct registry_file *find_file(const struct generation *g, const char *name)
{
	return array_find(g->files, g->n, streq(it->name, name));
}

static int read_files(struct json_reader *r, const int *fds, size_t n_fds, struct generation *g,
		      struct err *err)
{
	int result = 0;

	json_each (r, "files", REGISTRY_FILES - 1, one) {
		json_get_name(&one, NULL, &g->names[g->n]);
		if (!g->names[g->n] || g->n >= n_fds)
			break;
		struct registry_file *f = &g->files[g->n];
		result = read_sealed(fds[g->n], &g->data[g->n], &f->len, err);
		if (result < 0)
			break;
		f->name = g->names[g->n];
		f->data = g->data[g->n];
		g->n++;
	}
	if (result == 0)
		result = json_end(r);
	if (result == 0 && g->n != n_fds)
		result = err_set(err, INVALID, "%zu files, but %zu descriptors", g->n, n_fds);
	return result;
}

/* Who accepted it, when and from where. */
static int add_meta(struct generation *g, const char *by, const char *from, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};
	const struct registry_file *descriptor = find_file(g, "descriptor");

	if (!descriptor || !find_file(g, "resolved.xml") || !find_file(g, "watch.json"))
		return err_set(err, INVALID,
			       "descriptor, resolved.xml and watch.json are required");
	cleanup_free char *digest = hash_hex(descriptor->data, descriptor->len);
	json_open_object(&w, NULL);
	json_put_text(&w, "by", by);
	json_put_text(&w, "from", from);
	json_put_int64(&w, "at", time(NULL));
	json_put_text(&w, "digest", digest);
	json_close(&w);
	g->meta = json_write_text(&w, JSON_INDENT(1), err);
	if (!g->meta)
		return -EIO;
	g->files[g->n++] = (struct registry_file){"meta.json", g->meta, strlen(g->meta)};
	return 0;
}

/* It must name the deployment that it is accepted as. */
static int check_watch(const struct generation *g, const char *tenant, const char *deployment,
		       struct err *err)
{
	const struct registry_file *f = find_file(g, "watch.json");
	struct watch watch = {0};

	if (!f)
		return err_set(err, INVALID, "watch.json is missing");
	int r = watch_read(f->data, f->len, "watch.json", &watch, err);
	if (r < 0)
		return r;
	if (!streq(watch.tenant, tenant) || !streq(watch.deployment, deployment))
		r = err_set(err, INVALID, "watch.json is of another deployment");
	watch_clear(&watch);
	return r;
}

static int accept_generation(struct client *c, struct json_reader *r, const int *fds, size_t n_fds,
			     struct err *err)
{
	struct manager *m = c->manager;
	cleanup_free char *tenant = NULL, *deployment = NULL, *from = NULL;
	__attribute__((__cleanup__(generation_clear))) struct generation g = {0};
	cleanup_json_writer struct json_writer w = {0};
	bool deploy = true;
	int number = 0, result = check_disk(m, err);

	json_must_have(r, "tenant");
	json_must_have(r, "deployment");
	json_get_string(r, "tenant", &tenant);
	json_get_string(r, "deployment", &deployment);
	json_get_string(r, "from", &from);
	json_get_bool(r, "deploy", &deploy);
	if (result == 0)
		result = read_files(r, fds, n_fds, &g, err);
	if (result == 0)
		result = add_meta(&g, c->by, from, err);
	if (result == 0)
		result = check_watch(&g, tenant, deployment, err);
	if (result == 0)
		result = registry_put(m->registry, tenant, deployment, g.files, g.n, &number, err);
	if (result == 0)
		result = manager_load(m, tenant, deployment, number, false, err);
	if (result < 0)
		return result;
	struct managed *d = manager_find(m, tenant, deployment);
	note(m,
	     &(struct note){.type = "CONFIG_ACCEPTED", .status = "SUCCESS", .of = d, .by = c->by},
	     "generation %d", number);
	if (deploy)
		work_want(d, TASK_DEPLOY, manager_now());
	result = keep(m, err);
	if (result < 0)
		return result;
	json_open_object(&w, NULL);
	json_put_int64(&w, "generation", number);
	return reply_with(c, &w, err);
}

static int get_managed(const struct manager *m, struct json_reader *r, struct managed **ret,
		       struct err *err)
{
	cleanup_free char *tenant = NULL, *deployment = NULL;

	json_must_have(r, "tenant");
	json_must_have(r, "deployment");
	json_get_string(r, "tenant", &tenant);
	json_get_string(r, "deployment", &deployment);
	if (json_end(r) < 0)
		return json_end(r);
	*ret = manager_find(m, tenant, deployment);
	return *ret ? 0
		    : err_set(err, NOT_FOUND,
			      "%s/%s is not managed: 'dnsvnf manage DEP.xml' accepts it", tenant,
			      deployment);
}

static int undeploy(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	cleanup_json_writer struct json_writer w = {0};
	struct managed *d = NULL;
	int result = check_disk(m, err);

	if (result == 0)
		result = get_managed(m, r, &d, err);
	if (result == 0)
		result = registry_mark_gone(m->registry, d->watch.tenant, d->watch.deployment, err);
	if (result < 0)
		return result;
	note(m,
	     &(struct note){.type = "UNDEPLOY_ACCEPTED", .status = "SUCCESS", .of = d, .by = c->by},
	     "it is tried until nothing is left");
	work_want(d, TASK_UNDEPLOY, manager_now());
	result = keep(m, err);
	if (result < 0)
		return result;
	json_open_object(&w, NULL);
	return reply_with(c, &w, err);
}

static int rollback(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	cleanup_json_writer struct json_writer w = {0};
	struct managed *d = NULL;
	int to = 0, number = 0, result = check_disk(m, err);

	json_must_have(r, "generation");
	json_get_int(r, "generation", 1, REGISTRY_GENERATION_MAX, &to);
	if (result == 0)
		result = get_managed(m, r, &d, err);
	if (result == 0)
		result = registry_rollback(m->registry, d->watch.tenant, d->watch.deployment, to,
					   &number, err);
	if (result < 0)
		return result;
	cleanup_free char *tenant = xstrdup(d->watch.tenant);
	cleanup_free char *deployment = xstrdup(d->watch.deployment);
	result = manager_load(m, tenant, deployment, number, false, err);
	if (result < 0)
		return result;
	d = manager_find(m, tenant, deployment);
	note(m,
	     &(struct note){.type = "CONFIG_ACCEPTED", .status = "SUCCESS", .of = d, .by = c->by},
	     "generation %d, a copy of %d", number, to);
	work_want(d, TASK_DEPLOY, manager_now());
	result = keep(m, err);
	if (result < 0)
		return result;
	json_open_object(&w, NULL);
	json_put_int64(&w, "generation", number);
	return reply_with(c, &w, err);
}

/* The paths of the generations, which root reads itself. */
static int generations(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	cleanup_json_writer struct json_writer w = {0};
	int numbers[REGISTRY_GENERATIONS];
	struct managed *d = NULL;
	size_t n = 0;
	int result = get_managed(m, r, &d, err);

	if (result == 0)
		result = registry_generations(m->registry, d->watch.tenant, d->watch.deployment,
					      numbers, &n, err);
	if (result < 0)
		return result;
	json_open_object(&w, NULL);
	json_open_array(&w, "generations");
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = registry_path(m->registry, d->watch.tenant,
							d->watch.deployment, numbers[i], "");
		json_open_object(&w, NULL);
		json_put_int64(&w, "generation", numbers[i]);
		json_put_text(&w, "path", path);
		json_close(&w);
	}
	json_close(&w);
	return reply_with(c, &w, err);
}

static int get_scope(struct json_reader *r, enum hold_scope *ret_scope, char **ret_name,
		     struct err *err)
{
	cleanup_free char *scope = NULL;

	json_must_have(r, "scope");
	json_must_have(r, "name");
	json_get_name(r, "scope", &scope);
	json_get_name(r, "name", ret_name);
	if (json_end(r) < 0)
		return json_end(r);
	*ret_scope = hold_scope_parse(scope);
	return *ret_scope == HOLD_SCOPES
		       ? err_set(err, INVALID,
				 "'%s' must be vm, deployment, network, host or cloud", scope)
		       : 0;
}

static int hold(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	cleanup_json_writer struct json_writer w = {0};
	struct operator_hold h = {.by = c->by};
	int minutes = 120, result = get_scope(r, &h.scope, &h.name, err);

	json_must_have(r, "why");
	json_get_string(r, "why", &h.why);
	json_get_int(r, "minutes", 1, HOLD_MINUTES_MAX, &minutes);
	if (result == 0)
		result = json_end(r);
	h.until = time(NULL) + minutes * INT64_C(60);
	if (result == 0)
		result = holds_set(&m->holds, &h, err);
	if (result == 0)
		note(m,
		     &(struct note){.type = "HOLD_SET",
				    .status = "SUCCESS",
				    .object = h.name,
				    .by = c->by},
		     "%s %s for %d min: %s", hold_scope_name(h.scope), h.name, minutes, h.why);
	free_all(h.name, h.why);
	if (result < 0)
		return result;
	(void)manager_keep(m);
	json_open_object(&w, NULL);
	json_put_int64(&w, "until", h.until);
	return reply_with(c, &w, err);
}

/* Also mends a breaker that is tripped. */
static int release(struct client *c, struct json_reader *r, struct err *err)
{
	static const enum domain_kind kinds[HOLD_SCOPES] = {
		[HOLD_SCOPE_VM] = DOMAIN_KINDS,        [HOLD_SCOPE_DEPLOYMENT] = DOMAIN_DEPLOYMENT,
		[HOLD_SCOPE_NETWORK] = DOMAIN_NETWORK, [HOLD_SCOPE_HOST] = DOMAIN_HOST,
		[HOLD_SCOPE_CLOUD] = DOMAIN_CLOUD,
	};
	struct manager *m = c->manager;
	cleanup_json_writer struct json_writer w = {0};
	cleanup_free char *name = NULL;
	cleanup_err struct err missing = ERR_INIT;
	enum hold_scope scope = HOLD_SCOPES;
	bool released = false;
	int result = get_scope(r, &scope, &name, err);

	if (result < 0)
		return result;
	for (uint32_t i = 0; i < m->fleet.n_domains; i++)
		if (m->fleet.domains[i].kind == kinds[scope] && m->fleet.domains[i].tripped &&
		    streq(m->fleet.domains[i].name, name)) {
			fleet_release(&m->fleet, i);
			released = true;
		}
	result = holds_release(&m->holds, scope, name, &missing);
	if (result < 0 && !(result == -ENOENT && released))
		return err_copy(err, &missing);
	note(m,
	     &(struct note){
		     .type = "HOLD_RELEASED", .status = "SUCCESS", .object = name, .by = c->by},
	     "%s %s", hold_scope_name(scope), name);
	(void)manager_keep(m);
	json_open_object(&w, NULL);
	return reply_with(c, &w, err);
}

static int heal(struct client *c, struct json_reader *r, struct err *err)
{
	struct manager *m = c->manager;
	cleanup_json_writer struct json_writer w = {0};
	cleanup_free char *name = NULL;
	bool force = false, discard = false;
	int result = check_disk(m, err);

	json_must_have(r, "vm");
	json_get_name(r, "vm", &name);
	json_get_bool(r, "force", &force);
	json_get_bool(r, "discard_state", &discard);
	if (result == 0)
		result = json_end(r);
	if (result < 0)
		return result;
	size_t i = manager_find_vm(m, name);
	if (i == SIZE_MAX)
		return err_set(err, NOT_FOUND, "no VM '%s' is managed: see 'dnsvnf status --watch'",
			       name);
	m->vms[i].requested = manager_now();
	m->fleet.vms[i].request =
		(struct vm_request){.heal = true, .force = force, .discard_state = discard};
	note(m,
	     &(struct note){
		     .type = "HEAL_REQUESTED", .status = "SUCCESS", .vm = &m->vms[i], .by = c->by},
	     "%s", force ? "even if it answers" : "");
	(void)manager_keep(m);
	json_open_object(&w, NULL);
	return reply_with(c, &w, err);
}

static int send_events(struct client *c, struct json_reader *r, struct err *err)
{
	cleanup_free char *time_text = NULL;
	int64_t since = -1;

	json_get_int64(r, "since", 0, INT64_MAX, &since);
	json_get_name(r, "since_time", &time_text);
	json_get_bool(r, "follow", &c->follow);
	int result = json_end(r);
	events_cursor_clear(&c->cursor);
	c->cursor.seq = since >= 0 ? (uint64_t)since : events_first(c->manager->events);
	if (result == 0 && time_text)
		result = events_seek(c->manager->events, time_text, &c->cursor.seq, err);
	if (result == 0)
		c->sends = CLIENT_EVENTS;
	return result;
}

static int send_status(struct client *c, struct json_reader *r, struct err *err)
{
	(void)r;
	(void)err;
	c->next = 0;
	c->sends = CLIENT_STATUS;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct client *c, struct json_reader *r, struct err *err);
} requests[] = {
	{"undeploy", undeploy},  {"rollback", rollback},  {"generations", generations},
	{"hold", hold},          {"release", release},    {"heal", heal},
	{"events", send_events}, {"status", send_status},
};

void request_take(struct client *c, const char *text, size_t len, const int *fds, size_t n_fds)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_json json_t *document = NULL;
	cleanup_free char *name = NULL;
	int r = json_parse_document(text, len, "request", &document, &err);
	struct json_reader reader = json_reader(document, &err);

	c->follow = false;
	if (r == 0) {
		json_must_have(&reader, "do");
		json_get_name(&reader, "do", &name);
		r = json_end(&reader);
	}
	if (r == 0) {
		r = err_set(NULL, INVALID, "unknown");
		for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
			if (streq(requests[i].name, name))
				r = requests[i].run(c, &reader, &err);
		if (streq(name, "accept"))
			r = accept_generation(c, &reader, fds, n_fds, &err);
		if (r < 0 && !err.text)
			err_set(&err, INVALID, "unknown request '%s'", name);
	}
	if (r < 0)
		reply(c, request_failed(&err));
}
