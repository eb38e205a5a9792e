// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <string.h>

#include <expat.h>

#include "base/alloc.h"
#include "esc/element.h"

/* Separates namespace and name in expat's output; cannot occur unescaped in an attribute value. */
#define SEPARATOR '\n'

#define NETCONF_NAMESPACE "urn:ietf:params:xml:ns:netconf:base:1.0\n"

/* Deprecated in Expat 2.9: their width depends on how it was built. */
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9
#define current_line   XML_GetCurrentLineNumber64
#define current_column XML_GetCurrentColumnNumber64
#define current_index  XML_GetCurrentByteIndex64
#else
#define current_line   XML_GetCurrentLineNumber
#define current_column XML_GetCurrentColumnNumber
#define current_index  XML_GetCurrentByteIndex
#endif

struct xml {
	XML_Parser parser;
	const char *data;
	size_t len;
	struct esc_reading *r;
	struct element *root;
	struct element *open; /* innermost open element */
	unsigned depth;
	bool stopped; /* by this reader, with a finding */
};

static unsigned line_now(const struct xml *x)
{
	return (unsigned)current_line(x->parser);
}

static void stop(struct xml *x)
{
	x->stopped = true;
	XML_StopParser(x->parser, XML_FALSE);
}

/*
 * ESC's model uses no attributes. NETCONF's operation is read, also without its namespace: who
 * writes operation="delete" wants nothing created. Unknown ones are reported; xml:space,
 * xsi:schemaLocation and similar ones are ignored.
 */
static void read_attributes(struct element *e, const XML_Char **attributes)
{
	cleanup_strbuf struct strbuf names = {0};

	for (; attributes[0]; attributes += 2) {
		const char *separator = strchr(attributes[0], SEPARATOR);
		const char *name = separator ? separator + 1 : attributes[0];

		if (str_starts(attributes[0], "http://www.w3.org/"))
			continue;
		if (streq(name, "operation") &&
		    (!separator || str_starts(attributes[0], NETCONF_NAMESPACE))) {
			free(e->operation);
			e->operation = xstrdup(attributes[1]);
		} else if (names.len < 64) { /* messages show no more than this */
			strbuf_addf(&names, "%s%s", names.len ? ", " : "", name);
		}
	}
	e->attributes = names.len ? strbuf_steal(&names) : NULL;
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct xml *x = data;
	const char *local = strrchr(name, SEPARATOR);

	if (x->stopped)
		return;
	if (++x->depth > ESC_DEPTH_MAX) {
		report_syntax(x->r, line_now(x), "elements are nested more than %d deep",
			      ESC_DEPTH_MAX);
		return stop(x);
	}

	struct element *e = element_new(x->r, x->open, local ? local + 1 : name, line_now(x));
	if (!e) {
		report_syntax(x->r, line_now(x), "more than %d elements", ESC_ELEMENTS_MAX);
		return stop(x);
	}
	e->space = local ? xstrndup(name, (size_t)(local - name)) : xstrdup("");
	if (streq(e->space, ESC_NAMESPACE)) {
		free(e->space);
		e->space = NULL;
	}
	read_attributes(e, attributes);
	if (!x->root)
		x->root = e;
	x->open = e;
}

static void XMLCALL on_end(void *data, const XML_Char *name)
{
	struct xml *x = data;

	(void)name;
	if (x->stopped)
		return;
	x->depth--;
	x->open = x->open->parent;
}

static void XMLCALL on_text(void *data, const XML_Char *s, int len)
{
	struct xml *x = data;

	if (x->stopped || !x->open)
		return;
	if (!x->open->text_line)
		x->open->text_line = line_now(x);
	strbuf_add(&x->open->text, s, (size_t)len);
}

/* Entities are declared in a DTD only. Without a DTD they can neither expand to gigabytes nor name
 * a file. */
static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *system_id,
			       const XML_Char *public_id, int has_internal)
{
	struct xml *x = data;

	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal;
	report_syntax(x->r, line_now(x),
		      "a document type declaration (<!DOCTYPE) is not allowed: remove it");
	stop(x);
}

/* Copies the word at the error, after a prefix such as "&", to buffer. */
static const char *word_at_error(const struct xml *x, const char *prefix, char buffer[static 64])
{
	int64_t index = current_index(x->parser);
	size_t at = index < 0 ? x->len : (size_t)index;
	size_t n = strlen(prefix);
	char word[72];
	size_t len = 0;

	if (at > x->len || x->len - at < n || memcmp(x->data + at, prefix, n) != 0)
		return "?";
	at += n;
	while (at + len < x->len && len < sizeof(word) - 1 &&
	       !strchr("<>;&= \t\r\n", x->data[at + len]))
		len++;
	memcpy(word, x->data + at, len);
	word[len] = 0;
	make_ascii(word);
	return shown(word, buffer);
}

static void report_error(const struct xml *x)
{
	enum XML_Error code = XML_GetErrorCode(x->parser);
	unsigned line = line_now(x);
	char buffer[64], open[64];

	if (code == XML_ERROR_TAG_MISMATCH && x->open)
		report_syntax(x->r, line,
			      "</%s> appears while <%s> of line %u is open: write </%s> first",
			      word_at_error(x, "", buffer), shown(x->open->name, open),
			      x->open->line, open);
	else if (code == XML_ERROR_NO_ELEMENTS && x->open)
		report_syntax(x->r, line, "the file ends inside <%s>, which starts in line %u",
			      shown(x->open->name, open), x->open->line);
	else if (code == XML_ERROR_NO_ELEMENTS)
		report_syntax(x->r, line, "the file contains no element");
	else if (code == XML_ERROR_UNCLOSED_TOKEN || code == XML_ERROR_PARTIAL_CHAR)
		report_syntax(x->r, line, "the file ends inside the markup that starts here");
	else if (code == XML_ERROR_INVALID_TOKEN)
		report_syntax(x->r, line,
			      "not well-formed at column %lu (in text, write & as &amp; and < as "
			      "&lt;, or use <![CDATA[...]]>)",
			      (unsigned long)current_column(x->parser) + 1);
	else if (code == XML_ERROR_UNDEFINED_ENTITY)
		report_syntax(x->r, line,
			      "&%s; is not defined: XML has &lt; &gt; &amp; &quot; &apos; and "
			      "numeric characters",
			      word_at_error(x, "&", buffer));
	else if (code == XML_ERROR_MISPLACED_XML_PI)
		report_syntax(
			x->r, line,
			"the XML declaration (<?xml ...?>) must be at the very start of the file");
	else if (code == XML_ERROR_JUNK_AFTER_DOC_ELEMENT)
		report_syntax(x->r, line, "there is text after the end of <%s>",
			      x->root ? shown(x->root->name, open) : "?");
	else if (code == XML_ERROR_UNBOUND_PREFIX)
		report_syntax(x->r, line, "a prefix has no declaration xmlns:PREFIX=\"...\"");
	else
		report_syntax(x->r, line, "XML is not well-formed: %s", XML_ErrorString(code));
}

struct element *xml_parse(struct esc_reading *r, const char *data, size_t len)
{
	static const XML_Memory_Handling_Suite memory = {xmalloc, xrealloc, free};
	static const XML_Char separator[] = {SEPARATOR, 0};
	struct xml x = {.parser = XML_ParserCreate_MM(NULL, &memory, separator),
			.data = data,
			.len = len,
			.r = r};
	bool good;

	if (!x.parser)
		out_of_memory();
	XML_SetUserData(x.parser, &x);
	XML_SetElementHandler(x.parser, on_start, on_end);
	XML_SetCharacterDataHandler(x.parser, on_text);
	XML_SetStartDoctypeDeclHandler(x.parser, on_doctype);
	good = XML_Parse(x.parser, data, (int)len, XML_TRUE) == XML_STATUS_OK && !x.stopped;
	if (!good && !x.stopped)
		report_error(&x);
	XML_ParserFree(x.parser);
	if (!good) {
		element_free(x.root);
		return NULL;
	}
	return x.root;
}
