/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VIM (virtualised infrastructure manager): one table of operations, which OpenStack and the
 * embedded QEMU implement. The VIM itself is the state: each object that dnsvnf creates carries the
 * owner mark "dnsvnf:TENANT/DEPLOYMENT/ROLE" from the creating request on. An object without a mark
 * is used, never changed, never deleted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/str.h"
#include "base/tristate.h"
#include "model/model.h"
#include "net/ip.h"

struct cloud_facts;
struct err;
struct vim_ops;

enum vim_kind {
	VIM_IMAGE,
	VIM_FLAVOR,
	VIM_SERVER_GROUP,
	VIM_NETWORK,
	VIM_SUBNET,
	VIM_PORT,
	VIM_SERVER
};

enum vim_state {
	VIM_STATE_BUILD,    /* requested, not ready; or left incomplete by a killed run */
	VIM_STATE_ACTIVE,   /* exists and in use */
	VIM_STATE_BUSY,     /* a server that was there and that the VIM changes or starts again */
	VIM_STATE_DOWN,     /* exists, not in use: a port without a server, a server that is off */
	VIM_STATE_ERROR,    /* failed: see fault */
	VIM_STATE_DELETING, /* a server whose deletion was requested and is not over */
};

/* One object as the VIM lists it. */
struct vim_object {
	enum vim_kind kind;
	char *id;    /* unique in the VIM */
	char *name;  /* not unique in OpenStack; of a server group: the owner mark */
	char *owner; /* our mark, or NULL: not created by dnsvnf */
	enum vim_state state;
	char *fault;    /* the VIM's message, or NULL */
	char *digest;   /* of the request it was made from (vim_request_digest), or NULL */
	bool link_down; /* of a port: its link was set down, as by a drill */
	/* Of a network: what the VIM shows of it. */
	bool no_subnet, no_port_security;
	bool port_security_is_owners; /* only its owner may create ports without it */
	char *other_project;          /* the id of its project, if that is another; or NULL */
	char *host; /* of a server: the compute host; NULL: on none, or not shown */
	/* Of a server: its sources; each NULL if not visible. */
	char *image_id;       /* of the image it runs from: tells images of one name apart */
	char *image, *flavor; /* names, for people; an image that is not listed: its id */
	char *flavor_digest;  /* of the flavor of which it has a copy, if dnsvnf made that */
	char *user_data;      /* as the guest sees it; "": none */
};

struct vim_inventory {
	struct vim_object *v;
	size_t n;
	bool can_update;  /* the VIM has the operation `update` */
	unsigned changes; /* which of enum vim_change its operation `change` carries out */
};

/* What differs between a server and its request; bits. */
enum vim_change {
	VIM_CHANGE_IMAGE = 1,
	VIM_CHANGE_USER_DATA = 2,
	VIM_CHANGE_FLAVOR = 4,
	VIM_CHANGE_PORTS = 8,
	VIM_CHANGE_OTHER = 16, /* the server group, or unknown */
	VIM_CHANGE_FILES = 32, /* on the config drive */
	VIM_CHANGE_DISK = 64,  /* no difference: a new disk is asked for */
};

/* A port that changes with its server. */
struct vim_port_change {
	const struct vim_object *present;  /* NULL: it is new */
	const struct vim_request *request; /* NULL: it is removed */
};

/* The name or id of an image, or of a network that the descriptor does not define. */
struct vim_reference {
	enum vim_kind kind;
	const char *name;
};

/*
 * One object to create. Requests refer to each other by name: a subnet to its network, a port to
 * its network and subnets, a server to its ports, image and flavor. All pointers are borrowed.
 */
struct vim_request {
	enum vim_kind kind;
	const char *name;
	const char *owner;
	const size_t *needs; /* in a call of create: indices of the requests to be done before */
	size_t n_needs;
	union {
		const struct image *image;
		const struct flavor *flavor;
		const struct network *network;
		struct {
			const struct network *network;
			const struct subnet *subnet;
		} subnet;
		struct {
			const struct network
				*network; /* NULL: exists in the VIM under network_name */
			const char *network_name;
			const struct interface *interface;
			const char *mac_address;          /* given, or NULL: the VIM chooses */
			bool propagate_uplink_status;     /* the VF's link follows the PF's */
			bool trusted;                     /* VF trust, through binding:profile */
			const char *numa_affinity_policy; /* "required" ..., or NULL */
		} port;
		struct {
			const char *policy; /* "affinity", "soft-anti-affinity" ... */
		} server_group;
		struct {
			const struct vm_group *group;
			const char *server_group; /* name, or NULL */
			const char *image_name;
			const char *image_owner;     /* its mark, or NULL: found by name */
			const struct image *image;   /* NULL: exists in the VIM */
			const struct flavor *flavor; /* NULL: exists in the VIM */
			const char *flavor_name;
			const char *const *port_names; /* by nicid, rising */
			size_t n_ports;
			const void *user_data; /* MIME or plain, as day0 composed it */
			size_t user_data_len;
			const struct drive_file *files; /* on the config drive */
			size_t n_files;
			/* Of change, with VIM_CHANGE_PORTS. */
			const struct vim_port_change *port_changes;
			size_t n_port_changes;
		} server;
	};
};

/* Whether packets from the VIM's sockets reach an address. */
enum vim_reach {
	VIM_REACH_YES,
	VIM_REACH_MAYBE, /* unknown: depends on routers outside the VIM */
	VIM_REACH_NO,    /* its network has no router, and this machine no route to it */
};

/* A packet from this machine to a guest. */
struct vim_packet {
	struct ip_addr from, to;
	const char *protocol; /* "icmp" (an echo request), "udp", "tcp" */
	unsigned port;        /* 0 of ICMP */
};

/* Where a server and its ports actually are: evidence for verify. */
struct vim_port_info {
	char *name;
	unsigned nicid;
	enum port_type type;
	char *network;     /* name */
	char *mac_address; /* lower case, colons */
	struct strv ip_addresses;
	char *physical_network; /* or NULL */
	char *host_device;      /* PCI address of the VF, or name of the tap; NULL: not known */
	int numa_node;          /* of the host device; -1: not known */
	bool link_up;
	char *status; /* the VIM's status: "ACTIVE", "DOWN" ... */

	/* Set by OpenStack only; unknown in the embedded VIM. */
	char *id;
	char *vif_type; /* "hw_veb", "ovs", "binding_failed" ...; NULL: not known */
	char *pf;       /* the host's PF below the VF, or NULL */
	enum tristate propagate_uplink_status;
	enum tristate port_security;
	struct strv security_groups; /* ids */
	unsigned mtu;                /* of the network; 0: not known */
	enum vim_reach reach;        /* of its addresses */
};

enum vim_power {
	VIM_POWER_START,
	VIM_POWER_STOP,   /* OpenStack: the guest gets time to shut down; local: none */
	VIM_POWER_REBOOT, /* hard: power off and on */
};

/* Why a server failed, as far as the VIM reports it. */
enum vim_fault {
	VIM_FAULT_OTHER,    /* no fault, or one not related to hosts */
	VIM_FAULT_TOTALS,   /* no host has enough in total: Placement found none */
	VIM_FAULT_FILTERED, /* the scheduler's filters refused each host */
	VIM_FAULT_ON_HOST,  /* a host was selected, but the server could not be started on it */
};

struct vim_server_info {
	char *id, *name;
	enum vim_state state;
	char *status; /* the VIM's status: "ACTIVE", "ERROR" ... */
	char *fault;  /* or NULL */
	enum vim_fault fault_class;
	char *power_state;    /* what the hypervisor said last: "running", "shutdown", "paused",
				 "crashed", "suspended"; NULL: not known */
	char *task;           /* what the VIM is doing with it ("rebooting"); NULL: nothing */
	enum tristate locked; /* the VIM refuses changes of it */
	char *locked_reason;  /* or NULL */
	char *host;           /* the compute host; NULL: on none, or not shown */
	char *host_status;    /* of the compute service: "UP", "DOWN" ...; NULL: not shown, or
				 on no host */
	char *updated;        /* the VIM's time of the last change, UTC; NULL: not known */
	/* The last change that somebody asked for, "stop"; NULL: not known. With VIM_LOOK_ALL. */
	char *action, *action_user;  /* id of the user; NULL: none, the VIM itself */
	char *action_at;             /* as the VIM writes it, UTC */
	int64_t uptime;              /* s; -1: not known */
	unsigned cells;              /* guest NUMA cells; 0: not known */
	char *numa;                  /* host nodes and pinned CPUs of the cells, or NULL */
	char *numa_why;              /* why numa is NULL, or NULL */
	char *hypervisor;            /* "QEMU 10.0 (TCG)", a host name ... or NULL */
	struct vim_port_info *ports; /* by nicid */
	size_t n_ports;
};

/* The deployment and its location. */
struct vim_target {
	const char *vim_name; /* "local", or a cloud of clouds.yaml */
	const char *region;   /* must be one of the VIM's; NULL: its own */
	const char *project;  /* of the cloud; NULL: that of the credentials */
	bool make_project;    /* created if missing, and deleted with the last object */
	const char *tenant, *deployment;
	bool change; /* objects will be created, deleted or failed: lock out other dnsvnf */
};

/*
 * Target and user of a handle's requests: after `open` as configured, after `login` as reported by
 * the VIM. NULL: the VIM has none, or does not report it.
 */
struct vim_identity {
	char *vim; /* the target's vim_name */
	char *region, *project, *user;
	bool no_project; /* it does not exist yet and will be created */
};

/* A handle is for one deployment of one tenant. */
struct vim {
	const struct vim_ops *ops;
	char *tenant, *deployment;
	struct vim_identity identity;
	const struct run_ctx *run; /* borrowed; may be NULL */
};

struct vim_deployment {
	char *tenant, *deployment;
};

/* A server that carries our mark, of any deployment; or that is not known to carry none. */
struct vim_listed_server {
	char *tenant, *deployment; /* NULL: the VIM shows no mark; see vim_ops.servers */
	bool deleted;
	struct vim_server_info info; /* as with VIM_LOOK_STATE; name NULL: not shown */
};

struct vim_server_list {
	struct vim_listed_server *v;
	size_t n;
	char *partial; /* why a server that is not in the list may exist; NULL: it does not */
};

/* Called by create and destroy for each event of request i. done and total: bytes of an image. */
struct vim_watch {
	void (*report)(void *data, size_t i, enum event_status status, const char *details,
		       uint64_t done, uint64_t total);
	void *data;
};

/* What a project may have, of each kind. */
enum vim_quota_kind {
	VIM_QUOTA_SERVERS,
	VIM_QUOTA_CORES,
	VIM_QUOTA_MEMORY_MB,
	VIM_QUOTA_SERVER_GROUPS,
	VIM_QUOTA_NETWORKS,
	VIM_QUOTA_SUBNETS,
	VIM_QUOTA_PORTS,
	VIM_QUOTAS,
};

struct vim_quota {
	int64_t limit; /* -1: none, or not known */
	int64_t used;
};

enum vim_look {
	VIM_LOOK_STATE, /* only what polling needs: no ports, no cells */
	VIM_LOOK_ALL,
};

struct vim_ops {
	const char *name; /* "local", "openstack" */

	/*
	 * Opens a VIM of this kind for that deployment. Creates nothing in the VIM. -EBUSY: for
	 * target->change, if another dnsvnf is running for it.
	 */
	int (*open)(const struct vim_target *target, const struct run_ctx *run,
		    struct vim **ret_vim, struct err *err);
	void (*close)(struct vim *vim); /* takes NULL */

	/* Sets vim->identity to what the VIM reports. NULL: it is set by `open`. */
	int (*login)(struct vim *vim, struct err *err);

	/* Deployments of any tenant with at least one object of ours, in the handle's project. */
	int (*deployments)(struct vim *vim, struct vim_deployment **ret, size_t *ret_n,
			   struct err *err);

	/*
	 * The servers of all deployments in the handle's project (in the embedded VIM, of its
	 * tenant, if it has one), in one paged request. since (NULL: all that exist): only those
	 * that changed at that time of the VIM's clock ("2026-11-29T07:25:14Z") or later, with
	 * those that were deleted since; the embedded VIM lists all that exist. Servers without a
	 * mark are in the list if Nova does not show the mark of such: those that were deleted, and
	 * those of a cell that does not answer (status "UNKNOWN").
	 */
	int (*servers)(struct vim *vim, const char *since, struct vim_server_list *ret,
		       struct err *err);

	/*
	 * The objects with this deployment's mark, and all other networks and flavors of the
	 * project. Of images, and of networks of other projects, only those that a reference finds
	 * by name or id: there may be thousands. -EBADMSG: what the VIM recorded of an object
	 * cannot be read; *ret has the others.
	 */
	int (*list)(struct vim *vim, const struct vim_reference *references, size_t n,
		    struct vim_inventory *ret, struct err *err);

	/*
	 * Whether it would fit. Refuses what Nova would refuse, with the reason; creates nothing.
	 */
	int (*admit)(struct vim *vim, const struct vim_request *server,
		     const struct vim_request *ports, size_t n_ports, struct err *err);

	/*
	 * Data about the hosts, and about existing flavors, images and networks that the requests
	 * name. Call after `list`. Data that the credentials may not see are not an error.
	 */
	int (*facts)(struct vim *vim, const struct vim_request *requests, size_t n,
		     struct cloud_facts *ret, struct err *err);

	/* The project's quotas, by enum vim_quota_kind. NULL: there are none. */
	int (*quotas)(struct vim *vim, struct vim_quota *ret, struct err *err);

	/*
	 * What runs as a descriptor: a model with one deployment, that of the servers of these
	 * names or ids, as far as it is shown. A server that dnsvnf made brings the others of its
	 * deployment. Day-0 is one configuration, the user data as the guest got it. *ret_notes has
	 * what is not shown, a sentence each. NULL: the VIM cannot do it.
	 */
	int (*import)(struct vim *vim, const char *const *servers, struct model **ret,
		      struct strv *ret_notes, struct err *err);

	/*
	 * Creates n objects. Each request follows those that it needs; independent requests are
	 * carried out concurrently if the VIM can. A server is requested, not waited for. The first
	 * failure is returned; created objects are kept. -EBUSY: a concurrent run creates the same
	 * deployment; what this call created was deleted again.
	 */
	int (*create)(struct vim *vim, const struct vim_request *requests, size_t n,
		      const struct vim_watch *watch, struct err *err);

	/*
	 * Updates the attributes that can be changed in place (vim_request_difference); NULL: the
	 * VIM replaces the object.
	 */
	int (*update)(struct vim *vim, const struct vim_object *object,
		      const struct vim_request *request, struct err *err);

	/*
	 * Changes a server to the parts of the request in `changes`: image, user data, files,
	 * ports or nothing (each with a new disk), flavor, or both. Its id is kept, and the ports
	 * and addresses that do not change; with the same flavor also its host. Returns when it
	 * runs again or cannot. What is needed to go back is kept until `settle`.
	 */
	int (*change)(struct vim *vim, const struct vim_object *server,
		      const struct vim_request *request, unsigned changes, struct err *err);

	/* After `change`, also one that failed: makes it final (keep), or rolls the server back, as
	 * far as it was changed. */
	int (*settle)(struct vim *vim, const struct vim_object *server,
		      const struct vim_request *request, bool keep, struct err *err);

	/*
	 * Starts, stops or reboots a listed server, with its disk and ports as they are, and waits
	 * until the VIM is done with it. -EBUSY: the VIM is working on it, or on this machine
	 * another dnsvnf is; -EPERM: the VIM refuses it, as of a locked server.
	 */
	int (*power)(struct vim *vim, const struct vim_object *server, enum vim_power power,
		     struct err *err);

	/* The server's current state. -ENOENT: no such server. */
	int (*server)(struct vim *vim, const char *server_name, enum vim_look look,
		      struct vim_server_info *ret, struct err *err);

	/*
	 * Deletes n objects, in the order that the VIM needs, and waits until they do not exist.
	 * One that does not exist is not an error. One that others use is kept, which is reported
	 * as EVENT_NOTE. After a failure the others are still deleted, but nothing else after a
	 * server that could not be. The first failure is returned.
	 */
	int (*destroy)(struct vim *vim, const struct vim_object *const *objects, size_t n,
		       const struct vim_watch *watch, struct err *err);

	/*
	 * Whether the host of a listed server carries out what the VIM asks for. TRI_NO: a server
	 * deleted there goes on running. *ret_why, unless TRI_YES, has the reason; the caller
	 * frees. NULL: it always does.
	 */
	int (*host_up)(struct vim *vim, const struct vim_object *server, enum tristate *ret_up,
		       char **ret_why, struct err *err);

	/* After the last object: removes what the VIM stores for the deployment itself. */
	int (*release)(struct vim *vim, struct err *err);

	unsigned link_delay_ms; /* after set_link until the guest sees it, at most; 0: at once */

	/* The link of a port as the guest sees it: cable pulled (false) or plugged (true). */
	int (*set_link)(struct vim *vim, const char *server_name, const char *port_name, bool up,
			struct err *err);

	/*
	 * The path behind a port, whose carrier stays: blackholed (false) or whole (true). A
	 * blackhole ends with the handle, or with the process, at the latest; there is one at a
	 * time. -ENOTSUP: this port has no path that could be blackholed. NULL: the VIM cannot do
	 * it.
	 */
	int (*set_path)(struct vim *vim, const char *server_name, const char *port_name, bool whole,
			struct err *err);

	/*
	 * What of the VIM keeps such a packet from a port: *ret_why is a clause, or NULL: nothing,
	 * or not known. The caller frees. NULL: the VIM keeps none.
	 */
	void (*barrier)(struct vim *vim, const struct vim_port_info *port,
			const struct vim_packet *packet, char **ret_why);

	/* Last lines of the server's console (at most 64 KiB); the caller frees. */
	int (*console)(struct vim *vim, const char *server_name, char **ret_text, struct err *err);

	/*
	 * socket(2) for a client of the deployment's networks: in their namespace for the embedded
	 * VIM, in dnsvnf's own for OpenStack. Returns the descriptor (close-on-exec) or -errno.
	 */
	int (*socket)(struct vim *vim, int domain, int type, int protocol, struct err *err);
};

/* "local" gives the embedded VIM, everything else a cloud of clouds.yaml. Never NULL. */
const struct vim_ops *vim_ops_for(const char *vim_name);

/* For --timings: prints each request to a cloud on stderr when it ends, and the totals. */
void vim_show_timings(bool on);

/* "network", "port" ... */
const char *vim_kind_name(enum vim_kind kind);
const char *vim_state_name(enum vim_state state); /* "ACTIVE" ... */
const char *vim_power_name(enum vim_power power); /* "start" ... */

/* Whether the VIM takes a change of its power now: -EBUSY while it has a task, -EPERM if it is
 * locked. */
int vim_power_allowed(const struct vim_server_info *server, struct err *err);

/*
 * The local file of an image's src, a path or file:// URL; NULL: not a local file. Borrowed from
 * src.
 */
const char *vim_image_file(const char *src);

/* Tenant and deployment of a mark "dnsvnf:TENANT/DEPLOYMENT/ROLE" (NULL is fine), which the caller
 * frees. False: it is none. */
bool vim_mark_read(const char *owner, char **ret_tenant, char **ret_deployment);

/* Whether the object has the mark of this handle's deployment. */
bool vim_object_is_of(const struct vim_object *object, const struct vim *vim);

/*
 * Same request, same digest: tells a changed descriptor from an unchanged one. Two times 16 hex
 * digits with a colon between: the first 64 bits of the SHA-256 of what cannot be changed in place,
 * and of what can. Not more, because Neutron's descriptions, which also hold the owner, are limited
 * to 255 characters. A server's continues with 16 digits for each of enum vim_change; without
 * files, none for those. The caller frees.
 */
char *vim_request_digest(const struct vim_request *request);

/*
 * As vim_request_digest, of a server of which the parts in `left` (enum vim_change) are still as in
 * the digest `old` (NULL: unknown). No whole request has it. The caller frees.
 */
char *vim_request_digest_unfinished(const struct vim_request *server, unsigned left,
				    const char *old);

enum vim_difference {
	VIM_SAME,
	VIM_UPDATE,  /* only what OpenStack changes in place (PUT) */
	VIM_REPLACE, /* must be replaced */
};

/* Between the request and an object that carries digest, also one of version 0.1 (hash_old.h). An
 * object without a digest (NULL) is the same. */
enum vim_difference vim_request_difference(const struct vim_request *request, const char *digest);

/* Which of enum vim_change differ between the request and a server that carries digest. */
unsigned vim_request_changes(const struct vim_request *server, const char *digest);

void vim_watch_report(const struct vim_watch *watch, size_t i, enum event_status status,
		      const char *details); /* watch may be NULL */

void vim_object_clear(struct vim_object *o);
void vim_inventory_clear(struct vim_inventory *i);
void vim_server_info_clear(struct vim_server_info *s);
void vim_identity_clear(struct vim_identity *i);
void vim_deployments_free(struct vim_deployment *v, size_t n);
void vim_server_list_clear(struct vim_server_list *l);

#define cleanup_inventory   __attribute__((__cleanup__(vim_inventory_clear)))
#define cleanup_server_info __attribute__((__cleanup__(vim_server_info_clear)))
#define cleanup_server_list __attribute__((__cleanup__(vim_server_list_clear)))

static inline void vim_close(struct vim *vim)
{
	if (vim)
		vim->ops->close(vim);
}
DEFINE_CLEANUP(struct vim *, cleanup_vim_fn, vim_close)
#define cleanup_vim cleanup(cleanup_vim_fn)

/* OpenStack: Keystone, Glance, Neutron and Nova over HTTP, for a cloud in clouds.yaml. */
extern const struct vim_ops vim_openstack;

/*
 * The embedded VIM: QEMU in one network namespace per deployment. Its state is in /var/lib/dnsvnf
 * (DNSVNF_LOCAL_DIR) and is removed with the deployment.
 */
extern const struct vim_ops vim_local;
