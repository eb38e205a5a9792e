/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of DNS, DHCP and addresses of a deployment (ddi.yaml), as structs without I/O.
 *
 * A plan may have 10,000 networks and 100,000 reservations: what networks have many of is in flat
 * arrays, where the items of one network are adjacent (struct ddi_span). Everything is in the order
 * of the file. Strings belong to the plan. Names of the DNS are in lower case without the final
 * dot, and valid (RFC 1035, 2.3.4), unless a comment says otherwise. Each item has the line of the
 * plan's file where it begins, from 1.
 *
 * Members of a struct for which the file has no value are 0, NULL, or an address of version 0,
 * unless a default is given here. What is of the wrong type or not readable is a finding of
 * ddi_read, and has no value; whether the values fit each other is for the rules (rules.h), so do
 * not assume, for example, that a pool is inside its prefix.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/ip.h"
#include "net/mac.h"

/* More than that of one kind is a finding, and the rest is not read. */
enum {
	DDI_NETWORKS_MAX = 20000,
	DDI_RESERVATIONS_MAX = 200000, /* also of hosts, and of each other flat array */
	DDI_MEMBERS_MAX = 16,
	DDI_ZONES_MAX = 10000,
	DDI_LIST_MAX = 1000, /* of any other list */
	DDI_DUID_MAX = 130,  /* bytes; RFC 8415, 11.1 */
};

/* Items first ... first + n - 1 of a flat array of the plan. */
struct ddi_span {
	uint32_t first, n;
};

struct ddi_address {
	struct ip_addr ip;
	unsigned line;
};

struct ddi_prefix {
	struct ip_prefix prefix; /* as written: host bits may be set */
	unsigned line;
};

/* A server of the deployment that takes part. */
struct ddi_member {
	const char *name; /* of the server: a VM group, or one of its VMs, in the descriptor */
	unsigned line;
	const char *host; /* key "name": of the NS records; NULL: MEMBER.ZONE (see derive) */
	/* Authoritative and caching service; version 0: it has none of that family. */
	struct ip_addr auth, auth6, cache, cache6;
	/* What the partner's DHCP server connects to (HA); version 0: auth. */
	struct ip_addr dhcp;
};

enum ddi_tsig {
	DDI_TSIG_UNSET,
	DDI_TSIG_HMAC_MD5,
	DDI_TSIG_HMAC_SHA1,
	DDI_TSIG_HMAC_SHA224,
	DDI_TSIG_HMAC_SHA256,
	DDI_TSIG_HMAC_SHA384,
	DDI_TSIG_HMAC_SHA512,
};

/* The names of the keys for transfers, within the pair and to the hosts of "transfer", and for
 * updates by DHCP. */
#define DDI_KEY_TRANSFER "xfr"
#define DDI_KEY_UPDATE   "d2"

/* A TSIG key (RFC 8945). */
struct ddi_key {
	const char *name; /* a DNS name, such as "xfr" */
	unsigned line;
	enum ddi_tsig algorithm;
	const char *secret; /* base64, with variables replaced; never part of a message */
	unsigned n_secret;  /* bytes of the decoded secret; 0: not base64 */
	unsigned secret_line;
	bool secret_literal; /* the file has the secret, rather than a variable for it */
	/* The variable has no value here, as in a plan that is read without its descriptor:
	 * secret is NULL. */
	bool secret_unknown;
};

enum ddi_dnssec {
	DDI_DNSSEC_NONE,
	DDI_DNSSEC_RSASHA256,
	DDI_DNSSEC_RSASHA512,
	DDI_DNSSEC_ECDSAP256SHA256,
	DDI_DNSSEC_ECDSAP384SHA384,
	DDI_DNSSEC_ED25519,
	DDI_DNSSEC_ED448,
};

enum ddi_serial { DDI_SERIAL_UNSET, DDI_SERIAL_UNIXTIME, DDI_SERIAL_INCREMENT, DDI_SERIAL_DATE };

/* An authoritative zone. The reverse zones of "reverse: auto" are not here, see derive. */
struct ddi_zone {
	const char *name;
	unsigned line;
	const char *primary; /* a member, or not; NULL: the first member */
	unsigned primary_line;
	bool dynamic; /* DHCP updates it */
	unsigned dynamic_line;
	enum ddi_dnssec dnssec;
	unsigned dnssec_line;
	enum ddi_serial serial; /* unset: unixtime */
	unsigned serial_line;
	/* Records in the format of zone files (RFC 1035, 5), relative to the zone; NULL: none.
	 * Terminated. */
	const char *records;
	size_t records_len;
	const char *records_file;           /* its file as findings show it; the plan's if inline */
	unsigned records_first_line;        /* line of that file where `records` begins */
	const char *records_path;           /* as the plan has it; NULL if inline */
	unsigned records_line;              /* of the key "records", 0: none */
	const struct ddi_address *transfer; /* further hosts that may transfer it */
	size_t n_transfer;
};

/* A reservation of DHCP: an address, a delegated prefix, or both, for one client. */
struct ddi_reservation {
	struct ip_addr address;  /* version 0: none */
	struct ip_prefix prefix; /* IPv6, delegated; addr.version 0: none */
	const uint8_t *duid;     /* RFC 8415, 11; NULL: the client is known by mac */
	const char *name;        /* host name; relative to the network's domain if without a dot */
	unsigned line;
	uint32_t network; /* its network's index */
	struct mac_addr mac;
	bool has_mac; /* exactly one of mac and duid is set, or a finding says that it is not */
	uint8_t n_duid;
};

/* An address with a fixed name: A or AAAA, and PTR. */
struct ddi_host {
	struct ip_addr address;
	const char *name; /* fully qualified */
	unsigned line;
	uint32_t network; /* its network's index */
};

/* Pools of addresses; also those written as a prefix. */
struct ddi_pool {
	struct ip_range range;
	unsigned line;
	uint32_t network; /* its network's index */
	uint8_t len;      /* prefix length if it was written as one, else 0 */
};

/* Prefixes for routers of customers (RFC 8415, IA_PD): all of that length in prefix. */
struct ddi_delegate {
	struct ip_prefix prefix; /* addr.version 0: nothing is delegated */
	unsigned length;         /* of each delegated prefix, 0 ... 128 */
	unsigned line;
};

struct ddi_network {
	struct ip_prefix prefix; /* as written: host bits may be set */
	unsigned line;
	const char *name; /* NULL: none; networks may share one */
	struct ip_addr gateway;
	unsigned gateway_line;
	struct ddi_span relay; /* plan->relays: giaddr, or the relay's link address for IPv6; none:
				* clients are on the members' own segment */
	struct ddi_span pools; /* plan->pools; none: no dynamic addresses */
	struct ddi_span exclude;      /* plan->excludes: given to no client */
	struct ddi_span reservations; /* plan->reservations */
	struct ddi_span hosts;        /* plan->hosts */
	struct ddi_delegate delegate;
	uint32_t lease;      /* seconds; default DDI_LEASE_DEFAULT */
	unsigned lease_line; /* 0: by default */
	uint32_t expect;     /* clients that are expected; 0: not stated */
	unsigned expect_line;
	const char *domain; /* of the leases' names; NULL: no names */
	unsigned domain_line;
	bool resolvers_cache;      /* clients get the members' cache addresses */
	struct ddi_span resolvers; /* plan->resolvers: others that they get */
	unsigned resolvers_line;   /* 0: clients get none */
};

enum { DDI_LEASE_DEFAULT = 3600 };

enum ddi_reverse {
	DDI_REVERSE_NONE,
	DDI_REVERSE_AUTO, /* a zone for each prefix at octet or nibble boundaries, or RFC 2317 */
};

/* Names below domain (RFC 8499: forwarding) are asked of these servers. */
struct ddi_forward {
	const char *domain; /* "": all */
	unsigned line;
	const struct ddi_address *to;
	size_t n_to;
};

/* A response policy zone, transferred from its provider. */
struct ddi_rpz {
	const char *zone;
	unsigned line;
	struct ip_addr from;
	const char *key; /* of plan->keys, or not; NULL: none */
};

/* The caching service. */
struct ddi_cache {
	bool enabled; /* the plan has the section "cache" */
	unsigned line;
	bool hybrid; /* on the authoritative service's address, which Unbound asks on loopback */
	unsigned hybrid_line;
	const struct ddi_prefix *clients; /* that may ask; all others are refused */
	size_t n_clients;
	const struct ddi_forward *forwards;
	size_t n_forwards;
	struct ddi_prefix dns64; /* addr.version 0: none */
	const struct ddi_rpz *rpz;
	size_t n_rpz;
	uint32_t serve_expired; /* seconds after its TTL; 0: expired data is not served */
	uint32_t per_client;    /* queries per second; 0: not limited */
	uint32_t edns_buffer;   /* bytes; default DDI_EDNS_BUFFER_DEFAULT */
	unsigned edns_buffer_line;
	/* DNS over TLS: paths in the guest; NULL: not served. */
	const char *certificate, *certificate_key;
	bool doh; /* and DNS over HTTPS */
	unsigned tls_line;
};

enum { DDI_EDNS_BUFFER_DEFAULT = 1232 }; /* bytes; DNS flag day 2020 */

/* Response rate limiting of the authoritative service. */
struct ddi_rrl {
	uint32_t per_second; /* 0: off */
	uint32_t slip;       /* default 1 */
	unsigned line;
};

enum ddi_ha { DDI_HA_NONE, DDI_HA_HOT_STANDBY, DDI_HA_LOAD_BALANCING };

/* The DHCP service. There is one if a network has pools, a delegated prefix or reservations. */
struct ddi_dhcp {
	unsigned line; /* 0: the plan has no section "dhcp" */
	enum ddi_ha mode;
	const char *primary; /* a member, or not; NULL: the first member */
	unsigned primary_line;
	/* Timers in milliseconds, as Kea's parameters of the same name; the defaults are below. */
	uint32_t heartbeat_delay, max_response_delay, max_ack_delay;
	uint32_t max_unacked_clients;
	unsigned max_unacked_line;
};

enum {
	DDI_HEARTBEAT_DELAY_DEFAULT = 2000,
	DDI_MAX_RESPONSE_DELAY_DEFAULT = 10000,
	DDI_MAX_ACK_DELAY_DEFAULT = 5000,
	DDI_MAX_UNACKED_DEFAULT = 3,
};

struct ddi_plan {
	const char *file; /* as findings show it */
	bool incomplete;  /* the reader found errors: what is missing here may be in the file */
	struct ddi_member *members;
	size_t n_members;
	struct ddi_key *keys;
	size_t n_keys;
	struct ddi_zone *zones;
	size_t n_zones;
	struct ddi_network *networks;
	size_t n_networks;
	/* Of all networks, in their order: */
	struct ddi_address *relays;
	size_t n_relays;
	struct ddi_pool *pools;
	size_t n_pools;
	struct ddi_pool *excludes;
	size_t n_excludes;
	struct ddi_reservation *reservations;
	size_t n_reservations;
	struct ddi_host *hosts;
	size_t n_hosts;
	struct ddi_address *resolvers;
	size_t n_resolvers;
	enum ddi_reverse reverse;
	unsigned reverse_line;
	struct ddi_cache cache;
	struct ddi_rrl rrl;
	struct ddi_dhcp dhcp;
	struct ddi_block *strings; /* what the pointers above point into */
};

struct ddi_plan *ddi_plan_new(const char *file);
void ddi_plan_free(struct ddi_plan *plan); /* takes NULL */

/* len zeroed bytes, aligned for any type, that live as long as the plan. For arrays and strings of
 * the plan, and for what is derived from it. */
void *ddi_alloc(struct ddi_plan *plan, size_t len);
char *ddi_strndup(struct ddi_plan *plan, const char *s, size_t len); /* terminated */

/* The member, key, zone of that name, or NULL; name may be NULL. */
const struct ddi_member *ddi_member(const struct ddi_plan *plan, const char *name);
const struct ddi_key *ddi_key(const struct ddi_plan *plan, const char *name);
const struct ddi_zone *ddi_zone(const struct ddi_plan *plan, const char *name);

/* The zone's, and the DHCP service's, primary: the named member, else the first; NULL if it names
 * none, or there is none. */
const struct ddi_member *ddi_zone_primary(const struct ddi_plan *plan, const struct ddi_zone *zone);
const struct ddi_member *ddi_dhcp_primary(const struct ddi_plan *plan);

/* Whether DHCP gives anything to the network's clients. */
bool ddi_network_serves(const struct ddi_network *network);

/*
 * The identifier of a network's subnet in Kea: CRC-32 (IEEE 802.3) of its prefix in canonical text,
 * "10.64.0.0/16", host bits cleared. Leases carry it, so it must not depend on the plan's order. In
 * 1 ... 4294967294, which Kea accepts (Kea ARM, "IPv4 Subnet Identifier"). Two networks of a plan
 * with the same one are a finding.
 */
uint32_t ddi_subnet_id(const struct ip_prefix *prefix);

#include "base/alloc.h"
DEFINE_CLEANUP(struct ddi_plan *, cleanup_ddi_plan_fn, ddi_plan_free)
#define cleanup_ddi_plan cleanup(cleanup_ddi_plan_fn)
