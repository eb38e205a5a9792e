// SPDX-License-Identifier: Apache-2.0
#include "net/frame.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>

#include "base/alloc.h"

enum { HOP_LIMIT = 255 };

static const struct mac_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
static const uint8_t nobody[4]; /* 0.0.0.0 */

static void put(struct frame *f, const void *bytes, size_t len)
{
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static void put16(struct frame *f, unsigned value)
{
	uint16_t v = htons((uint16_t)value);

	put(f, &v, sizeof(v));
}

static void put_ethernet(struct frame *f, const struct frame_way *way, const struct mac_addr *to,
			 unsigned type)
{
	f->len = 0;
	put(f, to->bytes, MAC_SIZE);
	put(f, way->from->bytes, MAC_SIZE);
	if (way->vlan) {
		put16(f, ETHERTYPE_VLAN);
		put16(f, way->vlan);
	}
	put16(f, type);
}

static void put_arp_request(struct frame *f, const struct frame_way *way, const uint8_t *sender,
			    const uint8_t *target)
{
	struct ether_arp arp = {
		.arp_hrd = htons(ARPHRD_ETHER),
		.arp_pro = htons(ETHERTYPE_IP),
		.arp_hln = MAC_SIZE,
		.arp_pln = 4,
		.arp_op = htons(ARPOP_REQUEST),
	};

	memcpy(arp.arp_sha, way->from->bytes, MAC_SIZE);
	memcpy(arp.arp_spa, sender, 4);
	memcpy(arp.arp_tpa, target, 4);
	put_ethernet(f, way, way->to ? way->to : &broadcast, ETHERTYPE_ARP);
	put(f, &arp, sizeof(arp));
}

/* RFC 1071, continuing from sum; an odd last byte is padded with zero. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (len % 2)
		sum += (uint32_t)(bytes[len - 1] << 8);
	return sum;
}

/*
 * Checksum over the pseudo header (RFC 8200, 8.1) and the message; 0 if the message has a correct
 * one.
 */
static uint16_t icmp6_checksum(const struct ip6_hdr *ip, const uint8_t *message, size_t len)
{
	uint32_t sum = add_words(0, (const uint8_t *)&ip->ip6_src, 2 * sizeof(ip->ip6_src));

	sum = add_words(sum + (uint32_t)len + IPPROTO_ICMPV6, message, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_icmp6(struct frame *f, const struct frame_way *way, const uint8_t *source,
		      const uint8_t *destination, void *message, size_t len)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons((uint16_t)len),
		.ip6_nxt = IPPROTO_ICMPV6,
		.ip6_hlim = HOP_LIMIT,
	};
	struct mac_addr multicast = {{0x33, 0x33}};
	struct icmp6_hdr *icmp = message;

	memcpy(&ip.ip6_src, source, 16);
	memcpy(&ip.ip6_dst, destination, 16);
	memcpy(multicast.bytes + 2, destination + 12, 4); /* RFC 2464, 7 */
	icmp->icmp6_cksum = htons(icmp6_checksum(&ip, message, len));
	put_ethernet(f, way, way->to ? way->to : &multicast, ETHERTYPE_IPV6);
	put(f, &ip, sizeof(ip));
	put(f, message, len);
}

/* A message of neighbour discovery with one link-layer address option. */
struct solicitation {
	struct nd_neighbor_solicit head;
	struct nd_opt_hdr option;
	uint8_t mac[MAC_SIZE];
};

struct advertisement {
	struct nd_neighbor_advert head;
	struct nd_opt_hdr option;
	uint8_t mac[MAC_SIZE];
};

/* fe80::bdd0:MAC; RFC 7136 gives the bits of an interface identifier no meaning. */
static void probe_source(const struct mac_addr *mac, uint8_t ret_source[16])
{
	memcpy(ret_source, (const uint8_t[16]){0xfe, 0x80, [8] = 0xbd, [9] = 0xd0}, 16);
	memcpy(ret_source + 10, mac->bytes, MAC_SIZE);
}

static void put_solicitation(struct frame *f, const struct frame_way *way, const uint8_t *target)
{
	uint8_t source[16];
	/* The solicited-node address (RFC 4291, 2.7.1). */
	uint8_t group[16] = {0xff, 0x02, [11] = 1, [12] = 0xff};
	struct solicitation m = {
		.head.nd_ns_type = ND_NEIGHBOR_SOLICIT,
		.option = {.nd_opt_type = ND_OPT_SOURCE_LINKADDR, .nd_opt_len = 1},
	};

	probe_source(way->from, source);
	memcpy(group + 13, target + 13, 3);
	memcpy(&m.head.nd_ns_target, target, 16);
	memcpy(m.mac, way->from->bytes, MAC_SIZE);
	put_icmp6(f, way, source, way->to ? target : group, &m, sizeof(m));
}

static void put_advertisement(struct frame *f, const struct frame_way *way, const uint8_t *address,
			      bool router)
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	struct advertisement m = {
		.head.nd_na_type = ND_NEIGHBOR_ADVERT,
		.head.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE | (router ? ND_NA_FLAG_ROUTER : 0),
		.option = {.nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1},
	};

	memcpy(&m.head.nd_na_target, address, 16);
	memcpy(m.mac, way->from->bytes, MAC_SIZE);
	put_icmp6(f, way, address, all_nodes, &m, sizeof(m));
}

void frame_probe(const struct frame_way *way, const struct ip_addr *target, struct frame *ret_frame)
{
	if (target->version == 6)
		put_solicitation(ret_frame, way, target->bytes);
	else
		put_arp_request(ret_frame, way, nobody, target->bytes);
}

void frame_announcement(const struct frame_way *way, const struct ip_addr *address, bool router,
			struct frame *ret_frame)
{
	if (address->version == 6)
		put_advertisement(ret_frame, way, address->bytes, router);
	else
		put_arp_request(ret_frame, way, address->bytes, address->bytes);
}

/* The target fields repeat what the probe had as its sender (RFC 826). */
static bool read_arp(const uint8_t *bytes, size_t len, struct frame_answer *a)
{
	struct ether_arp arp;

	if (len < sizeof(arp))
		return false;
	memcpy(&arp, bytes, sizeof(arp));
	if (arp.arp_hrd != htons(ARPHRD_ETHER) || arp.arp_pro != htons(ETHERTYPE_IP) ||
	    arp.arp_hln != MAC_SIZE || arp.arp_pln != 4 || arp.arp_op != htons(ARPOP_REPLY) ||
	    memcmp(arp.arp_tha, a->to.bytes, MAC_SIZE) != 0 ||
	    memcmp(arp.arp_tpa, nobody, sizeof(nobody)) != 0)
		return false;
	a->from = ip_from_bytes(AF_INET, arp.arp_spa, 4);
	memcpy(a->mac.bytes, arp.arp_sha, MAC_SIZE);
	return true;
}

/*
 * RFC 4861, 7.1.2. It is solicited and goes to the probe's source. The target's MAC is the
 * option's, else the frame's.
 */
static bool read_advertisement(const uint8_t *bytes, size_t len, struct frame_answer *a)
{
	struct ip6_hdr ip;
	struct nd_neighbor_advert head;

	if (len < sizeof(ip))
		return false;
	memcpy(&ip, bytes, sizeof(ip));
	bytes += sizeof(ip);
	len -= sizeof(ip);

	size_t message = ntohs(ip.ip6_plen);
	if (ntohl(ip.ip6_flow) >> 28 != 6 || ip.ip6_nxt != IPPROTO_ICMPV6 ||
	    ip.ip6_hlim != HOP_LIMIT || message > len || message < sizeof(head))
		return false;
	uint8_t asker[16];
	probe_source(&a->to, asker);
	memcpy(&head, bytes, sizeof(head));
	if (head.nd_na_type != ND_NEIGHBOR_ADVERT || head.nd_na_code != 0 ||
	    !(head.nd_na_flags_reserved & ND_NA_FLAG_SOLICITED) ||
	    memcmp(&ip.ip6_dst, asker, sizeof(asker)) != 0 ||
	    IN6_IS_ADDR_MULTICAST(&head.nd_na_target) || icmp6_checksum(&ip, bytes, message) != 0)
		return false;
	for (size_t at = sizeof(head); at < message;) {
		size_t size = at + 1 < message ? bytes[at + 1] * 8u : 0;
		if (size == 0 || size > message - at)
			return false;
		if (bytes[at] == ND_OPT_TARGET_LINKADDR && size == 8)
			memcpy(a->mac.bytes, bytes + at + 2, MAC_SIZE);
		at += size;
	}
	a->from = ip_from_bytes(AF_INET6, &head.nd_na_target, 16);
	return true;
}

bool frame_read_answer(const uint8_t *bytes, size_t len, struct frame_answer *ret_answer)
{
	struct frame_answer a = {0};
	const size_t head = sizeof(struct ether_header);

	if (len < head)
		return false;
	memcpy(a.to.bytes, bytes, MAC_SIZE);
	memcpy(a.sender.bytes, bytes + MAC_SIZE, MAC_SIZE);
	a.mac = a.sender;

	unsigned type = (unsigned)(bytes[12] << 8 | bytes[13]);
	if (type == ETHERTYPE_ARP
		    ? !read_arp(bytes + head, len - head, &a)
		    : type != ETHERTYPE_IPV6 || !read_advertisement(bytes + head, len - head, &a))
		return false;
	*ret_answer = a;
	return true;
}

static uint32_t word_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static void add(struct frame_filter *f, uint16_t code, uint32_t k)
{
	f->code[f->n++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Drops the frame unless the loaded word is value. */
static void require(struct frame_filter *f, uint16_t load, uint32_t at, uint32_t value)
{
	add(f, BPF_LD | load | BPF_ABS, at);
	f->code[f->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
	add(f, BPF_RET | BPF_K, 0);
}

/* Passes the frame if the address at that offset is one of these; drops it otherwise. */
static void pass_addresses(struct frame_filter *f, const struct ip_addr *ips, size_t n, int version,
			   uint32_t at)
{
	for (size_t i = 0; i < n; i++) {
		unsigned words = version == 6 ? 4 : 1;
		if (ips[i].version != version)
			continue;
		for (unsigned w = 0; w < words; w++) {
			uint8_t past = (uint8_t)(2 * (words - w) - 1); /* the next address */
			add(f, BPF_LD | BPF_W | BPF_ABS, at + 4 * w);
			f->code[f->n++] = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JEQ | BPF_K, word_at(ips[i].bytes + 4 * w), 0, past);
		}
		add(f, BPF_RET | BPF_K, UINT32_MAX);
	}
	add(f, BPF_RET | BPF_K, 0);
}

void frame_filter(const struct mac_addr *mac, const struct ip_addr *targets, size_t n,
		  struct frame_filter *ret_filter)
{
	/* The kernel removes a tag from the frame before a packet socket sees it. */
	enum { TYPE = 12, ARP_OP = 20, ARP_SENDER = 28, NEXT_HEADER = 20, ICMP_TYPE = 54 };
	enum { ARP_TARGET = 38, ND_TARGET = 62 };
	struct frame_filter f = {0};

	if (n > FRAME_TARGETS)
		n = FRAME_TARGETS;
	require(&f, BPF_W, 0, word_at(mac->bytes));
	require(&f, BPF_H, 4, (uint32_t)(mac->bytes[4] << 8 | mac->bytes[5]));
	add(&f, BPF_LD | BPF_H | BPF_ABS, TYPE);
	size_t jump = f.n;
	f.code[f.n++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 0, 0);
	require(&f, BPF_H, ARP_OP, ARPOP_REPLY);
	require(&f, BPF_W, ARP_TARGET, 0);
	pass_addresses(&f, targets, n, 4, ARP_SENDER);
	f.code[jump].jf = (uint8_t)(f.n - jump - 1);
	require(&f, BPF_H, TYPE, ETHERTYPE_IPV6);
	require(&f, BPF_B, NEXT_HEADER, IPPROTO_ICMPV6);
	require(&f, BPF_B, ICMP_TYPE, ND_NEIGHBOR_ADVERT);
	pass_addresses(&f, targets, n, 6, ND_TARGET);
	*ret_filter = f;
}
