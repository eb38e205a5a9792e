/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of a descriptor as it stands in the file, XML or JSON alike, each element with its line;
 * and the findings on it. Only esc/ knows of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/finding.h"
#include "base/str.h"

struct node;

#define ESC_NAMESPACE "http://www.cisco.com/esc/esc"
#define ESC_MODULE    "esc" /* what stands for the namespace in JSON (RFC 7951) */
#define ESC_ROOT      "esc_datamodel"

/* Bounds on what comes from outside; ESC's own examples have a few hundred elements, 12 deep. */
#define ESC_SIZE_MAX     (8u << 20) /* bytes of a descriptor */
#define ESC_DEPTH_MAX    64
#define ESC_ELEMENTS_MAX 200000
#define ESC_FINDINGS_MAX 500

struct element {
	char *name;         /* without prefix */
	char *space;        /* namespace (XML) or module (JSON); NULL: ESC's */
	struct strbuf text; /* of a leaf: its value */
	unsigned line;
	unsigned text_line; /* of the first character of text; 0: there is none */
	char *attributes;   /* names of XML attributes that mean nothing here, or NULL */
	bool array;         /* JSON: stood in an array */
	bool null;          /* JSON: null */
	struct element *parent;
	struct element **children; /* in the file's order */
	size_t n_children;

	/* Set by schema_check: */
	const struct node *schema; /* NULL: not in the data model */
	bool invalid;              /* reported; is not read */
	bool used;                 /* read into the model */
};

/* One run of the reader. */
struct esc_reading {
	const char *file;
	bool json;
	struct findings *findings;
	size_t n_findings; /* of this run; over ESC_FINDINGS_MAX they are counted, not kept */
	size_t n_elements;
};

/* A new last child of parent (NULL: a root). name is copied. NULL: there are too many. */
struct element *element_new(struct esc_reading *r, struct element *parent, const char *name,
			    unsigned line);
void element_free(struct element *e); /* and all below */

const char *element_text(const struct element *e); /* never NULL */

/* "/esc_datamodel/tenants/tenant[name='t']"; the caller frees. */
char *element_path(const struct element *e);

/* A finding on e, at its line and with its path. */
void report(struct esc_reading *r, enum severity severity, const char *rule,
	    const struct element *e, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A finding on the file's text, where there is no element (rule descriptor-syntax, an error). */
void report_syntax(struct esc_reading *r, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* s fit for a message, in buffer: what is not printable as "?", cut after 60 bytes. */
const char *shown(const char *s, char buffer[static 64]);

/* Makes of text in an unknown encoding what may stand in a message: what is not printable ASCII
 * becomes ".". */
void make_ascii(char *s);

/* The file's tree, or NULL after a finding. data ends with a zero byte that len does not count. */
struct element *xml_parse(struct esc_reading *r, const char *data, size_t len);
struct element *json_parse(struct esc_reading *r, const char *data, size_t len);

DEFINE_CLEANUP(struct element *, cleanup_element_fn, element_free)
#define cleanup_element cleanup(cleanup_element_fn)
