// SPDX-License-Identifier: Apache-2.0
/*
 * Prints where cloud_load would connect, as JSON; for test_clouds_sdk.py. Arguments: the cloud
 * ("-": none) and the region ("-": none). Files and variables are those of the process.
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "vim/openstack/clouds.h"

static const char *given(const char *s)
{
	return strcmp(s, "-") == 0 ? NULL : s;
}

static json_t *services(const struct cloud *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < SERVICES; i++) {
		const struct cloud_service *s = &c->services[i];
		json_t *interfaces = json_array();
		for (size_t k = 0; k < s->interfaces.n; k++)
			json_array_append_new(interfaces, json_string(s->interfaces.v[k]));
		json_array_append_new(list, json_pack("{s:s?, s:o, s:s?, s:s?, s:s?}", "override",
						      s->override, "interfaces", interfaces,
						      "region", s->region ? s->region : c->region,
						      "type", s->type, "name", s->name));
	}
	return list;
}

int main(int argc, char **argv)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_cloud struct cloud c = {0};

	if (argc != 3)
		return 2;
	if (cloud_load(given(argv[1]), given(argv[2]), &c, &err) < 0) {
		puts(err.text);
		return 1;
	}
	json_t *o =
		json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:s?, "
			  "s:s?, s:s?, "
			  "s:s?, s:o}",
			  "auth_url", c.auth_url, "region", c.region, "project_id", c.project_id,
			  "project_name", c.project_name, "project_domain_id", c.project_domain_id,
			  "project_domain_name", c.project_domain_name, "user_id", c.user_id,
			  "username", c.user_name, "user_domain_id", c.user_domain_id,
			  "user_domain_name", c.user_domain_name, "verify", c.verify, "cacert",
			  c.cacert, "cert", c.cert, "key", c.key, "application_credential_id",
			  c.application_credential_id, "services", services(&c));
	json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
	return 0;
}
