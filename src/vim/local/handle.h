/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded VIM's handle of one deployment: shared by the files of this folder. */
#pragma once

#include "vim/local/address.h"
#include "vim/local/qemu.h"
#include "vim/local/segment.h"
#include "vim/local/store.h"
#include "vim/vim.h"

struct netlink;

struct local {
	struct vim vim; /* must be first: callers have a pointer to it */
	struct store store;
	int netns;                 /* the deployment's; -1: not open */
	struct netlink *blackhole; /* while open, a path drops all packets */
	bool probed;
	struct qemu qemu; /* when probed */
};

/* Opens local->netns, and creates the namespace if make is true; -ENOENT if it does not exist. */
int local_netns(struct local *local, bool make, struct err *err);

/* Probes QEMU once; an event reports the acceleration. */
int local_qemu(struct local *local, struct err *err);

/* net.c: creates networks, subnets and ports in the namespace from their records. */
int net_network_create(struct local *local, const struct records *records, struct record *network,
		       struct err *err);
int net_subnet_create(struct local *local, const struct records *records,
		      const struct record *subnet, struct err *err);
int net_subnet_destroy(struct local *local, const struct records *records,
		       const struct record *subnet, struct err *err);
/* Sets MAC, addresses and tap in port->made, saves the record, creates the tap. */
int net_port_create(struct local *local, const struct records *records, struct record *port,
		    struct err *err);
/* After removal of a network's record: removes bridges and links that no other network needs. */
int net_prune(struct local *local, const struct records *records, struct err *err);
int net_port_destroy(struct local *local, const struct record *port, struct err *err);
/* Whether it exists in the kernel. *ret_in_use: QEMU has the port's tap open. */
bool net_present(struct local *local, const struct records *records, const struct record *record,
		 bool *ret_in_use);
/* The two ends of the uplink behind the port; -ENOTSUP: its network has none. */
int net_port_uplink(const struct records *records, const struct record *port,
		    struct segment_uplink *ret, struct err *err);
/* Physnets of all networks. */
void net_physnets(const struct records *records, struct physnets *ret);
/* server.c */
struct server_state {
	enum vim_state state;
	const char *status;      /* Nova's status, static */
	const char *power_state; /* as in vim.h, static, or NULL */
	char *fault;             /* or NULL */
	enum vim_fault fault_class;
	const char *action, *action_user; /* as in vim.h, static or of the record */
	char *hypervisor;                 /* or NULL */
	struct process process;
};

int server_create(struct local *local, const struct vim_request *request, struct records *records,
		  struct record *server, struct err *err);
int server_look(struct local *local, const struct record *server, struct server_state *ret,
		struct err *err);
int server_info(struct local *local, const struct records *records, const struct record *server,
		struct vim_server_info *ret, struct err *err);
int server_destroy(struct local *local, const struct record *server, struct err *err);
/* Stops the server, and keeps its old disk, record and changed ports (of ports_note; owned). */
int server_change_begin(struct local *local, struct record *server, json_t *ports, unsigned changes,
			struct err *err);
/* Then: starts it as requested. */
int server_change_end(struct local *local, const struct vim_request *request,
		      struct records *records, struct record *server, unsigned changes,
		      struct err *err);
/* After a change: removes the old disk and record. */
int server_keep(struct local *local, struct record *server, struct err *err);
/* Or stops it, with its old disk and record; *ret_ports (owned, or NULL) were its changed ports. */
int server_back_begin(struct local *local, struct record *server, json_t **ret_ports,
		      struct err *err);
/* Starts it with the disk that it has, as in its record; also after server_back_begin. */
int server_start_again(struct local *local, struct records *records, struct record *server,
		       struct err *err);
/*
 * With its disk and ports; from before QEMU ends until it runs again, the record's `stopped` is
 * what was asked for: "stop", "start", "reboot".
 */
int server_power(struct local *local, struct records *records, struct record *server,
		 enum vim_power power, struct err *err);
/* The user data that it was created with, "" for none; NULL: unknown. The caller frees. */
char *server_user_data(struct local *local, const struct record *server);
int server_set_link(struct local *local, const struct record *server, struct record *port, bool up,
		    struct err *err);
int server_console(struct local *local, const struct record *server, char **ret_text,
		   struct err *err);

/* ports.c: the server's changed ports as they are, for ports_swap_back; owned. */
json_t *ports_note(const struct records *records, const struct vim_request *server);
/* Changes them; records and pointers to them move. */
int ports_swap(struct local *local, const struct vim_request *server, struct records *records,
	       struct err *err);
int ports_swap_back(struct local *local, const struct vim_request *server, struct records *records,
		    const json_t *noted, struct err *err);

/* object.c: one object with its record. */
int local_create_one(struct local *local, const struct vim_request *request,
		     struct records *records, struct err *err);
int local_destroy_one(struct local *local, struct records *records, const struct vim_object *object,
		      struct err *err);

/* The request's flavor, else the recorded one, read into *store; NULL: none. */
const struct flavor *local_flavor(const struct vim_request *server, const struct records *records,
				  struct flavor *store);
void local_flavor_read(const char *name, const json_t *spec, struct flavor *store);
void local_flavor_clear(struct flavor *store);

/* servers.c: an operation of vim.h. */
int local_servers(struct vim *vim, const char *since, struct vim_server_list *ret, struct err *err);

/* facts.c: an operation of vim.h. */
int local_facts(struct vim *vim, const struct vim_request *requests, size_t n,
		struct cloud_facts *ret, struct err *err);
