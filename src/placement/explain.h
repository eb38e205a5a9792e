/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why no host takes a request, and what would have to change. Every counterfactual was solved again
 * by fit_host() and fits; one of the request is what Nova makes of the changed flavor. Pure.
 */
#pragma once

#include "placement/fit.h"

enum counterfactual_kind {
	COUNTERFACTUAL_REQUEST, /* another flavor or other ports */
	COUNTERFACTUAL_HOST,    /* more room on one host */
};

/* One value to set for a counterfactual of the request. */
struct change {
	const char *property; /* extra spec, "numa_affinity_policy", "vcpus" or "ram" (MB) */
	char *value;          /* NULL: to be removed */
	int port;             /* index in the request's ports; -1: the flavor's */
};

struct counterfactual {
	enum counterfactual_kind kind;
	char *text; /* "fits with hw:numa_nodes=2" */
	/*
	 * How much it changes, the least first: up to 29 what the guest hardly notices (affinity of
	 * one port, NUMA cells, thread policies), 30 to 59 the host's room, from 60 on what makes
	 * another guest of it (page size, fewer vCPUs, less memory, no pinning).
	 */
	unsigned cost;
	size_t host;            /* index of the host on which it fits */
	struct change *changes; /* COUNTERFACTUAL_REQUEST */
	size_t n_changes;
	struct fit_request request;  /* as it fits */
	struct compute_host changed; /* COUNTERFACTUAL_HOST: the host as it fits, else empty */
};

struct explanation {
	struct fit_result *results; /* one a host */
	size_t n_results;
	size_t n_fit;   /* hosts that take the request */
	size_t nearest; /* index of the host that lacks least; n_results: there are no hosts */
	struct counterfactual *v; /* by cost; none when a host takes it */
	size_t n;
};

/*
 * Flavor and image (or NULL) are those that the request was made from. vetoed, one a host, or NULL:
 * a host that cannot take it whatever it has; nothing is looked for on it, but its reasons are
 * listed.
 */
void explain(const struct compute_host *hosts, size_t n_hosts, const bool *vetoed,
	     const struct fit_request *request, const struct flavor *flavor,
	     const struct image *image, struct explanation *ret);
void explanation_clear(struct explanation *explanation);

#define cleanup_explanation __attribute__((__cleanup__(explanation_clear)))
