// SPDX-License-Identifier: Apache-2.0
#include "placement/extra_specs.h"

#include <math.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#define NAMES_MAX 4

static const char *const cpu_policies[NAMES_MAX] = {
	[CPU_POLICY_DEDICATED] = "dedicated",
	[CPU_POLICY_SHARED] = "shared",
	[CPU_POLICY_MIXED] = "mixed",
};
static const char *const thread_policies[NAMES_MAX] = {
	[THREADS_PREFER] = "prefer",
	[THREADS_ISOLATE] = "isolate",
	[THREADS_REQUIRE] = "require",
};
static const char *const emulator_policies[NAMES_MAX] = {
	[EMULATOR_SHARE] = "share",
	[EMULATOR_ISOLATE] = "isolate",
};

/* Empty counts as absent, as in Python. */
static const char *given(const char *value)
{
	return value && *value ? value : NULL;
}

const char *flavor_spec(const struct flavor *flavor, const char *spec)
{
	return given(property_get(&flavor->properties, spec));
}

const char *image_property(const struct image *image, const char *property)
{
	return image ? given(property_get(&image->properties, property)) : NULL;
}

/* oslo_utils.strutils.bool_from_string() */
static bool is_true(const char *s)
{
	static const char *const names[] = {"1", "t", "true", "on", "y", "yes"};

	for (size_t i = 0; s && i < ARRAY_SIZE(names); i++) {
		if (strcasecmp(s, names[i]) == 0)
			return true;
	}
	return false;
}

/* Index of s in names, from 1; 0: not in names. */
static int name_find(const char *const *names, const char *s)
{
	for (int i = 1; s && i < NAMES_MAX && names[i]; i++) {
		if (streq(s, names[i]))
			return i;
	}
	return 0;
}

static const char *const affinity_names[] = {
	[AFFINITY_LEGACY] = "legacy",
	[AFFINITY_REQUIRED] = "required",
	[AFFINITY_PREFERRED] = "preferred",
	[AFFINITY_SOCKET] = "socket",
};

const char *numa_affinity_name(enum numa_affinity affinity)
{
	return affinity_names[affinity];
}

int numa_affinity_parse(const char *s, enum numa_affinity *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(affinity_names); i++) {
		if (streq(s, affinity_names[i])) {
			*ret = (enum numa_affinity)i;
			return 0;
		}
	}
	return -EINVAL;
}

int extra_specs_affinity(const struct flavor *flavor, const struct image *image,
			 enum numa_affinity *ret, struct err *err)
{
	const char *of_flavor = flavor_spec(flavor, "hw:pci_numa_affinity_policy");
	const char *of_image = image_property(image, "hw_pci_numa_affinity_policy");
	const char *policy = of_flavor ? of_flavor : of_image;

	if (of_flavor && of_image && !streq(of_flavor, of_image))
		return err_set(err, INVALID,
			       "flavor %s: Image property 'hw_pci_numa_affinity_policy' is not "
			       "permitted to override the 'hw:pci_numa_affinity_policy' flavor "
			       "extra spec.",
			       flavor->name);
	if (policy && numa_affinity_parse(policy, ret) < 0)
		return err_set(err, INVALID, "flavor %s: Invalid PCI NUMA affinity configured: %s",
			       flavor->name, policy);
	if (!policy)
		*ret = AFFINITY_LEGACY;
	return 0;
}

/* A policy, as its place in names, of the flavor and of the image; 0: not given. */
static int policies(const struct flavor *flavor, const char *spec, const char *of_image,
		    const char *what, const char *const *names, int *ret_flavor, int *ret_image,
		    struct err *err)
{
	const char *of_flavor = flavor_spec(flavor, spec);
	int f = name_find(names, of_flavor), i = name_find(names, of_image);
	bool wrong = of_flavor && !f;

	if (wrong || (of_image && !i))
		return err_set(err, INVALID,
			       "flavor %s: %s policy requested from '%s' is invalid, given: '%s', "
			       "available: '('%s', '%s', '%s')'.",
			       flavor->name, what,
			       wrong ? "flavor extra specs" : "image properties",
			       wrong ? of_flavor : of_image, names[1], names[2], names[3]);
	*ret_flavor = f;
	*ret_image = i;
	return 0;
}

static int cpu_policy(const struct flavor *flavor, const struct image *image, enum cpu_policy *ret,
		      struct err *err)
{
	int f = 0, i = 0;
	int r = policies(flavor, "hw:cpu_policy", image_property(image, "hw_cpu_policy"), "CPU",
			 cpu_policies, &f, &i, err);

	if (r < 0)
		return r;
	if ((f == CPU_POLICY_MIXED && i == CPU_POLICY_DEDICATED) ||
	    (f == CPU_POLICY_SHARED && (i == CPU_POLICY_DEDICATED || i == CPU_POLICY_MIXED)))
		return err_set(err, INVALID,
			       "flavor %s: Image property 'hw_cpu_policy' is not permitted to "
			       "override CPU pinning policy set against the flavor",
			       flavor->name);
	*ret = (enum cpu_policy)(f ? f : i);
	return 0;
}

static int thread_policy(const struct flavor *flavor, const struct image *image,
			 enum thread_policy *ret, struct err *err)
{
	int f = 0, i = 0;
	int r = policies(flavor, "hw:cpu_thread_policy",
			 image_property(image, "hw_cpu_thread_policy"), "CPU thread",
			 thread_policies, &f, &i, err);

	if (r < 0)
		return r;
	if (f != THREADS_NONE && f != THREADS_PREFER && i && i != f)
		return err_set(err, INVALID,
			       "flavor %s: Image property 'hw_cpu_thread_policy' is not permitted "
			       "to override CPU thread pinning policy set against the flavor",
			       flavor->name);
	/* "prefer" of the flavor overrides the image: Python's "flavor or image". */
	*ret = (enum thread_policy)(f ? f : i);
	return 0;
}

static int emulator_policy(const struct flavor *flavor, enum emulator_policy *ret, struct err *err)
{
	const char *s = flavor_spec(flavor, "hw:emulator_threads_policy");

	*ret = (enum emulator_policy)name_find(emulator_policies, s);
	if (s && !*ret)
		return err_set(err, INVALID,
			       "flavor %s: CPU emulator threads option requested is invalid, "
			       "given: '%s', available: '('share', 'isolate')'.",
			       flavor->name, s);
	return 0;
}

/* "^0-1" is all but these. */
static int parse_mask(const struct flavor *flavor, const char *mask, struct cpuset *ret,
		      struct err *err)
{
	const char *first = mask + strspn(mask, " \t\n");
	cleanup_free char *spec =
		*first == '^' ? xasprintf("0-%u,%s", flavor->vcpus - 1, mask) : xstrdup(mask);

	int r = cpuset_parse(spec, ret, err);
	return r < 0 ? err_wrap(err, "flavor %s", flavor->name) : 0;
}

/* hardware.get_realtime_cpu_constraint(); none: not realtime */
static int realtime_cpus(const struct flavor *flavor, const struct image *image,
			 const struct cpuset *all, struct cpuset *ret, struct err *err)
{
	const char *mask = image_property(image, "hw_cpu_realtime_mask");
	enum emulator_policy emulator;

	*ret = (struct cpuset){0};
	if (!is_true(flavor_spec(flavor, "hw:cpu_realtime")))
		return 0;
	if (!mask)
		mask = flavor_spec(flavor, "hw:cpu_realtime_mask");
	*ret = *all;
	int r = mask ? parse_mask(flavor, mask, ret, err) : 0;
	if (r == 0 && cpuset_count(ret))
		r = emulator_policy(flavor, &emulator, err);
	else
		emulator = EMULATOR_NONE;
	if (r < 0)
		return r;
	if (!cpuset_count(ret) || (cpuset_equal(ret, all) && !emulator))
		return err_set(err, INVALID,
			       "flavor %s: Use of realtime CPUs requires either one or more "
			       "non-realtime CPU(s) or offloaded emulator threads.",
			       flavor->name);
	if (!cpuset_contain(all, ret))
		return err_set(err, INVALID,
			       "flavor %s: Realtime policy vCPU(s) mask is configured with RT "
			       "vCPUs that are not a subset of the vCPUs in the flavor. See "
			       "hw:cpu_realtime_mask or hw_cpu_realtime_mask",
			       flavor->name);
	return 0;
}

/* hardware.get_dedicated_cpu_constraint() */
static int dedicated_mask(const struct flavor *flavor, const struct cpuset *all, struct cpuset *ret,
			  struct err *err)
{
	const char *mask = flavor_spec(flavor, "hw:cpu_dedicated_mask");

	*ret = (struct cpuset){0};
	if (!mask)
		return 0;
	int r = parse_mask(flavor, mask, ret, err);
	if (r < 0)
		return r;
	if (!cpuset_count(ret) || cpuset_contain(ret, all))
		return err_set(err, INVALID,
			       "flavor %s: Mixed instance must have at least 1 pinned vCPU and 1 "
			       "unpinned vCPU. See 'hw:cpu_dedicated_mask'.",
			       flavor->name);
	if (!cpuset_contain(all, ret))
		return err_set(err, INVALID,
			       "flavor %s: Mixed instance dedicated vCPU(s) mask is not a subset "
			       "of vCPUs in the flavor. See \"hw:cpu_dedicated_mask\"",
			       flavor->name);
	return 0;
}

/* The text after PREFIX, an optional group number and ":", or NULL. */
static const char *in_group(const char *name, const char *prefix)
{
	if (!str_starts(name, prefix))
		return NULL;
	name += strlen(prefix);
	if (*name >= '1' && *name <= '9')
		name += strspn(name, "0123456789");
	return *name == ':' ? name + 1 : NULL;
}

/* Sum of the extra specs resources:CLASS; invalid numbers count as 0. */
static int64_t resources(const struct flavor *flavor, const char *class)
{
	int64_t sum = 0;

	for (size_t i = 0; i < flavor->properties.n; i++) {
		const struct property *p = &flavor->properties.v[i];
		const char *name = in_group(p->name, "resources");
		int64_t n;

		if (name && str_starts(name, class) && p->value &&
		    str_to_int(p->value, 0, 1 << 24, &n) == 0)
			sum += n;
	}
	return sum;
}

static const char *hyperthreading_trait(const struct flavor *flavor, const struct image *image)
{
	for (size_t i = 0; i < flavor->properties.n; i++) {
		const char *name = in_group(flavor->properties.v[i].name, "trait");

		if (name && str_starts(name, "HW_CPU_HYPERTHREADING"))
			return flavor->properties.v[i].value;
	}
	return streq(image_property(image, "trait:HW_CPU_HYPERTHREADING"), "required") ? "required"
										       : NULL;
}

/* The same requested by resources: and trait: (the middle of numa_get_constraints()). */
static int translate(const struct flavor *flavor, const struct image *image,
		     struct fit_request *request, struct err *err)
{
	int64_t vcpus = resources(flavor, "VCPU"), pcpus = resources(flavor, "PCPU");
	bool isolate = request->emulator_policy == EMULATOR_ISOLATE;
	const char *trait = hyperthreading_trait(flavor, image);

	if (request->cpu_policy && (vcpus || pcpus))
		return err_set(err, INVALID,
			       "flavor %s: It is not possible to use the 'resources:VCPU' or "
			       "'resources:PCPU' extra specs in combination with the "
			       "'hw:cpu_policy' extra spec or 'hw_cpu_policy' image metadata "
			       "property; use one or the other",
			       flavor->name);
	if (vcpus && pcpus)
		return err_set(err, INVALID,
			       "flavor %s: It is not possible to specify both 'resources:VCPU' and "
			       "'resources:PCPU' extra specs; use one or the other",
			       flavor->name);
	if (pcpus && isolate && pcpus != flavor->vcpus + 1)
		return err_set(err, INVALID,
			       "flavor %s: You have requested 'hw:emulator_threads_policy=isolate' "
			       "but have not requested sufficient PCPUs to handle this policy; "
			       "you must allocate exactly flavor.vcpus + 1 PCPUs.",
			       flavor->name);
	if (pcpus && !isolate && pcpus != flavor->vcpus)
		return err_set(err, INVALID,
			       "flavor %s: There is a mismatch between the number of PCPUs "
			       "requested via 'resourcesNN:PCPU' and the flavor); you must "
			       "allocate exactly flavor.vcpus PCPUs",
			       flavor->name);
	if (request->thread_policy && trait && *trait)
		return err_set(err, INVALID,
			       "flavor %s: It is not possible to use the "
			       "'trait:HW_CPU_HYPERTHREADING' extra spec in combination with the "
			       "'hw:cpu_thread_policy' extra spec or 'hw_cpu_thread_policy' image "
			       "metadata property; use one or the other",
			       flavor->name);
	if (pcpus)
		request->cpu_policy = CPU_POLICY_DEDICATED;
	if (vcpus)
		request->cpu_policy = CPU_POLICY_SHARED;
	if (streq(trait, "forbidden"))
		request->thread_policy = THREADS_ISOLATE;
	else if (streq(trait, "required"))
		request->thread_policy = THREADS_REQUIRE;
	return 0;
}

/* What contradicts a policy without pinning. */
static const char *unpinned_conflict(const struct fit_request *request, bool realtime,
				     bool dedicated)
{
	if (request->thread_policy)
		return "Cannot set cpu thread pinning policy in a non dedicated cpu pinning policy";
	if (request->emulator_policy == EMULATOR_ISOLATE)
		return "An isolated CPU emulator threads option requires a dedicated CPU policy "
		       "option.";
	if (dedicated)
		return "Cannot specify 'hw:cpu_dedicated_mask' without the 'mixed' policy.";
	if (realtime)
		return "Cannot set realtime policy in a non dedicated cpu pinning policy";
	return NULL;
}

static const char *cpus_conflict(const struct fit_request *request, bool realtime, bool dedicated)
{
	switch (request->cpu_policy) {
	case CPU_POLICY_NONE:
	case CPU_POLICY_SHARED:
		return unpinned_conflict(request, realtime, dedicated);
	case CPU_POLICY_DEDICATED:
		return dedicated ? "Cannot specify 'hw:cpu_dedicated_mask' without the 'mixed' "
				   "policy."
				 : NULL;
	case CPU_POLICY_MIXED:
		if (realtime == dedicated)
			return "Dedicated CPU set can be specified from either "
			       "'hw:cpu_dedicated_mask' or 'hw:cpu_realtime_mask' when using "
			       "'mixed' CPU policy. 'hw:cpu_dedicated_mask' and "
			       "'hw:cpu_realtime_mask' can not be specified at the same time, or "
			       "be specified with none of them.";
		return NULL;
	}
	return NULL;
}

/* NUMATopologyFilter._satisfies_cpu_policy() asks for either, whichever is in force. */
static bool says(const struct flavor *flavor, const struct image *image, const char *spec,
		 const char *property, const char *policy)
{
	return streq(flavor_spec(flavor, spec), policy) ||
	       streq(image_property(image, property), policy);
}

int extra_specs_cpus(const struct flavor *flavor, const struct image *image,
		     struct fit_request *request, struct err *err)
{
	struct cpuset all = {0}, realtime = {0}, dedicated = {0};

	cpuset_add_range(&all, 0, flavor->vcpus);
	int r = cpu_policy(flavor, image, &request->cpu_policy, err);
	if (r == 0)
		r = thread_policy(flavor, image, &request->thread_policy, err);
	if (r == 0)
		r = realtime_cpus(flavor, image, &all, &realtime, err);
	if (r == 0)
		r = dedicated_mask(flavor, &all, &dedicated, err);
	if (r == 0)
		r = emulator_policy(flavor, &request->emulator_policy, err);
	if (r == 0)
		r = translate(flavor, image, request, err);
	if (r < 0)
		return r;

	const char *conflict =
		cpus_conflict(request, cpuset_count(&realtime) > 0, cpuset_count(&dedicated) > 0);
	if (conflict)
		return err_set(err, INVALID, "flavor %s: %s", flavor->name, conflict);
	request->image_wants_threads =
		says(flavor, image, "hw:cpu_policy", "hw_cpu_policy", "dedicated") &&
		streq(image_property(image, "hw_cpu_thread_policy"), "require");
	if (request->cpu_policy == CPU_POLICY_DEDICATED)
		request->dedicated = all;
	else if (request->cpu_policy == CPU_POLICY_MIXED)
		request->dedicated = cpuset_count(&dedicated) ? dedicated : realtime;
	return 0;
}

/* As strutils.string_to_bytes() of "2MB", in KiB; b and bit are bits. */
static int size_with_unit(const char *s, int64_t *ret)
{
	static const char prefixes[] = "KMGT";
	size_t digits = strspn(s + (*s == '-' || *s == '+'), "0123456789.");
	const char *end = s + (*s == '-' || *s == '+') + digits;
	char *parsed;
	double value;

	if (!digits || end[-1] == '.')
		return -EINVAL;
	value = strtod(s, &parsed);
	if (parsed != end)
		return -EINVAL;
	const char *prefix = *end ? strchr(prefixes, *end) : NULL;
	if (prefix) {
		end++;
		if (*end == 'i')
			end++;
	}
	if (streq(end, "b") || streq(end, "bit"))
		value /= 8;
	else if (!streq(end, "B"))
		return -EINVAL;
	value = ceil(prefix ? value * pow(1024, (double)(prefix - prefixes + 1)) : value) / 1024;
	if (fabs(value) > (double)(INT64_C(1) << 50))
		return -EINVAL;
	*ret = (int64_t)value;
	return 0;
}

int extra_specs_page_size(const char *s, int64_t *ret, struct err *err)
{
	if (streq(s, "any"))
		*ret = PAGES_ANY;
	else if (streq(s, "large"))
		*ret = PAGES_LARGE;
	else if (streq(s, "small"))
		*ret = PAGES_SMALL;
	else if ((s[strspn(s, "0123456789")] || str_to_int(s, 0, INT64_C(1) << 50, ret) < 0) &&
		 size_with_unit(s, ret) < 0)
		return err_set(err, INVALID, "Invalid memory page size '%s'", s);
	return 0;
}

/* hardware.get_locked_memory_constraint() */
static int locked_memory(const struct flavor *flavor, const struct image *image, bool pages,
			 struct err *err)
{
	const char *of_flavor = property_get(&flavor->properties, "hw:locked_memory");
	const char *of_image = image_property(image, "hw_locked_memory");
	bool locked = is_true(of_flavor ? of_flavor : of_image);

	if (of_flavor && of_image && is_true(of_flavor) != is_true(of_image))
		return err_set(err, INVALID,
			       "locked_memory value in image (%s) and flavor (%s) conflict. A "
			       "consistent value is expected if both specified.",
			       is_true(of_image) ? "True" : "False",
			       is_true(of_flavor) ? "True" : "False");
	if (locked && !pages)
		return err_set(err, INVALID,
			       "locked_memory value in image or flavor is forbidden when "
			       "mem_page_size is not set.");
	return 0;
}

int extra_specs_pages(const struct flavor *flavor, const struct image *image, int64_t *ret,
		      struct err *err)
{
	const char *of_flavor = flavor_spec(flavor, "hw:mem_page_size");
	const char *of_image = image_property(image, "hw_mem_page_size");
	int64_t size = PAGES_NONE;
	int r = 0;

	if (of_flavor)
		r = extra_specs_page_size(of_flavor, &size, err);
	if (r == 0 && of_image) {
		if (size == PAGES_ANY || size == PAGES_LARGE)
			r = extra_specs_page_size(of_image, &size, err);
		else
			r = err_set(err, INVALID, "Page size %s forbidden against '%s'", of_image,
				    of_flavor ? of_flavor : "<empty>");
	}
	if (r == 0)
		r = locked_memory(flavor, image, of_flavor || of_image, err);
	if (r < 0)
		return err_wrap(err, "flavor %s", flavor->name);
	*ret = size;
	return 0;
}
