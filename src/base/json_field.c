// SPDX-License-Identifier: Apache-2.0
#include "base/json_field.h"

#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"

static void put(struct json_writer *w, const struct json_field *f, const void *p)
{
	const struct strv *texts = p;

	switch (f->type) {
	case JSON_FIELD_TEXT:
	case JSON_FIELD_LINES:
		return json_put_text(w, f->key, *(char *const *)p);
	case JSON_FIELD_TEXT_OPT:
		return json_put_text_opt(w, f->key, *(char *const *)p);
	case JSON_FIELD_WORD:
		return json_put_text(w, f->key, *(const char *const *)p);
	case JSON_FIELD_TEXTS:
		return json_put_texts(w, f->key, texts->v, texts->n);
	case JSON_FIELD_KNOWN:
		return json_put_known(w, f->key, *(const int64_t *)p);
	case JSON_FIELD_KNOWN_INT:
		return json_put_known(w, f->key, *(const int *)p);
	case JSON_FIELD_KNOWN_BOOL:
		return json_put_known_bool(w, f->key, *(const int64_t *)p);
	case JSON_FIELD_TRISTATE:
		return json_put_known_bool(w, f->key, *(const enum tristate *)p);
	case JSON_FIELD_NAME:
		return json_put_string(w, f->key, *(char *const *)p);
	case JSON_FIELD_INT64:
		return json_put_int64(w, f->key, *(const int64_t *)p);
	case JSON_FIELD_UINT:
		return json_put_int64(w, f->key, *(const unsigned *)p);
	case JSON_FIELD_BOOL:
		return json_put_bool(w, f->key, *(const bool *)p);
	}
}

void json_put_fields(struct json_writer *w, const struct json_field *fields, const void *from)
{
	for (const struct json_field *f = fields; f->key; f++)
		put(w, f, (const char *)from + f->offset);
}

void json_put_object(struct json_writer *w, const char *key, const struct json_field *fields,
		     const void *from)
{
	json_open_object(w, key);
	json_put_fields(w, fields, from);
	json_close(w);
}

static void get_uint(struct json_reader *r, const struct json_field *f, unsigned *ret)
{
	int64_t n = *ret;

	json_get_int64(r, f->key, f->min, f->max, &n);
	*ret = (unsigned)n;
}

void json_get_fields(struct json_reader *r, const struct json_field *fields, void *to)
{
	for (const struct json_field *f = fields; f->key; f++) {
		void *p = (char *)to + f->offset;

		if (f->required)
			json_must_have(r, f->key);
		if (f->type == JSON_FIELD_NAME)
			json_get_name(r, f->key, p);
		else if (f->type == JSON_FIELD_INT64)
			json_get_int64(r, f->key, f->min, f->max, p);
		else if (f->type == JSON_FIELD_UINT)
			get_uint(r, f, p);
		else if (f->type == JSON_FIELD_BOOL)
			json_get_bool(r, f->key, p);
	}
}

static int try_int(const json_t *object, const char *key)
{
	int64_t n = json_try_int64(object, key);

	return n > INT32_MAX ? -1 : (int)n;
}

void json_try_fields(const json_t *object, const struct json_field *fields, void *to)
{
	for (const struct json_field *f = fields; f->key; f++) {
		void *p = (char *)to + f->offset;

		if (f->type == JSON_FIELD_TEXT)
			*(char **)p = json_try_text(object, f->key);
		else if (f->type == JSON_FIELD_LINES)
			*(char **)p = json_try_lines(object, f->key);
		else if (f->type == JSON_FIELD_TEXTS)
			json_try_texts(object, f->key, p);
		else if (f->type == JSON_FIELD_KNOWN)
			*(int64_t *)p = json_try_int64(object, f->key);
		else if (f->type == JSON_FIELD_KNOWN_INT)
			*(int *)p = try_int(object, f->key);
		else if (f->type == JSON_FIELD_TRISTATE)
			*(enum tristate *)p = json_try_bool(object, f->key);
	}
}
