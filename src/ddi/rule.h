/* SPDX-License-Identifier: Apache-2.0 */
/* For the rules of a plan: what a rule runs on, how it reports, and indexes of the plan. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/finding.h"
#include "ddi/derive.h"
#include "ddi/extent.h"
#include "ddi/plan.h"

struct deployment;
struct model;

enum { DDI_RULE_FINDINGS_MAX = 20 }; /* of one rule */

/* Who has an address by the plan. */
enum owner_kind { OWNER_MEMBER, OWNER_GATEWAY, OWNER_RELAY, OWNER_HOST, OWNER_RESERVATION };

struct owner {
	struct ip_addr ip;
	enum owner_kind kind;
	uint32_t index;   /* of the member, network, relay, host, reservation */
	uint32_t network; /* index of its network; 0 for a member */
	unsigned line;
};

/* That an address has a name, by an address record, a PTR record, or both: of a zone file, or as
 * the plan says. */
struct naming {
	struct ip_addr ip;
	const char *name; /* without the final dot */
	const char *file;
	unsigned line;
	bool forward, reverse;
};

struct ddi_ctx {
	struct ddi_plan *plan;
	const struct model *model;           /* or NULL */
	const struct deployment *deployment; /* or NULL */
	int64_t now;
	const struct ddi_rule *rule;
	struct findings *findings;
	size_t n_found; /* by the rule */
	/* Made once: */
	struct owner *owners; /* ordered by address, then kind, then index */
	size_t n_owners;
	struct extents networks, pools, delegates;
	struct extents merged_networks, merged_pools, excludes; /* merged */
	struct ddi_derived derived;
	struct naming *namings; /* ordered by address, then name */
	size_t n_namings;
};

/* A row of a table of rules. Its texts are in data/rules.md. */
struct ddi_rule {
	const char *id;
	enum severity severity;
	void (*check)(struct ddi_ctx *ctx);
};

/* Adds a finding of the current rule in the plan's file; only so many, the rest is counted. */
#define finding(ctx, line, ...) plan_finding(ctx, (ctx)->plan->file, line, __VA_ARGS__)
void plan_finding(struct ddi_ctx *ctx, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Adds a second location, of the plan's file, to the last finding of the current rule. */
void related(struct ddi_ctx *ctx, unsigned line);
void related_in(struct ddi_ctx *ctx, const char *file, unsigned line);

/* Calls fn for each extent that overlaps an earlier one, once. */
typedef void overlap_fn(struct ddi_ctx *ctx, const struct extent *earlier,
			const struct extent *later);
void each_overlap(struct ddi_ctx *ctx, const struct extents *extents, overlap_fn *fn);

/* "10.0.0.0/8", in a buffer of the ring of 8 that later calls use again. */
const char *prefix_text(const struct ip_prefix *prefix);
const char *address_text(const struct ip_addr *ip);
const char *range_text(const struct ip_range *range);

/* "the gateway", "the host gw.example.test" ...; as prefix_text. */
const char *owner_text(const struct ddi_ctx *ctx, const struct owner *owner);

/* Whether name is domain or below it; the domain "" is the root. */
bool name_is_below(const char *name, const char *domain);

/* Fills ctx->namings. */
void ddi_index_namings(struct ddi_ctx *ctx);

/* Adds the findings about the records of zones (zone-*, of dns/zone.h). */
void ddi_check_zone_files(struct ddi_ctx *ctx);

/* The tables. Each ends with a row without an id. */
extern const struct ddi_rule ddi_network_rules[], ddi_pool_rules[], ddi_zone_rules[],
	ddi_record_rules[], ddi_service_rules[], ddi_pair_rules[], ddi_site_rules[];
