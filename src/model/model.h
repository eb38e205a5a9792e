/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor as plain structs: ESC's data model (yang/esc.yang) in common terms. Each struct owns
 * its strings. A missing leaf is NULL, -1 or the default in the comment. `line` is the element's
 * line in struct model's file. No I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/tristate.h"
#include "model/guest.h"
#include "net/ip.h"

struct property {
	char *name, *value;
	unsigned line;
};

struct properties {
	struct property *v;
	size_t n;
};

/* Value of the property of that name, or NULL. */
const char *property_get(const struct properties *p, const char *name);

struct subnet {
	char *name;
	unsigned line;
	int ip_version; /* 4 or 6 */
	bool dhcp;
	char *address;   /* network address: "192.168.100.0", "2001:db8::" */
	unsigned prefix; /* prefix length, also if given as a netmask */
	char *gateway;   /* NULL if not given */
	bool no_gateway; /* explicitly no gateway */
};

struct network {
	char *name;
	unsigned line;
	bool shared;
	char *provider_network_type; /* "vxlan", "vlan", "flat" ...; NULL for the VIM's default */
	char *provider_physical_network;   /* physnet, or NULL */
	uint32_t provider_segmentation_id; /* VLAN id or VNI; 0 if not given */
	struct subnet *subnets;
	size_t n_subnets;

	/* Not in a descriptor: */
	unsigned mtu; /* as the VIM shows it; 0: not known */
	bool in_vim;  /* it exists, and its attributes are those that the VIM shows */
};

struct image {
	char *name;
	unsigned line;
	char *src; /* file:///..., http(s)://..., a path relative to the descriptor, or NULL */
	char *disk_format, *container_format;
	char *disk_bus;
	struct properties properties;
};

struct flavor {
	char *name;
	unsigned line;
	unsigned vcpus;
	unsigned memory_mb;
	unsigned root_disk_mb, ephemeral_disk_mb, swap_disk_mb;
	char *description;
	struct properties properties; /* Nova's extra specs: hw:numa_nodes ... */
};

enum port_type { PORT_VIRTUAL, PORT_PASSTHRU, PORT_DIRECT, PORT_MACVTAP };

struct address {
	unsigned id;
	unsigned line;
	char *subnet;     /* or NULL */
	char *ip_address; /* or NULL */
};

struct address_pair {
	char *ip_address;
	char *netmask; /* or NULL */
	unsigned line;
};

struct interface {
	unsigned nicid;
	unsigned line;
	enum port_type type;
	char *network;
	char *subnet;             /* or NULL */
	char *ip_address;         /* or NULL */
	char *mac_address;        /* or NULL */
	char *model;              /* or NULL */
	char *vim_interface_name; /* or NULL */
	struct address *addresses;
	size_t n_addresses;
	struct strv pool_addresses; /* from the group's static_ip_address_pool, without its own
				       address */
	struct address_pair *allowed_address_pairs;
	size_t n_allowed_address_pairs;
	struct strv security_groups;
	enum tristate port_security_enabled; /* TRI_UNKNOWN if not given */
	bool admin_state_up;                 /* default true */
};

struct kpi {
	char *event_name;
	unsigned line;
	char *metric_value, *metric_cond, *metric_type;
	unsigned metric_occurrences_true, metric_occurrences_false;
	char *collector_type; /* "ICMPPing" ..., or NULL */
	int collector_nicid;  /* -1 if not given */
	unsigned poll_frequency;
	char *polling_unit; /* "seconds", or NULL */
	bool continuous_alarm;
};

struct rule {
	char *event_name;
	unsigned line;
	struct strv actions;
};

struct address_pool {
	char *network;
	char *gateway, *netmask; /* or NULL */
	char *range_start, *range_end;
	unsigned line;
};

struct scaling {
	unsigned min_active, max_active; /* default 1, 1 */
	bool elastic;
	unsigned line; /* 0 if not given */
	struct address_pool *pools;
	size_t n_pools;
};

struct placement {
	char *type;        /* "zone_host", "affinity", "anti_affinity" */
	char *enforcement; /* "strict" */
	char *zone, *host;
	struct strv vm_group_refs;
	unsigned line;
};

struct variable {
	char *name;
	unsigned line;
	struct strv values; /* one per VM */
};

/* A <configuration>: a file that the guest receives at its first boot. */
struct configuration {
	/* "--user-data", an absolute path in the guest, or a relative one on the config drive */
	char *dst;
	unsigned line;
	char *file; /* as given, URL or path; exactly one of file and data is set */
	char *data;
	unsigned source_line; /* of <file>, or of the first character of <data> */
	struct variable *variables;
	size_t n_variables;

	/* Filled by day0: */
	char *path;    /* local path of `file`, or NULL */
	char *content; /* content of file or data, before variables are replaced */
	size_t content_len;
};

/* A file on the config drive, as one VM gets it. */
struct drive_file {
	char *path; /* relative */
	char *content;
	size_t len;
};

struct extension {
	char *name;
	unsigned line;
	struct properties properties;
};

struct locator {
	char *vim_id, *vim_project, *vim_region;
	unsigned line; /* 0 if not given */
};

enum action_on_recovery {
	RECOVERY_REBOOT_THEN_REDEPLOY, /* ESC's default */
	RECOVERY_REBOOT_ONLY,
	RECOVERY_REDEPLOY_ONLY,
};

struct vm_group {
	char *name;
	unsigned line;
	struct locator locator;
	char *image, *flavor; /* name or id in the VIM */
	char *vim_vm_name;    /* or NULL */
	int bootup_time;      /* seconds until VM_ALIVE is required; -1 disables monitoring */
	int reboot_time;      /* seconds; -1 for the value of bootup_time */
	int recovery_wait_time;
	enum action_on_recovery action_on_recovery;
	bool recovery_manual;
	struct interface *interfaces; /* sorted by nicid */
	size_t n_interfaces;
	struct kpi *kpis;
	size_t n_kpis;
	struct rule *rules;
	size_t n_rules;
	struct scaling scaling;
	struct placement *placements;
	size_t n_placements;
	struct configuration *configurations;
	size_t n_configurations;
	struct extension *extensions;
	size_t n_extensions;

	/* Filled by day0 from the configurations: */
	struct guest_network guest;
};

struct placement_group {
	char *name, *type, *enforcement;
	struct strv vm_groups;
	unsigned line;
};

struct deployment {
	char *name;
	unsigned line;
	struct locator locator;
	struct network *networks;
	size_t n_networks;
	struct vm_group *vm_groups;
	size_t n_vm_groups;
	struct placement_group *placement_groups;
	size_t n_placement_groups;
	struct extension *extensions;
	size_t n_extensions;
};

struct tenant {
	char *name;
	unsigned line;
	bool managed_resource; /* default true: ESC creates and deletes the VIM's project */
	bool vim_mapping;      /* default true */
	struct deployment *deployments;
	size_t n_deployments;
	struct extension *extensions;
	size_t n_extensions;
};

struct model {
	char *file; /* path of the descriptor */
	/* Folders outside the descriptor's that day-0 files may be in; NULL at the end, borrowed.
	 */
	const char *const *folders;
	struct tenant *tenants;
	size_t n_tenants;
	struct network *networks; /* top level, shared by deployments */
	size_t n_networks;
	struct image *images;
	size_t n_images;
	struct flavor *flavors;
	size_t n_flavors;
};

struct model *model_new(const char *file);
void model_free(struct model *model); /* takes NULL */

void drive_file_clear(struct drive_file *file);
void configuration_clear(struct configuration *c);
void interface_clear(struct interface *i);

/* Whether its dst is a path on the config drive: relative, and no option as --user-data is. */
bool configuration_on_drive(const struct configuration *c);

/* False when its address is missing or not of its version, or the length too large for it. */
bool subnet_prefix(const struct subnet *subnet, struct ip_prefix *ret_prefix);

/* The network of that name: the deployment's own, else one at top level, else NULL. */
const struct network *model_network(const struct model *model, const struct deployment *deployment,
				    const char *name);
const struct image *model_image(const struct model *model, const char *name);
const struct flavor *model_flavor(const struct model *model, const char *name);

/* Property of the extension "dnsvnf" of the group, else of the deployment, else NULL. */
const char *model_option(const struct deployment *deployment, const struct vm_group *group,
			 const char *name);

/* As model_option, for one port: "NAME.NICID", else "NAME". */
const char *model_port_option(const struct deployment *deployment, const struct vm_group *group,
			      const struct interface *interface, const char *name);

/*
 * Fixed address of the interface in VM number index, or NULL. The first VM gets the interface's own
 * address if it has one; the others get those of the network's static_ip_address_pool in order.
 */
const char *interface_address(const struct interface *interface, unsigned index);

/*
 * The interface in VM number index: a shallow copy with the addresses of that VM. A fixed address
 * belongs to one VM: those after the first have theirs from the pool, else from the VIM.
 */
void interface_of_vm(const struct interface *interface, unsigned index, struct interface *ret);

/* Name of VM number index in the VIM. The caller frees. */
char *vm_group_server_name(const struct deployment *deployment, const struct vm_group *group,
			   unsigned index);

/* The group's own placement of that type that names the other group (any if NULL), or NULL. */
const struct placement *vm_group_placement(const struct vm_group *group, const char *type,
					   const char *other);

/* Line of the placement or placement_group that applies to the two groups; 0 if there is none. */
unsigned placement_line(const struct deployment *deployment, const struct vm_group *a,
			const struct vm_group *b, const char *type);

/* Whether anti-affinity applies among the group's own VMs. */
bool vm_group_spread(const struct deployment *deployment, const struct vm_group *group);

/* Whether the guest has the address, by day-0 and the descriptor. *ret_unknown: they may be
 * incomplete. */
bool vm_group_has_address(const struct vm_group *group, const struct ip_addr *ip,
			  bool *ret_unknown);

/* The interface with that nicid, or NULL. */
const struct interface *vm_group_interface(const struct vm_group *group, unsigned nicid);

/* The management interface: nicid of the VM_ALIVE kpi's collector, else 0. */
unsigned vm_group_management_nicid(const struct vm_group *group);

const char *port_type_name(enum port_type type); /* "virtual", "direct" ... as ESC spells them */

#include "base/alloc.h"
DEFINE_CLEANUP(struct model *, cleanup_model_fn, model_free)
#define cleanup_model cleanup(cleanup_model_fn)
