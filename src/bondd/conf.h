/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/bondd.conf: lines of NAME = VALUE, all optional. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "bondd/decide.h"
#include "bondd/listen.h"
#include "bondd/track.h"
#include "net/ip.h"

struct err;
struct strv;

#define CONF_PROBLEMS 20

struct conf {
	struct listen listen;                   /* listen: of the status service */
	struct ip_addr targets[DECIDE_TARGETS]; /* targets: addresses to probe; none: the gateway */
	size_t n_targets;
	struct track_limits track;   /* interval: ms between two probes; fall, rise: probes */
	struct decide_limits limits; /* failback; moves: in a minute */
	char prefer[IF_NAMESIZE];    /* prefer: the leg to return to; "": the bond's primary */
	bool announce_loopback;      /* announce_loopback: also announce the addresses on lo */
};

/* Sets the defaults. */
void conf_init(struct conf *conf);

/*
 * Parses the text of a file; path is for error messages. -EINVAL: unknown setting or value out of
 * range.
 */
int conf_parse(const char *path, const char *text, struct conf *ret_conf, struct err *err);

/*
 * Adds a message for each invalid line, at most CONF_PROBLEMS: -EINVAL. For a file also why it
 * cannot be read: -errno.
 */
int conf_check(const char *path, const char *text, struct strv *problems);
int conf_check_file(const char *path, struct strv *problems);

/* conf_parse of a file; a missing file counts as empty. */
int conf_read(const char *path, struct conf *ret_conf, struct err *err);
