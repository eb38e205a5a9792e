// SPDX-License-Identifier: Apache-2.0
/* bondd's answer, as dnsvnf reads it from a guest that may be anything. */
#include <stdint.h>

#include "base/alloc.h"
#include "base/err.h"
#include "net/status.h"
#include "net/status_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_guest_status struct guest_status s = {0};
	cleanup_err struct err err = ERR_INIT;

	guest_status_parse((const char *)data, size, &s, &err);
	return 0;
}
