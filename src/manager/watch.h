/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the manager has to know of a deployment to watch it: written once by `dnsvnf manage` from
 * descriptor and day-0, kept beside them in the store, read by the manager. So the manager parses
 * no XML and no day-0 file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "manager/decide.h"
#include "net/ip.h"

struct err;

enum { WATCH_VMS = 1000, WATCH_ADDRESSES = 16, WATCH_MAX = 4 << 20 };

struct watch_vm {
	char *name;    /* of the server in the VIM */
	char *group;   /* vm_group */
	char *image;   /* or NULL */
	char *network; /* of the management address, or NULL */
	struct ip_addr management;
	bool has_management;
	struct ip_addr gateway; /* of the management network: proves the way to it */
	bool has_gateway;
	struct ip_addr service[WATCH_ADDRESSES]; /* where DNS must answer */
	size_t n_service;
	char *query; /* the name to ask for */
	struct vm_policy policy;
};

struct watch {
	char *tenant, *deployment;
	char *cloud;  /* as given to --vim; NULL: the embedded VIM */
	char *region; /* of the descriptor's locator, or NULL */
	char *netns;  /* network namespace that reaches the VMs; NULL: the manager's own */
	struct watch_vm *vms;
	size_t n_vms;
};

/* The document, or NULL; the caller frees. */
char *watch_write(const struct watch *w, struct err *err);

int watch_read(const char *data, size_t len, const char *file, struct watch *ret, struct err *err);
void watch_clear(struct watch *w);
