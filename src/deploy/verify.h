/* SPDX-License-Identifier: Apache-2.0 */
/* The TechNote's chapter "verify", as checks with evidence: VIM, guest and DNS are asked. */
#pragma once

#include <stddef.h>

struct deployment;
struct err;
struct model;
struct vim;

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN };

struct verification {
	const char *check; /* static, stable in JSON: "server-active", "bond-mode" ... */
	char *object;      /* what was looked at: the server's, port's or bond's name, an address */
	enum verdict verdict;
	char *evidence; /* what was seen; for UNKNOWN why it could not be */
};

struct verifications {
	struct verification *v;
	size_t n;
};

/*
 * Checks every server of the deployment. Returns -errno only when the VIM cannot be asked at all;
 * whatever else cannot be seen is an UNKNOWN.
 */
int verify_deployment(struct vim *vim, const struct model *model,
		      const struct deployment *deployment, struct verifications *ret,
		      struct err *err);

size_t verifications_count(const struct verifications *v, enum verdict verdict);
void verifications_clear(struct verifications *v);
const char *verdict_name(enum verdict verdict); /* "pass", "fail", "unknown" */

#define cleanup_verifications __attribute__((__cleanup__(verifications_clear)))
