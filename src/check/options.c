// SPDX-License-Identifier: Apache-2.0
/* The extension named dnsvnf: options and waivers. */

#include "base/alloc.h"
#include "base/str.h"
#include "check/check.h"
#include "check/rule.h"

enum kind { WORDS, FLAG, MILLISECONDS, NUMA_POLICY, AGENT };

/* Options. A port option may also be written NAME.NICID. Documented in man/dnsvnf.8.in. */
static const struct option {
	const char *name;
	enum kind kind;
	bool of_port;
} options[] = {
	{"dns_query", WORDS, false},
	{"existing_networks", WORDS, false},
	{"guest_agent", AGENT, false},
	{"max_outage_ms", MILLISECONDS, false},
	{"numa_affinity_policy", NUMA_POLICY, true},
	{"propagate_uplink_status", FLAG, true},
	{"same_segment", WORDS, false},
	{"trusted", FLAG, true},
};

static const char waive[] = "waive.";

static const struct option *find(const char *name)
{
	size_t len = strcspn(name, ".");
	int64_t nicid;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		if (strlen(o->name) != len || strncmp(o->name, name, len) != 0)
			continue;
		if (!name[len] || (o->of_port && str_to_int(name + len + 1, 0, 255, &nicid) == 0))
			return o;
	}
	return NULL;
}

typedef void property_fn(const struct rule_ctx *ctx, const struct property *p);

static void each_in(const struct rule_ctx *ctx, const struct extension *v, size_t n,
		    property_fn *fn)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; streq(v[i].name, "dnsvnf") && k < v[i].properties.n; k++)
			fn(ctx, &v[i].properties.v[k]);
}

static void each_property(const struct rule_ctx *ctx, property_fn *fn)
{
	const struct deployment *d = ctx->deployment;

	each_in(ctx, d->extensions, d->n_extensions, fn);
	for (size_t g = 0; g < d->n_vm_groups; g++)
		each_in(ctx, d->vm_groups[g].extensions, d->vm_groups[g].n_extensions, fn);
}

/* Whether any group of the deployment has the interface of "NAME.NICID". */
static bool has_port(const struct deployment *d, const char *nicid)
{
	int64_t n;

	if (str_to_int(nicid, 0, 255, &n) < 0)
		return false;
	return array_find(d->vm_groups, d->n_vm_groups, vm_group_interface(it, (unsigned)n)) !=
	       NULL;
}

static void check_name(const struct rule_ctx *ctx, const struct property *p)
{
	const char *dot = strchr(p->name, '.');
	struct guess guess = {.word = p->name, .limit = 4};

	if (str_starts(p->name, waive))
		return;
	if (find(p->name)) {
		if (dot && !has_port(ctx->deployment, dot + 1))
			finding(ctx, p->line,
				"property %s refers to an interface that no vm_group has", p->name);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		guess_try(&guess, options[i].name);
	finding(ctx, p->line, "the extension dnsvnf has no property \"%s\"%s%s%s", p->name,
		guess.best ? " (did you mean \"" : "", guess.best ? guess.best : "",
		guess.best ? "\"?)" : "");
}

static void option_name(const struct rule_ctx *ctx)
{
	each_property(ctx, check_name);
}

static void check_value(const struct rule_ctx *ctx, const struct property *p)
{
	const struct option *o = find(p->name);
	const char *value = p->value ? p->value : "", *wants = NULL;
	int64_t n;

	if (!o)
		return;
	switch (o->kind) {
	case WORDS:
		break;
	case FLAG:
		if (!streq(value, "true") && !streq(value, "false"))
			wants = "true or false";
		break;
	case MILLISECONDS:
		if (str_to_int(value, 1, INT32_MAX, &n) < 0)
			wants = "an integer of at least 1 (milliseconds)";
		break;
	case NUMA_POLICY:
		if (!*value || !str_in_words("legacy preferred required socket", value))
			wants = "one of legacy, preferred, required, socket";
		break;
	case AGENT:
		if (!streq(value, "bondd") && !streq(value, "none"))
			wants = "bondd or none";
		break;
	}
	if (wants)
		finding(ctx, p->line, "property %s is \"%s\" but must be %s", p->name, value,
			wants);
}

static void option_value(const struct rule_ctx *ctx)
{
	each_property(ctx, check_value);
}

static void check_waiver(const struct rule_ctx *ctx, const struct property *p)
{
	if (!str_starts(p->name, waive))
		return;
	const char *id = p->name + strlen(waive);
	if (!rule_text_find(id))
		finding(ctx, p->line,
			"unknown rule \"%s\" in a waiver: 'dnsvnf check --list' shows all rules",
			id);
	else if (!p->value || !*p->value)
		finding(ctx, p->line,
			"%s has no reason, so the rule is not waived: set the reason as its value",
			p->name);
}

static void waiver(const struct rule_ctx *ctx)
{
	each_property(ctx, check_waiver);
}

const struct check_rule option_rules[] = {
	{"option-name", SEVERITY_WARNING, LEVEL_DEPLOYMENT, option_name},
	{"option-value", SEVERITY_ERROR, LEVEL_DEPLOYMENT, option_value},
	{"waiver", SEVERITY_WARNING, LEVEL_DEPLOYMENT, waiver},
	{0},
};
