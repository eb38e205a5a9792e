// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "base/hash_old.h"
#include "base/json_write.h"
#include "base/str.h"
#include "vim/request.h"
#include "vim/vim.h"

/* What a PUT of Neutron changes under a running server. */
static const char *const updatable[] = {
	/* network: */
	"shared",
	/* subnet: */
	"gateway",
	"no_gateway",
	"dhcp",
	/* port: */
	"allowed_address_pairs",
	"port_security_enabled",
	"admin_state_up",
};

static uint64_t json_hash(const json_t *o, bool old)
{
	cleanup_free char *text = json_dumps(o, JSON_SORT_KEYS | JSON_COMPACT);
	const char *s = text ? text : "";

	return old ? hash_old64(s, strlen(s)) : hash64(s, strlen(s));
}

/* What hash_old.h is about. */
static void put_old_user_data(json_t *ground, const struct vim_request *request)
{
	if (request->kind != VIM_SERVER || !request->server.user_data)
		return;
	cleanup_free char *hash =
		hash_old_hex(request->server.user_data, request->server.user_data_len);
	json_object_set_new(ground, "user_data_hash", json_string(hash));
}

static char *request_digest(const struct vim_request *request, bool old)
{
	json_t *ground = vim_request_json(request);
	json_t *rest = json_object();

	if (old)
		put_old_user_data(ground, request);
	json_object_set_new(ground, "kind", json_string(vim_kind_name(request->kind)));
	json_object_set_new(ground, "name", json_text(request->name));
	for (size_t i = 0; i < ARRAY_SIZE(updatable); i++) {
		json_object_set(rest, updatable[i], json_object_get(ground, updatable[i]));
		json_object_del(ground, updatable[i]);
	}
	char *digest = xasprintf("%016" PRIx64 "%c%016" PRIx64, json_hash(ground, old),
				 old ? '-' : ':', json_hash(rest, old));
	json_decref(ground);
	json_decref(rest);
	return digest;
}

char *vim_request_digest(const struct vim_request *request)
{
	return request_digest(request, false);
}

enum vim_difference vim_request_difference(const struct vim_request *request, const char *digest)
{
	enum { HALF = 16 };

	if (!digest)
		return VIM_SAME;
	cleanup_free char *wanted =
		request_digest(request, strlen(digest) > HALF && digest[HALF] == '-');
	if (streq(digest, wanted))
		return VIM_SAME;
	return strncmp(digest, wanted, HALF + 1) == 0 ? VIM_UPDATE : VIM_REPLACE;
}
