// SPDX-License-Identifier: Apache-2.0
/* The files that day-0 writes in the guest: which program reads each, and scripts that are run. */
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
	return str_in_words("/etc/rc.local /etc/rc.d/rc.local /etc/init.d/boot.local", path) ||
	       str_starts(path, "/var/lib/cloud/scripts/per-") ||
	       str_starts(path, "/etc/network/if-") ||
	       str_starts(path, "/etc/NetworkManager/dispatcher.d/") ||
	       str_starts(path, "/etc/networkd-dispatcher/");
}

/* The Exec lines of a systemd unit. */
static void unit_read(const struct text *text, struct guest_links *links)
{
	cleanup_free char *copy = xstrdup(text->s);
	char *rest = copy, *s;

	for (size_t line = 0; (s = strsep(&rest, "\n")); line++) {
		s += strspn(s, " \t");
		char *command = str_starts(s, "ExecStart") ? strchr(s, '=') : NULL;
		if (command)
			links_defer_script(links, text, line,
					   command + 1 + strspn(command + 1, " \t@-:+!"), false);
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
	else if (is_hook(path))
		links_defer_script(links, text, 0, path, /* runs the file, which is kept */
				   str_starts(path, "/etc/network/if-"));
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
	else if (strstr(path, "/modprobe.d/") && memmem(text->s, text->len, "bonding", 7))
		links_unread(links, text, 0, true, path,
			     "options of the module bonding are not read");
}
