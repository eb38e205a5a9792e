/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where Nova will put each server of a plan, or why nowhere and what would help: the rules of
 * placement/fit.h, one server after the other, with what the plan knows beyond a single server
 * (server groups, a host that the descriptor names) and what the VIM knows (vim/facts.h). Pure.
 *
 * Of several hosts that fit, the first by name is taken; Nova's weighers may choose another. What
 * the servers hold that deploy removes first counts as in use, so that where no host fits beside
 * them, nothing is known.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "placement/explain.h"
#include "placement/host_json.h"

struct plan;
struct step;
struct strbuf;
struct vim_facts;

enum placing_verdict {
	PLACING_FITS,
	PLACING_NOWHERE,
	PLACING_UNKNOWN, /* the request or the hosts are not known; why says what */
};

/* Why a host is not taken though Nova's filters would pass it. */
enum bar {
	BAR_NONE,
	BAR_ZONE_HOST, /* the descriptor names another */
	BAR_APART,     /* anti-affinity */
	BAR_TOGETHER,  /* affinity */
	BAR_BRIDGE,    /* a virtual port's physnet has no bridge there: its binding fails */
};

struct placed_server {
	const struct step *step; /* of the plan */
	enum placing_verdict verdict;
	char *why; /* what the hosts do not tell: Nova's words, a port that no host can serve; or
		      NULL. The explanation's counterfactuals alone do not help then. */
	struct fit_request request;
	struct compute_hosts hosts;     /* as this server meets them */
	struct explanation explanation; /* of hosts */
	enum bar *bars;                 /* one a host */
	size_t host;                    /* it is put on; hosts.n: none */
	size_t n_others;                /* other hosts that would take it */
};

struct placing {
	struct placed_server *v;
	size_t n;
};

/* Those of the plan's servers that are to be made. facts may be NULL. */
void placing_make(const struct plan *plan, const struct compute_hosts *hosts,
		  const struct vim_facts *facts, struct placing *ret);
void placing_clear(struct placing *placing);

size_t placing_count(const struct placing *placing, enum placing_verdict verdict);

#define PLACING_ROOM_MAX 4096

/* How often the whole deployment fits, and what ends it. */
struct placing_room {
	unsigned n;                /* PLACING_ROOM_MAX: perhaps more */
	unsigned *servers;         /* that many of its servers on each host */
	struct placed_server stop; /* the server of the next one that finds no host, on hosts that
				      are as full as then; verdict PLACING_FITS: none was met */
};

void placing_room_make(const struct plan *plan, const struct compute_hosts *hosts,
		       const struct vim_facts *facts, struct placing_room *ret);
void placing_room_clear(struct placing_room *room);

/*
 * Adds to the hosts' files what the VIM knows: VFs and CPUs in use, the physnets of NICs without
 * one. What it added is told in notes, a line each without a full stop.
 */
void placing_add_facts(struct compute_hosts *hosts, const struct vim_facts *facts,
		       struct strbuf *notes);

/* "cell 0 on node 0 (2 MiB pages, vCPUs 0,1 on CPUs 2,3); port 2 on a VF of sriov0 on node 0". */
void placing_format_place(const struct placed_server *s, struct strbuf *b);

/* Why hosts.v[host] is none for it: the reasons, "; " between. */
void placing_format_reasons(const struct placed_server *s, size_t host, struct strbuf *b);

#define cleanup_placing      __attribute__((__cleanup__(placing_clear)))
#define cleanup_placing_room __attribute__((__cleanup__(placing_room_clear)))
