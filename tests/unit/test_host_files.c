// SPDX-License-Identifier: Apache-2.0
/* What `host` reads with: CPU lists, oslo.config files, captured trees; and what it writes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "host/oslo.h"
#include "host/tune.h"
#include "host_util.h"

static void test_oslo_rules(void **state)
{
	static const struct oslo_key keys[] = {{"a", "k"}, {"a", "long"}};
	cleanup_tree_table struct tree_table t = {0}, captured = {0};
	cleanup_free char *filler = xcalloc(600, 1);

	(void)state;
	memset(filler, 'x', 599);

	cleanup_free char *text =
		xasprintf("k = outside\n[a]\n# k = comment\nk = 'one'\n"
			  "  # not a comment, more of it\n\n  lost\n"
			  "password = hush\n  hush too\nlong: %s\n[b]\nk = other\n",
			  filler);
	add_file(&t, "f.conf", text);
	tree_table_sort(&t);

	struct tree *tree = tree_open_table(&t);
	tree_record(tree, &captured);
	char *path = (char *)"f.conf";
	const struct strv paths = {&path, 1};
	struct oslo_conf *conf = oslo_read(tree, &paths, keys, ARRAY_SIZE(keys));

	assert_string_equal(oslo_get(conf, "a", "k"), "one # not a comment, more of it");
	assert_string_equal(oslo_get(conf, "a", "long"), filler);
	assert_int_equal(captured.n, 1);
	assert_null(strstr(captured.v[0].data, "hush"));
	assert_null(strstr(captured.v[0].data, "other"));

	struct tree *again = tree_open_table(&captured);
	struct oslo_conf *second = oslo_read(again, &paths, keys, ARRAY_SIZE(keys));
	assert_int_equal(second->n, conf->n);
	for (size_t i = 0; i < conf->n; i++) {
		assert_int_equal(second->v[i].line, conf->v[i].line);
		assert_string_equal(second->v[i].value, conf->v[i].value);
	}
	assert_int_equal(conf->v[0].line, 4);
	oslo_free(second);
	tree_close(again);
	oslo_free(conf);
	tree_close(tree);
}

static void make_folder(const char *root, const char *name)
{
	cleanup_free char *path = xasprintf("%s/%s", root, name);

	assert_int_equal(dir_make(path, NULL), 0);
}

/* A captured tree comes from somebody else. */
static void test_no_link_leads_out(void **state)
{
	char root[] = "/tmp/test-host-XXXXXX";
	struct tree *tree = NULL;
	cleanup_tree_names struct tree_names names = {0};

	(void)state;
	assert_non_null(mkdtemp(root));
	make_folder(root, "proc/sys/kernel");
	cleanup_free char *absolute = xasprintf("%s/proc/sys/kernel/hostname", root);
	cleanup_free char *upward = xasprintf("%s/proc/cmdline", root);
	cleanup_free char *pipe_path = xasprintf("%s/proc/modules", root);
	cleanup_free char *folder = xasprintf("%s/sys", root);
	assert_int_equal(symlink("/etc/hostname", absolute), 0);
	assert_int_equal(symlink("../../../../../../etc/passwd", upward), 0);
	assert_int_equal(symlink("/etc", folder), 0);
	assert_int_equal(mkfifo(pipe_path, 0600), 0);

	assert_int_equal(tree_open_folder(root, &tree, NULL), 0);
	assert_null(tree_text(tree, "proc/sys/kernel/hostname"));
	assert_null(tree_text(tree, "proc/cmdline"));
	assert_null(tree_text(tree, "proc/modules")); /* and does not wait for a writer */
	tree_list(tree, &names, "", "sys");
	assert_false(names.known);
	tree_close(tree);
	assert_int_equal(dir_remove(root, NULL), 0);
}

static unsigned said;

static void count_lines(const char *line)
{
	assert_non_null(line);
	said++;
}

static void test_tune(void **state)
{
	char root[] = "/tmp/test-host-XXXXXX";
	const struct host_conntrack small = {.max = 65536, .buckets = 65536, .udp_timeout = 30};
	const struct host_conntrack large = {.max = 4000000, .buckets = 1000000, .udp_timeout = 5};
	struct tune_setting s[TUNE_SETTINGS];
	cleanup_err struct err err = ERR_INIT;
	char *text;
	size_t len;

	(void)state;
	tune_plan(&large, s); /* what is enough stays */
	for (size_t i = 0; i < TUNE_SETTINGS; i++)
		assert_int_equal(s[i].wanted, s[i].now);
	tune_plan(&small, s);
	assert_int_equal(s[0].wanted, 262144);

	assert_non_null(mkdtemp(root));
	assert_int_equal(tune_apply(root, s, count_lines, &err), -ENOENT); /* no such module */
	assert_non_null(strstr(err.text, "modprobe nf_conntrack"));

	make_folder(root, "proc/sys/net/netfilter");
	cleanup_free char *max = xasprintf("%s/proc/sys/net/netfilter/nf_conntrack_max", root);
	cleanup_free char *timeout =
		xasprintf("%s/proc/sys/net/netfilter/nf_conntrack_udp_timeout", root);
	cleanup_free char *conf = xasprintf("%s/" TUNE_SYSCTL_FILE, root);
	assert_int_equal(file_write_at(-1, max, "65536\n", 6, 0600, NULL), 0);
	assert_int_equal(file_write_at(-1, timeout, "30\n", 3, 0600, NULL), 0);
	said = 0;
	assert_int_equal(tune_apply(root, s, count_lines, NULL), 0);
	assert_int_equal(said, 4); /* two files, two values: the buckets are enough */
	assert_int_equal(file_read(max, 64, &text, &len, NULL), 0);
	assert_string_equal(text, "262144\n");
	free(text);
	assert_int_equal(file_read(conf, 4096, &text, &len, NULL), 0);
	assert_non_null(strstr(text, "net.netfilter.nf_conntrack_udp_timeout = 10\n"));
	free(text);
	assert_int_equal(dir_remove(root, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oslo_rules),
		cmocka_unit_test(test_no_link_leads_out),
		cmocka_unit_test(test_tune),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
