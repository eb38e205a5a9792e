// SPDX-License-Identifier: Apache-2.0
/* bondd's frames byte by byte, their answers, and the filter as the kernel runs it. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "net/frame.h"

static const struct mac_addr mac = {{0x52, 0x54, 0x00, 0xaa, 0x00, 0x01}};
static const struct mac_addr router_mac = {{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};

static struct ip_addr address(const char *text)
{
	struct ip_addr ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

#define assert_frame(frame, ...)                                          \
	do {                                                              \
		static const uint8_t wanted_[] = {__VA_ARGS__};           \
		assert_int_equal((frame).len, sizeof(wanted_));           \
		assert_memory_equal((frame).bytes, wanted_, (frame).len); \
	} while (0)

static void test_arp_probe(void **state)
{
	(void)state;
	struct ip_addr target = address("172.16.1.1");
	struct frame f;

	frame_probe(&(struct frame_way){.from = &mac}, &target, &f);
	assert_frame(f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01,
		     0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01, 0, 0,
		     0, 0, 0, 0, 0, 0, 0, 0, 172, 16, 1, 1);
	frame_probe(&(struct frame_way){.from = &mac, .to = &router_mac, .vlan = 101}, &target, &f);
	assert_frame(f, 0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01,
		     0x81, 0x00, 0x00, 0x65, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0x00,
		     0xaa, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 172, 16, 1, 1);
}

static void test_neighbour_solicitation(void **state)
{
	(void)state;
	struct ip_addr target = address("2001:db8:101::1");
	struct frame f;

	frame_probe(&(struct frame_way){.from = &mac}, &target, &f);
	assert_frame(f,
		     /* to the solicited-node group */
		     0x33, 0x33, 0xff, 0x00, 0x00, 0x01, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01, 0x86,
		     0xdd,
		     /* 32 bytes of ICMPv6, hop limit 255 */
		     0x60, 0, 0, 0, 0, 32, 58, 255,
		     /* from fe80::bdd0:5254:aa:1 to ff02::1:ff00:1 */
		     0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0xbd, 0xd0, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01,
		     0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x00, 0x00, 0x01,
		     /* who has 2001:db8:101::1 */
		     135, 0, 0xe8, 0x92, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0x01, 0x01, 0, 0, 0, 0,
		     0, 0, 0, 0, 0, 0x01,
		     /* source link-layer address */
		     1, 1, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01);
	/* To a MAC that is known: to the address itself. */
	frame_probe(&(struct frame_way){.from = &mac, .to = &router_mac, .vlan = 7}, &target, &f);
	assert_int_equal(f.len, 14 + 4 + 40 + 32);
	assert_memory_equal(f.bytes, router_mac.bytes, MAC_SIZE);
	assert_memory_equal(f.bytes + 18 + 24, target.bytes, 16);
}

static void test_arp_announcement(void **state)
{
	(void)state;
	struct ip_addr own = address("172.16.1.10");
	struct frame f;

	frame_announcement(&(struct frame_way){.from = &mac}, &own, false, &f);
	assert_frame(f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01,
		     0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01, 172,
		     16, 1, 10, 0, 0, 0, 0, 0, 0, 172, 16, 1, 10);
}

static void test_unsolicited_advertisement(void **state)
{
	(void)state;
	struct ip_addr own = address("2001:db8:101::10");
	struct frame f;

	frame_announcement(&(struct frame_way){.from = &mac}, &own, false, &f);
	assert_frame(f, 0x33, 0x33, 0, 0, 0, 1, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01, 0x86, 0xdd,
		     0x60, 0, 0, 0, 0, 32, 58, 255,
		     /* from the address to all nodes */
		     0x20, 0x01, 0x0d, 0xb8, 0x01, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0xff,
		     0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		     /* override */
		     136, 0, 0xa6, 0x0c, 0x20, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0x01, 0x01, 0, 0, 0,
		     0, 0, 0, 0, 0, 0, 0x10,
		     /* target link-layer address */
		     2, 1, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01);
	frame_announcement(&(struct frame_way){.from = &mac}, &own, true, &f);
	assert_int_equal(f.bytes[14 + 40 + 4], 0xa0);
}

/* What a router answers to the probe of test_arp_probe. */
static const uint8_t arp_reply[] = {
	0x52, 0x54, 0x00, 0xaa, 0x00, 0x01, 0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x08, 0x06,
	0,    1,    8,    0,    6,    4,    0,    2,    0x02, 0x11, 0x22, 0x33, 0x44, 0x55,
	172,  16,   1,    1,    0x52, 0x54, 0x00, 0xaa, 0x00, 0x01, 0,    0,    0,    0,
};

static void test_arp_reply(void **state)
{
	(void)state;
	struct ip_addr target = address("172.16.1.1");
	struct frame_answer a;
	uint8_t bytes[sizeof(arp_reply) + 4];

	assert_true(frame_read_answer(arp_reply, sizeof(arp_reply), &a));
	assert_true(ip_equal(&a.from, &target));
	assert_memory_equal(a.mac.bytes, router_mac.bytes, MAC_SIZE);
	assert_memory_equal(a.to.bytes, mac.bytes, MAC_SIZE);
	assert_int_equal(a.vlan, 0);

	memcpy(bytes, arp_reply, 12);
	memcpy(bytes + 12, "\x81\x00\xe0\x65", 4);
	memcpy(bytes + 16, arp_reply + 12, sizeof(arp_reply) - 12);
	assert_false(frame_read_answer(bytes, sizeof(bytes), &a)); /* a tag within a tag */

	for (size_t len = 0; len < sizeof(arp_reply); len++)
		assert_false(frame_read_answer(arp_reply, len, &a));
	/* Another hardware, protocol, length, operation, or not what the probe had as its sender.
	 */
	static const size_t places[] = {12, 15, 16, 18, 19, 21, 32, 37, 38, 41};
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		memcpy(bytes, arp_reply, sizeof(arp_reply));
		bytes[places[i]]++;
		assert_false(frame_read_answer(bytes, sizeof(arp_reply), &a));
	}
}

/* One complement sum of what the checksum covers, with the message's own field as it is. */
static unsigned sum_of(const struct frame *f)
{
	unsigned sum = IPPROTO_ICMPV6 + (unsigned)f->len - 54;

	for (size_t at = 22; at + 1 < f->len; at += 2)
		sum += (unsigned)(f->bytes[at] << 8 | f->bytes[at + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Of an unsolicited advertisement the answer to the probe of this MAC. */
static void make_answer(struct frame *f)
{
	static const uint8_t asker[16] = {0xfe, 0x80, 0,    0,    0,    0,    0,    0,
					  0xbd, 0xd0, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01};

	memcpy(f->bytes + 38, asker, sizeof(asker));
	f->bytes[58] |= 0x40; /* solicited */
	f->bytes[56] = f->bytes[57] = 0;
	unsigned sum = ~sum_of(f) & 0xffff;
	f->bytes[56] = (uint8_t)(sum >> 8);
	f->bytes[57] = (uint8_t)sum;
}

static void test_advertisement(void **state)
{
	(void)state;
	struct ip_addr target = address("2001:db8:101::1");
	struct frame_answer a;
	struct frame f;

	/* Unsolicited, and to all nodes: no answer. */
	frame_announcement(&(struct frame_way){.from = &router_mac, .to = &mac}, &target, true, &f);
	assert_false(frame_read_answer(f.bytes, f.len, &a));
	make_answer(&f);
	assert_true(frame_read_answer(f.bytes, f.len, &a));
	assert_true(ip_equal(&a.from, &target));
	assert_memory_equal(a.mac.bytes, router_mac.bytes, MAC_SIZE);
	assert_memory_equal(a.to.bytes, mac.bytes, MAC_SIZE);
	assert_int_equal(a.vlan, 0);

	for (size_t len = 0; len < f.len; len++)
		assert_false(frame_read_answer(f.bytes, len, &a));
	/* One bit anywhere in addresses, message or option makes the checksum wrong. */
	for (size_t at = 14 + 8; at < f.len; at++) {
		f.bytes[at] ^= 1;
		assert_false(frame_read_answer(f.bytes, f.len, &a));
		f.bytes[at] ^= 1;
	}
	f.bytes[14 + 7] = 64; /* has come through a router */
	assert_false(frame_read_answer(f.bytes, f.len, &a));
}

/* Sends bytes through a socket pair with the filter at its end; true when they arrive. */
static bool filter_passes(const struct frame_filter *filter, const uint8_t *bytes, size_t len)
{
	const struct sock_fprog program = {filter->n, (struct sock_filter *)filter->code};
	uint8_t got[256];
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(
		setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	(void)!send(pair[0], bytes, len, 0);
	ssize_t n = recv(pair[1], got, sizeof(got), MSG_DONTWAIT);
	close(pair[0]);
	close(pair[1]);
	return n == (ssize_t)len;
}

/* With the wanted targets among others, none of which is a part of another. */
static void test_filter(void **state)
{
	(void)state;
	const struct ip_addr targets[] = {
		address("2001:db8:101::2"), address("172.16.1.1"), address("2001:db8:101::1"),
		address("172.16.1.2"),      address("172.16.1.3"), address("2001:db8:102::1"),
		address("2001:db9:101::1"), address("fe80::1"),
	};
	struct ip_addr v6 = targets[2], other6 = address("2001:db8:101::3");
	const struct frame_way way = {.from = &router_mac, .to = &mac};
	uint8_t bytes[sizeof(arp_reply)], other[200] = {[12] = 0x08, [13] = 0x00};
	struct frame_filter filter;
	struct frame f;

	frame_filter(&mac, targets, ARRAY_SIZE(targets), &filter);
	assert_true(filter_passes(&filter, arp_reply, sizeof(arp_reply)));
	frame_announcement(&way, &v6, false, &f);
	assert_true(filter_passes(&filter, f.bytes, f.len));
	/* Of another address; to another MAC; to another asker; a request. */
	static const size_t places[] = {0, 5, 21, 28, 31, 41};
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		memcpy(bytes, arp_reply, sizeof(bytes));
		bytes[places[i]] = (uint8_t)(bytes[places[i]] + 7);
		assert_false(filter_passes(&filter, bytes, sizeof(bytes)));
	}
	frame_announcement(&way, &other6, false, &f);
	assert_false(filter_passes(&filter, f.bytes, f.len));
	frame_probe(&way, &v6, &f);
	assert_false(filter_passes(&filter, f.bytes, f.len));
	memcpy(other, mac.bytes, MAC_SIZE);
	assert_false(filter_passes(&filter, other, sizeof(other)));
	other[12] = 0x86;
	other[13] = 0xdd;
	other[20] = 17; /* UDP */
	assert_false(filter_passes(&filter, other, sizeof(other)));
	/* Nobody is asked: nothing is heard. */
	frame_filter(&mac, NULL, 0, &filter);
	assert_false(filter_passes(&filter, arp_reply, sizeof(arp_reply)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arp_probe),
		cmocka_unit_test(test_neighbour_solicitation),
		cmocka_unit_test(test_arp_announcement),
		cmocka_unit_test(test_unsolicited_advertisement),
		cmocka_unit_test(test_arp_reply),
		cmocka_unit_test(test_advertisement),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
