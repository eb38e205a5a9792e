/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the services list, one object at a time, and how dnsvnf marks it. The mark and the digest
 * are in the creating request itself, so that no moment exists at which a thing of ours has none:
 * in `description` of Neutron's objects and of flavors (Nova 2.55), in `metadata` of servers, in
 * properties of images; a server group has nothing but its name. No I/O.
 */
#pragma once

#include <jansson.h>

#include "vim/vim.h"

/* Keys of a server's metadata and of an image's properties. */
#define MARK_OWNER      "dnsvnf_owner"
#define MARK_DIGEST     "dnsvnf_digest"
#define MARK_EXTRA_SPEC "dnsvnf:digest"     /* the last of a flavor's extra specs */
#define MARK_DEPLOYMENT "dnsvnf_deployment" /* TENANT/DEPLOYMENT; images are found by it */

struct thing {
	struct vim_object object;
	char *parent;     /* network's id, of subnets and ports */
	char *created_at; /* as the service writes it, or NULL */
	json_t *json;     /* all of it */
};

struct things {
	struct thing *v;
	size_t n;
};

/* Key of the list in the service's answer ("networks") and of one object ("network"). */
const char *thing_plural(enum vim_kind kind);
const char *thing_singular(enum vim_kind kind);

/* Adds one object of a listing; one without an id is left out. */
void things_add(struct things *things, enum vim_kind kind, json_t *o);

/* Adds all of {"networks": [...]}. -EPROTO when it is not that. */
int things_add_list(struct things *things, enum vim_kind kind, const json_t *answer,
		    struct err *err);

/* The query of the next page ("?marker=..."), or NULL: of the answer's networks_links,
 * servers_links ... or next. The caller frees. */
char *things_next_page(enum vim_kind kind, const json_t *answer);

/* The one with this mark, or NULL. */
struct thing *things_by_owner(const struct things *things, enum vim_kind kind, const char *owner);
struct thing *things_by_id(const struct things *things, enum vim_kind kind, const char *id);

/*
 * The one that a request means by this name: of our deployment's (marks begin with `prefix`)
 * first, else any other of that name or id. parent: of that network, or NULL: any.
 */
struct thing *things_by_name(const struct things *things, enum vim_kind kind, const char *name,
			     const char *prefix, const char *parent);

void things_remove(struct things *things, enum vim_kind kind, const char *id);
void things_clear(struct things *things);

/* "dnsvnf:T/D/port/cpnr/0/2 0123...": what goes into a description. The caller frees. */
char *thing_mark(const struct vim_request *request);

/* Parts "dnsvnf:T/D/ROLE DIGEST"; both NULL when it is no mark. The caller frees. */
void thing_parse_mark(const char *text, char **ret_owner, char **ret_digest);

#define cleanup_things __attribute__((__cleanup__(things_clear)))
