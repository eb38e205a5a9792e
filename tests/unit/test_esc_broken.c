// SPDX-License-Identifier: Apache-2.0
/*
 * Broken descriptors and the exact message that each must get. A row changes one place of
 * tests/unit/esc/full.xml (or full.json), or stands alone. What is expected is all findings of the
 * reader and of check_references, a line each: "LINE: SEVERITY: TEXT [RULE] PATH", where D stands
 * for the path of the deployment and G for that of its first vm_group.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/str.h"
#include "check/check.h"
#include "esc/internal.h"
#include "model/model.h"

#define DEPLOYMENT "/esc_datamodel/tenants/tenant[name='t']/deployments/deployment[name='d']"
#define GROUP      DEPLOYMENT "/vm_group[name='g']"

struct row {
	const char *old;    /* must stand in the base exactly once; NULL: no base */
	const char *broken; /* in its place; without a base the whole file */
	const char *expected;
};

static const struct row xml_rows[] = {
#include "esc/broken_xml.inc"
};

static const struct row json_rows[] = {
#include "esc/broken_json.inc"
};

static const struct row file_rows[] = {
#include "esc/broken_file.inc"
};

/* base with old replaced by broken; the caller frees. */
static char *patched(const char *base, const struct row *row)
{
	const char *at = strstr(base, row->old);

	if (!at || strstr(at + 1, row->old))
		fail_msg("\"%s\" does not stand exactly once in the base", row->old);
	return xasprintf("%.*s%s%s", (int)(at - base), base, row->broken, at + strlen(row->old));
}

static void add_path(struct strbuf *b, const char *path)
{
	static const struct {
		const char *prefix, *shown;
	} prefixes[] = {{GROUP, "G"}, {DEPLOYMENT, "D"}};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i].prefix);

		if (strncmp(path, prefixes[i].prefix, len) == 0 && (!path[len] || path[len] == '/'))
			return strbuf_addf(b, " %s%s", prefixes[i].shown, path + len);
	}
	strbuf_addf(b, " %s", path);
}

/* All that is found in text, as a row expects it; the caller frees. */
static char *findings_of(const char *text)
{
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;
	cleanup_strbuf struct strbuf b = {0};

	esc_read_memory("dep.xml", text, strlen(text), &model, &findings);
	if (model)
		check_references(model, &findings);
	findings_sort(&findings);
	for (size_t i = 0; i < findings.n; i++) {
		const struct finding *f = &findings.v[i];

		assert_string_equal(f->file, "dep.xml");
		strbuf_addf(&b, "%u: %s: %s [%s]", f->line, severity_name(f->severity), f->text,
			    f->rule);
		if (f->path)
			add_path(&b, f->path);
		strbuf_adds(&b, "\n");
	}
	return strbuf_steal(&b);
}

static void run(const struct row *rows, size_t n, const char *base_path)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *base = NULL;
	size_t len, failed = 0;

	if (base_path && file_read(base_path, 1 << 20, &base, &len, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *text =
			rows[i].old ? patched(base, &rows[i]) : xstrdup(rows[i].broken);
		cleanup_free char *got = findings_of(text);

		if (streq(got, rows[i].expected))
			continue;
		print_error("row %zu: %s\nexpected:\n%sgot:\n%s\n", i, rows[i].broken,
			    rows[i].expected, got);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void test_broken_xml(void **state)
{
	(void)state;
	run(xml_rows, ARRAY_SIZE(xml_rows), "tests/unit/esc/full.xml");
}

static void test_broken_json(void **state)
{
	(void)state;
	run(json_rows, ARRAY_SIZE(json_rows), "tests/unit/esc/full.json");
}

static void test_broken_files(void **state)
{
	(void)state;
	run(file_rows, ARRAY_SIZE(file_rows), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_xml),
		cmocka_unit_test(test_broken_json),
		cmocka_unit_test(test_broken_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
