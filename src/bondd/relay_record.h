/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the relay has changed on this host, in a file that is written before the change, so that
 * whoever comes after a kill can restore it.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/rtnl_vf.h"

struct err;

#define RELAY_DIR    "/run/bondd-relay"
#define RELAY_RECORD "held.json"

struct relay_record {
	char pf[IF_NAMESIZE]; /* "": nothing is held */
	int index;            /* of its link */
	bool pf_down;         /* the PF itself was set down, else its VFs were disabled */
	struct relay_record_vf {
		unsigned index;
		enum vf_link_state before; /* auto or enable */
	} vfs[RTNL_VFS_MAX];
	size_t n_vfs;
};

/* Replaces the file in that folder, or removes it if nothing is held. */
int relay_record_write(const char *dir, const struct relay_record *record, struct err *err);

/*
 * Nothing is held if there is no file. -EINVAL: it is not one that relay_record_write() wrote, and
 * nothing of it is used.
 */
int relay_record_read(const char *dir, struct relay_record *ret_record, struct err *err);

/* The bytes of such a file; name is for error messages. */
int relay_record_parse(const char *text, size_t len, const char *name,
		       struct relay_record *ret_record, struct err *err);
