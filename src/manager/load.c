// SPDX-License-Identifier: Apache-2.0
/* Which VMs are watched, and which domains they share: rebuilt when a deployment comes or goes. */
#include <search.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "manager/job.h"
#include "manager/manager.h"
#include "manager/registry.h"
#include "probe/probes.h"

/* The tables of VMs and domains before they are built anew. */
struct tables {
	struct fleet_vm *vms;
	struct managed_vm *managed;
	size_t n_vms;
	struct domain *domains;
	size_t n_domains;
	void *keys;
};

/* A node of manager.domain_keys. */
struct domain_key {
	enum domain_kind kind;
	const char *name; /* the domain's */
	uint32_t index;
};

static int compare_keys(const void *a, const void *b)
{
	const struct domain_key *x = a, *y = b;

	return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind)
				  : strcmp(x->name, y->name);
}

static uint32_t find_domain(void *const *keys, enum domain_kind kind, const char *name)
{
	const struct domain_key wanted = {kind, name, 0};
	struct domain_key *const *found = tfind(&wanted, keys, compare_keys);

	return found ? (*found)->index : DOMAIN_NONE;
}

static void domain_free(struct domain *d)
{
	free_all((char *)d->name, d->controls);
}

/* The domain of that kind and name in the new table; its state is that of the old one. */
static uint32_t add_domain(struct manager *m, const struct tables *old, enum domain_kind kind,
			   const char *name)
{
	struct fleet *f = &m->fleet;

	if (!name)
		return DOMAIN_NONE;
	uint32_t found = find_domain(&m->domain_keys, kind, name);
	if (found != DOMAIN_NONE)
		return found;
	found = find_domain(&old->keys, kind, name);
	const struct domain *before = found == DOMAIN_NONE ? NULL : &old->domains[found];
	struct domain *d = array_push(f->domains, f->n_domains);
	if (before)
		*d = *before;
	else
		*d = (struct domain){.kind = kind,
				     .tripped_at = MANAGER_NEVER,
				     .below_since = MANAGER_NEVER,
				     .proven_since = MANAGER_NEVER};
	d->name = xstrdup(name);
	struct domain_key *key = xcalloc(1, sizeof(*key));
	*key = (struct domain_key){kind, d->name, (uint32_t)(f->n_domains - 1)};
	if (!tsearch(key, &m->domain_keys, compare_keys))
		abort(); /* out of memory */
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

static void set_domains(struct manager *m, const struct tables *old, struct fleet_vm *vm,
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
		vm->domains[kind] = add_domain(m, old, (enum domain_kind)kind, names[kind]);
}

static void vm_init(struct fleet_vm *vm, int64_t now)
{
	observation_init(&vm->seen, ECHO_MS);
	answers_init(&vm->seen.dns, DNS_MS);
	vm_memory_init(&vm->memory, now);
}

/* Takes what is known of the VM over from the old tables. */
static void fill_vm(struct manager *m, struct managed *d, size_t index, size_t old_first,
		    size_t old_n, const struct tables *old, int64_t now)
{
	const struct watch_vm *w = &d->watch.vms[index];
	struct fleet_vm *vm = &m->fleet.vms[d->first + index];
	struct managed_vm *mv = &m->vms[d->first + index];
	const char *host = NULL;

	*mv = (struct managed_vm){0};
	for (size_t i = old_first; i < old_first + old_n; i++)
		if (old->managed[i].of == d && streq(old->managed[i].watch->name, w->name)) {
			*vm = old->vms[i];
			*mv = old->managed[i];
			if (vm->domains[DOMAIN_HOST] != DOMAIN_NONE)
				host = old->domains[vm->domains[DOMAIN_HOST]].name;
			old->managed[i] = (struct managed_vm){0};
			break;
		}
	if (!mv->of)
		vm_init(vm, now);
	mv->of = d;
	mv->watch = w;
	vm->policy = &w->policy;
	set_domains(m, old, vm, d, w, host);
}

static void forget_vm(struct manager *m, struct managed_vm *mv)
{
	seen_remove(m, mv);
	free_all(mv->id, mv->vim_state, mv->task, mv->updated, mv->action_of);
}

void manager_set_host(struct manager *m, size_t vm, const char *host)
{
	const struct tables none = {0};

	m->fleet.vms[vm].domains[DOMAIN_HOST] = add_domain(m, &none, DOMAIN_HOST, host);
}

/* Empty tables for all deployments; the VMs' places in them are the caller's to set. */
static struct tables begin_tables(struct manager *m)
{
	struct fleet *f = &m->fleet;
	const struct tables old = {f->vms,     m->vms,       f->n_vms,
				   f->domains, f->n_domains, m->domain_keys};

	f->n_vms = 0;
	for (size_t i = 0; i < m->n_deployments; i++)
		f->n_vms += m->deployments[i]->watch.n_vms;
	f->vms = xcalloc(f->n_vms + 1, sizeof(*f->vms));
	m->vms = xcalloc(f->n_vms + 1, sizeof(*m->vms));
	m->proposed = xreallocarray(m->proposed, f->n_vms + 1, sizeof(*m->proposed));
	f->domains = NULL;
	f->n_domains = 0;
	m->domain_keys = NULL;
	return old;
}

/* A deployment's old watch must be valid until it returns: the old tables refer to it. */
static void rebuild(struct manager *m)
{
	struct tables old = begin_tables(m);
	int64_t now = manager_now();
	size_t first = 0;

	for (size_t i = 0; i < m->n_deployments; i++) {
		struct managed *d = m->deployments[i];
		size_t old_first = d->first, old_n = d->n;
		d->first = first;
		d->n = d->watch.n_vms;
		for (size_t v = 0; v < d->n; v++)
			fill_vm(m, d, v, old_first, old_n, &old, now);
		first += d->n;
	}
	for (size_t i = 0; i < old.n_vms; i++)
		if (old.managed[i].of)
			forget_vm(m, &old.managed[i]);
	tdestroy(old.keys, free);
	for (size_t i = 0; i < old.n_domains; i++)
		domain_free(&old.domains[i]);
	free_all(old.vms, old.domains, old.managed);
	for (size_t i = 0; i < m->fleet.n_vms; i++)
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

static int read_watch(struct manager *m, const struct registry_entry *e, struct watch *ret,
		      struct err *err)
{
	cleanup_free char *data = NULL;
	size_t len;
	int r = registry_read(m->registry, e->tenant, e->deployment, e->generation, "watch.json",
			      &data, &len, err);

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

/* Takes the watch over in place of what *ret_old becomes; the tables must be built anew. */
static struct managed *put_watch(struct manager *m, const struct registry_entry *e,
				 const struct watch *watch, struct watch *ret_old)
{
	struct managed *d = manager_find(m, e->tenant, e->deployment);

	if (!d)
		d = add_managed(m, e->tenant, e->deployment);
	*ret_old = d->watch;
	/* Its addresses, and how they are reached, may be others. */
	for (size_t i = 0; i < d->n; i++)
		seen_remove(m, &m->vms[d->first + i]);
	if (!streq(ret_old->netns, watch->netns))
		seen_end(d);
	d->acting = number_in(watch, ret_old, d->acting);
	d->watch = *watch;
	d->generation = e->generation;
	d->project = project_of(m, watch);
	d->project->due = manager_now();
	return d;
}

int manager_load(struct manager *m, const char *tenant, const char *deployment, int generation,
		 struct err *err)
{
	const struct registry_entry e = {(char *)tenant, (char *)deployment, generation, false};
	bool is_new = !manager_find(m, tenant, deployment);
	struct watch watch, old;
	int r = read_watch(m, &e, &watch, err);

	if (r < 0)
		return r;
	struct managed *d = put_watch(m, &e, &watch, &old);
	drop_projects(m);
	rebuild(m);
	watch_clear(&old);
	if (is_new)
		load_memories(d);
	return 0;
}

/* One that cannot be read does not hide the others. */
static void note_unreadable(struct manager *m, const struct registry_entry *e,
			    const struct err *err)
{
	note(m,
	     &(struct note){
		     .type = "CONFIG_UNREADABLE", .status = "FAILURE", .object = e->deployment},
	     "%s/%s: %s", e->tenant, e->deployment, err->text);
}

int manager_load_all(struct manager *m, struct err *err)
{
	struct registry_entries entries = {0};
	int r = registry_list(m->registry, &entries, err);

	for (size_t i = 0; r == 0 && i < entries.n; i++) {
		cleanup_err struct err one = ERR_INIT;
		struct watch watch, none;
		if (read_watch(m, &entries.v[i], &watch, &one) < 0)
			note_unreadable(m, &entries.v[i], &one);
		else if (put_watch(m, &entries.v[i], &watch, &none) && entries.v[i].gone)
			work_want(m->deployments[m->n_deployments - 1], TASK_UNDEPLOY,
				  manager_now());
	}
	registry_entries_clear(&entries);
	rebuild(m);
	for (size_t i = 0; i < m->n_deployments; i++)
		load_memories(m->deployments[i]);
	return r;
}

static void managed_free(struct managed *d)
{
	struct manager *m = d->manager;

	if (d->actions)
		m->looks--;
	if (d->job)
		m->jobs--;
	if (d->plan)
		m->plans--;
	job_cancel(d->actions);
	job_cancel(d->plan);
	job_cancel(d->job);
	seen_end(d);
	watch_clear(&d->watch);
	strbuf_clear(&d->actions_text);
	strbuf_clear(&d->plan_text);
	free_all(d->path, d->task_error, d->job_error, d->drift, d);
}

void manager_unload(struct manager *m, struct managed *d)
{
	size_t i = 0;

	while (m->deployments[i] != d)
		i++;
	memmove(m->deployments + i, m->deployments + i + 1,
		(--m->n_deployments - i) * sizeof(*m->deployments));
	drop_projects(m);
	rebuild(m);
	managed_free(d);
}

void manager_unload_all(struct manager *m)
{
	size_t n = m->n_deployments;

	m->n_deployments = 0;
	drop_projects(m);
	rebuild(m);
	for (size_t i = 0; i < n; i++)
		managed_free(m->deployments[i]);
	tdestroy(steal_ptr(m->domain_keys), free);
}
