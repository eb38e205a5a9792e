// SPDX-License-Identifier: Apache-2.0
/* bondd's frames byte by byte, their answers, and the filter as the kernel runs it. */
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
	/* Another hardware, protocol, length or operation. */
	static const size_t places[] = {12, 15, 16, 18, 19, 21};
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		memcpy(bytes, arp_reply, sizeof(arp_reply));
		bytes[places[i]]++;
		assert_false(frame_read_answer(bytes, sizeof(arp_reply), &a));
	}
}

static void test_advertisement(void **state)
{
	(void)state;
	struct ip_addr target = address("2001:db8:101::1");
	struct frame_answer a;
	struct frame f;

	frame_announcement(&(struct frame_way){.from = &router_mac, .to = &mac}, &target, true, &f);
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
static bool filter_passes(const uint8_t *bytes, size_t len)
{
	uint8_t got[256];
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, frame_filter(),
				    sizeof(struct sock_fprog)),
			 0);
	(void)!send(pair[0], bytes, len, 0);
	ssize_t n = recv(pair[1], got, sizeof(got), MSG_DONTWAIT);
	close(pair[0]);
	close(pair[1]);
	return n == (ssize_t)len;
}

static void test_filter(void **state)
{
	(void)state;
	struct ip_addr v4 = address("172.16.1.1"), v6 = address("2001:db8::1");
	const struct frame_way way = {.from = &mac};
	uint8_t other[200] = {[12] = 0x08, [13] = 0x00};
	struct frame f;

	assert_true(filter_passes(arp_reply, sizeof(arp_reply)));
	frame_announcement(&way, &v6, false, &f);
	assert_true(filter_passes(f.bytes, f.len));
	frame_announcement(&way, &v4, false, &f); /* a request */
	assert_false(filter_passes(f.bytes, f.len));
	frame_probe(&way, &v6, &f);
	assert_false(filter_passes(f.bytes, f.len));
	assert_false(filter_passes(other, sizeof(other)));
	other[12] = 0x86;
	other[13] = 0xdd;
	other[20] = 17; /* UDP */
	assert_false(filter_passes(other, sizeof(other)));
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
