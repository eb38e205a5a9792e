// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "manager/breaker.h"
#include "manager/explain.h"

/* Text that is cut at its end. */
struct text_buf {
	char *s;
	size_t size, len;
};

static void add(struct text_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text_buf *b, const char *fmt, ...)
{
	va_list ap;

	if (b->len + 1 >= b->size)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(b->s + b->len, b->size - b->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		b->len += (size_t)n;
	if (b->len >= b->size)
		b->len = b->size - 1;
}

static int64_t seconds(int64_t ms)
{
	return ms / 1000;
}

static const struct domain *domain_of(const struct fleet *f, const struct fleet_vm *vm,
				      enum domain_kind kind)
{
	uint32_t i = vm->domains[kind];

	return i == DOMAIN_NONE ? NULL : &f->domains[i];
}

static const char *answers_word(const struct answers *a, unsigned misses, int64_t now)
{
	switch (answers_state(a, misses, now)) {
	case TRI_YES:
		return "answers";
	case TRI_NO:
		return "silent";
	case TRI_UNKNOWN:
		break;
	}
	return a->asked == MANAGER_NEVER ? "not asked" : "not known";
}

static void add_probes(struct text_buf *b, const struct observation *o, int64_t now)
{
	add(b, "echo %s", answers_word(&o->echo, 1, now));
	if (o->echo.misses > 0)
		add(b, " (%u misses in %" PRId64 " s)", o->echo.misses,
		    seconds(now - o->echo.first_miss));
	add(b, ", DNS %s", answers_word(&o->dns, 1, now));
	if (o->status.asked != MANAGER_NEVER)
		add(b, ", bondd %s", answers_word(&o->status, 1, now));
}

static void add_way(struct text_buf *b, const struct domain *network, int64_t now)
{
	if (!network) {
		add(b, "; nothing proves the way to it");
		return;
	}
	size_t answer = 0;
	for (size_t i = 0; i < network->n_controls; i++)
		answer += network->controls[i].up_since != MANAGER_NEVER;
	if (network->vm_controls)
		add(b, "; %s of network \"%s\" answers", answer ? "a VM" : "no VM", network->name);
	else
		add(b, "; %zu of %zu controls of network \"%s\" answer", answer,
		    network->n_controls, network->name);
	if (network->proven_since != MANAGER_NEVER)
		add(b, ", for %" PRId64 " s", seconds(now - network->proven_since));
}

static void add_report(struct text_buf *b, const struct vim_report *r, int64_t now)
{
	static const char *const states[] = {
		[SERVER_UNKNOWN] = "an unknown state", [SERVER_ACTIVE] = "ACTIVE",
		[SERVER_BUILDING] = "BUILD",           [SERVER_STOPPED] = "SHUTOFF",
		[SERVER_PARKED] = "paused or shelved", [SERVER_ERROR] = "ERROR",
	};
	static const char *const powers[] = {
		[POWER_UNKNOWN] = "unknown", [POWER_RUNNING] = "running", [POWER_OFF] = "off",
		[POWER_CRASHED] = "crashed", [POWER_PAUSED] = "paused",
	};

	if (r->presence == PRESENCE_ABSENT && r->absent_at != MANAGER_NEVER)
		add(b, "; the VIM says that it does not exist, for %" PRId64 " s",
		    seconds(now - r->absent_since));
	else if (r->presence == PRESENCE_LISTED && r->at != MANAGER_NEVER)
		add(b, "; the VIM says %s, power %s, %" PRId64 " s ago", states[r->state],
		    powers[r->power], seconds(now - r->at));
	else
		add(b, "; the VIM says nothing of it");
}

static const struct domain *first_domain(const struct fleet *f, const struct fleet_vm *vm,
					 bool tripped)
{
	for (size_t k = 0; k < DOMAIN_KINDS; k++) {
		const struct domain *d = domain_of(f, vm, (enum domain_kind)k);
		if (d && (tripped ? d->tripped : d->held))
			return d;
	}
	return NULL;
}

static void add_domain_hold(struct text_buf *b, const struct fleet *f, const struct fleet_vm *vm,
			    const char *name)
{
	bool many = vm->decision.hold == HOLD_MANY;
	const struct domain *d = first_domain(f, vm, many);

	if (!d && !many)
		add(b, "an operator holds it; `dnsvnf release vm %s`", name);
	else if (!d)
		add(b, "many VMs were silent");
	else if (many)
		add(b,
		    "%u of %u VMs of %s \"%s\" are silent, and %u are taken for a common fault; "
		    "repair that, or `dnsvnf release %s %s`",
		    d->n_quiet, d->n_watched, domain_kind_name(d->kind), d->name,
		    breaker_threshold(d, &f->limits), domain_kind_name(d->kind), d->name);
	else
		add(b, "an operator holds %s \"%s\"; `dnsvnf release %s %s`",
		    domain_kind_name(d->kind), d->name, domain_kind_name(d->kind), d->name);
}

static void add_budget(struct text_buf *b, const struct fleet *f, const struct fleet_vm *vm,
		       int64_t now)
{
	bool testimony = assessment_is_testimony(vm->assessed.is);

	add(b, "%u of at most %u acts at once are under way",
	    testimony ? f->n_testimony : f->n_silent,
	    testimony ? f->width : f->limits.silent_at_once);
	if (!testimony && f->last_silent_act != MANAGER_NEVER)
		add(b, ", the last one began %" PRId64 " s ago", seconds(now - f->last_silent_act));
	add(b, "; it takes its turn by itself");
}

static const char *host_text(enum host_state host)
{
	switch (host) {
	case HOST_SILENT:
	case HOST_FENCED:
		return "its compute host is down: a reboot would hang, a redeploy could make two "
		       "of "
		       "it; the cloud must evacuate it (Masakari, or an administrator's `openstack "
		       "server evacuate`)";
	case HOST_MAINTENANCE:
		return "its compute host is in maintenance; enable it, or move the server";
	case HOST_UNKNOWN:
		return "it is not shown whether its compute host is up, and a redeploy could make "
		       "two of it; allow os_compute_api:servers:show:host_status:unknown-only, or "
		       "redeploy it by hand";
	case HOST_UP:
		break;
	}
	return "its compute host was not up";
}

static const char *plain_text(enum hold hold)
{
	static const char *const texts[HOLDS] = {
		[HOLD_NOT_LEADER] = "another manager leads",
		[HOLD_WATCH_ONLY] = "the manager only watches; set heal = on",
		[HOLD_SETTLING] = "the manager has just started, or could not observe, and waits "
				  "until it has seen enough",
		[HOLD_MANUAL] = "recovery_type is MANUAL, or no rule recovers; `dnsvnf heal`",
		[HOLD_BUSY] = "another change of the deployment is under way",
		[HOLD_LOCKED] = "the VIM says that it is locked; `openstack server unlock`",
		[HOLD_TASK] = "the VIM is working on it",
		[HOLD_WANTED] = "a person paused, shelved or stopped it, or the VIM does not say "
				"who did; `dnsvnf power start`",
		[HOLD_UNPROVEN] = "nothing proves that the way to it works, so its silence says "
				  "nothing; `dnsvnf heal --force`",
		[HOLD_ANSWERS] = "it answers something; repair its management address, or "
				 "`dnsvnf heal --force`",
		[HOLD_PARTNER] = "a VM redundant to it is being healed",
		[HOLD_STATE] = "a redeploy would lose its leases or keys, and no partner has them; "
			       "`dnsvnf heal --discard-state`",
	};
	return texts[hold];
}

static const char *vim_text(const struct vim_report *r, int64_t now)
{
	int64_t at = r->presence == PRESENCE_ABSENT ? r->absent_at : r->at;

	if (r->presence == PRESENCE_UNKNOWN)
		return "the VIM has said nothing of it yet";
	if (at == MANAGER_NEVER || now - at > ASSESS_REPORT_MS)
		return "the VIM does not answer, or does not show the server: its last report is "
		       "older than 60 s";
	if (r->presence == PRESENCE_ABSENT && r->absent_at - r->absent_since < ASSESS_ABSENT_MS)
		return "the VIM must say so again, 30 s later";
	if (r->presence == PRESENCE_LISTED && r->state == SERVER_UNKNOWN)
		return "the VIM itself does not know the state of the server";
	return "the VIM does not answer, or has answered again for less than 120 s";
}

static bool way_works(const struct fleet *f, const struct fleet_vm *vm)
{
	const struct domain *network = domain_of(f, vm, DOMAIN_NETWORK);

	return network && network->proven_since != MANAGER_NEVER;
}

static void add_hold(struct text_buf *b, const struct fleet *f, const struct fleet_vm *vm,
		     const char *name, int64_t now)
{
	const struct decision *d = &vm->decision;

	add(b, ". %s (%s): ",
	    d->state == VM_HELD && d->wanted != ACT_NONE ? "Held" : "Nothing is done",
	    hold_name(d->hold));
	if (d->hold == HOLD_OPERATOR || d->hold == HOLD_MANY)
		add_domain_hold(b, f, vm, name);
	else if (d->hold == HOLD_BUDGET)
		add_budget(b, f, vm, now);
	else if (d->hold == HOLD_UNPROVEN && way_works(f, vm))
		add(b, "it was not asked often enough lately, so its silence says nothing yet");
	else if (d->hold == HOLD_VIM)
		add(b, "%s", vim_text(&vm->seen.vim, now));
	else if (d->hold == HOLD_HOST)
		add(b, "%s", host_text(vm->seen.vim.host));
	else
		add(b, "%s", plain_text(d->hold));
	if (d->hold == HOLD_WATCH_ONLY && d->wanted != ACT_NONE) {
		unsigned others = d->holds & ~HOLD_BIT(HOLD_WATCH_ONLY);
		add(b, others ? "; it would not %s it now either" : "; it would %s it now",
		    act_name(d->wanted));
	}
}

static void add_plan(struct text_buf *b, const struct fleet_vm *vm, int64_t now)
{
	const struct vm_memory *m = &vm->memory;
	const struct decision *d = &vm->decision;

	if (m->state == VM_RECOVERING)
		add(b,
		    ". %s %u of this episode began %" PRId64 " s ago; it has %" PRId64
		    " s more to answer",
		    act_name(m->act), m->tried[m->act], seconds(now - m->claimed),
		    seconds(m->booting_from + vm_boot_time(vm->policy, m) - now));
	else if (m->state == VM_WAITING && d->act != ACT_NONE)
		add(b, ". %s is next", act_name(d->act));
	else if (m->state == VM_WAITING && d->look_again > now)
		add(b, ". Healing begins in %" PRId64 " s", seconds(d->look_again - now));
	else if (m->state == VM_FAILED && vm_memory_tried(m) > 0)
		add(b,
		    ". %u starts, %u reboots and %u redeploys did not help; `dnsvnf heal` tries "
		    "again",
		    m->tried[ACT_START], m->tried[ACT_REBOOT], m->tried[ACT_REDEPLOY]);
	else if (m->state == VM_FAILED && vm_memory_episodes(m, now) >= DECIDE_EPISODES)
		add(b,
		    ". It was healed %u times in 24 h; find out why it fails, then `dnsvnf heal`",
		    vm_memory_episodes(m, now));
	else if (m->state == VM_FAILED)
		add(b, ". Its recovery policy has no remedy for this; deploy it again, or "
		       "`dnsvnf heal`");
}

void vm_explain(const struct fleet *f, uint32_t i, const char *vm_name, int64_t now, char *buf,
		size_t size)
{
	const struct fleet_vm *vm = &f->vms[i];
	struct text_buf b = {.s = buf, .size = size};

	if (size == 0)
		return;
	buf[0] = '\0';
	add_probes(&b, &vm->seen, now);
	add_way(&b, domain_of(f, vm, DOMAIN_NETWORK), now);
	add_report(&b, &vm->seen.vim, now);
	if (vm->decision.hold != HOLD_NONE)
		add_hold(&b, f, vm, vm_name, now);
	add_plan(&b, vm, now);
}
