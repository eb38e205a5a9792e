// SPDX-License-Identifier: Apache-2.0
/* dnsvnfd: watches deployments, and heals them if it may. */
#include <getopt.h>
#include <grp.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "manager/manager.h"

enum { EXIT_CONFIG = 78 }; /* of sysexits.h: systemd does not start it again */

static const char help[] = "usage: dnsvnfd [--config FILE] [--check-config]\n"
			   "\n"
			   "Watches the deployments that 'dnsvnf manage' gave it, reports what "
			   "happens to them, and\n"
			   "with heal = on repairs them.\n"
			   "\n"
			   "  --config FILE    read FILE (default: " MANAGER_CONF ")\n"
			   "  --check-config   read the configuration, and exit\n"
			   "  -h, --help       show this help\n"
			   "  --version        show the version\n";

struct arguments {
	const char *config;
	bool check, done;
};

static int parse(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"check-config", no_argument, NULL, 'k'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{0}};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'c')
			ret->config = optarg;
		else if (c == 'k')
			ret->check = true;
		else if (c == 'h')
			ret->done = fputs(help, stdout) >= 0;
		else if (c == 'V')
			ret->done = puts("dnsvnfd " DNSVNF_VERSION) >= 0;
		else
			return 2;
	}
	if (optind < argc) {
		fprintf(stderr, "dnsvnfd: unexpected operand '%s'; see 'dnsvnfd --help'\n",
			argv[optind]);
		return 2;
	}
	return 0;
}

static int find_operators(struct manager *m, struct err *err)
{
	const struct group *group = m->conf.operators ? getgrnam(m->conf.operators) : NULL;

	if (m->conf.operators && !group)
		return err_set(err, INVALID, "operators: there is no group '%s' on this machine",
			       m->conf.operators);
	m->has_operators = group != NULL;
	m->operators = group ? group->gr_gid : 0;
	return 0;
}

int main(int argc, char **argv)
{
	cleanup_err struct err err = ERR_INIT;
	struct arguments arguments = {0};
	struct manager m = {.control = -1};
	sigset_t signals;
	int r = parse(argc, argv, &arguments);

	if (r != 0 || arguments.done)
		return r;
	setlocale(LC_CTYPE, "");
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD); /* sd-event reads them */
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	manager_conf_init(&m.conf);
	r = manager_conf_read(arguments.config ? arguments.config : MANAGER_CONF,
			      arguments.config != NULL, &m.conf, &err);
	if (r == 0)
		r = find_operators(&m, &err);
	int failure = r < 0 ? EXIT_CONFIG : 1;
	if (r == 0 && !arguments.check) {
		r = manager_open(&m, &err);
		if (r == 0)
			r = manager_run(&m, &err);
		manager_close(&m);
	}
	if (r < 0) {
		fprintf(stderr, "<3>dnsvnfd: %s\n", err.text);
		return failure;
	}
	return 0;
}
