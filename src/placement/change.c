// SPDX-License-Identifier: Apache-2.0
/* Variations of a request that fits nowhere. */

#include "base/alloc.h"
#include "base/str.h"
#include "placement/explain_internal.h"
#include "placement/extra_specs.h"

/* A changed request under construction. */
struct draft {
	struct fit_request request;
	struct change *changes;
	size_t n_changes;
	unsigned cost;
};

static void draft_clear(struct draft *d)
{
	for (size_t i = 0; i < d->n_changes; i++)
		free(d->changes[i].value);
	free(d->changes);
	fit_request_clear(&d->request);
	*d = (struct draft){0};
}

#define cleanup_draft __attribute__((__cleanup__(draft_clear)))

static void set(struct draft *d, unsigned cost, int port, const char *property, char *value)
{
	struct change *c = array_push(d->changes, d->n_changes);

	*c = (struct change){.property = property, .value = value, .port = port};
	d->cost += cost;
}

static void property_set(struct properties *p, const struct change *change)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (!streq(p->v[i].name, change->property))
			p->v[n++] = p->v[i];
	}
	p->n = n;
	if (change->value)
		*(struct property *)array_push(p->v, p->n) =
			(struct property){.name = (char *)change->property, .value = change->value};
}

/* The flavor with the draft's changes, whose strings it shares; free properties.v. */
static struct flavor flavor_with(const struct flavor *flavor, const struct draft *d)
{
	struct flavor f = *flavor;

	f.vcpus = d->request.vcpus;
	f.memory_mb = (unsigned)d->request.memory_mb;
	f.properties = (struct properties){0};
	for (size_t i = 0; i < flavor->properties.n; i++)
		*(struct property *)array_push(f.properties.v, f.properties.n) =
			flavor->properties.v[i];
	for (size_t i = 0; i < d->n_changes; i++) {
		if (d->changes[i].port < 0)
			property_set(&f.properties, &d->changes[i]);
	}
	return f;
}

/*
 * Computes the cells that Nova derives from the changed flavor. False: Nova refuses the flavor with
 * this image, or the image's properties override the change.
 */
static bool nova_takes(const struct explain_ctx *q, struct draft *d)
{
	cleanup_fit_request struct fit_request made = {0};
	struct fit_request *meant = &d->request;
	struct flavor flavor = flavor_with(q->flavor, d);
	int r = fit_request_from_flavor(&flavor, q->image, &made, NULL);

	free(flavor.properties.v);
	if (r < 0 || made.page_size != meant->page_size || made.cpu_policy != meant->cpu_policy ||
	    made.thread_policy != meant->thread_policy ||
	    made.emulator_policy != meant->emulator_policy)
		return false;
	free(meant->cells);
	meant->cells = steal_ptr(made.cells);
	meant->n_cells = made.n_cells;
	made.n_cells = 0;
	return true;
}

/* Makes the step-th variation of its kind, from 0; false: there is none, or it changes nothing. */
typedef bool variation_fn(struct draft *d, unsigned step);

static bool ports_preferred(struct draft *d, unsigned step)
{
	(void)step;
	for (size_t i = 0; i < d->request.n_ports; i++) {
		if (d->request.ports[i].policy == AFFINITY_PREFERRED)
			continue;
		d->request.ports[i].policy = AFFINITY_PREFERRED;
		set(d, 10, (int)i, "numa_affinity_policy", xstrdup("preferred"));
	}
	return d->n_changes > 0 && d->request.n_cells > 0;
}

static bool emulator_shared(struct draft *d, unsigned step)
{
	(void)step;
	if (d->request.emulator_policy != EMULATOR_ISOLATE)
		return false;
	d->request.emulator_policy = EMULATOR_SHARE;
	fit_request_recount(&d->request);
	set(d, 12, -1, "hw:emulator_threads_policy", xstrdup("share"));
	return true;
}

static bool threads_preferred(struct draft *d, unsigned step)
{
	(void)step;
	if (d->request.thread_policy != THREADS_ISOLATE &&
	    d->request.thread_policy != THREADS_REQUIRE)
		return false;
	d->request.thread_policy = THREADS_PREFER;
	set(d, 14, -1, "hw:cpu_thread_policy", xstrdup("prefer"));
	return true;
}

static bool numa_nodes(struct draft *d, unsigned step)
{
	unsigned n = step + 1, now = (unsigned)d->request.n_cells;

	if (n == now || now == 0 || d->request.cells_given || !fit_request_spread(&d->request, n))
		return false;
	set(d, 8 + (n > now ? n - now : now - n), -1, "hw:numa_nodes", xasprintf("%u", n));
	return true;
}

static bool page_size(struct draft *d, unsigned step)
{
	if (d->request.page_size == PAGES_NONE || d->request.page_size == PAGES_SMALL ||
	    (step == 0 && d->request.page_size == PAGES_ANY))
		return false;
	d->request.page_size = step == 0 ? PAGES_ANY : PAGES_SMALL;
	set(d, 60 + step, -1, "hw:mem_page_size", xstrdup(step == 0 ? "any" : "small"));
	return true;
}

static bool unpinned(struct draft *d, unsigned step)
{
	struct fit_request *r = &d->request;

	(void)step;
	if ((r->cpu_policy != CPU_POLICY_DEDICATED && r->cpu_policy != CPU_POLICY_MIXED) ||
	    r->cells_given)
		return false;
	if (r->cpu_policy == CPU_POLICY_MIXED)
		set(d, 0, -1, "hw:cpu_dedicated_mask", NULL);
	r->cpu_policy = CPU_POLICY_SHARED;
	r->dedicated = (struct cpuset){0};
	set(d, 80, -1, "hw:cpu_policy", xstrdup("shared"));
	if (r->thread_policy)
		set(d, 0, -1, "hw:cpu_thread_policy", NULL);
	if (r->emulator_policy == EMULATOR_ISOLATE)
		set(d, 0, -1, "hw:emulator_threads_policy", NULL);
	r->thread_policy = THREADS_NONE;
	r->emulator_policy = EMULATOR_NONE;
	fit_request_recount(r);
	return fit_request_spread(r, (unsigned)r->n_cells);
}

/* Reasons that no change of flavor or affinity removes. */
#define LASTING                                                                        \
	(KIND(FIT_PHYSNET) | KIND(FIT_VFS) | KIND(FIT_NO_TOPOLOGY) | KIND(FIT_TRUST) | \
	 KIND(FIT_CONTRADICTION) | KIND(FIT_IMAGE_THREADS))

/* Reasons that a change may remove; it is not tried on other hosts. */
#define BY_SEARCH   (KIND(FIT_SEARCH) | KIND(FIT_MISTAKEN) | KIND(FIT_GAVE_UP) | KIND(FIT_TRIED))
#define BY_AFFINITY (BY_SEARCH | KIND(FIT_AFFINITY) | KIND(FIT_SOCKET))
#define BY_THREADS                                                                \
	(BY_SEARCH | KIND(FIT_CORES) | KIND(FIT_ISOLATE) | KIND(FIT_NO_THREADS) | \
	 KIND(FIT_SIBLINGS) | KIND(FIT_EMULATOR))
#define BY_EMULATOR                                                                          \
	(BY_SEARCH | KIND(FIT_INVENTORY) | KIND(FIT_DEDICATED_TOTAL) | KIND(FIT_DEDICATED) | \
	 KIND(FIT_EMULATOR))
#define BY_PAGE_SIZE (BY_SEARCH | KIND(FIT_PAGE_SIZE) | KIND(FIT_PAGE_MULTIPLE) | KIND(FIT_PAGES))
#define BY_PINNING   (BY_EMULATOR | BY_THREADS | KIND(FIT_NO_PINNED) | KIND(FIT_MEMORY))
#define BY_VCPUS                                                                       \
	(BY_EMULATOR | KIND(FIT_CORES) | KIND(FIT_SIBLINGS) | KIND(FIT_SHARED_TOTAL) | \
	 KIND(FIT_CPU_RATIO))
#define BY_MEMORY                                                                      \
	(BY_SEARCH | KIND(FIT_INVENTORY) | KIND(FIT_PAGE_MULTIPLE) | KIND(FIT_PAGES) | \
	 KIND(FIT_MEMORY_TOTAL) | KIND(FIT_MEMORY) | KIND(FIT_RAM_RATIO))
#define BY_ANYTHING UINT64_MAX

static const struct variation {
	variation_fn *make;
	unsigned steps;
	uint64_t against; /* reasons that it may remove */
} variations[] = {
	{ports_preferred, 1, BY_AFFINITY},  {emulator_shared, 1, BY_EMULATOR},
	{threads_preferred, 1, BY_THREADS}, {numa_nodes, 8, BY_ANYTHING},
	{page_size, 2, BY_PAGE_SIZE},       {unpinned, 1, BY_PINNING},
};

static bool host_takes(const struct explain_ctx *q, size_t host, uint64_t against,
		       const struct fit_request *request)
{
	return q->kinds[host] & against && !(q->kinds[host] & LASTING) &&
	       fits_as_known(fit_host(&q->hosts[host], request, NULL));
}

/* The first host that the request fits on, trying the nearest miss first; n_hosts: none. */
static size_t first_fit(const struct explain_ctx *q, uint64_t against,
			const struct fit_request *request)
{
	if (host_takes(q, q->ret->nearest, against, request))
		return q->ret->nearest;
	for (size_t i = 0; i < q->n_hosts; i++) {
		if (host_takes(q, i, against, request))
			return i;
	}
	return q->n_hosts;
}

static char *describe(const struct draft *d, const struct fit_request *request)
{
	struct strbuf b = {0};
	size_t said = 0, last = 0; /* one without a value belongs to the previous text */

	strbuf_adds(&b, "fits with ");
	for (size_t i = 0; i < d->n_changes; i++)
		last += d->changes[i].value != NULL;
	for (size_t i = 0; i < d->n_changes; i++) {
		const struct change *c = &d->changes[i];

		if (!c->value)
			continue;
		if (said++)
			strbuf_adds(&b, said == last ? " and " : ", ");
		if (c->port >= 0)
			strbuf_addf(&b, "%s %s on port %u", c->property, c->value,
				    request->ports[c->port].nicid);
		else if (streq(c->property, "vcpus"))
			strbuf_addf(&b, "%s vCPUs instead of %u", c->value, request->vcpus);
		else if (streq(c->property, "ram"))
			strbuf_addf(&b, "%s MB of memory instead of %lld", c->value,
				    (long long)request->memory_mb);
		else
			strbuf_addf(&b, "%s=%s", c->property, c->value);
	}
	return strbuf_steal(&b);
}

/* Adds the draft if it fits on a host, and takes ownership of *d. */
static bool try_draft(const struct explain_ctx *q, uint64_t against, struct draft *d)
{
	size_t host = nova_takes(q, d) ? first_fit(q, against, &d->request) : q->n_hosts;

	if (host == q->n_hosts)
		return false;
	struct counterfactual *c = array_push(q->ret->v, q->ret->n);
	*c = (struct counterfactual){
		.kind = COUNTERFACTUAL_REQUEST,
		.text = describe(d, q->request),
		.cost = d->cost,
		.host = host,
		.changes = d->changes,
		.n_changes = d->n_changes,
		.request = d->request,
	};
	*d = (struct draft){0};
	return true;
}

/* One port alone; required may also become legacy. */
static bool try_ports(const struct explain_ctx *q)
{
	bool any = false;

	for (size_t i = 0; q->request->n_cells && i < q->request->n_ports; i++) {
		enum numa_affinity now = q->request->ports[i].policy;
		enum numa_affinity wanted =
			now == AFFINITY_REQUIRED ? AFFINITY_LEGACY : AFFINITY_PREFERRED;

		for (; now != AFFINITY_PREFERRED; wanted = AFFINITY_PREFERRED) {
			cleanup_draft struct draft d = {0};

			fit_request_copy(q->request, &d.request);
			d.request.ports[i].policy = wanted;
			set(&d, wanted == AFFINITY_LEGACY ? 9 : 10, (int)i, "numa_affinity_policy",
			    xstrdup(numa_affinity_name(wanted)));
			bool fits = try_draft(q, BY_AFFINITY, &d);
			any |= fits;
			if (fits || wanted == AFFINITY_PREFERRED)
				break;
		}
	}
	return any;
}

static bool try_variations(const struct explain_ctx *q, bool ports)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(variations); i++) {
		for (unsigned step = 0; step < variations[i].steps; step++) {
			cleanup_draft struct draft d = {0};

			if (variations[i].make == ports_preferred && !ports)
				continue;
			fit_request_copy(q->request, &d.request);
			if (variations[i].make(&d, step))
				any |= try_draft(q, variations[i].against, &d);
		}
	}
	return any;
}

/* Two changes at once. */
static void try_pairs(const struct explain_ctx *q)
{
	for (size_t i = 0; i < ARRAY_SIZE(variations); i++) {
		for (size_t j = i + 1; j < ARRAY_SIZE(variations); j++) {
			for (unsigned s = 0; s < variations[i].steps * variations[j].steps; s++) {
				cleanup_draft struct draft d = {0};

				fit_request_copy(q->request, &d.request);
				if (variations[i].make(&d, s / variations[j].steps) &&
				    variations[j].make(&d, s % variations[j].steps))
					try_draft(q, variations[i].against | variations[j].against,
						  &d);
			}
		}
	}
}

/* Largest count below all for which make(count * unit) fits somewhere, times unit; 0: none. */
static int64_t largest(const struct explain_ctx *q, uint64_t against, int64_t all, int64_t unit,
		       bool (*make)(struct fit_request *r, int64_t amount))
{
	int64_t low = 0, high = all; /* low fits or is 0, high does not */

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		cleanup_draft struct draft d = {0};

		fit_request_copy(q->request, &d.request);
		if (make(&d.request, middle * unit) && nova_takes(q, &d) &&
		    first_fit(q, against, &d.request) < q->n_hosts)
			low = middle;
		else
			high = middle;
	}
	return low * unit;
}

static unsigned cells_of(const struct fit_request *r)
{
	return r->n_cells ? (unsigned)r->n_cells : 1;
}

static bool with_vcpus(struct fit_request *r, int64_t per_cell)
{
	return fit_request_set_vcpus(r, (unsigned)per_cell * cells_of(r));
}

static bool with_memory(struct fit_request *r, int64_t per_cell_mb)
{
	return fit_request_set_memory(r, per_cell_mb * cells_of(r));
}

/* Step in MB per cell. */
static int64_t largest_memory(const struct explain_ctx *q, int64_t step)
{
	int64_t of_all = step * cells_of(q->request);

	return largest(q, BY_MEMORY, (q->request->memory_mb + of_all - 1) / of_all, step,
		       with_memory);
}

#define MEMORY_STEP_MB 256 /* per cell */

/* MB per cell. A node refuses sizes that are not multiples of its pages, so steps are. */
static int64_t smaller_memory(const struct explain_ctx *q)
{
	int64_t size = q->request->page_size;
	int64_t page_mb = size > 0 ? size / 1024 : 0;
	int64_t mb = largest_memory(q, page_mb > MEMORY_STEP_MB ? page_mb : MEMORY_STEP_MB);
	int64_t of_gib = 0;

	if (size == PAGES_LARGE || size == PAGES_ANY) /* the node chooses; 1 GiB is its largest */
		of_gib = largest_memory(q, 1024);
	return mb > of_gib ? mb : of_gib;
}

static void try_smaller(const struct explain_ctx *q)
{
	const struct fit_request *r = q->request;
	int64_t vcpus = largest(q, BY_VCPUS, r->vcpus / cells_of(r), 1, with_vcpus);
	int64_t memory_mb = smaller_memory(q);

	if (vcpus) {
		cleanup_draft struct draft d = {0};
		fit_request_copy(r, &d.request);
		with_vcpus(&d.request, vcpus);
		set(&d, 70, -1, "vcpus", xasprintf("%u", d.request.vcpus));
		try_draft(q, BY_VCPUS, &d);
	}
	if (memory_mb) {
		cleanup_draft struct draft d = {0};
		fit_request_copy(r, &d.request);
		with_memory(&d.request, memory_mb);
		set(&d, 70, -1, "ram", xasprintf("%lld", (long long)d.request.memory_mb));
		try_draft(q, BY_MEMORY, &d);
	}
}

void explain_changes(const struct explain_ctx *q)
{
	if (q->n_hosts == 0)
		return;
	bool one_port = try_ports(q);
	bool any = try_variations(q, !one_port);
	try_smaller(q);
	if (!one_port && !any && q->ret->n == 0)
		try_pairs(q);
}
