// SPDX-License-Identifier: Apache-2.0
/* Configurations of lines "key: value", in sections "name:": Knot's, Unbound's and NSD's. */
#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/text.h"
#include "dns/conf_internal.h"
#include "model/guest.h"

enum { TEMPLATES_MAX = 64 };

/* An entry of Knot's sections "zone" and "template", or of a section of the others. */
struct entry {
	char *name, *folder, *file, *template;
	bool secondary;
	size_t line;
};

struct keys {
	const struct written_file *file;
	struct dns_conf *conf;
	char *section;
	char *key; /* of a list that continues on the next lines */
	struct entry entry;
	struct entry templates[TEMPLATES_MAX];
	size_t n_templates;
	struct entry *zones;
	size_t n_zones;
	char *folder; /* for zone files, set in "server" */
};

static void entry_clear(struct entry *e)
{
	free_all(e->name, e->folder, e->file, e->template);
	*e = (struct entry){0};
}

static void set(char **p, const char *s)
{
	free(*p);
	*p = xstrdup(s);
}

/* Removes the comment from the line. */
static void cut_comment(char *line)
{
	char quote = 0;

	for (char *c = line; *c; c++) {
		if (quote)
			quote = *c == quote ? (char)0 : quote;
		else if (*c == '"' || *c == '\'')
			quote = *c;
		else if (*c == '#' && (c == line || isspace((unsigned char)c[-1])))
			*c = 0;
	}
}

/* The next item of "[a, b]", "a, b" or "a b" in *rest, without quotes; NULL: no more. */
static char *next_item(char **rest)
{
	static const char between[] = " \t\r,[]\"'";
	char *item;

	while ((item = strsep(rest, between)))
		if (*item)
			return item;
	return NULL;
}

/* Splits "key: value" at its colon; false: it is something else. */
static bool split_key(char *text, char **ret_value)
{
	size_t len =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	if (len == 0 || !isalpha((unsigned char)*text) || text[len] != ':' ||
	    (text[len + 1] && !isspace((unsigned char)text[len + 1])))
		return false;
	text[len] = 0;
	*ret_value = text + len + 1 + strspn(text + len + 1, " \t");
	return true;
}

static void end_entry(struct keys *k)
{
	bool is_template = streq(k->section, "template") || streq(k->section, "pattern");

	if (k->entry.name && !is_template)
		*array_push(k->zones, k->n_zones) = k->entry;
	else if (k->entry.name && k->n_templates < TEMPLATES_MAX)
		k->templates[k->n_templates++] = k->entry;
	else
		entry_clear(&k->entry);
	k->entry = (struct entry){0};
}

static bool is_zone_section(const struct keys *k)
{
	return streq(k->section, "zone") || streq(k->section, "auth-zone") ||
	       streq(k->section, "template") || streq(k->section, "pattern");
}

static void zone_key(struct keys *k, const char *key, char *value, size_t line)
{
	char *rest = value;
	const char *item = next_item(&rest);
	bool named = streq(key, "domain") || streq(key, "name") || streq(key, "id");

	if (!item)
		item = "";
	if (named && k->entry.name)
		end_entry(k);
	if (named) {
		set(&k->entry.name, item);
		k->entry.line = line;
	} else if (streq(key, "file") || streq(key, "zonefile")) {
		set(&k->entry.file, item);
	} else if (streq(key, "storage")) {
		set(&k->entry.folder, item);
	} else if (streq(key, "template") || streq(key, "include-pattern")) {
		set(&k->entry.template, item);
	} else if (str_in_words("master primary master-url url request-xfr catalog-role", key)) {
		k->entry.secondary = true;
	}
}

/* Unbound: "access-control: NETWORK ACTION" */
static void access_control(struct keys *k, char *value, size_t line)
{
	char *rest = value;
	const char *network = next_item(&rest), *action = next_item(&rest);

	if (network && action && conf_is_everybody(network) && str_starts(action, "allow")) {
		cleanup_free char *text = xasprintf("access-control: %s %s", network, action);

		conf_open(k->conf, text, k->file, line);
	}
}

static void server_key(struct keys *k, const char *key, char *value, size_t line)
{
	bool listens = k->conf->server == SERVER_KNOT ? streq(key, "listen")
						      : str_in_words("interface ip-address", key);
	char *rest = value;

	if (listens) {
		for (const char *item; (item = next_item(&rest));)
			conf_listen(k->conf, item, strlen(item), k->file, line);
		return;
	}
	if (streq(key, "access-control"))
		access_control(k, value, line);
	else if (str_in_words("ip-freebind ip-transparent", key))
		k->conf->binds_freely |= str_starts(value, "yes");
	else if (streq(key, "zonesdir") ||
		 (streq(key, "directory") && k->conf->server == SERVER_UNBOUND))
		set(&k->folder, next_item(&rest));
}

static void take_key(struct keys *k, const char *key, char *value, size_t line)
{
	if (str_starts(key, "include") && !streq(key, "include-pattern"))
		k->conf->partial = true;
	else if (is_zone_section(k))
		zone_key(k, key, value, line);
	else if (streq(k->section, "server"))
		server_key(k, key, value, line);
}

static void take_line(struct keys *k, char *line, size_t number)
{
	size_t indent = strspn(line, " \t");
	char *text = line + indent, *value;
	bool item = text[0] == '-' && isspace((unsigned char)text[1]);
	bool knot = k->conf->server == SERVER_KNOT;

	if (item)
		text += 1 + strspn(text + 1, " \t");
	text[strcspn(text, "\r")] = 0;
	if (!*text)
		return;
	if (!split_key(text, &value)) {
		if (item && k->key) /* of a list over several lines */
			take_key(k, k->key, text, number);
		return;
	}
	if (!*value && (knot ? indent == 0 && !item : true)) {
		end_entry(k);
		set(&k->section, text);
		set(&k->key, NULL);
		return;
	}
	set(&k->key, text);
	take_key(k, text, value, number);
}

static const struct entry *template_of(const struct keys *k, const struct entry *e)
{
	const char *wanted = e->template ? e->template : "default";

	return array_find(k->templates, k->n_templates, streq(it->name, wanted));
}

/* "%s" is the zone's name without its final dot; other formatters are not known here. */
static char *expanded(const char *file, const char *zone)
{
	const char *percent = strchr(file, '%');
	size_t len = strlen(zone);

	if (!percent)
		return xstrdup(file);
	if (percent[1] != 's' || strchr(percent + 1, '%'))
		return NULL;
	len -= len > 1 && zone[len - 1] == '.';
	return xasprintf("%.*s%.*s%s", (int)(percent - file), file, (int)len, zone, percent + 2);
}

static void add_zone(struct keys *k, const struct entry *e)
{
	const struct entry *template = template_of(k, e);
	const char *folder = e->folder ? e->folder : template ? template->folder : NULL;
	const char *file = e->file ? e->file : template ? template->file : NULL;
	struct dns_zone *zone = conf_zone(k->conf, e->name, k->file, e->line);

	zone->secondary = e->secondary || (template && template->secondary);
	if (k->conf->server == SERVER_KNOT) { /* its defaults */
		folder = folder ? folder : "/var/lib/knot";
		file = file ? file : "%s.zone";
	} else {
		folder = k->folder;
	}
	cleanup_free char *name = file ? expanded(file, e->name) : NULL;
	zone->path = name ? conf_path(folder, name) : NULL;
}

void keys_read(const struct written_file *file, struct dns_conf *conf)
{
	struct keys k = {.file = file, .conf = conf};
	cleanup_free char *copy = xmemdup(file->text->s, file->text->len + 1);
	char *rest = copy, *line;

	for (size_t number = 0; (line = strsep(&rest, "\n")); number++) {
		cut_comment(line);
		take_line(&k, line, number);
	}
	end_entry(&k);
	for (size_t i = 0; i < k.n_zones; i++)
		add_zone(&k, &k.zones[i]);
	array_free(k.zones, k.n_zones, entry_clear);
	for (size_t i = 0; i < k.n_templates; i++)
		entry_clear(&k.templates[i]);
	free_all(k.section, k.key, k.folder);
}
