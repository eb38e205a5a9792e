/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 and IPv6 addresses, prefixes and ranges as values. Pure, except ip_is_local. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IP_SIZE_MAX = 16, IP_TEXT_SIZE = INET6_ADDRSTRLEN };

struct ip_addr {
	int version;                /* 4 or 6; 0: none */
	uint8_t bytes[IP_SIZE_MAX]; /* network order; unused bytes are 0 */
};

/* An address and the length of its network's prefix: host bits may be set. */
struct ip_prefix {
	struct ip_addr addr;
	unsigned len; /* at most 8 * ip_size(&addr) */
};

struct ip_range {
	struct ip_addr first, last; /* same version, first <= last */
};

/* Size of an address in bytes: 4, 16, or 0 for none. */
size_t ip_size(const struct ip_addr *ip);

/* AF_INET, AF_INET6 or AF_UNSPEC. */
int ip_family(const struct ip_addr *ip);

/* The whole text must be an address for inet_pton(3). False for NULL. */
bool ip_parse(const char *text, struct ip_addr *ret_ip);

/* 4, 6, or 0 if text is not an address. */
int ip_version_of(const char *text);

/* From len bytes of a message. None if len does not match the family. */
struct ip_addr ip_from_bytes(int family, const void *bytes, size_t len);

/* None if sa is NULL or of another family. */
struct ip_addr ip_from_sockaddr(const struct sockaddr *sa);

/*
 * Writes the canonical text (RFC 5952) to buf of IP_TEXT_SIZE bytes and returns buf; "-" for none.
 */
const char *ip_format(const struct ip_addr *ip, char *buf);

/* As ip_format; the caller frees. */
char *ip_to_str(const struct ip_addr *ip);

/* As memcmp; every IPv4 address is below every IPv6 address. */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);
bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);

/* Adds n, which may be negative. False, *ip unchanged, beyond the first or last address. */
bool ip_add(struct ip_addr *ip, int64_t n);

bool ip_is_link_local(const struct ip_addr *ip); /* 169.254.0.0/16, fe80::/10 */
bool ip_is_loopback(const struct ip_addr *ip);   /* 127.0.0.0/8, ::1 */

/* Whether an interface of this machine has an address in the same subnet (getifaddrs(3)). */
bool ip_is_local(const struct ip_addr *ip);

/* The netmask of a prefix length of at most 8 * ip_size. */
struct ip_addr ip_netmask(int version, unsigned len);

/* The prefix length of a netmask; -1 if a one follows a zero, or if it is not an address. */
int ip_netmask_len(const struct ip_addr *mask);

/*
 * The length that a netmask ("255.255.255.0") or a length ("24", "/24") gives to an address of that
 * version, 0 for either; -1 when text is neither.
 */
int ip_netmask_parse(const char *text, int version);

/* The prefix length of an IPv4 address's class: 8, 16 or 24 (RFC 791, 3.2; 24 beyond class B). */
int ip_classful_len(const struct ip_addr *ip);

/* "192.0.2.1/24", "2001:db8::1"; without a length the prefix is the address alone. NULL is none. */
bool ip_prefix_parse(const char *text, struct ip_prefix *ret_prefix);

/* "192.0.2.1/24"; the caller frees. */
char *ip_prefix_to_str(const struct ip_prefix *prefix);

/* The network's address, and the last of the network: all host bits 0, or 1. */
struct ip_addr ip_prefix_first(const struct ip_prefix *prefix);
struct ip_addr ip_prefix_last(const struct ip_prefix *prefix);

bool ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *ip);
bool ip_prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b);

/* The network's or the broadcast address of an IPv4 network with room for both (RFC 3021). */
bool ip_prefix_reserves(const struct ip_prefix *prefix, const struct ip_addr *ip);

/* False if one of them is not an address, their versions differ, or first is above last. */
bool ip_range_parse(const char *first, const char *last, struct ip_range *ret_range);

/* How many addresses; UINT64_MAX when it has that many or more. */
uint64_t ip_range_size(const struct ip_range *range);
