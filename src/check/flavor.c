// SPDX-License-Identifier: Apache-2.0
/* CPU policies, names and values of extra specs. */
#include "base/alloc.h"
#include "base/err.h"
#include "check/extra_spec.h"
#include "check/rule.h"
#include "placement/extra_specs.h"

static bool has_vf(const struct vm_group *group)
{
	return array_find(group->interfaces, group->n_interfaces, port_is_vf(it)) != NULL;
}

/* False if the flavor is not defined here or its number of vCPUs is invalid. */
static bool has_cpus(const struct flavor *flavor)
{
	return flavor && flavor->vcpus > 0;
}

/* False if the image is not defined here, so that its properties are unknown. */
static bool image_is_known(const struct rule_ctx *ctx)
{
	return !ctx->group->image || model_image(ctx->model, ctx->group->image);
}

/* Reads the CPU policies of flavor and image; of the flavor only if the image is unknown. */
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
			"flavor \"%s\" shares its CPUs with other VMs (%s), so their load delays "
			"DNS answers even with VFs: set hw:cpu_policy=dedicated",
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
			"flavor \"%s\" pins its CPUs but sets no hw:emulator_threads_policy: "
			"QEMU's own threads run on the same CPUs and interrupt the DNS server; set "
			"share (needs cpu_shared_set on the host) or isolate (uses one more CPU)",
			f->name);
}

/*
 * Whether Nova accepts the flavor with some image. Only these two properties can supply what a
 * flavor lacks; all others, and hw_cpu_policy=shared, can only conflict. The mask "0" is valid for
 * every number of vCPUs.
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
		finding(ctx, ctx->flavor->line, "Nova rejects the server: %s", err.text);
}

static void extra_spec_name(const struct rule_ctx *ctx)
{
	for (size_t i = 0; ctx->flavor && i < ctx->flavor->properties.n; i++) {
		const struct property *p = &ctx->flavor->properties.v[i];
		const char *near;
		if (extra_spec_known(p->name, &near))
			continue;
		finding(ctx, p->line,
			"Nova has no extra spec \"%s\" and ignores or rejects it%s%s%s", p->name,
			near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	}
}

static void extra_spec_value(const struct rule_ctx *ctx)
{
	for (size_t i = 0; ctx->flavor && i < ctx->flavor->properties.n; i++) {
		const struct property *p = &ctx->flavor->properties.v[i];
		const char *value = p->value ? p->value : "", *wants = "";
		if (!extra_spec_takes(p->name, value, &wants))
			finding(ctx, p->line, "extra spec %s is \"%s\", but Nova accepts: %s",
				p->name, value, wants);
	}
}

const struct check_rule flavor_rules[] = {
	{"cpu-shared", SEVERITY_NOTE, LEVEL_GROUP, cpu_shared},
	{"cpu-emulator", SEVERITY_NOTE, LEVEL_GROUP, cpu_emulator},
	{"cpu-conflict", SEVERITY_ERROR, LEVEL_GROUP, cpu_conflict},
	{"extra-spec-name", SEVERITY_ERROR, LEVEL_GROUP, extra_spec_name},
	{"extra-spec-value", SEVERITY_ERROR, LEVEL_GROUP, extra_spec_value},
	{0},
};
