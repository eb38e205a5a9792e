// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a datagram from rtnetlink: taken into the tables, as news and as dumps. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "bondd/tables.h"
#include "net/rtnl_vf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *copy = malloc(size ? size : 1); /* aligned, and of exactly this size */
	struct tables tables = {0};
	struct rtnl_neighbour neighbour;
	struct rtnl_vf vfs[8];
	const char *words;
	int left = size > 32 << 10 ? 32 << 10 : (int)size;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	for (const struct nlmsghdr *m = (const void *)copy; netlink_ok(m, left);
	     m = mnl_nlmsg_next(m, &left)) {
		(void)tables_take(&tables, m);
		tables_add_route(&tables, m);
		if (rtnl_read_neighbour(m, &neighbour) && neighbour.index <= 0)
			abort();
		size_t n_vfs = rtnl_read_vfs(m, vfs, ARRAY_SIZE(vfs));
		if (n_vfs > ARRAY_SIZE(vfs))
			abort();
		for (size_t i = 0; i < n_vfs; i++)
			if (vfs[i].index >= RTNL_VFS_MAX || vfs[i].vlan > 4095 ||
			    vfs[i].link_state > VF_LINK_DISABLE)
				abort();
		if (netlink_read_error(m, &words) < 0 && words && strlen(words) > size)
			abort();
	}
	for (size_t i = 0; i < tables.n_links; i++)
		if (strlen(tables.links[i].name) >= IF_NAMESIZE || tables.links[i].index <= 0)
			abort();
	if (tables.n_routes > TABLES_ROUTES)
		abort();
	tables_mark_links(&tables);
	tables_sweep(&tables);
	if (tables.n_links)
		abort();
	tables_clear(&tables);
	return 0;
}
