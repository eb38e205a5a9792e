// SPDX-License-Identifier: Apache-2.0
/* The files that day-0 writes in the guest: which program reads each, and scripts that are run. */
#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/program.h"
#include "day0/readers.h"

enum {
	FILES_MAX = 256,
	FILES_BYTES_MAX = 8 << 20,
	APPEND_MAX = 1 << 16,
	/* Longer names do not exist: PATH_MAX of <linux/limits.h>. */
	PATH_LEN_MAX = 4096,
};

struct guest_file *guest_file_find(const struct guest_links *links, const char *path)
{
	return array_find(links->files, links->n_files, streq(it->path, path));
}

/* The text followed by another one; each line keeps its line in the file. */
static void append(struct text *t, const struct text *more)
{
	struct text_builder b = {.text = {.file = t->file}};
	const struct text *both[] = {t, more};

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		size_t line = 0;
		for (size_t k = 0; k < both[i]->len; k++) {
			text_builder_add(&b, both[i]->s[k], text_line(both[i], line));
			line += both[i]->s[k] == '\n';
		}
	}
	struct text joined;
	text_builder_finish(&b, text_line(more, more->n_lines), &joined);
	text_clear(t);
	*t = joined;
}

struct guest_file *guest_file_put(struct guest_links *links, const char *path,
				  const struct text *text, bool appends)
{
	struct guest_file *f = guest_file_find(links, path);
	size_t bytes = text->len;

	for (size_t i = 0; i < links->n_files; i++)
		bytes += links->files[i].text.len;
	if (bytes > FILES_BYTES_MAX || strlen(path) > PATH_LEN_MAX)
		return NULL;
	if (f && appends) {
		if (f->text.len + text->len > APPEND_MAX)
			return NULL;
		append(&f->text, text);
		return f;
	}
	if (!f) {
		if (links->n_files == FILES_MAX)
			return NULL;
		f = array_push(links->files, links->n_files);
		f->path = xstrdup(path);
	}
	f->partial = appends;
	f->edited = false;
	text_clear(&f->text);
	text_init_slice(&f->text, text, 0, text->s, text->len);
	return f;
}

void guest_file_remove(struct guest_links *links, size_t i)
{
	struct guest_file *f = &links->files[i];
	struct network_file *written =
		array_find(links->written, links->n_written, streq(it->path, f->path));

	if (written) {
		free(written->path);
		memmove(written, written + 1,
			(size_t)(links->written + --links->n_written - written) * sizeof(*written));
	}
	free(f->path);
	text_clear(&f->text);
	memmove(f, f + 1, (--links->n_files - i) * sizeof(*f));
}

bool guest_file_copy(const char *from, const char *to, struct guest_links *links)
{
	const struct guest_file *f = guest_file_find(links, from);
	cleanup_text struct text text = {0};

	if (!f)
		return false;
	text_init_slice(&text, &f->text, 0, f->text.s, f->text.len);
	bool edited = f->edited;
	struct guest_file *copy = guest_file_put(links, to, &text, false);
	if (copy) {
		copy->pending = true;
		copy->edited = edited;
	}
	return copy;
}

static bool is_netplan(const char *path)
{
	return (str_starts(path, "/etc/netplan/") || str_starts(path, "/run/netplan/") ||
		str_starts(path, "/lib/netplan/")) &&
	       str_ends(path, ".yaml");
}

/* A script that is run at boot, or when an interface comes up. */
static bool is_hook(const char *path)
{
	return str_in_words("/etc/rc.local /etc/rc.d/rc.local", path) ||
	       str_starts(path, "/etc/init.d/") ||
	       (str_starts(path, "/etc/local.d/") && str_ends(path, ".start")) ||
	       str_starts(path, "/var/lib/cloud/scripts/per-") ||
	       str_starts(path, "/etc/network/if-") ||
	       str_starts(path, "/etc/NetworkManager/dispatcher.d/") ||
	       str_starts(path, "/etc/networkd-dispatcher/");
}

/* Runs the file, which is kept. */
static void defer_hook(const char *path, const struct text *text, struct guest_links *links)
{
	bool init = str_starts(path, "/etc/init.d/");
	cleanup_free char *command = xasprintf("%s%s", path, init ? " start" : "");

	links_defer_script(links, text, 0, command, str_starts(path, "/etc/network/if-"));
}

/* The value of "${NAME}" at s in the unit's environment, NAME=VALUE each; or NULL. */
static const char *unit_variable(const struct strv *environment, const char *s)
{
	size_t len = str_starts(s, "${") ? strcspn(s + 2, "}") : 0;
	const char *ret = NULL;

	for (size_t i = 0; len > 0 && i < environment->n; i++) {
		const char *v = environment->v[i];
		if (strncmp(v, s + 2, len) == 0 && v[len] == '=')
			ret = v + len + 1;
	}
	return ret;
}

/* systemd.service(5): "$$" is "$", and "%i" is known in the guest only. */
static void unit_command(struct strbuf *ret, const char *s, const struct strv *environment)
{
	for (; *s; s++) {
		const char *value = unit_variable(environment, s);
		if (value) {
			strbuf_adds(ret, value);
			s += strcspn(s, "}");
			continue;
		}
		bool twice = (*s == '$' || *s == '%') && s[1] == *s;
		if (*s == '%' && isalpha((unsigned char)s[1]))
			strbuf_adds(ret, "$");
		else
			strbuf_add(ret, s, 1);
		s += twice;
	}
}

/* "Environment=A=1 B=2" */
static void unit_environment(struct strv *ret, char *s)
{
	char *save = NULL;

	for (s = strtok_r(s, " \t\"'", &save); s; s = strtok_r(NULL, " \t\"'", &save))
		if (strchr(s, '='))
			strv_add(ret, s);
}

/* The Exec lines of a systemd unit. A line that ends with a backslash continues. */
static void unit_read(const struct text *text, struct guest_links *links)
{
	cleanup_free char *copy = xstrdup(text->s);
	cleanup_strv struct strv environment = {0};
	size_t line = 0;

	for (char *s = copy, *next; s; s = next) {
		size_t first = line, n;
		for (next = strchr(s, '\n'), line++; next; next = strchr(next, '\n'), line++) {
			if (next > s && next[-1] == '\\') {
				next[-1] = *next = ' ';
				continue;
			}
			*next++ = 0;
			break;
		}
		s += strspn(s, " \t");
		n = strcspn(s, " \t=");
		char *value = strchr(s, '=');
		if (!value || !str_starts(s, "E"))
			continue;
		value += 1 + strspn(value + 1, " \t@-:+!");
		if (strncmp(s, "Environment", n) == 0 && n == strlen("Environment"))
			unit_environment(&environment, value);
		if (!str_starts(s, "ExecStart"))
			continue;
		cleanup_strbuf struct strbuf command = {0};
		unit_command(&command, value, &environment);
		links_defer_script(links, text, first, command.s, false);
	}
}

/* A job of cron that may be about the network: run at boot, or when it says so. */
static bool is_network_job(const struct text *text, size_t line, const char *schedule,
			   const char *command, const struct guest_links *links)
{
	cleanup_text struct text job = {0};
	cleanup_free char *program = xstrndup(command, strcspn(command, " \t"));
	const struct guest_file *f = guest_file_find(links, program);

	text_init_at(&job, text, line, command, strlen(command));
	return str_starts(schedule, "@reboot") || mentions_network(&job) ||
	       (f && mentions_network(&f->text));
}

void crontab_read(const struct text *text, bool of_system, struct guest_links *links)
{
	cleanup_free char *copy = xstrdup(text->s);
	char *rest = copy, *s;

	for (size_t line = 0; (s = strsep(&rest, "\n")); line++) {
		s += strspn(s, " \t");
		const char *schedule = s;
		size_t fields = (*s == '@' ? 1 : 5) + of_system;
		if (*s == '#' || (strchr(s, '=') && isalpha((unsigned char)*s)))
			continue;
		for (; fields > 0; fields--) {
			s += strcspn(s, " \t");
			s += strspn(s, " \t");
		}
		if (*s && is_network_job(text, line, schedule, s, links))
			links_defer_script(links, text, line, s, false);
	}
}

static bool is_networkd(const char *path)
{
	const char *base = strstr(path, "/systemd/network/");

	return base && !strchr(base + strlen("/systemd/network/"), '/') &&
	       (str_ends(path, ".netdev") || str_ends(path, ".network") || str_ends(path, ".link"));
}

/* RHEL's "route-NAME" and "rule-NAME". */
static const char *route_file(const char *path, const char *base)
{
	bool of_rhel = strstr(path, "/network-scripts/") &&
		       (str_starts(base, "/route") || str_starts(base, "/rule"));
	const char *dash = strchr(base, '-');

	return of_rhel && dash ? dash + 1 : NULL;
}

/* Files that a program of the guest reads at a fixed place. False: it is none of these. */
static bool known_file_read(const char *path, const struct text *text, struct guest_links *links,
			    struct findings *findings)
{
	const char *base = strrchr(path, '/');
	bool unit = str_starts(path, "/etc/systemd/system/") ||
		    str_starts(path, "/usr/lib/systemd/system/") ||
		    str_starts(path, "/lib/systemd/system/");

	if (str_starts(path, "/etc/sysconfig/network/ifcfg-"))
		wicked_read(path, text, links, findings);
	else if (str_starts(path, "/etc/sysconfig/network/ifroute-"))
		wicked_routes_read(strchr(base, '-') + 1, text, links, findings);
	else if (streq(path, "/etc/sysconfig/network/routes"))
		wicked_routes_read(NULL, text, links, findings);
	else if (str_starts(base, "/ifcfg-"))
		ifcfg_read(path, text, links, findings);
	else if (route_file(path, base))
		ifcfg_routes_read(route_file(path, base), text, links);
	else if (strstr(path, "/NetworkManager/system-connections/") && base[1] != '.')
		keyfile_read(path, text, links, findings);
	else if (streq(path, "/etc/network/interfaces") ||
		 str_starts(path, "/etc/network/interfaces.d/"))
		ifupdown_read(text, links, findings);
	else if (is_networkd(path))
		networkd_read(path, text, links, findings);
	else if (is_netplan(path))
		network_file_read(path, text, DIALECT_NETPLAN, links, findings);
	else if (str_starts(path, "/etc/cloud/cloud.cfg.d/") && str_ends(path, ".cfg"))
		network_file_read(path, text, DIALECT_CLOUD_INIT_V2, links, findings);
	else if (unit && str_ends(path, ".service"))
		unit_read(text, links);
	else if (str_starts(path, "/etc/cron.d/") || streq(path, "/etc/crontab"))
		crontab_read(text, true, links);
	else if (str_starts(path, "/var/spool/cron/"))
		crontab_read(text, false, links);
	else if (is_hook(path))
		defer_hook(path, text, links);
	else
		return false;
	return true;
}

void guest_file_read(const char *path, const struct text *text, struct guest_links *links,
		     struct findings *findings)
{
	const char *names;

	if (is_passed_over(path, &names)) {
		cleanup_free char *q = quotable(path);
		if (names)
			report(findings, text, 0, SEVERITY_WARNING, "day0-unapplied",
			       "\"%s\" is not read, because %s only: rename it", q, names);
		return;
	}
	links_written(links, path, text);
	if (!strrchr(path, '/') || text_is_blank(text) ||
	    known_file_read(path, text, links, findings))
		return;
	if (is_network_path(path))
		links_unread(links, text, 0, true, path, "files of its kind are not read");
	else if (str_starts(path, "/etc/default/grub") && memmem(text->s, text->len, "bond=", 5))
		links_unread(links, text, 0, true, path, "arguments of the kernel are not read");
	else if (strstr(path, "/modprobe.d/") && memmem(text->s, text->len, "bonding", 7))
		links_unread(links, text, 0, true, path,
			     "options of the module bonding are not read");
}
