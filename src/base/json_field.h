/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which members of a struct are which members of a JSON object: one table for writer and reader, in
 * the order in which they are written:
 *
 * #define LEG(TYPE, MEMBER) JSON_FIELD(guest_leg, TYPE, MEMBER)
 * JSON_FIELDS(leg_fields, LEG(TEXT, name), LEG(KNOWN, speed));
 *
 * A member of another C type than its TYPE says does not compile.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_reader;
struct json_writer;

enum json_field_type {
	/* For display, and from untrusted documents; unknown values are null. */
	JSON_FIELD_TEXT,     /* char * */
	JSON_FIELD_TEXT_OPT, /* char *, only written; NULL: no member */
	JSON_FIELD_LINES,    /* char *; newlines and tabs are kept */
	JSON_FIELD_WORD,     /* const char *, only written */
	JSON_FIELD_TEXTS,    /* struct strv */
	JSON_FIELD_KNOWN,    /* int64_t; unknown: negative */
	JSON_FIELD_KNOWN_INT,
	JSON_FIELD_KNOWN_BOOL, /* int64_t */
	JSON_FIELD_TRISTATE,
	/* For programs, read strictly. */
	JSON_FIELD_NAME,  /* char *, as json_get_name() reads it */
	JSON_FIELD_INT64, /* min to max */
	JSON_FIELD_UINT,  /* unsigned, or an enum; min to max */
	JSON_FIELD_BOOL,
};

struct json_field {
	const char *key; /* NULL ends the table */
	enum json_field_type type;
	bool required; /* must not be absent or null */
	size_t offset;
	int64_t min, max;
};

#define JSON_C_TEXT       char *
#define JSON_C_TEXT_OPT   char *
#define JSON_C_LINES      char *
#define JSON_C_WORD       const char *
#define JSON_C_TEXTS      struct strv
#define JSON_C_KNOWN      int64_t
#define JSON_C_KNOWN_INT  int
#define JSON_C_KNOWN_BOOL int64_t
#define JSON_C_TRISTATE   enum tristate
#define JSON_C_NAME       char *
#define JSON_C_INT64      int64_t
#define JSON_C_UINT       unsigned
#define JSON_C_BOOL       bool

#define JSON_IS_A(STRUCT, TYPE, MEMBER) \
	__builtin_types_compatible_p(__typeof__(((struct STRUCT *)0)->MEMBER), JSON_C_##TYPE)

/* Of a member of the right type; of any other, an array of negative size. */
#define JSON_OFFSET(STRUCT, TYPE, MEMBER)  \
	(offsetof(struct STRUCT, MEMBER) + \
	 0 * sizeof(char[JSON_IS_A(STRUCT, TYPE, MEMBER) ? 1 : -1]))

/* A row; then what a strict field needs besides: .max = 100, .required = true. */
#define JSON_FIELD_AS(STRUCT, TYPE, KEY, MEMBER, ...)                     \
	((struct json_field){.key = KEY,                                  \
			     .type = JSON_FIELD_##TYPE,                   \
			     .offset = JSON_OFFSET(STRUCT, TYPE, MEMBER), \
			     __VA_ARGS__})
#define JSON_FIELD(STRUCT, TYPE, MEMBER, ...) \
	JSON_FIELD_AS(STRUCT, TYPE, #MEMBER, MEMBER, __VA_ARGS__)

/* A table of rows. */
#define JSON_FIELDS(NAME, ...) static const struct json_field NAME[] = {__VA_ARGS__, {0}}

/* Puts the fields of a struct into the object that is open. */
void json_put_fields(struct json_writer *w, const struct json_field *fields, const void *from);

/* The same, as an object. */
void json_put_object(struct json_writer *w, const char *key, const struct json_field *fields,
		     const void *from);

/* Reads them from a trusted document, strictly; a member that is absent or null is left as it is.
 */
void json_get_fields(struct json_reader *r, const struct json_field *fields, void *to);

/* Sets all of them from an untrusted document. The caller frees the texts; *to held none. */
void json_try_fields(const json_t *object, const struct json_field *fields, void *to);
