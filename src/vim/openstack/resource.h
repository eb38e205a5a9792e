/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listed resources and their owner marks. Mark and digest are part of the creating request, so that
 * a resource of ours never exists without them: in `description` of Neutron's objects and of
 * flavors (Nova 2.55), in `metadata` of servers, in properties of images, in the name of server
 * groups. No I/O.
 */
#pragma once

#include <jansson.h>

#include "base/str.h"
#include "vim/vim.h"

/* Keys of a server's metadata and of an image's properties. */
#define MARK_OWNER      "dnsvnf_owner"
#define MARK_DIGEST     "dnsvnf_digest"
#define MARK_EXTRA_SPEC "dnsvnf:digest"     /* the last of a flavor's extra specs */
#define MARK_SOURCE     "dnsvnf_source"     /* name of the file that an image was uploaded from */
#define MARK_DEPLOYMENT "dnsvnf_deployment" /* TENANT/DEPLOYMENT; images are found by it */

struct resource {
	struct vim_object object;
	char *parent;     /* network's id, of subnets and ports */
	char *created_at; /* as the service writes it, or NULL */
	json_t *json;     /* all of it */
};

struct resources {
	struct resource *v;
	size_t n;
};

/*
 * Whether a server in ERROR runs, and only the confirmation of its resize failed, because Nova's
 * audit had forgotten its old CPUs (CPUUnpinningInvalid; see change.c).
 */
bool resource_runs_unconfirmed(const json_t *server);

/* Key of the list in the service's answer ("networks") and of one object ("network"). */
const char *resource_plural(enum vim_kind kind);
const char *resource_singular(enum vim_kind kind);

/* Adds one object of a listing; objects whose id is not one are ignored. */
void resources_add(struct resources *resources, enum vim_kind kind, json_t *o);

/* Adds all of {"networks": [...]}. -EPROTO if the answer has another format. */
int resources_add_list(struct resources *resources, enum vim_kind kind, const json_t *answer,
		       struct err *err);

/*
 * Takes the marks off those after the first `from` that another project owns: anybody can write a
 * mark, and share a network or an image with it. project: its id; NULL: unknown, nothing is done.
 */
void resources_disown(struct resources *resources, size_t from, const char *project);

/*
 * The query of the next page ("?marker=..."), from the answer's networks_links, servers_links ...
 * or next; NULL: no further page. The caller frees.
 */
char *resources_next_page(enum vim_kind kind, const json_t *answer);

/* The one with this mark, or NULL. */
struct resource *resources_by_owner(const struct resources *resources, enum vim_kind kind,
				    const char *owner);
struct resource *resources_by_id(const struct resources *resources, enum vim_kind kind,
				 const char *id);

/*
 * Resolves a name in a request: a resource of our deployment (its mark begins with `prefix`), else
 * any other with that name or id. parent: only in that network; NULL: in any.
 */
struct resource *resources_by_name(const struct resources *resources, enum vim_kind kind,
				   const char *name, const char *prefix, const char *parent);

void resources_remove(struct resources *resources, enum vim_kind kind, const char *id);
void resources_clear(struct resources *resources);

/* "dnsvnf:T/D/port/cpnr/0/2 0123...": the text of a description. The caller frees. */
char *resource_mark(const struct vim_request *request);

/* Splits "dnsvnf:T/D/ROLE DIGEST"; both NULL if it is not a mark. The caller frees. */
void resource_parse_mark(const char *text, char **ret_owner, char **ret_digest);

#define cleanup_resources __attribute__((__cleanup__(resources_clear)))

/* "&name=" or "?name=" and the value, escaped for a query. */
void query_add(struct strbuf *query, const char *key, const char *value);
