// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever the files and the environment hold. The input is clouds.yaml, secure.yaml,
 * clouds-public.yaml and the variables, one a line, parted by lines of "%%".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "vim/openstack/clouds.h"

enum { VARIABLES_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cuts the next part off, as a terminated copy. */
static char *next_part(const char **at, const char *end, size_t *ret_len)
{
	static const char separator[] = "%%\n";
	const char *start = *at, *found = memmem(start, (size_t)(end - start), separator, 3);

	*ret_len = (size_t)((found ? found : end) - start);
	*at = found ? found + 3 : end;
	return xmemdup(start, *ret_len);
}

static void load(const struct cloud_sources *sources, const char *name)
{
	struct err err = ERR_INIT;
	struct cloud cloud;

	if (cloud_parse(sources, name, &cloud, &err) == 0) {
		/* What the client relies on. */
		if (!cloud.auth_url || !cloud.services[SERVICE_COMPUTE].interfaces.n ||
		    !cloud.name || !cloud.where ||
		    (!cloud.user_domain_id == !cloud.user_domain_name) ||
		    (!cloud.project_domain_id == !cloud.project_domain_name))
			abort();
		cloud_clear(&cloud);
	} else if (!err.text) {
		abort();
	}
	err_clear(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	const char *environment[VARIABLES_MAX + 1] = {0};
	char *parts[4];
	size_t len[4];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i] = next_part(&at, end, &len[i]);
	char *rest = parts[3];
	for (size_t i = 0; i < VARIABLES_MAX && rest; i++)
		environment[i] = strsep(&rest, "\n");

	struct cloud_sources sources = {
		.clouds = {"clouds.yaml", parts[0], len[0]},
		.secure = {"secure.yaml", parts[1], len[1]},
		.public = {"clouds-public.yaml", parts[2], len[2]},
		.environment = environment,
	};
	load(&sources, "a");
	load(&sources, NULL);
	load(&sources, "envvars");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		free(parts[i]);
	return 0;
}
