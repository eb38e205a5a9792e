/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule of a deployment: host, NUMA nodes, CPUs and VFs of each server, or the reasons why
 * no host fits and what would help. The rules of placement/fit.h are applied to one server after
 * the other, with server groups, zone_host and the VIM's data (placement/facts.h). explain, plan,
 * deploy and draw all show this result. Pure.
 *
 * If several hosts fit, the first by name is selected; Nova's weighers may choose another.
 * Resources of servers that deploy removes first count as in use: if no host fits with them, the
 * result is unknown.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "placement/explain.h"
#include "placement/host_json.h"

struct cloud_facts;
struct deployment;
struct model;
struct strbuf;
struct strv;
struct vm_group;

/* A server of the deployment. */
struct wanted_server {
	char *name;
	const struct vm_group *group;
	unsigned index; /* which VM of the group */
	const char *server_group;
	const char *policy; /* of the server group: "anti-affinity" ...; NULL: no group */
	bool stays;         /* it exists, and its usage is included in the hosts */
	const char *host;   /* of a kept server; NULL: unknown. Borrowed */
};

struct schedule_request {
	const struct model *model;
	const struct deployment *deployment;
	struct wanted_server *v;
	size_t n;
	bool frees_capacity; /* servers are removed before these are created */
};

/* All servers of the deployment, as if none existed. model must outlive *ret. */
void schedule_request_make(const struct model *model, const struct deployment *deployment,
			   struct schedule_request *ret);
struct wanted_server *schedule_request_find(struct schedule_request *request, const char *name);
void schedule_request_clear(struct schedule_request *request);

enum schedule_verdict {
	SCHEDULE_FITS,
	SCHEDULE_NOWHERE,
	SCHEDULE_UNKNOWN, /* the request or the hosts are unknown; see why */
};

/* Why a host is excluded although Nova's filters would accept it. */
enum veto {
	VETO_NONE,
	VETO_ZONE_HOST, /* the descriptor names another */
	VETO_APART,     /* anti-affinity */
	VETO_TOGETHER,  /* affinity */
	VETO_BRIDGE,    /* a virtual port's physnet has no bridge there: its binding fails */
};

struct scheduled_server {
	const struct wanted_server *server; /* of the request */
	enum schedule_verdict verdict;
	char *why; /* what the hosts do not show: Nova's words, a port that no host can serve; or
		      NULL. The explanation's counterfactuals alone do not help then. */
	struct fit_request request;
	struct compute_hosts hosts;     /* at the time when this server is placed */
	struct explanation explanation; /* of hosts */
	enum veto *vetoes;              /* one a host */
	size_t host;                    /* selected; hosts.n: none */
	size_t n_others;                /* other hosts that fit */
};

struct schedule {
	struct scheduled_server *v;
	size_t n;
};

/* Schedules the request's new servers. facts may be NULL. request must outlive *ret. */
void schedule_make(const struct schedule_request *request, const struct compute_hosts *hosts,
		   const struct cloud_facts *facts, struct schedule *ret);
void schedule_clear(struct schedule *schedule);

size_t schedule_count(const struct schedule *schedule, enum schedule_verdict verdict);

/* The server of that name, or NULL. */
const struct scheduled_server *schedule_find(const struct schedule *schedule, const char *name);

/*
 * The PCI address of the device of port number i (of s->request.ports), or NULL: unknown. s must
 * have a host.
 */
const char *scheduled_device(const struct scheduled_server *s, size_t i);

#define CAPACITY_MAX 4096

/* How often the whole deployment fits, and what limits it. */
struct capacity {
	unsigned n;        /* CAPACITY_MAX: at least */
	unsigned *servers; /* number of its servers on each host */
	struct scheduled_server
		stop; /* the first server of the next deployment that fits on no host, with the
			 hosts' usage at that point; verdict SCHEDULE_FITS: none */
};

void capacity_make(const struct schedule_request *request, const struct compute_hosts *hosts,
		   const struct cloud_facts *facts, struct capacity *ret);
void capacity_clear(struct capacity *capacity);

/* "cell 0 on node 0 (2 MiB pages, vCPUs 0,1 on CPUs 2,3); port 2 on a VF of sriov0 on node 0". */
void scheduled_format_place(const struct scheduled_server *s, struct strbuf *b);

/* Appends why hosts.v[host] is not selected. */
void scheduled_reasons(const struct scheduled_server *s, size_t host, struct strv *reasons);

/* The same as one text, joined by "; ". */
void scheduled_format_reasons(const struct scheduled_server *s, size_t host, struct strbuf *b);

#define cleanup_schedule_request __attribute__((__cleanup__(schedule_request_clear)))
#define cleanup_schedule         __attribute__((__cleanup__(schedule_clear)))
#define cleanup_capacity         __attribute__((__cleanup__(capacity_clear)))
