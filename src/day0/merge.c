// SPDX-License-Identifier: Apache-2.0
#include "day0/merge.h"

#include <ctype.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/utf8.h"

enum {
	NODES_MAX = 400000,  /* of the merged document */
	WORK_MAX = 20000000, /* comparisons of keys and values */
};

enum list_method { LIST_REPLACE, LIST_APPEND, LIST_PREPEND, LIST_NO_REPLACE };

/* The settings of merge_how for one type of value. */
struct strategy {
	bool given;
	bool replace;            /* of a mapping */
	enum list_method method; /* of a list */
	bool append;             /* of a string */
	bool list, mapping,
		text; /* merge such values recursively: recurse_list, recurse_dict, recurse_str */
	bool deletes;
};

struct strategies {
	struct strategy mapping, list, text;
};

struct merging {
	struct cloud_configs *c;
	struct findings *findings;
	yaml_document_t *document; /* the result */
	struct strategies how;     /* of the part that is being merged */
	const struct config_part *part;
	size_t offset; /* of the part's lines in the result's text */
	int *copies;   /* per node of the part: its copy in the result, or 0 */
	size_t work;
	bool failed; /* Python raises an exception: cloud-init drops the part */
};

static yaml_node_t *node(const struct merging *m, int id)
{
	return yaml_document_get_node(m->document, id);
}

static size_t n_nodes(const struct merging *m)
{
	return (size_t)(m->document->nodes.top - m->document->nodes.start);
}

/* The document takes over nothing: libyaml copies tag and value. */
static int checked(int id)
{
	if (id == 0)
		out_of_memory();
	return id;
}

static int add_list(const struct merging *m, size_t line)
{
	int id = checked(yaml_document_add_sequence(m->document, NULL, YAML_ANY_SEQUENCE_STYLE));

	node(m, id)->start_mark.line = line;
	return id;
}

static int add_mapping(const struct merging *m, size_t line)
{
	int id = checked(yaml_document_add_mapping(m->document, NULL, YAML_ANY_MAPPING_STYLE));

	node(m, id)->start_mark.line = line;
	return id;
}

static void append(const struct merging *m, int list, int item)
{
	checked(yaml_document_append_sequence_item(m->document, list, item));
}

/* The pair of the key in a mapping of the result, or NULL. */
static yaml_node_pair_t *pair_of(struct merging *m, int mapping, const char *key)
{
	yaml_node_t *n = node(m, mapping);
	yaml_node_pair_t *p = n->data.mapping.pairs.start;

	for (; key && p < n->data.mapping.pairs.top && m->work++ < WORK_MAX; p++)
		if (streq(yaml_str(node(m, p->key)), key))
			return p;
	return NULL;
}

/* Sets a pair; a key that is there keeps its place, as in Python. */
static void set(struct merging *m, int mapping, int key, int value)
{
	yaml_node_pair_t *p = pair_of(m, mapping, yaml_str(node(m, key)));

	if (p) {
		*p = (yaml_node_pair_t){key, value};
	} else {
		checked(yaml_document_append_mapping_pair(m->document, mapping, key, value));
	}
}

static void remove_pair(const struct merging *m, int mapping, yaml_node_pair_t *p)
{
	yaml_node_pair_t **top = &node(m, mapping)->data.mapping.pairs.top;

	memmove(p, p + 1, (size_t)(*top - p - 1) * sizeof(*p));
	(*top)--;
}

static int copy(struct merging *m, int from);

static int copy_scalar(const struct merging *m, const yaml_node_t *n)
{
	int id =
		checked(yaml_document_add_scalar(m->document, n->tag, n->data.scalar.value,
						 (int)n->data.scalar.length, n->data.scalar.style));

	node(m, id)->start_mark.line = n->start_mark.line + m->offset;
	return id;
}

/* A copy of the part's node with all below it, aliases kept as such. The depth is limited by
 * yaml_load. */
static int copy(struct merging *m, int from)
{
	yaml_document_t *document = &((struct config_part *)m->part)->y.document;
	const yaml_node_t *n = yaml_document_get_node(document, from);
	int *id = &m->copies[from];

	if (*id != 0)
		return *id;
	if (n->type == YAML_SEQUENCE_NODE) {
		*id = add_list(m, n->start_mark.line + m->offset);
		yaml_node_item_t *item = n->data.sequence.items.start;
		for (; item < n->data.sequence.items.top; item++)
			append(m, *id, copy(m, *item));
	} else if (n->type == YAML_MAPPING_NODE) {
		*id = add_mapping(m, n->start_mark.line + m->offset);
		yaml_node_pair_t *pair = n->data.mapping.pairs.start;
		for (; pair < n->data.mapping.pairs.top; pair++) {
			int key = copy(m, pair->key), value = copy(m, pair->value);
			set(m, *id, key, value);
		}
	} else {
		*id = copy_scalar(m, n);
	}
	return *id;
}

/* A value that PyYAML makes a string: quoted, or neither null, a boolean nor a number. */
static bool is_text(const yaml_node_t *n)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};
	const char *s = yaml_str(n);

	if (!s || !yaml_plain(n))
		return s != NULL;
	size_t digits = strspn(s, "0123456789_.+-");
	return !yaml_is_null(n) && (digits == 0 || s[digits]) &&
	       !array_find(words, ARRAY_SIZE(words), strcasecmp(s, *it) == 0);
}

static int merge(struct merging *m, int old, int new);

static int merge_text(struct merging *m, int old, int new)
{
	const yaml_node_t *a = node(m, old), *b = node(m, new);

	m->failed |= m->how.text.append && !is_text(b);
	if (!m->how.text.append || m->failed)
		return new;
	cleanup_free char *both = xasprintf("%s%s", yaml_str(a), yaml_str(b));
	int id = checked(yaml_document_add_scalar(m->document, NULL, (yaml_char_t *)both,
						  (int)strlen(both),
						  YAML_DOUBLE_QUOTED_SCALAR_STYLE));
	node(m, id)->start_mark.line = node(m, old)->start_mark.line;
	return id;
}

/* Whether the strategy merges a new value of that type recursively. */
static bool recurses(const struct strategy *s, const yaml_node_t *new)
{
	return yaml_is_list(new)  ? s->list
	       : yaml_is_map(new) ? s->mapping
				  : is_text(new) && s->text;
}

/* Python's list.extend: a mapping gives its keys, a text its characters. */
static void append_all(struct merging *m, int to, int from)
{
	const char *s = is_text(node(m, from)) ? yaml_str(node(m, from)) : NULL;

	for (size_t i = 0; i < yaml_len(node(m, from)); i++)
		append(m, to, node(m, from)->data.sequence.items.start[i]);
	for (size_t i = 0; i < yaml_pairs(node(m, from)); i++)
		append(m, to, node(m, from)->data.mapping.pairs.start[i].key);
	for (size_t n; s && *s; s += n) {
		n = utf8_length(s, strlen(s));
		n = n ? n : 1;
		append(m, to,
		       checked(yaml_document_add_scalar(m->document, NULL, (yaml_char_t *)s, (int)n,
							YAML_DOUBLE_QUOTED_SCALAR_STYLE)));
	}
	m->failed |= yaml_str(node(m, from)) && !s;
}

static int merge_list(struct merging *m, int old, int new)
{
	enum list_method method = m->how.list.method;

	if (!yaml_is_list(node(m, new)) && method == LIST_REPLACE)
		return new;
	int merged = add_list(m, yaml_line(node(m, old)));
	if (method == LIST_PREPEND)
		append_all(m, merged, new);
	if (method == LIST_PREPEND || method == LIST_APPEND)
		append_all(m, merged, old);
	if (method == LIST_APPEND)
		append_all(m, merged, new);
	if (method == LIST_PREPEND || method == LIST_APPEND)
		return merged;
	/* Item by item, up to the end of the shorter one; Python finds no item 0 in a mapping. */
	bool both = yaml_len(node(m, old)) > 0 && yaml_pairs(node(m, new)) > 0;
	m->failed |= both || (yaml_str(node(m, new)) && !is_text(node(m, new)));
	size_t n_old = yaml_len(node(m, old)), n_new = yaml_len(node(m, new));
	for (size_t i = 0; i < n_old; i++) {
		int a = node(m, old)->data.sequence.items.start[i];
		int b = i < n_new ? node(m, new)->data.sequence.items.start[i] : 0;
		if (b && method != LIST_NO_REPLACE)
			a = recurses(&m->how.list, node(m, b)) ? merge(m, a, b) : b;
		append(m, merged, a);
	}
	return merged;
}

/* Whether two values are equal. */
static bool same(struct merging *m, int a, int b)
{
	const yaml_node_t *x = node(m, a), *y = node(m, b);

	if (a == b || x->type != y->type || m->work++ > WORK_MAX)
		return a == b;
	if (yaml_str(x))
		return streq(yaml_str(x), yaml_str(y));
	bool equal = yaml_len(x) == yaml_len(y) && yaml_pairs(x) == yaml_pairs(y);
	for (size_t i = 0; equal && i < yaml_len(x); i++)
		equal = same(m, x->data.sequence.items.start[i], y->data.sequence.items.start[i]);
	for (size_t i = 0; equal && i < yaml_pairs(x); i++) {
		const yaml_node_pair_t *p = &x->data.mapping.pairs.start[i];
		const yaml_node_pair_t *q = pair_of(m, b, yaml_str(node(m, p->key)));
		equal = q && same(m, p->value, q->value);
	}
	return equal;
}

/* How many items of a list, or pairs of a mapping, are not in the value that is kept. */
static size_t lost(struct merging *m, int gone, int kept)
{
	const yaml_node_t *g = node(m, gone), *k = node(m, kept);
	size_t count = 0;

	for (size_t i = 0; i < yaml_len(g); i++) {
		bool found = false;
		for (size_t j = 0; !found && j < yaml_len(k); j++)
			found = same(m, g->data.sequence.items.start[i],
				     k->data.sequence.items.start[j]);
		count += !found;
	}
	for (size_t i = 0; i < yaml_pairs(g); i++) {
		const yaml_node_pair_t *p = &g->data.mapping.pairs.start[i];
		const yaml_node_pair_t *q =
			yaml_is_map(k) ? pair_of(m, kept, yaml_str(node(m, p->key))) : NULL;
		count += !q;
	}
	return count;
}

#define HOW "list(append)+dict(no_replace,recurse_list)+str()"

/* Reports what is lost of a list or mapping at the top. The later part's merge_how decides. */
static void report_lost(struct merging *m, const yaml_node_pair_t *old, int key, int value,
			int merged)
{
	const struct text *text = &m->c->text;
	unsigned before = text_line(text, yaml_line(node(m, old->key)));
	unsigned here = text_line(text, yaml_line(node(m, key)));
	cleanup_free char *q = quotable(yaml_str(node(m, key)));
	size_t of_old = lost(m, old->value, merged), of_new = lost(m, value, merged);

	if (str_starts(yaml_str(node(m, key)), "merge_"))
		return;
	if (of_old > 0)
		findings_add(m->findings, SEVERITY_WARNING, "day0-merge", text->file, here, NULL,
			     "\"%s\" replaces that of the part before, of which %zu %s lost: "
			     "cloud-init keeps the last part's only; add \"merge_how: " HOW
			     "\" to this part",
			     q, of_old, plural(of_old, "item is", "items are"));
	else if (of_new > 0)
		findings_add(m->findings, SEVERITY_WARNING, "day0-merge", text->file, here, NULL,
			     "\"%s\" is in a part before, and %zu %s of this one %s lost, as the "
			     "merge_how of this part says: write \"merge_how: " HOW "\"",
			     q, of_new, plural(of_new, "item", "items"),
			     plural(of_new, "is", "are"));
	if (of_old > 0 || of_new > 0)
		findings_also(m->findings, text->file, before);
}

static int merge_value(struct merging *m, int old, int new)
{
	if (m->how.mapping.replace)
		return new;
	return recurses(&m->how.mapping, node(m, new)) ? merge(m, old, new) : old;
}

static int merge_mapping(struct merging *m, int old, int new, bool top)
{
	if (!yaml_is_map(node(m, new)))
		return old;
	int merged = add_mapping(m, yaml_line(node(m, old)));
	for (size_t i = 0; i < yaml_pairs(node(m, old)); i++) {
		yaml_node_pair_t p = node(m, old)->data.mapping.pairs.start[i];
		set(m, merged, p.key, p.value);
	}
	for (size_t i = 0; i < yaml_pairs(node(m, new)); i++) {
		yaml_node_pair_t p = node(m, new)->data.mapping.pairs.start[i];
		yaml_node_pair_t *there = pair_of(m, merged, yaml_str(node(m, p.key)));
		if (!there) {
			set(m, merged, p.key, p.value);
			continue;
		}
		if (m->how.mapping.deletes && yaml_is_null(node(m, p.value))) {
			remove_pair(m, merged, there);
			continue;
		}
		yaml_node_pair_t before = *there;
		int value = merge_value(m, before.value, p.value);
		if (top && !m->failed)
			report_lost(m, &before, p.key, p.value, value);
		set(m, merged, value == p.value ? p.key : before.key, value);
	}
	return merged;
}

/* As mergers.LookupMerger: the type of the old value decides. */
static int merge(struct merging *m, int old, int new)
{
	const yaml_node_t *n = node(m, old);

	if (n_nodes(m) > NODES_MAX || m->work > WORK_MAX)
		return old;
	if (yaml_is_map(n))
		return m->how.mapping.given ? merge_mapping(m, old, new, false) : old;
	if (yaml_is_list(n))
		return m->how.list.given ? merge_list(m, old, new) : old;
	return is_text(n) && m->how.text.given ? merge_text(m, old, new) : old;
}

static void set_option(struct strategy *s, const char *option)
{
	static const struct {
		const char *name;
		enum list_method method;
	} methods[] = {{"append", LIST_APPEND},
		       {"prepend", LIST_PREPEND},
		       {"no_replace", LIST_NO_REPLACE}};

	/* Of several methods the first in cloud-init's own order counts: append, prepend, replace,
	 * no_replace. */
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (streq(option, methods[i].name) &&
		    (s->method == LIST_REPLACE || methods[i].method < s->method) &&
		    !(methods[i].method == LIST_NO_REPLACE && s->replace))
			s->method = methods[i].method;
	if (streq(option, "replace")) {
		s->replace = true;
		if (s->method == LIST_NO_REPLACE)
			s->method = LIST_REPLACE;
	}
	s->append |= streq(option, "append");
	s->list |= streq(option, "recurse_list") || streq(option, "recurse_array");
	s->mapping |= streq(option, "recurse_dict");
	s->text |= streq(option, "recurse_str");
	s->deletes |= streq(option, "allow_delete");
}

/* The strategy for values of a type, by its name in merge_how. NULL if there is none. */
static struct strategy *strategy_of(struct strategies *how, const char *name)
{
	if (str_starts(name, "m_"))
		name += 2;
	return streq(name, "dict")   ? &how->mapping
	       : streq(name, "list") ? &how->list
	       : streq(name, "str")  ? &how->text
				     : NULL;
}

/* Adds a merger. The first of a type counts. False if there is none of that name. */
static bool add_strategy(struct strategies *how, const char *name, const struct strv *words)
{
	struct strategy *s = strategy_of(how, name), *of_mapping = &how->mapping;

	if (!s)
		return false;
	if (s->given)
		return true;
	s->given = true;
	s->mapping = s == of_mapping; /* always set for mappings */
	for (size_t i = 0; i < words->n; i++)
		set_option(s, words->v[i]);
	return true;
}

/* Lower case, "-" as "_", without blanks at the ends. The caller frees it. */
static char *canonical(const char *s, size_t len)
{
	char *copy = str_trimmed(s, len);
	for (char *p = copy; *p; p++)
		*p = *p == '-' ? '_' : (char)tolower((unsigned char)*p);
	return copy;
}

/* "list(append)+dict(no_replace,recurse_list)+str()". False if cloud-init refuses it. */
static bool read_strategies(const char *s, struct strategies *how)
{
	cleanup_free char *all = xstrdup(s ? s : "");
	char *rest = all, *item;

	while ((item = strsep(&rest, "+"))) {
		cleanup_free char *one = canonical(item, strlen(item));
		cleanup_strv struct strv words = {0};
		size_t len = strlen(one),
		       name = strspn(one, "abcdefghijklmnopqrstuvwxyz0123456789_");
		if (len == 0)
			continue;
		if (name == 0 || isdigit((unsigned char)*one) || one[name] != '(' ||
		    one[len - 1] != ')')
			return false;
		one[len - 1] = one[name] = 0;
		char *options = one + name + 1, *option;
		while ((option = strsep(&options, ",")))
			strv_take(&words, canonical(option, strlen(option)));
		if (!add_strategy(how, one, &words))
			return false;
	}
	return true;
}

/* A list of mergers: {name: list, settings: [append]}, or [list, append]. */
static bool read_strategy_list(struct yaml *y, const yaml_node_t *list, struct strategies *how)
{
	for (size_t i = 0; i < yaml_len(list); i++) {
		yaml_node_t *item = yaml_item(y, list, i);
		cleanup_strv struct strv words = {0};
		yaml_node_t *settings = yaml_get(y, item, "settings"), *first = NULL;
		if (yaml_len(item) > 0)
			first = yaml_item(y, item, 0);
		const char *name = yaml_str(first ? first : yaml_get(y, item, "name"));
		for (size_t k = 1; k < yaml_len(item); k++)
			if (yaml_str(yaml_item(y, item, k)))
				strv_add(&words, yaml_str(yaml_item(y, item, k)));
		for (size_t k = 0; k < yaml_len(settings); k++)
			if (yaml_str(yaml_item(y, settings, k)))
				strv_add(&words, yaml_str(yaml_item(y, settings, k)));
		cleanup_free char *clean = name ? canonical(name, strlen(name)) : NULL;
		if (!clean || !add_strategy(how, clean, &words))
			return false;
	}
	return true;
}

/* How the part is to be merged. False, with a finding: cloud-init drops the part. */
static bool part_strategies(struct merging *m, struct config_part *p, struct strategies *ret)
{
	struct yaml *y = &p->y;
	yaml_node_t *root = yaml_root(y), *how = yaml_get(y, root, "merge_how");
	struct strategies s = {0};

	if (yaml_is_null(how))
		how = yaml_get(y, root, "merge_type");
	bool ok = yaml_is_list(how)   ? read_strategy_list(y, how, &s)
		  : yaml_is_null(how) ? true
				      : yaml_str(how) && read_strategies(yaml_str(how), &s);
	ok = ok && read_strategies(p->merge_type, &s);
	bool none = !s.mapping.given && !s.list.given && !s.text.given;
	if (ok && none)
		ok = read_strategies("dict(replace)+list()+str()", &s);
	if (ok && s.mapping.given) {
		*ret = s;
		return true;
	}
	report(m->findings, &p->text, yaml_is_null(how) ? 0 : yaml_line(how), SEVERITY_ERROR,
	       "day0-merge",
	       ok ? "this has no dict(), so cloud-init drops the whole part: write " HOW
		  : "cloud-init cannot read how to merge the part and drops it: write " HOW);
	return false;
}

/* Adds the lines of the part to those of the result. */
static void add_lines(struct text *all, const struct text *t)
{
	all->lines = xreallocarray(all->lines, all->n_lines + t->n_lines, sizeof(*all->lines));
	memcpy(all->lines + all->n_lines, t->lines, t->n_lines * sizeof(*t->lines));
	all->n_lines += t->n_lines;
}

static void merge_part(struct merging *m, struct config_part *p, int *root)
{
	size_t n = (size_t)(p->y.document.nodes.top - p->y.document.nodes.start);

	m->how = (struct strategies){0};
	if (!part_strategies(m, p, &m->how))
		return;
	if (n_nodes(m) + n > NODES_MAX || m->work > WORK_MAX) {
		m->c->cut = true;
		return;
	}
	cleanup_free int *copies = xcalloc(n + 1, sizeof(*copies));
	m->part = p;
	m->copies = copies;
	m->offset = m->c->text.n_lines;
	add_lines(&m->c->text, &p->text);
	m->failed = false;
	int merged = merge_mapping(m, *root, copy(m, 1), true);
	m->c->cut |= m->work > WORK_MAX;
	if (!m->failed)
		*root = merged;
	else
		report(m->findings, &p->text, 0, SEVERITY_ERROR, "day0-merge",
		       "cloud-init cannot merge values of different types and drops the part: "
		       "give each key the same type in all parts");
}

/* libyaml takes a document's first node for its root. */
static void set_root(const struct merging *m, int root)
{
	for (size_t i = 0; i < yaml_pairs(node(m, root)); i++) {
		yaml_node_pair_t p = node(m, root)->data.mapping.pairs.start[i];
		checked(yaml_document_append_mapping_pair(m->document, 1, p.key, p.value));
	}
}

struct yaml *cloud_configs_merge(struct cloud_configs *c, struct findings *findings)
{
	struct merging m = {.c = c, .findings = findings, .document = &c->merged.document};
	struct strategies alone;

	if (c->n == 0)
		return NULL;
	if (c->n == 1) {
		m.document = &c->v[0].y.document;
		return part_strategies(&m, &c->v[0], &alone) ? &c->v[0].y : NULL;
	}
	text_init(&c->text, c->v[0].text.file, "", 0, 1);
	if (!yaml_document_initialize(m.document, NULL, NULL, NULL, 1, 1))
		out_of_memory();
	c->merged.loaded = true;
	c->merged.text = &c->text;
	add_mapping(&m, 0);
	int root = add_mapping(&m, 0);
	for (size_t i = 0; i < c->n; i++)
		merge_part(&m, &c->v[i], &root);
	set_root(&m, root);
	return &c->merged;
}

void cloud_configs_add(struct cloud_configs *c, struct text *text, struct yaml *y,
		       const char *merge_type)
{
	struct config_part *p = array_push(c->v, c->n);

	p->text = steal(*text);
	p->y = steal(*y);
	p->merge_type = xstrdup(merge_type);
	for (size_t i = 0; i < c->n; i++) /* they have moved */
		c->v[i].y.text = &c->v[i].text;
}

static void part_clear(struct config_part *p)
{
	yaml_clear(&p->y);
	text_clear(&p->text);
	free(p->merge_type);
}

void cloud_configs_clear(struct cloud_configs *c)
{
	array_free(c->v, c->n, part_clear);
	yaml_clear(&c->merged);
	text_clear(&c->text);
	*c = (struct cloud_configs){0};
}
