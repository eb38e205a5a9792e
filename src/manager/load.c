// SPDX-License-Identifier: Apache-2.0
/* Which VMs are watched, and which domains they share: rebuilt when a deployment comes or goes. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "manager/job.h"
#include "manager/manager.h"
#include "manager/registry.h"
#include "probe/probes.h"

static void domain_free(struct domain *d)
{
	free_all((char *)d->name, d->controls);
}

/* The domain of that kind and name in the new table; its state is that of the old one. */
static uint32_t add_domain(struct fleet *f, const struct fleet *old, enum domain_kind kind,
			   const char *name)
{
	if (!name)
		return DOMAIN_NONE;
	for (uint32_t i = 0; i < f->n_domains; i++)
		if (f->domains[i].kind == kind && streq(f->domains[i].name, name))
			return i;
	const struct domain *before =
		array_find(old->domains, old->n_domains, it->kind == kind && streq(it->name, name));
	struct domain *d = array_push(f->domains, f->n_domains);
	if (before)
		*d = *before;
	else
		*d = (struct domain){.kind = kind,
				     .tripped_at = MANAGER_NEVER,
				     .below_since = MANAGER_NEVER,
				     .proven_since = MANAGER_NEVER};
	d->name = xstrdup(name);
	d->controls =
		before && before->n_controls
			? xmemdup(before->controls, before->n_controls * sizeof(*before->controls))
			: NULL;
	if (kind == DOMAIN_CLOUD && !d->controls) {
		d->controls = xcalloc(1, sizeof(*d->controls));
		d->n_controls = 1;
		answers_init(&d->controls[0], 10000);
	}
	return (uint32_t)(f->n_domains - 1);
}

static void set_domains(struct fleet *f, const struct fleet *old, struct fleet_vm *vm,
			const struct managed *d, const struct watch_vm *w, const char *host)
{
	cleanup_free char *set = xasprintf("%s/%s", d->path, w->group);
	size_t in_group = 0;

	for (size_t i = 0; i < d->watch.n_vms; i++)
		in_group += streq(d->watch.vms[i].group, w->group);
	const char *names[DOMAIN_KINDS] = {
		[DOMAIN_VANTAGE] = d->watch.netns ? d->watch.netns : "this host",
		[DOMAIN_CLOUD] = d->watch.cloud ? d->watch.cloud : LOCAL_CLOUD,
		[DOMAIN_NETWORK] = w->network,
		[DOMAIN_HOST] = host,
		[DOMAIN_IMAGE] = w->image,
		[DOMAIN_DEPLOYMENT] = d->path,
		[DOMAIN_SET] = in_group > 1 ? set : NULL,
	};
	for (int kind = 0; kind < DOMAIN_KINDS; kind++)
		vm->domains[kind] = add_domain(f, old, (enum domain_kind)kind, names[kind]);
}

static void vm_init(struct fleet_vm *vm, int64_t now)
{
	observation_init(&vm->seen, ECHO_MS);
	answers_init(&vm->seen.dns, DNS_MS);
	vm_memory_init(&vm->memory, now);
}

/* Takes what is known of the VM over from the old tables. */
static void fill_vm(struct manager *m, struct managed *d, size_t index, struct fleet *f,
		    const struct fleet *old, struct managed_vm *old_vms, int64_t now)
{
	const struct watch_vm *w = &d->watch.vms[index];
	struct fleet_vm *vm = &f->vms[d->first + index];
	struct managed_vm *mv = &m->vms[d->first + index];
	const char *host = NULL;

	*mv = (struct managed_vm){0};
	for (size_t i = 0; i < old->n_vms; i++)
		if (old_vms[i].of == d && old_vms[i].watch &&
		    streq(old_vms[i].watch->name, w->name)) {
			*vm = old->vms[i];
			*mv = old_vms[i];
			if (vm->domains[DOMAIN_HOST] != DOMAIN_NONE)
				host = old->domains[vm->domains[DOMAIN_HOST]].name;
			old_vms[i] = (struct managed_vm){0};
			break;
		}
	if (!mv->of)
		vm_init(vm, now);
	mv->of = d;
	mv->watch = w;
	vm->policy = &w->policy;
	set_domains(f, old, vm, d, w, host);
}

static void forget_vm(struct manager *m, struct managed_vm *mv)
{
	seen_remove(m, mv);
	free_all(mv->id, mv->vim_state, mv->task, mv->updated, mv->action_of);
}

void manager_set_host(struct manager *m, size_t vm, const char *host)
{
	const struct fleet none = {0};

	m->fleet.vms[vm].domains[DOMAIN_HOST] = add_domain(&m->fleet, &none, DOMAIN_HOST, host);
}

/* A deployment's old watch must be valid until it returns: the old tables refer to it. */
static void rebuild(struct manager *m)
{
	struct fleet old = m->fleet, *f = &m->fleet;
	struct managed_vm *old_vms = m->vms;
	int64_t now = manager_now();

	f->n_vms = 0;
	for (size_t i = 0; i < m->n_deployments; i++) {
		m->deployments[i]->first = f->n_vms;
		f->n_vms += m->deployments[i]->watch.n_vms;
	}
	f->vms = xcalloc(f->n_vms + 1, sizeof(*f->vms));
	m->vms = xcalloc(f->n_vms + 1, sizeof(*m->vms));
	m->proposed = xreallocarray(m->proposed, f->n_vms + 1, sizeof(*m->proposed));
	f->domains = NULL;
	f->n_domains = 0;
	for (size_t i = 0; i < m->n_deployments; i++)
		for (size_t v = 0; v < m->deployments[i]->watch.n_vms; v++)
			fill_vm(m, m->deployments[i], v, f, &old, old_vms, now);
	for (size_t i = 0; i < old.n_vms; i++)
		if (old_vms[i].of)
			forget_vm(m, &old_vms[i]);
	for (size_t i = 0; i < old.n_domains; i++)
		domain_free(&old.domains[i]);
	free_all(old.vms, old.domains, old_vms);
	for (size_t i = 0; i < f->n_vms; i++)
		seen_add(m, i);
	seen_add_controls(m);
}

static void project_free(struct project *p)
{
	if (p->job)
		p->manager->looks--;
	job_cancel(p->job);
	strbuf_clear(&p->text);
	free_all(p->cloud, p->region, p->tenant, p->error, p);
}

static struct project *project_of(struct manager *m, const struct watch *w)
{
	for (size_t i = 0; i < m->n_projects; i++) {
		struct project *p = m->projects[i];
		if (streq(p->cloud, w->cloud) && streq(p->region, w->region) &&
		    streq(p->tenant, w->tenant))
			return p;
	}
	struct project *p = xcalloc(1, sizeof(*p));
	*p = (struct project){.manager = m,
			      .cloud = xstrdup(w->cloud),
			      .region = xstrdup(w->region),
			      .tenant = xstrdup(w->tenant),
			      .answered_at = -1};
	*array_push(m->projects, m->n_projects) = p;
	return p;
}

/* Those that no deployment is in any more. */
static void drop_projects(struct manager *m)
{
	for (size_t i = m->n_projects; i-- > 0;) {
		struct project *p = m->projects[i];
		if (array_find(m->deployments, m->n_deployments, (*it)->project == p))
			continue;
		project_free(p);
		m->projects[i] = m->projects[--m->n_projects];
	}
}

static int read_watch(struct manager *m, const char *tenant, const char *deployment, int generation,
		      struct watch *ret, struct err *err)
{
	cleanup_free char *data = NULL;
	size_t len;
	int r = registry_read(m->registry, tenant, deployment, generation, "watch.json", &data,
			      &len, err);

	return r < 0 ? r : watch_read(data, len, "watch.json", ret, err);
}

static struct managed *add_managed(struct manager *m, const char *tenant, const char *deployment)
{
	struct managed *d = xcalloc(1, sizeof(*d));

	*d = (struct managed){.manager = m,
			      .path = xasprintf("%s/%s", tenant, deployment),
			      .plan_due = manager_now() + 1000 * (int64_t)m->conf.settle_s,
			      .acting = SIZE_MAX};
	*array_push(m->deployments, m->n_deployments) = d;
	return d;
}

static void load_memories(struct managed *d)
{
	cleanup_err struct err err = ERR_INIT;
	int r = memories_load(d, manager_now(), &err);

	if (r < 0 && r != -ENOENT)
		fprintf(stderr,
			"<4>dnsvnfd: %s: what was remembered of %s is lost; it may get one more "
			"attempt\n",
			err.text, d->path);
}

/* The number that a VM of old has in watch; SIZE_MAX: it is not in it. */
static size_t number_in(const struct watch *watch, const struct watch *old, size_t vm)
{
	for (size_t i = 0; vm < old->n_vms && i < watch->n_vms; i++)
		if (streq(watch->vms[i].name, old->vms[vm].name))
			return i;
	return SIZE_MAX;
}

int manager_load(struct manager *m, const char *tenant, const char *deployment, int generation,
		 bool gone, struct err *err)
{
	struct watch watch;
	int r = read_watch(m, tenant, deployment, generation, &watch, err);

	if (r < 0)
		return r;
	struct managed *d = manager_find(m, tenant, deployment);
	bool is_new = !d;
	if (is_new)
		d = add_managed(m, tenant, deployment);
	struct watch old = d->watch;
	/* Its addresses, and how they are reached, may be others. */
	for (size_t i = 0; i < old.n_vms; i++)
		seen_remove(m, &m->vms[d->first + i]);
	if (!streq(old.netns, watch.netns))
		seen_end(d);
	d->acting = number_in(&watch, &old, d->acting);
	d->watch = watch;
	d->generation = generation;
	d->project = project_of(m, &watch);
	d->project->due = manager_now();
	drop_projects(m);
	rebuild(m);
	watch_clear(&old);
	if (is_new)
		load_memories(d);
	if (gone)
		work_want(d, TASK_UNDEPLOY, manager_now());
	return 0;
}

void manager_unload(struct manager *m, struct managed *d)
{
	size_t i = 0;

	while (m->deployments[i] != d)
		i++;
	memmove(m->deployments + i, m->deployments + i + 1,
		(--m->n_deployments - i) * sizeof(*m->deployments));
	if (d->actions)
		m->looks--;
	if (d->job)
		m->jobs--;
	if (d->plan)
		m->plans--;
	job_cancel(d->actions);
	job_cancel(d->plan);
	job_cancel(d->job);
	drop_projects(m);
	rebuild(m);
	seen_end(d);
	watch_clear(&d->watch);
	strbuf_clear(&d->actions_text);
	strbuf_clear(&d->plan_text);
	free_all(d->path, d->task_error, d->job_error, d->drift, d);
}
