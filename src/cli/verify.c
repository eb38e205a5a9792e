// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

#include "base/alloc.h"
#include "cli/common.h"
#include "cli/verb.h"
#include "deploy/verify.h"

static void print_table(const struct verifications *v)
{
	static const char *const heads[] = {"CHECK", "OF", "RESULT", "EVIDENCE"};
	struct table table;

	table_init(&table, ARRAY_SIZE(heads), heads);
	for (size_t i = 0; i < v->n; i++) {
		table_add(&table, v->v[i].check);
		table_add(&table, v->v[i].object);
		table_add(&table, verdict_name(v->v[i].verdict));
		table_add(&table, v->v[i].evidence);
	}
	table_print(stdout, &table);
}

static void print_json(const struct deployment *deployment, const struct verifications *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s*, s:s, s:s*}", "check",
						      v->v[i].check, "object", v->v[i].object,
						      "result", verdict_name(v->v[i].verdict),
						      "evidence", v->v[i].evidence));
	json_t *whole = json_pack("{s:s, s:o}", "deployment", deployment->name, "checks", list);
	json_dumpf(whole, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(whole);
}

static int verify_one(const struct options *options, const struct model *model,
		      const struct tenant *tenant, const struct deployment *deployment,
		      struct vim *vim)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_verifications struct verifications v = {0};

	(void)tenant;
	if (verify_deployment(vim, model, deployment, &v, &err) < 0)
		return cli_fail("verify", &err);
	size_t failed = verifications_count(&v, VERDICT_FAIL);
	if (options->format == FORMAT_JSON) {
		print_json(deployment, &v);
	} else {
		print_table(&v);
		printf("%s: %zu passed, %zu failed, %zu unknown\n", deployment->name,
		       verifications_count(&v, VERDICT_PASS), failed,
		       verifications_count(&v, VERDICT_UNKNOWN));
	}
	return failed ? EXIT_NOT_RIGHT : EXIT_DONE;
}

int verb_verify(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, verify_one);
}
