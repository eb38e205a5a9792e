// SPDX-License-Identifier: Apache-2.0
#include "dns/tool.h"

#include <ctype.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/scratch.h"
#include "base/str.h"
#include "base/text.h"
#include "dns/conf.h"
#include "dns/run.h"
#include "model/guest.h"

enum { MESSAGES_MAX = 10 };

static const struct checker {
	const char *program, *main;
	const char *before, *after; /* arguments around the file; NULL: none */
	const char *tail;           /* added to the copy of the main file */
} checkers[DNS_SERVERS] = {
	[SERVER_KNOT] = {"knotc", "knot.conf", "-c", "conf-check", NULL},
	/* its defaults need the user and the folders of its package */
	[SERVER_UNBOUND] = {"unbound-checkconf", "unbound.conf", NULL, NULL,
			    "\nserver:\n\tusername: \"\"\n\tchroot: \"\"\n\tpidfile: \"\"\n"
			    "\tdirectory: \".\"\n"},
	[SERVER_NSD] = {"nsd-checkconf", "nsd.conf", NULL, NULL, NULL},
	[SERVER_BIND] = {"named-checkconf", "named.conf", NULL, NULL, NULL},
};

/* Keys of lines "key: value" that refer to users, folders and files of the guest. */
static const char machine_keys[] =
	"user username chroot directory pidfile rundir logfile root-hints auto-trust-anchor-file "
	"trust-anchor-file trusted-keys-file dlv-anchor-file cert-file key-file ca-file keyfile "
	"server-key-file server-cert-file control-key-file control-cert-file tls-service-key "
	"tls-service-pem tls-cert-bundle dnstap-socket-path dlopen python-script dynlib-file "
	"zonesdir "
	"zonelistfile xfrdfile database identity-file";

/* Messages about this machine instead of the file, and summaries. */
static const char *const of_machine[] = {
	"No such file",
	"not found",
	"does not exist",
	"cannot open",
	"could not open",
	"Permission denied",
	"unable to open",
	"not exist",
	"cannot access",
	"getpwnam",
	"errors in configuration file",
};

/* Messages about what another file may define. */
static const char *const of_others[] = {
	"undefined", "not defined", "unknown key '", "reference", "no such",
};

static const struct written_file *delivered(const struct guest_network *guest, const char *path,
					    size_t *ret_index)
{
	const struct written_file *file = guest_written_find(guest, path);

	if (file)
		*ret_index = (size_t)(file - guest->written);
	return file;
}

/* The path in a line "include: PATH" or "include "PATH";"; the caller frees, NULL: none. */
static char *included(const char *line, size_t len)
{
	cleanup_free char *copy = xstrndup(line, len);
	char *s = copy + strspn(copy, " \t");

	if (!str_starts(s, "include"))
		return NULL;
	s += strlen("include");
	if (*s != ':' && !isspace((unsigned char)*s))
		return NULL;
	s += strspn(s, ": \t\"'");
	return xstrndup(s, strcspn(s, "\"';# \t\r"));
}

/* Whether the line's key is one of machine_keys. */
static bool is_of_machine(const char *line, size_t len)
{
	cleanup_free char *copy = xstrndup(line, len);
	char *s = copy + strspn(copy, " \t-");

	s[strcspn(s, ":")] = 0;
	return strlen(s) < strlen(copy) && *s && !strpbrk(s, " ,") && str_in_words(machine_keys, s);
}

/* "directory" and the like of named.conf, which must exist here: "." does. */
static bool add_named_folder(struct strbuf *b, const char *line, size_t len)
{
	cleanup_free char *copy = xstrndup(line, len);
	const char *word = strstr(copy, "directory");
	const char *quote = word ? strchr(word, '"') : NULL;
	const char *end = quote ? strchr(quote + 1, '"') : NULL;

	if (!end)
		return false;
	strbuf_add(b, copy, (size_t)(quote - copy));
	strbuf_addf(b, "\".\"%s", end + 1);
	return true;
}

static bool is_comment(const char *line, bool named)
{
	const char *s = line + strspn(line, " \t");

	return *s == '#' || (named && str_starts(s, "//"));
}

/*
 * Whether the copy of a line may have the checker read another file than the copies, whose content
 * its messages would quote: a statement that is not the line's first.
 */
static bool reads_others(const char *copied, bool named)
{
	cleanup_free char *copy = xstrdup(copied);
	char *rest = copy, *word;

	if (strcasestr(copied, "include"))
		return true;
	while (!named && (word = strsep(&rest, " \t\"':"))) {
		const char *end = copied + (word - copy) + strlen(word);

		/* "database:" alone begins a section */
		if (*word && *end == ':' && end[1 + strspn(end + 1, " \t\r")] &&
		    str_in_words(machine_keys, word))
			return true;
	}
	return false;
}

/* False: the checker must not read the copy. */
static bool add_line(struct strbuf *b, const struct dns_conf *conf,
		     const struct guest_network *guest, const char *line, size_t len)
{
	cleanup_free char *path = included(line, len);
	bool named = conf->server == SERVER_BIND;
	size_t before = b->len, index;

	if (path && delivered(guest, path, &index))
		strbuf_addf(b, named ? "include \"f%zu\";" : "include: \"f%zu\"", index);
	else if (path)
		strbuf_adds(b, named ? "include \"/dev/null\";" : "");
	else if (named ? !add_named_folder(b, line, len) : !is_of_machine(line, len))
		strbuf_add(b, line, len);
	if (path || b->len == before || !reads_others(b->s + before, named))
		return true;
	if (!is_comment(b->s + before, named))
		return false;
	b->len = before; /* after the end of a comment of several lines it would be read */
	b->s[before] = 0;
	return true;
}

/* A copy of the file with the same line numbers. */
static int rewrite(const struct dns_conf *conf, const struct guest_network *guest,
		   const struct written_file *file, const char *tail, struct strbuf *ret,
		   struct err *err)
{
	const char *s = file->text->s, *end = s + file->text->len;

	for (size_t line = 1; s < end; line++) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));

		if (!add_line(ret, conf, guest, s, (size_t)((nl ? nl : end) - s)))
			return err_set(err, INVALID,
				       "line %zu of %s may have it read other files of this "
				       "machine: begin a line with each such statement",
				       line, file->path);
		strbuf_adds(ret, "\n");
		s = nl ? nl + 1 : end;
	}
	if (tail)
		strbuf_adds(ret, tail);
	return 0;
}

static bool is_main(const struct dns_conf *conf, const struct written_file *file)
{
	const char *slash = strrchr(file->path, '/');

	return streq(slash ? slash + 1 : file->path, checkers[conf->server].main);
}

static int write_copies(const struct dns_conf *conf, const struct guest_network *guest,
			const char *folder, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < guest->n_written && r == 0; i++) {
		const struct written_file *file = &guest->written[i];
		cleanup_free char *path = xasprintf("%s/f%zu", folder, i);
		cleanup_strbuf struct strbuf copy = {0};
		bool checked = is_main(conf, file) || file == conf->file;

		if (dns_server_of(file->path) != (int)conf->server)
			continue;
		r = rewrite(conf, guest, file, checked ? checkers[conf->server].tail : NULL, &copy,
			    err);
		if (r == 0)
			r = run_file(path, copy.s ? copy.s : "", copy.len, err);
	}
	return r;
}

/* ---- the checker's messages ---- */

static bool has_one_of(const char *message, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasestr(message, texts[i]))
			return true;
	return false;
}

static bool is_about_machine(const char *message)
{
	return has_one_of(message, of_machine, ARRAY_SIZE(of_machine));
}

/* Where the copy's name stands in a message, not as part of another word; or NULL. */
static const char *name_in(const char *message, const char *name)
{
	const char *at = message;

	while ((at = strstr(at, name))) {
		const char *after = at + strlen(name);

		if ((at == message || !isalnum((unsigned char)at[-1])) &&
		    !isalnum((unsigned char)*after))
			return at;
		at = after;
	}
	return NULL;
}

/* The number after ":" or "line " that follows the copy's name, from 1; 0: none. */
static unsigned long line_in(const char *message, const char *name, const char **ret_rest)
{
	const char *at = name_in(message, name);
	const char *digits = at ? strpbrk(at + strlen(name), "0123456789") : NULL;
	char *end;

	if (!digits || digits - at > 20)
		return 0;
	unsigned long line = strtoul(digits, &end, 10);
	end += strspn(end, "): ,");
	*ret_rest = end;
	return line;
}

/* "unknown keyword" of "error: unknown keyword". */
static const char *without_severity(const char *s)
{
	static const char *const words[] = {"error: ", "fatal error: ", "warning: "};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_starts(s, words[i]))
			return s + strlen(words[i]);
	return s;
}

/* Reports a message about a line of the file, unless it is last_line. Returns the line; 0: none. */
static unsigned long report_message(const struct dns_conf *conf, const struct written_file *file,
				    size_t index, const char *message, unsigned long last_line,
				    struct findings *findings)
{
	cleanup_free char *name = xasprintf("f%zu", index);
	const char *rest = "";
	unsigned long line = line_in(message, name, &rest);
	bool elsewhere = conf->partial && has_one_of(message, of_others, ARRAY_SIZE(of_others));

	if (line == 0 || line == last_line) /* only the first message about a line */
		return line;
	report(findings, file->text, line - 1, elsewhere ? SEVERITY_NOTE : SEVERITY_ERROR,
	       elsewhere ? "dns-conf-unread" : "dns-conf", "%s: %.200s%s",
	       checkers[conf->server].program, without_severity(rest),
	       elsewhere ? " (it may be in a file that only the guest has)"
			 : ", so the server does not start");
	return line;
}

/* False: no message refers to a line of a file. */
static bool report_messages(const struct dns_conf *conf, const struct guest_network *guest,
			    char *output, struct findings *findings)
{
	size_t messages = 0;
	unsigned long last_line = 0;
	char *rest = output, *message;

	while ((message = strsep(&rest, "\n")) && messages < MESSAGES_MAX) {
		unsigned long line = 0;

		for (size_t i = guest->n_written; i-- > 0 && !line;)
			if (dns_server_of(guest->written[i].path) == (int)conf->server &&
			    !is_about_machine(message))
				line = report_message(conf, &guest->written[i], i, message,
						      last_line, findings);
		messages += line > 0;
		last_line = line ? line : last_line;
	}
	return messages > 0;
}

static void report_unread(const struct dns_conf *conf, struct findings *findings, const char *why)
{
	report(findings, conf->file->text, 0, SEVERITY_NOTE, "dns-conf-unread",
	       "whether %s accepts this file is unknown: %s", dns_server_name(conf->server), why);
}

/* The first line that is not blank, for a message. */
static char *first_line(const char *output)
{
	const char *s = output + strspn(output, " \t\n");

	return xstrndup(s, strcspn(s, "\n") < 200 ? strcspn(s, "\n") : 200);
}

static int check_in(const struct dns_conf *conf, const struct guest_network *guest,
		    const char *program, const char *folder, char **ret_output, struct err *err)
{
	const struct checker *c = &checkers[conf->server];
	const struct written_file *main = conf->file;
	cleanup_free char *name = NULL;

	for (size_t i = 0; i < guest->n_written; i++)
		if (dns_server_of(guest->written[i].path) == (int)conf->server &&
		    is_main(conf, &guest->written[i]))
			main = &guest->written[i];
	int r = write_copies(conf, guest, folder, err);
	if (r < 0)
		return r;
	name = xasprintf("f%zu", (size_t)(main - guest->written));

	const char *argv[] = {program, NULL, NULL, NULL, NULL};
	size_t n = 1;
	if (c->before)
		argv[n++] = c->before;
	argv[n++] = name;
	if (c->after)
		argv[n++] = c->after;
	return run_checker(folder, argv, ret_output, err);
}

void tool_check_conf(const struct dns_conf *conf, const struct guest_network *guest,
		     struct findings *findings)
{
	const struct checker *c = &checkers[conf->server];
	cleanup_free char *program = run_find(c->program), *output = NULL, *first = NULL;
	cleanup_scratch struct scratch folder = {0};
	cleanup_err struct err err = ERR_INIT;

	if (!program) {
		cleanup_free char *why = xasprintf("%s is not installed here", c->program);

		return report_unread(conf, findings, why);
	}
	int r = run_folder(&folder, &err);
	if (r >= 0)
		r = check_in(conf, guest, program, folder.path, &output, &err);
	if (r < 0)
		return report_unread(conf, findings, err.text);
	if (r == 0)
		return;
	first = first_line(output);
	if (!report_messages(conf, guest, output, findings)) {
		cleanup_free char *why = xasprintf("%s says: %s", c->program, first);

		report_unread(conf, findings, why);
	}
}

/* "f:12: unknown RR type 'FOO'", "zone example.test/IN: has 0 SOA records" */
static void report_zone_message(const struct written_file *file, const char *output,
				struct findings *findings)
{
	cleanup_free char *message = first_line(output);
	const char *rest = message;
	unsigned long line = line_in(message, "zonefile", &rest);

	if (!is_about_machine(message))
		report(findings, file->text, line ? line - 1 : 0, SEVERITY_ERROR, "zone-syntax",
		       "named-checkzone: %s", line ? rest : message);
}

void tool_check_zone(const char *zone, const struct written_file *file, struct findings *findings)
{
	cleanup_free char *program = run_find("named-checkzone"), *output = NULL, *path = NULL;
	cleanup_scratch struct scratch folder = {0};
	const char *const argv[] = {program, "-i",        "local", "-k",       "ignore",
				    "-o",    "/dev/null", zone,    "zonefile", NULL};

	if (!program || *zone == '-' || run_folder(&folder, NULL) < 0)
		return;
	path = xasprintf("%s/zonefile", folder.path);
	if (run_file(path, file->text->s, file->text->len, NULL) == 0 &&
	    run_checker(folder.path, argv, &output, NULL) > 0)
		report_zone_message(file, output, findings);
}
