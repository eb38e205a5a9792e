/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a request fits on no host, and which changes would make it fit. Every counterfactual was
 * verified by fit_host(); a changed request is derived from the changed flavor as in Nova. Pure.
 */
#pragma once

#include "placement/fit.h"

enum counterfactual_kind {
	COUNTERFACTUAL_REQUEST, /* another flavor or other ports */
	COUNTERFACTUAL_HOST,    /* more free resources on one host */
};

/* One value to set for a counterfactual of the request. */
struct change {
	const char *property; /* extra spec, "numa_affinity_policy", "vcpus" or "ram" (MB) */
	char *value;          /* NULL: remove it */
	int port;             /* index in the request's ports; -1: the flavor's */
};

struct counterfactual {
	enum counterfactual_kind kind;
	char *text; /* "fits with hw:numa_nodes=2" */
	/*
	 * The cost of the change, ascending: up to 29, hardly visible to the guest (affinity of one
	 * port, NUMA cells, thread policies); 30 to 59, the host's resources; from 60, a different
	 * guest (page size, fewer vCPUs, less memory, no pinning).
	 */
	unsigned cost;
	size_t host;            /* index of the host on which it fits */
	struct change *changes; /* COUNTERFACTUAL_REQUEST */
	size_t n_changes;
	struct fit_request request;  /* that fits */
	struct compute_host changed; /* COUNTERFACTUAL_HOST: the host that fits, else empty */
};

struct explanation {
	struct fit_result *results; /* one per host */
	size_t n_results;
	size_t n_fit;             /* hosts that the request fits on */
	size_t nearest;           /* index of the nearest host; n_results: no hosts */
	struct counterfactual *v; /* by cost; none if it fits on a host */
	size_t n;
};

/*
 * The request was derived from flavor and image (or NULL). vetoed, one per host, or NULL: the host
 * is excluded independent of its resources; no changes are searched for it, but its reasons are
 * listed.
 */
void explain(const struct compute_host *hosts, size_t n_hosts, const bool *vetoed,
	     const struct fit_request *request, const struct flavor *flavor,
	     const struct image *image, struct explanation *ret);
void explanation_clear(struct explanation *explanation);

#define cleanup_explanation __attribute__((__cleanup__(explanation_clear)))
