/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's network as defined by day-0 files, independent of the dialect: nmcli commands and
 * keyfiles, ifcfg files, netplan, cloud-init's network config, networkd, ifupdown, ip commands. No
 * I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct text;

enum dialect {
	DIALECT_NMCLI,
	DIALECT_IFCFG,
	DIALECT_NETPLAN,
	DIALECT_CLOUD_INIT_V1,
	DIALECT_CLOUD_INIT_V2,
	DIALECT_NETWORKD,
	DIALECT_IFUPDOWN,
	DIALECT_IPROUTE, /* "ip" commands and files below /sys/class/net */
};

/* Option values of the bonding driver, with the names of Documentation/networking/bonding.rst. */
enum bond_mode {
	BOND_MODE_UNSET, /* the driver's default, balance-rr */
	BOND_MODE_BALANCE_RR,
	BOND_MODE_ACTIVE_BACKUP,
	BOND_MODE_BALANCE_XOR,
	BOND_MODE_BROADCAST,
	BOND_MODE_8023AD,
	BOND_MODE_BALANCE_TLB,
	BOND_MODE_BALANCE_ALB,
};

enum fail_over_mac {
	FAIL_OVER_MAC_UNSET,
	FAIL_OVER_MAC_NONE,
	FAIL_OVER_MAC_ACTIVE,
	FAIL_OVER_MAC_FOLLOW
};

/* Something that sets up the guest's network, or may, and that is not read. */
struct guest_unread {
	char *what; /* "ansible-pull", "/etc/dhcpcd.conf" ... */
	char *why;  /* "its playbook is not in day-0" ... */
	char *file;
	unsigned line;
	bool likely; /* it is about the network; else it is any program that may change it */
};

struct bond_leg {
	char *name; /* interface name; NULL if matched by MAC only */
	char *mac;  /* or NULL */
	char *file; /* file of `line`: the day-0 file, or one that it contains */
	unsigned line;
	int mtu; /* 0 if unset */
};

/* Addresses of one interface in the guest: NIC, bond or VLAN. */
struct guest_addresses {
	char **v; /* "172.16.1.10/24", "2001:db8::5/64"; invalid text is kept as it is */
	size_t n;
	char *gateway4, *gateway6; /* or NULL */
	bool on_link;       /* a gateway outside these networks is declared to be on the link */
	bool on_link_added; /* the program adds a route to such a gateway (NetworkManager, ifup) */
	bool dhcp4, dhcp6;
	bool routes; /* has other routes than the default route, or routing rules */
};

struct guest_vlan {
	char *name;
	int id; /* 1..4094 */
	char *file;
	unsigned line;
	int mtu; /* 0 if unset */
	struct guest_addresses addresses;
};

struct bond {
	char *name;
	enum dialect dialect;
	char *file;
	unsigned line;
	int mtu; /* 0 if unset */
	enum bond_mode mode;
	int miimon;       /* ms; -1 if unset */
	int downdelay;    /* ms; -1 if unset */
	int arp_interval; /* ms; -1 if unset */
	struct strv arp_ip_targets;
	char *arp_validate;     /* none, active, backup, all ..., or NULL */
	int num_grat_arp;       /* same as num_unsol_na; -1 if unset */
	bool all_slaves_active; /* also deliver frames that arrive on a backup leg */
	enum fail_over_mac fail_over_mac;
	char *primary;          /* leg's name, or NULL */
	char *primary_reselect; /* always, better, failure, or NULL */
	bool options_unknown;   /* an option's value is known in the guest only */
	struct bond_leg *legs;
	size_t n_legs;
	bool legs_unknown; /* it has others that are known in the guest only */
	struct guest_addresses addresses;
	struct guest_vlan *vlans;
	size_t n_vlans;
};

/* An interface that is not a leg, a bond or a VLAN on a bond. */
struct guest_nic {
	char *name; /* or NULL */
	char *mac;  /* or NULL */
	enum dialect dialect;
	char *file;
	unsigned line;
	int mtu; /* 0 if unset */
	struct guest_addresses addresses;
};

/* First use of a dialect. */
struct guest_dialect {
	enum dialect dialect;
	char *file;
	unsigned line;
};

/* A file that day-0 writes in the guest. */
struct written_file {
	char *path;
	struct text *text; /* variables have the values of the first VM */
	bool partial;      /* appended to what the image has, or to another file */
};

struct guest_network {
	bool incomplete; /* a day-0 file is wrong or missing, which has its own finding */
	struct guest_unread *unread;
	size_t n_unread;
	struct bond *bonds;
	size_t n_bonds;
	struct guest_nic *nics;
	size_t n_nics;
	struct guest_addresses local;   /* of lo and dummies: answered on every interface */
	struct guest_dialect *dialects; /* in order of appearance */
	size_t n_dialects;
	struct written_file *written; /* the last one of each path */
	size_t n_written;
};

/*
 * Whether what is not in this model may be in the guest all the same: a bond, a leg, an option.
 * Rules must not conclude from its absence then.
 */
bool guest_is_partial(const struct guest_network *g);

/* As guest_is_partial, or a program runs that may set up anything while a bond is missing, or has
 * fewer than two legs. */
bool guest_may_have_bond(const struct guest_network *g);

/* Contains a variable of the shell, jinja or ESC: the value is known in the guest only. */
bool has_variable(const char *s);

void guest_unread_clear(struct guest_unread *u);
/* The file of that path, or NULL. */
const struct written_file *guest_written_find(const struct guest_network *g, const char *path);

void written_file_clear(struct written_file *file);
void guest_addresses_clear(struct guest_addresses *a);
void guest_network_clear(struct guest_network *g);

const char *dialect_name(enum dialect dialect);            /* "nmcli", "ifcfg", "netplan" ... */
const char *bond_mode_name(enum bond_mode mode);           /* "active-backup" ..., "unset" */
const char *fail_over_mac_name(enum fail_over_mac policy); /* "none", "active", "follow", "unset" */

/* By the driver's name ("active-backup") or number ("1"). -EINVAL if unknown. */
int bond_mode_parse(const char *s, enum bond_mode *ret);
int fail_over_mac_parse(const char *s, enum fail_over_mac *ret);
