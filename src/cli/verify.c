// SPDX-License-Identifier: Apache-2.0
#include "deploy/verify.h"
#include "base/alloc.h"
#include "base/json_write.h"
#include "cli/common.h"
#include "cli/verb.h"

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

static void put_checks(struct json_writer *w, const struct verifications *v)
{
	json_put_uint64(w, "passed", verifications_count(v, VERDICT_PASS));
	json_put_uint64(w, "failed", verifications_count(v, VERDICT_FAIL));
	json_put_uint64(w, "unknown", verifications_count(v, VERDICT_UNKNOWN));
	json_open_array(w, "checks");
	for (size_t i = 0; i < v->n; i++) {
		json_open_object(w, NULL);
		json_put_text(w, "check", v->v[i].check);
		json_put_text_opt(w, "object", v->v[i].object);
		json_put_text(w, "result", verdict_name(v->v[i].verdict));
		json_put_text_opt(w, "evidence", v->v[i].evidence);
		json_close(w);
	}
	json_close(w);
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
	int code = failed ? EXIT_NOT_RIGHT : EXIT_DONE;
	if (options->json) {
		put_checks(options->json, &v);
		return code;
	}
	print_table(&v);
	printf("%s: %zu passed, %zu failed, %zu unknown\n", deployment->name,
	       verifications_count(&v, VERDICT_PASS), failed,
	       verifications_count(&v, VERDICT_UNKNOWN));
	return code;
}

int verb_verify(const struct verb *verb, const void *options)
{
	return cli_each_deployment(verb, options, verify_one);
}
