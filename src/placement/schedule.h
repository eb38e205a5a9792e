/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule of a deployment: host, NUMA nodes, CPUs and VFs of each of its servers, or the
 * reasons why no host takes it and what would help. The rules of placement/fit.h are applied to one
 * server after the other, with what the deployment says beyond a single server (server groups,
 * zone_host) and what the VIM knows (placement/facts.h). explain, plan, deploy and draw all show
 * this result. Pure.
 *
 * If several hosts fit, the first by name is taken; Nova's weighers may choose another. What the
 * servers hold that deploy removes first counts as in use: if no host fits beside them, the answer
 * is unknown.
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

/* A server that the deployment asks for. */
struct wanted_server {
	char *name;
	const struct vm_group *group;
	unsigned index; /* which VM of the group */
	const char *server_group;
	const char *policy; /* of the server group: "anti-affinity" ...; NULL: it is in none */
	bool stays;         /* it is there already, and what it uses is in the hosts */
	const char *host;   /* of one that stays; NULL: not known. Borrowed */
};

struct schedule_request {
	const struct model *model;
	const struct deployment *deployment;
	struct wanted_server *v;
	size_t n;
	bool frees_capacity; /* servers are removed before these are made */
};

/* All servers of the deployment, as if none was there. model must outlive *ret. */
void schedule_request_make(const struct model *model, const struct deployment *deployment,
			   struct schedule_request *ret);
struct wanted_server *schedule_request_find(struct schedule_request *request, const char *name);
void schedule_request_clear(struct schedule_request *request);

enum schedule_verdict {
	SCHEDULE_FITS,
	SCHEDULE_NOWHERE,
	SCHEDULE_UNKNOWN, /* the request or the hosts are not known; why says what */
};

/* Why a host is not taken though Nova's filters would pass it. */
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
	struct compute_hosts hosts;     /* as this server meets them */
	struct explanation explanation; /* of hosts */
	enum veto *vetoes;              /* one a host */
	size_t host;                    /* it is put on; hosts.n: none */
	size_t n_others;                /* other hosts that would take it */
};

struct schedule {
	struct scheduled_server *v;
	size_t n;
};

/* Those of the request's servers that do not stay. facts may be NULL. request must outlive *ret. */
void schedule_make(const struct schedule_request *request, const struct compute_hosts *hosts,
		   const struct cloud_facts *facts, struct schedule *ret);
void schedule_clear(struct schedule *schedule);

size_t schedule_count(const struct schedule *schedule, enum schedule_verdict verdict);

/* The server of that name, or NULL. */
const struct scheduled_server *schedule_find(const struct schedule *schedule, const char *name);

/* The PCI address of the device that port number i (of s->request.ports) gets, or NULL: not known.
 * s has its host. */
const char *scheduled_device(const struct scheduled_server *s, size_t i);

#define CAPACITY_MAX 4096

/* How often the whole deployment fits, and what ends it. */
struct capacity {
	unsigned n;                   /* CAPACITY_MAX: perhaps more */
	unsigned *servers;            /* that many of its servers on each host */
	struct scheduled_server stop; /* the server of the next one that finds no host, on hosts
					 that are as full as then; verdict SCHEDULE_FITS: none was
					 met */
};

void capacity_make(const struct schedule_request *request, const struct compute_hosts *hosts,
		   const struct cloud_facts *facts, struct capacity *ret);
void capacity_clear(struct capacity *capacity);

/* "cell 0 on node 0 (2 MiB pages, vCPUs 0,1 on CPUs 2,3); port 2 on a VF of sriov0 on node 0". */
void scheduled_format_place(const struct scheduled_server *s, struct strbuf *b);

/* Adds why hosts.v[host] does not take it. */
void scheduled_reasons(const struct scheduled_server *s, size_t host, struct strv *reasons);

/* The same as one text, "; " between. */
void scheduled_format_reasons(const struct scheduled_server *s, size_t host, struct strbuf *b);

#define cleanup_schedule_request __attribute__((__cleanup__(schedule_request_clear)))
#define cleanup_schedule         __attribute__((__cleanup__(schedule_clear)))
#define cleanup_capacity         __attribute__((__cleanup__(capacity_clear)))
