// SPDX-License-Identifier: Apache-2.0
/*
 * What any prober has to spend at least: outage_frames MS LEG... sends a frame that nobody answers
 * over each leg every MS ms, and does nothing else, until it is killed. Without a leg it only wakes
 * up.
 */
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { LEGS = 8, ETHERTYPE_EXPERIMENTAL = 0x88b5 /* IEEE 802: local experiment 1 */ };

int main(int argc, char *argv[])
{
	static const unsigned char frame[60] = {0x02,
						0xff,
						0xff,
						0xff,
						0xff,
						0xfe,
						0x02,
						0,
						0,
						0,
						0,
						0x01,
						ETHERTYPE_EXPERIMENTAL >> 8,
						ETHERTYPE_EXPERIMENTAL & 0xff};
	struct sockaddr_ll legs[LEGS] = {0};
	long ns = argc > 1 ? atol(argv[1]) * 1000000 : 0;
	int n = argc - 2, s = socket(AF_PACKET, SOCK_RAW, 0);
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	const struct itimerspec spec = {.it_interval.tv_nsec = ns, .it_value.tv_nsec = ns};
	uint64_t expirations;

	if (ns <= 0 || n > LEGS || s < 0 || timerfd_settime(timer, 0, &spec, NULL) < 0) {
		fputs("outage_frames: not possible\n", stderr);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		legs[i].sll_family = AF_PACKET;
		legs[i].sll_ifindex = (int)if_nametoindex(argv[i + 2]);
		if (!legs[i].sll_ifindex) {
			perror(argv[i + 2]);
			return 1;
		}
	}
	while (read(timer, &expirations, sizeof(expirations)) > 0)
		for (int i = 0; i < n; i++)
			if (sendto(s, frame, sizeof(frame), 0, (const void *)&legs[i],
				   sizeof(legs[i])) < 0)
				perror("outage_frames");
	return 1;
}
