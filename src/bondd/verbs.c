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

#define HELP .name = "help", .brief = 'h', .help = "show this help"

#define CONFIG                                                                   \
	.name = "config", .brief = 'c', .type = OPTION_FILE, .argument = "FILE", \
	.offset = offsetof(struct options, conf), .preset = BONDD_CONF,          \
	.help = "configuration file; if " BONDD_CONF " is missing, the defaults apply"

#define ROOT                                                    \
	.name = "root", .type = OPTION_FILE, .argument = "DIR", \
	.offset = offsetof(struct options, root), .preset = "", \
	.help = "read proc, sys and run below DIR"

static const struct option_row config_options[] = {{HELP}, {CONFIG}, {0}};

static const struct option_row relay_options[] = {
	{HELP},
	{.name = "config",
	 .brief = 'c',
	 .type = OPTION_FILE,
	 .argument = "FILE",
	 .offset = offsetof(struct options, conf),
	 .preset = BONDD_RELAY_CONF,
	 .help = "configuration file"},
	{.name = "restore",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, restore),
	 .help = "restore what a killed run has left changed, and end"},
	{0},
};

static const struct option_row check_options[] = {
	{HELP},
	{CONFIG},
	{.name = "relay",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct options, relay),
	 .help = "check a configuration of the relay, by default " BONDD_RELAY_CONF},
	{0},
};

static const struct option_row serve_options[] = {
	{HELP},
	{CONFIG},
	{.name = "listen",
	 .brief = 'l',
	 .type = OPTION_STRING,
	 .offset = offsetof(struct options, listen),
	 .argument = "ADDRESS[:PORT]",
	 .help = "address to listen on, instead of the configuration's; IPv6 with a port: "
		 "[ADDRESS]:PORT"},
	{ROOT},
	{0},
};

static const struct option_row status_options[] = {
	{HELP},
	{.name = "output",
	 .brief = 'o',
	 .type = OPTION_ENUM,
	 .offset = offsetof(struct options, format),
	 .words = "text json",
	 .preset = "text",
	 .help = "output format; json: as /status returns it"},
	{ROOT},
	{0},
};

static const struct verb verbs[] = {
	{
		.name = "watch",
		.options = config_options,
		.options_size = sizeof(struct options),
		.summary = "probe the paths of active-backup bonds and move them to a leg that "
			   "works",
		.text = "Probes the path behind each leg of every active-backup bond with ARP and "
			"neighbour discovery, and moves the bond from a leg whose path has failed "
			"to one that is proven good: within tens of milliseconds, also when the "
			"carrier stays up. When no leg gets a reply from any target, the bond is "
			"not moved. bondd steers the kernel's bond and does not replace it: when "
			"bondd ends, the bond stays as it is and its miimon continues. Each move "
			"is reported in one sentence on stderr. Runs in the foreground; needs "
			"CAP_NET_ADMIN and CAP_NET_RAW.",
		.example = "bondd watch",
		.run = run_watch,
	},
	{
		.name = "relay",
		.options = relay_options,
		.options_size = sizeof(struct options),
		.summary = "on a compute host, take the link from the guests of a PF whose path "
			   "is dead",
		.text = "For guests without bondd. Probes the path behind each PF as watch does "
			"for legs. If that of one PF is dead while another's is proven good, "
			"disables the link of its VFs, so that the guests' miimon fails over; and "
			"restores it when the path has been proven good for a while. Never holds "
			"two PFs, changes nothing if no path gets replies, and leaves VFs alone "
			"that are set to another link state than auto. Restores everything when it "
			"ends. Runs in the foreground; needs CAP_NET_ADMIN and CAP_NET_RAW.",
		.example = "bondd relay -c /etc/bondd-relay.conf",
		.run = run_relay,
	},
	{
		.name = "serve",
		.options = serve_options,
		.options_size = sizeof(struct options),
		.summary = "answer GET /status (JSON) and GET /metrics (Prometheus) over HTTP",
		.text = "Returns the state of this machine's bonds, their legs, all interfaces and "
			"cloud-init. The address may be assigned later. "
			"Runs in the foreground, needs no privilege and changes nothing.",
		.example = "bondd serve -l 172.16.1.10",
		.run = run_serve,
	},
	{
		.name = "status",
		.options = status_options,
		.options_size = sizeof(struct options),
		.summary = "print the state of the bonds",
		.text = "Prints the bonds as a table, or as the JSON that /status returns.",
		.example = "bondd status -o json",
		.run = run_status,
	},
	{
		.name = "check-config",
		.options = check_options,
		.options_size = sizeof(struct options),
		.summary = "check the configuration",
		.text = "Prints each error in the configuration with its line, and nothing if it "
			"is valid.",
		.example = "bondd check-config -c bondd.conf",
		.run = run_check_config,
	},
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
