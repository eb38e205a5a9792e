// SPDX-License-Identifier: Apache-2.0
/* CPU policies and the spelling of extra specs. */
#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "check/extra_spec.h"
#include "check/rule.h"
#include "placement/extra_specs.h"

static bool has_vf(const struct vm_group *group)
{
	for (size_t i = 0; i < group->n_interfaces; i++)
		if (port_is_vf(&group->interfaces[i]))
			return true;
	return false;
}

/* False: there is no flavor here, or its reader refused the number of vCPUs. */
static bool has_cpus(const struct flavor *flavor)
{
	return flavor && flavor->vcpus > 0;
}

/* False: the image is not in the descriptor, so its properties are not known. */
static bool image_is_known(const struct rule_ctx *ctx)
{
	return !ctx->group->image || model_image(ctx->model, ctx->group->image);
}

/* The policies of flavor and image; of the flavor alone where the image is not known. */
static int read_cpus(const struct rule_ctx *ctx, struct fit_request *ret, struct err *err)
{
	return extra_specs_cpus(ctx->flavor, model_image(ctx->model, ctx->group->image), ret, err);
}

static void cpu_shared(const struct rule_ctx *ctx)
{
	const struct flavor *f = ctx->flavor;
	struct fit_request cpus = {0};

	if (!has_cpus(f) || !has_vf(ctx->group) || read_cpus(ctx, &cpus, NULL) < 0)
		return;
	if (cpus.cpu_policy == CPU_POLICY_SHARED ||
	    (cpus.cpu_policy == CPU_POLICY_NONE && image_is_known(ctx)))
		finding(ctx, f->line,
			"flavor \"%s\" shares its CPUs with other VMs (%s): their load shows in "
			"the "
			"answer times, VF or not; dedicated pins them",
			f->name,
			cpus.cpu_policy ? "its CPU policy is shared" : "hw:cpu_policy is not set");
}

static void cpu_emulator(const struct rule_ctx *ctx)
{
	const struct flavor *f = ctx->flavor;
	struct fit_request cpus = {0};

	if (!has_cpus(f) || !has_vf(ctx->group) || read_cpus(ctx, &cpus, NULL) < 0)
		return;
	if (cpus.cpu_policy == CPU_POLICY_DEDICATED && !cpus.emulator_policy)
		finding(ctx, f->line,
			"flavor \"%s\" pins its CPUs and sets no hw:emulator_threads_policy: "
			"QEMU's "
			"own threads run on the same CPUs and interrupt the DNS server; share "
			"moves "
			"them where the host has cpu_shared_set, isolate takes one more CPU",
			f->name);
}

/*
 * Whether Nova takes the flavor with an image of some properties. Only these two can make up for
 * what a flavor lacks: any other, and hw_cpu_policy=shared, can only contradict it. The mask "0"
 * goes with every number of vCPUs.
 */
static bool some_image_fits(const struct flavor *flavor)
{
	char policy_name[] = "hw_cpu_policy", dedicated[] = "dedicated", mixed[] = "mixed";
	char mask_name[] = "hw_cpu_realtime_mask", first[] = "0";
	char *const policies[] = {NULL, dedicated, mixed}, *const masks[] = {NULL, first};

	for (size_t i = 0; i < ARRAY_SIZE(policies) * ARRAY_SIZE(masks); i++) {
		struct property properties[] = {
			{.name = policy_name, .value = policies[i / ARRAY_SIZE(masks)]},
			{.name = mask_name, .value = masks[i % ARRAY_SIZE(masks)]},
		};
		struct image image = {.properties = {properties, ARRAY_SIZE(properties)}};
		struct fit_request cpus = {0};

		if (extra_specs_cpus(flavor, &image, &cpus, NULL) == 0)
			return true;
	}
	return false;
}

static void cpu_conflict(const struct rule_ctx *ctx)
{
	struct fit_request cpus = {0};
	cleanup_err struct err err = ERR_INIT;

	if (!has_cpus(ctx->flavor) || read_cpus(ctx, &cpus, &err) == 0)
		return;
	if (image_is_known(ctx) || !some_image_fits(ctx->flavor))
		finding(ctx, ctx->flavor->line, "Nova refuses the server: %s", err.text);
}

static void extra_spec_name(const struct rule_ctx *ctx)
{
	for (size_t i = 0; ctx->flavor && i < ctx->flavor->properties.n; i++) {
		const struct property *p = &ctx->flavor->properties.v[i];
		const char *near;
		if (extra_spec_known(p->name, &near))
			continue;
		finding(ctx, p->line,
			"Nova knows no extra spec \"%s\" and ignores or refuses it%s%s%s", p->name,
			near ? ": is \"" : "", near ? near : "", near ? "\" meant?" : "");
	}
}

static void extra_spec_value(const struct rule_ctx *ctx)
{
	for (size_t i = 0; ctx->flavor && i < ctx->flavor->properties.n; i++) {
		const struct property *p = &ctx->flavor->properties.v[i];
		const char *value = p->value ? p->value : "", *wants = "";
		if (!extra_spec_takes(p->name, value, &wants))
			finding(ctx, p->line, "%s is \"%s\", and Nova takes: %s", p->name, value,
				wants);
	}
}

const struct check_rule flavor_rules[] = {
	{
		RULE("cpu-shared", SEVERITY_NOTE, LEVEL_GROUP, cpu_shared),
		.title = "a guest with VFs has CPUs of its own",
		.text = "The CPUs behind direct ports are dedicated (or mixed), by hw:cpu_policy, "
			"resources:PCPU or the image's hw_cpu_policy.",
		.reason = "A VF takes the host's switch out of the way; vCPUs that wait for their "
			  "turn put the delay back.",
		.remedy = "Set hw:cpu_policy=dedicated, and no resources:VCPU.",
		.source = "TechNote 223247, step 2.2; Nova Admin Guide, CPU topologies",
	},
	{
		RULE("cpu-emulator", SEVERITY_NOTE, LEVEL_GROUP, cpu_emulator),
		.title = "QEMU's own threads have a place",
		.text = "A flavor whose CPUs are dedicated, by itself or by the image, says "
			"hw:emulator_threads_policy.",
		.reason = "By default the emulator's threads are confined to the guest's CPUs.",
		.remedy = "Set share (with cpu_shared_set on the host) or isolate.",
		.source = "Nova Admin Guide, CPU topologies, customizing emulator threads",
	},
	{
		RULE("cpu-conflict", SEVERITY_ERROR, LEVEL_GROUP, cpu_conflict),
		.title = "the CPU policies go together",
		.text = "Thread, emulator, realtime and mask specs have the CPU policy they need; "
			"flavor, image and resources:PCPU or VCPU do not contradict each other.",
		.reason = "Nova refuses the server with 400.",
		.remedy = "Set hw:cpu_policy accordingly, or leave the other one out, in the "
			  "flavor or in the image.",
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
