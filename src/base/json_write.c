// SPDX-License-Identifier: Apache-2.0
#include "base/json_write.h"

#include <errno.h>
#include <math.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/utf8.h"

static void latch(struct json_writer *w, const char *key, enum err_kind kind, const char *what)
{
	cleanup_strbuf struct strbuf path = {0};

	if (w->err.code)
		return;
	for (size_t i = 0; i < w->n_open; i++) {
		const char *next = i + 1 < w->n_open ? w->open[i + 1].key : key;
		size_t size = json_array_size(w->open[i].value);

		if (next)
			strbuf_addf(&path, "%s%s", path.len ? "." : "", next);
		else if (json_is_array(w->open[i].value)) /* the open container is already in it */
			strbuf_addf(&path, "[%zu]", i + 1 < w->n_open ? size - 1 : size);
	}
	err_set_kind(&w->err, kind, 0, "%s%s%s", path.len ? path.s : "", path.len ? ": " : "",
		     what);
}

/* Takes ownership of value; NULL: it could not be created. */
static bool put(struct json_writer *w, const char *key, json_t *value)
{
	json_t *parent = w->n_open ? w->open[w->n_open - 1].value : NULL;
	int r = 0;

	if (w->err.code) {
		json_decref(value);
		return false;
	}
	if (!value) {
		latch(w, key, ERR_BUG, strerror(ENOMEM));
		return false;
	}
	if ((parent ? json_is_object(parent) != (key != NULL) : w->root || key) ||
	    (key && json_object_get(parent, key))) {
		latch(w, key, ERR_BUG, "already exists, or is not allowed here");
		json_decref(value);
		return false;
	}
	if (!parent)
		w->root = value;
	else if (key)
		r = json_object_set_new(parent, key, value);
	else
		r = json_array_append_new(parent, value);
	if (r < 0)
		latch(w, NULL, ERR_INVALID, "the name of a member is not UTF-8");
	return r == 0;
}

static void open_value(struct json_writer *w, const char *key, json_t *value)
{
	if (!w->err.code && w->n_open == JSON_WRITER_DEPTH)
		latch(w, key, ERR_INVALID, "is nested too deep");
	if (!put(w, key, value))
		return;
	w->open[w->n_open].value = value;
	w->open[w->n_open++].key = key;
}

void json_open_object(struct json_writer *w, const char *key)
{
	open_value(w, key, json_object());
}

void json_open_array(struct json_writer *w, const char *key)
{
	open_value(w, key, json_array());
}

void json_close(struct json_writer *w)
{
	if (w->err.code)
		return;
	if (w->n_open)
		w->n_open--;
	else
		latch(w, NULL, ERR_BUG, "no object or array is open");
}

static json_t *clean(const char *s, size_t len)
{
	cleanup_free char *copy = xstrndup(s, len);

	for (char *p = copy, *end = p + strlen(p); p < end;) {
		size_t n = utf8_length(p, (size_t)(end - p));

		if (n == 0)
			*p = '?';
		p += n ? n : 1;
	}
	return json_string(copy);
}

json_t *json_text(const char *s)
{
	return s ? clean(s, strlen(s)) : json_null();
}

void json_put_textn(struct json_writer *w, const char *key, const char *s, size_t len)
{
	put(w, key, clean(s, len));
}

void json_put_text(struct json_writer *w, const char *key, const char *s)
{
	put(w, key, json_text(s));
}

void json_put_text_opt(struct json_writer *w, const char *key, const char *s)
{
	if (s)
		json_put_text(w, key, s);
}

void json_put_texts(struct json_writer *w, const char *key, char *const *v, size_t n)
{
	json_open_array(w, key);
	for (size_t i = 0; i < n; i++)
		json_put_text(w, NULL, v[i]);
	json_close(w);
}

void json_put_string(struct json_writer *w, const char *key, const char *s)
{
	json_t *value = s ? json_string(s) : json_null();

	if (!value)
		latch(w, key, ERR_INVALID, "is not UTF-8");
	put(w, key, value);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	put(w, key, json_boolean(value));
}

void json_put_null(struct json_writer *w, const char *key)
{
	put(w, key, json_null());
}

void json_put_int64(struct json_writer *w, const char *key, int64_t n)
{
	put(w, key, json_integer(n));
}

void json_put_uint64(struct json_writer *w, const char *key, uint64_t n)
{
	if (n > INT64_MAX)
		latch(w, key, ERR_INVALID, "is too large");
	json_put_int64(w, key, (int64_t)n);
}

void json_put_double(struct json_writer *w, const char *key, double n)
{
	if (!isfinite(n))
		latch(w, key, ERR_INVALID, "is not a finite number");
	put(w, key, json_real(n));
}

void json_put_known(struct json_writer *w, const char *key, int64_t n)
{
	put(w, key, n < 0 ? json_null() : json_integer(n));
}

void json_put_known_bool(struct json_writer *w, const char *key, int64_t n)
{
	put(w, key, n < 0 ? json_null() : json_boolean(n));
}

void json_put_json(struct json_writer *w, const char *key, json_t *value)
{
	put(w, key, json_incref(value));
}

int json_write_json(struct json_writer *w, json_t **ret, struct err *err)
{
	if (!w->err.code && (w->n_open || !w->root))
		latch(w, NULL, ERR_BUG, "the JSON document is not complete");
	int code = w->err.code;
	if (code < 0)
		err_pass(err, &w->err, "cannot write JSON");
	else
		*ret = steal_ptr(w->root);
	json_writer_clear(w);
	return code;
}

char *json_write_text(struct json_writer *w, size_t flags, struct err *err)
{
	struct strbuf line = {0};
	json_t *root = NULL;
	char *text;

	if (json_write_json(w, &root, err) < 0)
		return NULL;
	text = json_dumps(root, flags | JSON_ENCODE_ANY);
	json_decref(root);
	if (!text) {
		err_errno(err, ENOMEM, "cannot write JSON");
		return NULL;
	}
	strbuf_adds(&line, text);
	strbuf_adds(&line, "\n");
	free(text);
	return strbuf_steal(&line);
}

int json_write_file(struct json_writer *w, FILE *file, size_t flags, struct err *err)
{
	cleanup_free char *text = json_write_text(w, flags, err);

	if (!text)
		return -EINVAL;
	fputs(text, file);
	return 0;
}

void json_writer_clear(struct json_writer *w)
{
	json_decref(w->root);
	err_clear(&w->err);
	*w = (struct json_writer){0};
}
