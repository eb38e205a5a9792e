// SPDX-License-Identifier: Apache-2.0
#include <strings.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/str.h"
#include "base/text.h"
#include "day0/day0.h"
#include "day0/link.h"
#include "day0/readers.h"
#include "day0/token.h"
#include "model/model.h"

#define FILE_MAX ((size_t)1 << 20)

#define complain(model, line, severity, rule, ...) \
	findings_add(findings, severity, rule, (model)->file, line, NULL, __VA_ARGS__)

/* Decodes "%20" and the like in place. */
static char *percent_decoded(char *s)
{
	char *out = s;

	for (const char *p = s; *p; p++) {
		const char hex[3] = {p[0] == '%' ? p[1] : (char)0,
				     p[0] == '%' && p[1] ? p[2] : (char)0};
		char *end;
		long c = strtol(hex, &end, 16);
		if (end == hex + 2 && strchr("+-x", hex[0]) == NULL && c > 0) {
			*out++ = (char)c;
			p += 2;
		} else {
			*out++ = *p;
		}
	}
	*out = 0;
	return s;
}

/* A path relative to the descriptor's folder. */
static char *beside(const char *descriptor, const char *path)
{
	const char *slash = strrchr(descriptor, '/');

	return slash ? xasprintf("%.*s/%s", (int)(slash - descriptor), descriptor, path)
		     : xstrdup(path);
}

/* Converts the rest of a "file:" URL to a local path (RFC 8089). */
static char *file_url_path(const struct model *model, const struct configuration *c,
			   struct findings *findings)
{
	const char *rest = c->file + strlen("file:");
	cleanup_free char *q = quotable(c->file);

	if (!str_starts(rest, "//")) /* file:/a/b */
		return percent_decoded(rest[0] == '/' ? xstrdup(rest) : beside(model->file, rest));
	rest += 2;
	if (rest[0] == '/')
		return percent_decoded(xstrdup(rest));
	if (strncasecmp(rest, "localhost/", strlen("localhost/")) == 0)
		return percent_decoded(xstrdup(rest + strlen("localhost")));

	char *path = percent_decoded(xasprintf("/%s", rest));
	complain(model, c->source_line, SEVERITY_WARNING, "day0-file-url",
		 "in %s, \"%.*s\" is a host name (RFC 8089); it is read as %s: write file://%s", q,
		 (int)strcspn(rest, "/"), rest, path, path);
	return path;
}

/* The local path of <file>, or NULL if it has none. */
static char *local_path(const struct model *model, const struct configuration *c,
			struct findings *findings)
{
	cleanup_free char *q = quotable(c->file);
	size_t scheme = strspn(c->file,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	if (strncasecmp(c->file, "file:", strlen("file:")) == 0)
		return file_url_path(model, c, findings);
	if (strncasecmp(c->file, "http://", strlen("http://")) == 0 ||
	    strncasecmp(c->file, "https://", strlen("https://")) == 0) {
		complain(model, c->source_line, SEVERITY_ERROR, "day0-file-url",
			 "%s is not downloaded: copy it, and refer to the copy by file:///", q);
		return NULL;
	}
	if (strncmp(c->file + scheme, "://", 3) == 0) {
		complain(model, c->source_line, SEVERITY_ERROR, "day0-file-url",
			 "%s must be file:///path or a path relative to the descriptor", q);
		return NULL;
	}
	return c->file[0] == '/' ? xstrdup(c->file) : beside(model->file, c->file);
}

/* 1, 0, or -errno: unknown. */
static int is_below(const char *path, const char *folder, struct err *err)
{
	cleanup_free char *real = realpath(folder, NULL);

	if (!real && err_is_of_machine(errno))
		return err_errno(err, errno, "cannot open folder %s", folder);
	return real && str_starts(path, real) && (path[strlen(real)] == '/' || streq(real, "/"));
}

/* -EXDEV: the file is, where its links lead, in none of the permitted folders. */
static int read_permitted(const struct model *model, const char *path, struct configuration *c,
			  struct err *err)
{
	cleanup_free char *real = realpath(path, NULL);
	cleanup_free char *folder = beside(model->file, ".");

	if (!real)
		return err_errno(err, errno, "cannot open %s", path);
	int permitted = is_below(real, folder, err);
	for (size_t i = 0; permitted == 0 && model->folders && model->folders[i]; i++)
		permitted = is_below(real, model->folders[i], err);
	if (permitted < 0)
		return permitted;
	if (permitted == 0)
		return err_code(err, INVALID, EXDEV, "%s is outside the descriptor's folder", path);
	size_t max = streq(c->dst, DAY0_PLAN_PATH) ? DAY0_PLAN_MAX : FILE_MAX;
	return file_read(real, max, &c->content, &c->content_len, err);
}

static size_t base64_len(size_t len)
{
	return (len + 2) / 3 * 4;
}

/*
 * Reports that the file is unreadable. If the descriptor's folder has a file of that name, it is
 * checked instead, so that one run shows all errors.
 */
static void unreadable(const struct model *model, struct configuration *c, int r, const char *why,
		       struct findings *findings)
{
	cleanup_free char *q = quotable(c->dst ? c->dst : "");
	const char *slash = strrchr(c->path, '/');
	cleanup_free char *twin = beside(model->file, slash ? slash + 1 : c->path);
	const char *remedy = r == -EFBIG    ? "make it smaller"
			     : r == -EACCES ? "make it readable for the user who runs this"
			     : r == -EISDIR ? "use a file"
			     : r == -EXDEV  ? "permit its folder with --files"
					    : "create the file or correct <file>";
	cleanup_err struct err other = ERR_INIT;
	int of_twin = (r == -ENOENT || r == -EXDEV) && !streq(twin, c->path)
			      ? read_permitted(model, twin, c, &other)
			      : -ENOENT;
	bool found = of_twin == 0;

	complain(model, c->source_line, SEVERITY_ERROR, "day0-file", "%s: %s; %s%s%s%s", q, why,
		 remedy, found ? " (" : "", found ? twin : "", found ? " is checked instead)" : "");
	if (err_is_of_machine(of_twin))
		complain(model, c->source_line, SEVERITY_ERROR, "day0-file", "%s: %s", q,
			 other.text);
	if (found) {
		free(c->path);
		c->path = steal_ptr(twin);
	}
}

static void load_content(const struct model *model, struct configuration *c,
			 struct findings *findings)
{
	cleanup_err struct err err = ERR_INIT;

	if (c->data) {
		c->content = xstrdup(c->data);
		c->content_len = strlen(c->data);
		return;
	}
	if (!c->file)
		return; /* reported by the descriptor's reader */
	c->path = local_path(model, c, findings);
	if (!c->path)
		return;
	int r = read_permitted(model, c->path, c, &err);
	if (r < 0)
		unreadable(model, c, r, err.text, findings);
}

static void check_variables(const struct model *model, const struct vm_group *group,
			    const struct configuration *c, struct findings *findings)
{
	unsigned vms = group->scaling.max_active ? group->scaling.max_active : 1;

	for (size_t i = 0; i < c->n_variables; i++) {
		const struct variable *v = &c->variables[i];
		cleanup_free char *q = quotable(v->name);
		cleanup_free char *wanted = xasprintf("${%s}", v->name);
		if (v->values.n < vms)
			complain(model, v->line, SEVERITY_ERROR, "day0-variable",
				 "variable %s has %zu %s, but the group may have %u %s: give one "
				 "<val> per VM",
				 q, v->values.n, plural(v->values.n, "value", "values"), vms,
				 plural(vms, "VM", "VMs"));
		if (c->content && !memmem(c->content, c->content_len, wanted, strlen(wanted)))
			complain(model, v->line, SEVERITY_WARNING, "day0-variable",
				 "variable %s is not used: \"${%s}\" does not occur in the file", q,
				 q);
	}
}

static void read_content(const struct model *model, const struct configuration *c,
			 struct guest_links *links, struct findings *findings)
{
	cleanup_text struct text text = {0};
	bool user_data = streq(c->dst, "--user-data");
	size_t count;

	if (user_data && base64_len(c->content_len) > DAY0_USER_DATA_MAX)
		complain(model, c->line, SEVERITY_ERROR, "day0-size",
			 "the user data has %zu bytes, %zu after base64, but Nova accepts %d at "
			 "most: move files into the image, or compress it with gzip",
			 c->content_len, base64_len(c->content_len), DAY0_USER_DATA_MAX);
	text_init(&text, c->path ? c->path : model->file, c->content, c->content_len,
		  c->path ? 1 : c->source_line);
	for (size_t i = 0; i < c->n_variables; i++)
		if (c->variables[i].values.n > 0)
			text_substitute(&text, c->variables[i].name, c->variables[i].values.v[0],
					&count);
	check_private_key(&text, findings);
	if (user_data)
		user_data_read(&text, links, findings);
	else if (c->dst[0] != '/')
		drive_file_read(c->dst, &text, links);
	else
		configuration_read(c->dst, &text, links, findings);
}

/* The files together may exceed Nova's limit although each alone does not. */
static void check_composed(const struct model *model, const struct vm_group *group,
			   struct findings *findings)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *data = NULL;
	size_t len;
	unsigned line = group->line;

	for (size_t i = 0; i < group->n_configurations; i++) {
		const struct configuration *c = &group->configurations[i];
		if (c->content && streq(c->dst, "--user-data") &&
		    base64_len(c->content_len) > DAY0_USER_DATA_MAX)
			return; /* already reported */
		line = c->line;
	}
	if (day0_compose(group, 0, NULL, 0, &data, &len, &err) == -EFBIG)
		complain(model, line, SEVERITY_ERROR, "day0-size", "%s", err.text);
}

/* Nova's quotas, which a project may have raised: deploy asks the cloud. */
static void check_drive(const struct model *model, const struct vm_group *group,
			struct findings *findings)
{
	size_t n = 0;

	for (size_t i = 0; i < group->n_configurations; i++) {
		const struct configuration *c = &group->configurations[i];
		if (!c->dst || !configuration_on_drive(c))
			continue;
		cleanup_free char *q = quotable(c->dst);
		if (++n == DAY0_FILES_MAX + 1)
			complain(
				model, c->line, SEVERITY_WARNING, "day0-drive",
				"\"%s\" is file %zu on the config drive, and Nova's quota is %d by "
				"default (injected_files)",
				q, n, DAY0_FILES_MAX);
		if (base64_len(c->content_len) > DAY0_FILE_SIZE_MAX)
			complain(model, c->line, SEVERITY_WARNING, "day0-drive",
				 "\"%s\" has %zu bytes, %zu in base64, and Nova's quota for a file "
				 "on "
				 "the config drive is %d by default (injected_file_content_bytes)",
				 q, c->content_len, base64_len(c->content_len), DAY0_FILE_SIZE_MAX);
		if (strlen(c->dst) > DAY0_FILE_PATH_MAX)
			complain(model, c->line, SEVERITY_WARNING, "day0-drive",
				 "the path \"%s\" has %zu characters, and Nova's quota is %d by "
				 "default (injected_file_path_bytes)",
				 q, strlen(c->dst), DAY0_FILE_PATH_MAX);
	}
}

void day0_load(const struct model *model, struct vm_group *group, struct findings *findings)
{
	struct guest_links links = {0};

	for (size_t i = 0; i < group->n_configurations; i++) {
		struct configuration *c = &group->configurations[i];
		load_content(model, c, findings);
		check_variables(model, group, c, findings);
		tokens_read(model, group, c, findings);
		links.incomplete |= !c->content && c->file;
		if (!c->dst)
			continue;
		if (c->dst[0] == '/' || streq(c->dst, "--user-data") || configuration_on_drive(c)) {
			if (c->content)
				read_content(model, c, &links, findings);
		} else {
			cleanup_free char *q = quotable(c->dst);
			complain(model, c->line, SEVERITY_WARNING, "day0-dst",
				 "\"%s\" is not delivered: dst must be --user-data, an absolute "
				 "path in the guest, or a relative one on the config drive",
				 q);
		}
	}
	check_drive(model, group, findings);
	links_resolve(&links, &group->guest, findings);
	links_clear(&links);
	check_composed(model, group, findings);
}
