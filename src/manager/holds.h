/* SPDX-License-Identifier: Apache-2.0 */
/* What a person forbids to heal, and until when; kept in a file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct json_writer;

enum hold_scope {
	HOLD_SCOPE_VM,
	HOLD_SCOPE_DEPLOYMENT, /* name: TENANT/DEPLOYMENT */
	HOLD_SCOPE_NETWORK,
	HOLD_SCOPE_HOST,
	HOLD_SCOPE_CLOUD,
	HOLD_SCOPES,
};

enum { HOLDS_MAX = 1000, HOLD_MINUTES_MAX = 60 * 24 * 366 };

struct operator_hold {
	enum hold_scope scope;
	char *name, *by, *why;
	int64_t until; /* seconds since 1970 */
};

struct holds {
	char *path;
	struct operator_hold *v;
	size_t n;
	bool unsaved; /* the file has other ones */
};

/* Reads the file; a missing one is empty. A damaged one is an error: what it forbade is unknown. */
int holds_open(const char *path, struct holds *ret, struct err *err);
void holds_close(struct holds *h);

/* The caller clears it. */
void holds_copy(const struct holds *h, struct holds *ret);

/* As they were when they were copied; takes before over. */
void holds_restore(struct holds *h, struct holds *before);

/* Has them on the disk when it returns 0; an old or the new file is there after a kill. */
int holds_save(struct holds *h, struct err *err);

/* Adds or replaces the hold of that scope and name, in memory. */
int holds_set(struct holds *h, const struct operator_hold *hold, struct err *err);

/* In memory. -ENOENT: there is none. */
int holds_release(struct holds *h, enum hold_scope scope, const char *name, struct err *err);

/* The hold of that scope and name that has not ended at now (seconds since 1970), or NULL. */
const struct operator_hold *holds_find(const struct holds *h, enum hold_scope scope,
				       const char *name, int64_t now);

/* Takes away one that has ended: it is returned, and the caller clears it; scope HOLD_SCOPES:
 * there is none. */
struct operator_hold holds_take_ended(struct holds *h, int64_t now);
void operator_hold_clear(struct operator_hold *hold);

const char *hold_scope_name(enum hold_scope scope);
enum hold_scope hold_scope_parse(const char *s); /* HOLD_SCOPES: none */

/* The members of a hold, into an open object. */
void hold_put(struct json_writer *w, const struct operator_hold *hold);
