/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the generators. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "net/ip.h"

struct ddi_address;
struct ddi_derived;
struct ddi_key;
struct ddi_member;
struct ddi_network;
struct ddi_plan;

/* A configuration file as it is built; latches its first error. */
struct conf {
	struct strbuf text;
	struct err err;
};

/* The error, or the text, which the caller frees. Clears the rest. */
int conf_end(struct conf *c, char **ret, struct err *err);

/* Text and addresses of this program; no names of the plan. */
void conf_addf(struct conf *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A string of the plan in double quotes. A character that quotes do not hold is an error. */
void conf_quoted(struct conf *c, const char *s);

/* "BEFORE "s"\n", and the same with a dot at the end. */
void conf_line(struct conf *c, const char *before, const char *s);
void conf_name(struct conf *c, const char *before, const char *name);

/* A growing list of addresses. */
struct addresses {
	struct ip_addr *v;
	size_t n;
};

void addresses_add(struct addresses *l, const struct ip_addr *ip); /* not of version 0 */
void addresses_clear(struct addresses *l);

#define cleanup_addresses __attribute__((__cleanup__(addresses_clear)))

/* Of the authoritative services of all members but one (NULL: of all). */
void addresses_of_auth(struct addresses *l, const struct ddi_plan *plan,
		       const struct ddi_member *without);

/* Of a member's caching service. */
void addresses_of_cache(struct addresses *l, const struct ddi_plan *plan,
			const struct ddi_member *member);

/* The port of the authoritative service: not 53 if Unbound has that on the same address. */
unsigned auth_port(const struct ddi_plan *plan);

/* NULL: the plan has no such key. */
const struct ddi_key *transfer_key(const struct ddi_plan *plan);
const struct ddi_key *update_key(const struct ddi_plan *plan);

/* "hmac-sha256" */
const char *tsig_name(const struct ddi_key *key);

/* -EINVAL with the key's name if it has no secret. */
int key_check(const struct ddi_key *key, struct err *err);

/* The network's pools without what is excluded or has its owner, ascending. The caller frees. */
struct ip_range *pools_of(const struct ddi_plan *plan, const struct ddi_network *network,
			  size_t *ret_n);
