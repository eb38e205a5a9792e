/* SPDX-License-Identifier: Apache-2.0 */
/* A new design from a few answers: the descriptor as a model, and its day-0 files. */
#pragma once

#include <stddef.h>

#include "net/ip.h"

struct err;
struct model;
struct vm_group;

enum draft_dialect { DRAFT_NMCLI, DRAFT_KEYFILE, DRAFT_NETPLAN, DRAFT_IFCFG };

enum { DRAFT_LEGS_MAX = 2, DRAFT_VMS_MAX = 16 };

/* An address with its network and gateway; version 0: none. */
struct draft_net {
	struct ip_prefix address; /* of the first VM; the others have the following ones */
	struct ip_addr gateway;   /* version 0: none */
};

struct draft {
	const char *tenant, *name; /* of the deployment */
	const char *image, *flavor;
	unsigned vms;  /* 1 to DRAFT_VMS_MAX; each is a separate vm_group, on different hosts */
	unsigned legs; /* 1: one SR-IOV port without a bond; 2 */
	enum draft_dialect dialect;
	struct draft_net management;        /* the default route is that of the service */
	struct ip_prefix operators;         /* behind the management gateway; version 0: none */
	struct draft_net service, service6; /* IPv4 and IPv6; one may be missing */
	unsigned vlan;                      /* of the service networks; 0: untagged */
	const char *physnets[DRAFT_LEGS_MAX];
	/* Existing networks: management, then one for each leg; [0] NULL: networks are defined. */
	const char *networks[1 + DRAFT_LEGS_MAX];
	const char *zone;    /* "example.test" */
	const char *ssh_key; /* a line of authorized_keys, or NULL */
};

struct draft_file {
	char *path; /* relative to the descriptor */
	char *content;
	size_t len;
};

struct draft_files {
	struct draft_file *v;
	size_t n;
};

/*
 * The caller frees both. The model refers to the files, and its MAC addresses are derived from
 * tenant and name.
 */
struct model *draft_make(const struct draft *draft, struct draft_files *ret_files);
void draft_files_clear(struct draft_files *files);

/* Adds ESC's KPI VM_ALIVE with its rule: echoes to the address of that interface. */
void draft_monitoring(struct vm_group *group, int nicid);

/*
 * Writes dep.xml and the files to the folder, which is created. Existing files are not replaced; on
 * error none of the new ones is left. mode: of the day-0 files, as in open(2).
 */
int draft_write(const char *folder, const struct model *model, const char *comment,
		const struct draft_files *files, unsigned mode, struct err *err);

#define cleanup_draft_files __attribute__((__cleanup__(draft_files_clear)))
