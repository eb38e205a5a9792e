// SPDX-License-Identifier: Apache-2.0
/* Any text as /etc/bondd.conf: values within their limits, or a reason with the line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = xmemdup(data, size);
	cleanup_err struct err err = ERR_INIT;
	struct conf c;
	cleanup_strv struct strv problems = {0};

	int checked = conf_check(CONF_MONITOR, "f", text, &problems);
	if ((checked < 0) != (problems.n > 0) || problems.n > CONF_PROBLEMS ||
	    (checked < 0) != (conf_parse(CONF_MONITOR, "f", text, &c, NULL) < 0))
		abort();
	if (conf_parse(CONF_MONITOR, "f", text, &c, &err) < 0) {
		if (!err.text || strncmp(err.text, "f:", 2) != 0)
			abort();
		return 0;
	}
	if (c.track.interval < 5000 || c.track.fall < 2 || c.track.rise > TRACK_RISE_MAX ||
	    c.limits.max_moves < 1 || c.n_targets > DECIDE_TARGETS)
		abort();
	return 0;
}
