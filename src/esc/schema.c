// SPDX-License-Identifier: Apache-2.0
#include <search.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "esc/element.h"
#include "esc/internal.h"
#include "esc/node.h"

struct check {
	struct esc_reading *r;
	const char *space; /* namespace of the root, which counts as ESC's; NULL for ESC's own */
};

/* The most similar name among the children of schema, or NULL. */
static const char *meant(const struct node *schema, const char *name)
{
	struct guess guess = {.word = name, .limit = strlen(name) > 4 ? 3 : 2};

	for (const struct node *c = schema->child; c; c = c->next)
		guess_try(&guess, c->name);
	return guess.best;
}

static void report_unknown(struct check *c, struct element *e)
{
	const struct element *parent = e->parent;
	char name[64], space[64];

	e->invalid = true;
	if (c->r->n_findings >= ESC_FINDINGS_MAX)
		return; /* limits the time spent on suggestions */
	if (!streq(e->space, c->space)) {
		report(c->r, SEVERITY_WARNING, "descriptor-unknown", e,
		       "'%s' is ignored: it is not in the namespace of ESC's %s but in \"%s\"",
		       shown(e->name, name), c->r->json ? "module" : "namespace",
		       e->space ? shown(e->space, space) : "");
		return;
	}
	const char *other = meant(parent->schema, e->name);
	if (other)
		report(c->r, SEVERITY_WARNING, "descriptor-unknown", e,
		       "'%s' is unknown in '%s' and is ignored (did you mean '%s'?)",
		       shown(e->name, name), parent->name, other);
	else
		report(c->r, SEVERITY_WARNING, "descriptor-unknown", e,
		       "'%s' is unknown in '%s' and is ignored", shown(e->name, name),
		       parent->name);
}

/* Trims blanks, except in values for the guest or the VIM, where they may be significant. */
static void trim(struct element *e)
{
	const char *s = element_text(e);
	size_t len = e->text.len;
	size_t skip = strspn(s, " \t\r\n");

	if (streq(e->name, "data") || streq(e->name, "val") || streq(e->name, "value"))
		return;
	while (len > skip && strchr(" \t\r\n", s[len - 1]))
		len--;
	if (len == e->text.len && skip == 0)
		return;
	char *trimmed = xstrndup(s + skip, len - skip);
	strbuf_clear(&e->text);
	strbuf_adds(&e->text, trimmed);
	free(trimmed);
}

/* Stricter than YANG: names get to terminals. Only values that are no key have lines. */
static bool has_control(const struct element *e)
{
	const char *lines = e->schema->is_key ? "" : "\t\r\n";
	const char *s = element_text(e);

	for (size_t n; *s; s += n ? n : 1) {
		n = utf8_printable(s);
		if (n == 0 && !strchr(lines, *s))
			return true;
	}
	return false;
}

static void check_leaf(struct check *c, struct element *e)
{
	cleanup_free char *canonical = NULL;
	char buffer[64];

	e->invalid = true;
	if (e->n_children > 0) {
		report(c->r, SEVERITY_ERROR, "descriptor-value", e,
		       "%s is a value and cannot contain '%s'", e->name,
		       shown(e->children[0]->name, buffer));
		return;
	}
	trim(e);
	if (!value_is_valid(e->schema, element_text(e), e->text.len, &canonical)) {
		cleanup_free char *wrong = value_why_invalid(e->schema, element_text(e));

		if (e->text.len)
			report(c->r, SEVERITY_ERROR, "descriptor-value", e, "%s \"%s\" %s", e->name,
			       shown(element_text(e), buffer), wrong);
		else
			report(c->r, SEVERITY_ERROR, "descriptor-value", e,
			       "%s is empty: set a value%s", e->name,
			       e->schema->is_needed ? "" : ", or remove it");
		return;
	}
	if (has_control(e)) {
		report(c->r, SEVERITY_ERROR, "descriptor-value", e,
		       "%s \"%s\" contains a control character: remove it", e->name,
		       shown(element_text(e), buffer));
		return;
	}
	e->invalid = false;
	if (canonical) {
		strbuf_clear(&e->text);
		strbuf_adds(&e->text, canonical);
	}
}

/* The child with that schema, valid or not. */
static const struct element *child_of(const struct element *e, const struct node *schema)
{
	for (size_t i = 0; i < e->n_children; i++)
		if (e->children[i]->schema == schema)
			return e->children[i];
	return NULL;
}

/* What identifies a child of a parent: the keys of a list entry, else the name. */
struct identity {
	char *text;
	const struct element *first;
};

static int identity_compare(const void *a, const void *b)
{
	return strcmp(((const struct identity *)a)->text, ((const struct identity *)b)->text);
}

static void identity_free(void *p)
{
	struct identity *id = p;

	free_all(id->text, id);
}

/* "nicid 0", "name g": for messages and comparisons. NULL if a key is missing. */
static char *keys_of(const struct element *e)
{
	cleanup_strbuf struct strbuf keys = {0};

	for (const struct node *key = e->schema->child; key && key->is_key; key = key->next) {
		const struct element *leaf = child_of(e, key);

		if (!leaf || leaf->invalid)
			return NULL;
		strbuf_addf(&keys, "%s%s \"%s\"", keys.len ? ", " : "", key->name,
			    element_text(leaf));
	}
	return strbuf_steal(&keys);
}

/* Reports e if an earlier child of its parent has the same identity. seen is a tsearch tree. */
static void check_unique(struct check *c, struct element *e, void **seen)
{
	cleanup_free char *keys = e->schema->kind == NODE_LIST ? keys_of(e) : xstrdup("");
	char buffer[64];

	if (!keys || e->schema->kind == NODE_LEAF_LIST)
		return;

	struct identity *id = xcalloc(1, sizeof(*id));

	id->text = xasprintf("%s %s", e->name, keys);
	id->first = e;
	struct identity **found = tsearch(id, seen, identity_compare);
	if (!found)
		out_of_memory();
	if (*found == id)
		return;
	e->invalid = true;
	if (e->schema->kind == NODE_LIST)
		report(c->r, SEVERITY_ERROR, "descriptor-duplicate", e,
		       "there is a second '%s' with %s: the first is in line %u", e->name,
		       shown(keys, buffer), (*found)->first->line);
	else
		report(c->r, SEVERITY_ERROR, "descriptor-duplicate", e,
		       "'%s' appears twice: the first is in line %u", e->name,
		       (*found)->first->line);
	identity_free(id);
}

/* Reports missing mandatory children. */
static void check_missing(struct check *c, struct element *e)
{
	for (const struct node *s = e->schema->child; s; s = s->next) {
		const struct element *child = child_of(e, s);

		if (child && child->invalid && s->is_key)
			e->invalid = true; /* without a key nothing can refer to the entry */
		if (child || !s->is_needed || (!s->is_key && operation_deletes(e)))
			continue;
		if (s->is_key) {
			e->invalid = true;
			report(c->r, SEVERITY_ERROR, "descriptor-missing", e,
			       "'%s' has no '%s', which is its key: add it", e->name, s->name);
		} else if (s->kind == NODE_LIST || s->kind == NODE_LEAF_LIST) {
			report(c->r, SEVERITY_ERROR, "descriptor-missing", e,
			       "'%s' needs at least one '%s': add one", e->name, s->name);
		} else {
			report(c->r, SEVERITY_ERROR, "descriptor-missing", e,
			       "'%s' needs a '%s': add it", e->name, s->name);
		}
	}
}

/* RFC 7951: lists and leaf-lists are arrays, everything else is not. */
static bool check_array(struct check *c, struct element *e)
{
	bool list = e->schema->kind == NODE_LIST || e->schema->kind == NODE_LEAF_LIST;

	if (!c->r->json || e->schema->kind == NODE_ANYDATA || e->array == list)
		return true;
	e->invalid = true;
	report(c->r, SEVERITY_ERROR, "descriptor-value", e,
	       list ? "'%s' is a list: put [ ] around its entries"
		    : "'%s' is not a list: remove the array around it",
	       e->name);
	return false;
}

static void check_inner(struct check *c, struct element *e);

static void check_element(struct check *c, struct element *e)
{
	char buffer[64];

	if (e->attributes)
		report(c->r, SEVERITY_WARNING, "descriptor-unknown", e,
		       "the attributes of '%s' are ignored: %s", e->name,
		       shown(e->attributes, buffer));
	if (!check_array(c, e))
		return;
	if (e->null) {
		e->invalid = true;
		report(c->r, SEVERITY_ERROR, "descriptor-value", e,
		       "%s is null: set a value, or remove it", e->name);
		return;
	}
	if (e->schema->kind == NODE_LEAF || e->schema->kind == NODE_LEAF_LIST)
		check_leaf(c, e);
	else if (e->schema->kind == NODE_CONTAINER || e->schema->kind == NODE_LIST)
		check_inner(c, e);
}

static const struct node *find_child(const struct node *parent, const char *name)
{
	const struct node *child = parent->child;

	while (child && !streq(child->name, name))
		child = child->next;
	return child;
}

static void check_inner(struct check *c, struct element *e)
{
	const char *text = element_text(e) + strspn(element_text(e), " \t\r\n");
	void *seen = NULL;
	char buffer[64];

	if (text[0]) {
		cleanup_free char *word = xstrndup(text, strcspn(text, "\r\n"));

		report(c->r, SEVERITY_ERROR, "descriptor-value", e,
		       "'%s' contains elements, not the text \"%s\"", e->name, shown(word, buffer));
	}
	for (size_t i = 0; i < e->n_children; i++) {
		struct element *child = e->children[i];

		if (child->name[0] == '@') { /* metadata in JSON; see envelope.c */
			child->invalid = true;
			continue;
		}
		if (streq(child->space, c->space))
			child->schema = find_child(e->schema, child->name);
		if (!child->schema) {
			report_unknown(c, child);
			continue;
		}
		check_element(c, child);
		check_unique(c, child, &seen);
	}
	tdestroy(seen, identity_free);
	check_missing(c, e);
}

void schema_check(struct esc_reading *r, struct element *root)
{
	struct check c = {.r = r, .space = root->space};
	char buffer[64];

	if (root->space && r->json)
		report_syntax(r, root->line,
			      "the name of '%s' needs its module: \"" ESC_MODULE ":" ESC_ROOT "\"",
			      root->name);
	else if (root->space && !root->space[0])
		report_syntax(r, root->line,
			      "'%s' has no namespace: write <" ESC_ROOT " xmlns=\"" ESC_NAMESPACE
			      "\">",
			      root->name);
	else if (root->space)
		report_syntax(r, root->line,
			      "'%s' is in the namespace \"%s\", but ESC's is \"" ESC_NAMESPACE "\"",
			      root->name, shown(root->space, buffer));
	root->schema = esc_nodes;
	check_element(&c, root);
}
