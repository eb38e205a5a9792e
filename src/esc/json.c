// SPDX-License-Identifier: Apache-2.0
/*
 * Reads YANG data in JSON (RFC 7951). jansson validates the JSON and locates errors; it keeps no
 * line numbers, so the tree is built from libyaml's events (JSON is YAML), which have them.
 */
#include <stdint.h>
#include <string.h>

#include <jansson.h>
#include <yaml.h>

#include "base/alloc.h"
#include "esc/element.h"

struct json {
	yaml_parser_t parser;
	struct esc_reading *r;
	bool failed; /* with a finding */
};

static void fail(struct json *j, unsigned line, const char *text)
{
	if (!j->failed)
		report_syntax(j->r, line, "%s", text);
	j->failed = true;
}

static unsigned line_of(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

/* Gets the next event, YAML_NO_EVENT after an error. The caller deletes it. */
static yaml_event_type_t next(struct json *j, yaml_event_t *event)
{
	memset(event, 0, sizeof(*event));
	if (j->failed)
		return YAML_NO_EVENT;
	if (yaml_parser_parse(&j->parser, event))
		return event->type;
	if (j->parser.error == YAML_MEMORY_ERROR)
		out_of_memory();
	fail(j, (unsigned)j->parser.problem_mark.line + 1,
	     j->parser.problem ? j->parser.problem : "cannot be read");
	return YAML_NO_EVENT;
}

/* Adds the member "module:name" or "name" to parent. */
static struct element *new_element(struct json *j, struct element *parent, const char *name,
				   unsigned line, bool array)
{
	const char *colon = strchr(name, ':');
	struct element *e = element_new(j->r, parent, colon ? colon + 1 : name, line);

	if (!e) {
		report_syntax(j->r, line, "more than %d elements", ESC_ELEMENTS_MAX);
		j->failed = true;
		return NULL;
	}
	if (colon)
		e->space = xstrndup(name, (size_t)(colon - name));
	else
		e->space = xstrdup(parent->name[0] ? parent->space : "");
	if (streq(e->space, ESC_MODULE)) {
		free(e->space);
		e->space = NULL;
	}
	e->array = array;
	return e;
}

static void read_members(struct json *j, struct element *e, unsigned depth);

/* Adds the value that the event begins: one element of that name, or one per item of an array. */
static void read_value(struct json *j, struct element *parent, const char *name,
		       const yaml_event_t *event, unsigned line, bool array, unsigned depth)
{
	struct element *e;

	if (event->type == YAML_SEQUENCE_START_EVENT && !array) {
		for (;;) {
			yaml_event_t item;
			yaml_event_type_t type = next(j, &item);

			if (type != YAML_NO_EVENT && type != YAML_SEQUENCE_END_EVENT)
				read_value(j, parent, name, &item, line_of(&item), true, depth);
			yaml_event_delete(&item);
			if (j->failed || type == YAML_SEQUENCE_END_EVENT)
				return;
		}
	}
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return fail(j, line_of(event), "an array may not contain an array");
	if (depth > ESC_DEPTH_MAX) {
		report_syntax(j->r, line_of(event), "objects are nested more than %d deep",
			      ESC_DEPTH_MAX);
		j->failed = true;
		return;
	}
	e = new_element(j, parent, name, line, array);
	if (!e)
		return;
	if (event->type == YAML_MAPPING_START_EVENT)
		return read_members(j, e, depth + 1);
	if (event->type != YAML_SCALAR_EVENT)
		return fail(j, line_of(event), "expected an object, array or value");
	e->text_line = line_of(event);
	e->null = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		  strcmp((const char *)event->data.scalar.value, "null") == 0;
	if (!e->null)
		strbuf_add(&e->text, event->data.scalar.value, event->data.scalar.length);
}

static void read_members(struct json *j, struct element *e, unsigned depth)
{
	for (;;) {
		yaml_event_t key, value;
		yaml_event_type_t type = next(j, &key);

		if (type == YAML_SCALAR_EVENT) {
			if (next(j, &value) != YAML_NO_EVENT)
				read_value(j, e, (const char *)key.data.scalar.value, &value,
					   line_of(&key), false, depth);
			yaml_event_delete(&value);
		} else if (type != YAML_MAPPING_END_EVENT) {
			fail(j, line_of(&key), "expected a member name");
		}
		yaml_event_delete(&key);
		if (j->failed || type == YAML_MAPPING_END_EVENT)
			return;
	}
}

static bool is_json(struct esc_reading *r, const char *data, size_t len)
{
	json_error_t error;
	json_t *json = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);

	if (!json) {
		make_ascii(error.text);
		report_syntax(r, error.line > 0 ? (unsigned)error.line : 1,
			      "not well-formed JSON: %s", error.text);
	}
	json_decref(json);
	return json != NULL;
}

static unsigned hex4(const char *s)
{
	char digits[5] = {0};

	memcpy(digits, s, 4);
	return (unsigned)strtoul(digits, NULL, 16);
}

/* The code that "\\ud83d\\ude00" at s stands for; 0: it is not a surrogate pair. */
static uint32_t surrogate_pair(const char *s, size_t len)
{
	if (len < 12 || s[0] != '\\' || s[1] != 'u' || s[6] != '\\' || s[7] != 'u')
		return 0;
	unsigned high = hex4(s + 2), low = hex4(s + 8);
	if (high < 0xd800 || high > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return 0;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* libyaml refuses JSON's surrogate pairs for characters beyond U+FFFF: replaces them by UTF-8. */
static void join_surrogates(const char *data, size_t len, struct strbuf *ret)
{
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t code = surrogate_pair(data + i, len - i);

		n = code ? 12 : data[i] == '\\' && i + 1 < len ? 2 : 1;
		if (code)
			strbuf_addf(ret, "%c%c%c%c", (int)(0xf0 | code >> 18),
				    (int)(0x80 | (code >> 12 & 63)), (int)(0x80 | (code >> 6 & 63)),
				    (int)(0x80 | (code & 63)));
		else
			strbuf_add(ret, data + i, n);
	}
}

struct element *json_parse(struct esc_reading *r, const char *data, size_t len)
{
	cleanup_strbuf struct strbuf text = {0};
	struct json j = {.r = r};
	cleanup_element struct element *outer = element_new(r, NULL, "", 1);
	yaml_event_t event;
	yaml_event_type_t type;

	if (!is_json(r, data, len))
		return NULL;
	if (!yaml_parser_initialize(&j.parser))
		out_of_memory();
	yaml_parser_set_encoding(&j.parser, YAML_UTF8_ENCODING);
	join_surrogates(data, len, &text);
	yaml_parser_set_input_string(&j.parser, (const unsigned char *)text.s, text.len);
	do {
		type = next(&j, &event);
		if (type == YAML_MAPPING_START_EVENT)
			read_members(&j, outer, 1);
		yaml_event_delete(&event);
	} while (!j.failed && type != YAML_MAPPING_START_EVENT);
	yaml_parser_delete(&j.parser);
	return j.failed ? NULL : steal_ptr(outer);
}
