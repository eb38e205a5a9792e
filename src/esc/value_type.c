// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <regex.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/utf8.h"
#include "esc/node.h"

const struct node esc_nodes[] = {
/* cppcheck-suppress internalAstError ; the generated file is not there when it looks */
#include "esc_nodes.inc"
};

/* Bytes of the character at s when YANG allows it in a string (RFC 7950, section 9.4), else 0. */
static size_t yang_character(const char *s, size_t len)
{
	size_t n = utf8_length(s, len);
	uint32_t c = (unsigned char)s[0];

	if (n > 1)
		c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	bool control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
	bool noncharacter = (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
	return control || noncharacter ? 0 : n;
}

/* Characters of the string, or -1: YANG does not allow one of them. */
static int64_t characters(const char *s, size_t len)
{
	int64_t n = 0;

	for (size_t i = 0, step; i < len; i += step, n++) {
		step = yang_character(s + i, len - i);
		if (step == 0)
			return -1;
	}
	return n;
}

/* Compiling one takes as long as reading the rest of a descriptor: once is enough. */
static const regex_t *compiled(const char *pattern)
{
	static struct {
		const char *pattern;
		regex_t regex;
	} cache[8];
	size_t i = 0;

	while (i < ARRAY_SIZE(cache) && cache[i].pattern && !streq(cache[i].pattern, pattern))
		i++;
	if (i == ARRAY_SIZE(cache))
		abort(); /* yang/esc.yang has more patterns: make room */
	if (!cache[i].pattern && regcomp(&cache[i].regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		out_of_memory(); /* the patterns are tested */
	cache[i].pattern = pattern;
	return &cache[i].regex;
}

static bool string_is_valid(const struct node *leaf, const char *value, size_t len)
{
	int64_t n = characters(value, len);
	int r = leaf->pattern ? regexec(compiled(leaf->pattern), value, 0, NULL, 0) : 0;

	if (r == REG_NOMATCH) /* glibc also returns this when an allocation fails */
		r = regexec(compiled(leaf->pattern), value, 0, NULL, 0);
	if (r == REG_ESPACE)
		out_of_memory();
	return n >= leaf->min && n <= leaf->max && n >= 0 && r == 0;
}

static bool number_is_valid(const struct node *leaf, const char *value, size_t len,
			    char **ret_canonical)
{
	const char *digits = value + (*value == '+');
	int64_t number;

	if (strlen(value) != len || (*value == '+' && *digits == '-') ||
	    str_to_int(digits, leaf->min, leaf->max, &number) < 0)
		return false;
	cleanup_free char *canonical = xasprintf("%" PRId64, number);
	if (!streq(canonical, value))
		*ret_canonical = steal_ptr(canonical);
	return true;
}

bool value_is_valid(const struct node *leaf, const char *value, size_t len, char **ret_canonical)
{
	switch (leaf->type) {
	case TYPE_STRING:
		return string_is_valid(leaf, value, len);
	case TYPE_NUMBER:
		return number_is_valid(leaf, value, len, ret_canonical);
	case TYPE_BOOL:
		return strlen(value) == len && (streq(value, "true") || streq(value, "false"));
	case TYPE_ENUM:
		for (const char *const *word = leaf->words; *word; word++)
			if (strlen(value) == len && streq(*word, value))
				return true;
		return false;
	}
	return false;
}

static char *why_no_enum(const struct node *leaf)
{
	struct strbuf text = {0};

	strbuf_adds(&text, "must be one of ");
	for (const char *const *word = leaf->words; *word; word++)
		strbuf_addf(&text, "%s%s",
			    word == leaf->words ? ""
			    : word[1]           ? ", "
						: " and ",
			    *word);
	return strbuf_steal(&text);
}

char *value_why_invalid(const struct node *leaf, const char *value)
{
	switch (leaf->type) {
	case TYPE_STRING:
		if (strlen(value) > (uint64_t)leaf->max)
			return xasprintf("is longer than %" PRId64 " characters", leaf->max);
		return xstrdup(leaf->wrong ? leaf->wrong
					   : "contains a character that XML and YANG do not allow");
	case TYPE_NUMBER:
		if (leaf->max == INT64_MAX)
			return xasprintf("must be an integer of at least %" PRId64, leaf->min);
		return xasprintf("must be an integer from %" PRId64 " to %" PRId64, leaf->min,
				 leaf->max);
	case TYPE_BOOL:
		return xstrdup("must be true or false");
	case TYPE_ENUM:
		return why_no_enum(leaf);
	}
	return NULL;
}
