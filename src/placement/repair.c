// SPDX-License-Identifier: Apache-2.0
/* More free resources on a host: derived from the reasons, verified, and minimised. */

#include "base/alloc.h"
#include "base/str.h"
#include "placement/explain_internal.h"
#include "placement/internal.h"
#include "placement/pages.h"

#define SOLVES_MAX 128 /* per host */

enum fix_kind {
	FIX_NONE,
	FIX_MORE_PAGES, /* allocated on the node, from its memory in small pages */
	FIX_FREE_PAGES,
	FIX_FREE_MEMORY, /* MB */
	FIX_FREE_PINNED, /* CPUs */
	FIX_FREE_VCPUS,  /* vCPUs on shared CPUs */
	FIX_FREE_VF,     /* of pool */
	FIX_FREE_SUM,    /* of an inventory */
};

struct fix {
	enum fix_kind kind;
	int node;
	int64_t page_kb;
	enum inventory_class class;
	size_t pool;
	int64_t n;
};

struct repair {
	const struct compute_host *host;
	size_t at;
	const struct fit_request *request;
	struct explanation *ret;
	struct fix fixes[FIXES_MAX];
	size_t n;
	unsigned solves;
};

static struct compute_pages *pages_of(struct compute_cell *c, int64_t size_kb)
{
	return array_find(c->pages, c->n_pages, it->size_kb == size_kb);
}

/* New huge pages are taken from free memory in small pages. */
static bool more_pages(struct compute_cell *c, int64_t size_kb, int64_t n)
{
	struct compute_pages *p = pages_of(c, size_kb);
	struct compute_pages *smallest = c->n_pages ? &c->pages[c->n_pages - 1] : NULL;

	if (!p || !smallest || p == smallest)
		return false;
	int64_t taken = n * size_kb / smallest->size_kb;
	if (taken > smallest->total - smallest->used - smallest->reserved)
		return false;
	smallest->total -= taken;
	p->total += n;
	return true;
}

static bool lower(int64_t *value, int64_t by)
{
	if (by <= 0 || *value < by)
		return false;
	*value -= by;
	return true;
}

static void lower_sum(struct compute_host *host, enum inventory_class class, int64_t by)
{
	int64_t *used = &host->inventory[class].used;

	*used = *used > by ? *used - by : 0;
}

static bool free_pages(struct compute_host *host, struct compute_cell *c, int64_t size_kb,
		       int64_t n)
{
	struct compute_pages *p = pages_of(c, size_kb);
	int64_t mb = n * size_kb / 1024;

	if (!p || !lower(&p->used, n))
		return false;
	c->memory_used_mb = c->memory_used_mb > mb ? c->memory_used_mb - mb : 0;
	lower_sum(host, INVENTORY_MEMORY_MB, mb);
	return true;
}

/* Frees CPUs of nearly free cores first, to get free cores soonest. */
static bool free_pinned(struct compute_host *host, struct compute_cell *c, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		unsigned fewest = COMPUTE_THREADS_MAX + 1, cpu = 0;

		for (size_t j = 0; j < c->n_cores; j++) {
			unsigned pinned = 0, one = 0;

			for (unsigned t = 0; t < c->cores[j].n; t++) {
				if (cpuset_has(&c->pinned, c->cores[j].cpus[t])) {
					pinned++;
					one = c->cores[j].cpus[t];
				}
			}
			if (pinned && pinned < fewest) {
				fewest = pinned;
				cpu = one;
			}
		}
		if (fewest > COMPUTE_THREADS_MAX)
			return false;
		cpuset_remove(&c->pinned, cpu);
	}
	lower_sum(host, INVENTORY_PCPU, n);
	return n > 0;
}

static bool fix_apply(struct compute_host *host, const struct fix *f)
{
	const struct compute_cell *found = compute_host_node(host, f->node);
	struct compute_cell *c = found ? &host->cells[found - host->cells] : NULL;

	switch (f->kind) {
	case FIX_NONE:
		break;
	case FIX_MORE_PAGES:
		return c && more_pages(c, f->page_kb, f->n);
	case FIX_FREE_PAGES:
		return c && free_pages(host, c, f->page_kb, f->n);
	case FIX_FREE_MEMORY:
		if (!c || !lower(&c->memory_used_mb, f->n))
			return false;
		lower_sum(host, INVENTORY_MEMORY_MB, f->n);
		return true;
	case FIX_FREE_PINNED:
		return c && free_pinned(host, c, f->n);
	case FIX_FREE_VCPUS:
		if (!c || !lower(&c->shared_usage, f->n))
			return false;
		lower_sum(host, INVENTORY_VCPU, f->n);
		return true;
	case FIX_FREE_VF:
		if (host->pools[f->pool].free + f->n > host->pools[f->pool].total)
			return false;
		host->pools[f->pool].free += (unsigned)f->n;
		return true;
	case FIX_FREE_SUM:
		return lower(&host->inventory[f->class].used, f->n);
	}
	return false;
}

static void fix_format(struct strbuf *b, const struct fix *f, const struct compute_host *host)
{
	const struct pci_pool *pool = f->kind == FIX_FREE_VF ? &host->pools[f->pool] : NULL;
	const char *is = plural((uint64_t)f->n, "is", "are"), *s = plural((uint64_t)f->n, "", "s");
	long long n = f->n;

	switch (f->kind) {
	case FIX_NONE:
		break;
	case FIX_MORE_PAGES:
		strbuf_addf(b, "with %lld more ", n);
		pages_format(b, f->page_kb);
		strbuf_addf(b, " page%s on node %d", s, f->node);
		break;
	case FIX_FREE_PAGES:
		strbuf_addf(b, "after %lld ", n);
		pages_format(b, f->page_kb);
		strbuf_addf(b, " page%s on node %d %s freed", s, f->node, is);
		break;
	case FIX_FREE_MEMORY:
		strbuf_addf(b, "after %lld MB on node %d are freed", n, f->node);
		break;
	case FIX_FREE_PINNED:
		strbuf_addf(b, "after %lld pinned CPU%s on node %d %s freed", n, s, f->node, is);
		break;
	case FIX_FREE_VCPUS:
		strbuf_addf(b, "after guests' %lld vCPU%s on node %d %s freed", n, s, f->node, is);
		break;
	case FIX_FREE_VF:
		strbuf_addf(b, "after %lld %s%s of %s%s%s %s freed", n,
			    pool->type == PCI_PF ? "PF" : "VF", s, pool->physnet,
			    pool->pf ? " on " : "", pool->pf ? pool->pf : "", is);
		break;
	case FIX_FREE_SUM:
		strbuf_addf(b, "after %lld %s %s freed", n, inventory_class_name(f->class), is);
		break;
	}
}

static bool host_with(const struct repair *r, size_t skip, struct compute_host *ret)
{
	struct compute_host host;
	bool applied = true;

	compute_host_copy(r->host, &host);
	for (size_t i = 0; applied && i < r->n; i++)
		applied = i == skip || fix_apply(&host, &r->fixes[i]);
	if (!applied) {
		compute_host_clear(&host);
		return false;
	}
	compute_host_recount(&host);
	*ret = host;
	return true;
}

/* Whether one of the fixes is unnecessary: a shorter list covers that case. */
static bool is_minimal(const struct repair *r)
{
	for (size_t i = 0; i < r->n; i++) {
		cleanup_compute_host struct compute_host host = {0};

		if (host_with(r, i, &host) && fits_as_known(fit_host(&host, r->request, NULL)))
			return false;
	}
	return true;
}

static unsigned cost_of(const struct repair *r)
{
	unsigned cost = 30;

	for (size_t i = 0; i < r->n; i++) {
		cost += i ? 6 : 0;
		for (int64_t n = r->fixes[i].n; n > 1 && cost < 59; n /= 8)
			cost++;
	}
	return cost < 59 ? cost : 59;
}

static void record(struct repair *r, struct compute_host *fitting)
{
	struct strbuf b = {0};

	strbuf_addf(&b, "fits on %s ", r->host->name);
	for (size_t i = 0; i < r->n; i++) {
		strbuf_adds(&b, i == 0 ? "" : i + 1 == r->n ? " and " : ", ");
		fix_format(&b, &r->fixes[i], r->host);
	}
	if (array_find(r->ret->v, r->ret->n, streq(it->text, b.s)))
		return strbuf_clear(&b);
	struct counterfactual *c = array_push(r->ret->v, r->ret->n);
	c->kind = COUNTERFACTUAL_HOST;
	c->text = strbuf_steal(&b);
	c->cost = cost_of(r);
	c->host = r->at;
	fit_request_copy(r->request, &c->request);
	c->changed = steal(*fitting);
}

static void solve(struct repair *r);

static bool fix_before(const struct fix *a, const struct fix *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	return a->node != b->node ? a->node < b->node : a->pool < b->pool;
}

static void try_fix(struct repair *r, struct fix f)
{
	if (r->n == FIXES_MAX || f.n <= 0)
		return;
	for (size_t i = 0; i < r->n; i++) {
		const struct fix *before = &r->fixes[i];
		if (before->kind == f.kind && before->node == f.node && before->pool == f.pool &&
		    before->page_kb == f.page_kb && before->class == f.class)
			return;
	}
	/* kept in order, so that equal sets of fixes have equal texts */
	struct fix kept[FIXES_MAX];
	size_t at = r->n;

	memcpy(kept, r->fixes, sizeof(kept));
	for (; at > 0 && fix_before(&f, &r->fixes[at - 1]); at--)
		r->fixes[at] = r->fixes[at - 1];
	r->fixes[at] = f;
	r->n++;
	solve(r);
	r->n--;
	memcpy(r->fixes, kept, sizeof(kept));
}

/* How many pinned CPUs must be freed until the node passes; by trial, for thread policies. */
static int64_t pinned_needed(const struct repair *r, const struct compute_host *host,
			     const struct fit_reason *reason)
{
	for (int64_t n = 1; n <= CPUSET_MAX; n++) {
		cleanup_compute_host struct compute_host trial = {0};
		cleanup_fit_result struct fit_result result = {0};
		struct fix f = {.kind = FIX_FREE_PINNED, .node = reason->node, .n = n};
		bool same = false;

		compute_host_copy(host, &trial);
		if (!fix_apply(&trial, &f))
			return 0;
		compute_host_recount(&trial);
		fit_host(&trial, r->request, &result);
		for (size_t i = 0; i < result.n_reasons; i++)
			same |= result.reasons[i].kind == reason->kind &&
				result.reasons[i].node == reason->node;
		if (!same)
			return n;
	}
	return 0;
}

static void try_vfs(struct repair *r, const struct compute_host *host,
		    const struct fit_reason *reason)
{
	const struct fit_port *port = &r->request->ports[reason->port];
	int64_t missing = reason->kind == FIT_VFS ? reason->asked - reason->free : 1;

	for (size_t i = 0; i < host->n_pools; i++) {
		const struct pci_pool *p = &host->pools[i];
		int64_t in_use = p->total - p->free;

		if (!pci_pool_serves(p, port) || !in_use)
			continue;
		try_fix(r, (struct fix){.kind = FIX_FREE_VF,
					.node = -1,
					.pool = i,
					.n = missing < in_use ? missing : in_use});
	}
}

/* What to free for a reason. The reasons without an entry remain whatever is freed. */
static const enum fix_kind remedies[FIT_REASON_KINDS] = {
	[FIT_PAGES] = FIX_FREE_PAGES,      [FIT_MEMORY] = FIX_FREE_MEMORY,
	[FIT_RAM_RATIO] = FIX_FREE_MEMORY, [FIT_DEDICATED] = FIX_FREE_PINNED,
	[FIT_CORES] = FIX_FREE_PINNED,     [FIT_SIBLINGS] = FIX_FREE_PINNED,
	[FIT_EMULATOR] = FIX_FREE_PINNED,  [FIT_CPU_RATIO] = FIX_FREE_VCPUS,
	[FIT_VFS] = FIX_FREE_VF,           [FIT_AFFINITY] = FIX_FREE_VF,
	[FIT_INVENTORY] = FIX_FREE_SUM,
};

static void try_reason(struct repair *r, const struct compute_host *host,
		       const struct fit_reason *reason)
{
	struct fix f = {.kind = remedies[reason->kind],
			.node = reason->node,
			.page_kb = reason->page_kb,
			.class = reason->class,
			.n = reason->asked - reason->free};

	if (f.kind == FIX_FREE_VF)
		return try_vfs(r, host, reason);
	if (f.kind == FIX_FREE_SUM)
		f.node = -1;
	if (f.kind == FIX_FREE_PINNED && reason->kind != FIT_DEDICATED)
		f.n = pinned_needed(r, host, reason);
	if (f.kind == FIX_FREE_PAGES) {
		f.kind = FIX_MORE_PAGES;
		try_fix(r, f);
		f.kind = FIX_FREE_PAGES;
	}
	if (f.kind != FIX_NONE)
		try_fix(r, f);
}

/* The host with the fixes so far: it fits, or its reasons determine the next fix. */
static void solve(struct repair *r)
{
	cleanup_compute_host struct compute_host host = {0};
	cleanup_fit_result struct fit_result result = {0};

	if (r->solves++ >= SOLVES_MAX || !host_with(r, r->n, &host))
		return;
	if (fits_as_known(fit_host(&host, r->request, &result))) {
		if (is_minimal(r))
			record(r, &host);
		return;
	}
	/* freeing a node's resources also frees the totals, so these come last */
	for (size_t i = result.n_reasons; i-- > 0;)
		try_reason(r, &host, &result.reasons[i]);
}

void explain_repairs(const struct explain_ctx *q, size_t at)
{
	struct repair r = {.host = &q->hosts[at], .at = at, .request = q->request, .ret = q->ret};

	solve(&r);
}
