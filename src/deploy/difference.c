// SPDX-License-Identifier: Apache-2.0
/* Describes the change of a server for the user. */

#include "base/alloc.h"
#include "base/str.h"
#include "deploy/plan.h"

#define MAX_LINES 4000 /* of user data, which Nova limits to 48 KiB */

static void split(const char *text, struct strv *ret)
{
	for (size_t len; *text && ret->n < MAX_LINES; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		strv_take(ret, xstrndup(text, len));
	}
}

/* Length of the longest common subsequence, row by row. */
static size_t common_lines(const struct strv *a, const struct strv *b)
{
	cleanup_free size_t *row = xcalloc(b->n + 1, sizeof(*row));

	for (size_t i = 0; i < a->n; i++) {
		size_t diagonal = 0; /* of the row before */
		for (size_t k = 0; k < b->n; k++) {
			size_t above = row[k + 1];
			if (streq(a->v[i], b->v[k]))
				row[k + 1] = diagonal + 1;
			else if (row[k] > above)
				row[k + 1] = row[k];
			diagonal = above;
		}
	}
	return row[b->n];
}

/* A changed line counts once. */
static size_t lines_differ(const char *old, const char *new)
{
	cleanup_strv struct strv a = {0}, b = {0};

	split(old, &a);
	split(new, &b);
	return (a.n > b.n ? a.n : b.n) - common_lines(&a, &b);
}

/* "day0.cfg, users.cfg": the files of the user data. */
static char *day0_names(const struct vm_group *group)
{
	struct strbuf names = {0};

	for (size_t i = 0; i < group->n_configurations; i++) {
		const struct configuration *c = &group->configurations[i];
		const char *slash = c->file ? strrchr(c->file, '/') : NULL;
		if (!streq(c->dst, "--user-data"))
			continue;
		strbuf_addf(&names, "%s%s", names.len ? ", " : "",
			    slash     ? slash + 1
			    : c->file ? c->file
				      : "data in the descriptor");
	}
	return strbuf_steal(&names);
}

static char *user_data_line(const struct step *s)
{
	cleanup_free char *names = day0_names(s->group);
	const char *separator = *names ? ": " : "";
	const char *old = s->present->user_data;
	const char *new = s->user_data ? s->user_data : "";

	if (!old)
		return xasprintf("~ user_data (%s%sthese credentials cannot read the old one)",
				 names, separator);
	size_t n = lines_differ(old, new);
	return xasprintf("~ user_data (%s%s%zu %s)", names, separator, n,
			 plural(n, "line differs", "lines differ"));
}

static char *files_line(const struct step *s)
{
	struct strbuf line = {0};

	strbuf_adds(&line, "~ files on the config drive (");
	for (size_t i = 0; i < s->n_files; i++)
		strbuf_addf(&line, "%s%s", i ? ", " : "", s->files[i].path);
	strbuf_addf(&line, "%s)", s->n_files ? "" : "none any more");
	return strbuf_steal(&line);
}

/* "~ image a -> b"; with the same name, that its definition differs. */
static char *name_line(const char *what, const char *old, const char *new)
{
	if (!old || streq(old, new))
		return xasprintf("~ %s %s (its definition has changed)", what, new);
	return xasprintf("~ %s %s -> %s", what, old, new);
}

/* "~ port eth2", "+ port eth3"; without any, the server's list of them differs. */
static void port_lines(const struct step *s, struct strv *ret)
{
	for (size_t i = 0; i < s->n_port_changes; i++) {
		const struct vim_port_change *c = &s->port_changes[i];
		if (!c->request)
			strv_take(ret, xasprintf("- port %s", c->present->name));
		else
			strv_take(ret, xasprintf("%c port %s", c->present ? '~' : '+',
						 c->request->name));
	}
	if (!s->n_port_changes)
		strv_add(ret, "~ ports");
}

void step_differences(const struct step *s, struct strv *ret)
{
	if (s->changes & VIM_CHANGE_USER_DATA)
		strv_take(ret, user_data_line(s));
	if (s->changes & VIM_CHANGE_IMAGE)
		strv_take(ret, name_line("image", s->present->image, s->request.server.image_name));
	if (s->changes & VIM_CHANGE_FLAVOR)
		strv_take(ret,
			  name_line("flavor", s->present->flavor, s->request.server.flavor_name));
	if (s->changes & VIM_CHANGE_FILES)
		strv_take(ret, files_line(s));
	if (s->changes & VIM_CHANGE_PORTS)
		port_lines(s, ret);
	if (s->changes & VIM_CHANGE_DISK)
		strv_add(ret, "~ disk (made anew, as requested with --replace)");
	if (s->changes & VIM_CHANGE_OTHER)
		strv_add(ret, "~ server group, or something that an earlier dnsvnf did not record");
}

/* The other servers of its set that are not interrupted at the same time. */
static char *who_serves(const struct plan *plan, const struct step *step)
{
	cleanup_free size_t *sets = xcalloc(plan->n, sizeof(*sets));
	struct strbuf names = {0};

	plan_sets(plan, sets);
	for (size_t i = 0; i < plan->n && step->action != ACTION_DELETE; i++) {
		const struct step *s = &plan->v[i];
		if (s == step || s->request.kind != VIM_SERVER || s->action == ACTION_DELETE ||
		    sets[i] != sets[step - plan->v] || (plan->at_once_why && step_interrupts(s)))
			continue;
		strbuf_addf(&names, "%s%s", names.len ? ", " : "", s->name);
	}
	return strbuf_steal(&names);
}

static const char *way_of(const struct plan *plan, const struct step *step)
{
	bool resize = step->changes & VIM_CHANGE_FLAVOR;
	bool rebuild = step->changes & (VIM_CHANGE_IMAGE | VIM_CHANGE_USER_DATA | VIM_CHANGE_FILES |
					VIM_CHANGE_DISK);
	bool ports = step->changes & VIM_CHANGE_PORTS;

	if (step->action == ACTION_DELETE)
		return "deleted";
	if (step->action == ACTION_REPLACE && ports && plan->at_once_why)
		return "deleted and created again, because its ports must be deleted before their "
		       "networks";
	if (step->action == ACTION_REPLACE && step->drive_lost)
		return "deleted and created again, because a rebuild or resize would lose the "
		       "files "
		       "on the config drive";
	if (step->action == ACTION_REPLACE)
		return "deleted and created again, because this cannot be changed in place";
	if (ports)
		return resize ? "its ports are changed, in the order of the descriptor, then it is "
				"rebuilt and resized (the other ports' addresses stay)"
			      : "its ports are changed, in the order of the descriptor, then it is "
				"rebuilt (its host and the other ports' addresses stay)";
	if (resize && rebuild)
		return "rebuilt and resized (its ports and addresses stay)";
	return resize ? "resized (its ports and addresses stay)"
		      : "rebuilt (its host, ports and addresses stay)";
}

char *step_interruption(const struct plan *plan, const struct step *step)
{
	cleanup_free char *others = who_serves(plan, step);
	cleanup_free char *limit =
		step->group && step->group->bootup_time > 0
			? xasprintf(", at most %d s (bootup_time)", step->group->bootup_time)
			: xstrdup("");

	if (step->action == ACTION_DELETE)
		return xstrdup("deleted");
	return xasprintf("%s: one boot%s; %s%s", way_of(plan, step), limit,
			 *others ? others : "no redundant server is known",
			 *others ? (strchr(others, ',') ? " serve meanwhile" : " serves meanwhile")
				 : ": an outage");
}

bool step_interrupts(const struct step *step)
{
	return step->request.kind == VIM_SERVER && step->present &&
	       (step->action == ACTION_CHANGE || step->action == ACTION_REPLACE ||
		step->action == ACTION_DELETE);
}
