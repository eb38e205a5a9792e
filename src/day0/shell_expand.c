// SPDX-License-Identifier: Apache-2.0
/*
 * Evaluates a script as far as its values are known before the guest boots: variables, loops over
 * words, functions. A value that only the guest knows stays as it is written ("$X", "$(...)").
 */
#include <ctype.h>
#include <fnmatch.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/shell.h"
#include "day0/shell_test.h"
#include "model/guest.h"

enum {
	COMMANDS_MAX = 10000,
	STEPS_MAX = 20000,
	DEPTH_MAX = 32, /* of calls and loops */
	LOOP_MAX = 256,
	VALUE_MAX = 4096,
	BYTES_MAX = 1 << 22,  /* of all expansions */
	SEARCH_MAX = 1 << 20, /* commands looked at for the ends of loops and decisions */
	PART_MAX = 256,       /* a value of which a part is taken */
};

struct shell_variable {
	char *name;
	char *value; /* NULL: known in the guest only */
};

struct shell_function {
	const char *name;
	size_t from, to; /* commands of the body */
};

/* An "if", "case" or loop that is open. */
struct open {
	size_t decision;
	size_t branches; /* up to here */
	size_t outer;    /* the branch that it is in */
	bool certain;    /* which branch is run is known: the others are left out */
};

enum jump { JUMP_NONE, JUMP_CONTINUE, JUMP_BREAK, JUMP_RETURN, JUMP_EXIT };

struct expansion {
	const struct script *in;
	struct script *out;
	struct shell_variable *variables;
	size_t n_variables;
	struct shell_function *functions;
	size_t n_functions;
	struct strv arguments; /* "$1" ... */
	struct open *open;     /* of "if", "case", "while" */
	size_t n_open, n_uncertain;
	enum truth status; /* of the command before, in a list with && and || */
	enum jump jump;    /* the rest of a loop, function or script is not run */
	size_t branch;     /* of out, that is being read */
	bool conditional;  /* the assignment follows && or || */
	bool certain;      /* what is set now has this value, whatever the conditions */
	unsigned depth, steps, searched;
	size_t bytes;
};

static void run(struct expansion *e, size_t from, size_t to);

static struct shell_variable *find(struct expansion *e, const char *name, size_t len)
{
	return array_find(e->variables, e->n_variables,
			  strlen(it->name) == len && memcmp(it->name, name, len) == 0);
}

/* Sets it; value may be NULL, or hold a variable itself: known in the guest only. */
static void set(struct expansion *e, const char *name, size_t len, const char *value)
{
	struct shell_variable *v = find(e, name, len);
	bool known = value && !has_variable(value) && strlen(value) <= VALUE_MAX;

	/* A value that depends on a condition is one of two. */
	if (v && (e->n_uncertain > 0 || e->conditional) && !e->certain &&
	    !(known && streq(v->value, value)))
		known = false;
	if (!v) {
		v = array_push(e->variables, e->n_variables);
		v->name = xstrndup(name, len);
	}
	free(v->value);
	v->value = known ? xstrdup(value) : NULL;
}

static void join_arguments(const struct expansion *e, struct strbuf *ret)
{
	for (size_t i = 0; i < e->arguments.n; i++)
		strbuf_addf(ret, "%s%s", i ? " " : "", e->arguments.v[i]);
}

/* The value of "NAME", "1", "@" or "*"; false: known in the guest only. */
static bool value_of(struct expansion *e, const char *name, size_t len, struct strbuf *ret)
{
	if (len == 1 && (*name == '@' || *name == '*')) {
		join_arguments(e, ret);
		return true;
	}
	if (len == 1 && *name >= '1' && *name <= '9') {
		size_t i = (size_t)(*name - '1');
		if (i < e->arguments.n)
			strbuf_adds(ret, e->arguments.v[i]);
		return i < e->arguments.n;
	}
	const struct shell_variable *v = find(e, name, len);
	if (v && v->value)
		strbuf_adds(ret, v->value);
	return v && v->value;
}

static size_t name_len(const char *s)
{
	size_t n = 0;

	if (*s && strchr("@*123456789", *s))
		return 1;
	if (isdigit((unsigned char)*s))
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* Item number "index" of the blank-separated words in value. */
static bool item_of(const char *value, const char *index, struct strbuf *ret)
{
	cleanup_free char *copy = xstrdup(value);
	char *save = NULL;
	int64_t n;

	if (str_to_int(index, 0, LOOP_MAX, &n) < 0)
		return false;
	for (char *s = strtok_r(copy, " \t\n", &save); s; s = strtok_r(NULL, " \t\n", &save))
		if (n-- == 0) {
			strbuf_adds(ret, s);
			return true;
		}
	return false;
}

/* "${NAME#PATTERN}", "%", doubled for the longest match: value without what matches; NULL: it is
 * something else. The caller frees it. */
static char *without(const char *value, const char *op)
{
	bool front = *op == '#', longest = op[1] == *op;
	const char *pattern = op + 1 + longest;
	size_t len = strlen(value);

	if (!strchr("#%", *op) || has_variable(pattern) || len > PART_MAX)
		return NULL;
	for (size_t i = 0; i <= len; i++) {
		size_t n = longest ? len - i : i; /* of the match */
		cleanup_free char *part = front ? xstrndup(value, n) : xstrdup(value + len - n);
		if (fnmatch(pattern, part, 0) == 0)
			return front ? xstrdup(value + n) : xstrndup(value, len - n);
	}
	return xstrdup(value);
}

/* "${NAME/TEXT/OTHER}", "//" for all of them. The text is no pattern. */
static char *replaced(const char *value, const char *op)
{
	bool all = str_starts(op, "//");
	const char *from = op + 1 + all, *slash = strchr(from, '/');
	size_t len = slash ? (size_t)(slash - from) : strlen(from);
	const char *to = slash ? slash + 1 : "";
	struct strbuf b = {0};

	if (*op != '/' || len == 0 || strlen(value) > PART_MAX || strpbrk(from, "*?[\\#%\"'$`"))
		return NULL;
	while (*value) {
		if (strncmp(value, from, len) == 0) {
			strbuf_adds(&b, to);
			value += len;
			len = all ? len : VALUE_MAX + 1;
		} else {
			strbuf_add(&b, value++, 1);
		}
	}
	return strbuf_steal(&b);
}

/* "${...}"; inside is without the braces. False: known in the guest only. */
static bool braces(struct expansion *e, const char *inside, struct strbuf *ret)
{
	size_t n = name_len(inside);
	const char *rest = inside + n;
	cleanup_strbuf struct strbuf value = {0};
	bool known = n > 0 && value_of(e, inside, n, &value);

	if (n == 0)
		return false;
	if (rest[0] == '[' && known) {
		cleanup_free char *index = xstrndup(rest + 1, strcspn(rest + 1, "]"));
		if (!streq(index, "@") && !streq(index, "*"))
			return item_of(value.s ? value.s : "", index, ret);
	} else if (rest[0] == ':' && rest[1] == '-') {
		/* An unset variable may still be in the environment, but the default is meant. */
		if (known && value.len > 0)
			strbuf_add(ret, value.s, value.len);
		else if (!find(e, inside, n) && !has_variable(rest + 2))
			strbuf_adds(ret, rest + 2);
		else
			return false;
		return true;
	} else if (*rest) {
		if (!known)
			return false;
		const char *s = value.s ? value.s : "";
		cleanup_free char *part = *rest == '/' ? replaced(s, rest) : without(s, rest);
		if (part)
			strbuf_adds(ret, part);
		return part;
	}
	if (known)
		strbuf_add(ret, value.s ? value.s : "", value.len);
	return known;
}

/* "$(seq A B)", as far as it is that. */
static bool sequence(const char *command, struct strbuf *ret)
{
	cleanup_free char *copy = xstrdup(command);
	char *save = NULL, *word = strtok_r(copy, " \t", &save);
	int64_t bounds[2], n = 0;

	if (!streq(word, "seq"))
		return false;
	for (; (word = strtok_r(NULL, " \t", &save)); n++)
		if (n == 2 || str_to_int(word, 0, 1 << 20, &bounds[n]) < 0)
			return false;
	if (n == 1) {
		bounds[1] = bounds[0];
		bounds[0] = 1;
	}
	if (n == 0 || bounds[1] - bounds[0] >= LOOP_MAX)
		return false;
	for (int64_t i = bounds[0]; i <= bounds[1]; i++)
		strbuf_addf(ret, "%s%lld", i > bounds[0] ? " " : "", (long long)i);
	return true;
}

/* The end of "${...}", "$(...)" or "`...`" at s. */
static const char *substitution_end(const char *s)
{
	if (*s == '`') {
		const char *close = strchr(s + 1, '`');
		return close ? close + 1 : s + strlen(s);
	}
	char open = s[1], close = open == '(' ? ')' : '}';
	int depth = 0;
	for (s++; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == open)
			depth++;
		else if (*s == close && --depth == 0)
			return s + 1;
	}
	return s;
}

/* Expands the variable or substitution at s, and returns what follows it. */
static const char *expand_one(struct expansion *e, const char *s, struct strbuf *ret)
{
	const char *end = s + 1;
	size_t start = ret->len, n;
	bool known = false;

	if (*s == '`' || s[1] == '(' || s[1] == '{') {
		end = substitution_end(s);
		size_t skip = *s == '`' ? 1 : 2;
		size_t len = (size_t)(end - s) > skip ? (size_t)(end - s) - skip - 1 : 0;
		cleanup_free char *inside = xstrndup(s + skip, len);
		known = s[1] == '{' ? braces(e, inside, ret) : sequence(inside, ret);
	} else if ((n = name_len(s + 1)) > 0) {
		end = s + 1 + n;
		known = value_of(e, s + 1, n, ret);
	}
	if (!known && ret->len == start)
		strbuf_add(ret, s, (size_t)(end - s));
	return end;
}

/* s with what is known of its variables. */
static char *expand_text(struct expansion *e, const char *s)
{
	struct strbuf b = {0};

	while (*s && e->bytes + b.len < BYTES_MAX) {
		if (*s == '$' || *s == '`') {
			s = expand_one(e, s, &b);
			continue;
		}
		size_t n = strcspn(s, "$`");
		strbuf_add(&b, s, n);
		s += n;
	}
	e->bytes += b.len;
	return strbuf_steal(&b);
}

/* "$@" and "${X[@]}" in quotes are as many words as they have items. */
static bool is_list(const char *s)
{
	return streq(s, "$@") || streq(s, "${@}") || (str_starts(s, "${") && str_ends(s, "[@]}"));
}

/* "a{1,2}b" and "a{1..3}b": one brace, as in the lists of loops. False: there is none. */
static bool expand_braces(const char *s, struct strv *ret)
{
	const char *open = strchr(s, '{'), *close = open ? strchr(open, '}') : NULL;
	int64_t first, last;

	if (!close || (open > s && open[-1] == '$'))
		return false;
	cleanup_free char *inside = xstrndup(open + 1, (size_t)(close - open - 1));
	char *dots = strstr(inside, ".."), *rest = inside, *item;
	if (!dots && !strchr(inside, ','))
		return false;
	if (!dots) {
		while ((item = strsep(&rest, ",")))
			strv_take(ret, xasprintf("%.*s%s%s", (int)(open - s), s, item, close + 1));
		return true;
	}
	*dots = 0;
	if (str_to_int(inside, 0, 1 << 20, &first) < 0 ||
	    str_to_int(dots + 2, 0, 1 << 20, &last) < 0 || last < first || last - first >= LOOP_MAX)
		return false;
	for (; first <= last; first++)
		strv_take(ret,
			  xasprintf("%.*s%lld%s", (int)(open - s), s, (long long)first, close + 1));
	return true;
}

/* Adds the word's expansion: one word, or as many as an unquoted value has. */
static void expand_word(struct expansion *e, const struct word *w, struct strv *ret)
{
	if (!w->variable || w->literal) {
		if (w->quoted || w->literal || !expand_braces(w->s, ret))
			strv_add(ret, w->s);
		return;
	}
	cleanup_free char *s = expand_text(e, w->s);
	if (streq(s, w->s) || (w->quoted && !is_list(w->s)) || has_variable(s)) {
		strv_add(ret, s);
		return;
	}
	char *save = NULL;
	for (char *item = strtok_r(s, " \t\n", &save); item; item = strtok_r(NULL, " \t\n", &save))
		strv_add(ret, item);
}

/* The body of a heredoc; a value stays on the line of its variable. */
static void expand_heredoc(struct expansion *e, const struct text *body, struct text *ret)
{
	struct text_builder b = {.text = {.file = body->file}};
	size_t line = 0;

	for (size_t i = 0; i < body->len;) {
		unsigned at = text_line(body, line);
		if (body->s[i] == '\\' && i + 1 < body->len && strchr("$`\\", body->s[i + 1])) {
			text_builder_add(&b, body->s[i + 1], at);
			i += 2;
			continue;
		}
		if (body->s[i] != '$' && body->s[i] != '`') {
			line += body->s[i] == '\n';
			text_builder_add(&b, body->s[i++], at);
			continue;
		}
		cleanup_strbuf struct strbuf value = {0};
		const char *end = expand_one(e, body->s + i, &value);
		e->bytes += value.len;
		for (size_t k = 0; k < value.len; k++)
			text_builder_add(&b, value.s[k], at);
		for (; body->s + i < end; i++)
			line += body->s[i] == '\n';
	}
	text_builder_finish(&b, text_line(body, line), ret);
}

static void copy_heredoc(struct expansion *e, const struct command *c, struct text *ret)
{
	if (!c->heredoc.s)
		return;
	if (c->heredoc_plain)
		text_init_slice(ret, &c->heredoc, 0, c->heredoc.s, c->heredoc.len);
	else
		expand_heredoc(e, &c->heredoc, ret);
}

/* certain: it is known that it is run, although && or || precedes it. */
static void emit(struct expansion *e, const struct command *c, bool certain)
{
	if (e->out->n == COMMANDS_MAX)
		return;
	struct command *copy = array_push(e->out->v, e->out->n);

	for (size_t i = 0; i < c->n_words; i++) {
		cleanup_strv struct strv words = {0};
		expand_word(e, &c->words[i], &words);
		for (size_t k = 0; k < words.n; k++)
			word_add(copy, &c->words[i], words.v[k]);
	}
	copy->line = c->line;
	copy->piped = c->piped;
	copy->conditional = c->conditional && !certain;
	copy->alternative = c->alternative && !certain;
	copy->parentheses = c->parentheses;
	copy->branch = e->branch;
	copy->output = c->output ? expand_text(e, c->output) : NULL;
	copy->append = c->append;
	copy->heredoc_end = xstrdup(c->heredoc_end);
	copy->heredoc_plain = c->heredoc_plain;
	copy_heredoc(e, c, &copy->heredoc);
}

/* Whether the command begins with the word, after keywords as "then" and "do". */
static bool begins(const struct command *c, const char *word, size_t *ret_at)
{
	size_t i = 0;

	while (i < c->n_words && str_in_words("then do else { ! time", c->words[i].s))
		i++;
	if (ret_at)
		*ret_at = i;
	return i < c->n_words && streq(c->words[i].s, word);
}

/* The command with the word that closes what is open before from; to if there is none. */
static size_t closing(struct expansion *e, size_t from, size_t to, const char *open,
		      const char *close)
{
	size_t depth = 1;

	for (size_t i = from; i < to && e->searched < SEARCH_MAX; i++) {
		const struct command *c = &e->in->v[i];
		e->searched++;
		for (size_t k = 0; k < c->n_words; k++) {
			const char *s = c->words[k].s;
			if (str_in_words(open, s)) {
				depth++;
				continue;
			}
			if (k == 0 && streq(s, close) && --depth == 0)
				return i;
			if (!str_in_words("then do else { ! time function", s))
				break;
		}
	}
	return to;
}

static void assign(struct expansion *e, const struct word *w)
{
	const char *sign = strchr(w->s, '=');
	bool more = sign > w->s && sign[-1] == '+';
	size_t len = (size_t)(sign - w->s) - more;
	cleanup_free char *value =
		w->variable && !w->literal ? expand_text(e, sign + 1) : xstrdup(sign + 1);
	struct shell_variable *v = find(e, w->s, len);

	if (w->variable && w->literal)
		set(e, w->s, len, NULL);
	else if (!more)
		set(e, w->s, len, value);
	else if (v && v->value) {
		cleanup_free char *both = xasprintf("%s%s", v->value, value);
		set(e, w->s, len, both);
	}
}

/* Assignments alone, with or without "export". False: the command is another one. */
static bool assignments(struct expansion *e, const struct command *c, bool conditional)
{
	size_t i = 0;

	while (i < c->n_words && str_in_words("then do else {", c->words[i].s))
		i++;
	if (i < c->n_words && str_in_words("export local readonly declare typeset", c->words[i].s))
		i++;
	else
		for (size_t k = i; k < c->n_words; k++)
			if (!is_assignment(c->words[k].s))
				return false;
	e->conditional = conditional;
	for (; i < c->n_words; i++)
		if (is_assignment(c->words[i].s))
			assign(e, &c->words[i]);
	e->conditional = false;
	return true;
}

/* "for NAME in WORD...; do ...; done", at command i. Returns its last command. */
static size_t loop(struct expansion *e, size_t i, size_t at, size_t to)
{
	const struct command *c = &e->in->v[i];
	size_t end = closing(e, i + 1, to, "for while until select", "done");
	cleanup_strv struct strv items = {0};
	const char *name = at + 1 < c->n_words ? c->words[at + 1].s : "";
	bool known = at + 2 < c->n_words && streq(c->words[at + 2].s, "in");

	for (size_t k = at + 3; known && k < c->n_words; k++)
		expand_word(e, &c->words[k], &items);
	if (at + 2 == c->n_words && e->arguments.n > 0) {
		for (size_t k = 0; k < e->arguments.n; k++)
			strv_add(&items, e->arguments.v[k]);
		known = true;
	}
	for (size_t k = 0; k < items.n; k++)
		known = known && !has_variable(items.v[k]) && !strpbrk(items.v[k], "*?");
	known = known && items.n <= LOOP_MAX;
	for (size_t k = 0; k < (known ? items.n : 1); k++) {
		e->certain = true;
		set(e, name, strlen(name), known ? items.v[k] : NULL);
		e->certain = false;
		run(e, i + 1, end);
		bool ends = e->jump == JUMP_BREAK;
		if (ends || e->jump == JUMP_CONTINUE)
			e->jump = JUMP_NONE;
		if (ends || e->jump)
			break;
	}
	return end;
}

/* Remembers the function whose name is command i. Returns its last command. */
static size_t define(struct expansion *e, size_t i, const char *name, size_t to)
{
	struct shell_function *f = array_push(e->functions, e->n_functions);
	const struct command *c = &e->in->v[i];
	bool open = c->n_words > 0 && streq(c->words[c->n_words - 1].s, "{") && !c->function;

	/* "{" ends the line of "function NAME {", or begins the next command. */
	size_t from = i + 1;
	while (!open && from < to && e->in->v[from].n_words == 0)
		from++;
	*f = (struct shell_function){name, from, closing(e, open ? from : from + 1, to, "{", "}")};
	return f->to;
}

static bool call(struct expansion *e, const struct command *c, bool conditional)
{
	size_t at;
	const char *name;

	begins(c, "", &at);
	name = at < c->n_words ? c->words[at].s : "";
	const struct shell_function *f =
		array_find(e->functions, e->n_functions, streq(it->name, name));
	if (!f)
		return false;
	struct strv given = {0}, saved = e->arguments;
	size_t from = f->from, to = f->to;
	for (size_t k = at + 1; k < c->n_words; k++)
		expand_word(e, &c->words[k], &given);
	e->arguments = given;
	e->n_uncertain += conditional;
	run(e, from, to);
	e->n_uncertain -= conditional;
	if (e->jump == JUMP_RETURN)
		e->jump = JUMP_NONE;
	strv_clear(&e->arguments);
	e->arguments = saved;
	return true;
}

/* "set -- WORD...", "shift", "read NAME", "unset NAME". */
static bool builtin(struct expansion *e, const struct command *c)
{
	size_t at;

	begins(c, "", &at);
	if (at == c->n_words)
		return false;
	const char *name = c->words[at].s;
	if (streq(name, "set") && at + 1 < c->n_words && streq(c->words[at + 1].s, "--")) {
		cleanup_strv struct strv words = {0};
		for (size_t k = at + 2; k < c->n_words; k++)
			expand_word(e, &c->words[k], &words);
		strv_clear(&e->arguments);
		e->arguments = steal(words);
		return true;
	}
	if (streq(name, "shift") && e->arguments.n > 0) {
		free(e->arguments.v[0]);
		memmove(e->arguments.v, e->arguments.v + 1,
			--e->arguments.n * sizeof(*e->arguments.v));
		return true;
	}
	if (!str_in_words("read unset mapfile readarray", name))
		return false;
	for (size_t k = at + 1; k < c->n_words; k++)
		set(e, c->words[k].s, strlen(c->words[k].s), NULL);
	return true;
}

/* How often "while" and "until" run their body is not known, nor then what it sets. */
static void forget_assigned(struct expansion *e, size_t i, size_t to)
{
	size_t end = closing(e, i + 1, to, "for while until select", "done");

	for (; i < end && e->searched < SEARCH_MAX; i++, e->searched++)
		for (size_t k = 0; k < e->in->v[i].n_words; k++) {
			const char *s = e->in->v[i].words[k].s;
			if (is_assignment(s))
				set(e, s, name_len(s), NULL);
			else if (streq(s, "shift"))
				strv_clear(&e->arguments);
		}
}

static void open_decision(struct expansion *e)
{
	struct open *o = array_push(e->open, e->n_open);

	*o = (struct open){.decision = ++e->out->n_decisions, .outer = e->branch};
	e->n_uncertain++;
}

static void open_branch(struct expansion *e)
{
	if (e->n_open == 0)
		return;
	struct open *o = &e->open[e->n_open - 1];
	e->branch = e->out->n_branches;
	struct branch *b = array_push(e->out->branches, e->out->n_branches);
	*b = (struct branch){o->outer, o->decision, o->branches++};
}

static void close_decision(struct expansion *e)
{
	if (e->n_open == 0)
		return;
	e->n_uncertain -= !e->open[--e->n_open].certain;
	e->branch = e->open[e->n_open].outer;
}

/* Keywords at the begin of command i. */
static void keywords(struct expansion *e, size_t i, size_t to)
{
	const struct command *c = &e->in->v[i];

	if (c->pattern)
		open_branch(e);
	for (size_t k = 0; k < c->n_words; k++) {
		const char *s = c->words[k].s;
		if (str_in_words("while until", s))
			forget_assigned(e, i, to);
		if (str_in_words("if while until case", s))
			open_decision(e);
		else if (str_in_words("fi done esac", s))
			close_decision(e);
		else if (str_in_words("then elif else", s))
			open_branch(e);
		else if (!str_in_words("do { ! time", s))
			return;
	}
}

/* The condition that begins with word at of the command. */
static enum truth truth_of(struct expansion *e, const struct command *c, size_t at)
{
	cleanup_strv struct strv words = {0};
	bool no = false, last_quoted = false;

	if (at == c->n_words || !str_in_words("! [ [[ test true false :", c->words[at].s))
		return TRUTH_UNKNOWN;
	for (size_t i = 0; i < at; i++)
		no ^= streq(c->words[i].s, "!");
	for (; at < c->n_words && streq(c->words[at].s, "!"); at++)
		no = !no;
	for (size_t i = at; i < c->n_words; i++)
		expand_word(e, &c->words[i], &words);
	if (c->n_words > at + 1)
		last_quoted = c->words[c->n_words - 2].quoted;
	if (c->output || c->heredoc_end)
		return TRUTH_UNKNOWN;
	enum truth truth = shell_test(&words, last_quoted);
	return no ? truth_not(truth) : truth;
}

/* From command i on: that which begins with "elif", "else" or "fi" of the "if" that is open. */
static size_t clause(struct expansion *e, size_t i, size_t to)
{
	size_t depth = 0;

	for (; i < to && e->searched < SEARCH_MAX; i++) {
		const struct command *c = &e->in->v[i];
		e->searched++;
		for (size_t k = 0; k < c->n_words; k++) {
			const char *s = c->words[k].s;
			if (depth == 0 && str_in_words("elif else fi", s))
				return i;
			if (streq(s, "if"))
				depth++;
			else if (streq(s, "fi"))
				depth--;
			else if (!str_in_words("then elif else do { ! time", s))
				break;
		}
	}
	return to;
}

static bool is_first(const struct expansion *e, size_t i, size_t to, const char *word)
{
	return i < to && e->in->v[i].n_words > 0 && streq(e->in->v[i].words[0].s, word);
}

/* The conditions up to here are known: what follows is run for certain. */
static void make_certain(struct expansion *e, bool certain)
{
	struct open *o = &e->open[e->n_open - 1];

	e->n_uncertain += o->certain;
	o->certain = certain;
	e->n_uncertain -= o->certain;
}

/*
 * "if" at word at of command i, which is open: runs the branch whose condition holds. Returns its
 * last command; i if the condition is not known.
 */
static size_t decide_if(struct expansion *e, size_t i, size_t at, size_t to)
{
	enum truth truth = TRUTH_NO;
	size_t k = i;

	for (; truth == TRUTH_NO && !is_first(e, k, to, "fi") && k < to; at = 0) {
		bool last = k > i && is_first(e, k, to, "else");
		truth = last ? TRUTH_YES : truth_of(e, &e->in->v[k], at + 1);
		if (!last && !is_first(e, k + 1, to, "then"))
			truth = TRUTH_UNKNOWN;
		if (truth == TRUTH_UNKNOWN)
			break;
		make_certain(e, true);
		size_t from = last ? k : k + 1;
		k = clause(e, k + 1, to);
		if (truth == TRUTH_YES)
			run(e, from, k);
	}
	if (truth == TRUTH_UNKNOWN && k == i)
		return i;
	size_t end = k;
	while (end < to && !is_first(e, end, to, "fi"))
		end = clause(e, end + 1, to);
	if (truth == TRUTH_UNKNOWN) {
		make_certain(e, false);
		run(e, k, end);
	}
	close_decision(e);
	return end;
}

/* As decide_if, for "case". */
static size_t decide_case(struct expansion *e, size_t i, size_t at, size_t to)
{
	const struct command *c = &e->in->v[i];
	size_t end = closing(e, i + 1, to, "case", "esac"), from = 0, depth = 0;
	cleanup_strv struct strv words = {0};

	if (at + 1 < c->n_words)
		expand_word(e, &c->words[at + 1], &words);
	if (words.n != 1 || end == to)
		return i;
	for (size_t k = i + 1; k <= end; k++) {
		const char *pattern = e->in->v[k].pattern;
		if (from > 0 && depth == 0 && (pattern || k == end)) {
			make_certain(e, true);
			run(e, from, k);
			break;
		}
		if (pattern && depth == 0) {
			enum truth truth = shell_matches(words.v[0], pattern);
			if (truth == TRUTH_UNKNOWN)
				return i;
			from = truth == TRUTH_YES ? k : from;
		}
		if (begins(&e->in->v[k], "case", NULL))
			depth++;
		else if (depth > 0 && is_first(e, k, to, "esac"))
			depth--;
	}
	close_decision(e);
	return end;
}

/* "exit", "continue" and the like. */
static enum jump jump_of(const struct command *c, size_t at)
{
	const char *s = at < c->n_words ? c->words[at].s : "";

	return streq(s, "continue") ? JUMP_CONTINUE
	       : streq(s, "break")  ? JUMP_BREAK
	       : streq(s, "return") ? JUMP_RETURN
	       : streq(s, "exit")   ? JUMP_EXIT
				    : JUMP_NONE;
}

/* A command that is no loop, definition or decision. */
static void run_simple(struct expansion *e, const struct command *c, size_t at, bool certain)
{
	bool conditional = c->conditional && !certain;

	e->status = c->piped ? TRUTH_UNKNOWN : truth_of(e, c, at);
	if (e->n_uncertain == 0 && !conditional && c->parentheses == 0)
		e->jump = jump_of(c, at);
	if (c->pattern || (c->n_words && assignments(e, c, conditional)) ||
	    call(e, c, conditional) || builtin(e, c))
		return;
	emit(e, c, certain);
}

/* The last command of what begins with command i: a loop, a decision or a group. */
static size_t compound_end(struct expansion *e, size_t i, size_t to)
{
	static const char *const loops[] = {"for", "while", "until", "select"};
	const struct command *c = &e->in->v[i];

	if (array_find(loops, ARRAY_SIZE(loops), begins(c, *it, NULL)))
		return closing(e, i + 1, to, "for while until select", "done");
	if (begins(c, "if", NULL))
		return closing(e, i + 1, to, "if", "fi");
	if (begins(c, "case", NULL))
		return closing(e, i + 1, to, "case", "esac");
	return group_end(e->in, i);
}

static void run(struct expansion *e, size_t from, size_t to)
{
	if (e->depth == DEPTH_MAX)
		return;
	e->depth++;
	size_t n_open = e->n_open, group = 0; /* the end of "|| { ...; }" */
	for (size_t i = from; i < to && !e->jump && e->steps < STEPS_MAX && e->bytes < BYTES_MAX;
	     i++) {
		const struct command *c = &e->in->v[i];
		size_t at, decided = i;
		bool known = c->conditional && e->status != TRUTH_UNKNOWN;
		e->steps++;
		if (known && (e->status == TRUTH_YES) == c->alternative) {
			i = compound_end(e, i, to);
			continue;
		}
		if (c->conditional && !known && !group && group_end(e->in, i) > i) {
			group = group_end(e->in, i);
			e->n_uncertain++;
		}
		keywords(e, i, to);
		if (begins(c, "if", &at))
			decided = decide_if(e, i, at, to);
		else if (begins(c, "case", &at))
			decided = decide_case(e, i, at, to);
		if (decided > i) {
			i = decided;
			e->status = TRUTH_UNKNOWN;
		} else if (begins(c, "for", &at) || begins(c, "select", &at)) {
			i = loop(e, i, at, to);
		} else if (c->function) {
			i = define(e, i, c->words[0].s, to);
		} else if (begins(c, "function", &at) && at + 1 < c->n_words) {
			i = define(e, i, c->words[at + 1].s, to);
		} else {
			run_simple(e, c, at, known);
		}
		if (group && i >= group) {
			group = 0;
			e->n_uncertain--;
		}
	}
	e->n_uncertain -= group > 0;
	while (e->n_open > n_open)
		close_decision(e);
	e->depth--;
}

void shell_expand(const struct script *script, char *const *arguments, size_t n_arguments,
		  struct script *ret)
{
	*ret = (struct script){0};
	struct expansion e = {.in = script, .out = ret, .status = TRUTH_UNKNOWN};

	for (size_t i = 0; i < n_arguments; i++)
		strv_add(&e.arguments, arguments[i]);
	array_push(ret->branches, ret->n_branches);
	run(&e, 0, script->n);
	for (size_t i = 0; i < e.n_variables; i++)
		free_all(e.variables[i].name, e.variables[i].value);
	free_all(e.variables, e.functions, e.open);
	strv_clear(&e.arguments);
}
