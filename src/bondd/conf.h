/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/bondd.conf: lines of NAME = VALUE. None is needed. */
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
	struct ip_addr targets[DECIDE_TARGETS]; /* targets: whom to probe; none: the gateway */
	size_t n_targets;
	struct track_limits track;   /* interval: ms between two probes; fall, rise: probes */
	struct decide_limits limits; /* failback; moves: in a minute */
	char prefer[IF_NAMESIZE];    /* prefer: the leg to return to; "": the bond's primary */
	bool announce_loopback;      /* announce_loopback: the addresses on lo, too */
};

/* What holds where nothing else is said. */
void conf_init(struct conf *conf);

/*
 * The text of a file; path is for the words of errors. A line that is none of the above, or has a
 * value out of range, is -EINVAL.
 */
int conf_parse(const char *path, const char *text, struct conf *ret_conf, struct err *err);

/*
 * Adds a message for each line that is wrong, at most CONF_PROBLEMS: -EINVAL. Of a file also why it
 * cannot be read: -errno.
 */
int conf_check(const char *path, const char *text, struct strv *problems);
int conf_check_file(const char *path, struct strv *problems);

/* conf_parse of a file; a missing one is an empty one. */
int conf_read(const char *path, struct conf *ret_conf, struct err *err);
