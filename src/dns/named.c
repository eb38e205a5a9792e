// SPDX-License-Identifier: Apache-2.0
/* named.conf: statements "WORD ... { ... };" (BIND 9 Administrator Reference Manual, chapter 8). */
#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/text.h"
#include "dns/conf_internal.h"
#include "model/guest.h"

enum { DEPTH_MAX = 16, WORDS_MAX = 8 };

/* A statement that is open, or complete. */
struct statement {
	char *words[WORDS_MAX]; /* of its head; more are ignored */
	size_t n;
	size_t line;
};

struct named {
	const struct written_file *file;
	struct dns_conf *conf;
	const char *at;
	size_t line;
	struct statement open[DEPTH_MAX];
	size_t depth;
	char *folder;
	enum { RECURSION_DEFAULT, RECURSION_NO, RECURSION_YES } recursion;
	/* the clients that may resolve: the first of these lists that is given applies */
	struct {
		bool given, everybody;
		size_t line;
	} lists[3];
};

static const char *const list_names[] = {"allow-recursion", "allow-query-cache", "allow-query"};

static bool starts(const struct named *n, const char *s)
{
	return strncmp(n->at, s, strlen(s)) == 0;
}

static void skip_until(struct named *n, const char *end)
{
	const char *found = strstr(n->at, end);

	for (const char *to = found ? found : n->at + strlen(n->at); n->at < to; n->at++)
		n->line += *n->at == '\n';
}

static void skip_blanks(struct named *n)
{
	for (;;) {
		if (isspace((unsigned char)*n->at)) {
			n->line += *n->at++ == '\n';
		} else if (starts(n, "//") || *n->at == '#') {
			skip_until(n, "\n");
		} else if (starts(n, "/*")) {
			skip_until(n, "*/");
			n->at += *n->at ? 2 : 0;
		} else {
			return;
		}
	}
}

/* A word, or "{", "}", ";". NULL at the end; the caller frees. */
static char *next_word(struct named *n)
{
	skip_blanks(n);
	const char *start = n->at;

	if (!*start)
		return NULL;
	if (strchr("{};", *start))
		return xstrndup(n->at++, 1);
	if (*start == '"') {
		size_t len = strcspn(start + 1, "\"\n");

		n->at += 1 + len;
		n->at += *n->at == '"';
		return xstrndup(start + 1, len);
	}
	n->at += strcspn(start, " \t\r\n{};\"");
	return xstrndup(start, (size_t)(n->at - start));
}

static void clear(struct statement *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->words[i]);
	*s = (struct statement){0};
}

static const char *head_at(const struct named *n, size_t depth, size_t word)
{
	const struct statement *s = &n->open[depth];

	return depth < n->depth && word < s->n ? s->words[word] : "";
}

/* In "options", or in a view. */
static bool in_options(const struct named *n)
{
	return n->depth > 0 &&
	       (streq(head_at(n, 0, 0), "options") || streq(head_at(n, 0, 0), "view")) &&
	       !streq(head_at(n, 1, 0), "zone");
}

/* An element of the list that is open. */
static void take_element(struct named *n, const struct statement *s)
{
	const char *list = head_at(n, n->depth - 1, 0), *first = s->words[0];

	if (!in_options(n))
		return;
	if (str_starts(list, "listen-on") && n->depth == 2) {
		if (streq(first, "any"))
			first = streq(list, "listen-on") ? "0.0.0.0" : "::";
		if (streq(first, "localhost") || streq(first, "none") || strpbrk(first, "!/"))
			return;
		conf_listen(n->conf, first, strlen(first), n->file, s->line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(list_names); i++)
		if (streq(list, list_names[i]))
			n->lists[i].everybody |= conf_is_everybody(first);
}

static void open_list(struct named *n)
{
	const struct statement *s = &n->open[n->depth - 1];

	for (size_t i = 0; in_options(n) && i < ARRAY_SIZE(list_names); i++)
		if (streq(s->words[0], list_names[i]) && !n->lists[i].given) {
			n->lists[i].given = true;
			n->lists[i].line = s->line;
		}
}

static void take_option(struct named *n, const struct statement *s)
{
	const char *value = s->n > 1 ? s->words[1] : "";

	if (streq(s->words[0], "recursion"))
		n->recursion = str_in_words("no false 0", value) ? RECURSION_NO : RECURSION_YES;
	if (streq(s->words[0], "directory")) {
		free(n->folder);
		n->folder = xstrdup(value);
	}
}

static void take_zone(struct named *n, const struct statement *s)
{
	struct dns_zone *zone = n->conf->n_zones ? &n->conf->zones[n->conf->n_zones - 1] : NULL;
	const char *value = s->n > 1 ? s->words[1] : "";

	if (!zone)
		return;
	if (streq(s->words[0], "type"))
		zone->secondary = !str_in_words("master primary", value);
	else if (streq(s->words[0], "file") && !zone->path)
		zone->path = xstrdup(value); /* made absolute at the end */
}

static void take(struct named *n, const struct statement *s)
{
	const char *owner = n->depth ? head_at(n, n->depth - 1, 0) : "";

	if (streq(s->words[0], "include"))
		n->conf->partial = true;
	else if (streq(owner, "zone"))
		take_zone(n, s);
	else if (in_options(n) && n->depth == 1)
		take_option(n, s);
	else if (n->depth > 0)
		take_element(n, s);
}

/* The statement whose block begins. False: too deep. */
static bool enter(struct named *n, struct statement *s)
{
	if (n->depth == DEPTH_MAX)
		return false;
	n->open[n->depth++] = *s;
	*s = (struct statement){0};
	const struct statement *head = &n->open[n->depth - 1];
	if (head->n > 1 && streq(head->words[0], "zone"))
		conf_zone(n->conf, head->words[1], n->file, head->line);
	else if (head->n > 0)
		open_list(n);
	return true;
}

static void add_word(struct named *n, struct statement *s, char *word)
{
	if (s->n == 0)
		s->line = n->line;
	if (s->n < WORDS_MAX)
		s->words[s->n++] = word;
	else
		free(word);
}

static void read_statements(struct named *n)
{
	struct statement s = {0};
	bool go_on = true;

	for (char *word; go_on && (word = next_word(n));) {
		if (streq(word, "{")) {
			go_on = enter(n, &s);
		} else if (streq(word, "}") && n->depth > 0) {
			clear(&n->open[--n->depth]);
		} else if (streq(word, ";")) {
			if (s.n)
				take(n, &s);
			clear(&s);
		} else {
			add_word(n, &s, steal_ptr(word));
		}
		free(word);
	}
	clear(&s);
}

/* Without allow-recursion BIND uses allow-query-cache, without that allow-query. */
static void judge_recursion(struct named *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_names); i++) {
		if (!n->lists[i].given)
			continue;
		if (n->recursion != RECURSION_NO && n->lists[i].everybody) {
			cleanup_free char *text = xasprintf("%s { any; }", list_names[i]);

			conf_open(n->conf, text, n->file, n->lists[i].line);
		}
		return;
	}
}

void named_read(const struct written_file *file, struct dns_conf *conf)
{
	struct named n = {.file = file, .conf = conf, .at = file->text->s};
	size_t before = conf->n_zones;

	read_statements(&n);
	judge_recursion(&n);
	for (size_t i = before; i < conf->n_zones; i++) {
		cleanup_free char *name = conf->zones[i].path;

		conf->zones[i].path =
			name ? conf_path(n.folder ? n.folder : "/var/cache/bind", name) : NULL;
	}
	while (n.depth > 0)
		clear(&n.open[--n.depth]);
	free(n.folder);
}
