/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/bondd.conf, lines of NAME = VALUE, all optional; and /etc/bondd-relay.conf, the same for
 * `bondd relay`.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "bondd/decide.h"
#include "bondd/listen.h"
#include "bondd/relay_decide.h"
#include "bondd/track.h"
#include "net/ip.h"

struct err;
struct strv;

#define CONF_PROBLEMS    20
#define BONDD_RELAY_CONF "/etc/bondd-relay.conf"

enum conf_file { CONF_MONITOR, CONF_RELAY };

/* Of bondd-relay.conf only. */
struct relay_conf {
	struct relay_conf_pf {
		char name[IF_NAMESIZE]; /* pf: the PF, and the interface to probe from */
		char probe[IF_NAMESIZE];
	} pfs[RELAY_PFS];
	size_t n_pfs;
	unsigned vlan;      /* vlan: tag of probes from a PF itself; 0: none */
	unsigned hold_down; /* hold_down: s */
	unsigned holds;     /* holds: in 10 minutes */
	bool pf_down;       /* means: the PF is set down, not its VFs */
	bool enabled_vfs;   /* enabled_vfs: also VFs whose link state is enable */
};

struct conf {
	struct listen listen;                   /* listen: of the status service */
	struct ip_addr targets[DECIDE_TARGETS]; /* targets: addresses to probe; none: the gateway */
	size_t n_targets;
	struct track_limits track;   /* interval: ms between two probes; fall, rise: probes */
	struct decide_limits limits; /* failback; moves: in a minute */
	char prefer[IF_NAMESIZE];    /* prefer: the leg to return to; "": the bond's primary */
	bool announce_loopback;      /* announce_loopback: also announce the addresses on lo */
	struct relay_conf relay;
};

/* Sets the defaults. */
void conf_init(struct conf *conf);

/*
 * Parses the text of a file; path is for error messages. -EINVAL: unknown setting or value out of
 * range; of the relay's also: less than two PFs, or no target.
 */
int conf_parse(enum conf_file file, const char *path, const char *text, struct conf *ret_conf,
	       struct err *err);

/*
 * Adds a message for each invalid line, at most CONF_PROBLEMS: -EINVAL. For a file also why it
 * cannot be read: -errno.
 */
int conf_check(enum conf_file file, const char *path, const char *text, struct strv *problems);
int conf_check_file(enum conf_file file, const char *path, struct strv *problems);

/* conf_parse of a file; a missing BONDD_CONF counts as empty, a file with another name must exist.
 */
int conf_read(enum conf_file file, const char *path, struct conf *ret_conf, struct err *err);
