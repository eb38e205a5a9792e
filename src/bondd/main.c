// SPDX-License-Identifier: Apache-2.0
/* bondd: the bond's eyes, and the service that tells over HTTP how the bonds are. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/conf.h"
#include "bondd/json.h"
#include "bondd/read.h"
#include "bondd/server.h"
#include "bondd/table.h"
#include "bondd/watch.h"

enum {
	EXIT_USAGE = 2,
	EXIT_CONFIGURATION = 78, /* EX_CONFIG of sysexits.h: the services are not started again */
};

struct options {
	const char *listen, *root, *output, *conf;
};

static const char help[] =
	"Usage: bondd watch [-c FILE]\n"
	"       bondd serve [-c FILE] [-l ADDRESS[:PORT]] [--root DIR]\n"
	"       bondd status [-o text|json] [--root DIR]\n"
	"       bondd check-config [-c FILE]\n"
	"\n"
	"  watch         probes the paths of active-backup bonds and moves them to a leg that "
	"works\n"
	"  serve         answers GET /status (JSON) and GET /metrics (Prometheus) over HTTP\n"
	"  status        prints how the bonds are\n"
	"  check-config  says what is wrong with the configuration\n"
	"\n"
	"  -c, --config FILE            instead of " BONDD_CONF ", which need not exist\n"
	"  -l, --listen ADDRESS[:PORT]  where to answer instead of the configuration's listen\n"
	"  -o, --output text|json       a table, or what /status answers\n"
	"      --root DIR               read proc, sys and run below DIR\n"
	"  -h, --help                   this text\n"
	"  -V, --version                the version\n"
	"\n"
	"Example: bondd serve -l 172.16.1.10\n"
	"         curl http://172.16.1.10:" BONDD_PORT "/status\n";

static int fail(const struct err *err, int exit_code)
{
	fprintf(stderr, "bondd: %s\n", err->text);
	return exit_code;
}

static int run_watch(const struct options *o)
{
	cleanup_err struct err err = ERR_INIT;
	struct conf conf;

	if (conf_read(o->conf, &conf, &err) < 0)
		return fail(&err, EXIT_CONFIGURATION);
	return watch_run(&conf, &err) < 0 ? fail(&err, EXIT_FAILURE) : EXIT_SUCCESS;
}

static int run_serve(const struct options *o)
{
	cleanup_err struct err err = ERR_INIT;
	struct conf conf;
	int r = o->listen ? listen_parse(o->listen, &conf.listen, &err)
			  : conf_read(o->conf, &conf, &err);

	if (r < 0)
		return fail(&err, o->listen ? EXIT_USAGE : EXIT_CONFIGURATION);
	int fd = listen_open(&conf.listen, &err);
	if (fd < 0)
		return fail(&err, EXIT_FAILURE);
	server_run(fd, o->root, &err); /* comes back only when it failed */
	return fail(&err, EXIT_FAILURE);
}

static int run_status(const struct options *o)
{
	cleanup_guest_status struct guest_status status;
	cleanup_err struct err err = ERR_INIT;

	if (!streq(o->output, "text") && !streq(o->output, "json")) {
		fprintf(stderr, "bondd: --output is text or json, not '%s'\n", o->output);
		return EXIT_USAGE;
	}
	status_read(o->root, &status);
	cleanup_free char *text =
		streq(o->output, "json") ? status_json(&status, &err) : status_table(&status);
	if (!text)
		return fail(&err, EXIT_FAILURE);
	fputs(text, stdout);
	return EXIT_SUCCESS;
}

static int run_check_config(const struct options *o)
{
	cleanup_err struct err err = ERR_INIT;
	struct conf conf;

	if (conf_read(o->conf, &conf, &err) < 0)
		return fail(&err, EXIT_FAILURE);
	return EXIT_SUCCESS;
}

static const struct {
	const char *name;
	int (*run)(const struct options *o);
} verbs[] = {
	{"watch", run_watch},
	{"serve", run_serve},
	{"status", run_status},
	{"check-config", run_check_config},
};

static int run_verb(int argc, char *argv[], const struct options *o)
{
	for (size_t i = 0; argc == 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (streq(argv[0], verbs[i].name))
			return verbs[i].run(o);
	if (argc == 0)
		fputs("bondd: what to do?", stderr);
	else
		fprintf(stderr, "bondd: unexpected '%s'", argv[argc > 1 ? 1 : 0]);
	fputs("\nTry `bondd --help`.\n", stderr);
	return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
	enum { OPTION_ROOT = 256 };
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"listen", required_argument, NULL, 'l'},
		{"output", required_argument, NULL, 'o'},
		{"root", required_argument, NULL, OPTION_ROOT},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	struct options o = {.root = "", .output = "text", .conf = BONDD_CONF};
	int c;

	while ((c = getopt_long(argc, argv, "c:l:o:hV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			o.conf = optarg;
			break;
		case 'l':
			o.listen = optarg;
			break;
		case 'o':
			o.output = optarg;
			break;
		case OPTION_ROOT:
			o.root = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("bondd " DNSVNF_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs("Try `bondd --help`.\n", stderr);
			return EXIT_USAGE;
		}
	}
	return run_verb(argc - optind, argv + optind, &o);
}
