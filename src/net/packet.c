// SPDX-License-Identifier: Apache-2.0
#include "net/packet.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/alloc.h"
#include "base/err.h"

enum { ANSWER_MAX = 512 }; /* a longer advertisement is truncated, and so ignored */

/* <linux/if_packet.h> of older systems lacks it (Linux 4.20). */
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

int packet_open(int index, const struct frame_filter *filter, bool ipv4, bool ipv6, bool tagged,
		int *ret_fd, struct err *err)
{
	/*
	 * Protocol 0 receives nothing until it is bound; otherwise it would receive from all
	 * interfaces. With a single protocol, DNS traffic does not pass the filter.
	 */
	cleanup_close int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_ifindex = index,
		.sll_protocol = htons(tagged || (ipv4 && ipv6) ? ETH_P_ALL
				      : ipv6                   ? ETH_P_IPV6
							       : ETH_P_ARP),
	};
	const struct sock_fprog program = {filter->n, (struct sock_filter *)filter->code};
	int on = 1, priority = TC_PRIO_CONTROL;

	if (fd < 0)
		return err_errno(err, errno, "cannot make a packet socket");
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0)
		return err_errno(err, errno, "cannot set up a packet socket");
	(void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return err_errno(err, errno, "cannot bind a packet socket");
	*ret_fd = steal_fd(&fd);
	return 0;
}

int packet_send(int fd, int index, const struct frame *frame)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = index, .sll_halen = 6};

	memcpy(&to.sll_protocol, frame->bytes + 2 * MAC_SIZE, sizeof(to.sll_protocol));
	memcpy(to.sll_addr, frame->bytes, MAC_SIZE);
	if (sendto(fd, frame->bytes, frame->len, MSG_DONTWAIT, (const struct sockaddr *)&to,
		   sizeof(to)) < 0)
		return -errno;
	return 0;
}

/* The tag that the kernel removed from the frame. */
static void take_vlan(struct msghdr *message, struct frame_answer *answer)
{
	struct tpacket_auxdata aux;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA ||
		    c->cmsg_len < CMSG_LEN(sizeof(aux)))
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			answer->vlan = aux.tp_vlan_tci & 0xfff;
	}
}

size_t packet_hear(int fd, struct frame_answer ret_answers[PACKET_BATCH], size_t *ret_n)
{
	struct {
		uint8_t bytes[ANSWER_MAX];
		char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))]
			__attribute__((aligned(__alignof__(struct cmsghdr))));
		struct iovec part;
	} frames[PACKET_BATCH];
	struct mmsghdr messages[PACKET_BATCH] = {0};
	size_t n_answers = 0;

	for (size_t i = 0; i < PACKET_BATCH; i++) {
		frames[i].part = (struct iovec){frames[i].bytes, sizeof(frames[i].bytes)};
		messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &frames[i].part,
			.msg_iovlen = 1,
			.msg_control = frames[i].control,
			.msg_controllen = sizeof(frames[i].control),
		};
	}
	int n = recvmmsg(fd, messages, PACKET_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct frame_answer *answer = &ret_answers[n_answers];
		if (!frame_read_answer(frames[i].bytes, messages[i].msg_len, answer))
			continue;
		take_vlan(&messages[i].msg_hdr, answer);
		n_answers++;
	}
	*ret_n = n_answers;
	return n > 0 ? (size_t)n : 0;
}
