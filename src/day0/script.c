// SPDX-License-Identifier: Apache-2.0
#include "day0/readers.h"

#include "base/alloc.h"
#include "base/str.h"
#include "day0/shell.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The command's name without its folder, or "". */
static const char *program(const struct command *c)
{
	size_t i = command_name(c);

	return i < c->n_words ? base_name(c->words[i].s) : "";
}

/* Whether it is echo or printf with an argument that is not a variable. */
static bool prints_literal(const struct command *c)
{
	size_t i = command_name(c);

	if (!streq(program(c), "echo") && !streq(program(c), "printf"))
		return false;
	for (i++; i < c->n_words; i++)
		if (c->words[i].s[0] != '-' && !strpbrk(c->words[i].s, "$`"))
			return true;
	return false;
}

static void report_password(const struct text *text, size_t line, struct findings *findings)
{
	report(findings, text, line, SEVERITY_WARNING, "day0-password",
	       "the password is in plain text, readable by everyone who can read this file or the "
	       "instance's user data: use an SSH key or a hash (mkpasswd -m yescrypt)");
}

static bool is_hash(const char *s)
{
	return s[0] == '$' || s[0] == '!' || s[0] == '*';
}

/* "echo PASSWORD | passwd USER", "chpasswd << EOF", "useradd -p PASSWORD" */
static void look_for_password(const struct script *script, size_t i, const struct text *text,
			      struct findings *findings)
{
	const struct command *c = &script->v[i];
	const char *name = program(c);

	if (streq(name, "passwd") || streq(name, "chpasswd")) {
		bool typed = c->heredoc.s && c->heredoc.len > 0 && !strpbrk(c->heredoc.s, "$`");
		bool echoed = c->piped && i > 0 && prints_literal(&script->v[i - 1]);
		if (typed || echoed)
			report_password(text, c->line, findings);
	} else if (streq(name, "useradd") || streq(name, "usermod") || streq(name, "adduser")) {
		for (size_t k = command_name(c) + 1; k + 1 < c->n_words; k++)
			if ((streq(c->words[k].s, "-p") || streq(c->words[k].s, "--password")) &&
			    !is_hash(c->words[k + 1].s))
				report_password(text, c->words[k].line, findings);
	}
}

static void look_for_cloud_cfg(const struct command *c, const struct text *text,
			       struct findings *findings)
{
	static const char *const path = "/etc/cloud/cloud.cfg";
	const char *name = program(c);
	bool copies = streq(name, "cp") || streq(name, "mv") || streq(name, "install") ||
		      streq(name, "ln");
	const char *last = c->n_words > 2 ? c->words[c->n_words - 1].s : NULL;

	if (!(copies && streq(last, path)) && !streq(c->output, path))
		return;
	report(findings, text, c->line, SEVERITY_WARNING, "day0-cloud-cfg",
	       "the script replaces %s while cloud-init runs, with a file that is not in this "
	       "day-0: put the settings into /etc/cloud/cloud.cfg.d/ or into the image",
	       path);
}

/* Placeholders in commands other than nmcli, which reports its own. */
static void look_for_placeholder(const struct command *c, const struct text *text,
				 struct findings *findings)
{
	for (size_t i = 0; i < c->n_words; i++) {
		const char *s = c->words[i].s;
		if (s[0] == '<' || !is_placeholder(s))
			continue;
		cleanup_free char *q = quotable(s);
		report(findings, text, c->words[i].line, SEVERITY_ERROR, "day0-placeholder",
		       "\"%s\" is a placeholder, not an address: replace it", q);
	}
}

/* Index of the word among the command's arguments, or 0. */
static size_t word_index(const struct command *c, const char *word)
{
	for (size_t i = command_name(c) + 1; i < c->n_words; i++)
		if (streq(c->words[i].s, word))
			return i;
	return 0;
}

/* initscripts' network service: "systemctl restart network", "service network restart" */
static void look_for_network_service(const struct command *c, const struct text *text,
				     struct findings *findings)
{
	const char *name = program(c);
	bool service = streq(name, "service") && word_index(c, "network");
	bool unit = streq(name, "systemctl") &&
		    (word_index(c, "network") || word_index(c, "network.service"));
	size_t at = command_name(c);
	bool script = at < c->n_words && streq(c->words[at].s, "/etc/init.d/network");

	if (service || unit || script)
		report(findings, text, c->line, SEVERITY_WARNING, "day0-network-service",
		       "the service \"network\" is part of RHEL's network scripts, which RHEL 9 "
		       "removed and Debian never had: use \"nmcli connection up\", \"netplan "
		       "apply\" or the equivalent of the image's network stack");
}

/* "nova show SERVER --human | grep numa" */
static void look_for_nova_numa(const struct script *script, size_t i, const struct text *text,
			       struct findings *findings)
{
	const struct command *c = &script->v[i];
	const struct command *next = i + 1 < script->n ? &script->v[i + 1] : NULL;
	bool shows = (streq(program(c), "nova") && word_index(c, "show")) ||
		     (streq(program(c), "openstack") && word_index(c, "server") &&
		      word_index(c, "show"));

	if (!shows || !next || !next->piped || !streq(program(next), "grep"))
		return;
	for (size_t k = command_name(next) + 1; k < next->n_words; k++)
		if (strcasestr(next->words[k].s, "numa"))
			report(findings, text, c->line, SEVERITY_ERROR, "day0-nova-numa",
			       "this prints nothing about NUMA, because a server's details have no "
			       "such field: use GET /servers/ID/topology (microversion 2.78) or "
			       "dnsvnf verify");
}

void script_check(const struct script *script, size_t i, const struct text *text,
		  struct findings *findings)
{
	const struct command *c = &script->v[i];

	if (!streq(program(c), "nmcli") && !streq(program(c), "sh") && !streq(program(c), "bash"))
		look_for_placeholder(c, text, findings);
	look_for_password(script, i, text, findings);
	look_for_cloud_cfg(c, text, findings);
	look_for_network_service(c, text, findings);
	look_for_nova_numa(script, i, text, findings);
}
