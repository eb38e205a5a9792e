// SPDX-License-Identifier: Apache-2.0
/* The configuration of a name server: the first byte selects which. */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "dns/conf.h"
#include "model/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"/etc/knot/knot.conf", "/etc/unbound/unbound.conf",
					    "/etc/nsd/nsd.conf", "/etc/bind/named.conf"};
	cleanup_text struct text text = {0};
	cleanup_dns_conf struct dns_conf conf = {0};

	if (size == 0)
		return 0;
	enum dns_server server = (enum dns_server)(data[0] % DNS_SERVERS);
	struct written_file file = {.path = (char *)paths[server], .text = &text};
	const struct guest_network guest = {.written = &file, .n_written = 1};

	text_init(&text, paths[server], (const char *)data + 1, size - 1, 1);
	dns_conf_read(server, &guest, &conf);
	for (size_t i = 0; i < conf.n_listens; i++)
		if (conf.listens[i].line >= text.n_lines)
			abort();
	return 0;
}
