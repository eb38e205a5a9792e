// SPDX-License-Identifier: Apache-2.0
#include "day0/readers.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/yaml_tree.h"
#include "day0/merge.h"
#include "day0/program.h"

struct cloud_config {
	struct yaml *y;
	struct guest_links *links;
	struct findings *findings;
	unsigned unknown_keys;
};

#define complain(c, node, severity, rule, ...) \
	report((c)->findings, (c)->y->text, yaml_line(node), severity, rule, __VA_ARGS__)

/* Top-level keys of cloud-init 25.1 (schema-cloud-config-v1.json), and others that its modules
 * read. */
static const char *const known_keys[] = {
#include "cloud-init-keys.txt.inc"
};

enum { UNKNOWN_KEYS_MAX = 50 };

/* A module of the image may read a key that cloud-init has not. */
static void look_for_network(struct cloud_config *c, const yaml_node_t *key,
			     const yaml_node_t *value, bool only_likely)
{
	const char *s = c->y->text->s;
	size_t from = key->start_mark.index, to = value->end_mark.index;
	cleanup_text struct text text = {0};

	if (from >= to || to > c->y->text->len)
		return;
	text_init_at(&text, c->y->text, yaml_line(key), s + from, to - from);
	bool likely = mentions_network(&text);
	if (likely || !only_likely)
		links_unread(c->links, c->y->text, yaml_line(key), likely, yaml_str(key),
			     "the module of the image that may read this key is not known");
}

static void check_key(struct cloud_config *c, yaml_node_t *key, const yaml_node_t *value)
{
	const char *s = yaml_str(key);

	if (!s) {
		complain(c, key, SEVERITY_WARNING, "day0-key", "this key is not a string");
		return;
	}
	cleanup_free char *q = quotable(s);
	if (streq(s, "autoinstall")) /* of Ubuntu's installer */
		look_for_network(c, key, value, true);
	for (size_t i = 0; i < ARRAY_SIZE(known_keys); i++)
		if (streq(s, known_keys[i]))
			return;
	struct guess guess = {.word = s, .limit = 3};
	for (size_t i = 0; i < ARRAY_SIZE(known_keys) && strlen(s) > 3; i++)
		guess_try(&guess, known_keys[i]);
	/* "x-NAME" and ".NAME" hold what other keys refer to by aliases. */
	if (!str_starts(s, "x-") && s[0] != '.')
		look_for_network(c, key, value, guess.best);
	if (c->unknown_keys++ >= UNKNOWN_KEYS_MAX)
		return;
	if (guess.best)
		complain(c, key, SEVERITY_WARNING, "day0-key",
			 "cloud-init has no key \"%s\" and ignores it (did you mean \"%s\"?)", q,
			 guess.best);
	else
		complain(c, key, SEVERITY_NOTE, "day0-key",
			 "cloud-init has no key \"%s\" and ignores it", q);
}

static void add_chars(struct text_builder *b, const char *s, unsigned line)
{
	for (; *s; s++)
		text_builder_add(b, *s, line);
}

/* A word in single quotes on a separate line, with a line continuation. */
static void add_quoted_word(struct text_builder *b, const char *s, unsigned line)
{
	add_chars(b, "'", line);
	for (; *s; s++)
		add_chars(b, *s == '\'' ? "'\\''" : (const char[]){*s, 0}, line);
	add_chars(b, "' \\\n", line);
}

static void add_list(struct cloud_config *c, yaml_node_t *list, struct text_builder *b)
{
	for (size_t i = 0; i < yaml_len(list); i++) {
		yaml_node_t *word = yaml_item(c->y, list, i);
		unsigned line = text_line(c->y->text, yaml_line(word));
		if (!yaml_str(word))
			complain(c, word, SEVERITY_ERROR, "day0-runcmd",
				 "an argument of this command is not a string: quote it");
		else
			add_quoted_word(b, yaml_str(word), line);
	}
	add_chars(b, "\n", text_line(c->y->text, yaml_line(list)));
}

static void add_string(struct cloud_config *c, yaml_node_t *item, struct text_builder *b)
{
	cleanup_text struct text text = {0};
	size_t line = 0;

	yaml_scalar_text(c->y, item, &text);
	for (size_t i = 0; i < text.len; i++) {
		text_builder_add(b, text.s[i], text_line(&text, line));
		line += text.s[i] == '\n';
	}
	text_builder_add(b, '\n', text_line(&text, line));
}

/*
 * runcmd and bootcmd become one shell script (cloudinit.util.shellify): a string is a line of it, a
 * list a command of quoted words.
 */
static void check_commands(struct cloud_config *c, const char *key)
{
	yaml_node_t *list = yaml_get(c->y, yaml_root(c->y), key);
	struct text_builder b = {.text.file = c->y->text->file};

	if (yaml_is_null(list))
		return;
	if (!yaml_is_list(list)) {
		complain(c, list, SEVERITY_ERROR, "day0-runcmd",
			 "%s is not a list: begin each command with \"- \"", key);
		return;
	}
	for (size_t i = 0; i < yaml_len(list); i++) {
		yaml_node_t *item = yaml_item(c->y, list, i);
		if (yaml_is_list(item))
			add_list(c, item, &b);
		else if (yaml_str(item))
			add_string(c, item, &b);
		else
			complain(c, item, SEVERITY_ERROR, "day0-runcmd",
				 "this command contains \": \" and so is a mapping, for which "
				 "cloud-init rejects all of %s: quote the command",
				 key);
	}
	cleanup_text struct text script = {0};
	text_builder_finish(&b, text_line(c->y->text, yaml_line(list)), &script);
	script_read(&script, c->links, c->findings);
}

static void check_password_value(struct cloud_config *c, yaml_node_t *n)
{
	const char *s = yaml_str(n);

	if (!s || !*s || s[0] == '$' || s[0] == '!' || s[0] == '*' || streq(s, "R") ||
	    streq(s, "RANDOM"))
		return;
	complain(c, n, SEVERITY_WARNING, "day0-password",
		 "the password is in plain text, readable by everyone who can read this file or "
		 "the instance's user data: use an SSH key or a hash (mkpasswd -m yescrypt)");
}

/* "user:password" lines, as one string or as a list. */
static void check_chpasswd_list(struct cloud_config *c, yaml_node_t *list)
{
	for (size_t i = 0; i < yaml_len(list); i++) {
		yaml_node_t *item = yaml_item(c->y, list, i);
		const char *colon = yaml_str(item) ? strchr(yaml_str(item), ':') : NULL;
		if (colon && !strchr("$!*", colon[1]) && !streq(colon, ":R") &&
		    !streq(colon, ":RANDOM"))
			complain(c, item, SEVERITY_WARNING, "day0-password",
				 "the password is in plain text: use a hash (mkpasswd -m yescrypt) "
				 "or RANDOM");
	}
	if (!yaml_str(list))
		return;
	cleanup_text struct text text = {0};
	yaml_scalar_text(c->y, list, &text);
	char *rest = text.s, *s;
	for (size_t at = 0; (s = strsep(&rest, "\n")); at++) {
		const char *colon = strchr(s, ':');
		if (colon && !strchr("$!*", colon[1]) && !streq(colon, ":R") &&
		    !streq(colon, ":RANDOM"))
			report(c->findings, &text, at, SEVERITY_WARNING, "day0-password",
			       "the password is in plain text: use a hash (mkpasswd -m yescrypt) "
			       "or RANDOM");
	}
}

static void check_passwords(struct cloud_config *c)
{
	struct yaml *y = c->y;
	yaml_node_t *root = yaml_root(y), *chpasswd = yaml_get(y, root, "chpasswd");
	yaml_node_t *users = yaml_get(y, chpasswd, "users");

	check_password_value(c, yaml_get(y, root, "password"));
	check_chpasswd_list(c, yaml_get(y, chpasswd, "list"));
	for (size_t i = 0; i < yaml_len(users); i++) {
		yaml_node_t *user = yaml_item(y, users, i);
		const char *type = yaml_str(yaml_get(y, user, "type"));
		if (!streq(type, "hash") && !streq(type, "RANDOM"))
			check_password_value(c, yaml_get(y, user, "password"));
	}
	users = yaml_get(y, root, "users");
	for (size_t i = 0; i < yaml_len(users); i++)
		check_password_value(c, yaml_get(y, yaml_item(y, users, i), "plain_text_passwd"));
}

static void check_keys(struct cloud_config *c, yaml_node_t *list)
{
	if (yaml_is_null(list))
		return;
	if (!yaml_is_list(list)) {
		complain(c, list, SEVERITY_ERROR, "day0-ssh-key",
			 "ssh_authorized_keys is not a list of keys");
		return;
	}
	for (size_t i = 0; i < yaml_len(list); i++) {
		yaml_node_t *item = yaml_item(c->y, list, i);
		const char *s = yaml_str(item);
		if (s && (ssh_key_is_valid(s) || strstr(s, "${") || strstr(s, "{{")))
			continue;
		complain(c, item, SEVERITY_ERROR, "day0-ssh-key",
			 "this item has no key data, so it permits no login: paste the whole line "
			 "of the .pub file");
	}
}

static void check_ssh(struct cloud_config *c)
{
	struct yaml *y = c->y;
	yaml_node_t *root = yaml_root(y), *users = yaml_get(y, root, "users");

	check_keys(c, yaml_get(y, root, "ssh_authorized_keys"));
	for (size_t i = 0; i < yaml_len(users); i++) {
		yaml_node_t *user = yaml_item(y, users, i);
		if (yaml_is_map(user))
			check_keys(c, yaml_get(y, user, "ssh_authorized_keys"));
	}
}

static void check_network(struct cloud_config *c)
{
	yaml_node_t *root = yaml_root(c->y), *network = yaml_get(c->y, root, "network");

	if (!network)
		return;
	complain(c, yaml_key(c->y, root, "network"), SEVERITY_WARNING, "day0-network",
		 "cloud-init does not read network config from user data: write it to a file under "
		 "/etc/netplan/ with write_files, and run \"netplan apply\" in runcmd");
	network_config_read(c->y, network, DIALECT_CLOUD_INIT_V2, c->links, c->findings);
}

/* Keys that start a configuration management tool. */
static void check_managers(struct cloud_config *c)
{
	static const char *const keys[] = {"ansible", "chef", "puppet", "salt_minion"};
	yaml_node_t *root = yaml_root(c->y);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (yaml_is_map(yaml_get(c->y, root, keys[i])))
			links_unread(c->links, c->y->text, yaml_line(yaml_key(c->y, root, keys[i])),
				     false, keys[i], "what it configures is not in day-0");
}

/*
 * No-break spaces look like indentation but are not. Reports them and replaces them by spaces, so
 * that the rest can be parsed.
 */
static void replace_no_break_spaces(struct text *t, struct findings *findings)
{
	size_t out = 0, count = 0, line = 0, first = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (t->s[i] == '\n')
			line++;
		if (i + 1 < t->len && t->s[i] == '\xc2' && t->s[i + 1] == '\xa0') {
			if (count++ == 0)
				first = line;
			t->s[out++] = ' ';
			i++;
		} else {
			t->s[out++] = t->s[i];
		}
	}
	t->s[out] = 0;
	t->len = out;
	if (count > 0)
		report(findings, t, first, SEVERITY_ERROR, "day0-no-break-space",
		       "%zu no-break spaces (U+00A0) from here on, where YAML needs spaces, so "
		       "cloud-init rejects this part: replace them (sed 's/\\xc2\\xa0/ /g')",
		       count);
}

void cloud_config_add(struct cloud_configs *configs, const struct text *text,
		      const char *merge_type, struct guest_links *links, struct findings *findings)
{
	cleanup_text struct text clean = {0};
	cleanup_yaml struct yaml y = {0};
	struct cloud_config c = {.y = &y, .links = links, .findings = findings};

	text_init_slice(&clean, text, 0, text->s, text->len);
	replace_no_break_spaces(&clean, findings);
	if (!yaml_load(&y, &clean, &cloud_init_yaml, findings)) {
		links->incomplete = true;
		return;
	}
	yaml_node_t *root = yaml_root(&y);
	if (yaml_is_null(root)) {
		report(findings, &clean, 0, SEVERITY_WARNING, "day0-empty",
		       "this cloud-config is empty");
	} else if (!yaml_is_map(root)) {
		complain(&c, root, SEVERITY_ERROR, "day0-yaml",
			 "a cloud-config must be a mapping (key: value), but this is a %s: "
			 "cloud-init ignores the part",
			 yaml_is_list(root) ? "list" : "single value");
	} else {
		for (size_t i = 0; i < yaml_pairs(root); i++) {
			yaml_node_t *key, *value;
			yaml_pair(&y, root, i, &key, &value);
			check_key(&c, key, value);
		}
		cloud_configs_add(configs, &clean, &y, merge_type);
	}
}

void cloud_config_read(struct yaml *y, struct guest_links *links, struct findings *findings)
{
	struct cloud_config c = {.y = y, .links = links, .findings = findings};

	check_managers(&c);
	check_ssh(&c);
	check_passwords(&c);
	check_network(&c);
	links->stage = STAGE_BOOT;
	check_commands(&c, "bootcmd");
	links->stage = STAGE_FILES;
	write_files_read(y, links, findings);
}

void cloud_config_run(struct yaml *y, struct guest_links *links, struct findings *findings)
{
	struct cloud_config c = {.y = y, .links = links, .findings = findings};
	yaml_node_t *power = yaml_get(y, yaml_root(y), "power_state");

	links->stage = STAGE_SCRIPTS;
	check_commands(&c, "runcmd");
	if (streq(yaml_str(yaml_get(y, power, "mode")), "reboot"))
		links_apply(links, APPLY_ALL);
}
