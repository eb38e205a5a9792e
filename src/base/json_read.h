/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a JSON document strictly: struct json_reader latches its first error, which names the full
 * path of the member ("nics[2].vfs: must be an array"). After an error every call does nothing, so
 * the caller checks once:
 *
 * struct json_reader r = json_reader(document, err);
 *
 * json_get_int64(&r, "id", 0, INT16_MAX, &id);
 * json_each(&r, "nics", NICS_MAX, nic)
 * 	json_get_name(&nic, "physnet", &physnet);
 * return json_end(&r);
 *
 * A member that is absent or null leaves *ret as it is: set the default before.
 *
 * The json_try functions at the end are for untrusted documents: missing values and values of
 * another type are unknown (NULL, -1).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/tristate.h"

struct err;
struct strv;

DEFINE_CLEANUP(json_t *, cleanup_json_fn, json_decref)
#define cleanup_json cleanup(cleanup_json_fn)

/* A value of the document and its path. Create it only with the functions below. */
struct json_reader {
	json_t *value; /* borrowed; NULL: absent */
	struct json_reader *parent;
	const char *key;
	size_t index;  /* + 1, of an array's entry; 0: a member */
	json_t *array; /* which json_each() walks */
	int r;         /* outermost reader: 0, or -errno of the first error */
	struct err *err;
};

/* Parses a document of len bytes without duplicate members. -EINVAL with "FILE:LINE: ". */
int json_parse_document(const char *data, size_t len, const char *file, json_t **ret,
			struct err *err);

/* root may be NULL: everything is absent. err may be NULL. */
struct json_reader json_reader(json_t *root, struct err *err);

/* 0, or -errno of the first error. */
int json_end(const struct json_reader *r);

/* Latches -EINVAL with the path of key (NULL: of the reader itself) and the text. */
void json_fail(struct json_reader *r, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether the member exists and is not null. */
bool json_has(const struct json_reader *r, const char *key);

/* The value must be an object; key must exist. */
void json_must_be_object(struct json_reader *r);
void json_must_have(struct json_reader *r, const char *key);

void json_get_int64(struct json_reader *r, const char *key, int64_t min, int64_t max, int64_t *ret);
void json_get_int(struct json_reader *r, const char *key, int min, int max, int *ret);
void json_get_bool(struct json_reader *r, const char *key, bool *ret);

/* Above 0, at most max. */
void json_get_ratio(struct json_reader *r, const char *key, double max, double *ret);

/* Non-empty text. *ret is freed and replaced. */
void json_get_string(struct json_reader *r, const char *key, char **ret);

/* 1 to 255 bytes of printable text. *ret is freed and replaced. */
void json_get_name(struct json_reader *r, const char *key, char **ret);

/* An object; borrowed. */
void json_get_object(struct json_reader *r, const char *key, json_t **ret);

/* A member, to be read by the functions above. It must not outlive r. */
struct json_reader json_member(struct json_reader *r, const char *key);

/* The entries of an array of at most max; key NULL: of the reader itself. */
struct json_reader json_entries(struct json_reader *r, const char *key, size_t max);
bool json_next(struct json_reader *entry);

#define json_each(r, key, max, entry) \
	for (struct json_reader entry = json_entries(r, key, max); json_next(&entry);)

struct json_walk {
	const json_t *array;
	size_t i;
};

/* The values of an array; none of what is not one. */
#define json_for_each(value, from)                                            \
	for (struct json_walk walk_##value = {(from), 0}; walk_##value.array; \
	     walk_##value.array = NULL)                                       \
		for (json_t * value;                                          \
		     (value = json_array_get(walk_##value.array, walk_##value.i++));)

/* Printable text: other bytes become '?'. NULL: unknown. The caller frees. */
char *json_try_text(const json_t *object, const char *key);

/* The same, but newlines and tabs are kept. */
char *json_try_lines(const json_t *object, const char *key);

/* An integer of 0 or more; -1: unknown. */
int64_t json_try_int64(const json_t *object, const char *key);

enum tristate json_try_bool(const json_t *object, const char *key);

/* Appends the strings of an array to *v. */
void json_try_texts(const json_t *object, const char *key, struct strv *l);
