// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli/common.h"
#include "cli/forecast.h"
#include "cli/verb.h"
#include "host/host.h"
#include "host/tree.h"
#include "host/tune.h"

DEFINE_CLEANUP(struct tree *, cleanup_tree_fn, tree_close)

static const char *wrong_use(const struct host_options *o)
{
	if (o->apply && o->root)
		return "--apply changes this machine, --root reads the files of another: use one "
		       "of them";
	if (o->capture && (o->root || o->tune || o->common.format == FORMAT_JSON))
		return "--capture cannot be combined with other options";
	if (o->tune && o->common.format == FORMAT_JSON)
		return "--tune prints a sysctl.d file, not JSON";
	return NULL;
}

static void say(const char *line)
{
	fprintf(stderr, "dnsvnf host: %s\n", line);
}

static int tune(const struct host_options *options, const struct host *host)
{
	cleanup_err struct err err = ERR_INIT;
	struct tune_setting settings[TUNE_SETTINGS];

	tune_plan(&host->conntrack, settings);

	cleanup_free char *text = tune_sysctl(settings);

	printf("# /" TUNE_SYSCTL_FILE "\n%s", text);
	for (size_t i = 0; i < TUNE_SETTINGS; i++)
		if (settings[i].now < 0)
			printf("# now: %s is unknown\n", settings[i].key);
		else
			printf("# now: %s = %" PRId64 "%s\n", settings[i].key, settings[i].now,
			       settings[i].now == settings[i].wanted ? ", as recommended" : "");
	printf("# new UDP flows per second until the table is full: ");
	if (host->conntrack.new_flows_per_s >= 0)
		printf("%" PRId64 " now, ", host->conntrack.new_flows_per_s);
	printf("%" PRId64 " then (%" PRId64 " / %" PRId64 " s)\n",
	       settings[0].wanted / settings[2].wanted, settings[0].wanted, settings[2].wanted);
	fflush(stdout);
	if (options->apply && tune_apply("", settings, say, &err) < 0)
		return cli_fail("host", &err);
	return EXIT_DONE;
}

static int capture(const struct host_options *options, struct tree_table *table)
{
	cleanup_err struct err err = ERR_INIT;

	tree_table_sort(table);
	if (capture_write(options->capture, table, &err) < 0)
		return cli_fail("host", &err);
	/* Not on stdout, which may be the file. */
	fprintf(stderr, "%s: %zu %s; read it with 'dnsvnf host --root %s'\n", options->capture,
		table->n, plural(table->n, "entry", "entries"), options->capture);
	return EXIT_DONE;
}

static int exit_of(const struct host *host)
{
	for (size_t i = 0; i < host->n_findings; i++)
		if (host->findings[i].severity == SEVERITY_ERROR)
			return EXIT_NOT_RIGHT;
	return EXIT_DONE;
}

/* Opens the folder or archive of --root; table must outlive the tree. */
static int open_root(const char *root, struct tree_table *table, struct tree **ret_tree,
		     struct err *err)
{
	cleanup(cleanup_tree_fn) struct tree *tree = NULL;
	struct stat st;

	if (stat(root, &st) == 0 && S_ISREG(st.st_mode)) {
		int r = capture_read(root, table, err);
		if (r < 0)
			return r;
		tree = tree_open_table(table);
	} else if (tree_open_folder(root, &tree, err) < 0) {
		return err->code;
	}
	if (!tree_exists(tree, "sys") && !tree_exists(tree, "proc"))
		return err_set(err, INVALID,
			       "%s is not a capture (it has neither sys nor proc): give the file "
			       "that 'dnsvnf host --capture' wrote, or the folder 'host' in it",
			       root);
	*ret_tree = steal_ptr(tree);
	return 0;
}

int verb_host(const struct verb *verb, const void *all)
{
	const struct host_options *options = all;
	cleanup_err struct err err = ERR_INIT;
	cleanup_tree_table struct tree_table table = {0}, read = {0};
	cleanup(cleanup_tree_fn) struct tree *tree = NULL;
	cleanup_host struct host host = {0};
	const char *wrong = wrong_use(options);

	if (wrong)
		return command_usage_error(&dnsvnf_program, verb, "%s", wrong);
	if ((options->root ? open_root(options->root, &read, &tree, &err)
			   : tree_open_live(&tree, &err)) < 0)
		return cli_fail("host", &err);
	if (options->capture)
		tree_record(tree, &table);
	host_read(tree, &host);
	if (tree_error(tree, &err) < 0)
		return cli_fail("host", &err);
	if (options->capture)
		return capture(options, &table);
	if (options->tune)
		return tune(options, &host);
	if (options->common.json)
		host_put(options->common.json, &host);
	else
		host_report(stdout, &host);
	return exit_of(&host);
}
