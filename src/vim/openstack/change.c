// SPDX-License-Identifier: Apache-2.0
/*
 * Changes a server in place by Nova's rebuild and resize, and rolls it back: a resize by its
 * revert, a rebuild by another rebuild with the old image and user data; ports: ports.c. Mark and
 * new digest are part of the rebuild, and tell whether it was carried out; before a resize it is an
 * unfinished one, and the whole is set when the resize is confirmed, so that an interrupted one is
 * continued. While Nova confirms, it shows no task and refuses metadata.
 * https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action
 */

#include "base/alloc.h"
#include "base/err.h"
#include "base/event.h"
#include "base/json_read.h"
#include "base/str.h"
#include "vim/openstack/handle.h"

#define USER_DATA "OS-EXT-SRV-ATTR:user_data"

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static const char *digest_of(const json_t *server)
{
	return text(json_object_get(server, "metadata"), MARK_DIGEST);
}

static const char *image_of(const json_t *server)
{
	return text(json_object_get(server, "image"), "id");
}

/* If the reply to a rebuild without differences was lost, only the time of the last change tells
 * whether it was done. */
static bool is_untouched(const json_t *before, const json_t *after)
{
	return streq(digest_of(before), digest_of(after)) &&
	       streq(image_of(before), image_of(after)) && text(after, "updated") &&
	       streq(text(before, "updated"), text(after, "updated"));
}

/* Takes ownership of the rebuild's body. */
static int rebuild(struct openstack *os, const char *id, json_t *body, struct err *err)
{
	cleanup_free char *digest = xstrdup(digest_of(body));
	cleanup_free char *image = xstrdup(text(body, "imageRef"));
	json_t *server = NULL;
	int r = openstack_act(os, id, json_pack("{s:o}", "rebuild", body), NULL, &server, err);

	if (r < 0)
		return r;
	if (!streq(text(server, "status"), "ACTIVE"))
		r = openstack_failed(server, "rebuild", err);
	else if (!streq(digest_of(server), digest) || !streq(image_of(server), image) ||
		 (os->outcome_unknown && is_untouched(os->before, server)))
		r = err_set(err, FAILED, "Nova did not carry out the rebuild");
	json_decref(server);
	return r;
}

static int rebuild_forward(struct openstack *os, const struct vim_object *server,
			   const struct vim_request *request, unsigned changes, struct err *err)
{
	const struct resource *image = openstack_image(os, request);
	const char *image_id = changes & VIM_CHANGE_IMAGE ? (image ? image->object.id : NULL)
							  : image_of(os->before);
	const char *old = digest_of(os->before);
	cleanup_free char *digest =
		changes & VIM_CHANGE_FLAVOR
			? vim_request_digest_unfinished(request, VIM_CHANGE_FLAVOR, old)
			: vim_request_digest(request);

	if (!image_id)
		return err_set(err, NOT_FOUND, "no image \"%s\"", request->server.image_name);
	/* A rebuild replaces all metadata, so that of others is sent too. */
	json_t *metadata = json_deep_copy(json_object_get(os->before, "metadata"));
	if (!metadata)
		metadata = json_object();
	json_object_set_new(metadata, MARK_OWNER, json_string(request->owner));
	json_object_set_new(metadata, MARK_DIGEST, json_string(digest));
	json_t *body = json_pack("{s:s, s:o}", "imageRef", image_id, "metadata", metadata);
	if (changes & VIM_CHANGE_USER_DATA) {
		json_object_set_new(body, "user_data", json_null());
		int r = body_put_user_data(body, request, err);
		if (r < 0) {
			json_decref(body);
			return r;
		}
	}
	os->changed |= VIM_CHANGE_IMAGE | (changes & VIM_CHANGE_USER_DATA); /* its disk is new */
	int r = rebuild(os, server->id, body, err);
	/* Refused: nothing was changed. */
	if (r < 0 && err && (err->kind == ERR_REFUSED || err->kind == ERR_NOT_FOUND))
		os->changed &= ~(VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA);
	return r;
}

/* Does the server have the requested flavor? A name may have been reused. */
static bool has_flavor(const json_t *server, const struct vim_request *request)
{
	const json_t *have = json_object_get(server, "flavor");
	const json_t *specs = json_object_get(have, "extra_specs");
	const struct vim_request wanted = {.kind = VIM_FLAVOR,
					   .name = request->server.flavor_name,
					   .flavor = request->server.flavor};

	if (!streq(text(have, "original_name"), request->server.flavor_name))
		return false;
	if (!wanted.flavor || !json_object_get(specs, MARK_EXTRA_SPEC))
		return true;
	cleanup_free char *digest = vim_request_digest(&wanted);
	return streq(text(specs, MARK_EXTRA_SPEC), digest);
}

static int resize(struct openstack *os, const struct vim_object *object,
		  const struct vim_request *request, struct err *err)
{
	const struct resource *flavor = resources_by_name(
		&os->resources, VIM_FLAVOR, request->server.flavor_name, os->prefix, NULL);
	json_t *server = NULL;

	if (!flavor)
		return err_set(err, NOT_FOUND, "no flavor \"%s\"", request->server.flavor_name);
	os->changed |= VIM_CHANGE_FLAVOR;
	/* A killed run may have reached this state. */
	if (has_flavor(os->before, request) && streq(text(os->before, "status"), "VERIFY_RESIZE"))
		return 0;
	int r = openstack_act(os, object->id,
			      json_pack("{s:{s:s}}", "resize", "flavorRef", flavor->object.id),
			      NULL, &server, err);
	if (r < 0)
		return r;
	bool taken = has_flavor(server, request);
	if (taken && (streq(text(server, "status"), "VERIFY_RESIZE") ||
		      streq(text(server, "status"), "ACTIVE"))) /* confirmed by Nova itself */
		r = 0;
	else if (streq(text(server, "status"), "ACTIVE"))
		r = err_set(
			err, NO_CAPACITY,
			"no host accepts it with flavor \"%s\" (the resize found no valid host)",
			request->server.flavor_name);
	else
		r = openstack_failed(server, "resize", err);
	json_decref(server);
	return r;
}

/* A server in ERROR, for this reason, that runs. */
static int set_active(struct openstack *os, const char *id, const char *why, json_t **ret,
		      struct err *err)
{
	event_note(os->vim.run, "ROLL", "%s; it runs with its new flavor, so it is set to ACTIVE",
		   why);
	int r = openstack_act(os, id, json_pack("{s:{s:s}}", "os-resetState", "state", "active"),
			      "ERROR", ret, err);
	return r < 0 ? err_wrap(err,
				"%s; it runs with its new flavor: openstack server set --state "
				"active %s, by the role admin, then run 'dnsvnf deploy'",
				why, id)
		     : 0;
}

/*
 * Nova confirms after the server runs with its new flavor, and cleans up what it had before. If
 * that fails the server goes on running, with the status ERROR. It does on a resize to the same
 * host if Nova's periodic audit saw the resize: the audit pins the new CPUs twice, fails, and
 * forgets the old ones (resource_tracker.py, _update_available_resource); the next audit mends it.
 */
static int confirm(struct openstack *os, const char *id, const struct vim_request *request,
		   json_t **ret, struct err *err)
{
	cleanup_err struct err why = ERR_INIT;
	int r = openstack_act(os, id, json_pack("{s:n}", "confirmResize"), "VERIFY_RESIZE", ret,
			      err);

	if (r < 0 || streq(text(*ret, "status"), "ACTIVE"))
		return r;
	openstack_failed(*ret, "confirmation of the resize", &why);
	bool runs = streq(text(*ret, "status"), "ERROR") && has_flavor(*ret, request);
	json_decref(steal_ptr(*ret));
	return runs ? set_active(os, id, why.text, ret, err) : err_copy(err, &why);
}

/* The state left by an interrupted run: a resize to another flavor is reverted first; one to this
 * flavor is kept if nothing else changes; a server that only could not be confirmed is ACTIVE. */
static int tidy(struct openstack *os, const char *id, const struct vim_request *request,
		unsigned changes, struct err *err)
{
	cleanup_err struct err why = ERR_INIT;
	bool resized = streq(text(os->before, "status"), "VERIFY_RESIZE");
	json_t *server = NULL;
	int r;

	if (resource_runs_unconfirmed(os->before)) {
		openstack_failed(os->before, "confirmation of the resize", &why);
		r = set_active(os, id, why.text, &server, err);
	} else if (resized && !has_flavor(os->before, request)) {
		r = openstack_act(os, id, json_pack("{s:n}", "revertResize"), "VERIFY_RESIZE",
				  &server, err);
	} else if (resized && changes != VIM_CHANGE_FLAVOR) {
		r = confirm(os, id, request, &server, err);
	} else {
		return 0;
	}
	if (r == 0) {
		json_decref(os->before);
		os->before = server;
	}
	return r;
}

int openstack_change(struct vim *vim, const struct vim_object *server,
		     const struct vim_request *request, unsigned changes, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	int r = openstack_login(os, err);

	if (r < 0)
		return r;
	json_decref(os->before);
	os->before = NULL;
	os->changed = 0;
	r = openstack_wait(os, server->id, NULL, &os->before, err);
	if (r == 0)
		r = tidy(os, server->id, request, changes, err);
	if (r == 0 && changes & VIM_CHANGE_PORTS) {
		os->changed |= VIM_CHANGE_PORTS;
		r = openstack_change_ports(os, server->id, request, err);
	}
	/* The guest applies its day-0 to new ports at the first boot of a disk only. */
	if (r == 0 && changes & (VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA | VIM_CHANGE_PORTS |
				 VIM_CHANGE_DISK))
		r = rebuild_forward(os, server, request, changes, err);
	if (r == 0 && changes & VIM_CHANGE_FLAVOR &&
	    !(has_flavor(os->before, request) && streq(text(os->before, "status"), "ACTIVE")))
		r = resize(os, server, request, err);
	return r;
}

static int keep(struct openstack *os, const char *id, const struct vim_request *request,
		struct err *err)
{
	cleanup_free char *digest = vim_request_digest(request);
	json_t *server = NULL;
	int r = openstack_look(os, id, &server, err);

	if (r == 0 && streq(text(server, "status"), "VERIFY_RESIZE")) {
		json_decref(steal_ptr(server));
		r = confirm(os, id, request, &server, err);
	}
	if (r == 0 && !streq(digest_of(server), digest))
		r = session_call(
			os->session, SERVICE_COMPUTE, "POST", xasprintf("/servers/%s/metadata", id),
			json_pack("{s:{s:s}}", "metadata", MARK_DIGEST, digest), NULL, err);
	json_decref(server);
	return r;
}

/* A resize that failed on the host has its new flavor and cannot be reverted: *ret_stays. */
static int revert_resize(struct openstack *os, const char *id, char **ret_stays, struct err *err)
{
	json_t *server = NULL;
	int r = openstack_wait(os, id, NULL, &server, err);

	if (r == 0 && streq(text(server, "status"), "VERIFY_RESIZE")) {
		json_decref(steal_ptr(server));
		r = openstack_act(os, id, json_pack("{s:n}", "revertResize"), "VERIFY_RESIZE",
				  &server, err);
		if (r == 0 && !streq(text(server, "status"), "ACTIVE"))
			r = openstack_failed(server, "revert of the resize", err);
	}
	if (r == 0 &&
	    !json_equal(json_object_get(server, "flavor"), json_object_get(os->before, "flavor")))
		*ret_stays = json_try_text(json_object_get(server, "flavor"), "original_name");
	json_decref(server);
	return r;
}

static int rebuild_back(struct openstack *os, const char *id, struct err *err)
{
	json_t *old = json_object_get(os->before, USER_DATA);

	if (os->changed & VIM_CHANGE_USER_DATA && !old)
		return err_set(
			err, REFUSED,
			"these credentials cannot read its old user data (needs role admin)");
	json_t *body = json_pack("{s:O, s:O}", "imageRef",
				 json_object_get(json_object_get(os->before, "image"), "id"),
				 "metadata", json_object_get(os->before, "metadata"));
	if (os->changed & VIM_CHANGE_USER_DATA)
		json_object_set(body, "user_data", old);
	return rebuild(os, id, body, err);
}

int openstack_settle(struct vim *vim, const struct vim_object *server,
		     const struct vim_request *request, bool is_kept, struct err *err)
{
	struct openstack *os = openstack_of(vim);
	int r = openstack_login(os, err);

	if (r < 0 || !os->before)
		return r;
	if (is_kept)
		return keep(os, server->id, request, err);
	cleanup_free char *stays = NULL;
	if (os->changed & VIM_CHANGE_FLAVOR)
		r = revert_resize(os, server->id, &stays, err);
	if (r == 0 && os->changed & VIM_CHANGE_PORTS)
		r = openstack_restore_ports(os, server->id, request, err);
	if (r == 0 && os->changed & (VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA))
		r = rebuild_back(os, server->id, err);
	if (r == 0 && stays)
		r = err_set(
			err, FAILED,
			"it has the flavor \"%s\" already, and Nova takes no failed resize back",
			stays);
	return r;
}
