/* SPDX-License-Identifier: Apache-2.0 */
/* For design rules: what a rule runs on, how it reports, and common queries of the model. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "check/check.h"
#include "check/match.h"
#include "check/port.h"
#include "model/model.h"

/* What a rule runs on; it is called once for each. */
enum level { LEVEL_NONE, LEVEL_TENANT, LEVEL_DEPLOYMENT, LEVEL_GROUP, LEVEL_PORT, LEVEL_BOND };

/* The object that a rule checks. Members below the rule's level are NULL. */
struct rule_ctx {
	const struct model *model;
	const struct tenant *tenant;
	const struct deployment *deployment;
	const struct vm_group *group;
	const struct flavor *flavor; /* of the group; NULL if the descriptor does not define it */
	const struct guest_match *match;
	const struct interface *port;
	const struct bond *bond;
	const struct check_rule *rule;
	struct findings *findings;
};

/* A row of a table of design rules. Its texts are in data/rules.md (rule_text.h). */
struct check_rule {
	const char *id;
	enum severity severity; /* of its findings; the highest if they vary */
	enum level level;       /* what it runs on */
	void (*check)(const struct rule_ctx *ctx);
};

/* Adds a finding of the current rule, located in the descriptor, in a day-0 file, at the bond. */
#define finding(ctx, line, ...) finding_in(ctx, (ctx)->model->file, line, __VA_ARGS__)
#define bond_finding(ctx, ...)  finding_in(ctx, (ctx)->bond->file, (ctx)->bond->line, __VA_ARGS__)
void finding_in(const struct rule_ctx *ctx, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Adds a second location to the last finding, in the descriptor or in a day-0 file. */
#define related(ctx, line)          findings_also((ctx)->findings, (ctx)->model->file, line)
#define related_in(ctx, file, line) findings_also((ctx)->findings, file, line)

/* Value of an option of the extension dnsvnf for the port (for the deployment if port is NULL);
 * NULL if unset. */
const char *rule_option(const struct rule_ctx *ctx, const struct interface *port, const char *name);
/* A boolean option. Any value other than "true" and "false" gives `absent`. */
bool rule_flag(const struct rule_ctx *ctx, const struct interface *port, const char *name,
	       bool absent);

/*
 * Whether the bond has an option that is not known here: the rules must not take it for unset.
 * Whether it may have other legs than those that are known.
 */
bool rule_options_unknown(const struct rule_ctx *ctx);
bool rule_legs_unknown(const struct rule_ctx *ctx);

const struct network *rule_network(const struct rule_ctx *ctx, const char *name);
const struct interface *rule_leg_port(const struct rule_ctx *ctx,
				      size_t leg); /* of the bond; NULL if unmatched */

const char *leg_text(const struct bond_leg *leg); /* its name, else its MAC, else "(unnamed)" */

enum segment { SEGMENT_SAME, SEGMENT_DIFFERENT, SEGMENT_UNKNOWN };

/* Whether two networks, given by name, are one layer-2 segment. */
enum segment rule_segment(const struct rule_ctx *ctx, const char *a, const char *b);

/* An interface of the guest with addresses: a bond, a VLAN on a bond, or a NIC. */
struct rule_interface {
	const char *name; /* never NULL */
	const char *file;
	unsigned line;
	int mtu; /* 0 if unset */
	const struct guest_addresses *addresses;
	const struct bond *bond;      /* the bond, if it is one or a VLAN on one; or NULL */
	const struct interface *port; /* its port, or that of the bond's first leg; or NULL */
	bool is_vlan;
};

/* Interface number i of the group's guest: bonds, each with its VLANs, then NICs. False past the
 * last. */
bool rule_interface(const struct rule_ctx *ctx, size_t i, struct rule_interface *ret);

/* The rule tables. Each ends with a row without an id. */
extern const struct check_rule segment_rules[], bond_rules[], monitor_rules[], address_rules[],
	route_rules[], numa_rules[], flavor_rules[], port_rules[], lifecycle_rules[],
	placement_rules[], option_rules[], name_rules[];
