// SPDX-License-Identifier: Apache-2.0
/* Any frame as an answer to a probe. What is taken for one has come through the filter, too. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the kernel runs it, at the end of a socket pair, for the answer's own target and leg. */
static bool filter_passes(const struct frame_answer *a, const uint8_t *data, size_t size)
{
	static int pair[2];
	struct frame_filter filter;
	uint8_t byte;

	frame_filter(&a->to, &a->from, 1, &filter);
	const struct sock_fprog program = {filter.n, filter.code};
	if ((pair[1] == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) ||
	    setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		abort();
	if (send(pair[0], data, size, 0) < 0)
		return true; /* longer than any frame */
	return recv(pair[1], &byte, 1, MSG_DONTWAIT) == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_answer answer;

	if (frame_read_answer(data, size, &answer) && !filter_passes(&answer, data, size))
		abort();
	return 0;
}
