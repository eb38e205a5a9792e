/* SPDX-License-Identifier: Apache-2.0 */
/* The handle of a deployment on OpenStack, and functions shared by its operations. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "vim/openstack/clouds.h"
#include "vim/openstack/resource.h"
#include "vim/openstack/session.h"
#include "vim/vim.h"

struct err;
struct image;
struct image_upload;

/*
 * Keeps two dnsvnf processes on one machine from changing the same deployment. The kernel releases
 * the lock when the process ends.
 */
struct lock {
	int fd;              /* -1: not held */
	char *folder, *path; /* the folder is of the user only, mode 0700 */
};

/*
 * what: name of the lock, unique on the machine; shown is for the message. -EBUSY names the holder.
 */
int lock_take(struct lock *lock, const char *what, const char *shown, struct err *err);

void lock_release(struct lock *lock); /* removes the file too */

struct openstack {
	struct vim vim;
	struct cloud cloud;
	char *project; /* the target's, or NULL */
	bool make_project;
	struct session *session;
	struct resources resources; /* as last listed, plus those created since */
	char *prefix;               /* "dnsvnf:TENANT/DEPLOYMENT/" */
	struct lock lock;
	json_t *before;          /* the server as it was when its change began, or NULL */
	unsigned changed;        /* what of it was changed since (enum vim_change) */
	bool outcome_unknown;    /* of the last action: the reply to it was lost */
	json_t *ports_before;    /* its ports, in the order of attachment, or NULL */
	size_t ports_kept;       /* how many of the first ones were not detached */
	bool ports_moved;        /* the others were, or may have been */
	json_t *polled;          /* the server of the last VIM_LOOK_STATE, or NULL */
	json_t *services;        /* the compute services; null: not shown; NULL: not asked */
	json_t *security_groups; /* of the project, id and name; NULL: not asked */
	bool took_link_down;     /* it must be restored in any case */
	bool asked_extensions, has_uplink_propagation; /* Neutron's extension */
};

static inline struct openstack *openstack_of(struct vim *vim)
{
	return (struct openstack *)vim;
}

/* Which service, and where it lists this kind ("/flavors/detail"). */
enum service openstack_service(enum vim_kind kind);
const char *openstack_list_path(enum vim_kind kind);

/* One listing of a service; query ("?name=x", owned) may be NULL. */
struct listing {
	enum vim_kind kind;
	char *query;
};

/* Fetches the listings side by side, all pages; frees the queries. */
int openstack_fetch(struct openstack *os, struct listing *listings, size_t n, struct resources *ret,
		    struct err *err);
/* The same; *ret_pages: of the longest listing. */
int openstack_fetch_pages(struct openstack *os, struct listing *listings, size_t n,
			  struct resources *ret, unsigned *ret_pages, struct err *err);

/* The image that a request of a server means, or NULL. Two of ours may have its name. */
const struct resource *openstack_image(struct openstack *os, const struct vim_request *server);

/*
 * The path of the list of servers of a name and a status (NULL: any), and whether the answer holds
 * the one of the id. For polling: Nova answers a list from its database; for a whole server it
 * queries Neutron twice, for the security groups.
 */
char *openstack_servers_path(const char *name, const char *status);
bool openstack_servers_hold(const json_t *answer, const char *id);

/* project.c: the project, if dnsvnf creates it. */

/*
 * Logs in. -ENOENT: the project does not exist, or the user has no role in it, and it is to be
 * created.
 */
int openstack_login(struct openstack *os, struct err *err);
/* A session in the credentials' own project; the caller frees it. */
int openstack_base_session(struct openstack *os, struct session **ret, struct err *err);
int openstack_make_project(struct openstack *os, struct err *err);   /* and logs in to it */
int openstack_delete_project(struct openstack *os, struct err *err); /* if ours and empty */

/* Operations of vim.h. */
int openstack_list(struct vim *vim, const struct vim_reference *references, size_t n,
		   struct vim_inventory *ret, struct err *err);
int openstack_servers(struct vim *vim, const char *since, struct vim_server_list *ret,
		      struct err *err);
int openstack_facts(struct vim *vim, const struct vim_request *requests, size_t n,
		    struct cloud_facts *ret, struct err *err);
int openstack_import(struct vim *vim, const char *const *servers, struct model **ret,
		     struct strv *ret_notes, struct err *err);
int openstack_quotas(struct vim *vim, struct vim_quota *ret, struct err *err);
int openstack_create(struct vim *vim, const struct vim_request *requests, size_t n,
		     const struct vim_watch *watch, struct err *err);
int openstack_destroy(struct vim *vim, const struct vim_object *const *objects, size_t n,
		      const struct vim_watch *watch, struct err *err);

/*
 * Why none of a port's rules (Neutron's security_group_rules) admits the packet; NULL: one does.
 * Behind a NAT the sender's address is another one there, so the text has both. Pure; the caller
 * frees.
 */
char *security_barrier(const json_t *rules, const char *port, const struct vim_packet *packet);

void openstack_barrier(struct vim *vim, const struct vim_port_info *port,
		       const struct vim_packet *packet, char **ret_why);

int openstack_host_up(struct vim *vim, const struct vim_object *server, enum tristate *ret_up,
		      char **ret_why, struct err *err);
int openstack_change(struct vim *vim, const struct vim_object *server,
		     const struct vim_request *request, unsigned changes, struct err *err);
int openstack_settle(struct vim *vim, const struct vim_object *server,
		     const struct vim_request *request, bool keep, struct err *err);
int openstack_power(struct vim *vim, const struct vim_object *server, enum vim_power power,
		    struct err *err);
unsigned openstack_changes(const struct openstack *os); /* vim_inventory.changes */

/* action.c: the complete server; the caller releases *ret. */
int openstack_look(struct openstack *os, const char *id, json_t **ret, struct err *err);
/* Waits until Nova has no task for it and its status is no longer `left` (may be NULL). */
int openstack_wait(struct openstack *os, const char *id, const char *left, json_t **ret,
		   struct err *err);
/* Sends an action (owned) and waits until the status is no longer `left`. If the outcome is
 * unknown, or Nova refuses it because a killed run asked for it, the server's state decides. */
int openstack_act(struct openstack *os, const char *id, json_t *action, const char *left,
		  json_t **ret, struct err *err);
/* Sets the error: `what` left the server in its status, with Nova's fault. */
int openstack_failed(const json_t *server, const char *what, struct err *err);

/* ports.c: changes the ports of a server that runs; it runs again after a success. */
int openstack_change_ports(struct openstack *os, const char *id, const struct vim_request *request,
			   struct err *err);
/* The ports as before openstack_change_ports, also one that failed; the same request. */
int openstack_restore_ports(struct openstack *os, const char *id, const struct vim_request *request,
			    struct err *err);

/* create.c: asks for the project's security groups, if a request names some. */
int openstack_learn_groups(struct openstack *os, const struct vim_request *requests, size_t n,
			   struct err *err);
int openstack_server(struct vim *vim, const char *server_name, enum vim_look look,
		     struct vim_server_info *ret, struct err *err);
int openstack_set_link(struct vim *vim, const char *server_name, const char *port_name, bool up,
		       struct err *err);
int openstack_console(struct vim *vim, const char *server_name, char **ret_text, struct err *err);

/*
 * Detects two runs, on two machines, that create the same deployment concurrently: lists networks
 * and ports again. -EBUSY: another resource has the mark of one that was just created, and ours is
 * not the older. The newer of two concurrent runs rolls back. created_at has a resolution of
 * seconds: two runs of the same second both roll back.
 */
int conflict_check(struct openstack *os, const struct vim_request *made, size_t n, struct err *err);

/* -EBUSY: a network or port has the mark of one of these, and this run neither created nor listed
 * it. */
int conflict_scan(struct openstack *os, const struct vim_request *wanted, size_t n,
		  struct err *err);

/*
 * Uploads the file in image->src to the queued image `id` of Glance and verifies its hash. progress
 * is called with bytes, done once, both from session_run: with 0, or -errno and the reason.
 */
struct image_upload *image_upload_start(struct session *session, const struct image *image,
					const char *id,
					void (*progress)(void *data, uint64_t done, uint64_t total),
					void (*done)(void *data, int result, const char *text),
					void *data);

void image_upload_free(struct image_upload *upload); /* takes NULL */

/* A hint what the user can do about a request refused with this status and message, or NULL. */
const char *hint_for(enum vim_kind kind, long status, const char *message);

/*
 * The default allocation pools of a new subnet as Neutron generates them (neutron/ipam/utils.py,
 * generate_pools): all addresses of address/prefix except the network address, the broadcast
 * address (IPv4) and the gateway. [{"start": ..., "end": ...}], or NULL if the arguments are not
 * addresses. The caller owns it.
 */
json_t *allocation_pools(const char *address, unsigned prefix, const char *gateway);

/*
 * The last microversion whose POST /servers takes files for the config drive (personality), and
 * whose GET /limits shows their quotas. All else that dnsvnf sends with a server is older.
 */
#define NOVA_FILES_MINOR 56

/*
 * A request of vim.h as body for POST and PUT to Neutron, Nova and Glance: the object in the
 * service's format, without the {"network": ...} around it. Names of other resources are replaced
 * by ids from os->resources; -ENOENT names the missing one. The caller owns ret.
 */
int body_make(struct openstack *os, const struct vim_request *request, json_t **ret,
	      struct err *err);

/*
 * Whether the port is to have no address: the request names none, and its network has no subnet to
 * take one from. False while its network is not there.
 */
bool body_has_no_address(const struct openstack *os, const struct vim_request *port);

/*
 * The body of a PUT that updates an object to the request: only attributes that can change in
 * place.
 */
json_t *body_update(const struct vim_request *request);

/* Adds a server's user data, if there is any, to the body of a request. -E2BIG. */
int body_put_user_data(json_t *body, const struct vim_request *server, struct err *err);

/* A flavor's extra specs, with the mark that shows that they are complete. */
json_t *body_extra_specs(const struct vim_request *flavor);
