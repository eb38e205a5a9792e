// SPDX-License-Identifier: Apache-2.0
#include "day0/day0.h"
#include "day0/readers.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/yaml_tree.h"
#include "day0/decode.h"
#include "day0/jinja.h"
#include "day0/merge.h"
#include "day0/mime.h"
#include "day0/program.h"

/* The part of t that starts at offset. */
static void tail(const struct text *t, size_t offset, struct text *ret)
{
	size_t line = 0;

	for (size_t i = 0; i < offset; i++)
		line += t->s[i] == '\n';
	text_init_slice(ret, t, line, t->s + offset, t->len - offset);
}

static void shell_script(const struct text *t, struct guest_links *links, struct findings *findings)
{
	if (!str_starts(t->s, "#!")) {
		size_t blank = strspn(t->s, " \t\r\n");
		bool late = str_starts(t->s + blank, "#!");
		report(findings, t, 0, SEVERITY_ERROR, "day0-script",
		       late ? "\"#!\" is not at the start of the script, so the kernel refuses to "
			      "run it (Exec format error): remove the text before it"
			    : "the script does not begin with \"#!\" and an interpreter, so the "
			      "kernel refuses to run it (Exec format error)");
		if (!late)
			return;
	}
	program_text_read("the script", t, NULL, 0, links, findings);
}

/* cloud-init removes "#cloud-boothook" and blanks, then runs the rest. */
static void boothook(const struct text *t, struct guest_links *links, struct findings *findings)
{
	static const char start[] = "#cloud-boothook";
	size_t offset = str_starts(t->s, start) ? strlen(start) : 0;
	cleanup_text struct text script = {0};

	offset += strspn(t->s + offset, " \t\r\n");
	tail(t, offset, &script);
	shell_script(&script, links, findings);
}

struct template
{
	struct text source, rendered;
};

/* A part that is being read, and what is collected on the way. */
struct reading {
	struct guest_links *links;
	struct findings *findings;
	struct cloud_configs configs;
	struct mime_part *scripts;
	size_t n_scripts;
	struct template *templates;
	size_t n_templates;
};

static void jinja_unread(const struct text *t, struct guest_links *links, struct findings *findings)
{
	report(findings, t, 0, SEVERITY_NOTE, "day0-unread",
	       "the guest renders this jinja template, so the part is not checked");
	links_unread(links, t, 0, mentions_network(t), "the jinja template",
		     "what it renders depends on values that are known in the guest only");
}

/* Whether the line of the file has a value that is not known. */
static bool is_unknown_line(const struct text *rendered, unsigned line)
{
	const char *s = rendered->s;
	size_t i = 0;

	for (const char *end; (end = strstr(s, JINJA_UNKNOWN)); s = end + 1) {
		for (; s < end; s++)
			i += *s == '\n';
		if (text_line(rendered, i) == line)
			return true;
	}
	return false;
}

/* Removes the findings about unknown values, which may be right. Returns whether one of them was an
 * error. */
static bool drop_findings_of_unknown(const struct text *rendered, struct findings *findings,
				     size_t from)
{
	bool any = false;

	for (size_t i = findings->n; i-- > from;) {
		const struct finding *f = &findings->v[i];
		if (!streq(f->file, rendered->file) || !is_unknown_line(rendered, f->line))
			continue;
		any |= f->severity == SEVERITY_ERROR;
		findings_remove(findings, i);
	}
	return any;
}

static void part_read(struct reading *r, const struct mime_part *part, const char *type,
		      const struct text *t);

static void jinja(struct reading *r, const struct mime_part *part, const struct text *t)
{
	const char *nl = memchr(t->s, '\n', t->len);
	cleanup_text struct text rest = {0}, rendered = {0};

	tail(t, nl ? (size_t)(nl - t->s) + 1 : t->len, &rest);
	if (!jinja_render(&rest, &rendered)) {
		jinja_unread(t, r->links, r->findings);
		return;
	}
	const char *type = type_from_start(rendered.s, rendered.len);
	if (!streq(type, "text/jinja2"))
		part_read(r, part, type ? type : "text/plain", &rendered);
	struct template *kept = array_push(r->templates, r->n_templates);
	kept->rendered = steal(rendered);
	text_init_slice(&kept->source, t, 0, t->s, t->len);
}

/* Once everything is read: removes the findings about lines with unknown values. */
static void finish_templates(struct reading *r, size_t from)
{
	for (size_t i = 0; i < r->n_templates; i++) {
		struct template *t = &r->templates[i];
		if (drop_findings_of_unknown(&t->rendered, r->findings, from))
			jinja_unread(&t->source, r->links, r->findings);
		text_clear(&t->rendered);
		text_clear(&t->source);
	}
	free(r->templates);
}

/* A part of an archive; its members are the headers as well (user_data._explode_archive). */
static void archived(struct reading *r, const struct mime_part *of, struct yaml *y,
		     yaml_node_t *item)
{
	yaml_node_t *content = yaml_is_map(item) ? yaml_get(y, item, "content") : item;
	const char *type = yaml_str(yaml_get(y, item, "type"));
	const char *how = yaml_str(yaml_get(y, item, "Merge-Type"));
	const char *filename = yaml_str(yaml_get(y, item, "filename"));
	struct mime_part part = {
		.merge_type = (char *)(how ? how : yaml_str(yaml_get(y, item, "X-Merge-Type"))),
		.filename = (char *)(filename ? filename : of->filename),
	};
	cleanup_text struct text text = {0};

	if (!yaml_str(content))
		return;
	yaml_scalar_text(y, content, &text);
	if (!type)
		type = type_from_start(text.s, text.len);
	/* An archive in an archive is the part that cloud-init has just read. */
	if (!streq(type, "text/cloud-config-archive"))
		part_read(r, &part, type ? type : "text/cloud-config", &text);
}

/* "#cloud-config-archive": a list of parts, each a text or a mapping with content and type. */
static void archive(struct reading *r, const struct mime_part *of, const struct text *t)
{
	cleanup_yaml struct yaml y = {0};

	if (!yaml_load(&y, t, &cloud_init_yaml, r->findings)) {
		r->links->incomplete = true;
		return;
	}
	yaml_node_t *list = yaml_root(&y);
	if (!yaml_is_list(list)) {
		report(r->findings, t, yaml_line(list), SEVERITY_ERROR, "day0-yaml",
		       "a cloud-config-archive must be a list of parts: cloud-init ignores it");
		return;
	}
	for (size_t i = 0; i < yaml_len(list); i++)
		archived(r, of, &y, yaml_item(&y, list, i));
}

static void unknown_type(const char *type, const struct text *t, struct findings *findings)
{
	cleanup_free char *quoted_type = quotable(type);

	if (str_starts(t->s, "\xef\xbb\xbf"))
		report(findings, t, 0, SEVERITY_ERROR, "day0-type",
		       "a byte order mark (U+FEFF) precedes the first line, so cloud-init does not "
		       "recognize it and ignores the part: remove it (sed "
		       "'1s/^\\xef\\xbb\\xbf//')");
	else if (streq(type, "text/plain") || streq(type, "text/x-not-multipart"))
		report(findings, t, 0, SEVERITY_ERROR, "day0-type",
		       "cloud-init does not recognize the first line and ignores the part: begin "
		       "with \"#cloud-config\" or \"#!\", or set the type in a Content-Type "
		       "header");
	else
		report(findings, t, 0, SEVERITY_ERROR, "day0-type",
		       "cloud-init has no handler for type \"%s\" and ignores the part",
		       quoted_type);
}

/* A script is run later: its text is kept. */
static void keep_script(struct reading *r, const struct mime_part *part, const char *type,
			const struct text *t)
{
	struct mime_part *script = array_push(r->scripts, r->n_scripts);

	script->type = xstrdup(type);
	script->filename = xstrdup(part->filename);
	text_init_slice(&script->text, t, 0, t->s, t->len);
}

/* Whether a line begins so, after blanks. */
static bool has_line(const struct text *t, const char *start)
{
	for (const char *s = t->s; *s; s += *s == '\n') {
		s += strspn(s, " \t");
		if (str_starts(s, start))
			return true;
		s += strcspn(s, "\n");
	}
	return false;
}

/* The commands of a router or switch, as IOS XE, IOS XR, NX-OS and ASA read them. */
static bool is_of_device(const struct text *t)
{
	return has_line(t, "interface ") &&
	       (has_line(t, "hostname ") || has_line(t, "ip address ") ||
		has_line(t, "ipv4 address ") || has_line(t, "no shut"));
}

/* What images without cloud-init read instead of its formats, or NULL. */
static const char *foreign_format(const struct text *t)
{
	const char *s = t->s + strspn(t->s, " \t\r\n");

	if (*s == '{' && strstr(s, "\"ignition\""))
		return "Ignition";
	if (str_starts(s, "#ps1") || str_starts(s, "rem cmd"))
		return "a script for Windows";
	if (str_starts(s, "#junos-config") || (*s != '#' && is_of_device(t)))
		return "a configuration of a network device";
	return NULL;
}

void drive_file_read(const char *path, const struct text *text, struct guest_links *links)
{
	static const char *const words[] = {"interface", "gateway", "netmask",
					    "ipaddr",    "ip_addr", "ip-addr"};
	bool likely = foreign_format(text) || mentions_network(text);

	if (streq(path, DAY0_PLAN_PATH))
		return; /* it sets up no interface */
	if (likely || array_find(words, ARRAY_SIZE(words), strcasestr(text->s, *it)))
		links_unread(links, text, 0, likely, path,
			     "which program of the image reads this file is not known");
}

static void part_read(struct reading *r, const struct mime_part *part, const char *type,
		      const struct text *t)
{
	static const char *const unread[] = {
		"text/x-include-url",
		"text/x-include-once-url",
		"text/cloud-config-jsonp",
		"text/part-handler",
	};

	if (text_is_blank(t))
		return;
	const char *foreign = streq(type, "text/plain") || streq(type, "text/x-not-multipart")
				      ? foreign_format(t)
				      : NULL;
	if (foreign) {
		links_unread(r->links, t, 0, true, foreign,
			     "only the formats of cloud-init are read");
	} else if (streq(type, "text/cloud-config")) {
		cloud_config_add(&r->configs, t, part->merge_type, r->links, r->findings);
	} else if (streq(type, "text/cloud-boothook")) {
		boothook(t, r->links, r->findings);
	} else if (streq(type, "text/x-shellscript") ||
		   str_starts(type, "text/x-shellscript-per-")) {
		keep_script(r, part, type, t);
	} else if (streq(type, "text/jinja2")) {
		jinja(r, part, t);
	} else if (streq(type, "text/cloud-config-archive")) {
		archive(r, part, t);
	} else if (array_find(unread, ARRAY_SIZE(unread), streq(type, *it))) {
		report(r->findings, t, 0, SEVERITY_NOTE, "day0-unread",
		       "a part of type %s is not checked", type);
		links_unread(r->links, t, 0, false, type, "parts of its type are not read");
	} else {
		unknown_type(type, t, r->findings);
	}
}

static bool is_utf8(const char *s, size_t len, size_t *ret_line)
{
	size_t line = 0;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(s + i, len - i);
		if (n == 0) {
			*ret_line = line;
			return false;
		}
		line += s[i] == '\n';
		i += n;
	}
	return true;
}

/* Unpacks gzip. False if the rest cannot be read. */
static bool unpack(const struct text *text, struct text *ret, struct findings *findings)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *s = NULL;
	size_t len;

	if (!gzip_is(text->s, text->len)) {
		text_init_slice(ret, text, 0, text->s, text->len);
		return true;
	}
	if (gunzip(text->s, text->len, GUNZIP_MAX, &s, &len, &err) < 0) {
		report(findings, text, 0, SEVERITY_ERROR, "day0-gzip",
		       "this looks like gzip but cannot be unpacked: %s", err.text);
		return false;
	}
	text_init(ret, text->file, s, len, 1);
	return true;
}

void configuration_read(const char *path, const struct text *text, struct guest_links *links,
			struct findings *findings)
{
	links->stage = STAGE_FILES;
	if (is_shell_script(text)) {
		links->stage = STAGE_SCRIPTS;
		script_read(text, links, findings);
	} else {
		guest_file_written(path, text, links, findings);
	}
}

/* The folder's scripts run in the order of their names, and that of runcmd is one of them. The
 * folders of the other types come before. */
static int by_name(const void *a, const void *b)
{
	const struct mime_part *x = a, *y = b;
	bool x_user = streq(x->type, "text/x-shellscript");
	bool y_user = streq(y->type, "text/x-shellscript");

	return x_user != y_user ? x_user - y_user : strcmp(x->filename, y->filename);
}

/* In the order in which cloud-init runs them: modules, then scripts with runcmd among them. */
static void read_collected(struct reading *r)
{
	static const struct mime_part runcmd = {.type = (char *)"text/x-shellscript",
						.filename = (char *)"runcmd"};
	struct yaml *config = cloud_configs_merge(&r->configs, r->findings);
	size_t i = 0;

	if (config)
		cloud_config_read(config, r->links, r->findings);
	r->links->stage = STAGE_SCRIPTS;
	if (r->n_scripts > 0)
		qsort(r->scripts, r->n_scripts, sizeof(*r->scripts), by_name);
	for (; i < r->n_scripts && by_name(&r->scripts[i], &runcmd) < 0; i++)
		shell_script(&r->scripts[i].text, r->links, r->findings);
	if (config)
		cloud_config_run(config, r->links, r->findings);
	for (; i < r->n_scripts; i++)
		shell_script(&r->scripts[i].text, r->links, r->findings);
}

void user_data_read(const struct text *text, struct guest_links *links, struct findings *findings)
{
	cleanup_text struct text plain = {0};
	cleanup_parts struct mime_parts parts = {0};
	struct reading r = {.links = links, .findings = findings};
	size_t line, from = findings->n;

	if (!unpack(text, &plain, findings))
		return;
	if (text_is_blank(&plain)) {
		report(findings, text, 0, SEVERITY_WARNING, "day0-empty",
		       "this user data is empty");
		return;
	}
	if (mime_is(plain.s, plain.len) && !is_utf8(plain.s, plain.len, &line)) {
		report(findings, &plain, line, SEVERITY_ERROR, "day0-mime-encoding",
		       "this MIME message is not UTF-8, so cloud-init drops all of it");
		return;
	}
	mime_read(&plain, &parts, findings);
	links->stage = STAGE_BOOT;
	for (size_t i = 0; i < parts.n; i++)
		part_read(&r, &parts.v[i], parts.v[i].type, &parts.v[i].text);
	read_collected(&r);
	finish_templates(&r, from);
	cloud_configs_clear(&r.configs);
	parts_clear(&(struct mime_parts){.v = r.scripts, .n = r.n_scripts});
}
