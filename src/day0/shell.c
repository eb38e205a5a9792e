// SPDX-License-Identifier: Apache-2.0
#include "day0/shell.h"

#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"

bool is_assignment(const char *s)
{
	const char *p = s;

	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	return p > s && (*p == '=' || (*p == '+' && p[1] == '=')) && !isdigit((unsigned char)*s);
}

struct shell_parser {
	const struct text *text;
	const char *p, *end;
	size_t line;
	struct script *script;
	struct command command; /* the current one */
	bool piped;             /* a | precedes it */
	size_t heredocs_from;   /* the first command whose heredoc may still follow */
	char *word;             /* the current one */
	size_t word_len, word_room;
	struct word flags;    /* the current one's; s is unused */
	unsigned parentheses; /* that are open */
	unsigned cases;       /* "case" that are open */
	bool pattern;         /* a pattern of "case", or "esac", is next */
};

static void command_clear(struct command *c)
{
	for (size_t i = 0; i < c->n_words; i++)
		free(c->words[i].s);
	free_all(c->words, c->output, c->heredoc_end, c->pattern);
	text_clear(&c->heredoc);
}

void script_clear(struct script *s)
{
	array_free(s->v, s->n, command_clear);
	free(s->branches);
	*s = (struct script){0};
}

/* Adds a word and takes ownership of s. */
static struct word *add_word(struct command *c, char *s, size_t line)
{
	struct word *word = array_push(c->words, c->n_words);

	word->s = s;
	word->line = line;
	return word;
}

void word_add(struct command *c, const struct word *word, const char *s)
{
	struct word *copy = add_word(c, xstrdup(s), word->line);

	copy->variable = word->variable;
	copy->literal = word->literal;
	copy->quoted = word->quoted;
}

static void end_command(struct shell_parser *p, bool pipe)
{
	struct command *c = &p->command;

	if (c->n_words > 0 || c->output || c->heredoc_end) {
		c->piped = p->piped;
		c->parentheses = p->parentheses;
		struct command *ended = array_push(p->script->v, p->script->n);
		*ended = steal(*c);
	}
	p->piped = pipe;
}

/* Copies "$(...)", "${...}" or "`...`" at p unchanged. */
static const char *skip_substitution(const char *s, const char *end)
{
	if (*s == '`') {
		const char *close = memchr(s + 1, '`', (size_t)(end - s - 1));
		return close ? close + 1 : end;
	}
	char open = s[1], close = open == '(' ? ')' : '}';
	int depth = 0;
	for (s++; s < end; s++) {
		if (*s == '\\' && s + 1 < end)
			s++;
		else if (*s == open)
			depth++;
		else if (*s == close && --depth == 0)
			return s + 1;
	}
	return end;
}

static void put(struct shell_parser *p, char c)
{
	if (p->word_len == p->word_room) {
		p->word_room = p->word_room ? p->word_room * 2 : 256;
		p->word = xreallocarray(p->word, p->word_room, 1);
	}
	p->word[p->word_len++] = c;
}

/* Copies the next byte unchanged. */
static void put_next(struct shell_parser *p)
{
	p->line += *p->p == '\n';
	put(p, *p->p++);
}

static void put_substitution(struct shell_parser *p)
{
	const char *after = skip_substitution(p->p, p->end);

	p->flags.variable = true;
	while (p->p < after)
		put_next(p);
}

static bool substitution_at(const struct shell_parser *p)
{
	return *p->p == '`' ||
	       (*p->p == '$' && p->p + 1 < p->end && (p->p[1] == '(' || p->p[1] == '{'));
}

/* As put_next, for a byte that the shell does not take literally. */
static void put_special(struct shell_parser *p)
{
	p->flags.variable |= *p->p == '$';
	put_next(p);
}

static void put_literal(struct shell_parser *p)
{
	p->flags.literal |= *p->p == '$' || *p->p == '`';
	put_next(p);
}

/* The rest of a quoted string; p is after the opening quote. */
static void quoted(struct shell_parser *p, char quote)
{
	p->flags.quoted = true;
	while (p->p < p->end && *p->p != quote) {
		if (quote == '"' && substitution_at(p)) {
			put_substitution(p);
			continue;
		}
		if (quote == '"' && *p->p == '\\' && p->p + 1 < p->end) {
			if (p->p[1] == '\n') { /* a line continuation */
				p->p += 2;
				p->line++;
				continue;
			}
			if (strchr("\"\\$`", p->p[1])) {
				p->p++;
				put_literal(p);
				continue;
			}
		}
		if (quote == '"')
			put_special(p);
		else
			put_literal(p);
	}
	if (p->p < p->end)
		p->p++;
}

/* Reads the word at p, which is neither a blank nor an operator. The caller frees it. */
static char *read_word(struct shell_parser *p)
{
	p->word_len = 0;
	p->flags = (struct word){0};
	/* strchr also matches the terminating zero byte, so that ends a word too. */
	while (p->p < p->end && !strchr(" \t\r\n;&|<>()", *p->p)) {
		char c = *p->p;
		if (c == '\'' || c == '"') {
			p->p++;
			quoted(p, c);
		} else if (c == '\\' && p->p + 1 < p->end) {
			p->p++;
			if (*p->p == '\n') {
				p->p++;
				p->line++;
			} else {
				put_literal(p);
			}
		} else if (substitution_at(p)) {
			put_substitution(p);
		} else {
			put_special(p);
		}
	}
	return xstrndup(p->word ? p->word : "", p->word_len);
}

static void skip_blanks(struct shell_parser *p)
{
	while (p->p < p->end) {
		if (*p->p == ' ' || *p->p == '\t' || *p->p == '\r' || *p->p == 0) {
			p->p++;
		} else if (*p->p == '\\' && p->p + 1 < p->end && p->p[1] == '\n') {
			p->p += 2;
			p->line++;
		} else {
			return;
		}
	}
}

/* The line at p without its line break; moves p to the next. */
static size_t take_line(struct shell_parser *p)
{
	const char *nl = memchr(p->p, '\n', (size_t)(p->end - p->p));
	size_t len = (size_t)((nl ? nl : p->end) - p->p);

	p->p += len + (nl ? 1 : 0);
	p->line += nl ? 1 : 0;
	return len;
}

/* The body of the command's heredoc starts at p. */
static void read_heredoc(struct shell_parser *p, struct command *c)
{
	bool tabs = c->heredoc_end[0] == '-';
	const char *end = c->heredoc_end + 1, *start = p->p, *body_end = p->end;
	size_t first = p->line, end_len = strlen(end);

	while (p->p < p->end) {
		const char *s = p->p;
		size_t len = take_line(p);
		const char *from = s;
		while (tabs && len > 0 && *from == '\t') {
			from++;
			len--;
		}
		if (len > 0 && from[len - 1] == '\r')
			len--;
		if (len == end_len && memcmp(from, end, len) == 0) {
			body_end = s;
			break;
		}
	}
	text_init_slice(&c->heredoc, p->text, first, start, (size_t)(body_end - start));
	if (tabs)
		text_strip_tabs(&c->heredoc);
}

static void end_line(struct shell_parser *p)
{
	end_command(p, false);
	for (size_t i = p->heredocs_from; i < p->script->n; i++)
		if (p->script->v[i].heredoc_end && !p->script->v[i].heredoc.s)
			read_heredoc(p, &p->script->v[i]);
	p->heredocs_from = p->script->n;
}

/* A redirection; p is at < or >. */
static void redirection(struct shell_parser *p)
{
	struct command *c = &p->command;
	const char *op = p->p;

	while (p->p < p->end && (*p->p == '<' || *p->p == '>' || *p->p == '&' || *p->p == '|'))
		p->p++;
	size_t n = (size_t)(p->p - op);
	bool dash = n == 2 && memcmp(op, "<<", 2) == 0 && p->p < p->end && *p->p == '-';
	if (dash)
		p->p++;
	skip_blanks(p);
	if (p->p == p->end || strchr("\n;()", *p->p))
		return;
	cleanup_free char *target = read_word(p);
	if (n == 2 && memcmp(op, "<<", 2) == 0 && !c->heredoc_end) {
		c->heredoc_end = xasprintf("%c%s", dash ? '-' : ' ', target);
		c->heredoc_plain = p->flags.quoted;
	} else if (op[0] == '>' && !(n > 1 && op[1] == '&')) {
		free(c->output);
		c->output = steal_ptr(target);
		c->append = n > 1 && op[1] == '>';
	}
}

/* The words of NAME=(...) become its value, separated by blanks. */
static void array(struct shell_parser *p, struct word *word)
{
	cleanup_strbuf struct strbuf value = {0};

	strbuf_adds(&value, word->s);
	p->p++;
	for (skip_blanks(p); p->p < p->end && *p->p != ')'; skip_blanks(p)) {
		if (*p->p == '\n' || *p->p == '#') {
			take_line(p);
			continue;
		}
		if (strchr(";&|<>(", *p->p)) {
			p->p++;
			continue;
		}
		cleanup_free char *item = read_word(p);
		strbuf_addf(&value, "%s%s", str_ends(value.s, "=") ? "" : " ", item);
		word->variable |= p->flags.variable;
		word->literal |= p->flags.literal;
	}
	if (p->p < p->end)
		p->p++;
	free(word->s);
	word->s = strbuf_steal(&value);
}

static void word_or_redirection(struct shell_parser *p)
{
	struct command *c = &p->command;
	size_t line = p->line;
	char *s = read_word(p);
	/* "2>file": the number belongs to the redirection */
	if (s[0] && strspn(s, "0123456789") == strlen(s) && p->p < p->end &&
	    (*p->p == '<' || *p->p == '>')) {
		bool output = s[0] != '1' && *p->p == '>';
		free(s);
		if (!output) {
			redirection(p);
			return;
		}
		char *keep = steal_ptr(c->output);
		bool append = c->append;
		redirection(p);
		free(c->output);
		c->output = keep;
		c->append = append;
		return;
	}
	if (c->n_words == 0)
		c->line = line;
	struct word *word = add_word(c, s, line);
	word->variable = p->flags.variable;
	word->literal = p->flags.literal;
	word->quoted = p->flags.quoted;
	if (c->n_words == 3 && streq(c->words[0].s, "case") && streq(s, "in")) {
		end_command(p, false);
		p->cases++;
		p->pattern = true;
	} else if (c->n_words == 1 && p->cases && streq(s, "esac")) {
		p->cases--;
	} else if (is_assignment(s) && str_ends(s, "=") && p->p < p->end && *p->p == '(') {
		array(p, word);
	}
}

/* Skips blanks, then a pattern of "case" and its ")". */
static void skip_pattern(struct shell_parser *p)
{
	p->pattern = false;
	skip_blanks(p);
	while (p->p < p->end && (*p->p == '\n' || *p->p == '#')) {
		take_line(p);
		skip_blanks(p);
	}
	if (p->end - p->p >= 4 && memcmp(p->p, "esac", 4) == 0)
		return;
	const char *start = p->p + (p->p < p->end && *p->p == '('), *end;
	size_t line = p->line;
	for (p->p = start; p->p < p->end && *p->p != ')'; p->p++)
		p->line += *p->p == '\n';
	end = p->p;
	if (p->p < p->end)
		p->p++;
	struct command *c = array_push(p->script->v, p->script->n);
	c->line = line;
	c->pattern = xstrndup(start, (size_t)(end - start));
}

/* "name ()": the parentheses are next. */
static bool is_function(const struct shell_parser *p)
{
	const char *s = p->p + 1;

	while (s < p->end && (*s == ' ' || *s == '\t'))
		s++;
	return p->command.n_words == 1 && s < p->end && *s == ')';
}

static void operator_or_word(struct shell_parser *p)
{
	struct command *c = &p->command;
	char next = p->p + 1 < p->end ? p->p[1] : 0;

	if (p->pattern) {
		skip_pattern(p);
		return;
	}
	switch (*p->p) {
	case '\n':
		p->p++;
		p->line++;
		end_line(p);
		return;
	case '#':
		while (p->p < p->end && *p->p != '\n')
			p->p++;
		return;
	case '|':
		p->p += next == '|' || next == '&' ? 2 : 1;
		end_command(p, next != '|');
		p->command.conditional = p->command.alternative = next == '|';
		return;
	case '&':
		if (next == '>') { /* &>file */
			p->p++;
			redirection(p);
			return;
		}
		p->p += next == '&' ? 2 : 1;
		end_command(p, false);
		p->command.conditional = next == '&';
		return;
	case ';':
		p->pattern = next == ';' && p->cases;
		p->p += p->pattern ? 2 : 1;
		end_command(p, false);
		return;
	case '(':
		if (next == '(') { /* "((i < 3))" */
			const char *close = memmem(p->p, (size_t)(p->end - p->p), "))", 2);
			while (p->p < (close ? close + 2 : p->end))
				p->line += *p->p++ == '\n';
			return;
		}
		if (is_function(p)) {
			c->function = true;
			p->p = strchr(p->p, ')') + 1;
			end_command(p, false);
			return;
		}
		p->p++;
		end_command(p, p->piped && c->n_words == 0);
		p->parentheses++;
		return;
	case ')':
		/* "(a; b) | c": only the last command counts as piped, which is enough to detect
		 * passwords */
		p->p++;
		end_command(p, p->piped && c->n_words == 0);
		p->parentheses -= p->parentheses > 0;
		return;
	case '<':
	case '>':
		redirection(p);
		return;
	default:
		word_or_redirection(p);
		return;
	}
}

void shell_parse(const struct text *text, struct script *ret)
{
	*ret = (struct script){0};
	struct shell_parser p = {
		.text = text,
		.p = text->s,
		.end = text->s + text->len,
		.script = ret,
	};

	for (skip_blanks(&p); p.p < p.end; skip_blanks(&p))
		operator_or_word(&p);
	end_line(&p);
	free(p.word);
}

static const char *first(const struct command *c)
{
	return c->n_words > 0 ? c->words[0].s : "";
}

size_t group_end(const struct script *script, size_t i)
{
	enum { COMMANDS_MAX = 1000 }; /* of a group */
	size_t last = script->n - i < COMMANDS_MAX ? script->n : i + COMMANDS_MAX;
	size_t depth = 0, k = i;
	unsigned parentheses = script->v[i].parentheses;

	if (parentheses > (i > 0 ? script->v[i - 1].parentheses : 0)) {
		while (k + 1 < last && script->v[k + 1].parentheses >= parentheses)
			k++;
		return k;
	}
	do {
		depth += streq(first(&script->v[k]), "{");
		depth -= depth > 0 && streq(first(&script->v[k]), "}");
	} while (depth > 0 && ++k < last);
	return k < last ? k : i;
}
