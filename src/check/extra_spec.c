// SPDX-License-Identifier: Apache-2.0
#include "check/extra_spec.h"

#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"
#include "placement/extra_specs.h"

enum kind { BOOLEAN, NUMBER, WORDS, CPUS, PAGES, ANY };

/* From nova/api/validation/extra_specs/ of Nova 26 (Zed). '#' matches a number. */
static const struct spec {
	const char *name;
	enum kind kind;
	const char *words; /* of a NUMBER the least */
} table[] = {
#include "extra-specs.txt.inc"
};

/* Whether s is the name; '#' in the name matches any number. */
static bool is_name(const char *s, const char *name)
{
	size_t len = strcspn(name, "#");

	if (!name[len])
		return streq(s, name);
	size_t digits = strncmp(s, name, len) == 0 ? strspn(s + len, "0123456789") : 0;
	return digits > 0 && !s[len + digits];
}

static const struct spec *find(const char *name)
{
	return array_find(table, ARRAY_SIZE(table), is_name(name, it->name));
}

static bool starts_like(const char *name, const char *namespace)
{
	return strncmp(name, namespace, strcspn(namespace, ":") + 1) == 0;
}

bool extra_spec_known(const char *name, const char **ret_near)
{
	bool validated = false;
	size_t half = strlen(name) / 2;
	struct guess guess = {.word = name, .limit = half < 8 ? half : 8};

	*ret_near = NULL;
	if (find(name))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		validated = validated || starts_like(name, table[i].name);
		guess_try(&guess, table[i].name);
	}
	*ret_near = guess.best;
	/* "hw.numa_nodes" and "hw_numa_nodes" are in no namespace, but the intent is clear. */
	return !validated && !(*ret_near && guess.limit <= 2);
}

/* oslo.utils, bool_from_string() */
static bool is_boolean(const char *s)
{
	static const char *const booleans[] = {
		"true", "yes", "on", "t", "y", "1", "false", "no", "off", "f", "n", "0",
	};

	return array_find(booleans, ARRAY_SIZE(booleans), strcasecmp(s, *it) == 0) != NULL;
}

/* The API permits less than hardware.py reads. */
static bool is_page_size(const char *s)
{
	int64_t kb;

	return !strpbrk(s, "-+. ") && extra_specs_page_size(s, &kb, NULL) == 0 && kb;
}

static bool are_cpus(const char *s)
{
	struct cpuset cpus;

	return strpbrk(s, "0123456789") && !s[strspn(s, "0123456789-,^")] &&
	       cpuset_parse(s, &cpus, NULL) == 0;
}

bool extra_spec_takes(const char *name, const char *value, const char **ret_wants)
{
	const struct spec *k = find(name);
	int64_t n;

	if (!k)
		return true;
	switch (k->kind) {
	case ANY:
		return true;
	case BOOLEAN:
		*ret_wants = "true or false";
		return is_boolean(value);
	case NUMBER:
		*ret_wants = *k->words == '1' ? "an integer of at least 1" : "a number";
		return str_to_int(value, *k->words - '0', INT32_MAX, &n) == 0;
	case WORDS:
		*ret_wants = k->words;
		return *value && str_in_words(k->words, value);
	case CPUS:
		*ret_wants = "CPU numbers such as 0-3 or ^0";
		return are_cpus(value);
	case PAGES:
		*ret_wants = "large, small, any, or a size such as 2MB, 1GB or 2048 (KiB)";
		return is_page_size(value);
	}
	return true;
}
