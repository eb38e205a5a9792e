// SPDX-License-Identifier: Apache-2.0
/* The probes of the VMs, and what they saw as observations. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "manager/manager.h"
#include "model/service.h"
#include "probe/probes.h"

enum { CONTROL_LOST_MS = 600000 };

static int on_probes(sd_event_source *source, int fd, uint32_t events, void *data)
{
	(void)source;
	(void)fd;
	(void)events;
	probes_dispatch(data);
	return 0;
}

static int begin(struct manager *m, struct probing *p, struct probes_sockets *sockets,
		 struct err *err)
{
	int r = probes_new(sockets, &p->probes, err);

	if (r < 0)
		return r;
	p->gap_seen = -1;
	r = sd_event_add_io(m->loop, &p->source, probes_fd(p->probes), EPOLLIN, on_probes,
			    p->probes);
	return r < 0 ? err_errno(err, r, "cannot wait for answers") : 0;
}

static void end(struct probing *p)
{
	sd_event_source_unref(p->source);
	probes_free(p->probes);
	*p = (struct probing){0};
}

void seen_open(struct manager *m)
{
	struct probes_sockets sockets = PROBES_NO_SOCKETS;
	cleanup_err struct err err = ERR_INIT;

	if (probes_open(&sockets, &err) == 0 && begin(m, &m->probing, &sockets, &err) == 0)
		return;
	end(&m->probing);
	m->probes_error = xstrdup(err.text);
	fprintf(stderr, "<4>dnsvnfd: %s: VMs are watched by the VIM's word alone\n", err.text);
}

void seen_close(struct manager *m)
{
	free(m->controls); /* empty: no deployment is left */
	end(&m->probing);
}

static void forget_probes(struct managed_vm *mv)
{
	mv->echo = NULL;
	memset(mv->dns, 0, sizeof(mv->dns));
}

void seen_end(struct managed *d)
{
	struct manager *m = d->manager;

	for (size_t i = 0; i < m->n_controls; i++)
		if (m->controls[i].via == d && d->probing.probes)
			m->controls[i].probe = NULL;
	end(&d->probing);
}

/* Opens the sockets in the namespace, of which ns is a descriptor. */
static int open_in(int ns, struct probes_sockets *sockets, struct err *err)
{
	cleanup_close int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (own < 0 || setns(ns, CLONE_NEWNET) < 0)
		return err_errno(err, errno, "cannot enter the network namespace");
	int r = probes_open(sockets, err);
	if (setns(own, CLONE_NEWNET) < 0)
		abort(); /* what follows would be done in the wrong network */
	return r;
}

/* The namespace is made by each deploy anew. */
static void follow_namespace(struct managed *d)
{
	struct manager *m = d->manager;
	cleanup_free char *path = xasprintf("/run/netns/%s", d->watch.netns);
	cleanup_err struct err err = ERR_INIT;
	cleanup_close int ns = open(path, O_RDONLY | O_CLOEXEC);
	struct probes_sockets sockets = PROBES_NO_SOCKETS;
	struct stat st = {0};

	if (ns >= 0 && fstat(ns, &st) == 0 && st.st_ino == d->probing.inode && d->probing.probes)
		return;
	if (d->probing.probes) {
		seen_end(d);
		for (size_t i = 0; i < d->watch.n_vms; i++)
			forget_probes(&m->vms[d->first + i]);
	}
	if (ns < 0 || open_in(ns, &sockets, &err) < 0 ||
	    begin(m, &d->probing, &sockets, &err) < 0) {
		end(&d->probing);
		return;
	}
	d->probing.inode = st.st_ino;
	for (size_t i = 0; i < d->watch.n_vms; i++)
		seen_add(m, d->first + i);
	seen_add_controls(m);
}

static struct probes *probes_of(const struct manager *m, const struct managed *d)
{
	return d->watch.netns ? d->probing.probes : m->probing.probes;
}

static void add(struct probes *p, const struct probe_target *target, struct probe **ret)
{
	cleanup_err struct err err = ERR_INIT;

	if (!*ret && probe_add(p, target, ret, &err) < 0)
		fprintf(stderr, "<4>dnsvnfd: a probe: %s\n", err.text);
}

void seen_add(struct manager *m, size_t vm)
{
	struct managed_vm *mv = &m->vms[vm];
	const struct watch_vm *w = mv->watch;
	struct probes *p = probes_of(m, mv->of);

	if (!p)
		return;
	struct probe_target echo = {
		.kind = PROBE_ECHO, .address = w->management, .interval_ms = ECHO_MS};
	if (w->has_management)
		add(p, &echo, &mv->echo);
	for (size_t i = 0; i < w->n_service; i++) {
		struct probe_target dns = {.kind = PROBE_DNS,
					   .address = w->service[i],
					   .interval_ms = DNS_MS,
					   .port = DNS_PORT,
					   .name = w->query ? w->query : "."};
		add(p, &dns, &mv->dns[i]);
	}
}

void seen_remove(struct manager *m, struct managed_vm *mv)
{
	struct probes *p = probes_of(m, mv->of);

	if (p) {
		probe_remove(p, mv->echo);
		for (size_t i = 0; i < WATCH_ADDRESSES; i++)
			probe_remove(p, mv->dns[i]);
	}
	forget_probes(mv);
}

/* ---- controls ---- */

static void control_remove(const struct manager *m, struct control *c)
{
	struct probes *p = c->via ? probes_of(m, c->via) : NULL;

	if (p)
		probe_remove(p, c->probe);
	free(c->network);
}

/* What was seen of it before is kept. */
static void add_control(struct manager *m, const struct control *old, size_t n_old,
			const char *network, uint32_t domain, const struct ip_addr *address,
			struct managed *via)
{
	const struct probe_target target = {
		.kind = PROBE_ECHO, .address = *address, .interval_ms = ECHO_MS};

	if (array_find(m->controls, m->n_controls,
		       it->domain == domain && ip_equal(&it->address, address)))
		return;
	const struct control *before = array_find(
		old, n_old, streq(it->network, network) && ip_equal(&it->address, address));
	struct control *c = array_push(m->controls, m->n_controls);
	*c = (struct control){
		.network = xstrdup(network), .domain = domain, .address = *address, .via = via};
	answers_init(&c->answers, ECHO_MS);
	if (before)
		c->answers = before->answers;
	if (probes_of(m, via))
		add(probes_of(m, via), &target, &c->probe);
}

void seen_add_controls(struct manager *m)
{
	struct control *old = m->controls;
	size_t n_old = m->n_controls;

	m->controls = NULL;
	m->n_controls = 0;
	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		const struct watch_vm *w = m->vms[i].watch;
		uint32_t domain = m->fleet.vms[i].domains[DOMAIN_NETWORK];
		if (!w->network)
			continue;
		if (w->has_gateway)
			add_control(m, old, n_old, w->network, domain, &w->gateway, m->vms[i].of);
		for (size_t k = 0; k < m->conf.n_controls; k++)
			if (streq(m->conf.controls[k].network, w->network))
				add_control(m, old, n_old, w->network, domain,
					    &m->conf.controls[k].address, m->vms[i].of);
	}
	for (size_t i = 0; i < n_old; i++)
		control_remove(m, &old[i]);
	free(old);
}

/*
 * Notes what is new in the view: an answer, then the misses after it. shift: from the probes' clock
 * to the manager's.
 */
static void note_view(struct answers *a, const struct probe_view *v, int64_t shift,
		      int64_t *answered, unsigned *misses)
{
	if (v->served_ms > *answered) {
		answers_note(a, v->served_ms + shift, true);
		*answered = v->served_ms;
		*misses = 0;
	}
	if (v->misses < *misses) /* a gap: they are forgotten */
		*misses = v->misses;
	for (; *misses < v->misses; ++*misses)
		answers_note(a, v->missed_ms + shift + *misses * (int64_t)a->period, false);
}

/* A round of DNS is answered if one address answers, and missed if all miss it. */
static void collect_dns(struct managed_vm *mv, struct fleet_vm *vm, const struct probes *p,
			int64_t shift)
{
	struct probe_view best = {.served_ms = -1, .missed_ms = -1};
	bool any = false;

	for (size_t i = 0; i < WATCH_ADDRESSES; i++) {
		struct probe_view v;
		if (!mv->dns[i])
			continue;
		probe_look(p, mv->dns[i], &v);
		if (!any || v.misses < best.misses) {
			best.misses = v.misses;
			best.missed_ms = v.missed_ms;
		}
		if (v.served_ms > best.served_ms)
			best.served_ms = v.served_ms;
		any = true;
	}
	/* Never answered: perhaps there is no way to it from here, so its silence says nothing. */
	if (any && best.served_ms >= 0)
		note_view(&vm->seen.dns, &best, shift, &mv->dns_answered, &mv->dns_misses);
}

/* False: answers may have been overlooked since the last call. */
static bool is_sound(struct probing *p)
{
	struct probes_health health;

	if (!p->probes)
		return true;
	probes_health(p->probes, &health);
	bool sound = health.gap_ms == p->gap_seen;
	p->gap_seen = health.gap_ms;
	return sound;
}

/* Whether a proves the way better than b: for longer, or, if neither does, until later. */
static bool proves_better(const struct answers *a, const struct answers *b)
{
	if (a->up_since == MANAGER_NEVER || b->up_since == MANAGER_NEVER)
		return a->up_since != MANAGER_NEVER ||
		       (b->up_since == MANAGER_NEVER && a->answered > b->answered);
	return a->up_since < b->up_since;
}

/* Whether it can be a control: of a network without a router the gateway never answers. */
static bool answered_lately(const struct answers *a, int64_t now)
{
	return a->answered != MANAGER_NEVER && now - a->answered < CONTROL_LOST_MS;
}

/* Room for those of each network; n_controls is 0 then. */
static void make_room(struct manager *m, int64_t now)
{
	struct fleet *f = &m->fleet;

	for (size_t i = 0; i < f->n_domains; i++)
		if (f->domains[i].kind == DOMAIN_NETWORK)
			f->domains[i].n_controls = 0;
	for (size_t k = 0; k < m->n_controls; k++)
		if (answered_lately(&m->controls[k].answers, now))
			f->domains[m->controls[k].domain].n_controls++;
	for (size_t i = 0; i < f->n_domains; i++) {
		struct domain *d = &f->domains[i];
		if (d->kind != DOMAIN_NETWORK)
			continue;
		d->controls = xreallocarray(d->controls, d->n_controls + 1, sizeof(*d->controls));
		d->vm_controls = d->n_controls == 0;
		d->n_controls = 0;
	}
}

/*
 * The controls of a network: its gateway, and what the configuration gives. If none of them answers
 * for long, the VM in it that has answered for longest.
 */
static void collect_controls(struct manager *m, int64_t now)
{
	struct fleet *f = &m->fleet;

	make_room(m, now);
	for (size_t k = 0; k < m->n_controls; k++) {
		struct domain *d = &f->domains[m->controls[k].domain];
		if (answered_lately(&m->controls[k].answers, now))
			d->controls[d->n_controls++] = m->controls[k].answers;
	}
	for (size_t i = 0; i < f->n_domains; i++)
		if (f->domains[i].kind == DOMAIN_NETWORK && f->domains[i].vm_controls)
			answers_init(&f->domains[i].controls[f->domains[i].n_controls++], ECHO_MS);
	for (size_t i = 0; i < f->n_vms; i++) {
		uint32_t index = f->vms[i].domains[DOMAIN_NETWORK];
		const struct answers *echo = &f->vms[i].seen.echo;
		if (index != DOMAIN_NONE && f->domains[index].vm_controls &&
		    proves_better(echo, &f->domains[index].controls[0]))
			f->domains[index].controls[0] = *echo;
	}
}

void seen_collect(struct manager *m, int64_t now)
{
	int64_t shift = now - clock_now() / US_PER_MS;
	bool sound = is_sound(&m->probing);

	for (size_t i = 0; i < m->n_deployments; i++) {
		if (m->deployments[i]->watch.netns)
			follow_namespace(m->deployments[i]);
		sound &= is_sound(&m->deployments[i]->probing);
	}
	m->fleet.sound = sound;
	for (size_t i = 0; i < m->fleet.n_vms; i++) {
		struct managed_vm *mv = &m->vms[i];
		struct fleet_vm *vm = &m->fleet.vms[i];
		const struct probes *p = probes_of(m, mv->of);
		struct probe_view v;
		if (!p)
			continue;
		if (mv->echo) {
			probe_look(p, mv->echo, &v);
			note_view(&vm->seen.echo, &v, shift, &mv->echo_answered, &mv->echo_misses);
		}
		collect_dns(mv, vm, p, shift);
	}
	for (size_t i = 0; i < m->n_controls; i++) {
		struct control *c = &m->controls[i];
		struct probe_view v;
		if (!c->probe)
			continue;
		probe_look(probes_of(m, c->via), c->probe, &v);
		note_view(&c->answers, &v, shift, &c->answered, &c->misses);
	}
	collect_controls(m, now);
}
