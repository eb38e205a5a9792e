// SPDX-License-Identifier: Apache-2.0
/* What a client of the control socket gets for its request. */
#include <pwd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/str.h"
#include "manager/control.h"
#include "manager/manager.h"

char *request_user(uid_t uid)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		return xstrdup(found->pw_name);
	return xasprintf("uid %u", uid);
}

char *request_failed(const struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	json_put_bool(&w, "done", true);
	json_open_object(&w, "error");
	json_put_text(&w, "kind", err_kind_name(err->kind));
	json_put_text(&w, "text", err->text);
	json_close(&w);
	json_close(&w);
	char *text = json_write_text(&w, JSON_COMPACT, NULL);
	return text ? text : xstrdup("{\"done\":true,\"error\":{\"kind\":\"bug\",\"text\":\"\"}}");
}

static void reply(struct client *c, char *message)
{
	free(c->reply);
	c->reply = message;
	c->sends = CLIENT_REPLY;
}

void request_reply_failed(struct client *c, const struct err *err)
{
	reply(c, request_failed(err));
}

int request_reply(struct client *c, struct json_writer *w, struct err *err)
{
	json_put_bool(w, "done", true);
	json_close(w);
	char *text = json_write_text(w, JSON_COMPACT, err);
	if (!text)
		return -EIO;
	if (strlen(text) > CONTROL_MESSAGE_MAX) {
		free(text);
		return err_set(err, INVALID, "the answer is larger than %d bytes",
			       CONTROL_MESSAGE_MAX);
	}
	reply(c, text);
	return 0;
}

int request_refuse(const struct manager *m, struct err *err)
{
	return err_set(err, LOCAL,
		       "%s: the request is refused, since it could be lost; repeat it when the "
		       "store can be written",
		       m->keep_error);
}

int request_check_store(struct manager *m, struct err *err)
{
	return manager_keep(m) ? 0 : request_refuse(m, err);
}

int request_reply_number(struct client *c, const char *key, int64_t value, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	if (key)
		json_put_int64(&w, key, value);
	return request_reply(c, &w, err);
}

int request_acknowledge(struct client *c, const char *key, int64_t value, struct err *err)
{
	int r = request_check_store(c->manager, err);

	return r < 0 ? r : request_reply_number(c, key, value, err);
}

int request_accepted(struct client *c, struct managed *d, int copy_of, bool deploy, struct err *err)
{
	cleanup_free char *of = copy_of ? xasprintf(", a copy of %d", copy_of) : xstrdup("");

	note(c->manager,
	     &(struct note){.type = "CONFIG_ACCEPTED", .status = "SUCCESS", .of = d, .by = c->by},
	     "generation %d%s", d->generation, of);
	if (deploy)
		work_want(d, TASK_DEPLOY, manager_now());
	int r = request_acknowledge(c, "generation", d->generation, err);
	return r < 0 ? err_wrap(err,
				"generation %d is stored, but perhaps not that it is to be "
				"deployed: repeat the command",
				d->generation)
		     : 0;
}
