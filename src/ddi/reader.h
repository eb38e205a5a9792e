/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to the reader of ddi.yaml: libyaml's events, one after the other, into the fields of
 * structs. A document (base/yaml_tree.h) of a large plan would take 200 MB.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "base/str.h"
#include "ddi/plan.h"

struct ddi_source;
struct findings;
struct text;

struct reader {
	const struct text *text;
	const struct ddi_source *source;
	struct findings *findings;
	struct ddi_plan *plan;
	const char *input; /* that the parser reads, of input_len bytes */
	size_t input_len;
	yaml_parser_t parser;
	yaml_event_t event; /* the current one, not used yet */
	bool ended;         /* the stream has ended */
	bool has_version;   /* the plan has the key "version" */
	bool broken;        /* after an error in the YAML: nothing more is read or reported */
	const char *key;    /* of the value that is read, for messages */
	size_t n_findings;
	size_t records_len;   /* of all zones so far */
	bool records_full;    /* they have too many bytes, which is reported */
	size_t variables_len; /* of the values of variables so far */
	struct strbuf scratch;
};

/* A scalar. s is valid until the next one is read. */
struct scalar {
	const char *s;
	size_t len;
	unsigned line; /* of the file */
	bool literal;  /* a block ("|"), whose first line follows `line` */
	bool variable; /* a variable is a part of it */
	bool unknown;  /* a variable without a value is a part of it */
};

/* On entry of a read_fn the current event is the value's first, on return the one after it. */
typedef void read_fn(struct reader *r, void *object);

enum field_type {
	FIELD_FN,     /* by `read` */
	FIELD_TEXT,   /* const char * */
	FIELD_NAME,   /* const char *: a DNS name */
	FIELD_IP,     /* struct ip_addr */
	FIELD_PREFIX, /* struct ip_prefix */
	FIELD_BOOL,
	FIELD_UINT, /* uint32_t, from min to max */
	FIELD_WORD, /* an enum: its value is min for the first of `words`, min + 1 for the second */
};

/* A key of a mapping, and the member of the object's struct that gets its value. */
struct field {
	const char *key;
	enum field_type type;
	size_t at;      /* offset of the member */
	size_t line_at; /* offset of an unsigned that gets the line; 0: none */
	uint32_t min, max;
	const char *words; /* separated by blanks */
	read_fn *read;
};

/* The row of a member of a struct. */
#define FIELD(KEY, TYPE, STRUCT, MEMBER) \
	.key = KEY, .type = FIELD_##TYPE, .at = offsetof(struct STRUCT, MEMBER)

/* The current event's line in the file. */
unsigned reader_line(const struct reader *r);
/* Goes to the next event; at the end, and after an error, it is YAML_STREAM_END_EVENT. */
void reader_next(struct reader *r);
/* Goes past the current value. */
void reader_skip(struct reader *r);
/* Whether the current event is this one; the end of the stream ends everything. */
bool reader_at_end(const struct reader *r, yaml_event_type_t type);

/* Reports an error of the rule (static). After some hundred nothing more is read. */
void reader_error(struct reader *r, unsigned line, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A mapping with the fields, which end with a row without a key. what: "a network". */
void reader_map(struct reader *r, const char *what, const struct field *fields, void *object);
/* A mapping whose keys are names: calls item for each with the key as r->key. */
void reader_named(struct reader *r, const char *what, read_fn *item, void *object);
/* A list of at most max items: calls item for each. */
void reader_list(struct reader *r, size_t max, read_fn *item, void *object);

/* A scalar, past which it goes. False: it is none, or it has a variable without a value, which is
 * reported. wanted: "an IP address". */
bool reader_scalar(struct reader *r, const char *wanted, struct scalar *ret);
/* As reader_scalar, but ret->unknown instead of false for a variable without a value. */
bool reader_secret(struct reader *r, struct scalar *ret);
/* Reports that the scalar is not what is wanted. */
void reader_wrong(struct reader *r, const struct scalar *s, const char *wanted);

/* The value of one field. */
void reader_field(struct reader *r, const struct field *field, void *object);

/* The values of lists; object is struct list *. */
struct list {
	void *v; /* struct ddi_address *, struct ddi_prefix * */
	size_t n;
};
void reader_address(struct reader *r, void *list);
void reader_prefix(struct reader *r, void *list);

/* Copies the n elements of v, which it frees, to the plan's memory. */
const void *reader_keep(struct reader *r, void *v, size_t n, size_t size);

/* A DNS name in lower case without the final dot, in the plan's memory; NULL: it is not valid. */
const char *reader_name(struct reader *r, const struct scalar *s);

/* The sections (read_zone.c, read_network.c, read_service.c). */
read_fn read_zones, read_networks, read_cache, read_rrl, read_dhcp;
