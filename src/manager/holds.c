// SPDX-License-Identifier: Apache-2.0
#include "manager/holds.h"

#include <fcntl.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"

enum { FILE_MAX = 4 << 20 };

static const char *const scope_names[HOLD_SCOPES] = {
	[HOLD_SCOPE_VM] = "vm",           [HOLD_SCOPE_DEPLOYMENT] = "deployment",
	[HOLD_SCOPE_NETWORK] = "network", [HOLD_SCOPE_HOST] = "host",
	[HOLD_SCOPE_CLOUD] = "cloud",
};

const char *hold_scope_name(enum hold_scope scope)
{
	return scope_names[scope];
}

enum hold_scope hold_scope_parse(const char *s)
{
	int i = 0;

	while (i < HOLD_SCOPES && !streq(s, scope_names[i]))
		i++;
	return (enum hold_scope)i;
}

void operator_hold_clear(struct operator_hold *hold)
{
	free_all(hold->name, hold->by, hold->why);
}

static int read_hold(struct json_reader *r, struct operator_hold *ret)
{
	cleanup_free char *scope = NULL;

	json_must_have(r, "scope");
	json_must_have(r, "name");
	json_get_name(r, "scope", &scope);
	json_get_name(r, "name", &ret->name);
	json_get_string(r, "by", &ret->by);
	json_get_string(r, "why", &ret->why);
	json_get_int64(r, "until", 0, INT64_MAX, &ret->until);
	ret->scope = hold_scope_parse(scope);
	if (scope && ret->scope == HOLD_SCOPES)
		json_fail(r, "scope", "'%s' is not known", scope);
	return json_end(r);
}

int holds_open(const char *path, struct holds *ret, struct err *err)
{
	cleanup_free char *data = NULL;
	cleanup_json json_t *document = NULL;
	cleanup_err struct err of_file = ERR_INIT;
	struct holds h = {.path = xstrdup(path)};
	size_t len;
	int r = file_read(path, FILE_MAX, &data, &len, &of_file);

	if (r == 0)
		r = json_parse_document(data, len, path, &document, err);
	else if (r == -ENOENT)
		r = 0;
	else
		err_copy(err, &of_file);
	struct json_reader reader = json_reader(document, err);
	if (r == 0)
		json_each (&reader, "holds", HOLDS_MAX, one)
			(void)read_hold(&one, array_push(h.v, h.n));
	if (r == 0)
		r = json_end(&reader);
	if (r < 0) {
		holds_close(&h);
		return err_wrap(err, "holds in %s", path);
	}
	*ret = h;
	return 0;
}

void holds_close(struct holds *h)
{
	array_free(h->v, h->n, operator_hold_clear);
	free(h->path);
	*h = (struct holds){0};
}

void hold_put(struct json_writer *w, const struct operator_hold *hold)
{
	json_put_text(w, "scope", hold_scope_name(hold->scope));
	json_put_text(w, "name", hold->name);
	json_put_text(w, "by", hold->by);
	json_put_text(w, "why", hold->why);
	json_put_int64(w, "until", hold->until);
}

int holds_save(struct holds *h, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	if (!h->unsaved)
		return 0;
	json_open_object(&w, NULL);
	json_open_array(&w, "holds");
	for (size_t i = 0; i < h->n; i++) {
		json_open_object(&w, NULL);
		hold_put(&w, &h->v[i]);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	cleanup_free char *text = json_write_text(&w, JSON_INDENT(1), err);
	int r = text ? file_write_at(AT_FDCWD, h->path, text, strlen(text), 0640, err) : -EIO;
	if (r < 0)
		return err_wrap(err, "holds");
	h->unsaved = false;
	return 0;
}

static struct operator_hold *find(const struct holds *h, enum hold_scope scope, const char *name)
{
	return array_find(h->v, h->n, it->scope == scope && streq(it->name, name));
}

static struct operator_hold copy(const struct operator_hold *hold)
{
	return (struct operator_hold){hold->scope, xstrdup(hold->name), xstrdup(hold->by),
				      xstrdup(hold->why), hold->until};
}

void holds_copy(const struct holds *h, struct holds *ret)
{
	struct holds all = {.path = xstrdup(h->path), .unsaved = h->unsaved};

	for (size_t i = 0; i < h->n; i++)
		*array_push(all.v, all.n) = copy(&h->v[i]);
	*ret = all;
}

void holds_restore(struct holds *h, struct holds *before)
{
	holds_close(h);
	*h = *before;
	*before = (struct holds){0};
	h->unsaved = true; /* it is not known which ones the file has */
}

int holds_set(struct holds *h, const struct operator_hold *hold, struct err *err)
{
	struct operator_hold *there = find(h, hold->scope, hold->name);

	if (!there && h->n == HOLDS_MAX)
		return err_code(err, INVALID, E2BIG, "there are %d holds already: release some",
				HOLDS_MAX);
	struct operator_hold new = copy(hold);
	if (there)
		operator_hold_clear(there);
	else
		there = array_push(h->v, h->n);
	*there = new;
	h->unsaved = true;
	return 0;
}

int holds_release(struct holds *h, enum hold_scope scope, const char *name, struct err *err)
{
	struct operator_hold *there = find(h, scope, name);

	if (!there)
		return err_set(err, NOT_FOUND, "no hold on %s %s", hold_scope_name(scope), name);
	operator_hold_clear(there);
	*there = h->v[--h->n];
	h->unsaved = true;
	return 0;
}

const struct operator_hold *holds_find(const struct holds *h, enum hold_scope scope,
				       const char *name, int64_t now)
{
	const struct operator_hold *there = name ? find(h, scope, name) : NULL;

	return there && there->until > now ? there : NULL;
}

struct operator_hold holds_take_ended(struct holds *h, int64_t now)
{
	struct operator_hold *there = array_find(h->v, h->n, it->until <= now);

	if (!there)
		return (struct operator_hold){.scope = HOLD_SCOPES};
	struct operator_hold ended = *there;
	*there = h->v[--h->n];
	h->unsaved = true;
	return ended;
}
