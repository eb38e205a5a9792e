// SPDX-License-Identifier: Apache-2.0
#include "bondd/conf.h"

#include <ini.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "net/frame.h"

enum { MAX_CONF = 64 << 10, WINDOW_S = 60, HOLD_MS = 250 };

void conf_init(struct conf *conf)
{
	*conf = (struct conf){
		.track = {.interval = 20 * INT64_C(1000), .fall = 3, .rise = 25},
		.limits = {.failback = FAILBACK_NEVER,
			   .max_moves = 6,
			   .window = WINDOW_S * INT64_C(1000000),
			   .hold = HOLD_MS * INT64_C(1000)},
		.relay = {.hold_down = 10, .holds = 6},
	};
	(void)listen_parse("127.0.0.1", &conf->listen, NULL); /* always an address */
}

static int set_listen(struct conf *c, const char *value, struct err *err)
{
	return listen_parse(value, &c->listen, err);
}

static int set_targets(struct conf *c, const char *value, struct err *err)
{
	cleanup_free char *copy = xstrdup(value);
	char *rest = NULL;

	/* A repeated line adds to the list. */
	for (char *word = strtok_r(copy, ", \t", &rest); word;
	     word = strtok_r(NULL, ", \t", &rest)) {
		if (c->n_targets == DECIDE_TARGETS)
			return err_code(err, INVALID, E2BIG, "more than %d targets",
					DECIDE_TARGETS);
		if (!ip_parse(word, &c->targets[c->n_targets]))
			return err_set(err, INVALID, "target '%s' must be an IP address", word);
		c->n_targets++;
	}
	return 0;
}

static int set_number(const char *value, int64_t min, int64_t max, unsigned *ret, struct err *err)
{
	int64_t n;

	if (str_to_int(value, min, max, &n) < 0)
		return err_set(err, INVALID, "'%s' must be an integer from %d to %d", value,
			       (int)min, (int)max);
	*ret = (unsigned)n;
	return 0;
}

static int set_interval(struct conf *c, const char *value, struct err *err)
{
	unsigned ms = 0;
	int r = set_number(value, 5, 1000, &ms, err);

	if (r == 0)
		c->track.interval = ms * INT64_C(1000);
	return r;
}

static int set_failback(struct conf *c, const char *value, struct err *err)
{
	static const char *const names[] = {[FAILBACK_NEVER] = "never",
					    [FAILBACK_BETTER] = "better",
					    [FAILBACK_ALWAYS] = "always"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(value, names[i])) {
			c->limits.failback = (enum failback)i;
			return 0;
		}
	return err_set(err, INVALID, "'%s' must be never, better or always", value);
}

static int set_name(const char *value, char ret[IF_NAMESIZE], struct err *err)
{
	size_t len = strlen(value);

	if (len == 0 || len >= IF_NAMESIZE || strpbrk(value, " \t/"))
		return err_set(err, INVALID, "'%s' must be the name of an interface", value);
	memcpy(ret, value, len + 1);
	return 0;
}

static int set_prefer(struct conf *c, const char *value, struct err *err)
{
	return set_name(value, c->prefer, err);
}

static int set_yes_or_no(const char *value, bool *ret, struct err *err)
{
	if (!streq(value, "yes") && !streq(value, "no"))
		return err_set(err, INVALID, "'%s' must be yes or no", value);
	*ret = streq(value, "yes");
	return 0;
}

static int set_announce_loopback(struct conf *c, const char *value, struct err *err)
{
	return set_yes_or_no(value, &c->announce_loopback, err);
}

static int set_enabled_vfs(struct conf *c, const char *value, struct err *err)
{
	return set_yes_or_no(value, &c->relay.enabled_vfs, err);
}

static int set_means(struct conf *c, const char *value, struct err *err)
{
	if (!streq(value, "vf") && !streq(value, "pf"))
		return err_set(err, INVALID, "'%s' must be vf or pf", value);
	c->relay.pf_down = streq(value, "pf");
	return 0;
}

/* "PF" or "PF INTERFACE". */
static int set_pf(struct conf *c, const char *value, struct err *err)
{
	struct relay_conf *relay = &c->relay;
	cleanup_free char *copy = xstrdup(value);
	char *rest = NULL;
	const char *name = strtok_r(copy, " \t", &rest), *probe = strtok_r(NULL, " \t", &rest);
	struct relay_conf_pf pf;

	if (relay->n_pfs == RELAY_PFS)
		return err_code(err, INVALID, E2BIG, "more than %d PFs", RELAY_PFS);
	if (strtok_r(NULL, " \t", &rest))
		return err_set(err, INVALID, "'%s' must be a PF and the interface to probe from",
			       value);
	int r = set_name(name ? name : "", pf.name, err);
	if (r == 0)
		r = set_name(probe ? probe : pf.name, pf.probe, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < relay->n_pfs; i++)
		if (streq(relay->pfs[i].name, pf.name) || streq(relay->pfs[i].probe, pf.probe))
			return err_set(err, INVALID, "'%s' is there already", value);
	relay->pfs[relay->n_pfs++] = pf;
	return 0;
}

struct setting {
	const char *name;
	int (*set)(struct conf *c, const char *value, struct err *err);
	size_t number; /* without set: offset of an unsigned, from min to max */
	int min, max;
};

static const struct setting relay_settings[] = {
	{"pf", .set = set_pf},
	{"targets", .set = set_targets},
	{"vlan", .number = offsetof(struct conf, relay.vlan), .min = 0, .max = VLAN_ID_MAX},
	{"interval", .set = set_interval},
	{"fall", .number = offsetof(struct conf, track.fall), .min = 2, .max = 20},
	{"rise", .number = offsetof(struct conf, track.rise), .min = 2, .max = TRACK_RISE_MAX},
	{"hold_down", .number = offsetof(struct conf, relay.hold_down), .min = 1, .max = 300},
	{"holds", .number = offsetof(struct conf, relay.holds), .min = 1, .max = DECIDE_MOVES},
	{"means", .set = set_means},
	{"enabled_vfs", .set = set_enabled_vfs},
	{0},
};

static const struct setting monitor_settings[] = {
	{"listen", .set = set_listen},
	{"targets", .set = set_targets},
	{"interval", .set = set_interval},
	{"fall", .number = offsetof(struct conf, track.fall), .min = 2, .max = 20},
	{"rise", .number = offsetof(struct conf, track.rise), .min = 2, .max = TRACK_RISE_MAX},
	{"moves", .number = offsetof(struct conf, limits.max_moves), .min = 1, .max = DECIDE_MOVES},
	{"failback", .set = set_failback},
	{"prefer", .set = set_prefer},
	{"announce_loopback", .set = set_announce_loopback},
	{0},
};

static int set(const struct setting *s, struct conf *c, const char *value, struct err *err)
{
	if (s->set)
		return s->set(c, value, err);
	return set_number(value, s->min, s->max, (unsigned *)((char *)c + s->number), err);
}

struct reading {
	enum conf_file file;
	struct conf *conf;
	struct err err;
};

static int take_value(void *data, const char *section, const char *name, const char *value)
{
	struct reading *r = data;

	if (r->err.text) /* only the first error is reported */
		return 0;
	for (const struct setting *s = r->file == CONF_RELAY ? relay_settings : monitor_settings;
	     s->name && !section[0]; s++) {
		if (!streq(name, s->name))
			continue;
		if (set(s, r->conf, value, &r->err) < 0) {
			err_wrap(&r->err, "%s", name);
			return 0;
		}
		return 1;
	}
	err_set(&r->err, INVALID, "unknown setting '%s'%s", name,
		section[0] ? " (there are no sections)" : "");
	return 0;
}

/* Turns the line, counted from 1, into a comment. */
static void comment_out(char *text, int line)
{
	for (; line > 1; line--)
		text = strchr(text, '\n') + 1;
	*text = '#';
}

int conf_check(enum conf_file file, const char *path, const char *text, struct strv *problems)
{
	cleanup_free char *copy = xstrdup(text);
	struct conf conf;

	/* The parser reports only the first invalid line; without that line it reports the next
	 * one. */
	while (problems->n < CONF_PROBLEMS) {
		struct reading reading = {.file = file, .conf = &conf};
		conf_init(&conf);
		int line = ini_parse_string(copy, take_value, &reading);
		if (line == 0)
			break;
		strv_take(problems,
			  xasprintf("%s:%d: %s", path, line,
				    reading.err.text ? reading.err.text : "not NAME = VALUE"));
		err_clear(&reading.err);
		comment_out(copy, line);
	}
	if (problems->n == 0) {
		cleanup_err struct err err = ERR_INIT;
		if (conf_parse(file, path, text, &conf, &err) < 0)
			strv_add(problems, err.text);
	}
	return problems->n ? -EINVAL : 0;
}

static int check_relay(const char *path, const struct conf *conf, struct err *err)
{
	if (conf->relay.n_pfs < 2)
		return err_set(err, INVALID, "%s: at least two lines 'pf = PF' are required", path);
	if (conf->n_targets == 0)
		return err_set(err, INVALID,
			       "%s: a line 'targets = ADDRESS' is required, such as the gateway of "
			       "the guests",
			       path);
	return 0;
}

int conf_parse(enum conf_file file, const char *path, const char *text, struct conf *ret_conf,
	       struct err *err)
{
	struct conf conf;
	struct reading reading = {.file = file, .conf = &conf};

	conf_init(&conf);
	int line = ini_parse_string(text, take_value, &reading);
	if (line != 0) {
		err_set(err, INVALID, "%s:%d: %s", path, line,
			reading.err.text ? reading.err.text : "not NAME = VALUE");
		err_clear(&reading.err);
		return -EINVAL;
	}
	if (conf.limits.failback != FAILBACK_NEVER && conf.limits.max_moves <= DECIDE_MOVES_SPARED)
		return err_set(err, INVALID,
			       "%s: failback requires moves to be at least %d: %d moves are "
			       "reserved for failures",
			       path, DECIDE_MOVES_SPARED + 1, DECIDE_MOVES_SPARED);
	if (file == CONF_RELAY && check_relay(path, &conf, err) < 0)
		return -EINVAL;
	*ret_conf = conf;
	return 0;
}

/* conf_parse() reads up to a zero byte: what a file system filled with them after a crash would be
 * no settings. */
static int read_text(const char *path, char **ret_text, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = file_read(path, MAX_CONF, &text, &len, err);

	if (r < 0)
		return r;
	if (strlen(text) < len)
		return err_set(err, INVALID, "%s: contains a zero byte", path);
	*ret_text = steal_ptr(text);
	return 0;
}

int conf_check_file(enum conf_file file, const char *path, struct strv *problems)
{
	cleanup_free char *text = NULL;
	cleanup_err struct err err = ERR_INIT;

	if (read_text(path, &text, &err) < 0) {
		strv_add(problems, err.text);
		return err.code;
	}
	return conf_check(file, path, text, problems);
}

int conf_read(enum conf_file file, const char *path, struct conf *ret_conf, struct err *err)
{
	cleanup_free char *text = NULL;
	cleanup_err struct err problem = ERR_INIT;
	int r = read_text(path, &text, &problem);

	if (r < 0 && !(r == -ENOENT && streq(path, BONDD_CONF)))
		return err_copy(err, &problem);
	return conf_parse(file, path, r == 0 ? text : "", ret_conf, err);
}
