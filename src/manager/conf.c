// SPDX-License-Identifier: Apache-2.0
#include "manager/conf.h"

#include <ini.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

enum { CONF_MAX = 64 << 10 };

void manager_conf_init(struct manager_conf *conf)
{
	*conf = (struct manager_conf){
		.store = xstrdup(MANAGER_STORE),
		.socket = xstrdup(MANAGER_SOCKET),
		.listen = xstrdup("127.0.0.1:9781"),
		.dnsvnf = xstrdup("dnsvnf"),
		.jobs = 4,
		.look_s = 10,
		.job_minutes = 60,
		.drift_minutes = 30,
		.settle_s = 60,
	};
}

static void control_clear(struct manager_control *c)
{
	free(c->network);
}

void manager_conf_clear(struct manager_conf *conf)
{
	array_free(conf->controls, conf->n_controls, control_clear);
	free_all(conf->store, conf->socket, conf->listen, conf->dnsvnf, conf->operators);
	*conf = (struct manager_conf){0};
}

struct setting {
	const char *name;
	size_t offset;
	const char *words; /* "A B": an enum from 0 */
	bool path;         /* must be absolute */
	unsigned min, max; /* a number, if max is not 0; else text */
};

static const struct setting settings[] = {
	{"heal", offsetof(struct manager_conf, heal), .words = "watch on"},
	{"store", offsetof(struct manager_conf, store), .path = true},
	{"socket", offsetof(struct manager_conf, socket), .path = true},
	{"listen", .offset = offsetof(struct manager_conf, listen)},
	{"dnsvnf", .offset = offsetof(struct manager_conf, dnsvnf)},
	{"operators", .offset = offsetof(struct manager_conf, operators)},
	{"jobs", offsetof(struct manager_conf, jobs), .min = 1, .max = 32},
	{"look", offsetof(struct manager_conf, look_s), .min = 1, .max = 3600},
	{"settle", offsetof(struct manager_conf, settle_s), .min = 5, .max = 3600},
	{"job_minutes", offsetof(struct manager_conf, job_minutes), .min = 1, .max = 1440},
	{"drift_minutes", offsetof(struct manager_conf, drift_minutes), .min = 1, .max = 1440},
};

static int set_word(const struct setting *s, const char *value, int *ret, struct err *err)
{
	cleanup_free char *words = xstrdup(s->words);
	char *rest = NULL;
	int i = 0;

	for (const char *word = strtok_r(words, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest), i++)
		if (streq(word, value)) {
			*ret = i;
			return 0;
		}
	const char *blank = strchr(s->words, ' ');
	return err_set(err, INVALID, "'%s' must be %.*s or %s", value, (int)(blank - s->words),
		       s->words, blank + 1);
}

static int set(const struct setting *s, struct manager_conf *conf, const char *value,
	       struct err *err)
{
	void *at = (char *)conf + s->offset;
	int64_t n;

	if (s->words)
		return set_word(s, value, at, err);
	if (s->max) {
		if (str_to_int(value, s->min, s->max, &n) < 0)
			return err_set(err, INVALID, "'%s' must be an integer from %u to %u", value,
				       s->min, s->max);
		*(unsigned *)at = (unsigned)n;
		return 0;
	}
	if (s->path && value[0] != '/')
		return err_set(err, INVALID, "'%s' must be an absolute path", value);
	char **text = at;
	free(*text);
	*text = value[0] && !streq(value, "none") ? xstrdup(value) : NULL;
	return 0;
}

/* "NETWORK ADDRESS"; there may be several. */
static int add_control(struct manager_conf *conf, const char *value, struct err *err)
{
	const char *blank = strrchr(value, ' ');
	struct ip_addr address;

	if (!blank || blank == value || !ip_parse(blank + 1, &address))
		return err_set(err, INVALID, "'%s' must be a network's name and an IP address",
			       value);
	size_t len = (size_t)(blank - value);
	while (len && value[len - 1] == ' ')
		len--;
	*array_push(conf->controls, conf->n_controls) =
		(struct manager_control){xstrndup(value, len), address};
	return 0;
}

struct reading {
	struct manager_conf *conf;
	struct err err;
};

static int take_value(void *data, const char *section, const char *name, const char *value)
{
	struct reading *r = data;

	if (r->err.text) /* only the first error is reported */
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(settings) && !section[0]; i++) {
		if (!streq(name, settings[i].name))
			continue;
		if (set(&settings[i], r->conf, value, &r->err) < 0) {
			err_wrap(&r->err, "%s", name);
			return 0;
		}
		return 1;
	}
	if (streq(name, "control") && !section[0]) {
		if (add_control(r->conf, value, &r->err) < 0)
			err_wrap(&r->err, "control");
		return r->err.text == NULL;
	}
	err_set(&r->err, INVALID, "unknown setting '%s'%s", name,
		section[0] ? " (there are no sections)" : "");
	return 0;
}

int manager_conf_parse(const char *path, const char *text, struct manager_conf *conf,
		       struct err *err)
{
	struct reading reading = {.conf = conf};
	int line = ini_parse_string(text, take_value, &reading);

	if (line == 0 && conf->dnsvnf)
		return 0;
	if (line == 0)
		return err_set(err, INVALID, "%s: dnsvnf must be the path of a program", path);
	err_set(err, INVALID, "%s:%d: %s", path, line,
		reading.err.text ? reading.err.text : "not NAME = VALUE");
	err_clear(&reading.err);
	return -EINVAL;
}

int manager_conf_read(const char *path, bool must_exist, struct manager_conf *conf, struct err *err)
{
	cleanup_free char *text = NULL;
	cleanup_err struct err of_file = ERR_INIT;
	size_t len;
	int r = file_read(path, CONF_MAX, &text, &len, &of_file);

	if (r == -ENOENT && !must_exist)
		return 0;
	return r < 0 ? err_copy(err, &of_file) : manager_conf_parse(path, text, conf, err);
}
