/* SPDX-License-Identifier: Apache-2.0 */
/* What the design rules share: where a rule looks, how it reports, and small questions to the
 * model. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "check/check.h"
#include "check/match.h"
#include "check/port.h"
#include "model/model.h"

/* What a rule is asked of, once each. */
enum level { LEVEL_NONE, LEVEL_TENANT, LEVEL_DEPLOYMENT, LEVEL_GROUP, LEVEL_PORT, LEVEL_BOND };

/* Where a rule looks; what is below its level is NULL. */
struct rule_ctx {
	const struct model *model;
	const struct tenant *tenant;
	const struct deployment *deployment;
	const struct vm_group *group;
	const struct flavor *flavor; /* the group's, NULL when the descriptor does not define it */
	const struct guest_match *match;
	const struct interface *port;
	const struct bond *bond;
	const struct check_rule *rule;
	struct findings *findings;
};

/* A row of a table of rules. */
#define RULE(id_, severity_, level_, check_) \
	.id = (id_), .severity = (severity_), .level = (level_), .check = (check_)

/* Add a finding of the rule that runs, in the descriptor or in a day-0 file. */
void finding(const struct rule_ctx *ctx, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void finding_in(const struct rule_ctx *ctx, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The other place of the finding just added: in the descriptor, or in a day-0 file. */
void related(const struct rule_ctx *ctx, unsigned line);
void related_in(const struct rule_ctx *ctx, const char *file, unsigned line);

/* An option of the extension dnsvnf, of the port (or of the deployment, where port is NULL). */
const char *rule_option(const struct rule_ctx *ctx, const struct interface *port, const char *name);
/* Of one that is "true" or "false"; absent for anything else. */
bool rule_flag(const struct rule_ctx *ctx, const struct interface *port, const char *name,
	       bool absent);

const struct network *rule_network(const struct rule_ctx *ctx, const char *name);
const struct interface *rule_leg_port(const struct rule_ctx *ctx,
				      size_t leg); /* of s->bond, or NULL */

const char *leg_text(const struct bond_leg *leg); /* its name, MAC, or a word for it */

enum segment { SEGMENT_SAME, SEGMENT_DIFFERENT, SEGMENT_UNKNOWN };

/* Whether two networks, by name, are one layer-2 segment. */
enum segment rule_segment(const struct rule_ctx *ctx, const char *a, const char *b);

/* An interface of the guest that carries addresses. */
struct rule_interface {
	const char *name; /* never NULL */
	const char *file;
	unsigned line;
	int mtu; /* 0: not set */
	const struct guest_addresses *addresses;
	const struct bond *bond;      /* when it is one, or a VLAN on one */
	const struct interface *port; /* its own, or the bond's first leg's; or NULL */
	bool is_vlan;
};

/* Interface number i of the group's guest: bonds, their VLANs, NICs; false past the last. */
bool rule_interface(const struct rule_ctx *ctx, size_t i, struct rule_interface *ret);

/* The tables of rules, each ended by a row without id. */
extern const struct check_rule segment_rules[], bond_rules[], monitor_rules[], address_rules[],
	route_rules[], numa_rules[], flavor_rules[], port_rules[], lifecycle_rules[],
	placement_rules[], option_rules[], reader_rules[];
