// SPDX-License-Identifier: Apache-2.0
/* bondd: tells over HTTP how the bonds of this machine are. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bondd/conf.h"
#include "bondd/read.h"
#include "bondd/server.h"
#include "bondd/table.h"

enum { EXIT_USAGE = 2 };

static const char help[] =
	"Usage: bondd [-l ADDRESS[:PORT]] [--root DIR]\n"
	"       bondd status [--root DIR]\n"
	"\n"
	"Answers GET /status with the state of this machine's bonds as JSON, in the foreground;\n"
	"with `status` prints it as a table and ends.\n"
	"\n"
	"  -l, --listen ADDRESS[:PORT]  where to answer; without it, `listen = ADDRESS[:PORT]`\n"
	"                               of " BONDD_CONF ", else 127.0.0.1:" BONDD_PORT "\n"
	"      --root DIR               read proc, sys and run below DIR\n"
	"  -h, --help                   this text\n"
	"  -V, --version                the version\n"
	"\n"
	"Example: bondd -l 172.16.1.10\n"
	"         curl http://172.16.1.10:" BONDD_PORT "/status\n";

static int fail(const struct err *err, int exit_code)
{
	fprintf(stderr, "bondd: %s\n", err->text);
	return exit_code;
}

static int serve(const char *listen_text, const char *root)
{
	cleanup_err struct err err = ERR_INIT;
	struct conf conf;
	int r = listen_text ? listen_parse(listen_text, &conf.listen, &err)
			    : conf_read(BONDD_CONF, &conf, &err);

	if (r < 0)
		return fail(&err, listen_text ? EXIT_USAGE : EXIT_FAILURE);
	int fd = listen_open(&conf.listen, &err);
	if (fd < 0)
		return fail(&err, EXIT_FAILURE);
	server_run(fd, root, &err); /* comes back only when it failed */
	return fail(&err, EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
	enum { OPTION_ROOT = 256 };
	static const struct option options[] = {
		{"listen", required_argument, NULL, 'l'},
		{"root", required_argument, NULL, OPTION_ROOT},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	const char *listen = NULL;
	const char *root = "";
	int c;

	while ((c = getopt_long(argc, argv, "l:hV", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			listen = optarg;
			break;
		case OPTION_ROOT:
			root = optarg;
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
	if (optind == argc)
		return serve(listen, root);
	if (optind + 1 < argc || !streq(argv[optind], "status")) {
		fprintf(stderr, "bondd: unexpected '%s'\nTry `bondd --help`.\n", argv[optind]);
		return EXIT_USAGE;
	}

	cleanup_guest_status struct guest_status status;
	status_read(root, &status);
	cleanup_free char *table = status_table(&status);
	fputs(table, stdout);
	return EXIT_SUCCESS;
}
