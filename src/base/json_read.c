// SPDX-License-Identifier: Apache-2.0
#include "base/json_read.h"

#include "base/err.h"
#include "base/str.h"
#include "base/utf8.h"

#define NAME_MAX_BYTES 255

int json_parse_document(const char *data, size_t len, const char *file, json_t **ret,
			struct err *err)
{
	json_error_t problem;
	json_t *document = json_loadb(data, len, JSON_REJECT_DUPLICATES, &problem);

	if (!document) {
		utf8_make_printable(problem.text, "");
		return err_set(err, INVALID, "%s:%d: %s", file, problem.line, problem.text);
	}
	*ret = document;
	return 0;
}

struct json_reader json_reader(json_t *root, struct err *err)
{
	return (struct json_reader){.value = root, .err = err};
}

static struct json_reader *outermost(struct json_reader *r)
{
	while (r->parent)
		r = r->parent;
	return r;
}

int json_end(const struct json_reader *r)
{
	while (r->parent)
		r = r->parent;
	return r->r;
}

static void add_path(struct strbuf *path, const struct json_reader *r, const char *key)
{
	if (r->parent)
		add_path(path, r->parent, r->key);
	if (r->index)
		strbuf_addf(path, "[%zu]", r->index - 1);
	if (key)
		strbuf_addf(path, "%s%s", path->len ? "." : "", key);
}

void json_fail(struct json_reader *r, const char *key, const char *fmt, ...)
{
	struct json_reader *root = outermost(r);
	cleanup_strbuf struct strbuf path = {0};
	va_list ap;

	if (root->r < 0)
		return;
	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	add_path(&path, r, key);
	if (path.len)
		root->r = err_set(root->err, INVALID, "%s: %s", path.s, text);
	else
		root->r = err_set(root->err, INVALID, "%s", text);
}

/* NULL if it is absent or null, and after an error. key NULL: the reader's own value. */
static json_t *member(const struct json_reader *r, const char *key)
{
	json_t *value = key ? json_object_get(r->value, key) : r->value;

	return json_is_null(value) || json_end(r) < 0 ? NULL : value;
}

bool json_has(const struct json_reader *r, const char *key)
{
	return member(r, key) != NULL;
}

void json_must_be_object(struct json_reader *r)
{
	if (!json_is_object(r->value))
		json_fail(r, NULL, "must be an object");
}

void json_must_have(struct json_reader *r, const char *key)
{
	if (!member(r, key))
		json_fail(r, key, "is missing");
}

void json_get_int64(struct json_reader *r, const char *key, int64_t min, int64_t max, int64_t *ret)
{
	const json_t *value = member(r, key);
	int64_t n = json_integer_value(value);

	if (!value)
		return;
	if (!json_is_integer(value) || n < min || n > max)
		return json_fail(r, key, "must be an integer from %lld to %lld", (long long)min,
				 (long long)max);
	*ret = n;
}

void json_get_int(struct json_reader *r, const char *key, int min, int max, int *ret)
{
	int64_t n = *ret;

	json_get_int64(r, key, min, max, &n);
	*ret = (int)n;
}

void json_get_bool(struct json_reader *r, const char *key, bool *ret)
{
	const json_t *value = member(r, key);

	if (!value)
		return;
	if (!json_is_boolean(value))
		return json_fail(r, key, "must be true or false");
	*ret = json_is_true(value);
}

void json_get_ratio(struct json_reader *r, const char *key, double max, double *ret)
{
	const json_t *value = member(r, key);
	double ratio = json_number_value(value);

	if (!value)
		return;
	if (!json_is_number(value) || !(ratio > 0 && ratio <= max))
		return json_fail(r, key, "must be a number above 0, at most %g", max);
	*ret = ratio;
}

void json_get_string(struct json_reader *r, const char *key, char **ret)
{
	const json_t *value = member(r, key);
	const char *s = json_string_value(value);

	if (!value)
		return;
	if (!s || !*s)
		return json_fail(r, key, "must be a non-empty string");
	free(*ret);
	*ret = xstrdup(s);
}

void json_get_name(struct json_reader *r, const char *key, char **ret)
{
	cleanup_free char *name = NULL;

	json_get_string(r, key, &name);
	if (!name)
		return;
	if (strlen(name) > NAME_MAX_BYTES)
		return json_fail(r, key, "must be at most %d bytes long", NAME_MAX_BYTES);
	for (const char *p = name; *p; p += utf8_printable(p)) {
		if (!utf8_printable(p))
			return json_fail(r, key, "must not hold control characters");
	}
	free(*ret);
	*ret = steal_ptr(name);
}

void json_get_object(struct json_reader *r, const char *key, json_t **ret)
{
	json_t *value = member(r, key);

	if (!value)
		return;
	if (!json_is_object(value))
		return json_fail(r, key, "must be an object");
	*ret = value;
}

struct json_reader json_member(struct json_reader *r, const char *key)
{
	return (struct json_reader){.value = member(r, key), .parent = r, .key = key};
}

struct json_reader json_entries(struct json_reader *r, const char *key, size_t max)
{
	json_t *value = member(r, key);

	if (value && !json_is_array(value))
		json_fail(r, key, "must be an array");
	else if (json_array_size(value) > max)
		json_fail(r, key, "must have at most %zu entries", max);
	return (struct json_reader){.array = value, .parent = r, .key = key};
}

bool json_next(struct json_reader *entry)
{
	if (json_end(entry) < 0 || entry->index >= json_array_size(entry->array))
		return false;
	entry->value = json_array_get(entry->array, entry->index++);
	return true;
}

static char *clean(const char *s, const char *keep)
{
	char *copy = xstrdup(s);

	if (copy)
		utf8_make_printable(copy, keep);
	return copy;
}

char *json_try_text(const json_t *object, const char *key)
{
	return clean(json_string_value(json_object_get(object, key)), "");
}

char *json_try_lines(const json_t *object, const char *key)
{
	return clean(json_string_value(json_object_get(object, key)), "\n\t");
}

int64_t json_try_int64(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
									: -1;
}

enum tristate json_try_bool(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? (enum tristate)json_is_true(value) : TRI_UNKNOWN;
}

void json_try_texts(const json_t *object, const char *key, struct strv *l)
{
	json_for_each (value, json_object_get(object, key)) {
		if (json_is_string(value))
			strv_take(l, clean(json_string_value(value), ""));
	}
}
