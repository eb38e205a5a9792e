/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of servers that are waited for, in the deployment's networks, side by side. */
#pragma once

#include "probe/probes.h"

struct alive_probes;
struct err;
struct vim;

enum { ALIVE_ROUND_MS = 500 }; /* from one probe of an address to the next */

/* vim is borrowed; its sockets are opened with the first probe. */
struct alive_probes *alive_probes_new(struct vim *vim);
void alive_probes_free(struct alive_probes *p); /* with all of its probes; takes NULL */

/*
 * NULL, with err: it cannot be asked. An echo needs a ping socket, where ping_group_range permits
 * it, or a raw one (CAP_NET_RAW).
 */
struct probe *alive_probe_echo(struct alive_probes *p, const char *address, struct err *err);
struct probe *alive_probe_dns(struct alive_probes *p, const char *address, const char *name,
			      struct err *err);

/* probe may be NULL: it never answered. */
struct probe_view alive_probe_look(const struct alive_probes *p, const struct probe *probe);

/* What was seen is forgotten; NULL: nothing was. */
void alive_probe_restart(struct alive_probes *p, struct probe *probe);
void alive_probe_end(struct alive_probes *p, struct probe **probe);

/* Sends, and takes answers, until that time (base/clock.h). True: before it, at an answer. */
bool alive_probes_run(struct alive_probes *p, int64_t until);
