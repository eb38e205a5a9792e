/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/dnsvnf/dnsvnfd.conf, lines of NAME = VALUE, all optional. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "net/ip.h"

struct err;

#define MANAGER_CONF   "/etc/dnsvnf/dnsvnfd.conf"
#define MANAGER_SOCKET "/run/dnsvnf/manager.sock"
#define MANAGER_STORE  "/var/lib/dnsvnf/manager"

enum manager_heal {
	HEAL_WATCH, /* records what would be done, and does nothing */
	HEAL_ON,
};

/* An address that proves the way to a network, besides its gateway. */
struct manager_control {
	char *network; /* as `dnsvnf status --watch` names it */
	struct ip_addr address;
};

struct manager_conf {
	enum manager_heal heal;
	char *store;            /* folder */
	char *socket;           /* path of the control socket */
	char *listen;           /* "ADDRESS:PORT" of /metrics; NULL: nowhere */
	char *dnsvnf;           /* path of the program whose verbs change the cloud */
	char *operators;        /* group whose members may use the socket, besides root; or NULL */
	unsigned jobs;          /* at once, of those that change something */
	unsigned look_s;        /* from one question to the VIM to the next */
	unsigned job_minutes;   /* that a job may take */
	unsigned drift_minutes; /* from one comparison with the VIM to the next */
	unsigned settle_s;      /* after a start nothing is healed */
	struct manager_control *controls;
	size_t n_controls;
};

void manager_conf_init(struct manager_conf *conf);
void manager_conf_clear(struct manager_conf *conf);

/* Parses the text of a file on top of *conf; path is for errors. -EINVAL: "PATH:LINE: ...". */
int manager_conf_parse(const char *path, const char *text, struct manager_conf *conf,
		       struct err *err);

/* The same for a file; a missing one counts as empty unless it must exist. */
int manager_conf_read(const char *path, bool must_exist, struct manager_conf *conf,
		      struct err *err);
