// SPDX-License-Identifier: Apache-2.0
#include "vim/vim.h"

#include <limits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

static void openstack_close(struct vim *vim)
{
	if (!vim)
		return;

	struct openstack *os = openstack_of(vim);
	session_free(os->session);
	cloud_clear(&os->cloud);
	lock_release(&os->lock);
	resources_clear(&os->resources);
	json_decref(os->polled);
	json_decref(os->before);
	json_decref(os->ports_before);
	json_decref(os->services);
	json_decref(os->security_groups);
	free_all(os->project, os->prefix);
	vim_identity_clear(&vim->identity);
	free_all(vim->tenant, vim->deployment, os);
}

static char *first_of(const char *a, const char *b)
{
	return xstrdup(a ? a : b);
}

/* As configured. */
static struct vim_identity configured_identity(const struct openstack *os)
{
	const struct cloud *c = &os->cloud;

	return (struct vim_identity){
		.vim = xstrdup(c->name),
		.region = xstrdup(c->region),
		.project = os->project ? xstrdup(os->project)
				       : first_of(c->project_name, c->project_id),
		.user = first_of(c->user_name, c->user_id),
	};
}

static int openstack_say_who(struct vim *vim, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	struct vim_identity *id = &vim->identity;
	cleanup_err struct err why = ERR_INIT;
	int r = openstack_login(os, &why);

	if (r == -ENOENT && os->make_project) {
		id->no_project = true;
		return 0;
	}
	if (r < 0)
		return err_copy(err, &why);
	const struct vim_identity told = {
		.vim = xstrdup(id->vim),
		.region = first_of(session_region(os->session), id->region),
		.project = first_of(session_project_name(os->session), id->project),
		.user = first_of(session_user_name(os->session), id->user),
	};
	vim_identity_clear(id);
	*id = told;
	return 0;
}

static int take_lock(struct openstack *os, struct err *err)
{
	cleanup_free char *what =
		xasprintf("%s %s %s%s", os->cloud.auth_url, os->project ? os->project : "",
			  os->cloud.project_name ? os->cloud.project_name : "", os->prefix);
	cleanup_free char *shown = xasprintf("deployment %s/%s on cloud %s", os->vim.tenant,
					     os->vim.deployment, os->cloud.name);

	return lock_take(&os->lock, what, shown, err);
}

static void warn_unverified(const struct cloud *cloud, const struct run_ctx *run)
{
	static bool warned;

	if (!cloud->verify && !warned && str_starts(cloud->auth_url, "https:"))
		event_note(run, "TLS_NOT_VERIFIED",
			   "cloud \"%s\": the certificate is not verified, so anybody on the path "
			   "can read the password: set cacert in %s",
			   cloud->name, cloud->where);
	warned = warned || !cloud->verify;
}

/* No core file has the credentials, and no other process of the user reads the memory. */
static void hide_memory(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0);
}

static int openstack_open(const struct vim_target *target, const struct run_ctx *run,
			  struct vim **ret_vim, struct err *err)
{
	struct openstack *os = xcalloc(1, sizeof(*os));
	int r;

	os->vim = (struct vim){.ops = &vim_openstack,
			       .tenant = xstrdup(target->tenant),
			       .deployment = xstrdup(target->deployment),
			       .run = run};
	os->lock.fd = -1;
	os->project = xstrdup(target->project);
	os->make_project = target->make_project && target->project;
	os->prefix = xasprintf("dnsvnf:%s/%s/", target->tenant, target->deployment);
	hide_memory();
	r = cloud_load(target->vim_name, target->region, &os->cloud, err);
	if (r == 0) {
		warn_unverified(&os->cloud, run);
		os->session = session_new(&os->cloud, os->project, run);
	}
	if (r == 0 && target->change)
		r = take_lock(os, err);
	if (r < 0) {
		openstack_close(&os->vim);
		return r;
	}
	os->vim.identity = configured_identity(os);
	*ret_vim = &os->vim;
	return 0;
}

static int openstack_deployments(struct vim *vim, struct vim_deployment **ret, size_t *ret_n,
				 struct err *err)
{
	cleanup_inventory struct vim_inventory inventory = {0};
	struct vim_deployment *v = NULL;
	size_t n = 0;
	int r = openstack_list(vim, NULL, 0, &inventory, err);

	if (r < 0)
		return r;
	const struct resources *resources = &openstack_of(vim)->resources;
	for (size_t i = 0; i < resources->n; i++) {
		struct vim_deployment d;
		bool known = false;
		/* A flavor belongs to the whole cloud, so it does not prove a deployment in this
		 * project. */
		if (resources->v[i].object.kind == VIM_FLAVOR ||
		    !vim_mark_read(resources->v[i].object.owner, &d.tenant, &d.deployment))
			continue;
		for (size_t k = 0; k < n && !known; k++)
			known = streq(v[k].tenant, d.tenant) &&
				streq(v[k].deployment, d.deployment);
		if (known) {
			free_all(d.tenant, d.deployment);
		} else {
			*array_push(v, n) = d;
		}
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

/* Is the image in Glance, and kept? One of ours from another request will be replaced. */
static bool is_there(struct openstack *os, const struct vim_request *server)
{
	const struct image *image = server->server.image;
	const char *name = server->server.image_name;
	const struct resource *t = openstack_image(os, server);

	if (!t || !image || !vim_object_is_of(&t->object, &os->vim))
		return t != NULL;
	const struct vim_request request = {.kind = VIM_IMAGE, .name = name, .image = image};
	return t->object.state == VIM_STATE_ACTIVE && t->object.digest &&
	       vim_request_difference(&request, t->object.digest) == VIM_SAME;
}

static int file_limit(const json_t *limits, const char *key)
{
	const json_t *value = json_object_get(limits, key);

	return json_is_integer(value) && json_integer_value(value) >= 0
		       ? (int)json_integer_value(value)
		       : INT_MAX; /* -1: none; or not shown, and then Nova decides */
}

/* Files on the config drive, by the project's quotas. Nova counts a file's size in base64. */
static int admit_files(struct openstack *os, const struct vim_request *server, struct err *err)
{
	const struct drive_file *files = server->server.files;
	size_t n = server->server.n_files;

	if (!n)
		return 0;
	struct call *call = call_new(SERVICE_COMPUTE, "GET", xstrdup("/limits"), NULL);
	call->nova_most = NOVA_FILES_MINOR;
	int r = session_calls(os->session, &call, 1, err);
	const json_t *limits = json_object_get(json_object_get(call->answer, "limits"), "absolute");
	size_t most = (size_t)file_limit(limits, "maxPersonality");
	size_t size = (size_t)file_limit(limits, "maxPersonalitySize");
	if (r == 0 && n > most)
		r = err_set(
			err, INVALID,
			"%zu configurations are files on the config drive, and the project's quota "
			"is %zu (injected_files): raise it, or give some an absolute dst",
			n, most);
	for (size_t i = 0; i < n && r == 0; i++)
		if ((files[i].len + 2) / 3 * 4 > size)
			r = err_set(
				err, INVALID,
				"\"%s\" on the config drive has %zu bytes, %zu in base64, and the "
				"project's quota is %zu (injected_file_content_bytes): raise it, "
				"or "
				"give the file an absolute dst",
				files[i].path, files[i].len, (files[i].len + 2) / 3 * 4, size);
	call_free(call);
	return r;
}

/* Errors that can be predicted before anything is created. Only Nova knows whether a host fits. */
static int openstack_admit(struct vim *vim, const struct vim_request *server,
			   const struct vim_request *ports, size_t n_ports, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	const struct image *image = server->server.image;
	const char *name = server->server.image_name;
	const char *path = image && image->src ? vim_image_file(image->src) : NULL;

	(void)ports;
	(void)n_ports;
	int r = admit_files(os, server, err);
	if (r < 0 || is_there(os, server))
		return r;
	if (!image || !image->src)
		return err_set(err, NOT_FOUND,
			       "image \"%s\" is not in Glance, and the descriptor has no file to "
			       "upload: add <src> to the image, or upload it",
			       name);
	if (!path)
		return err_set(err, INVALID,
			       "image \"%s\": src is the URL %s: download it and set src to the "
			       "file, so that its hash can be checked",
			       name, image->src);
	if (access(path, R_OK) < 0)
		return err_errno(err, errno, "image \"%s\": cannot read %s", name, path);
	return 0;
}

static int openstack_update(struct vim *vim, const struct vim_object *object,
			    const struct vim_request *request, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	json_t *body = json_pack("{s:o}", resource_singular(object->kind), body_update(request));

	return session_call(os->session, openstack_service(object->kind), "PUT",
			    xasprintf("%s/%s", openstack_list_path(object->kind), object->id), body,
			    NULL, err);
}

static int openstack_release(struct vim *vim, struct err *err)
{
	struct openstack *os = openstack_of(vim);

	return os->make_project ? openstack_delete_project(os, err) : 0;
}

/* From the machine of dnsvnf: the cloud's networks are reachable only by its routers. */
static int openstack_socket(struct vim *vim, int domain, int type, int protocol, struct err *err)
{
	int fd = socket(domain, type, protocol);

	(void)vim;
	return fd < 0 ? err_errno(err, errno, "cannot open a socket") : fd;
}

const struct vim_ops vim_openstack = {
	.name = "openstack",
	.open = openstack_open,
	.close = openstack_close,
	.login = openstack_say_who,
	.deployments = openstack_deployments,
	.servers = openstack_servers,
	.list = openstack_list,
	.admit = openstack_admit,
	.facts = openstack_facts,
	.quotas = openstack_quotas,
	.import = openstack_import,
	.create = openstack_create,
	.update = openstack_update,
	.change = openstack_change,
	.settle = openstack_settle,
	.power = openstack_power,
	.server = openstack_server,
	.destroy = openstack_destroy,
	.host_up = openstack_host_up,
	.release = openstack_release,
	.set_link = openstack_set_link,
	/* Neutron's agents look every 2 s (polling_interval). */
	.link_delay_ms = 2500,
	.barrier = openstack_barrier,
	.console = openstack_console,
	.socket = openstack_socket,
};
