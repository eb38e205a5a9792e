// SPDX-License-Identifier: Apache-2.0
/*
 * Network files are written after the network has been set up (cloud-init.service runs after
 * cloud-init-local.service and the network's own), so a command must make their program read them.
 */
#include "base/alloc.h"
#include "base/str.h"
#include "day0/link.h"
#include "day0/program.h"
#include "day0/shell.h"

enum { FILES_MAX = 256 };

void links_file(struct guest_links *links, const char *path, const struct text *text,
		unsigned needs)
{
	struct network_file *f =
		array_find(links->written, links->n_written, streq(it->path, path));

	if (!needs || (!f && links->n_written == FILES_MAX))
		return;
	if (!f) {
		f = array_push(links->written, links->n_written);
		f->path = xstrdup(path);
	}
	f->file = text->file;
	f->line = text_line(text, 0);
	f->needs = needs;
	f->stage = links->stage;
	f->applied = false;
	for (unsigned s = links->stage + 1; s < N_STAGES; s++)
		f->applied |= (links->applied[s] & needs) != 0;
}

/* The programs that read the file of that path. */
static unsigned path_needs(const char *path)
{
	const char *base = strrchr(path, '/');

	if (!base)
		return 0;
	if (str_starts(base, "/ifcfg-") && !str_starts(base, "/ifcfg-lo"))
		return str_starts(path, "/etc/sysconfig/network/")
			       ? APPLY_WICKED | APPLY_IFUP | APPLY_NETWORK_MANAGER
			       : APPLY_NETWORK_MANAGER | APPLY_IFUP;
	if (str_starts(path, "/etc/netplan/"))
		return str_ends(path, ".yaml") ? APPLY_NETPLAN : 0;
	if (str_starts(path, "/etc/NetworkManager/system-connections/"))
		return APPLY_NETWORK_MANAGER;
	if (str_starts(path, "/etc/systemd/network/"))
		return APPLY_NETWORKD;
	if (streq(path, "/etc/network/interfaces") ||
	    str_starts(path, "/etc/network/interfaces.d/"))
		return APPLY_IFUP;
	return 0;
}

void links_written(struct guest_links *links, const char *path, const struct text *text)
{
	links_file(links, path, text, path_needs(path));
}

void links_apply(struct guest_links *links, unsigned bits)
{
	links->applied[links->stage] |= bits;
	for (size_t i = 0; i < links->n_written; i++)
		if (links->written[i].stage <= links->stage && links->written[i].needs & bits)
			links->written[i].applied = true;
}

/* The programs that read their files when the service of that name starts. */
static unsigned service_bits(const char *name)
{
	static const struct {
		const char *name;
		unsigned bits;
	} services[] = {
		{"systemd-networkd", APPLY_NETWORKD | APPLY_NETPLAN},
		{"NetworkManager", APPLY_NETWORK_MANAGER},
		{"network-manager", APPLY_NETWORK_MANAGER},
		{"network", APPLY_NETWORK_MANAGER | APPLY_IFUP | APPLY_WICKED},
		{"networking", APPLY_IFUP},
		{"wicked", APPLY_WICKED},
		{"reboot.target", APPLY_ALL},
	};
	size_t len = strlen(name);

	if (str_ends(name, ".service"))
		len -= strlen(".service");
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (strlen(services[i].name) == len && strncmp(name, services[i].name, len) == 0)
			return services[i].bits;
	return 0;
}

/* Whether one of the words is an argument of the command. */
static bool has_word(const struct command *c, size_t at, const char *words)
{
	for (size_t i = at; i < c->n_words; i++)
		if (str_in_words(words, c->words[i].s))
			return true;
	return false;
}

/* systemctl, service and the scripts in /etc/init.d */
static unsigned service_command(const struct command *c, size_t at)
{
	unsigned bits = 0;

	bool starts = has_word(c, at, "enable reenable") && has_word(c, at, "--now");

	if (!starts && !has_word(c, at,
				 "restart start reload try-restart reload-or-restart force-reload "
				 "condrestart isolate"))
		return has_word(c, at, "reboot kexec soft-reboot") ? APPLY_ALL : 0;
	for (size_t i = at; i < c->n_words; i++)
		bits |= service_bits(c->words[i].s);
	return bits;
}

static unsigned reboot_command(const struct command *c, const char *name, size_t at)
{
	if (streq(name, "reboot"))
		return APPLY_ALL;
	if (streq(name, "shutdown") && has_word(c, at, "-r --reboot -rf -fr"))
		return APPLY_ALL;
	return str_in_words("init telinit", name) && has_word(c, at, "6") ? APPLY_ALL : 0;
}

static unsigned command_bits(const struct command *c)
{
	size_t at = command_name(c);
	const char *path = at < c->n_words ? c->words[at].s : "", *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (streq(name, "netplan"))
		return has_word(c, at + 1, "apply try") ? APPLY_NETPLAN : 0;
	if (streq(name, "nmcli"))
		return has_word(c, at + 1, "reload load r rel relo reloa lo loa")
			       ? APPLY_NETWORK_MANAGER
			       : 0;
	if (streq(name, "networkctl"))
		return has_word(c, at + 1, "reload reconfigure") ? APPLY_NETWORKD : 0;
	if (str_in_words("ifup ifreload", name))
		return APPLY_IFUP;
	if (streq(name, "wicked"))
		return has_word(c, at + 1, "ifup ifreload") ? APPLY_WICKED : 0;
	if (streq(name, "rcnetwork"))
		return has_word(c, at + 1, "restart reload start") ? APPLY_WICKED : 0;
	if (str_in_words("systemctl service rc-service invoke-rc.d", name))
		return service_command(c, at + 1);
	if (slash && str_starts(path, "/etc/init.d/"))
		return service_bits(name);
	if (streq(name, "cloud-init"))
		return APPLY_CLOUD_INIT;
	return reboot_command(c, name, at + 1);
}

bool command_reads_files(const struct command *c)
{
	return command_bits(c) != 0;
}

void command_applies(struct guest_links *links, const struct command *c)
{
	unsigned bits = command_bits(c);

	if (bits)
		links_apply(links, bits);
}

/* What to do, by the first program that would read the file. */
static const char *remedy(unsigned needs)
{
	return needs & APPLY_NETPLAN           ? "run \"netplan apply\" in runcmd"
	       : needs & APPLY_WICKED          ? "run \"wicked ifreload all\" in runcmd"
	       : needs & APPLY_NETWORK_MANAGER ? "run \"nmcli connection reload\" and \"nmcli "
						 "connection up\" in runcmd"
	       : needs & APPLY_NETWORKD        ? "run \"networkctl reload\" in runcmd"
	       : needs & APPLY_IFUP            ? "run \"ifup\" for its interfaces in runcmd"
					       : "cloud-init sets up the network before it writes "
						 "files and not again on later boots, so put it "
						 "into the image or use another dialect";
}

void links_check_applied(const struct guest_links *links, struct findings *findings)
{
	bool known = links->n_unread == 0 && !links->incomplete; /* all that may apply one */
	unsigned reported = 0;

	for (size_t i = 0; known && i < links->n_written; i++) {
		const struct network_file *f = &links->written[i];
		if (f->applied || (reported & f->needs) == f->needs)
			continue;
		reported |= f->needs;
		cleanup_free char *q = quotable(f->path);
		findings_add(
			findings, SEVERITY_WARNING, "day0-unapplied", f->file, f->line, NULL,
			"\"%s\" is written after the network is up, and nothing applies it: %s", q,
			remedy(f->needs));
	}
}

void links_check_modes(const struct guest_links *links, struct findings *findings)
{
	bool known = links->n_unread == 0 && !links->incomplete;

	for (size_t i = 0; known && i < links->n_files; i++) {
		const struct guest_file *f = &links->files[i];
		const char *names;
		if (!f->exposed || !strstr(f->path, "/NetworkManager/system-connections/") ||
		    is_passed_over(f->path, &names))
			continue;
		cleanup_free char *q = quotable(f->path);
		report(findings, &f->text, 0, SEVERITY_ERROR, "day0-keyfile",
		       "others than root may read \"%s\", so NetworkManager refuses it: give it "
		       "the permissions '0600'",
		       q);
	}
}
