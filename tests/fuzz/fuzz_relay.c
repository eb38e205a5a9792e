// SPDX-License-Identifier: Apache-2.0
/* Any bytes as the relay's configuration, and as the record of what it holds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "bondd/conf.h"
#include "bondd/relay_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct relay_record record;
	cleanup_free char *text = xmemdup(data, size);
	cleanup_err struct err err = ERR_INIT;
	struct conf c;

	if (conf_parse(CONF_RELAY, "f", text, &c, NULL) == 0 &&
	    (c.relay.n_pfs < 2 || c.relay.n_pfs > RELAY_PFS || c.n_targets < 1 ||
	     c.relay.hold_down < 1 || c.relay.holds > DECIDE_MOVES))
		abort();
	memset(&record, 0, sizeof(record));
	if (relay_record_parse(text, size, "f", &record, &err) < 0) {
		if (!err.text || record.pf[0] || record.n_vfs)
			abort();
		return 0;
	}
	if (!record.pf[0] || record.index < 1 || record.n_vfs > RTNL_VFS_MAX)
		abort();
	for (size_t i = 0; i < record.n_vfs; i++)
		if (record.vfs[i].index >= RTNL_VFS_MAX || (record.vfs[i].before != VF_LINK_AUTO &&
							    record.vfs[i].before != VF_LINK_ENABLE))
			abort();
	return 0;
}
