// SPDX-License-Identifier: Apache-2.0
/* The effect of a script's commands on the guest's network. */
#include <ctype.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/str.h"
#include "day0/branch.h"
#include "day0/program.h"
#include "day0/readers.h"
#include "day0/shell.h"

enum {
	DEPTH_MAX = 8, /* of scripts that run others */
	RUNS_MAX = 1000,
};

struct run {
	const struct command *c;
	size_t at;                    /* index of the program's name */
	const char *name;             /* without the folder */
	const char *folder;           /* the working folder, or NULL */
	const struct command *before; /* its output is the input, or NULL */
	const struct text *text;
	struct guest_links *links;
	struct findings *findings;
};

/* "" past the last one. */
static const char *word(const struct run *r, size_t i)
{
	return i < r->c->n_words ? r->c->words[i].s : "";
}

static void unread(const struct run *r, bool likely, const char *what, const char *why)
{
	links_unread(r->links, r->text, r->c->line, likely, what, why);
}

/* The words from i on, borrowed; the caller frees the array. */
static char **arguments(const struct run *r, size_t i, size_t *ret_n)
{
	size_t n = i < r->c->n_words ? r->c->n_words - i : 0;
	char **v = xcalloc(n + 1, sizeof(*v));

	for (size_t k = 0; k < n; k++)
		v[k] = r->c->words[i + k].s;
	*ret_n = n;
	return v;
}

/* The script that word i is, with the words after the next one as its arguments. */
static void run_inline(const struct run *r, size_t i)
{
	const struct word *w = &r->c->words[i];
	cleanup_text struct text inner = {0};
	size_t n;
	cleanup_free char **v = arguments(r, i + 2, &n);

	text_init_at(&inner, r->text, w->line, w->s, strlen(w->s));
	script_run(&inner, v, n, r->links, r->findings);
}

/* "xargs nmcli ..." */
static bool words_mention_network(const struct run *r)
{
	for (size_t i = r->at; i < r->c->n_words; i++) {
		cleanup_text struct text text = {0};
		text_init_at(&text, r->text, r->c->line, word(r, i), strlen(word(r, i)));
		if (mentions_network(&text) || streq(word(r, i), "ip") ||
		    is_network_path(word(r, i)))
			return true;
	}
	return false;
}

/* The program that word i is the path of. */
static void run_file(const struct run *r, size_t i)
{
	cleanup_free char *path = path_from(r->folder, word(r, i));
	struct guest_file *f = guest_file_find(r->links, path);
	cleanup_text struct text text = {0};
	size_t n;
	cleanup_free char **v = arguments(r, i + 1, &n);

	if (!f) {
		unread(r, words_mention_network(r), path,
		       has_variable(path) ? "which program it is, is known in the guest only"
					  : "the program is not in day-0");
		return;
	}
	if (f->running)
		return;
	f->running = true;
	text_init_slice(&text, &f->text, 0, f->text.s, f->text.len);
	program_text_read(path, &text, v, n, r->links, r->findings);
	f = guest_file_find(r->links, path);
	if (f)
		f->running = false;
}

static bool is_shell(const char *name)
{
	return str_in_words("sh bash dash ash ksh zsh mksh busybox", name);
}

/* "sh -xc '...'", "bash -l FILE", "bash << EOF" */
static void run_shell(const struct run *r)
{
	size_t i = r->at + 1;
	bool command = false, input = false;

	for (; i < r->c->n_words && strchr("-+", word(r, i)[0]) && word(r, i)[0]; i++) {
		const char *s = word(r, i);
		if (streq(s, "--") || streq(s, "-")) {
			i++;
			break;
		}
		if (s[1] == '-') {
			i += streq(s, "--rcfile") || streq(s, "--init-file");
			continue;
		}
		command |= strchr(s, 'c') != NULL;
		input |= strchr(s, 's') != NULL;
		i += strchr(s, 'o') || strchr(s, 'O');
	}
	if (command && i < r->c->n_words)
		run_inline(r, i);
	else if (!command && !input && i < r->c->n_words)
		run_file(r, i);
	else if (r->c->heredoc.s)
		script_read(&r->c->heredoc, r->links, r->findings);
	else if (r->c->piped)
		unread(r, false, r->name, "the script that it is given is not in day-0");
}

/* "su - USER -c '...'", "runuser -u USER -- COMMAND" */
static void run_su(const struct run *r)
{
	for (size_t i = r->at + 1; i + 1 < r->c->n_words; i++)
		if (streq(word(r, i), "-c") || streq(word(r, i), "--command"))
			run_inline(r, i + 1);
}

/* "eval 'nmcli ...'" */
static void run_eval(const struct run *r)
{
	cleanup_strbuf struct strbuf line = {0};
	cleanup_text struct text inner = {0};

	for (size_t i = r->at + 1; i < r->c->n_words; i++)
		strbuf_addf(&line, "%s ", word(r, i));
	text_init_at(&inner, r->text, r->c->line, line.s ? line.s : "", line.len);
	script_read(&inner, r->links, r->findings);
}

/* Files that the script edits: what they had defined is no longer known. */
static void edit_file(const struct run *r, const char *s)
{
	cleanup_free char *path = path_from(r->folder, s);
	bool network = is_network_path(path);

	for (size_t i = 0; i < r->links->n_files && !has_variable(path); i++) {
		struct guest_file *f = &r->links->files[i];
		if (!path_is_in(f->path, r->folder, s))
			continue;
		f->edited = true;
		links_forget(r->links, &f->text, r->findings);
		network |= is_network_path(f->path);
	}
	if (network)
		unread(r, true, path, "how the script edits it is not read");
}

/* "rm -f /etc/netplan/50-cloud-init.yaml": what a file of day-0 had defined is gone with it. */
static void remove_files(const struct run *r)
{
	for (size_t i = r->at + 1; i < r->c->n_words; i++) {
		const char *s = word(r, i);
		for (size_t k = r->links->n_files; *s != '-' && !has_variable(s) && k-- > 0;) {
			struct guest_file *f = &r->links->files[k];
			if (!is_network_path(f->path) || !path_is_in(f->path, r->folder, s))
				continue;
			links_forget(r->links, &f->text, r->findings);
			guest_file_remove(r->links, k);
		}
	}
}

/* Index of the first file of "sed -i EXPRESSION FILE...", "perl -pi -e EXPRESSION FILE...";
 * n_words: it edits none in place. */
static size_t edited_files(const struct run *r)
{
	bool edits = false, expression = false;
	size_t i = r->at + 1;

	for (; i < r->c->n_words && word(r, i)[0] == '-'; i++) {
		const char *s = word(r, i);
		edits |= str_starts(s, "--in-place") || (s[1] != '-' && strchr(s, 'i'));
		if (str_in_words("-f --file --expression", s) ||
		    (s[1] != '-' && str_ends(s, "e"))) {
			expression = true;
			i++;
		}
	}
	return !edits ? r->c->n_words : i + !expression;
}

/* "python3 FILE", "perl -e '...'", "python3 << EOF": not read. */
static void run_interpreter(const struct run *r)
{
	bool likely = r->c->heredoc.s && mentions_network(&r->c->heredoc);

	for (size_t i = streq(r->name, "perl") ? edited_files(r) : SIZE_MAX; i < r->c->n_words; i++)
		edit_file(r, word(r, i));
	for (size_t i = r->at + 1; i < r->c->n_words; i++) {
		const struct guest_file *f = guest_file_find(r->links, word(r, i));
		cleanup_text struct text inner = {0};
		text_init_at(&inner, r->text, r->c->line, word(r, i), strlen(word(r, i)));
		likely |= mentions_network(f ? &f->text : &inner);
	}
	unread(r, likely, r->name, "only shell scripts are read");
}

/* What echo prints, or printf with a format that is a plain text. */
static char *printed_words(const struct run *r)
{
	struct strbuf b = {0};
	size_t i = r->at + 1;
	bool print = streq(r->name, "printf"), escapes = print, newline = !print;

	for (; i < r->c->n_words && word(r, i)[0] == '-' && word(r, i)[1] &&
	       strspn(word(r, i) + 1, "neE") == strlen(word(r, i)) - 1;
	     i++) {
		escapes |= strchr(word(r, i), 'e') != NULL;
		newline &= strchr(word(r, i), 'n') == NULL;
	}
	for (size_t first = i; i < r->c->n_words; i++) {
		if (i > first)
			strbuf_adds(&b, " ");
		for (const char *s = word(r, i); *s; s++) {
			bool line = escapes && s[0] == '\\' && s[1] == 'n';
			bool tab = escapes && s[0] == '\\' && s[1] == 't';
			strbuf_add(&b, line ? "\n" : tab ? "\t" : s, 1);
			s += line || tab;
		}
	}
	if (newline)
		strbuf_adds(&b, "\n");
	return strbuf_steal(&b);
}

/* What the command prints. False: that is known only in the guest. */
static bool printed(const struct run *r, struct text *ret)
{
	const char *format = word(r, r->at + 1);
	struct strbuf b = {0};

	if (r->c->heredoc.s && str_in_words("cat tee", r->name)) {
		text_init_slice(ret, &r->c->heredoc, 0, r->c->heredoc.s, r->c->heredoc.len);
		return true;
	}
	if (streq(r->name, "cat")) {
		cleanup_free char *path = path_from(r->folder, format);
		const struct guest_file *f = guest_file_find(r->links, path);
		if (!f || f->edited || r->c->n_words != r->at + 2)
			return false;
		text_init_slice(ret, &f->text, 0, f->text.s, f->text.len);
		return true;
	}
	if (streq(r->name, "printf") && streq(format, "%s\\n")) {
		for (size_t i = r->at + 2; i < r->c->n_words; i++)
			strbuf_addf(&b, "%s\n", word(r, i));
	} else if (streq(r->name, "echo") || (streq(r->name, "printf") && !strchr(format, '%'))) {
		b.s = printed_words(r);
		b.len = strlen(b.s);
	} else {
		return false;
	}
	text_init_at(ret, r->text, r->c->line, b.s ? b.s : "", b.len);
	strbuf_clear(&b);
	return true;
}

static void write_file(const struct run *r, const char *path, const struct text *text, bool append)
{
	bool known = guest_file_find(r->links, path);
	struct guest_file *f = guest_file_put(r->links, path, text, append);

	if (f && !known) /* a file that is there keeps its mode */
		f->exposed = !r->links->umask_private;
	if (f)
		f->pending = true;
}

static void set_program(struct run *r)
{
	r->at = command_name(r->c);
	const char *path = r->at < r->c->n_words ? r->c->words[r->at].s : "";
	const char *slash = strrchr(path, '/');

	r->name = slash ? slash + 1 : path;
}

/* The text that tee gets: a heredoc, or what the command before it prints. */
static bool given(const struct run *r, struct text *ret)
{
	struct run before = *r;

	if (r->c->heredoc.s || !r->before)
		return printed(r, ret);
	before.c = r->before;
	set_program(&before);
	return printed(&before, ret);
}

/* "cat > FILE << EOF", "echo LINE >> FILE", "tee FILE << EOF" */
static void write_output(const struct run *r)
{
	const char *output = r->c->output;
	bool append = r->c->append, tee = streq(r->name, "tee");
	cleanup_text struct text text = {0};

	for (size_t i = r->at + 1; tee && i < r->c->n_words; i++) {
		append |= streq(word(r, i), "-a") || streq(word(r, i), "--append");
		if (word(r, i)[0] != '-')
			output = word(r, i);
	}
	if (!output || streq(r->name, "nmcli"))
		return;
	cleanup_free char *path = path_from(r->folder, output);
	if (!(tee ? given(r, &text) : printed(r, &text))) {
		if (is_network_path(path))
			unread(r, true, path,
			       "what the script writes to it is known in the guest only");
	} else if (!sysfs_read(path, text.s, r->c, r->text, r->links, r->findings)) {
		write_file(r, path, &text, append);
	}
}

/* "crontab FILE", "echo '@reboot /root/net.sh' | crontab -" */
static void run_crontab(const struct run *r)
{
	const char *last = word(r, r->c->n_words - 1);
	cleanup_free char *path = path_from(r->folder, last);
	const struct guest_file *f = guest_file_find(r->links, path);
	cleanup_text struct text text = {0};

	if (!streq(r->name, "crontab"))
		return;
	if (f)
		crontab_read(&f->text, false, r->links);
	else if (given(r, &text))
		crontab_read(&text, false, r->links);
}

/* "grubby --args='bond=bond0:eth1,eth2'": dracut.cmdline(7) */
static void look_for_kernel_arguments(const struct run *r)
{
	for (size_t i = r->at + 1; i < r->c->n_words; i++)
		if (str_in_words("grubby sed", r->name) && strstr(word(r, i), "bond="))
			unread(r, true, r->name, "arguments of the kernel are not read");
}

/* "sed -i ... FILE", "modprobe bonding miimon=100", "systemctl start UNIT" */
static void run_other(const struct run *r)
{
	bool bonding = false;

	for (size_t i = streq(r->name, "sed") ? edited_files(r) : SIZE_MAX; i < r->c->n_words; i++)
		edit_file(r, word(r, i));
	for (size_t i = r->at + 1; i < r->c->n_words; i++) {
		const char *s = word(r, i);
		if (streq(r->name, "modprobe") && bonding && strchr(s, '='))
			unread(r, true, "modprobe bonding", "options of the module are not read");
		bonding |= streq(s, "bonding");
	}
	run_crontab(r);
	look_for_kernel_arguments(r);
	download_read(r->c, r->at, r->folder, r->text, r->links);
	if (streq(r->name, "netplan") && streq(word(r, r->at + 1), "set"))
		unread(r, true, "netplan set", "this command of it is not read");
}

static void set_program(struct run *r);
static void run_program(const struct run *r);

/* "find FOLDER ... -exec PROGRAM {} +": the program gets the folder, as if all in it matched. */
static void run_find(const struct run *r)
{
	cleanup_script struct script script = {0};
	size_t i = r->at + 1;

	while (i < r->c->n_words && !str_in_words("-exec -execdir -ok", word(r, i)))
		i++;
	if (++i >= r->c->n_words)
		return;
	struct command *c = array_push(script.v, script.n);
	c->line = r->c->line;
	for (; i < r->c->n_words && !str_in_words("; +", word(r, i)); i++)
		word_add(c, &r->c->words[i],
			 streq(word(r, i), "{}") ? word(r, r->at + 1) : word(r, i));
	struct run inner = *r;
	inner.c = c;
	set_program(&inner);
	if (*inner.name && !streq(inner.name, "find"))
		run_program(&inner);
}

static bool is_interpreter(const char *name)
{
	return str_starts(name, "python") || str_starts(name, "perl") ||
	       str_in_words("ruby node php lua expect tclsh", name);
}

static bool is_manager(const char *name)
{
	return str_starts(name, "ansible") || str_starts(name, "salt-") ||
	       str_in_words("puppet chef-client chef-solo cfengine cf-agent", name);
}

/* Commands whose effect is read elsewhere, or that only apply files. */
static bool is_applying(const char *name)
{
	return str_in_words("nmcli ip netplan ifup ifdown ifreload ifquery wicked networkctl "
			    "rcnetwork route ifenslave sed modprobe systemctl service insmod "
			    "su runuser",
			    name);
}

static void run_program(const struct run *r)
{
	const char *name = r->name;

	if (is_shell(name))
		run_shell(r);
	else if (streq(name, ".") || streq(name, "source"))
		run_file(r, r->at + 1);
	else if (streq(name, "eval"))
		run_eval(r);
	else if (streq(name, "nmcli"))
		nmcli_read(r->c, r->at, r->text, r->links, r->findings);
	else if (streq(name, "ip"))
		iproute_read(r->c, r->at, r->text, r->links, r->findings);
	else if (streq(name, "ifenslave"))
		ifenslave_read(r->c, r->at, r->text, r->links);
	else if (str_in_words("cp mv install ln rsync", name))
		copy_read(r->c, r->at, r->folder, r->text, r->links);
	else if (str_in_words("rm unlink", name))
		remove_files(r);
	else if (streq(name, "chmod"))
		chmod_read(r->c, r->at, r->folder, r->links);
	else if (streq(name, "umask"))
		r->links->umask_private =
			str_ends(word(r, r->at + 1), "77") || strchr(word(r, r->at + 1), '=');
	else if (streq(name, "find"))
		run_find(r);
	else if (str_in_words("su runuser", name))
		run_su(r);
	else if (is_interpreter(name))
		run_interpreter(r);
	else if (is_manager(name))
		unread(r, false, name, "what it configures is not in day-0");
	else if (program_find(name) == PROGRAM_NETWORK)
		unread(r, true, name, "commands of its kind are not read");
	else if (is_applying(name) || program_find(name) == PROGRAM_HARMLESS ||
		 str_in_words("tee scp", name))
		run_other(r);
	else
		run_file(r, r->at);
}

void scripts_run_deferred(struct guest_links *links, struct findings *findings)
{
	while (links->n_scripts > 0 && links->runs < RUNS_MAX) {
		struct deferred_script next = links->scripts[0];
		cleanup_text struct text script = next.text;
		memmove(links->scripts, links->scripts + 1,
			--links->n_scripts * sizeof(*links->scripts));
		links->of_ifupdown = next.of_ifupdown;
		script_read(&script, links, findings);
		links->of_ifupdown = false;
	}
}

/* Reads the files that scripts have written up to here. */
static void read_pending(struct guest_links *links, struct findings *findings)
{
	for (size_t i = 0; i < links->n_files; i++) {
		const struct guest_file *f = &links->files[i];
		if (!f->pending)
			continue;
		links->files[i].pending = false;
		if (f->edited) {
			if (is_network_path(f->path))
				links_unread(links, &f->text, 0, true, f->path,
					     "how the script edits it is not read");
			continue;
		}
		cleanup_free char *path = xstrdup(f->path);
		cleanup_text struct text text = {0};
		text_init_slice(&text, &f->text, 0, f->text.s, f->text.len);
		guest_file_read(path, &text, links, findings);
	}
}

void guest_file_written(const char *path, const struct text *text, struct guest_links *links,
			struct findings *findings)
{
	guest_file_put(links, path, text, false);
	guest_file_read(path, text, links, findings);
}

/* "cd FOLDER": a folder that is known in the guest only makes relative paths unknown. */
static void change_folder(const struct run *r, char **folder)
{
	cleanup_free char *to =
		path_from(*folder, r->at + 1 < r->c->n_words ? word(r, r->at + 1) : "");

	if (!str_in_words("cd pushd", r->name))
		return;
	size_t len = strlen(to);
	if (len > 1 && to[len - 1] == '/')
		to[len - 1] = 0;
	string_set(folder, to[0] == '/' && !has_variable(to) ? to : NULL);
}

/* The script sets up one network or another. */
static void one_of_several(struct guest_links *links, const struct text *text, size_t line,
			   const char *what, const char *why)
{
	links_unread(links, text, line, true, what, why);
	links->ambiguous = true;
}

static void note_decision(const struct run *r, const struct script *script, size_t i,
			  struct decisions *decisions)
{
	if (streq(r->name, "exit"))
		decisions_exit(decisions, script, i);
	else if (command_sets_up(r->c, r->at, r->folder, r->links) &&
		 decisions_note(decisions, script, i))
		one_of_several(r->links, r->text, r->c->line, r->name,
			       "which branch of a condition is run is known in the guest only");
}

static void command_run(const struct script *script, size_t i, char **folder,
			struct decisions *decisions, const struct text *text,
			struct guest_links *links, struct findings *findings)
{
	struct run r = {.c = &script->v[i],
			.folder = *folder,
			.text = text,
			.links = links,
			.findings = findings};

	r.before = r.c->piped && i > 0 ? &script->v[i - 1] : NULL;
	set_program(&r);
	note_decision(&r, script, i, decisions);
	if (is_applying(r.name) || command_reads_files(r.c))
		read_pending(links, findings);
	command_applies(links, r.c);
	if (*r.name)
		run_program(&r);
	write_output(&r);
	change_folder(&r, folder);
}

void script_run(const struct text *text, char *const *v, size_t n, struct guest_links *links,
		struct findings *findings)
{
	cleanup_script struct script parsed = {0}, script = {0};
	cleanup_decisions struct decisions decisions = {0};
	cleanup_free char *folder = NULL;

	if (links->depth == DEPTH_MAX || links->runs++ == RUNS_MAX) {
		links_unread(links, text, 0, false, "a script",
			     "there are too many, or they are too deeply nested");
		return;
	}
	links->depth++;
	shell_parse(text, &parsed);
	shell_expand(&parsed, v, n, &script);
	for (size_t i = 0, end = 0; i < script.n; i++) {
		script_check(&script, i, text, findings);
		enum alternative alternative = alternative_find(&script, i, folder, links);
		if (alternative == ALTERNATIVE_UNKNOWN)
			one_of_several(links, text, script.v[i].line, "||",
				       "which of its commands is run is known in the guest only");
		if (alternative != ALTERNATIVE_NONE)
			end = group_end(&script, i) + 1;
		if (i >= end)
			command_run(&script, i, &folder, &decisions, text, links, findings);
	}
	if (--links->depth > 0)
		return;
	read_pending(links, findings);
	scripts_run_deferred(links, findings);
}

void script_read(const struct text *text, struct guest_links *links, struct findings *findings)
{
	script_run(text, NULL, 0, links, findings);
}

bool is_shell_script(const struct text *text)
{
	size_t len = strcspn(text->s, "\r\n");

	for (size_t i = 2; str_starts(text->s, "#!") && i + 1 < len; i++)
		if (memcmp(text->s + i, "sh", 2) == 0 &&
		    (i + 2 == len || isspace((unsigned char)text->s[i + 2])))
			return true;
	return false;
}

void program_text_read(const char *name, const struct text *text, char *const *v, size_t n,
		       struct guest_links *links, struct findings *findings)
{
	if (is_shell_script(text) || !str_starts(text->s, "#!"))
		script_run(text, v, n, links, findings);
	else
		links_unread(links, text, 0, mentions_network(text), name,
			     "only shell scripts are read");
}
