/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links that a day-0 file defines, one per dialect and interface, before they are merged into
 * bonds with legs and VLANs, and NICs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"
#include "base/text.h"
#include "model/guest.h"

struct command;

enum link_kind {
	LINK_ETHERNET,
	LINK_BOND,
	LINK_VLAN,
	LINK_UPPER, /* a bridge, macvlan or ipvlan: its addresses are those of the link below it */
	LINK_LOCAL, /* lo or a dummy interface */
	LINK_OTHER,
};

/* The stage in which cloud-init runs the part that is being read. */
enum day0_stage {
	STAGE_BOOT,    /* boothooks and bootcmd */
	STAGE_FILES,   /* write_files */
	STAGE_SCRIPTS, /* scripts and runcmd */
	N_STAGES,
};

/* The programs that read network files, as bits: what a file needs, and what a command applies. */
enum {
	APPLY_NETPLAN = 1 << 0,
	APPLY_NETWORK_MANAGER = 1 << 1,
	APPLY_NETWORKD = 1 << 2,
	APPLY_IFUP = 1 << 3,
	APPLY_WICKED = 1 << 4,
	APPLY_CLOUD_INIT = 1 << 5,
	/* a reboot; cloud-init sets the network up on the first boot only */
	APPLY_ALL =
		APPLY_NETPLAN | APPLY_NETWORK_MANAGER | APPLY_NETWORKD | APPLY_IFUP | APPLY_WICKED,
};

/* A network file that day-0 writes. */
struct network_file {
	char *path;
	const char *file; /* not owned */
	unsigned line;
	unsigned needs; /* APPLY_* bits, any of which is enough */
	enum day0_stage stage;
	bool applied;
};

struct guest_link {
	enum link_kind kind;
	enum dialect dialect;
	const char *file; /* not owned */
	unsigned line;
	char *id;          /* its name in the dialect (connection name, netplan id), or NULL */
	char *uuid;        /* NetworkManager's, or NULL */
	char *name;        /* interface name, or NULL */
	char *mac;         /* or NULL */
	char *master;      /* name, id or UUID of its bond, or NULL */
	char *parent;      /* for LINK_VLAN, or LINK_UPPER with one port: name, id or UUID */
	bool bridged;      /* master is a bridge */
	struct strv ports; /* for LINK_UPPER: names or ids of the links below it */
	int vlan_id;
	bool of_ifupdown; /* set up by commands in ifupdown's files */
	bool several;     /* it matches any number of interfaces, such as "ens*" */
	int mtu;
	struct guest_addresses addresses;
	struct bond bond; /* for LINK_BOND: options only; names, legs and addresses are unused */
};

/* A file that day-0 writes in the guest. */
struct guest_file {
	char *path;
	struct text text;
	bool pending; /* written by the script that is being read, which may append to it */
	bool running; /* as a script */
	bool partial; /* appended to what the image has */
	bool edited;  /* by a script, in a way that is not read */
	bool exposed; /* its mode gives others rights */
};

/* A script that a file has, as "up" of ifupdown: still to be read. */
struct deferred_script {
	struct text text;
	bool of_ifupdown;
};

struct guest_links {
	struct guest_link *v;
	size_t n;
	struct guest_file *files;
	size_t n_files;
	bool umask_private;   /* scripts create files that only their owner may read */
	unsigned depth, runs; /* of scripts that run others; of all scripts */
	struct deferred_script *scripts;
	size_t n_scripts;
	bool of_ifupdown; /* what is being read */
	bool ambiguous;   /* scripts set up one of several networks: none of the links is certain */
	struct guest_unread *unread;
	size_t n_unread;
	bool incomplete;            /* as in struct guest_network */
	enum day0_stage stage;      /* of what is being read */
	unsigned applied[N_STAGES]; /* APPLY_* bits of the commands in each stage */
	struct network_file *written;
	size_t n_written;
};

/*
 * Records a program or file that sets up the network (likely) or may do so, and that is not read:
 * "what" names it, "why" is a clause. Only the first 64 are kept.
 */
void links_unread(struct guest_links *links, const struct text *text, size_t line, bool likely,
		  const char *what, const char *why);

/*
 * Adds a link. It is valid until the next one is added. Above the limit of 1024 links the last one
 * is overwritten.
 */
struct guest_link *link_add(struct guest_links *links, enum link_kind kind, enum dialect dialect,
			    const struct text *text, size_t line);

/* Stores a script that is read later; s begins in that line of text. At most 256 are stored. */
void links_defer_script(struct guest_links *links, const struct text *text, size_t line,
			const char *s, bool of_ifupdown);

/* The dialect's link with that id, else with that interface name; NULL if there is none. */
struct guest_link *link_find(struct guest_links *links, enum dialect dialect, const char *id);

/* The link with an address on the gateway's network; NULL if none is known. */
struct guest_link *link_towards(struct guest_links *links, const char *gateway);

void link_remove(struct guest_links *links, struct guest_link *link);

/* Removes what the text, which is changed later in an unknown way, has defined: links, findings. */
void links_forget(struct guest_links *links, const struct text *text, struct findings *findings);

void links_clear(struct guest_links *links);

/*
 * Gives the addresses of aliases ("eth0:1") to their interface, those of bridges, macvlans and
 * ipvlans to the link below, and puts those of lo and dummy interfaces into *ret.
 */
void links_fold(struct guest_links *links, struct guest_addresses *ret);

/* Merges the links into bonds, legs, VLANs and NICs. Contradictions become findings. */
void links_resolve(struct guest_links *links, struct guest_network *ret, struct findings *findings);

/* Records that day-0 writes a file, if it is one of the network that needs one of these APPLY_*
 * bits (links_written: by its path). */
void links_file(struct guest_links *links, const char *path, const struct text *text,
		unsigned needs);
void links_written(struct guest_links *links, const char *path, const struct text *text);

/* Records that the programs with these APPLY_* bits read their files again now. */
void links_apply(struct guest_links *links, unsigned bits);

/* Calls links_apply if the command makes programs read their files (command_reads_files). */
bool command_reads_files(const struct command *c);
void command_applies(struct guest_links *links, const struct command *c);

/* Reports files that nothing applies, unless something that is not read may do so. */
void links_check_applied(const struct guest_links *links, struct findings *findings);

/* Reports keyfiles whose mode NetworkManager refuses, unless something that is not read may change
 * it. */
void links_check_modes(const struct guest_links *links, struct findings *findings);

/* Moves all addresses, gateways and routes of one to the other. */
void addresses_move(struct guest_addresses *from, struct guest_addresses *to);

void string_set(char **p,
		const char *s); /* Replaces a string and frees the old one. s may be NULL. */

/*
 * Sets a bond option by the driver's name ("miimon", "fail_over_mac"; "-" equals "_"). Unknown
 * options and values become findings.
 */
void bond_option(struct bond *bond, const char *name, const char *value, const struct text *text,
		 size_t line, struct findings *findings);

/* Sets options from "mode=active-backup,miimon=100", separated by any of the given characters. */
void bond_options(struct bond *bond, const char *options, const char *separators,
		  const struct text *text, size_t line, struct findings *findings);

enum address_form {
	ADDRESS_ALONE,       /* "192.0.2.1" */
	ADDRESS_WITH_PREFIX, /* "192.0.2.1/24" */
};

/* Reports an invalid address or a placeholder. family is 4, 6, or 0 for both. */
void address_check(const char *s, int family, enum address_form form, const struct text *text,
		   size_t line, struct findings *findings);

/* Whether s is a placeholder: "xx.xx.xx.xx/29", "2402:xxxx::5", "<address>", "10.0.0.x". */
bool is_placeholder(const char *s);

/* Reports an invalid MAC address. */
void mac_check(const char *s, const struct text *text, size_t line, struct findings *findings);

/* An MTU in bytes; 0 (unset) for any other text. */
int mtu_parse(const char *s);

/* Reports an invalid VLAN id. *ret is left as it is for that, and for a variable of the shell. */
void vlan_id_read(const char *s, const struct text *text, size_t line, struct findings *findings,
		  int *ret);

/* The address family, 4 or 6; 0 if neither. A prefix length is ignored. */
int address_family(const char *s);
