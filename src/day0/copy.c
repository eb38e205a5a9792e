// SPDX-License-Identifier: Apache-2.0
/* Commands that put files into place: cp(1), mv(1), install(1), ln(1), rsync(1), and downloads. */
#include <fnmatch.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/program.h"
#include "day0/readers.h"
#include "day0/shell.h"

enum { COPIES_MAX = 256 };

char *path_from(const char *folder, const char *path)
{
	while (str_starts(path, "./"))
		path += 2;
	if (!folder || path[0] == '/' || has_variable(path) || !*path)
		return xstrdup(path);
	return xasprintf("%s/%s", streq(folder, "/") ? "" : folder, path);
}

/* Whether it is a folder of network files, or one of them. */
static bool is_network_place(const char *path)
{
	cleanup_free char *folder = xasprintf("%s/", path);
	const char *names;

	return !is_passed_over(path, &names) && (is_network_path(path) || is_network_path(folder));
}

/* Whether the path is that of a folder: a usual one, or one that has files of day-0. */
static bool is_folder(const struct guest_links *links, const char *path)
{
	cleanup_free char *start = xasprintf("%s/", path);

	if (str_ends(path, "/") || is_network_path(start) ||
	    str_in_words("/etc /opt /root /run /srv /tmp /usr/local/bin /usr/local/sbin /var/tmp "
			 "/etc/systemd/system /etc/cloud/cloud.cfg.d",
			 path))
		return true;
	return array_find(links->files, links->n_files, str_starts(it->path, start)) != NULL;
}

/* Whether the mode gives others rights; false: it is not known. */
static bool exposes(const char *mode)
{
	return *mode && strspn(mode, "01234567") == strlen(mode) && (strtol(mode, NULL, 8) & 077);
}

/* "install -m 600": the value of the option, or NULL. */
static const char *mode_option(const struct command *c, size_t name)
{
	for (size_t i = name + 1; i < c->n_words; i++) {
		const char *s = c->words[i].s;
		if (str_starts(s, "--mode="))
			return strchr(s, '=') + 1;
		if (i + 1 < c->n_words && (streq(s, "--mode") || (s[0] == '-' && str_ends(s, "m"))))
			return c->words[i + 1].s;
		if (str_starts(s, "-m") && s[2])
			return s + 2;
	}
	return NULL;
}

struct copy {
	struct guest_links *links;
	const char *to;
	bool into; /* to is a folder */
	size_t n;
	const char *mode; /* of the copies, or NULL: that of the source */
};

static void copy_one(struct copy *c, size_t i, const char *rest)
{
	cleanup_free char *from = xstrdup(c->links->files[i].path);
	size_t len = strlen(c->to);
	bool slash = c->into && !str_ends(c->to, "/");
	cleanup_free char *to =
		c->into ? xasprintf("%.*s%s%s", (int)len, c->to, slash ? "/" : "", rest)
			: xstrdup(c->to);

	bool exposed =
		c->mode ? exposes(c->mode) : c->links->files[i].exposed && !c->links->umask_private;
	if (streq(from, to) || c->n == COPIES_MAX || !guest_file_copy(from, to, c->links))
		return;
	guest_file_find(c->links, to)->exposed = exposed;
	c->n++;
}

/* The source is a file, a pattern, or a folder with all that is in it ("DIR/.": without its name).
 */
static void copy_source(struct copy *c, const char *source, bool contents)
{
	cleanup_free char *pattern = xstrdup(source);
	size_t n = c->links->n_files;

	if (str_ends(pattern, "/.")) {
		pattern[strlen(pattern) - 2] = 0;
		contents = true;
	} else if (str_ends(pattern, "/")) {
		pattern[strlen(pattern) - 1] = 0;
	} else {
		contents = false;
	}
	for (size_t i = 0; i < n; i++) {
		const char *path = c->links->files[i].path;
		for (const char *end = path; *end; end += *end == '/') {
			const char *start = end;
			end += strcspn(end, "/");
			cleanup_free char *prefix = xstrndup(path, (size_t)(end - path));
			if (!*prefix || fnmatch(pattern, prefix, FNM_PATHNAME | FNM_PERIOD) != 0)
				continue;
			if (!*end || c->into)
				copy_one(c, i, contents && *end ? end + 1 : start);
			break;
		}
	}
}

/* Whether an option begins so. */
static bool command_has(const struct command *c, size_t name, const char *option)
{
	for (size_t i = name + 1; i < c->n_words; i++)
		if (str_starts(c->words[i].s, option))
			return true;
	return false;
}

void copy_read(const struct command *c, size_t name, const char *folder, const struct text *text,
	       struct guest_links *links)
{
	cleanup_strv struct strv operands = {0};
	cleanup_free char *target = NULL;
	const char *program = c->words[name].s;

	for (size_t i = name + 1; i < c->n_words; i++) {
		const char *s = c->words[i].s;
		bool of_target = streq(s, "-t") || streq(s, "--target-directory");
		if (str_starts(s, "--target-directory=")) {
			target = path_from(folder, strchr(s, '=') + 1);
		} else if (of_target && i + 1 < c->n_words && !target) {
			target = path_from(folder, c->words[++i].s);
		} else if (s[0] == '-' && s[1]) {
			i += str_in_words("-m -o -g -S -e --mode --owner --group --suffix", s);
		} else {
			strv_take(&operands, path_from(folder, s));
		}
	}
	size_t n = operands.n - (!target && operands.n > 0);
	if (n == 0)
		return;
	const char *to = target ? target : operands.v[n];
	bool rsync = str_ends(program, "rsync"), install = str_ends(program, "install");
	const char *mode = install ? "755" : NULL;
	if (install && mode_option(c, name))
		mode = mode_option(c, name);
	else if (rsync && command_has(c, name, "--chmod"))
		mode = ""; /* not read */
	struct copy copy = {links, to, target || n > 1 || is_folder(links, to), 0, mode};
	for (size_t i = 0; i < n; i++)
		copy_source(&copy, operands.v[i], rsync);
	if (copy.n == 0 && is_network_place(to))
		links_unread(links, text, c->line, true, to,
			     "the file that is copied there is not in day-0");
}

bool path_is_in(const char *path, const char *folder, const char *names)
{
	cleanup_free char *pattern = path_from(folder, names);
	size_t len = strlen(pattern);

	if (len > 1 && pattern[len - 1] == '/')
		pattern[--len] = 0;
	bool below = strncmp(path, pattern, len) == 0 && path[len] == '/';
	return below || has_variable(pattern) || fnmatch(pattern, path, 0) == 0;
}

void chmod_read(const struct command *c, size_t name, const char *folder, struct guest_links *links)
{
	const char *mode = NULL;

	for (size_t i = name + 1; i < c->n_words; i++) {
		const char *s = c->words[i].s;
		if (!mode) {
			mode = s[0] == '-' && !strpbrk(s, "rwxX") ? NULL : s;
			continue;
		}
		for (size_t k = 0; k < links->n_files; k++)
			if (path_is_in(links->files[k].path, folder, s))
				links->files[k].exposed = exposes(mode);
	}
}

/* Programs that write files which are not in day-0: the option that names the file or folder ("":
 * the last word does), and the option by which the name is the other side's, in the working folder.
 */
static const struct downloader {
	const char *name, *target, *remote_name;
} downloaders[] = {
	{"curl", "-o --output --output-dir", "-O --remote-name"},
	{"wget", "-O --output-document -P --directory-prefix", ""},
	{"tar", "-C --directory", NULL},
	{"bsdtar", "-C --directory", NULL},
	{"unzip", "-d", NULL},
	{"scp", "", NULL},
	{"git", "", NULL},
};

/* The value of the option at word i, which may be joined to it: "-qO FILE", "--output=FILE". */
static const char *option_value(const struct command *c, size_t i, const char *options)
{
	const char *s = c->words[i].s, *sign = strchr(s, '=');
	const char *next = i + 1 < c->n_words ? c->words[i + 1].s : NULL;

	if (str_starts(s, "--")) {
		cleanup_free char *bare = xstrndup(s, strcspn(s, "="));
		return !str_in_words(options, bare) ? NULL : sign ? sign + 1 : next;
	}
	if (s[0] != '-' || !s[1])
		return NULL;
	const char last[] = {'-', s[strlen(s) - 1], 0}, first[] = {'-', s[1], 0};
	return str_in_words(options, last) ? next : str_in_words(options, first) ? s + 2 : NULL;
}

static const char *download_target(const struct command *c, size_t name, const struct downloader *d)
{
	const char *target = NULL;
	bool remote = d->remote_name && !*d->remote_name;

	if (!*d->target)
		return c->words[c->n_words - 1].s;
	for (size_t i = name + 1; i < c->n_words; i++) {
		const char *value = option_value(c, i, d->target);
		target = value ? value : target;
		remote |=
			d->remote_name && *d->remote_name && c->words[i].s[0] == '-' &&
			(strchr(c->words[i].s, 'O') || str_in_words(d->remote_name, c->words[i].s));
	}
	return target ? target : remote || !d->remote_name ? "." : NULL;
}

void download_read(const struct command *c, size_t name, const char *folder,
		   const struct text *text, struct guest_links *links)
{
	const char *slash = strrchr(c->words[name].s, '/');
	const char *program = slash ? slash + 1 : c->words[name].s;
	const struct downloader *d =
		array_find(downloaders, ARRAY_SIZE(downloaders), streq(it->name, program));
	const char *target = d ? download_target(c, name, d) : NULL;

	if (!target)
		return;
	cleanup_free char *path =
		streq(target, ".") ? xstrdup(folder ? folder : "") : path_from(folder, target);
	if (is_network_place(path))
		links_unread(links, text, c->line, true, path,
			     "what the command writes there is not in day-0");
	else if (streq(path, "/") && str_ends(program, "tar"))
		links_unread(links, text, c->line, false, program,
			     "the files that it unpacks are not in day-0");
}
