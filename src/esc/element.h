/* SPDX-License-Identifier: Apache-2.0 */
/* The element tree of a descriptor (XML or JSON), with lines and findings. Internal to esc/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/str.h"

struct node;

#define ESC_NAMESPACE "http://www.cisco.com/esc/esc"
#define ESC_MODULE    "esc" /* the module name in JSON, which stands for the namespace (RFC 7951) */
#define ESC_ROOT      "esc_datamodel"

/* Limits on input. ESC's own examples have a few hundred elements, 12 deep. */
#define ESC_SIZE_MAX     (8u << 20) /* descriptor size in bytes */
#define ESC_DEPTH_MAX    64
#define ESC_ELEMENTS_MAX 200000
#define ESC_FINDINGS_MAX 500

struct element {
	char *name;         /* without prefix */
	char *space;        /* namespace (XML) or module (JSON); NULL: ESC's */
	struct strbuf text; /* value of a leaf */
	unsigned line;
	unsigned text_line; /* line of the first character of text; 0 without text */
	char *attributes;   /* names of unsupported XML attributes, or NULL */
	char *operation;    /* value of the XML attribute operation (NETCONF), or NULL */
	bool array;         /* JSON: was in an array */
	bool null;          /* JSON: null */
	struct element *parent;
	struct element **children; /* in file order */
	size_t n_children;

	/* Set by schema_check: */
	const struct node *schema; /* NULL if not in the data model */
	bool invalid;              /* reported as invalid; ignored */
	bool used;                 /* was read into the model */
};

/* State of one run of the reader. */
struct esc_reading {
	const char *file;
	bool json;
	struct findings *findings;
	size_t n_findings; /* in this run; those above ESC_FINDINGS_MAX are counted but not kept */
	size_t n_elements;
};

/* Adds a last child to parent (a root if NULL). Copies name. NULL if there are too many elements.
 */
struct element *element_new(struct esc_reading *r, struct element *parent, const char *name,
			    unsigned line);
void element_free(struct element *e); /* Frees the element and its children. */

const char *element_text(const struct element *e); /* never NULL */

/* Adds a finding about e with its line and path. */
void report(struct esc_reading *r, enum severity severity, const char *rule,
	    const struct element *e, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Adds a finding about the file's text (rule descriptor-syntax, an error). */
void report_syntax(struct esc_reading *r, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Formats s for a message, in buffer: unprintable characters become "?", truncated to 60 bytes. */
const char *shown(const char *s, char buffer[static 64]);

/* Makes text of unknown encoding safe for a message: other than printable ASCII becomes ".". */
void make_ascii(char *s);

/* Parses a file. NULL after a finding. data ends with a zero byte that len does not count. */
struct element *xml_parse(struct esc_reading *r, const char *data, size_t len);
struct element *json_parse(struct esc_reading *r, const char *data, size_t len);

DEFINE_CLEANUP(struct element *, cleanup_element_fn, element_free)
#define cleanup_element cleanup(cleanup_element_fn)
