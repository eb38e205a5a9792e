// SPDX-License-Identifier: Apache-2.0
/* Any text as dnsvnfd.conf. */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "manager/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = xmemdup(data, size);
	cleanup_err struct err err = ERR_INIT;
	struct manager_conf conf;

	manager_conf_init(&conf);
	int r = manager_conf_parse("dnsvnfd.conf", text, &conf, &err);
	if ((r < 0) != (err.text != NULL) || (r == 0 && (conf.jobs < 1 || conf.settle_s < 5)))
		abort();
	manager_conf_clear(&conf);
	return 0;
}
