// SPDX-License-Identifier: Apache-2.0
#include "vim/vim.h"

#include "base/err.h"

const char *vim_kind_name(enum vim_kind kind)
{
	static const char *const names[] = {
		[VIM_IMAGE] = "image",
		[VIM_FLAVOR] = "flavor",
		[VIM_SERVER_GROUP] = "server group",
		[VIM_NETWORK] = "network",
		[VIM_SUBNET] = "subnet",
		[VIM_PORT] = "port",
		[VIM_SERVER] = "server",
	};

	return names[kind];
}

const char *vim_state_name(enum vim_state state)
{
	static const char *const names[] = {
		[VIM_STATE_BUILD] = "BUILD", [VIM_STATE_ACTIVE] = "ACTIVE",
		[VIM_STATE_BUSY] = "BUSY",   [VIM_STATE_DOWN] = "DOWN",
		[VIM_STATE_ERROR] = "ERROR", [VIM_STATE_DELETING] = "DELETING",
	};

	return names[state];
}

const char *vim_power_name(enum vim_power power)
{
	static const char *const names[] = {
		[VIM_POWER_START] = "start",
		[VIM_POWER_STOP] = "stop",
		[VIM_POWER_REBOOT] = "reboot",
	};

	return names[power];
}

int vim_power_allowed(const struct vim_server_info *server, struct err *err)
{
	if (server->task)
		return err_set(err, BUSY,
			       "server \"%s\" has the task %s: try again when it is over",
			       server->name, server->task);
	if (server->locked == TRI_YES)
		return err_set(
			err, REFUSED,
			"server \"%s\" is locked (%s): 'openstack server unlock %s' unlocks it",
			server->name,
			server->locked_reason ? server->locked_reason : "no reason is shown",
			server->id);
	return 0;
}

void vim_object_clear(struct vim_object *o)
{
	free_all(o->id, o->name, o->owner, o->fault, o->digest, o->host, o->image, o->flavor,
		 o->image_id, o->flavor_digest, o->user_data, o->other_project);
	*o = (struct vim_object){0};
}

void vim_inventory_clear(struct vim_inventory *i)
{
	array_free(i->v, i->n, vim_object_clear);
	*i = (struct vim_inventory){0};
}

static void port_info_clear(struct vim_port_info *p)
{
	free_all(p->name, p->network, p->mac_address);
	strv_clear(&p->ip_addresses);
	strv_clear(&p->security_groups);
	free_all(p->physical_network, p->host_device, p->status, p->id, p->vif_type, p->pf);
}

void vim_server_info_clear(struct vim_server_info *s)
{
	free_all(s->id, s->name, s->status, s->fault, s->power_state, s->task, s->locked_reason,
		 s->host, s->host_status, s->updated, s->action, s->action_user, s->action_at,
		 s->numa, s->numa_why, s->hypervisor);
	array_free(s->ports, s->n_ports, port_info_clear);
	*s = (struct vim_server_info){0};
}

void vim_identity_clear(struct vim_identity *i)
{
	free_all(i->vim, i->region, i->project, i->user);
	*i = (struct vim_identity){0};
}

const char *vim_image_file(const char *src)
{
	if (str_starts(src, "file://"))
		return src + strlen("file://");
	return strstr(src, "://") ? NULL : src;
}

bool vim_mark_read(const char *owner, char **ret_tenant, char **ret_deployment)
{
	const char *tenant = owner && str_starts(owner, "dnsvnf:") ? owner + strlen("dnsvnf:") : "";
	size_t tenant_len = strcspn(tenant, "/");

	if (!tenant[tenant_len])
		return false;
	const char *deployment = tenant + tenant_len + 1;
	size_t deployment_len = strcspn(deployment, "/");
	if (!deployment[deployment_len])
		return false;
	*ret_tenant = xstrndup(tenant, tenant_len);
	*ret_deployment = xstrndup(deployment, deployment_len);
	return true;
}

bool vim_object_is_of(const struct vim_object *object, const struct vim *vim)
{
	cleanup_free char *prefix = xasprintf("dnsvnf:%s/%s/", vim->tenant, vim->deployment);

	return object->owner && str_starts(object->owner, prefix);
}

void vim_watch_report(const struct vim_watch *watch, size_t i, enum event_status status,
		      const char *details)
{
	if (watch)
		watch->report(watch->data, i, status, details, 0, 0);
}

void vim_deployments_free(struct vim_deployment *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free_all(v[i].tenant, v[i].deployment);
	}
	free(v);
}

static void listed_server_clear(struct vim_listed_server *s)
{
	free_all(s->tenant, s->deployment);
	vim_server_info_clear(&s->info);
}

void vim_server_list_clear(struct vim_server_list *l)
{
	array_free(l->v, l->n, listed_server_clear);
	free(l->partial);
	*l = (struct vim_server_list){0};
}
