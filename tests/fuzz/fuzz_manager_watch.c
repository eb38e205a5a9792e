// SPDX-License-Identifier: Apache-2.0
/* Any bytes as what dnsvnfd is told of a deployment; what it accepts is written and read the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "manager/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_err struct err err = ERR_INIT;
	struct watch watch, again;

	if (watch_read((const char *)data, size, "watch.json", &watch, &err) < 0)
		return 0;
	cleanup_free char *text = watch_write(&watch, &err);
	if (!text || watch_read(text, strlen(text), "watch.json", &again, &err) < 0)
		abort();
	cleanup_free char *same = watch_write(&again, &err);
	if (!streq(text, same))
		abort();
	watch_clear(&watch);
	watch_clear(&again);
	return 0;
}
