/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VIM (virtualised infrastructure manager): the one table of operations behind which OpenStack
 * and the embedded QEMU stand. The VIM itself is the state: what dnsvnf makes carries its owner
 * mark "dnsvnf:TENANT/DEPLOYMENT/ROLE" from the creating request on; what carries none is used,
 * never changed, never deleted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "model/model.h"

struct err;
struct events;

enum vim_kind { VIM_IMAGE, VIM_FLAVOR, VIM_NETWORK, VIM_SUBNET, VIM_PORT, VIM_SERVER };

enum vim_state {
	VIM_STATE_BUILD,  /* asked for, not there yet; also what a killed run left half made */
	VIM_STATE_ACTIVE, /* there and in use */
	VIM_STATE_DOWN,   /* there, not in use: a port without a server, a server that is off */
	VIM_STATE_ERROR,  /* failed: see fault */
};

/* One object as the VIM lists it. */
struct vim_object {
	enum vim_kind kind;
	char *id;    /* unique in the VIM */
	char *name;  /* not unique in OpenStack */
	char *owner; /* our mark, or NULL: not made by dnsvnf */
	enum vim_state state;
	char *fault;  /* the VIM's own words, or NULL */
	char *digest; /* of the request it was made from (vim_request_digest), or NULL */
};

struct vim_inventory {
	struct vim_object *v;
	size_t n;
};

/* A fixed address of a port. */
struct vim_address {
	char *subnet; /* name */
	char *ip_address;
};

/*
 * One object to make. Names are how requests refer to each other: a subnet to its network, a port
 * to its network and subnets, a server to its ports, image and flavor. Everything pointed to is
 * borrowed.
 */
struct vim_request {
	enum vim_kind kind;
	const char *name;
	const char *owner;
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
			const char *mac_address; /* given, or NULL: the VIM chooses */
		} port;
		struct {
			const struct vm_group *group;
			const char *image_name;
			const struct image *image;   /* NULL: exists in the VIM */
			const struct flavor *flavor; /* NULL: exists in the VIM */
			const char *flavor_name;
			const char *const *port_names; /* by nicid, rising */
			size_t n_ports;
			const void *user_data; /* MIME or plain, as day0 composed it */
			size_t user_data_len;
		} server;
	};
};

/* Where a server and its ports really are: evidence for verify. */
struct vim_port_info {
	char *name;
	unsigned nicid;
	enum port_type type;
	char *network;     /* name */
	char *mac_address; /* lower case, colons */
	char **ip_addresses;
	size_t n_ip_addresses;
	char *physical_network; /* or NULL */
	char *host_device;      /* PCI address of the VF, or name of the tap; NULL: not known */
	int numa_node;          /* of the host device; -1: not known */
	bool link_up;
	char *status; /* the VIM's word: "ACTIVE", "DOWN" ... */
};

struct vim_server_info {
	char *id, *name;
	enum vim_state state;
	char *status;                /* the VIM's word: "ACTIVE", "ERROR" ... */
	char *fault;                 /* or NULL */
	int64_t uptime;              /* s; -1: not known */
	unsigned cells;              /* guest NUMA cells; 0: not known */
	char *hypervisor;            /* "QEMU 10.0 (TCG)", a host name ... or NULL */
	struct vim_port_info *ports; /* by nicid */
	size_t n_ports;
};

/* A handle is for one deployment of one tenant. */
struct vim {
	const struct vim_ops *ops;
	char *tenant, *deployment;
	const struct events *events; /* borrowed; may be NULL */
};

struct vim_deployment {
	char *tenant, *deployment;
};

struct vim_ops {
	const char *name; /* "local", "openstack" */

	/* A vim of this kind for that deployment. Makes nothing in the VIM. */
	int (*open)(const char *vim_name, const char *tenant, const char *deployment,
		    const struct events *events, struct vim **ret_vim, struct err *err);
	void (*close)(struct vim *vim); /* takes NULL */

	/* Deployments with at least one object of ours, for `status`. */
	int (*deployments)(const char *vim_name, struct vim_deployment **ret, size_t *ret_n,
			   struct err *err);

	/* Everything marked as this deployment's, and every object that one of the names finds. */
	int (*list)(struct vim *vim, const char *const *names, size_t n_names,
		    struct vim_inventory *ret, struct err *err);

	/* Would it fit? Refuses what Nova would refuse, with the reason; makes nothing. */
	int (*admit)(struct vim *vim, const struct vim_request *server,
		     const struct vim_request *ports, size_t n_ports, struct err *err);

	/*
	 * Makes n objects that do not depend on each other, side by side where the VIM can. A
	 * server is asked for, not waited for. The first failure is returned; what was made stays.
	 */
	int (*create)(struct vim *vim, const struct vim_request *requests, size_t n,
		      struct err *err);

	/* One look at the server: is it ACTIVE, what became of it? -ENOENT when there is none. */
	int (*server)(struct vim *vim, const char *server_name, struct vim_server_info *ret,
		      struct err *err);

	/* Deletes one object and waits until it is gone; one that is gone already is no error. */
	int (*destroy)(struct vim *vim, const struct vim_object *object, struct err *err);

	/* After the last object: drops what the VIM keeps for the deployment itself. */
	int (*release)(struct vim *vim, struct err *err);

	/* The link of a port as the guest sees it: cable pulled (false) or plugged (true). */
	int (*set_link)(struct vim *vim, const char *server_name, const char *port_name, bool up,
			struct err *err);

	/* Last lines of the server's console (at most 64 KiB); the caller frees. */
	int (*console)(struct vim *vim, const char *server_name, char **ret_text, struct err *err);

	/*
	 * socket(2) for a client that stands in the deployment's networks: the service network and
	 * the management network both. Returns the descriptor (close-on-exec) or -errno.
	 */
	int (*socket)(struct vim *vim, int domain, int type, int protocol, struct err *err);
};

/* "local" gives the embedded VIM, everything else a cloud of clouds.yaml; NULL: not built in. */
const struct vim_ops *vim_ops_for(const char *vim_name);

/* "network", "port" ... */
const char *vim_kind_name(enum vim_kind kind);
const char *vim_state_name(enum vim_state state); /* "ACTIVE" ... */

/* Same request, same digest (hex, the caller frees): tells a changed descriptor from an unchanged
 * one. */
char *vim_request_digest(const struct vim_request *request);

void vim_object_clear(struct vim_object *o);
void vim_inventory_clear(struct vim_inventory *i);
void vim_server_info_clear(struct vim_server_info *s);
void vim_deployments_free(struct vim_deployment *v, size_t n);

#define cleanup_inventory   __attribute__((__cleanup__(vim_inventory_clear)))
#define cleanup_server_info __attribute__((__cleanup__(vim_server_info_clear)))

static inline void vim_close(struct vim *vim)
{
	if (vim)
		vim->ops->close(vim);
}
DEFINE_CLEANUP(struct vim *, cleanup_vim_fn, vim_close)
#define cleanup_vim cleanup(cleanup_vim_fn)
