// SPDX-License-Identifier: Apache-2.0
#include "ddi/reader.h"

#include <ctype.h>
#include <stdarg.h>

#include "base/alloc.h"
#include "base/finding.h"
#include "base/text.h"
#include "ddi/read.h"

enum {
	DEPTH_MAX = 64,
	FINDINGS_MAX = 200,
	LABEL_MAX = 63, /* RFC 1035, 2.3.4 */
	NAME_MAX_LEN = 253,
	VARIABLE_MAX = 255,
	KEY_MAX = 255, /* bytes */
};

/* Begin and end of a variable's name in the prepared text (read.c), U+E000 and U+E001. */
static const char variable_begin[] = "\xee\x80\x80", variable_end[] = "\xee\x80\x81";

unsigned reader_line(const struct reader *r)
{
	return text_line(r->text, r->event.start_mark.line);
}

void reader_error(struct reader *r, unsigned line, const char *rule, const char *fmt, ...)
{
	va_list ap;

	if (r->broken || r->n_findings++ >= FINDINGS_MAX)
		return;
	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	findings_add(r->findings, SEVERITY_ERROR, rule, r->text->file, line, NULL, "%s", text);
	if (r->n_findings == FINDINGS_MAX)
		findings_add(r->findings, SEVERITY_ERROR, "ddi-limit", r->text->file, line, NULL,
			     "this is error %d of the plan: the rest is not read", FINDINGS_MAX);
}

/* ---- events ---- */

static void end(struct reader *r)
{
	r->ended = r->broken = true;
	r->event = (yaml_event_t){.type = YAML_STREAM_END_EVENT};
}

/* libyaml has no line for bytes that are not text. */
static void report_bytes(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	size_t line = 0;

	for (size_t i = 0; i < p->problem_offset && i < r->input_len; i++)
		line += r->input[i] == '\n';
	reader_error(r, text_line(r->text, line), "ddi-yaml",
		     "the plan must be UTF-8 text: %s (0x%02x)", p->problem,
		     (unsigned)p->problem_value);
}

void reader_next(struct reader *r)
{
	yaml_parser_t *p = &r->parser;

	if (r->ended)
		return;
	yaml_event_delete(&r->event);
	if (r->n_findings >= FINDINGS_MAX) {
		end(r);
		return;
	}
	if (yaml_parser_parse(p, &r->event)) {
		r->ended = r->event.type == YAML_STREAM_END_EVENT;
		return;
	}
	if (p->error == YAML_MEMORY_ERROR)
		out_of_memory();
	if (p->error == YAML_READER_ERROR)
		report_bytes(r);
	else
		reader_error(r, text_line(r->text, p->problem_mark.line), "ddi-yaml",
			     "not valid YAML: %s%s%s; nothing after this line is read",
			     p->problem ? p->problem : "unknown problem", p->context ? ", " : "",
			     p->context ? p->context : "");
	end(r);
}

bool reader_at_end(const struct reader *r, yaml_event_type_t type)
{
	return r->event.type == type || r->event.type == YAML_STREAM_END_EVENT;
}

void reader_skip(struct reader *r)
{
	unsigned depth = 0;

	do {
		yaml_event_type_t type = r->event.type;

		if (type == YAML_STREAM_END_EVENT)
			return;
		depth += type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT;
		depth -= type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT;
		if (depth > DEPTH_MAX) {
			reader_error(
				r, reader_line(r), "ddi-yaml",
				"nested deeper than %d levels: nothing after this line is read",
				DEPTH_MAX);
			yaml_event_delete(&r->event);
			end(r);
			return;
		}
		reader_next(r);
	} while (depth > 0);
}

/* ---- mappings and lists ---- */

/* Whether the current event begins a value of that type; if not, reports it and skips the value. */
static bool starts(struct reader *r, yaml_event_type_t type, const char *wanted)
{
	if (r->event.type == type) {
		reader_next(r);
		return true;
	}
	if (r->event.type == YAML_ALIAS_EVENT)
		reader_error(r, reader_line(r), "ddi-yaml",
			     "%s is an alias (\"*%.40s\"), which a plan does not have: write the "
			     "value out",
			     r->key, (const char *)r->event.data.alias.anchor);
	else
		reader_error(r, reader_line(r), "ddi-value", "%s must be %s", r->key, wanted);
	reader_skip(r);
	return false;
}

static const struct field *find_field(const struct field *fields, const char *key)
{
	for (const struct field *f = fields; f->key; f++)
		if (streq(f->key, key))
			return f;
	return NULL;
}

static void unknown_key(struct reader *r, const char *what, const struct field *fields,
			const char *key, unsigned line)
{
	struct guess guess = {.word = key, .limit = 4};
	cleanup_free char *q = quotable(key);

	for (const struct field *f = fields; f->key; f++)
		guess_try(&guess, f->key);
	reader_error(r, line, "ddi-key", "%s has no key \"%s\"%s%s%s", what, q,
		     guess.best ? " (did you mean \"" : "", guess.best ? guess.best : "",
		     guess.best ? "\"?)" : "");
}

static const char *key_problem(const yaml_event_t *event)
{
	if (event->type != YAML_SCALAR_EVENT)
		return "a key must be a word";

	const char *key = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (len > KEY_MAX || strlen(key) != len)
		return "a key must be a word of at most 255 bytes";
	if (strstr(key, variable_begin))
		return "a key cannot have a variable: only values can";
	return NULL;
}

/* The current event as a key, past which it goes; NULL: it is none, and skipped with its value. The
 * caller frees. */
static char *take_key(struct reader *r, unsigned *ret_line)
{
	const char *problem = key_problem(&r->event);

	*ret_line = reader_line(r);
	if (problem) {
		reader_error(r, *ret_line, "ddi-key", "%s", problem);
		reader_skip(r);
		reader_skip(r);
		return NULL;
	}
	char *key = xstrdup((const char *)r->event.data.scalar.value);
	reader_next(r);
	return key;
}

void reader_map(struct reader *r, const char *what, const struct field *fields, void *object)
{
	uint64_t seen = 0;
	unsigned line;

	if (!starts(r, YAML_MAPPING_START_EVENT, "a mapping (\"key: value\")"))
		return;
	while (!reader_at_end(r, YAML_MAPPING_END_EVENT)) {
		cleanup_free char *key = take_key(r, &line);
		const struct field *f = key ? find_field(fields, key) : NULL;
		uint64_t bit = f ? (uint64_t)1 << (f - fields) : 0;

		if (!key)
			continue;
		if (!f)
			unknown_key(r, what, fields, key, line);
		else if (seen & bit)
			reader_error(r, line, "ddi-key", "%s has the key \"%s\" twice: merge them",
				     what, key);
		if (!f || (seen & bit)) {
			reader_skip(r);
			continue;
		}
		seen |= bit;
		r->key = f->key;
		reader_field(r, f, object);
	}
	reader_next(r);
}

/* Adds the key to those that the mapping has so far. False: it has it, or has too many; reported.
 */
static bool is_new(struct reader *r, const char *what, struct strv *seen, const char *key,
		   unsigned line)
{
	cleanup_free char *q = quotable(key);

	if (seen->n == DDI_LIST_MAX)
		reader_error(r, line, "ddi-limit", "more than %d %s: \"%s\" is not read",
			     DDI_LIST_MAX, what, q);
	else if (strv_contains(seen, key))
		reader_error(r, line, "ddi-key", "%s has \"%s\" twice: merge them", what, q);
	else {
		strv_add(seen, key);
		return true;
	}
	return false;
}

void reader_named(struct reader *r, const char *what, read_fn *item, void *object)
{
	cleanup_strv struct strv seen = {0};
	unsigned line;

	if (!starts(r, YAML_MAPPING_START_EVENT, "a mapping (\"name: value\")"))
		return;
	while (!reader_at_end(r, YAML_MAPPING_END_EVENT)) {
		cleanup_free char *key = take_key(r, &line);

		if (!key)
			continue;
		if (!is_new(r, what, &seen, key, line)) {
			reader_skip(r);
			continue;
		}
		r->key = key;
		item(r, object);
	}
	r->key = what;
	reader_next(r);
}

void reader_list(struct reader *r, size_t max, read_fn *item, void *object)
{
	const char *key = r->key;
	size_t n = 0;

	if (!starts(r, YAML_SEQUENCE_START_EVENT, "a list"))
		return;
	while (!reader_at_end(r, YAML_SEQUENCE_END_EVENT)) {
		r->key = key;
		if (n++ < max) {
			item(r, object);
			continue;
		}
		if (n == max + 1)
			reader_error(r, reader_line(r), "ddi-limit",
				     "%s has more than %zu items: the rest is not read", key, max);
		reader_skip(r);
	}
	reader_next(r);
}

/* ---- scalars ---- */

/* Appends the variable whose name begins at *s, and moves *s past it. */
static void expand(struct reader *r, const char **s, struct scalar *ret)
{
	const char *name = *s + strlen(variable_begin), *stop = strstr(name, variable_end);
	cleanup_free char *copy = stop ? xstrndup(name, (size_t)(stop - name)) : xstrdup("");
	const char *value =
		*copy && r->source->variable ? r->source->variable(r->source->data, copy) : NULL;

	ret->variable = true;
	ret->unknown |= !value;
	if (value && strlen(value) > DDI_FILE_MAX - r->variables_len) {
		reader_error(r, ret->line, "ddi-limit",
			     "the values of variables have more than %d bytes in all",
			     DDI_FILE_MAX);
		ret->unknown = true;
	} else if (value) {
		r->variables_len += strlen(value);
		strbuf_adds(&r->scratch, value);
	} else if (!r->source->variables_unknown) {
		reader_error(r, ret->line, "ddi-variable",
			     "the variable %.*s has no value: add a <variable> to the "
			     "<configuration> of the plan",
			     VARIABLE_MAX, copy);
	}
	*s = stop ? stop + strlen(variable_end) : name;
}

static void copy_scalar(struct reader *r, struct scalar *ret)
{
	const char *s = (const char *)r->event.data.scalar.value, *next;

	r->scratch.len = 0;
	strbuf_add(&r->scratch, "", 0);
	while ((next = strstr(s, variable_begin))) {
		strbuf_add(&r->scratch, s, (size_t)(next - s));
		expand(r, &next, ret);
		s = next;
	}
	strbuf_adds(&r->scratch, s);
	ret->s = r->scratch.s;
	ret->len = r->scratch.len;
}

static bool take_scalar(struct reader *r, const char *wanted, struct scalar *ret)
{
	if (r->event.type != YAML_SCALAR_EVENT) {
		starts(r, YAML_SCALAR_EVENT, wanted);
		return false;
	}
	*ret = (struct scalar){
		.line = reader_line(r),
		.literal = r->event.data.scalar.style == YAML_LITERAL_SCALAR_STYLE,
	};
	if (strlen((const char *)r->event.data.scalar.value) != r->event.data.scalar.length) {
		reader_error(r, ret->line, "ddi-value", "%s has a zero byte", r->key);
		reader_next(r);
		return false;
	}
	copy_scalar(r, ret);
	reader_next(r);
	return true;
}

bool reader_scalar(struct reader *r, const char *wanted, struct scalar *ret)
{
	return take_scalar(r, wanted, ret) && !ret->unknown;
}

bool reader_secret(struct reader *r, struct scalar *ret)
{
	return take_scalar(r, "text", ret);
}

void reader_wrong(struct reader *r, const struct scalar *s, const char *wanted)
{
	cleanup_free char *q = quotable(s->s);

	if (!*s->s)
		reader_error(r, s->line, "ddi-value", "%s must be %s, but has no value", r->key,
			     wanted);
	else
		reader_error(r, s->line, "ddi-value", "%s must be %s, not \"%s\"", r->key, wanted,
			     q);
}

/* Writes the name to ret, of NAME_MAX_LEN + 1 bytes. */
static bool parse_name(const char *s, char *ret)
{
	size_t len = strlen(s), label = 0;

	len -= len > 1 && s[len - 1] == '.';
	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = (char)tolower((unsigned char)s[i]);

		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX || (c == '.' && (i == 0 || s[i - 1] == '.')) ||
		    (!isalnum((unsigned char)c) && !strchr("-_./*", c)))
			return false;
		ret[i] = c;
	}
	ret[len] = 0;
	return label > 0;
}

const char *reader_name(struct reader *r, const struct scalar *s)
{
	char name[NAME_MAX_LEN + 1];

	if (parse_name(s->s, name))
		return ddi_strndup(r->plan, name, strlen(name));
	reader_wrong(r, s, "a domain name (RFC 1035, 2.3.4)");
	return NULL;
}

/* ---- fields ---- */

static void set_bool(struct reader *r, const struct scalar *s, bool *ret)
{
	if (streq(s->s, "true") || streq(s->s, "false"))
		*ret = streq(s->s, "true");
	else
		reader_wrong(r, s, "true or false");
}

static void set_uint(struct reader *r, const struct scalar *s, const struct field *f, uint32_t *ret)
{
	int64_t value;

	if (str_to_int(s->s, f->min, f->max, &value) == 0) {
		*ret = (uint32_t)value;
		return;
	}
	cleanup_free char *wanted = xasprintf("an integer from %u to %u", f->min, f->max);
	reader_wrong(r, s, wanted);
}

static void set_word(struct reader *r, const struct scalar *s, const struct field *f, void *ret)
{
	uint32_t value = f->min;

	for (const char *w = f->words; w && *w; value++) {
		size_t len = strcspn(w, " ");

		if (s->len == len && strncmp(w, s->s, len) == 0) {
			memcpy(ret, &value, sizeof(value));
			return;
		}
		w += len + (w[len] == ' ');
	}
	cleanup_free char *wanted = xasprintf("one of: %s", f->words);
	reader_wrong(r, s, wanted);
}

static const char *wanted_of(enum field_type type)
{
	switch (type) {
	case FIELD_FN:
	case FIELD_TEXT:
		return "text";
	case FIELD_NAME:
		return "a domain name";
	case FIELD_IP:
		return "an IP address";
	case FIELD_PREFIX:
		return "a prefix (\"192.0.2.0/24\")";
	case FIELD_BOOL:
		return "true or false";
	case FIELD_UINT:
		return "an integer";
	case FIELD_WORD:
		return "a word";
	}
	return "";
}

static void set_prefix(struct reader *r, const struct scalar *s, struct ip_prefix *ret)
{
	if (!strchr(s->s, '/') || !ip_prefix_parse(s->s, ret))
		reader_wrong(r, s, wanted_of(FIELD_PREFIX));
}

void reader_field(struct reader *r, const struct field *f, void *object)
{
	void *member = (char *)object + f->at;
	unsigned line = reader_line(r);
	struct scalar s;

	if (f->line_at)
		memcpy((char *)object + f->line_at, &line, sizeof(line));
	if (f->type == FIELD_FN) {
		f->read(r, object);
		return;
	}
	cleanup_free char *words = f->words ? xasprintf("one of: %s", f->words) : NULL;
	if (!reader_scalar(r, words ? words : wanted_of(f->type), &s))
		return;
	switch (f->type) {
	case FIELD_FN:
		break;
	case FIELD_TEXT:
		*(const char **)member = ddi_strndup(r->plan, s.s, s.len);
		break;
	case FIELD_NAME:
		*(const char **)member = reader_name(r, &s);
		break;
	case FIELD_IP:
		if (!ip_parse(s.s, member))
			reader_wrong(r, &s, wanted_of(f->type));
		break;
	case FIELD_PREFIX:
		set_prefix(r, &s, member);
		break;
	case FIELD_BOOL:
		set_bool(r, &s, member);
		break;
	case FIELD_UINT:
		set_uint(r, &s, f, member);
		break;
	case FIELD_WORD:
		set_word(r, &s, f, member);
		break;
	}
}

/* ---- lists ---- */

void reader_address(struct reader *r, void *list)
{
	struct list *l = list;
	struct ip_addr ip;
	struct scalar s;

	if (!reader_scalar(r, wanted_of(FIELD_IP), &s))
		return;
	if (!ip_parse(s.s, &ip)) {
		reader_wrong(r, &s, wanted_of(FIELD_IP));
		return;
	}
	struct ddi_address *v = l->v;
	*array_push(v, l->n) = (struct ddi_address){ip, s.line};
	l->v = v;
}

void reader_prefix(struct reader *r, void *list)
{
	struct list *l = list;
	struct ip_prefix prefix = {0};
	struct scalar s;

	if (!reader_scalar(r, wanted_of(FIELD_PREFIX), &s))
		return;
	set_prefix(r, &s, &prefix);
	if (!prefix.addr.version)
		return;
	struct ddi_prefix *v = l->v;
	*array_push(v, l->n) = (struct ddi_prefix){prefix, s.line};
	l->v = v;
}

const void *reader_keep(struct reader *r, void *v, size_t n, size_t size)
{
	void *copy = n ? ddi_alloc(r->plan, n * size) : NULL;

	if (n)
		memcpy(copy, v, n * size);
	free(v);
	return copy;
}
