// SPDX-License-Identifier: Apache-2.0
/*
 * What a descriptor is sent in: the NETCONF message (RFC 6241: rpc, edit-config, config), the
 * device tree of NSO (config, devices, device), RESTCONF's data (RFC 8040), and the operations that
 * such a message asks for (RFC 6241, 7.2).
 */
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "esc/element.h"
#include "esc/internal.h"
#include "esc/node.h"

#define MESSAGE_END "]]>]]>" /* RFC 6242, 4.3; appears in no well-formed XML but comments */

/* Forms of other products and versions, by their outermost element. */
static const struct {
	const char *name, *hint;
} foreign[] = {
	{"deployment",
	 "a deployment alone is what NFVIS and ESC's REST interface accept: put it into "
	 "<esc_datamodel><tenants><tenant><name>TENANT</name><deployments>"},
	{"deployments",
	 "put it into <esc_datamodel><tenants><tenant> after the <name> of the tenant"},
	{"tenant", "put it into <esc_datamodel><tenants>"},
	{"tenants", "put it into <esc_datamodel>"},
	{"vm_group", "put it into <esc_datamodel><tenants><tenant><deployments><deployment>"},
	{"vm_lifecycle",
	 "this is NFVIS: write <esc_datamodel> in place of <vm_lifecycle>, and define its images, "
	 "flavors and networks"},
	{"nfvo", "this is NSO's model of VNFs; dnsvnf reads what NSO sends to ESC: \"show "
		 "full-configuration "
		 "devices device ESC config | display xml\""},
	{"services",
	 "this is the form of ESC 1.x, which is not read: write its VMs as vm_groups of a "
	 "deployment in <esc_datamodel><tenants><tenant><deployments>"},
};

char *envelope_message(const char *data, size_t len)
{
	const char *end = memmem(data, len, MESSAGE_END, strlen(MESSAGE_END));
	char *copy = end ? xmemdup(data, len) : NULL;
	const char *start = data;
	bool kept = false;

	/* The message with a descriptor, the first of several; the others become blank lines. */
	while (end) {
		size_t n = (size_t)(end - start);
		bool keep = !kept && memmem(start, n, ESC_ROOT, strlen(ESC_ROOT));

		for (char *p = copy + (start - data); !keep && p < copy + (end - data); p++)
			*p = *p == '\n' ? '\n' : ' ';
		memset(copy + (end - data), ' ', strlen(MESSAGE_END));
		kept = kept || keep;
		start = end + strlen(MESSAGE_END);
		end = memmem(start, len - (size_t)(start - data), MESSAGE_END, strlen(MESSAGE_END));
	}
	return copy;
}

static bool is_root(const struct element *e)
{
	return streq(e->name, ESC_ROOT);
}

/* Counts the descriptors in the tree; *ret_first is the first. Those inside one do not count. */
static size_t find_roots(struct element *e, struct element **ret_first)
{
	size_t n = 0;

	if (is_root(e)) {
		if (!*ret_first)
			*ret_first = e;
		return 1;
	}
	for (size_t i = 0; i < e->n_children; i++)
		n += find_roots(e->children[i], ret_first);
	return n;
}

static const char *hint_for_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		if (streq(name, foreign[i].name))
			return foreign[i].hint;
	return NULL;
}

/* The first element, going down through those that enclose, whose name has a hint. */
static const struct element *find_foreign(const struct element *e)
{
	const struct element *found = hint_for_name(e->name) ? e : NULL;

	for (size_t i = 0; i < e->n_children && !found; i++)
		found = find_foreign(e->children[i]);
	return found;
}

static void report_no_root(struct esc_reading *r, const struct element *outer)
{
	const struct element *found = find_foreign(outer);
	char buffer[64];

	if (found)
		report_syntax(r, found->line, "'%s' without <" ESC_ROOT "> around it: %s",
			      found->name, hint_for_name(found->name));
	else if (r->json)
		report_syntax(r, 1,
			      "the outermost object has no member \"" ESC_MODULE ":" ESC_ROOT "\"");
	else
		report_syntax(r, outer->line,
			      "the outermost element is '%s'; a descriptor's is <" ESC_ROOT
			      " xmlns=\"" ESC_NAMESPACE "\">",
			      shown(outer->name, buffer));
}

static void detach(struct element *e)
{
	struct element *parent = e->parent;

	for (size_t i = 0; i < parent->n_children; i++)
		if (parent->children[i] == e) {
			memmove(&parent->children[i], &parent->children[i + 1],
				(parent->n_children - i - 1) * sizeof(struct element *));
			parent->n_children--;
			break;
		}
	e->parent = NULL;
}

/* JSON: what stands beside the descriptor in the outermost object. */
static void report_siblings(struct esc_reading *r, const struct element *outer)
{
	for (size_t i = 0; i < outer->n_children; i++)
		if (!is_root(outer->children[i]) && outer->children[i]->name[0] != '@')
			report(r, SEVERITY_WARNING, "descriptor-unknown", outer->children[i],
			       "'%s' beside '" ESC_ROOT "' is ignored", outer->children[i]->name);
}

static bool deletes(const char *operation)
{
	return streq(operation, "delete") || streq(operation, "remove");
}

bool operation_deletes(const struct element *e)
{
	return deletes(e->operation);
}

/* RFC 7952: the metadata of an object is its member "@", that of a member NAME is "@NAME". */
static const char *metadata_operation(const struct element *e)
{
	for (size_t i = 0; e->name[0] == '@' && i < e->n_children; i++)
		if (streq(e->children[i]->name, "operation"))
			return element_text(e->children[i]);
	return NULL;
}

/* The name of an entry, for messages: "dns1", or NULL. */
static const char *entry_name(const struct element *e)
{
	for (size_t i = 0; i < e->n_children; i++)
		if (streq(e->children[i]->name, "name") || streq(e->children[i]->name, "nicid"))
			return element_text(e->children[i]);
	return NULL;
}

static bool holds_deployment(const struct element *e)
{
	static const char *const names[] = {ESC_ROOT,     "tenants", "tenant",  "deployments",
					    "deployment", "config",  "devices", "device"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(e->name, names[i]))
			return true;
	return false;
}

static void report_delete(struct esc_reading *r, const struct element *e, const char *operation)
{
	const char *name = entry_name(e);
	char word[64], buffer[64], what[64];
	cleanup_free char *named = name ? xasprintf(" \"%s\"", shown(name, buffer)) : xstrdup("");

	shown(operation, word);
	shown(e->name, what);
	if (holds_deployment(e))
		report(r, SEVERITY_ERROR, "descriptor-operation", e,
		       "operation \"%s\" on '%s'%s asks to delete the deployment, and nothing is "
		       "created: use \"dnsvnf undeploy %s\"",
		       word, what, named, r->file);
	else
		report(r, SEVERITY_ERROR, "descriptor-operation", e,
		       "operation \"%s\" asks to delete '%s'%s: leave it out of the descriptor, "
		       "and "
		       "\"dnsvnf plan\" shows what deploy deletes; \"dnsvnf undeploy\" deletes the "
		       "whole deployment",
		       word, what, named);
}

/* Whether the operation makes something of the element. */
static bool check_operation(struct esc_reading *r, const struct element *e, const char *operation)
{
	char buffer[64];

	if (deletes(operation))
		report_delete(r, e, operation);
	else if (streq(operation, "replace"))
		report(r, SEVERITY_NOTE, "descriptor-operation", e,
		       "operation \"replace\" is read as \"merge\": what the descriptor does not "
		       "name is left alone");
	else if (!streq(operation, "merge") && !streq(operation, "create"))
		report(r, SEVERITY_ERROR, "descriptor-operation", e,
		       "operation \"%s\" is not one of NETCONF's: merge, create or replace",
		       shown(operation, buffer));
	return !deletes(operation);
}

/* Of e alone. The metadata of a member NAME in JSON is that of NAME. */
static size_t operations_of(struct esc_reading *r, const struct element *e)
{
	const char *metadata = metadata_operation(e);
	const struct element *about = e;

	if (e->operation)
		return check_operation(r, e, e->operation);
	if (!metadata)
		return 0;
	for (size_t i = 0; e->parent && i < e->parent->n_children; i++)
		if (streq(e->parent->children[i]->name, e->name + 1))
			about = e->parent->children[i];
	return check_operation(r, about == e && e->parent ? e->parent : about, metadata);
}

size_t operations_check(struct esc_reading *r, const struct element *e)
{
	size_t n = operations_of(r, e);

	for (size_t i = 0; i < e->n_children; i++)
		n += operations_check(r, e->children[i]);
	return n;
}

/* The line of <default-operation>none</default-operation>, in which only elements with an operation
 * take effect; 0: it is something else. */
static unsigned default_is_none(const struct element *e)
{
	unsigned line = 0;

	if (streq(e->name, "default-operation")) {
		cleanup_free char *word =
			xstrdup(element_text(e) + strspn(element_text(e), " \t\r\n"));

		word[strcspn(word, " \t\r\n")] = 0;
		return streq(word, "none") ? e->line : 0;
	}
	for (size_t i = 0; i < e->n_children && !line; i++)
		if (!is_root(e->children[i]))
			line = default_is_none(e->children[i]);
	return line;
}

struct element *envelope_open(struct esc_reading *r, struct element *outer,
			      unsigned *ret_default_none)
{
	struct element *root = NULL;
	size_t n = find_roots(outer, &root);

	*ret_default_none = 0;
	if (n != 1) {
		if (n == 0)
			report_no_root(r, outer);
		else
			report_syntax(r, root->line,
				      "there are %zu <" ESC_ROOT ">: give each a file of its own",
				      n);
		element_free(outer);
		return NULL;
	}
	if (!root->parent)
		return root;
	for (const struct element *e = root->parent; e; e = e->parent)
		operations_of(r, e);
	if (r->json && root->parent == outer)
		report_siblings(r, outer);
	*ret_default_none = default_is_none(outer);
	detach(root);
	element_free(outer);
	return root;
}
