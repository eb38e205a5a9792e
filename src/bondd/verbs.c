// SPDX-License-Identifier: Apache-2.0
#include "bondd/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/conf.h"
#include "bondd/relay.h"
#include "bondd/server.h"
#include "bondd/status.h"
#include "bondd/watch.h"
#include "net/status_json.h"
#include "verbs.md.inc"

enum {
	EXIT_CONFIGURATION = 78, /* EX_CONFIG of sysexits.h: systemd does not restart the service */
};

enum format { FORMAT_TEXT, FORMAT_JSON };

struct options {
	const char *listen, *root, *conf;
	enum format format;
	bool restore, relay;
};

static int fail(const struct err *err, int exit_code)
{
	fprintf(stderr, "bondd: %s\n", err->text);
	return exit_code;
}

static int run_watch(const struct verb *verb, const void *options)
{
	const struct options *o = options;
	cleanup_err struct err err = ERR_INIT;
	struct conf conf;

	(void)verb;
	if (conf_read(CONF_MONITOR, o->conf, &conf, &err) < 0)
		return fail(&err, EXIT_CONFIGURATION);
	return watch_run(&conf, &err) < 0 ? fail(&err, EXIT_FAILURE) : EXIT_SUCCESS;
}

static int run_relay(const struct verb *verb, const void *options)
{
	const struct options *o = options;
	cleanup_err struct err err = ERR_INIT;
	struct conf conf;

	(void)verb;
	if (o->restore)
		return relay_restore_all(&err) < 0 ? fail(&err, EXIT_FAILURE) : EXIT_SUCCESS;
	if (conf_read(CONF_RELAY, o->conf, &conf, &err) < 0)
		return fail(&err, EXIT_CONFIGURATION);
	return relay_run(&conf, &err) < 0 ? fail(&err, EXIT_FAILURE) : EXIT_SUCCESS;
}

/* No folder has no bonds, but that is not what was asked. */
static int check_root(const char *root, struct err *err)
{
	struct stat st;

	if (!*root)
		return 0;
	if (stat(root, &st) < 0)
		return err_errno(err, errno, "cannot open %s", root);
	return S_ISDIR(st.st_mode) ? 0 : err_errno(err, ENOTDIR, "cannot read %s", root);
}

static int run_serve(const struct verb *verb, const void *options)
{
	const struct options *o = options;
	cleanup_err struct err err = ERR_INIT;
	struct conf conf;
	int r = o->listen ? listen_parse(o->listen, &conf.listen, &err)
			  : conf_read(CONF_MONITOR, o->conf, &conf, &err);

	(void)verb;
	if (r < 0)
		return fail(&err, o->listen ? COMMAND_USAGE : EXIT_CONFIGURATION);
	int fd = check_root(o->root, &err) < 0 ? -1 : listen_open(&conf.listen, &err);
	if (fd < 0)
		return fail(&err, EXIT_FAILURE);
	server_run(fd, o->root, &err); /* returns only on failure */
	return fail(&err, EXIT_FAILURE);
}

static int run_status(const struct verb *verb, const void *options)
{
	const struct options *o = options;
	cleanup_guest_status struct guest_status status = {0};
	cleanup_err struct err err = ERR_INIT;

	(void)verb;
	if (check_root(o->root, &err) < 0 || status_read(o->root, &status, &err) < 0)
		return fail(&err, EXIT_FAILURE);
	cleanup_free char *text =
		o->format == FORMAT_JSON ? guest_status_json(&status, &err) : status_table(&status);
	if (!text)
		return fail(&err, EXIT_FAILURE);
	fputs(text, stdout);
	return EXIT_SUCCESS;
}

static int run_check_config(const struct verb *verb, const void *options)
{
	const struct options *o = options;
	cleanup_strv struct strv problems = {0};
	const char *path = o->relay && streq(o->conf, BONDD_CONF) ? BONDD_RELAY_CONF : o->conf;
	int r = conf_check_file(o->relay ? CONF_RELAY : CONF_MONITOR, path, &problems);

	(void)verb;
	if (r == -ENOENT && streq(path, BONDD_CONF)) {
		puts(BONDD_CONF " not found: the defaults apply");
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < problems.n; i++)
		fprintf(stderr, "bondd: %s\n", problems.v[i]);
	return problems.n ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Rows. Names, arguments and texts are in data/verbs.md, in the section of VERB. */
#define ROW(VERB, KIND, NAME, MEMBER, ...)                                 \
	((struct option_row){bondd_##VERB##_##NAME, .type = OPTION_##KIND, \
			     .offset = offsetof(struct options, MEMBER), __VA_ARGS__})
#define HELP   ((struct option_row){bondd_common_help, .brief = 'h'})
#define CONFIG ROW(common, FILE, config, conf, .brief = 'c', .preset = BONDD_CONF)
#define ROOT   ROW(common, FILE, root, root, .preset = "")

OPTION_ROWS(config_options, HELP, CONFIG);
OPTION_ROWS(relay_options, HELP,
	    ROW(relay, FILE, config, conf, .brief = 'c', .preset = BONDD_RELAY_CONF),
	    ROW(relay, FLAG, restore, restore));
OPTION_ROWS(check_options, HELP, CONFIG, ROW(check_config, FLAG, relay, relay));
OPTION_ROWS(serve_options, HELP, CONFIG, ROW(serve, STRING, listen, listen, .brief = 'l'), ROOT);
OPTION_ROWS(status_options, HELP,
	    ROW(status, ENUM, output, format, .brief = 'o', .words = "text json", .preset = "text"),
	    ROOT);

#define VERB(NAME) bondd_##NAME, .options_size = sizeof(struct options), .run = run_##NAME

static const struct verb verbs[] = {
	{VERB(watch), .options = config_options},       {VERB(relay), .options = relay_options},
	{VERB(serve), .options = serve_options},        {VERB(status), .options = status_options},
	{VERB(check_config), .options = check_options},
};

static const struct synonym synonyms[] = {
	{"run monitor start", "watch"},
	{"sriov vf", "relay"},
	{"http metrics listen", "serve"},
	{"show list info", "status"},
	{"check validate lint test", "check-config"},
};

const struct program bondd_program = {
	.name = "bondd",
	.version = DNSVNF_VERSION,
	.summary = "Watches bonds, moves them to a leg that works, and serves their state; on a "
		   "compute host, relays path failures to the VFs.",
	.exit_codes = "0 success, 1 failure, 2 usage error; watch, relay and serve: 78 if the "
		      "configuration is invalid",
	.verbs = verbs,
	.n_verbs = ARRAY_SIZE(verbs),
	.synonyms = synonyms,
	.n_synonyms = ARRAY_SIZE(synonyms),
};
