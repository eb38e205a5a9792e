// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <libyang/libyang.h>

#include "base/alloc.h"
#include "base/err.h"
#include "esc/element.h"
#include "esc/internal.h"

/* cppcheck-suppress internalAstError ; the generated file is not there when it looks */
static const char module_text[] =
#include "esc.yang.inc"
	;

struct schema {
	struct ly_ctx *ctx;
	struct lys_module *module;
};

int schema_new(struct schema **ret_schema, struct err *err)
{
	struct schema *schema = xcalloc(1, sizeof(*schema));

	ly_log_options(LY_LOSTORE_LAST); /* a library does not print */
	if (ly_ctx_new(NULL, LY_CTX_NO_YANGLIBRARY | LY_CTX_DISABLE_SEARCHDIRS, &schema->ctx) !=
	    LY_SUCCESS) {
		free(schema);
		return err_code(err, BUG, ENOMEM, "libyang makes no context");
	}
	if (lys_parse_mem(schema->ctx, module_text, LYS_IN_YANG, &schema->module) != LY_SUCCESS) {
		int r = err_set(err, INVALID, "libyang refuses the built-in YANG module: %s",
				ly_errmsg(schema->ctx));
		schema_free(schema);
		return r;
	}
	*ret_schema = schema;
	return 0;
}

void schema_free(struct schema *schema)
{
	if (!schema)
		return;
	ly_ctx_destroy(schema->ctx);
	free(schema);
}

struct check {
	const struct schema *schema;
	struct esc_reading *r;
	const char *space; /* of the root: what counts as ESC's; NULL: is ESC's */
};

/* Levenshtein's distance, small names only. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64];
	size_t n = strlen(b);

	if (n >= ARRAY_SIZE(row) || strlen(a) >= ARRAY_SIZE(row))
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t change = diagonal + (tolower(a[i]) != tolower(b[j]));

			diagonal = row[j + 1];
			row[j + 1] = change;
			if (row[j] + 1 < row[j + 1])
				row[j + 1] = row[j] + 1;
			if (diagonal + 1 < row[j + 1])
				row[j + 1] = diagonal + 1;
		}
	}
	return row[n];
}

/* What may have been meant by name among the children of schema, or NULL. */
static const char *meant(const struct lysc_node *schema, const char *name)
{
	size_t best = strlen(name) > 4 ? 3 : 2; /* as far is too far */
	const char *found = NULL;

	for (const struct lysc_node *c = lysc_node_child(schema); c; c = c->next) {
		size_t d = distance(name, c->name);

		if (d < best) {
			best = d;
			found = c->name;
		}
	}
	return found;
}

static void report_unknown(struct check *c, struct element *e)
{
	const struct element *parent = e->parent;
	char name[64], space[64];

	e->invalid = true;
	if (c->r->n_findings >= ESC_FINDINGS_MAX)
		return; /* guessing what was meant costs time */
	if (!streq(e->space, c->space)) {
		report(c->r, SEVERITY_WARNING, "descriptor-unknown", e,
		       "'%s' is ignored: it is not of ESC's %s but of \"%s\"", shown(e->name, name),
		       c->r->json ? "module" : "namespace", e->space ? shown(e->space, space) : "");
		return;
	}
	const char *other = meant(parent->schema, e->name);
	if (other)
		report(c->r, SEVERITY_WARNING, "descriptor-unknown", e,
		       "'%s' is not known in '%s' and is ignored: is '%s' meant?",
		       shown(e->name, name), parent->name, other);
	else
		report(c->r, SEVERITY_WARNING, "descriptor-unknown", e,
		       "'%s' is not known in '%s' and is ignored", shown(e->name, name),
		       parent->name);
}

/* "a whole number from -1 to 2147483647" */
static char *describe_number(const struct lysc_type *type, bool is_signed, int64_t min, int64_t max)
{
	const struct lysc_range *range = ((const struct lysc_type_num *)type)->range;

	if (range && is_signed) {
		min = range->parts[0].min_64;
		max = range->parts[LY_ARRAY_COUNT(range->parts) - 1].max_64;
	} else if (range) {
		min = (int64_t)range->parts[0].min_u64;
		max = (int64_t)range->parts[LY_ARRAY_COUNT(range->parts) - 1].max_u64;
	}
	if (max == INT64_MAX)
		return xasprintf("is not a whole number from %lld on", (long long)min);
	return xasprintf("is not a whole number from %lld to %lld", (long long)min, (long long)max);
}

static char *describe_enum(const struct lysc_type_enum *type)
{
	cleanup_strbuf struct strbuf text = {0};
	LY_ARRAY_COUNT_TYPE n = LY_ARRAY_COUNT(type->enums);

	strbuf_adds(&text, "is not one of ");
	for (LY_ARRAY_COUNT_TYPE i = 0; i < n; i++)
		strbuf_addf(&text, "%s%s",
			    i == 0      ? ""
			    : i + 1 < n ? ", "
					: " and ",
			    type->enums[i].name);
	return strbuf_steal(&text);
}

static char *describe_string(const struct lysc_type_str *type, const char *value)
{
	if (type->length &&
	    strlen(value) > type->length->parts[LY_ARRAY_COUNT(type->length->parts) - 1].max_u64)
		return xasprintf("is longer than %llu characters",
				 (unsigned long long)type->length
					 ->parts[LY_ARRAY_COUNT(type->length->parts) - 1]
					 .max_u64);
	if (LY_ARRAY_COUNT(type->patterns) > 0 && type->patterns[0]->emsg)
		return xstrdup(type->patterns[0]->emsg);
	return xstrdup("holds a character that XML and YANG do not allow");
}

/* What is wrong with a value that this type refuses. The caller frees. */
static char *describe(const struct lysc_type *type, const char *value)
{
	/* Only the types that yang/esc.yang uses have their own words. */
	if (type->basetype == LY_TYPE_INT32)
		return describe_number(type, true, INT32_MIN, INT32_MAX);
	if (type->basetype == LY_TYPE_UINT8)
		return describe_number(type, false, 0, UINT8_MAX);
	if (type->basetype == LY_TYPE_UINT16)
		return describe_number(type, false, 0, UINT16_MAX);
	if (type->basetype == LY_TYPE_UINT32)
		return describe_number(type, false, 0, UINT32_MAX);
	if (type->basetype == LY_TYPE_UINT64)
		return describe_number(type, false, 0, INT64_MAX);
	if (type->basetype == LY_TYPE_BOOL)
		return xstrdup("is neither true nor false");
	if (type->basetype == LY_TYPE_ENUM)
		return describe_enum((const struct lysc_type_enum *)type);
	if (type->basetype == LY_TYPE_STRING)
		return describe_string((const struct lysc_type_str *)type, value);
	return xstrdup("is not a value of its type");
}

/* Blanks around a name or number mean nothing; in what a guest or the VIM is handed, they may. */
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

static bool is_needed(const struct lysc_node *schema)
{
	return schema->flags & LYS_MAND_TRUE || lysc_is_key(schema);
}

static void check_leaf(struct check *c, struct element *e)
{
	const struct lysc_type *type =
		e->schema->nodetype == LYS_LEAF
			? ((const struct lysc_node_leaf *)e->schema)->type
			: ((const struct lysc_node_leaflist *)e->schema)->type;
	const char *canonical = NULL;
	char buffer[64];

	e->invalid = true;
	if (e->n_children > 0) {
		report(c->r, SEVERITY_ERROR, "descriptor-value", e,
		       "%s is a value and cannot hold '%s'", e->name,
		       shown(e->children[0]->name, buffer));
		return;
	}
	trim(e);
	if (lyd_value_validate(c->schema->ctx, e->schema, element_text(e), e->text.len, NULL, NULL,
			       &canonical) != LY_SUCCESS) {
		cleanup_free char *wrong = describe(type, element_text(e));

		if (e->text.len)
			report(c->r, SEVERITY_ERROR, "descriptor-value", e, "%s \"%s\" %s", e->name,
			       shown(element_text(e), buffer), wrong);
		else
			report(c->r, SEVERITY_ERROR, "descriptor-value", e,
			       "%s is empty: give it a value%s", e->name,
			       is_needed(e->schema) ? "" : ", or leave it out");
		return;
	}
	e->invalid = false;
	if (canonical && !streq(canonical, element_text(e))) {
		strbuf_clear(&e->text);
		strbuf_adds(&e->text, canonical);
	}
	lydict_remove(c->schema->ctx, canonical);
}

/* The child that is the leaf of that schema, valid or not. */
static const struct element *child_of(const struct element *e, const struct lysc_node *schema)
{
	for (size_t i = 0; i < e->n_children; i++)
		if (e->children[i]->schema == schema)
			return e->children[i];
	return NULL;
}

/* One child of a parent, by what must be its own: a list entry's keys, else its name. */
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

	free(id->text);
	free(id);
}

/* "nicid 0", "name g": for messages, and to compare entries by. NULL when a key is missing. */
static char *keys_of(const struct element *e)
{
	cleanup_strbuf struct strbuf keys = {0};

	for (const struct lysc_node *key = lysc_node_child(e->schema); key && lysc_is_key(key);
	     key = key->next) {
		const struct element *leaf = child_of(e, key);

		if (!leaf || leaf->invalid)
			return NULL;
		strbuf_addf(&keys, "%s%s \"%s\"", keys.len ? ", " : "", key->name,
			    element_text(leaf));
	}
	return strbuf_steal(&keys);
}

/* Reports e when an earlier child of its parent has the same identity; seen is a tsearch tree. */
static void check_unique(struct check *c, struct element *e, void **seen)
{
	cleanup_free char *keys = e->schema->nodetype == LYS_LIST ? keys_of(e) : xstrdup("");
	char buffer[64];

	if (!keys || e->schema->nodetype == LYS_LEAFLIST)
		return;

	struct identity *id = xcalloc(1, sizeof(*id));

	id->text = xasprintf("%s %s", e->name, keys);
	id->first = e;
	struct identity **found = tsearch(id, seen, identity_compare);
	if (!found)
		abort(); /* out of memory */
	if (*found == id)
		return;
	e->invalid = true;
	if (e->schema->nodetype == LYS_LIST)
		report(c->r, SEVERITY_ERROR, "descriptor-duplicate", e,
		       "there is a second '%s' with %s: line %u has the first", e->name,
		       shown(keys, buffer), (*found)->first->line);
	else
		report(c->r, SEVERITY_ERROR, "descriptor-duplicate", e,
		       "'%s' is given twice: line %u has the first", e->name,
		       (*found)->first->line);
	identity_free(id);
}

/* What e must hold and does not. */
static void check_missing(struct check *c, struct element *e)
{
	for (const struct lysc_node *s = lysc_node_child(e->schema); s; s = s->next) {
		const struct element *child = child_of(e, s);

		if (child && child->invalid && lysc_is_key(s))
			e->invalid = true; /* as the key, so the entry: nothing can refer to it */
		if (child || !is_needed(s))
			continue;
		if (lysc_is_key(s)) {
			e->invalid = true;
			report(c->r, SEVERITY_ERROR, "descriptor-missing", e,
			       "'%s' has no '%s', which is its key", e->name, s->name);
		} else if (s->nodetype == LYS_LIST || s->nodetype == LYS_LEAFLIST) {
			report(c->r, SEVERITY_ERROR, "descriptor-missing", e,
			       "'%s' has no '%s': it needs at least one", e->name, s->name);
		} else {
			report(c->r, SEVERITY_ERROR, "descriptor-missing", e,
			       "'%s' has no '%s': it needs one", e->name, s->name);
		}
	}
}

/* RFC 7951: lists and leaf-lists are arrays, nothing else is. */
static bool check_array(struct check *c, struct element *e)
{
	bool list = e->schema->nodetype & (LYS_LIST | LYS_LEAFLIST);

	if (!c->r->json || e->schema->nodetype == LYS_ANYDATA || e->array == list)
		return true;
	e->invalid = true;
	report(c->r, SEVERITY_ERROR, "descriptor-value", e,
	       list ? "'%s' is a list: put [ ] around its entries"
		    : "'%s' is no list: take it out of the array",
	       e->name);
	return false;
}

static void check_inner(struct check *c, struct element *e);

static void check_element(struct check *c, struct element *e)
{
	char buffer[64];

	if (e->attributes)
		report(c->r, SEVERITY_WARNING, "descriptor-unknown", e,
		       "'%s' has attributes that are ignored: %s", e->name,
		       shown(e->attributes, buffer));
	if (!check_array(c, e))
		return;
	if (e->null) {
		e->invalid = true;
		report(c->r, SEVERITY_ERROR, "descriptor-value", e,
		       "%s is null: give it a value, or leave it out", e->name);
		return;
	}
	if (e->schema->nodetype & (LYS_LEAF | LYS_LEAFLIST))
		check_leaf(c, e);
	else if (e->schema->nodetype & (LYS_CONTAINER | LYS_LIST))
		check_inner(c, e);
}

static void check_inner(struct check *c, struct element *e)
{
	const char *text = element_text(e) + strspn(element_text(e), " \t\r\n");
	void *seen = NULL;
	char buffer[64];

	if (text[0]) {
		cleanup_free char *word = xstrndup(text, strcspn(text, "\r\n"));

		report(c->r, SEVERITY_ERROR, "descriptor-value", e,
		       "'%s' holds elements, not the text \"%s\"", e->name, shown(word, buffer));
	}
	for (size_t i = 0; i < e->n_children; i++) {
		struct element *child = e->children[i];

		if (streq(child->space, c->space))
			child->schema =
				lys_find_child(e->schema, c->schema->module, child->name, 0, 0, 0);
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

bool schema_check(const struct schema *schema, struct esc_reading *r, struct element *root)
{
	struct check c = {.schema = schema, .r = r, .space = root->space};
	char buffer[64];

	if (!streq(root->name, ESC_ROOT)) {
		report_syntax(r, root->line,
			      "the outermost element is '%s'; a descriptor's is <" ESC_ROOT
			      " xmlns=\"" ESC_NAMESPACE "\">",
			      shown(root->name, buffer));
		return false;
	}
	if (root->space && r->json)
		report_syntax(r, root->line,
			      "'%s' is written with its module: \"" ESC_MODULE ":" ESC_ROOT "\"",
			      root->name);
	else if (root->space && !root->space[0])
		report_syntax(r, root->line,
			      "'%s' is in no namespace: write <" ESC_ROOT " xmlns=\"" ESC_NAMESPACE
			      "\">",
			      root->name);
	else if (root->space)
		report_syntax(r, root->line,
			      "'%s' is in the namespace \"%s\"; ESC's is \"" ESC_NAMESPACE "\"",
			      root->name, shown(root->space, buffer));
	root->schema = lys_find_child(NULL, schema->module, ESC_ROOT, 0, 0, 0);
	check_element(&c, root);
	return true;
}
