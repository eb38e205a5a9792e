// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/str.h"
#include "vim/request.h"
#include "vim/vim.h"

/* Attributes that Neutron can change (PUT) under a running server. */
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

/* The digest format of version 0.1, see hash_old.h. */
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

/* What of a server can be changed by itself, and the members of its JSON that say it. */
static const struct {
	enum vim_change change;
	const char *keys[2];
} server_parts[] = {
	{VIM_CHANGE_IMAGE, {"image"}}, /* and image_version, of an image that was changed */
	{VIM_CHANGE_USER_DATA, {"user_data_hash"}},
	{VIM_CHANGE_FLAVOR, {"flavor", "flavor_spec"}},
	{VIM_CHANGE_PORTS, {"ports"}},
	{VIM_CHANGE_OTHER, {"server_group"}},
	{VIM_CHANGE_FILES, {"files"}}, /* optional: only of a server that has some */
};

enum { HALF = 16, WHOLE = HALF + 1 + HALF, PART = 1 + HALF };

/* The whole of a server whose change is not over: its parts tell what is left to do. */
#define UNFINISHED "0000000000000000:0000000000000000"

/* ":" and 16 hex digits for each part of a server. */
static char *server_digests(const struct vim_request *request)
{
	json_t *ground = vim_request_json(request),
	       *version = json_object_get(ground, "image_version");
	cleanup_strbuf struct strbuf digests = {0};

	for (size_t i = 0; i < ARRAY_SIZE(server_parts); i++) {
		if (server_parts[i].change == VIM_CHANGE_FILES && !request->server.n_files)
			continue;
		json_t *part = json_array();
		for (size_t k = 0; k < 2 && server_parts[i].keys[k]; k++) {
			json_t *value = json_object_get(ground, server_parts[i].keys[k]);
			json_array_append_new(part, value ? json_incref(value) : json_null());
		}
		if (server_parts[i].change == VIM_CHANGE_IMAGE && version)
			json_array_append(part, version);
		strbuf_addf(&digests, ":%016" PRIx64, json_hash(part, false));
		json_decref(part);
	}
	json_decref(ground);
	return strbuf_steal(&digests);
}

char *vim_request_digest(const struct vim_request *request)
{
	cleanup_free char *whole = request_digest(request, false);
	cleanup_free char *parts =
		request->kind == VIM_SERVER ? server_digests(request) : xstrdup("");

	return xasprintf("%s%s", whole, parts);
}

char *vim_request_digest_unfinished(const struct vim_request *server, unsigned left,
				    const char *old)
{
	static const char none[] = ":0000000000000000";
	cleanup_free char *parts = server_digests(server);
	char *digest = xasprintf("%s%s", UNFINISHED, parts);
	size_t len = old ? strlen(old) : 0;

	for (size_t i = 0, at = WHOLE; digest[at]; i++, at += PART)
		if (server_parts[i].change & left)
			memcpy(digest + at, len >= at + PART ? old + at : none, PART);
	return digest;
}

enum vim_difference vim_request_difference(const struct vim_request *request, const char *digest)
{
	if (!digest)
		return VIM_SAME;
	if (strncmp(digest, UNFINISHED, WHOLE) == 0) {
		cleanup_free char *parts = server_digests(request);
		return streq(digest + WHOLE, parts) ? VIM_SAME : VIM_REPLACE;
	}
	size_t len = strlen(digest);
	cleanup_free char *wanted = request_digest(request, len > HALF && digest[HALF] == '-');
	/* The parts of a server follow the whole; version 0.1 had none. */
	if (len >= WHOLE && strncmp(digest, wanted, WHOLE) == 0)
		return VIM_SAME;
	return strncmp(digest, wanted, HALF + 1) == 0 ? VIM_UPDATE : VIM_REPLACE;
}

unsigned vim_request_changes(const struct vim_request *server, const char *digest)
{
	unsigned changes = 0;

	if (vim_request_difference(server, digest) == VIM_SAME)
		return 0;
	cleanup_free char *parts = server_digests(server);
	size_t len = strlen(digest), wanted = WHOLE + strlen(parts);
	if (len < WHOLE + (ARRAY_SIZE(server_parts) - 1) * PART || (len - WHOLE) % PART)
		return VIM_CHANGE_OTHER;
	for (size_t i = 0, at = WHOLE; i < ARRAY_SIZE(server_parts); i++, at += PART)
		if (strncmp(at < len ? digest + at : "", at < wanted ? parts + at - WHOLE : "",
			    PART) != 0)
			changes |= server_parts[i].change;
	return changes ? changes : VIM_CHANGE_OTHER;
}
