// SPDX-License-Identifier: Apache-2.0
/* CPU policies and the spelling of extra specs. */
#include "base/str.h"
#include "check/extra_spec.h"
#include "check/site.h"

static bool has_vf(const struct vm_group *group)
{
	for (size_t i = 0; i < group->n_interfaces; i++)
		if (port_is_vf(&group->interfaces[i]))
			return true;
	return false;
}

/*
 * The CPU policy that Nova goes by: the flavor's, that of an explicit resources:PCPU, the image's.
 * NULL: none. *ret_known is false where an image that the descriptor does not define may have one.
 */
static const char *cpu_policy(const struct site *s, bool *ret_known)
{
	const char *policy = extra_spec(s->flavor, "hw:cpu_policy");
	const char *pcpu = extra_spec(s->flavor, "resources:PCPU");
	const struct image *image = s->group->image ? model_image(s->model, s->group->image) : NULL;

	if (!policy && pcpu && !streq(pcpu, "0"))
		policy = "dedicated";
	if (!policy && image)
		policy = property_get(&image->properties, "hw_cpu_policy");
	*ret_known = policy || image || !s->group->image;
	return policy;
}

static void cpu_shared(const struct site *s)
{
	const struct flavor *f = s->flavor;
	bool known = false;
	const char *policy = f ? cpu_policy(s, &known) : NULL;

	if (f && has_vf(s->group) && (policy ? streq(policy, "shared") : known))
		found(s, f->line,
		      "flavor \"%s\" shares its CPUs with other VMs (hw:cpu_policy%s): their load "
		      "shows in the answer times, VF or not; dedicated pins them",
		      f->name, policy ? "=shared" : " is not set");
}

static void cpu_emulator(const struct site *s)
{
	const struct flavor *f = s->flavor;

	if (f && has_vf(s->group) && streq(extra_spec(f, "hw:cpu_policy"), "dedicated") &&
	    !extra_spec(f, "hw:emulator_threads_policy"))
		found(s, f->line,
		      "flavor \"%s\" pins its CPUs and sets no hw:emulator_threads_policy: QEMU's "
		      "own threads run on the same CPUs and interrupt the DNS server; share moves "
		      "them where the host has cpu_shared_set, isolate takes one more CPU",
		      f->name);
}

/* What the CPU policies contradict, or NULL. */
static const char *conflict(const struct site *s)
{
	const struct flavor *f = s->flavor;
	bool known;
	const char *policy = cpu_policy(s, &known);
	const char *emulator = extra_spec(f, "hw:emulator_threads_policy");
	bool realtime = extra_spec_true(f, "hw:cpu_realtime");
	bool dedicated_mask = extra_spec(f, "hw:cpu_dedicated_mask");
	bool shared = policy ? streq(policy, "shared") : known;

	if (shared && extra_spec(f, "hw:cpu_thread_policy"))
		return "hw:cpu_thread_policy needs hw:cpu_policy=dedicated";
	if (shared && streq(emulator, "isolate"))
		return "hw:emulator_threads_policy=isolate needs hw:cpu_policy=dedicated";
	if (shared && realtime)
		return "hw:cpu_realtime needs hw:cpu_policy=dedicated or mixed";
	if (dedicated_mask && (policy || known) && !streq(policy, "mixed"))
		return "hw:cpu_dedicated_mask needs hw:cpu_policy=mixed";
	if (streq(policy, "mixed") && !dedicated_mask && !realtime)
		return "hw:cpu_policy=mixed needs hw:cpu_dedicated_mask or hw:cpu_realtime";
	if (streq(policy, "mixed") && dedicated_mask && realtime)
		return "hw:cpu_dedicated_mask and hw:cpu_realtime are both given";
	if (realtime && !extra_spec(f, "hw:cpu_realtime_mask") && !emulator)
		return "hw:cpu_realtime needs hw:cpu_realtime_mask or hw:emulator_threads_policy";
	return NULL;
}

static void cpu_conflict(const struct site *s)
{
	const char *what = s->flavor ? conflict(s) : NULL;

	if (what)
		found(s, s->flavor->line, "flavor \"%s\": %s; Nova refuses the server",
		      s->flavor->name, what);
}

static void extra_spec_name(const struct site *s)
{
	for (size_t i = 0; s->flavor && i < s->flavor->properties.n; i++) {
		const struct property *p = &s->flavor->properties.v[i];
		const char *near;
		if (extra_spec_known(p->name, &near))
			continue;
		found(s, p->line, "Nova knows no extra spec \"%s\" and ignores or refuses it%s%s%s",
		      p->name, near ? ": is \"" : "", near ? near : "", near ? "\" meant?" : "");
	}
}

static void extra_spec_value(const struct site *s)
{
	for (size_t i = 0; s->flavor && i < s->flavor->properties.n; i++) {
		const struct property *p = &s->flavor->properties.v[i];
		const char *value = p->value ? p->value : "", *wants = "";
		if (!extra_spec_takes(p->name, value, &wants))
			found(s, p->line, "%s is \"%s\", and Nova takes: %s", p->name, value,
			      wants);
	}
}

const struct check_rule flavor_rules[] = {
	{
		RULE("cpu-shared", SEVERITY_NOTE, LEVEL_GROUP, cpu_shared),
		.title = "a guest with VFs has CPUs of its own",
		.text = "A flavor for direct ports sets hw:cpu_policy=dedicated (or mixed).",
		.reason = "A VF takes the host's switch out of the way; vCPUs that wait for their "
			  "turn put the delay back.",
		.remedy = "Set hw:cpu_policy=dedicated.",
		.source = "TechNote 223247, step 2.2; Nova Admin Guide, CPU topologies",
	},
	{
		RULE("cpu-emulator", SEVERITY_NOTE, LEVEL_GROUP, cpu_emulator),
		.title = "QEMU's own threads have a place",
		.text = "A flavor with dedicated CPUs says hw:emulator_threads_policy.",
		.reason = "By default the emulator's threads are confined to the guest's CPUs.",
		.remedy = "Set share (with cpu_shared_set on the host) or isolate.",
		.source = "Nova Admin Guide, CPU topologies, customizing emulator threads",
	},
	{
		RULE("cpu-conflict", SEVERITY_ERROR, LEVEL_GROUP, cpu_conflict),
		.title = "the CPU policies go together",
		.text = "Thread, emulator, realtime and mask specs have the hw:cpu_policy they "
			"need.",
		.reason = "Nova refuses the server with 400.",
		.remedy = "Set hw:cpu_policy accordingly, or leave the other one out.",
		.source = "Nova, virt/hardware.py, numa_get_constraints()",
	},
	{
		RULE("extra-spec-name", SEVERITY_ERROR, LEVEL_GROUP, extra_spec_name),
		.title = "extra specs are spelled as Nova knows them",
		.text = "A property of a flavor in one of Nova's namespaces (hw:, os:, quota: ...) "
			"has a name that Nova has.",
		.reason = "Up to API version 2.85 a misspelled name is stored and has no effect; "
			  "later ones refuse it.",
		.remedy = "Correct the name.",
		.source = "Nova, api/validation/extra_specs",
	},
	{
		RULE("extra-spec-value", SEVERITY_ERROR, LEVEL_GROUP, extra_spec_value),
		.title = "extra specs have values that Nova takes",
		.text = "The value of a known extra spec is of its type, or one of its words.",
		.reason = "Nova refuses the flavor, or the server that is made from it.",
		.remedy = "Correct the value.",
		.source = "Nova, api/validation/extra_specs",
	},
	{0},
};
