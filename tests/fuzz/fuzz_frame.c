// SPDX-License-Identifier: Apache-2.0
/* Any frame as an answer to a probe. What is taken for one has an address of a known length. */
#include <stdint.h>
#include <stdlib.h>

#include "bondd/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_answer answer;

	if (frame_read_answer(data, size, &answer) && ip_len(&answer.from) == 0)
		abort();
	return 0;
}
