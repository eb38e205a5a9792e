// SPDX-License-Identifier: Apache-2.0
#include "deploy/import.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "day0/day0.h"
#include "deploy/draft.h"
#include "deploy/plan.h"
#include "model/model.h"
#include "vim/vim.h"

#define BONDD_CONF "/etc/bondd.conf"

/* A file's name beside the descriptor: "day0.cfg", of several groups "day0-GROUP.cfg". */
static char *file_name(const struct deployment *d, const struct vm_group *group, const char *dst)
{
	const char *slash = strrchr(dst, '/');
	const char *base = streq(dst, "--user-data") ? "day0.cfg" : slash ? slash + 1 : dst;
	cleanup_free char *name =
		d->n_vm_groups > 1 ? xasprintf("%s-%s", group->name, base) : xstrdup(base);

	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = '-';
	return streq(name, "dep.xml") || !*name ? xstrdup("file") : steal_ptr(name);
}

static bool is_taken(const struct draft_files *files, const char *name)
{
	return array_find(files->v, files->n, streq(it->path, name)) != NULL;
}

/* A name that no other file has: "NAME-2". */
static char *free_name(const struct draft_files *files, char *name)
{
	for (unsigned n = 2; is_taken(files, name); n++) {
		char *other = xasprintf("%s-%u", name, n);
		free(name);
		name = other;
	}
	return name;
}

/* Takes ownership of content. */
static void add_configuration(struct vm_group *group, const char *dst, char *content, size_t len)
{
	*array_push(group->configurations, group->n_configurations) =
		(struct configuration){.dst = xstrdup(dst), .content = content, .content_len = len};
}

/* The interface with the address of "listen = ADDRESS:PORT", the management; -1: none. */
static int listening_nicid(const struct vm_group *group, const char *conf)
{
	for (size_t i = 0; i < group->n_interfaces; i++) {
		const struct interface *n = &group->interfaces[i];
		const char *ip = interface_address(n, 0);
		if (!ip && n->n_addresses)
			ip = n->addresses[0].ip_address;
		cleanup_free char *four = ip ? xasprintf("= %s:", ip) : NULL;
		cleanup_free char *six = ip ? xasprintf("= [%s]:", ip) : NULL;
		if (ip && (strstr(conf, four) || strstr(conf, six)))
			return (int)n->nicid;
	}
	return -1;
}

/* The first virtual interface, else the first; -1: none. */
static int likely_management(const struct vm_group *group)
{
	for (size_t i = 0; i < group->n_interfaces; i++)
		if (group->interfaces[i].type == PORT_VIRTUAL)
			return (int)group->interfaces[i].nicid;
	return group->n_interfaces ? (int)group->interfaces[0].nicid : -1;
}

static void clear_configurations(struct vm_group *group)
{
	array_free(group->configurations, group->n_configurations, configuration_clear);
	group->configurations = NULL;
	group->n_configurations = 0;
}

/* Whether deploy would compose the same user data. */
static bool composes(const struct deployment *d, const struct vm_group *group, const char *data,
		     size_t len)
{
	cleanup_free char *conf = plan_bondd_conf(d, group, 0);
	const struct day0_file file = {BONDD_CONF, conf, 0644};
	cleanup_free char *composed = NULL;
	size_t n;

	return day0_compose(group, 0, &file, conf ? 1 : 0, &composed, &n, NULL) == 0 && n == len &&
	       memcmp(composed, data, len) == 0;
}

static void add_option(struct vm_group *group, const char *name, const char *value)
{
	struct extension *e =
		array_find(group->extensions, group->n_extensions, streq(it->name, "dnsvnf"));

	if (!e) {
		e = array_push(group->extensions, group->n_extensions);
		e->name = xstrdup("dnsvnf");
	}
	*array_push(e->properties.v, e->properties.n) =
		(struct property){.name = xstrdup(name), .value = xstrdup(value)};
}

/*
 * Removes from the user data what deploy has added. If that cannot be identified, the user data is
 * kept unchanged, and guest_agent is none, so that deploy adds nothing to it.
 */
static void split_day0(const struct deployment *d, struct vm_group *group)
{
	struct configuration *c = group->n_configurations ? &group->configurations[0] : NULL;
	size_t len = c ? c->content_len : 0;
	cleanup_free char *data = c ? steal_ptr(c->content) : NULL;
	struct day0_parts parts = {0};
	int nicid = -1;

	clear_configurations(group);
	if (data)
		day0_split(data, len, &parts);
	if (parts.user_len > 0)
		add_configuration(group, "--user-data", steal_ptr(parts.user), parts.user_len);
	for (size_t i = 0; i < parts.n_files; i++) {
		struct day0_part *file = &parts.files[i];
		if (streq(file->path, BONDD_CONF))
			nicid = listening_nicid(group, file->content);
		if (!streq(file->path, BONDD_CONF) || nicid < 0)
			add_configuration(group, file->path, steal_ptr(file->content), file->len);
	}
	day0_parts_clear(&parts);
	if (group->n_interfaces == 0)
		group->bootup_time = -1; /* nothing could report it alive */
	else
		draft_monitoring(group, nicid >= 0 ? nicid : likely_management(group));
	if (!data || composes(d, group, data, len))
		return;
	clear_configurations(group);
	add_configuration(group, "--user-data", steal_ptr(data), len);
	add_option(group, "guest_agent", "none");
}

/* The configurations as files beside the descriptor. */
static void make_files(const struct deployment *d, struct vm_group *group,
		       struct draft_files *files)
{
	for (size_t i = 0; i < group->n_configurations; i++) {
		struct configuration *c = &group->configurations[i];
		char *name = free_name(files, file_name(d, group, c->dst));
		c->file = xstrdup(name);
		*array_push(files->v, files->n) = (struct draft_file){
			name, xmemdup(c->content, c->content_len), c->content_len};
	}
}

int import_design(struct vim *vim, const char *const *servers, struct model **ret,
		  struct draft_files *ret_files, struct strv *ret_notes, struct err *err)
{
	struct draft_files files = {0};
	struct model *model;

	if (!vim->ops->import)
		return err_set(err, INVALID, "servers of the VIM \"%s\" cannot be imported",
			       vim->ops->name);
	int r = vim->ops->import(vim, servers, &model, ret_notes, err);
	if (r < 0)
		return r;
	struct deployment *d = &model->tenants[0].deployments[0];
	for (size_t g = 0; g < d->n_vm_groups; g++) {
		split_day0(d, &d->vm_groups[g]);
		make_files(d, &d->vm_groups[g], &files);
	}
	*ret = model;
	*ret_files = files;
	return 0;
}
