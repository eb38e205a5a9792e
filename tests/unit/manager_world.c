// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/alloc.h"
#include "manager_world.h"

enum {
	SERVICE_DOWN = 60, /* s until Nova says that a host does not report */
	REPORT_EVERY = 9,  /* s */
	ICMP_MISSES = 5,   /* of the plain rule */
	ICMP_RETRIES = 3,
	WAIT = 30,    /* s: recovery_wait_time */
	BOOTUP = 300, /* s: bootup_time */
	STORM = 50,   /* booting at once */
};

static void begin(struct world *w, const struct world_script *script)
{
	*w = (struct world){
		.n = script->n,
		.vms = xcalloc(script->n, sizeof(*w->vms)),
		.uplink = true,
		.api = true,
		.special = script->special,
		.n_hosts = (script->n + WORLD_VMS_A_HOST - 1) / WORLD_VMS_A_HOST,
	};
	for (unsigned i = 0; i <= WORLD_NETWORKS; i++)
		w->network_up[i] = true;
	for (unsigned i = 0; i < 64; i++)
		w->host_down[i] = -1;
	for (unsigned i = 0; i < w->n; i++)
		w->vms[i] = (struct world_vm){.host = i * 7 % w->n_hosts,
					      .network = i * WORLD_NETWORKS / w->n,
					      .broke = -1};
	if (script->special) {
		w->vms[WORLD_SPECIAL].host = w->n_hosts;
		w->vms[WORLD_SPECIAL].network = WORLD_NETWORKS;
	}
}

void world_clear(struct world *w)
{
	free(w->vms);
	w->vms = NULL;
}

bool world_vm_runs(const struct world *w, const struct world_vm *v)
{
	return !v->dead && !v->off && !v->stopped && !v->paused && v->booting <= w->t &&
	       v->queued == 0 && w->host_down[v->host] < 0;
}

static void breaks(struct world *w, struct world_vm *v)
{
	if (v->broke < 0)
		v->broke = w->t;
}

void world_kill(struct world *w, unsigned vm)
{
	w->vms[vm].dead = true;
	breaks(w, &w->vms[vm]);
}

void world_off(struct world *w, unsigned vm)
{
	w->vms[vm].off = true;
	breaks(w, &w->vms[vm]);
}

static bool echo_answers(const struct world *w, const struct world_vm *v)
{
	return w->uplink && w->network_up[v->network] && world_vm_runs(w, v) && !v->port_dead &&
	       !v->migrating && !v->hidden;
}

static bool dns_answers(const struct world *w, const struct world_vm *v)
{
	return w->uplink && world_vm_runs(w, v) && !v->migrating && !v->hidden;
}

static bool host_is_told_up(const struct world *w, unsigned host)
{
	return w->host_down[host] < 0 || w->t - w->host_down[host] <= SERVICE_DOWN;
}

static void boot(struct world *w, struct world_vm *v)
{
	v->dead = v->off = v->paused = v->stopped = false;
	v->queued = 0;
	v->booting = w->t + WORLD_BOOT;
	v->broke = -1;
}

/* What the world does by itself. */
static void advance(struct world *w)
{
	unsigned booting = 0;

	for (unsigned i = 0; i < w->n; i++) {
		struct world_vm *v = &w->vms[i];
		if (v->queued && v->queued <= w->t)
			boot(w, v);
		if (v->crash_after && !v->dead && v->booting + v->crash_after <= w->t)
			world_kill(w, i);
		booting += v->booting > w->t;
	}
	if (booting > w->most_at_once)
		w->most_at_once = booting;
}

static bool partner_boots(const struct world *w, unsigned vm)
{
	return (vm ^ 1u) < w->n && w->vms[vm ^ 1u].booting > w->t;
}

static void note_harm(struct world *w, bool *harmful, enum harm harm, bool is)
{
	if (!is)
		return;
	w->harms[harm]++;
	*harmful = true;
}

/* An act reaches the cloud. keeps_data: it is no redeploy of a VM whose data nobody else has. */
static void act(struct world *w, unsigned vm, enum act what, bool keeps_data)
{
	struct world_vm *v = &w->vms[vm];
	bool harmful = false, ran = world_vm_runs(w, v);
	unsigned booting = 0;

	if (!w->api)
		return;
	for (unsigned i = 0; i < w->n; i++)
		booting += w->vms[i].booting > w->t;
	w->acts++;
	note_harm(w, &harmful, HARM_TASK, v->migrating || w->busy);
	note_harm(w, &harmful, HARM_HOST, w->host_down[v->host] >= 0);
	note_harm(w, &harmful, HARM_STOPPED, v->stopped || v->paused);
	note_harm(w, &harmful, HARM_RAN, ran && !v->migrating);
	note_harm(w, &harmful, HARM_BOOTING, v->booting > w->t || v->queued > 0);
	note_harm(w, &harmful, HARM_LOCKED, v->locked);
	note_harm(w, &harmful, HARM_FORBIDDEN, w->forbidden);
	note_harm(w, &harmful, HARM_PAIR, what != ACT_START && partner_boots(w, vm));
	note_harm(w, &harmful, HARM_STATE, what == ACT_REDEPLOY && !keeps_data);
	note_harm(w, &harmful, HARM_STORM, booting >= STORM);
	w->harmful += harmful;
	if (v->migrating || w->host_down[v->host] >= 0)
		return; /* refused, or lost */
	if (!harmful && v->broke >= 0) {
		w->healed++;
		if (w->t - v->broke > w->latest)
			w->latest = w->t - v->broke;
	}
	if (w->act_delay)
		v->queued = w->t + w->act_delay;
	else
		boot(w, v);
}

static void finish(struct world *w)
{
	w->down = 0;
	for (unsigned i = 0; i < w->n; i++)
		w->down += !world_vm_runs(w, &w->vms[i]) && !w->vms[i].stopped;
}

/* The manager's side. */

struct setting {
	struct fleet fleet;
	struct fleet_vm *vms;
	struct domain *domains;
	struct answers *controls; /* of the networks */
	struct answers api;
	struct vm_policy policy;
	uint32_t *proposed;
};

static const struct vm_policy default_policy = {
	.watched = true,
	.kpi = {.period = 1000 * WORLD_STEP, .n_true = 1, .n_false = ICMP_MISSES},
	.bootup = 1000 * BOOTUP,
	.reboot = 1000 * BOOTUP,
	.wait = 1000 * WAIT,
	.action = RECOVERY_REBOOT_ONLY,
	.max_retries = 3,
};

enum {
	VANTAGE,
	CLOUD,
	ZONE,
	IMAGE,
	NETWORKS,
	HOSTS = NETWORKS + WORLD_NETWORKS + 1,
};

static int64_t clock_of(const struct world *w)
{
	return 1000 * (w->t + w->clock_off);
}

static void add_domains(struct setting *s, const struct world *w)
{
	size_t first = HOSTS + w->n_hosts + 1, n = first + w->n + w->n / 2 + 1;

	s->domains = xcalloc(n, sizeof(*s->domains));
	s->controls = xcalloc((WORLD_NETWORKS + 1) * WORLD_CONTROLS, sizeof(*s->controls));
	for (size_t i = 0; i < (WORLD_NETWORKS + 1) * WORLD_CONTROLS; i++)
		answers_init(&s->controls[i], 1000 * WORLD_STEP);
	answers_init(&s->api, 1000 * REPORT_EVERY);
	for (size_t i = 0; i < n; i++)
		s->domains[i].kind = i >= first + w->n ? DOMAIN_SET
				     : i >= first      ? DOMAIN_DEPLOYMENT
				     : i >= HOSTS      ? DOMAIN_HOST
						       : DOMAIN_NETWORK;
	s->domains[VANTAGE].kind = DOMAIN_VANTAGE;
	s->domains[ZONE].kind = DOMAIN_ZONE;
	s->domains[IMAGE].kind = DOMAIN_IMAGE;
	s->domains[CLOUD].kind = DOMAIN_CLOUD;
	s->domains[CLOUD].controls = &s->api;
	s->domains[CLOUD].n_controls = 1;
	for (size_t i = 0; i <= WORLD_NETWORKS; i++) {
		s->domains[NETWORKS + i].controls = &s->controls[i * WORLD_CONTROLS];
		s->domains[NETWORKS + i].n_controls = WORLD_CONTROLS;
	}
	for (size_t i = 0; i < n; i++)
		s->domains[i].name = "x";
	s->fleet.domains = s->domains;
	s->fleet.n_domains = n;
}

static void set_up(struct setting *s, const struct world *w, const struct world_script *script)
{
	struct fleet_limits limits;
	uint32_t first = HOSTS + w->n_hosts + 1;

	*s = (struct setting){.vms = xcalloc(w->n, sizeof(*s->vms)),
			      .proposed = xcalloc(w->n, sizeof(*s->proposed))};
	s->policy = script->policy.watched ? script->policy : default_policy;
	fleet_limits_default(&limits);
	limits.tick = 1000 * WORLD_STEP;
	fleet_init(&s->fleet, &limits, clock_of(w));
	add_domains(s, w);
	for (uint32_t i = 0; i < w->n; i++) {
		struct fleet_vm *vm = &s->vms[i];
		vm->policy = &s->policy;
		observation_init(&vm->seen, 1000 * WORLD_STEP);
		answers_init(&vm->seen.dns, 1000 * WORLD_STEP);
		vm_memory_init(&vm->memory, clock_of(w));
		vm->domains[DOMAIN_VANTAGE] = VANTAGE;
		vm->domains[DOMAIN_CLOUD] = CLOUD;
		vm->domains[DOMAIN_ZONE] = ZONE;
		vm->domains[DOMAIN_IMAGE] = IMAGE;
		vm->domains[DOMAIN_NETWORK] = NETWORKS + w->vms[i].network;
		vm->domains[DOMAIN_HOST] = HOSTS + w->vms[i].host;
		vm->domains[DOMAIN_DEPLOYMENT] = first + i;
		vm->domains[DOMAIN_SET] = first + w->n + i / 2;
	}
	s->fleet.vms = s->vms;
	s->fleet.n_vms = w->n;
	if (script->set_up)
		script->set_up(&s->fleet);
}

static void tear_down(struct setting *s)
{
	free(s->vms);
	free(s->domains);
	free(s->controls);
	free(s->proposed);
}

/* delay: s since the VIM looked. */
static void report(const struct world *w, const struct world_vm *v, int delay, struct vim_report *r)
{
	*r = (struct vim_report){
		.at = clock_of(w) - 1000 * delay,
		.presence = PRESENCE_LISTED,
		.absent_since = MANAGER_NEVER,
		.absent_at = MANAGER_NEVER,
		.state = v->paused              ? SERVER_PARKED
			 : v->stopped || v->off ? SERVER_STOPPED
						: SERVER_ACTIVE,
		.power = v->stopped || v->off ? POWER_OFF : POWER_RUNNING,
		.host = host_is_told_up(w, v->host) ? HOST_UP : HOST_SILENT,
		.ever_on_host = TRI_YES,
		.task = v->migrating || v->queued > 0,
		.locked = v->locked,
		.stopped_by_user = v->stopped,
	};
}

static void hear_vim(const struct world *w, const struct world_vm *v, int delay,
		     struct vim_report *r)
{
	if (w->stale)
		r->at = clock_of(w); /* old contents, said to be new */
	else
		report(w, v, delay, r);
}

static void probe_vm(const struct world *w, const struct world_vm *v, struct observation *seen)
{
	answers_note(&seen->echo, clock_of(w), echo_answers(w, v));
	answers_note(&seen->dns, clock_of(w), dns_answers(w, v));
}

static void probe(struct setting *s, const struct world *w)
{
	for (size_t i = 0; i <= WORLD_NETWORKS; i++)
		for (size_t k = 0; k < WORLD_CONTROLS; k++)
			answers_note(&s->controls[i * WORLD_CONTROLS + k], clock_of(w),
				     w->uplink && w->network_up[i] != w->control_lies[i][k]);
	bool asks = w->t % REPORT_EVERY == 0;
	if (asks)
		answers_note(&s->api, clock_of(w), w->api);
	for (unsigned i = 0; i < w->n; i++) {
		probe_vm(w, &w->vms[i], &s->vms[i].seen);
		if (asks && w->api)
			hear_vim(w, &w->vms[i], w->report_delay, &s->vms[i].seen.vim);
	}
	for (size_t i = 0; i < s->fleet.n_domains; i++)
		s->domains[i].busy = w->busy && s->domains[i].kind == DOMAIN_DEPLOYMENT;
}

/* Looks again at what was proposed, claims it, and does it. */
static void carry_out(struct setting *s, struct world *w, uint32_t vm)
{
	struct fleet_vm *f = &s->vms[vm];

	probe_vm(w, &w->vms[vm], &f->seen);
	if (w->api)
		hear_vim(w, &w->vms[vm], 0, &f->seen.vim);
	if (fleet_claim(&s->fleet, vm, clock_of(w)))
		act(w, vm, f->memory.act, !s->policy.has_state);
}

void world_run_manager(struct world *w, const struct world_script *script, unsigned ignored_holds)
{
	struct setting s;

	begin(w, script);
	set_up(&s, w, script);
	s.fleet.ignored_holds = ignored_holds;
	for (; w->t < script->until; w->t += WORLD_STEP) {
		script->step(w);
		advance(w);
		if (w->frozen)
			continue;
		probe(&s, w);
		size_t n = fleet_tick(&s.fleet, clock_of(w), s.proposed);
		for (size_t i = 0; i < n; i++)
			carry_out(&s, w, s.proposed[i]);
	}
	finish(w);
	tear_down(&s);
}

/* The plain rule: ICMP alone, a wait, a reboot, three tries. */

struct icmp {
	enum { ICMP_ALIVE, ICMP_WAITS, ICMP_RECOVERS, ICMP_FAILED } state;
	unsigned misses, tries;
	int64_t since;
};

static void icmp_step(struct world *w, unsigned vm, struct icmp *s)
{
	if (echo_answers(w, &w->vms[vm])) {
		*s = (struct icmp){0};
		return;
	}
	if (s->state == ICMP_ALIVE && ++s->misses >= ICMP_MISSES) {
		s->state = ICMP_WAITS;
		s->since = w->t;
	} else if ((s->state == ICMP_WAITS && w->t - s->since >= WAIT) ||
		   (s->state == ICMP_RECOVERS && w->t - s->since >= BOOTUP)) {
		s->state = s->tries < ICMP_RETRIES ? ICMP_RECOVERS : ICMP_FAILED;
		if (s->state == ICMP_FAILED)
			return;
		s->since = w->t;
		s->tries++;
		act(w, vm, ACT_REBOOT, true);
	}
}

void world_run_icmp(struct world *w, const struct world_script *script)
{
	begin(w, script);
	struct icmp *states = xcalloc(w->n, sizeof(*states));
	for (; w->t < script->until; w->t += WORLD_STEP) {
		script->step(w);
		advance(w);
		if (w->frozen)
			continue;
		for (unsigned i = 0; i < w->n; i++)
			icmp_step(w, i, &states[i]);
	}
	finish(w);
	free(states);
}
