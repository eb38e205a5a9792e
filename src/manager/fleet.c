// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet.h"
#include "manager/breaker.h"

enum {
	GAP_MS = 5000,
};

void fleet_limits_default(struct fleet_limits *limits)
{
	*limits = (struct fleet_limits){
		.tick = 1000,
		.settle = 60000,
		.pace = 10000,
		.silent_at_once = 5,
		.silent_per_host = 2,
		.testimony_least = 5,
		.testimony_most = 50,
		.breaker_percent = 20,
		.breaker_host_percent = 50,
		.breaker_least = 3,
		.mended = 120000,
		.api_back = 120000,
	};
}

void fleet_init(struct fleet *f, const struct fleet_limits *limits, int64_t now)
{
	*f = (struct fleet){
		.limits = *limits,
		.leads = true,
		.sound = true,
		.last_tick = now,
		.last_silent_act = MANAGER_NEVER,
		.width = limits->testimony_least,
	};
	fleet_settle(f, now);
}

void fleet_settle(struct fleet *f, int64_t now)
{
	f->sound_since = now;
	f->settled_at = now + f->limits.settle;
	for (size_t i = 0; i < f->n_vms; i++)
		f->vms[i].proposed = ACT_NONE;
}

static struct domain *domain_of(const struct fleet *f, const struct fleet_vm *vm,
				enum domain_kind kind)
{
	uint32_t i = vm->domains[kind];

	return i == DOMAIN_NONE ? NULL : &f->domains[i];
}

/* Time that was not observed: what was remembered of it is nothing to act on. */
static void check_clock(struct fleet *f, int64_t now)
{
	if (now < f->last_tick) {
		for (size_t i = 0; i < f->n_vms; i++)
			vm_memory_shift(&f->vms[i].memory, now - f->last_tick);
		if (f->last_silent_act != MANAGER_NEVER)
			f->last_silent_act += now - f->last_tick;
		for (size_t i = 0; i < f->n_domains; i++)
			f->domains[i].below_since = MANAGER_NEVER;
	}
	if (now < f->last_tick || now - f->last_tick > f->limits.tick + GAP_MS || !f->sound)
		fleet_settle(f, now);
	f->last_tick = now;
}

/* Counts an act under way (by = 1), or takes it away (-1). */
static void count_act(struct fleet *f, const struct fleet_vm *vm, bool testimony, int by)
{
	static const enum domain_kind kinds[] = {DOMAIN_HOST, DOMAIN_DEPLOYMENT, DOMAIN_SET};

	*(testimony ? &f->n_testimony : &f->n_silent) += (unsigned)by;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct domain *d = domain_of(f, vm, kinds[i]);
		if (!d)
			continue;
		d->n_acting += (unsigned)by;
		if (!testimony)
			d->n_acting_silent += (unsigned)by;
	}
}

static void count_answers(struct fleet *f, int64_t now)
{
	for (size_t i = 0; i < f->n_domains; i++) {
		struct domain *d = &f->domains[i];
		d->n_watched = d->n_quiet = d->n_answering = d->n_acting = d->n_acting_silent = 0;
	}
	for (size_t i = 0; i < f->n_vms; i++) {
		struct domain *d = domain_of(f, &f->vms[i], DOMAIN_NETWORK);
		if (d && answers_state(&f->vms[i].seen.echo, 1, now) == TRI_YES)
			d->n_answering++;
	}
	for (size_t i = 0; i < f->n_domains; i++) {
		struct domain *d = &f->domains[i];
		if (d->kind == DOMAIN_NETWORK)
			d->proven_since = controls_proven_since(d->controls, d->n_controls,
								d->n_answering > 0, now);
	}
}

static bool ignored(const struct fleet *f, enum hold hold)
{
	return f->ignored_holds & HOLD_BIT(hold);
}

static struct assessed assess_vm(const struct fleet *f, const struct fleet_vm *vm, int64_t now)
{
	const struct domain *network = domain_of(f, vm, DOMAIN_NETWORK);
	const struct vm_memory *m = &vm->memory;
	struct assess_context context = {
		.now = now,
		.sound_since = f->sound ? f->sound_since : MANAGER_NEVER,
		.proven_since = network ? network->proven_since : MANAGER_NEVER,
		.not_before = m->state == VM_BOOTING ? m->since : m->claimed,
		.way_assumed = ignored(f, HOLD_UNPROVEN),
		.service_ignored = ignored(f, HOLD_ANSWERS),
	};

	return assess(&vm->seen, &vm->policy->kpi, &context);
}

/* Silence is expected of a VM that boots. */
static bool counts_as_quiet(const struct fleet_vm *vm)
{
	const struct vm_memory *m = &vm->memory;

	return vm->assessed.quiet && m->state != VM_BOOTING &&
	       !(m->state == VM_RECOVERING && m->testimony);
}

static void assess_all(struct fleet *f, int64_t now)
{
	bool off = false;

	f->n_silent = f->n_testimony = 0;
	for (size_t i = 0; i < f->n_vms; i++) {
		struct fleet_vm *vm = &f->vms[i];
		vm->assessed = assess_vm(f, vm, now);
		bool testimony = assessment_is_testimony(vm->assessed.is);
		off |= testimony;
		if (vm->proposed != ACT_NONE && now - vm->proposed_at > DECIDE_LOOK_MS)
			vm->proposed = ACT_NONE;
		if (vm->memory.state == VM_RECOVERING)
			count_act(f, vm, vm->memory.testimony, 1);
		else if (vm->proposed != ACT_NONE)
			count_act(f, vm, testimony, 1);
		if (!vm->policy->watched || vm->memory.state == VM_FAILED)
			continue;
		bool quiet = counts_as_quiet(vm);
		for (size_t k = 0; k < DOMAIN_DEPLOYMENT; k++) {
			struct domain *d = domain_of(f, vm, (enum domain_kind)k);
			if (d) {
				d->n_watched++;
				d->n_quiet += quiet;
			}
		}
	}
	if (!off && f->n_testimony == 0)
		f->width = f->limits.testimony_least;
}

/* The holds that do not depend on the VM's own state. */
static unsigned common_holds(const struct fleet *f, const struct fleet_vm *vm, int64_t now)
{
	const struct domain *deployment = domain_of(f, vm, DOMAIN_DEPLOYMENT);
	bool held = vm->held;
	unsigned holds = 0;

	for (size_t k = 0; k < DOMAIN_KINDS; k++) {
		const struct domain *d = domain_of(f, vm, (enum domain_kind)k);
		held |= d && d->held;
	}
	if (!f->leads)
		holds |= HOLD_BIT(HOLD_NOT_LEADER);
	if (f->watch_only)
		holds |= HOLD_BIT(HOLD_WATCH_ONLY);
	if (now < f->settled_at || !f->sound)
		holds |= HOLD_BIT(HOLD_SETTLING);
	if (held)
		holds |= HOLD_BIT(HOLD_OPERATOR);
	if (deployment && deployment->busy)
		holds |= HOLD_BIT(HOLD_BUSY);
	return holds;
}

static bool silence_is_held(const struct fleet *f, const struct fleet_vm *vm)
{
	for (size_t k = 0; k < DOMAIN_DEPLOYMENT; k++) {
		const struct domain *d = domain_of(f, vm, (enum domain_kind)k);
		if (d && d->tripped)
			return true;
	}
	return false;
}

/* Whether the VIM's API answers, and did not fail lately. */
static bool api_is_steady(const struct fleet *f, const struct fleet_vm *vm, int64_t now)
{
	const struct domain *cloud = domain_of(f, vm, DOMAIN_CLOUD);

	if (!cloud || cloud->n_controls == 0)
		return true; /* the age of the report alone says */
	const struct answers *api = &cloud->controls[0];
	return api->up_since != MANAGER_NEVER &&
	       (api->lost == MANAGER_NEVER || now - api->up_since >= f->limits.api_back);
}

static struct vm_situation situation_of(const struct fleet *f, const struct fleet_vm *vm,
					int64_t now)
{
	const struct domain *host = domain_of(f, vm, DOMAIN_HOST);
	const struct domain *deployment = domain_of(f, vm, DOMAIN_DEPLOYMENT);
	const struct domain *network = domain_of(f, vm, DOMAIN_NETWORK);
	const struct domain *set = domain_of(f, vm, DOMAIN_SET);
	bool deployment_acts = deployment && deployment->n_acting > 0;
	/* The pace was taken by its own proposal. */
	bool paced = vm->proposed == ACT_NONE && f->last_silent_act != MANAGER_NEVER &&
		     now - f->last_silent_act < f->limits.pace;

	return (struct vm_situation){
		.now = now,
		.assessed = vm->assessed,
		.vim = &vm->seen.vim,
		.request = vm->request,
		.partner_acting = set && set->n_acting > 0,
		.partner_has_state = vm->partner_has_state,
		.way_proven = network && network->proven_since != MANAGER_NEVER,
		.vim_fresh = api_is_steady(f, vm, now),
		.holds = common_holds(f, vm, now),
		.silence_held = silence_is_held(f, vm),
		.silence_budget = deployment_acts || paced ||
				  f->n_silent >= f->limits.silent_at_once ||
				  (host && host->n_acting_silent >= f->limits.silent_per_host),
		.testimony_budget = deployment_acts || f->n_testimony >= f->width,
		.ignored_holds = f->ignored_holds,
	};
}

/* A slow start: one more at once for each that came back, few again after a failure. */
static void adapt_width(struct fleet *f, const struct decision *d)
{
	if (d->from != VM_RECOVERING || d->state == VM_RECOVERING)
		return;
	if (d->outcome != OUTCOME_RECOVERED)
		f->width = f->limits.testimony_least;
	else if (f->width < f->limits.testimony_most)
		f->width++;
}

/* Decides for one, without its own act in the counts. */
static void decide_vm(struct fleet *f, struct fleet_vm *vm, int64_t now)
{
	bool recovering = vm->memory.state == VM_RECOVERING;
	bool testimony =
		recovering ? vm->memory.testimony : assessment_is_testimony(vm->assessed.is);
	enum hold hold = vm->memory.hold;

	if (recovering || vm->proposed != ACT_NONE)
		count_act(f, vm, testimony, -1);
	struct vm_situation s = situation_of(f, vm, now);
	vm->decision = vm_decide(vm->policy, &s, &vm->memory);
	vm->changed = vm->decision.from != vm->decision.state || hold != vm->memory.hold;
	if (recovering && testimony)
		adapt_width(f, &vm->decision);
	if (vm->memory.state == VM_RECOVERING)
		count_act(f, vm, vm->memory.testimony, 1);
	else if (vm->decision.act != ACT_NONE)
		count_act(f, vm, assessment_is_testimony(vm->assessed.is), 1);
}

size_t fleet_tick(struct fleet *f, int64_t now, uint32_t *ret_proposed)
{
	size_t n = 0;

	check_clock(f, now);
	count_answers(f, now);
	assess_all(f, now);
	for (size_t i = 0; i < f->n_domains; i++)
		breaker_update(&f->domains[i], &f->limits, now);
	for (size_t i = 0; i < f->n_vms; i++) {
		struct fleet_vm *vm = &f->vms[i];
		decide_vm(f, vm, now);
		bool proposed = vm->proposed != ACT_NONE;
		vm->proposed = vm->decision.act;
		if (vm->proposed == ACT_NONE || proposed)
			continue;
		vm->proposed_at = now;
		if (!assessment_is_testimony(vm->assessed.is))
			f->last_silent_act = now;
		ret_proposed[n++] = (uint32_t)i;
	}
	return n;
}

/* Everything that is asked was asked again since. */
static bool looked_again(const struct fleet_vm *vm)
{
	const struct observation *o = &vm->seen;
	int64_t report = o->vim.presence == PRESENCE_ABSENT ? o->vim.absent_at : o->vim.at;

	return report >= vm->proposed_at &&
	       (o->echo.asked == MANAGER_NEVER || o->echo.asked >= vm->proposed_at) &&
	       (o->dns.asked == MANAGER_NEVER || o->dns.asked >= vm->proposed_at);
}

bool fleet_claim(struct fleet *f, uint32_t i, int64_t now)
{
	struct fleet_vm *vm = &f->vms[i];

	if (vm->proposed == ACT_NONE)
		return false;
	bool void_now = now < f->last_tick || now - f->last_tick > f->limits.tick + GAP_MS ||
			now - vm->proposed_at > DECIDE_LOOK_MS || !looked_again(vm);
	/* The counts have it as it was proposed. */
	bool testimony = assessment_is_testimony(vm->assessed.is);
	struct assessed again = assess_vm(f, vm, now);
	if (void_now || assessment_is_testimony(again.is) != testimony) {
		count_act(f, vm, testimony, -1);
		vm->proposed = ACT_NONE;
		return false;
	}
	vm->assessed = again;
	decide_vm(f, vm, now);
	vm->proposed = ACT_NONE;
	if (vm->decision.act == ACT_NONE)
		return false;
	vm_claim(&vm->memory, vm->decision.act, testimony, now);
	vm->request = (struct vm_request){0};
	vm->changed = true;
	return true;
}

void fleet_release(struct fleet *f, uint32_t domain)
{
	f->domains[domain].tripped = false;
	f->domains[domain].released = true;
}

const char *domain_kind_name(enum domain_kind kind)
{
	static const char *const names[DOMAIN_KINDS] = {
		[DOMAIN_VANTAGE] = "vantage",
		[DOMAIN_CLOUD] = "cloud",
		[DOMAIN_NETWORK] = "network",
		[DOMAIN_HOST] = "host",
		[DOMAIN_ZONE] = "zone",
		[DOMAIN_IMAGE] = "image",
		[DOMAIN_DEPLOYMENT] = "deployment",
		[DOMAIN_SET] = "set",
	};
	return names[kind];
}
