// SPDX-License-Identifier: Apache-2.0
/* Gives a descriptor, with its day-0 files, to the manager. */
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/target.h"
#include "cli/verb.h"
#include "esc/esc.h"
#include "manager/client.h"
#include "manager/watch.h"
#include "model/service.h"
#include "vim/local/netns.h"

enum { FILES_MAX = 60, DESCRIPTOR_MAX = 8 << 20 };

/* The files of a generation; data is borrowed or owned by `owned`. */
struct bundle {
	struct client_file files[FILES_MAX + 3];
	size_t n;
	struct strv owned;
};

static void add_file(struct bundle *b, const char *name, const char *data, size_t len)
{
	b->files[b->n++] = (struct client_file){name, data, len};
}

/* The day-0 file under the name of its content; its <file> becomes that name. */
static int add_day0(struct bundle *b, struct configuration *c, struct err *err)
{
	cleanup_free char *digest = hash_hex(c->content, c->content_len);
	cleanup_free char *name = xasprintf("files/%s", digest);
	const struct client_file *there = array_find(b->files, b->n, streq(it->name, name));

	if (!there && b->n == FILES_MAX)
		return err_code(err, INVALID, E2BIG, "more than %d day-0 files", FILES_MAX);
	free(c->file);
	c->file = xstrdup(name);
	if (!there) {
		add_file(b, name, c->content, c->content_len);
		strv_take(&b->owned, steal_ptr(name));
	}
	return 0;
}

/* The descriptor of this deployment alone, with the files that the store will have. */
static int add_resolved(struct bundle *b, const struct model *model, const struct tenant *tenant,
			const struct deployment *deployment, struct err *err)
{
	struct tenant one = *tenant;
	struct deployment copy = *deployment;
	struct model alone = *model;
	cleanup_strbuf struct strbuf xml = {0};

	for (size_t g = 0; g < deployment->n_vm_groups; g++)
		for (size_t i = 0; i < deployment->vm_groups[g].n_configurations; i++) {
			struct configuration *c = &deployment->vm_groups[g].configurations[i];
			int r = c->file && c->content ? add_day0(b, c, err) : 0;
			if (r < 0)
				return r;
		}
	one.deployments = &copy;
	one.n_deployments = 1;
	alone.tenants = &one;
	alone.n_tenants = 1;
	esc_write(&alone, "Written by dnsvnf manage: the accepted descriptor's deployment.", &xml);
	size_t len = xml.len;
	strv_take(&b->owned, strbuf_steal(&xml));
	add_file(b, "resolved.xml", b->owned.v[b->owned.n - 1], len);
	return 0;
}

/* Images beside the descriptor: the store is elsewhere. */
static void make_images_absolute(struct model *model)
{
	for (size_t i = 0; i < model->n_images; i++) {
		struct image *image = &model->images[i];
		char *path = image->src && !strstr(image->src, "://") ? realpath(image->src, NULL)
								      : NULL;
		if (path) {
			free(image->src);
			image->src = path;
		}
	}
}

static const struct network *own_network(const struct deployment *deployment, const char *name)
{
	return array_find(deployment->networks, deployment->n_networks, streq(it->name, name));
}

/* A network that the deployment defines is another one than that of its name elsewhere. In the
 * embedded VIM each deployment has networks of its own. */
static char *network_name(const struct watch *w, const struct deployment *deployment,
			  const char *name)
{
	return !w->cloud || own_network(deployment, name)
		       ? xasprintf("%s/%s/%s", w->tenant, w->deployment, name)
		       : xstrdup(name);
}

/* The gateway of the subnet in which the address is. That of the embedded VIM is this machine's own
 * address, which proves nothing. */
static bool find_gateway(const struct watch *w, const struct model *model,
			 const struct deployment *deployment, const char *name,
			 const struct ip_addr *address, struct ip_addr *ret)
{
	const struct network *network = own_network(deployment, name);

	if (!network)
		network = array_find(model->networks, model->n_networks, streq(it->name, name));
	for (size_t i = 0; w->cloud && network && i < network->n_subnets; i++) {
		const struct subnet *s = &network->subnets[i];
		struct ip_prefix prefix = {.len = s->prefix};
		if (s->gateway && !s->no_gateway && ip_parse(s->address, &prefix.addr) &&
		    ip_prefix_contains(&prefix, address))
			return ip_parse(s->gateway, ret);
	}
	return false;
}

static void add_vm(struct watch *w, const struct model *model, const struct deployment *deployment,
		   const struct vm_group *group, unsigned index)
{
	struct watch_vm *vm = array_push(w->vms, w->n_vms);
	const char *management = service_management_address(group, index);
	const struct interface *port = vm_group_interface(group, vm_group_management_nicid(group));
	cleanup_strv struct strv service = {0};

	service_addresses(group, index, &service);
	*vm = (struct watch_vm){
		.name = vm_group_server_name(deployment, group, index),
		.group = xstrdup(group->name),
		.image = xstrdup(group->image),
		.network = port ? network_name(w, deployment, port->network) : NULL,
		.query = xstrdup(service_query_name(deployment, group)),
		.policy = vm_policy_of(group),
	};
	vm->has_management = ip_parse(management, &vm->management);
	vm->has_gateway =
		port && vm->has_management &&
		find_gateway(w, model, deployment, port->network, &vm->management, &vm->gateway);
	for (size_t i = 0; i < service.n && vm->n_service < WATCH_ADDRESSES; i++)
		if (ip_parse(service.v[i], &vm->service[vm->n_service]))
			vm->n_service++;
}

/* The cloud that --vim or its equals name; NULL: the embedded VIM. */
static const char *cloud_of(const struct options *options, const struct deployment *deployment)
{
	const char *environment = getenv("OS_CLOUD");
	const char *names[] = {
		options->vim, options->os_cloud, environment, deployment->locator.vim_id,
		deployment->n_vm_groups ? deployment->vm_groups[0].locator.vim_id : NULL};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] && *names[i])
			return streq(names[i], "local") ? NULL : names[i];
	return NULL;
}

static int add_watch(struct bundle *b, const struct options *options, const struct model *model,
		     const struct tenant *tenant, const struct deployment *deployment,
		     struct err *err)
{
	const char *cloud = cloud_of(options, deployment);
	struct watch w = {
		.tenant = xstrdup(tenant->name),
		.deployment = xstrdup(deployment->name),
		.cloud = xstrdup(cloud),
		.region = xstrdup(cloud ? deployment->locator.vim_region : NULL),
		.netns = cloud ? NULL : netns_name(tenant->name, deployment->name),
	};

	for (size_t g = 0; g < deployment->n_vm_groups; g++)
		for (unsigned i = 0; i < deployment->vm_groups[g].scaling.min_active; i++)
			add_vm(&w, model, deployment, &deployment->vm_groups[g], i);
	char *text = watch_write(&w, err);
	watch_clear(&w);
	if (!text)
		return -EIO;
	add_file(b, "watch.json", text, strlen(text));
	strv_take(&b->owned, text);
	return 0;
}

static int request(const struct manage_options *o, const struct tenant *tenant,
		   const struct deployment *deployment, const struct bundle *b, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};
	cleanup_json json_t *answer = NULL;
	cleanup_free char *from = realpath(o->common.operand, NULL);

	json_open_object(&w, NULL);
	json_put_string(&w, "do", "accept");
	json_put_string(&w, "tenant", tenant->name);
	json_put_string(&w, "deployment", deployment->name);
	json_put_text(&w, "from", from);
	json_put_bool(&w, "deploy", !o->no_deploy);
	json_open_array(&w, "files");
	for (size_t i = 0; i < b->n; i++)
		json_put_string(&w, NULL, b->files[i].name);
	json_close(&w);
	json_close(&w);
	int r = client_ask(&w, b->files, b->n, &answer, err);
	if (r < 0)
		return r;
	int64_t generation = json_try_int64(answer, "generation");
	if (o->common.json) {
		json_put_int64(o->common.json, "generation", generation);
		return 0;
	}
	printf("%s/%s: generation %lld is managed%s\n", tenant->name, deployment->name,
	       (long long)generation,
	       o->no_deploy ? "" : "; 'dnsvnf events --follow' shows its deploy");
	return 0;
}

static int manage(const struct manage_options *o, const struct model *model,
		  const struct tenant *tenant, const struct deployment *deployment)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *descriptor = NULL;
	struct bundle b = {0};
	size_t len;
	int r = file_read(o->common.operand, DESCRIPTOR_MAX, &descriptor, &len, &err);

	if (r == 0) {
		add_file(&b, "descriptor", descriptor, len);
		r = add_resolved(&b, model, tenant, deployment, &err);
	}
	if (r == 0)
		r = add_watch(&b, &o->common, model, tenant, deployment, &err);
	if (r == 0)
		r = request(o, tenant, deployment, &b, &err);
	strv_clear(&b.owned);
	return r < 0 ? cli_fail("manage", &err) : EXIT_DONE;
}

int verb_manage(const struct verb *verb, const void *options)
{
	const struct manage_options *o = options;
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;
	int r = cli_read_design(verb, &o->common, &model, &findings);

	if (r == EXIT_DONE)
		r = target_check(verb, &o->common, model);
	if (r != EXIT_DONE)
		return r;
	cli_report_findings(&o->common, &findings, SEVERITY_WARNING);
	make_images_absolute(model);
	if (o->common.json)
		json_open_array(o->common.json, "deployments");
	for (size_t t = 0; t < model->n_tenants; t++)
		for (size_t d = 0; r == EXIT_DONE && d < model->tenants[t].n_deployments; d++) {
			const struct tenant *tenant = &model->tenants[t];
			if (o->common.json) {
				json_open_object(o->common.json, NULL);
				json_put_text(o->common.json, "tenant", tenant->name);
				json_put_text(o->common.json, "deployment",
					      tenant->deployments[d].name);
			}
			r = manage(o, model, tenant, &tenant->deployments[d]);
			if (o->common.json)
				json_close(o->common.json);
		}
	if (o->common.json)
		json_close(o->common.json);
	return r;
}
