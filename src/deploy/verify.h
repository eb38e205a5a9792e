/* SPDX-License-Identifier: Apache-2.0 */
/* The TechNote's chapter "verify", as checks of VIM, guest and DNS with evidence. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct deployment;
struct err;
struct model;
struct vim;
struct vim_server_info;
struct vm_group;

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN };

struct verification {
	const char *check; /* static, stable in JSON: "server-active", "bond-mode" ... */
	char *object;      /* name of the server, port or bond, or an address */
	enum verdict verdict;
	char *evidence; /* the observed value; for UNKNOWN, why there is none */
};

struct verifications {
	struct verification *v;
	size_t n;
};

/*
 * Checks every server of the deployment. Returns -errno only if the VIM cannot be queried at all;
 * anything else that cannot be observed is UNKNOWN.
 */
int verify_deployment(struct vim *vim, const struct model *model,
		      const struct deployment *deployment, struct verifications *ret,
		      struct err *err);

/* What a check means at the end of a deploy; it tells of every one that failed. */
enum verification_weight {
	WEIGHT_DETAIL,
	WEIGHT_TOLD, /* also if unknown */
	/* A failure fails the deploy: the server is ACTIVE, the bond is up, has all legs of day-0,
	 * and an active one. Other checks may fail by what is outside, as a cable. */
	WEIGHT_ESSENTIAL,
};
enum verification_weight verification_weight(const struct verification *v);

/* Of VM `index` of the group, what the server, as the VIM shows it, and its guest report: no DNS,
 * no echo. */
void verify_guest(struct vim *vim, const struct model *model, const struct deployment *deployment,
		  const struct vm_group *group, unsigned index,
		  const struct vim_server_info *server, struct verifications *ret);

size_t verifications_count(const struct verifications *v, enum verdict verdict);
void verifications_clear(struct verifications *v);
const char *verdict_name(enum verdict verdict); /* "pass", "fail", "unknown" */

#define cleanup_verifications __attribute__((__cleanup__(verifications_clear)))
