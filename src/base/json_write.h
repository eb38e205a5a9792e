/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a JSON document and latches the first error: a value that cannot be encoded, a member
 * twice, an array or object that is not closed. After an error every call does nothing, so the
 * caller checks once, and the document is complete or not written:
 *
 * cleanup_json_writer struct json_writer w = {0};
 *
 * json_open_object(&w, NULL);
 * json_put_text(&w, "name", name);
 * json_open_array(&w, "vfs");
 * for (...)
 * 	json_put_int64(&w, NULL, vf);
 * json_close(&w);
 * json_close(&w);
 * return json_write_file(&w, stdout, JSON_INDENT(2), err);
 *
 * key is the name of a member, or NULL in an array and for the outermost value. It must stay until
 * its array or object is closed.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define JSON_WRITER_DEPTH 16

struct json_writer {
	json_t *root;
	struct {
		json_t *value; /* array or object, borrowed */
		const char *key;
	} open[JSON_WRITER_DEPTH];
	size_t n_open;
	struct err err; /* the first error */
};

void json_open_object(struct json_writer *w, const char *key);
void json_open_array(struct json_writer *w, const char *key);
void json_close(struct json_writer *w);

/* Text for display: bytes that are not UTF-8 become '?'. NULL gives null; with _opt, no member. */
void json_put_text(struct json_writer *w, const char *key, const char *s);
void json_put_text_opt(struct json_writer *w, const char *key, const char *s);
void json_put_textn(struct json_writer *w, const char *key, const char *s, size_t len);

/* The same value, for a tree built without a writer. */
json_t *json_text(const char *s);

/* An array of texts. */
void json_put_texts(struct json_writer *w, const char *key, char *const *v, size_t n);

/* Text for programs: an error if it is not UTF-8. NULL gives null. */
void json_put_string(struct json_writer *w, const char *key, const char *s);

void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_null(struct json_writer *w, const char *key);
void json_put_int64(struct json_writer *w, const char *key, int64_t n);
void json_put_uint64(struct json_writer *w, const char *key, uint64_t n); /* at most INT64_MAX */
void json_put_double(struct json_writer *w, const char *key, double n);   /* finite */

/* Numbers and truth values; negative: unknown, gives null. */
void json_put_known(struct json_writer *w, const char *key, int64_t n);
void json_put_known_bool(struct json_writer *w, const char *key, int64_t n);

/* An existing value; the caller keeps its reference. */
void json_put_json(struct json_writer *w, const char *key, json_t *value);

/*
 * The result, owned by the caller, or an error: -errno or NULL. Text ends with a newline; flags are
 * jansson's. Errors of writing to the file are in ferror().
 */
int json_write_json(struct json_writer *w, json_t **ret, struct err *err);
char *json_write_text(struct json_writer *w, size_t flags, struct err *err);
int json_write_file(struct json_writer *w, FILE *file, size_t flags, struct err *err);

/* Frees the document. */
void json_writer_clear(struct json_writer *w);

#define cleanup_json_writer __attribute__((__cleanup__(json_writer_clear)))
