// SPDX-License-Identifier: Apache-2.0
#include "base/yaml_tree.h"

#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"

enum {
	DEPTH_MAX = 64,
	SIZE_MAX_NODES = 200000, /* with every alias written out */
	NODE_BYTES = 16,         /* a scalar counts one node more for each */
	KEYS_COMPARED = 512,
};

struct measure {
	struct yaml *y;
	size_t *size; /* by node number; 0: not measured, 1 and more: nodes below and itself */
	bool *open;   /* on the path from the root to the current node */
};

/* Nodes below id, aliases counted each time; more than SIZE_MAX_NODES: refuse the document. */
static size_t measure(struct measure *m, int id, unsigned depth)
{
	size_t i = (size_t)id, sum = 1;

	if (depth > DEPTH_MAX || m->open[i])
		return SIZE_MAX_NODES + 1;
	if (m->size[i] > 0)
		return m->size[i];
	yaml_node_t *n = yaml_document_get_node(&m->y->document, id);
	m->open[i] = true;
	if (n->type == YAML_SCALAR_NODE) {
		sum += n->data.scalar.length / NODE_BYTES;
	} else if (n->type == YAML_SEQUENCE_NODE) {
		yaml_node_item_t *item = n->data.sequence.items.start;
		for (; item < n->data.sequence.items.top && sum <= SIZE_MAX_NODES; item++)
			sum += measure(m, *item, depth + 1);
	} else if (n->type == YAML_MAPPING_NODE) {
		yaml_node_pair_t *pair = n->data.mapping.pairs.start;
		for (; pair < n->data.mapping.pairs.top && sum <= SIZE_MAX_NODES; pair++)
			sum += measure(m, pair->key, depth + 1) +
			       measure(m, pair->value, depth + 1);
	}
	m->open[i] = false;
	m->size[i] = sum;
	return sum;
}

static bool bounded(struct yaml *y)
{
	size_t n = (size_t)(y->document.nodes.top - y->document.nodes.start);
	struct measure m = {y, xcalloc(n + 1, sizeof(size_t)), xcalloc(n + 1, sizeof(bool))};
	bool ok = n == 0 || measure(&m, 1, 0) <= SIZE_MAX_NODES;

	free_all(m.size, m.open);
	return ok;
}

static void report_duplicates(struct yaml *y, const struct yaml_reader *reader,
			      struct findings *findings)
{
	yaml_node_t *n = y->document.nodes.start;

	for (; n < y->document.nodes.top; n++) {
		size_t pairs = yaml_is_map(n) ? yaml_pairs(n) : 0;
		for (size_t i = 0; i < pairs && pairs <= KEYS_COMPARED; i++) {
			yaml_node_t *key, *value, *later;
			yaml_pair(y, n, i, &key, &value);
			for (size_t j = i + 1; j < pairs; j++) {
				yaml_pair(y, n, j, &later, &value);
				if (!yaml_str(key) || !streq(yaml_str(key), yaml_str(later)))
					continue;
				cleanup_free char *q = quotable(yaml_str(key));
				report(findings, y->text, yaml_line(key), SEVERITY_WARNING,
				       reader->key_rule,
				       "\"%s\" is repeated in line %u, and only the last one "
				       "counts: merge them",
				       q, text_line(y->text, yaml_line(later)));
				break;
			}
		}
	}
}

static void report_problem(const yaml_parser_t *p, const struct text *t,
			   const struct yaml_reader *reader, struct findings *findings)
{
	size_t line = p->problem_mark.line;

	if (p->error == YAML_MEMORY_ERROR || p->error == YAML_NO_ERROR)
		out_of_memory();
	if (p->error == YAML_READER_ERROR) {
		line = 0;
		for (size_t i = 0; i < p->problem_offset && i < t->len; i++)
			line += t->s[i] == '\n';
		report(findings, t, line, SEVERITY_ERROR, reader->rule,
		       "not valid YAML: %s (byte 0x%02x)", p->problem,
		       (unsigned)p->problem_value & 0xff);
		return;
	}
	/* The fault is often at a context some lines above. */
	cleanup_free char *where = p->context && p->context_mark.line != line
					   ? xasprintf(" %s that begins in line %u", p->context,
						       text_line(t, p->context_mark.line))
				   : p->context ? xasprintf(" %s", p->context)
						: xstrdup("");
	const char *problem = p->problem ? p->problem : "unknown problem";
	const char *hint = strstr(problem, "a tab character") ? ": indent by spaces"
			   : strstr(problem, "cannot start any token")
				   ? ": indent by spaces; quote a value that begins with @, ` or %"
				   : "";
	report(findings, t, line, SEVERITY_ERROR, reader->rule, "not valid YAML: %s%s%s%s", problem,
	       *where ? "," : "", where, hint);
}

static void start(yaml_parser_t *p, const struct text *text)
{
	if (!yaml_parser_initialize(p))
		out_of_memory();
	yaml_parser_set_encoding(p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(p, (const unsigned char *)text->s, text->len);
}

/* libyaml's work grows with the square of the depth, so the depth is checked first. */
static bool too_deep(const struct text *text)
{
	yaml_parser_t p;
	yaml_event_t event;
	int depth = 0;
	bool end = false;

	start(&p, text);
	while (!end && depth <= DEPTH_MAX && yaml_parser_parse(&p, &event)) {
		depth += event.type == YAML_SEQUENCE_START_EVENT ||
			 event.type == YAML_MAPPING_START_EVENT;
		depth -= event.type == YAML_SEQUENCE_END_EVENT ||
			 event.type == YAML_MAPPING_END_EVENT;
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&p);
	return depth > DEPTH_MAX;
}

static void report_unbounded(const struct text *text, const struct yaml_reader *reader,
			     struct findings *findings)
{
	report(findings, text, 0, SEVERITY_ERROR, reader->rule,
	       "this YAML is nested deeper than %d levels or its aliases expand too far: it is not "
	       "read",
	       DEPTH_MAX);
}

bool yaml_load(struct yaml *y, const struct text *text, const struct yaml_reader *reader,
	       struct findings *findings)
{
	yaml_parser_t p;
	yaml_document_t more;

	*y = (struct yaml){.text = text};
	if (too_deep(text)) {
		report_unbounded(text, reader, findings);
		return false;
	}
	start(&p, text);
	if (!yaml_parser_load(&p, &y->document)) {
		report_problem(&p, text, reader, findings);
		yaml_parser_delete(&p);
		return false;
	}
	y->loaded = true;
	bool ok = bounded(y);
	if (!ok) {
		report_unbounded(text, reader, findings);
	} else if (!yaml_parser_load(&p, &more)) {
		report_problem(&p, text, reader, findings);
		ok = false;
	} else {
		yaml_node_t *root = yaml_document_get_root_node(&more);
		if (root) {
			report(findings, text, more.start_mark.line, SEVERITY_ERROR, reader->rule,
			       "a second YAML document begins here, but %s accepts only one and "
			       "rejects the %s: remove the \"---\"",
			       reader->name, reader->whole);
		}
		yaml_document_delete(&more);
		report_duplicates(y, reader, findings);
	}
	yaml_parser_delete(&p);
	return ok;
}

void yaml_clear(struct yaml *y)
{
	if (y->loaded)
		yaml_document_delete(&y->document);
	*y = (struct yaml){0};
}

yaml_node_t *yaml_root(struct yaml *y)
{
	return yaml_document_get_root_node(&y->document);
}

bool yaml_is_map(const yaml_node_t *n)
{
	return n && n->type == YAML_MAPPING_NODE;
}

bool yaml_is_list(const yaml_node_t *n)
{
	return n && n->type == YAML_SEQUENCE_NODE;
}

const char *yaml_str(const yaml_node_t *n)
{
	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

bool yaml_plain(const yaml_node_t *n)
{
	return yaml_str(n) && n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

bool yaml_is_null(const yaml_node_t *n)
{
	if (!n)
		return true;
	const char *s = yaml_plain(n) ? yaml_str(n) : NULL;
	return s && (!*s || streq(s, "~") || strcasecmp(s, "null") == 0);
}

bool yaml_bool(const yaml_node_t *n, bool fallback)
{
	static const char *const yes[] = {"true", "yes", "on"};
	const char *s = yaml_str(n);

	if (!s)
		return fallback;
	return array_find(yes, ARRAY_SIZE(yes), strcasecmp(s, *it) == 0) != NULL;
}

size_t yaml_len(const yaml_node_t *list)
{
	return yaml_is_list(list)
		       ? (size_t)(list->data.sequence.items.top - list->data.sequence.items.start)
		       : 0;
}

yaml_node_t *yaml_item(struct yaml *y, const yaml_node_t *list, size_t i)
{
	return yaml_document_get_node(&y->document, list->data.sequence.items.start[i]);
}

size_t yaml_pairs(const yaml_node_t *map)
{
	return yaml_is_map(map)
		       ? (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start)
		       : 0;
}

void yaml_pair(struct yaml *y, const yaml_node_t *map, size_t i, yaml_node_t **ret_key,
	       yaml_node_t **ret_value)
{
	const yaml_node_pair_t *pair = &map->data.mapping.pairs.start[i];

	*ret_key = yaml_document_get_node(&y->document, pair->key);
	*ret_value = yaml_document_get_node(&y->document, pair->value);
}

static bool find(struct yaml *y, yaml_node_t *map, const char *name, yaml_node_t **ret_key,
		 yaml_node_t **ret_value)
{
	yaml_node_t *key, *value;

	for (size_t i = yaml_pairs(map); i-- > 0;) {
		yaml_pair(y, map, i, &key, &value);
		if (streq(yaml_str(key), name)) {
			*ret_key = key;
			*ret_value = value;
			return true;
		}
	}
	for (size_t i = 0; i < yaml_pairs(map); i++) {
		yaml_pair(y, map, i, &key, &value);
		if (!streq(yaml_str(key), "<<"))
			continue;
		if (find(y, value, name, ret_key, ret_value))
			return true;
		for (size_t j = 0; j < yaml_len(value); j++)
			if (find(y, yaml_item(y, value, j), name, ret_key, ret_value))
				return true;
	}
	return false;
}

yaml_node_t *yaml_get(struct yaml *y, yaml_node_t *map, const char *key)
{
	yaml_node_t *k, *v;

	return find(y, map, key, &k, &v) ? v : NULL;
}

yaml_node_t *yaml_key(struct yaml *y, yaml_node_t *map, const char *key)
{
	yaml_node_t *k, *v;

	return find(y, map, key, &k, &v) ? k : NULL;
}

size_t yaml_line(const yaml_node_t *n)
{
	return n ? n->start_mark.line : 0;
}

void yaml_scalar_text(struct yaml *y, const yaml_node_t *n, struct text *ret)
{
	const char *s = (const char *)n->data.scalar.value;
	size_t len = n->data.scalar.length;

	if (n->data.scalar.style == YAML_LITERAL_SCALAR_STYLE) /* "|" stands alone on its line */
		text_init_slice(ret, y->text, yaml_line(n) + 1, s, len);
	else
		text_init_at(ret, y->text, yaml_line(n), s, len);
}
