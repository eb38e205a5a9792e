// SPDX-License-Identifier: Apache-2.0
#include "host/oslo.h"

#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "host/tree.h"

/* Removes quotes: "value" and 'value' become value. */
static char *unquote(char *s)
{
	size_t len = strlen(s);

	if (len >= 2 && (s[0] == '"' || s[0] == '\'') && s[len - 1] == s[0]) {
		s[len - 1] = 0;
		s++;
	}
	return s;
}

struct oslo_parser {
	const struct oslo_key *keys;
	size_t n_keys;
	const char *path;
	unsigned line;
	char *section;
	struct oslo_value *open; /* value that continuation lines extend; NULL to ignore them */
	struct oslo_conf *conf;
};

static bool wanted(const struct oslo_parser *p, const char *key)
{
	return array_find(p->keys, p->n_keys,
			  streq(it->section, p->section) && streq(it->key, key)) != NULL;
}

static void continue_value(struct oslo_parser *p, const char *more)
{
	if (!p->open)
		return;

	char *value = xasprintf("%s%s%s", p->open->value, *p->open->value ? " " : "", more);

	free(p->open->value);
	p->open->value = value;
}

static void parse_line(struct oslo_parser *p, char *line)
{
	bool continues = isspace((unsigned char)*line);
	char *text = str_trim(line), *split;

	if (!*text || (!continues && strchr("#;", *text))) {
		p->open = NULL;
	} else if (continues) {
		continue_value(p, text);
	} else if (*text == '[') {
		p->open = NULL;
		text[strcspn(text, "]")] = 0;
		free(p->section);
		p->section = xstrdup(text + 1);
	} else if ((split = strpbrk(text, "=:"))) {
		p->open = NULL;
		*split = 0;
		if (!wanted(p, str_trim(text)))
			return;
		p->open = array_push(p->conf->v, p->conf->n);
		*p->open = (struct oslo_value){
			.section = xstrdup(p->section),
			.key = xstrdup(str_trim(text)),
			.value = xstrdup(unquote(str_trim(split + 1))),
			.file = xstrdup(p->path),
			.line = p->line,
		};
	}
}

/*
 * The file as it is recorded in a capture: the values from the given one on, each on its line.
 * There is room for the section's line, since the file has one between two sections, too.
 */
static void record(struct tree *tree, const char *path, const struct oslo_conf *conf, size_t from)
{
	cleanup_strbuf struct strbuf text = {0};
	const char *section = "";
	unsigned line = 1;

	for (size_t i = from; i < conf->n; i++) {
		const struct oslo_value *v = &conf->v[i];
		bool new_section = !streq(v->section, section);

		for (; line + new_section < v->line; line++)
			strbuf_adds(&text, "\n");
		if (new_section)
			strbuf_addf(&text, "[%s]\n", v->section);
		strbuf_addf(&text, "%s = %s\n", v->key, v->value);
		section = v->section;
		line = v->line + 1;
	}
	tree_put(tree, path, text.s ? text.s : "", text.len);
}

/* False: the file is unreadable. */
static bool read_file(struct tree *tree, const char *path, const struct oslo_key *keys,
		      size_t n_keys, struct oslo_conf *conf)
{
	size_t len, before = conf->n;
	cleanup_free char *text = tree_peek(tree, path, &len);
	struct oslo_parser p = {
		.keys = keys, .n_keys = n_keys, .path = path, .section = NULL, .conf = conf};
	char *rest = text, *line;

	if (!text)
		return false;
	p.section = xstrdup("");
	while ((line = strsep(&rest, "\n"))) {
		p.line++;
		parse_line(&p, line);
	}
	free(p.section);
	record(tree, path, conf, before);
	return true;
}

struct oslo_conf *oslo_read(struct tree *tree, const struct strv *paths,
			    const struct oslo_key *keys, size_t n_keys)
{
	struct oslo_conf *conf = xcalloc(1, sizeof(*conf));
	bool readable = false;

	for (size_t i = 0; i < paths->n; i++)
		readable |= read_file(tree, paths->v[i], keys, n_keys, conf);
	if (readable)
		return conf;
	oslo_free(conf);
	return NULL;
}

void oslo_free(struct oslo_conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->n; i++) {
		free_all(conf->v[i].section, conf->v[i].key, conf->v[i].value, conf->v[i].file);
	}
	free_all(conf->v, conf);
}

const char *oslo_get(const struct oslo_conf *conf, const char *section, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < conf->n; i++)
		if (streq(conf->v[i].section, section) && streq(conf->v[i].key, key))
			value = conf->v[i].value;
	return value && *value ? value : NULL;
}
