// SPDX-License-Identifier: Apache-2.0
#include "day0/branch.h"

#include "base/alloc.h"
#include "base/str.h"
#include "day0/nm.h"
#include "day0/program.h"
#include "day0/readers.h"
#include "day0/shell.h"

enum { LIST_MAX = 16 }; /* commands of a list with && and || */

static const char *word(const struct command *c, size_t i)
{
	return i < c->n_words ? c->words[i].s : "";
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* nmcli's verb for connections, or "". */
static const char *nmcli_verb(const struct command *c, size_t name)
{
	for (size_t i = name + 1; i + 1 < c->n_words; i++)
		if (nm_abbreviates(word(c, i), "connection", 1))
			return word(c, i + 1);
	return "";
}

static bool nmcli_sets_up(const struct command *c, size_t name)
{
	static const char *const verbs[] = {"add", "modify", "delete", "clone", "edit", "import"};
	const char *verb = nmcli_verb(c, name);

	return array_find(verbs, ARRAY_SIZE(verbs), nm_abbreviates(verb, *it, 1)) != NULL;
}

/* "ip link set eth1 up" alone sets up nothing. */
static bool ip_sets_up(const struct command *c, size_t name)
{
	static const char *const verbs[] = {"add", "replace", "change", "append", "delete"};
	size_t i = name + 1;

	while (word(c, i)[0] == '-')
		i++;
	const char *object = word(c, i), *verb = word(c, i + 1);
	if (!*verb || !strchr("lar", object[0]))
		return false;
	if (array_find(verbs, ARRAY_SIZE(verbs), str_starts(*it, verb)))
		return true;
	for (i += 2; str_starts("set", verb) && i < c->n_words; i++)
		if (str_in_words("master nomaster type name mtu", word(c, i)))
			return true;
	return false;
}

static bool mentions(const char *s, size_t len)
{
	struct text text = {.s = (char *)s, .len = len};

	return mentions_network(&text);
}

/* Programs whose words name files that they write, or what they run. */
static bool words_set_up(const struct command *c, size_t name, const char *folder,
			 const struct guest_links *links)
{
	const char *program = base_name(word(c, name));
	bool writes = str_in_words("tee cp mv install ln rsync sed", program);
	bool shell = str_in_words("sh bash dash ash ksh eval", program);

	for (size_t i = name; i < c->n_words; i++) {
		const char *s = word(c, i);
		cleanup_free char *path = path_from(folder, s);
		const struct guest_file *script = writes ? NULL : guest_file_find(links, path);
		if (writes && is_network_path(path))
			return true;
		if (script && !str_in_words("cat chmod chown rm", program) &&
		    mentions(script->text.s, script->text.len))
			return true;
		if (shell && mentions(s, strlen(s)))
			return true;
	}
	return false;
}

bool command_sets_up(const struct command *c, size_t name, const char *folder,
		     const struct guest_links *links)
{
	const char *program = base_name(word(c, name));
	cleanup_free char *output = c->output ? path_from(folder, c->output) : NULL;

	if (output && (is_network_path(output) || str_starts(output, "/sys/class/net/")))
		return true;
	if (streq(program, "nmcli"))
		return nmcli_sets_up(c, name);
	if (streq(program, "ip"))
		return ip_sets_up(c, name);
	return streq(program, "ifenslave") || program_find(program) == PROGRAM_NETWORK ||
	       (streq(program, "netplan") && streq(word(c, name + 1), "set")) ||
	       words_set_up(c, name, folder, links);
}

static bool is_outside(const struct script *script, size_t branch, size_t of)
{
	while (branch && branch != of)
		branch = script->branches[branch].outer;
	return branch != of;
}

bool decisions_note(struct decisions *d, const struct script *script, size_t i)
{
	bool other = d->exited && is_outside(script, script->v[i].branch, d->exited);

	if (!d->n) {
		d->n = script->n_decisions + 1;
		d->branch = xcalloc(d->n, sizeof(*d->branch));
		d->told = xcalloc(d->n, sizeof(*d->told));
	}
	if (other)
		d->exited = 0;
	for (size_t b = script->v[i].branch; b; b = script->branches[b].outer) {
		const struct branch *of = &script->branches[b];
		size_t number = of->number + 1, *first = &d->branch[of->decision];
		if (*first && *first != number && !d->told[of->decision])
			other = d->told[of->decision] = true;
		*first = number;
	}
	return other;
}

void decisions_exit(struct decisions *d, const struct script *script, size_t i)
{
	size_t b = script->v[i].branch;
	const struct command *c = &script->v[i];
	const char *status = word(c, command_name(c) + 1);

	if (b && d->n && (!*status || streq(status, "0")) &&
	    d->branch[script->branches[b].decision] == script->branches[b].number + 1)
		d->exited = b;
}

enum alternative alternative_find(const struct script *script, size_t i, const char *folder,
				  const struct guest_links *links)
{
	enum alternative ret = ALTERNATIVE_NONE;
	size_t first = i;

	if (!script->v[i].alternative)
		return ret;
	while (first > 0 && i - first < LIST_MAX &&
	       (script->v[first].conditional || script->v[first].piped))
		first--;
	for (; first < i; first++) {
		const struct command *c = &script->v[first];
		size_t name = command_name(c);
		if (!command_sets_up(c, name, folder, links))
			continue;
		/* What precedes && may fail; the connection that is modified may not be there. */
		bool may_fail = (c->conditional && !c->alternative) ||
				(streq(base_name(word(c, name)), "nmcli") &&
				 nm_abbreviates(nmcli_verb(c, name), "modify", 1));
		if (!may_fail)
			ret = ret == ALTERNATIVE_NONE ? ALTERNATIVE_SKIPPED : ret;
		else if (command_sets_up(&script->v[i], command_name(&script->v[i]), folder, links))
			ret = ALTERNATIVE_UNKNOWN;
	}
	return ret;
}

void decisions_clear(struct decisions *d)
{
	free_all(d->branch, d->told);
}
