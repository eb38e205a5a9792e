// SPDX-License-Identifier: Apache-2.0
/* nmcli(1) and nm-settings-nmcli(5): "connection add", "modify" and "delete". */

#include "base/alloc.h"
#include "base/str.h"
#include "day0/nm.h"
#include "day0/readers.h"
#include "day0/shell.h"

static void set_properties(struct nm *n, const struct command *c, size_t i)
{
	for (; i < c->n_words; i++) {
		const char *word = c->words[i].s;
		n->line = c->words[i].line;
		if (streq(word, "--") || streq(word, "--temporary"))
			continue;
		if (has_variable(word)) {
			links_unread(n->links, n->text, n->line, true, "nmcli",
				     "its properties are known in the guest only");
			return;
		}
		if (i + 1 == c->n_words) {
			cleanup_free char *q = quotable(word);
			report(n->findings, n->text, n->line, SEVERITY_ERROR, "day0-nmcli",
			       "nmcli: \"%s\" has no value", q);
			return;
		}
		i++;
		n->line = c->words[i].line;
		nm_set(n, word, c->words[i].s);
	}
}

/* nmcli's default for con-name: "bond-bond0", "bond-slave-ens6". */
static char *default_id(const struct guest_link *l)
{
	const char *type = l->kind == LINK_BOND    ? "bond"
			   : l->kind == LINK_VLAN  ? "vlan"
			   : l->kind == LINK_OTHER ? "connection"
			   : l->master             ? "bond-slave"
						   : "ethernet";

	return l->name ? xasprintf("%s-%s", type, l->name) : xstrdup(type);
}

static void add(struct nm *n, const struct command *c, size_t i)
{
	n->link = link_add(n->links, LINK_OTHER, DIALECT_NMCLI, n->text, c->line);
	set_properties(n, c, i);
	struct guest_link *l = n->link;
	if (!l->id)
		l->id = default_id(l);
	nm_finish(n);
	/* A script that is run again adds it again: NetworkManager uses one of them. */
	struct guest_link *same = array_find(
		n->links->v, n->links->n - 1,
		it->dialect == DIALECT_NMCLI && it->kind == l->kind && l->name &&
			streq(it->name, l->name) && streq(it->id, l->id) && streq(it->mac, l->mac));
	if (same)
		link_remove(n->links, same);
}

/* Parses "[id | uuid | path] ID" at i and moves past it. NULL if there is none. */
static const char *take_id(const struct command *c, size_t *i)
{
	while (*i < c->n_words && str_starts(c->words[*i].s, "--"))
		(*i)++;
	if (*i + 1 < c->n_words && (streq(c->words[*i].s, "id") || streq(c->words[*i].s, "uuid") ||
				    streq(c->words[*i].s, "path")))
		(*i)++;
	return *i < c->n_words ? c->words[(*i)++].s : NULL;
}

static void modify(struct nm *n, const struct command *c, size_t i)
{
	const char *id = take_id(c, &i);

	if (!id)
		return;
	n->link = link_find(n->links, DIALECT_NMCLI, id);
	if (!n->link) { /* a connection that is part of the image */
		n->link = link_add(n->links, LINK_ETHERNET, DIALECT_NMCLI, n->text, c->line);
		n->link->id = xstrdup(id);
	}
	set_properties(n, c, i);
}

static void remove_links(struct nm *n, const struct command *c, size_t i)
{
	const char *id;

	while ((id = take_id(c, &i))) {
		struct guest_link *l = link_find(n->links, DIALECT_NMCLI, id);
		if (l)
			link_remove(n->links, l);
	}
}

/* Skips nmcli's own options, some of which have a value. */
static size_t skip_options(const struct command *c, size_t i)
{
	static const char *const with_value[] = {"-c",       "-e",           "-f",       "-g",
						 "-m",       "-w",           "--colors", "--escape",
						 "--fields", "--get-values", "--mode",   "--wait"};

	for (; i < c->n_words && c->words[i].s[0] == '-'; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(with_value); k++) {
			if (streq(c->words[i].s, with_value[k])) {
				i++;
				break;
			}
		}
	}
	return i;
}

void nmcli_read(const struct command *c, size_t name, const struct text *text,
		struct guest_links *links, struct findings *findings)
{
	struct nm n = {.text = text, .links = links, .findings = findings, .line = c->line};
	size_t i = skip_options(c, name + 1);

	if (i + 1 >= c->n_words)
		return;
	const char *object = c->words[i].s, *verb = c->words[i + 1].s;
	bool of_device = nm_abbreviates(object, "device", 1) && nm_abbreviates(verb, "modify", 1);
	if (of_device ||
	    (nm_abbreviates(object, "connection", 1) && str_in_words("clone edit import", verb)))
		links_unread(links, text, c->line, true, of_device ? "nmcli device" : "nmcli",
			     "this command of it is not read");
	if (!nm_abbreviates(object, "connection", 1))
		return;
	if (nm_abbreviates(verb, "add", 1))
		add(&n, c, i + 2);
	else if (nm_abbreviates(verb, "modify", 1))
		modify(&n, c, i + 2);
	else if (nm_abbreviates(verb, "delete", 1))
		remove_links(&n, c, i + 2);
}
