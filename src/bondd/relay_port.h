/* SPDX-License-Identifier: Apache-2.0 */
/* One PF of the relay: the path that is probed from it, and its VFs. */
#pragma once

#include "bondd/leg.h"
#include "net/rtnl_vf.h"

struct kernel;

struct relay_port {
	const struct relay_conf_pf *conf;
	int index;       /* of the PF's link; 0: it does not exist */
	bool up;         /* administratively */
	struct leg *leg; /* on the interface that is probed from; index 0: it does not exist */
	struct targets targets;
	struct rtnl_vf *vfs;
	size_t n_vfs;
	enum tristate settable; /* the driver can set the link state of a VF */
	char *told;             /* the last message about its VFs, to log it once */
	char *complaint;        /* the same for failures */
	uint64_t holds;         /* how often its links were taken away */
	uint64_t given_up;      /* links that somebody else has set meanwhile */
};

/* leg, pf and conf must outlive it. */
void relay_port_init(struct relay_port *p, struct leg *leg, const struct relay_conf_pf *pf,
		     const struct conf *conf);

/* From the tables. */
void relay_port_update(struct relay_port *p, const struct tables *t, int epoll, int64_t now);

/*
 * Reads its VFs; if it is not known whether the driver can set their link state, finds out by
 * setting one to the state that it has. Logs what the relay will not do.
 */
void relay_port_look(struct relay_port *p, struct kernel *kernel, const struct relay_conf *conf);

/* Whether the relay may disable the VF: its state follows the PF's link, or the configuration has
 * enabled_vfs; and the probes are not sent from it. */
bool relay_port_may_disable(const struct relay_port *p, const struct rtnl_vf *vf,
			    const struct relay_conf *conf);

/* Whether there is a link to take away. */
bool relay_port_may_hold(const struct relay_port *p, const struct relay_conf *conf);

void relay_port_clear(struct relay_port *p);
