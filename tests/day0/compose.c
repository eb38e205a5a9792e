// SPDX-License-Identifier: Apache-2.0
/*
 * For the tests against cloud-init:
 *   day0_compose DEP.xml       writes the user data of the descriptor's first VM
 *   day0_compose --parts FILE ...  prints the parts that we see in files, as read_user_data.py does
 *   day0_compose --each FOLDER DST ADDED FILE ...  writes each file, ADDED put beside it as DST,
 *                              into the folder
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/str.h"
#include "day0/day0.h"
#include "day0/decode.h"
#include "day0/mime.h"
#include "esc/esc.h"
#include "model/model.h"

static int fail(const struct err *err)
{
	fprintf(stderr, "day0_compose: %s\n", err->text);
	return 1;
}

static int print_parts(const char *path)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_findings struct findings findings = {0};
	cleanup_parts struct mime_parts parts = {0};
	cleanup_text struct text text = {0};
	cleanup_free char *data = NULL, *unpacked = NULL;
	size_t len;

	if (file_read(path, 1 << 20, &data, &len, &err) < 0)
		return fail(&err);
	if (gunzip(data, len, GUNZIP_MAX, &unpacked, &len, NULL) == 0)
		text_init(&text, path, unpacked, len, 1);
	else
		text_init(&text, path, data, len, 1);
	printf("%s:\n", path);
	mime_read(&text, &parts, &findings);
	for (size_t i = 0; i < parts.n; i++) {
		const struct mime_part *p = &parts.v[i];
		size_t blank = 0;
		while (blank < p->text.len && isspace((unsigned char)p->text.s[blank]))
			blank++;
		if (blank < p->text.len || !streq(p->type, "text/plain"))
			printf("%s %zu\n", p->type, p->text.len);
	}
	return 0;
}

/* The user data of the first VM group of a descriptor; what is found goes to stderr. */
static int compose_descriptor(const char *path, char **ret_data, size_t *ret_len, struct err *err)
{
	cleanup_findings struct findings findings = {0};
	cleanup_model struct model *model = NULL;

	int r = esc_read(path, &model, &findings, err);
	if (r < 0)
		return r;
	if (!model || model->n_tenants == 0 || model->tenants[0].n_deployments == 0 ||
	    model->tenants[0].deployments[0].n_vm_groups == 0)
		return err_set(err, INVALID, "%s has no VM group", path);
	struct vm_group *group = &model->tenants[0].deployments[0].vm_groups[0];
	day0_load(model, group, &findings);
	for (size_t i = 0; i < findings.n; i++)
		fprintf(stderr, "%s:%u: %s\n", findings.v[i].file, findings.v[i].line,
			findings.v[i].text);
	return day0_compose(group, 0, NULL, 0, ret_data, ret_len, err);
}

/* The file at path as user data, and another as DST. */
static int compose_added(const char *path, const char *dst, const char *added, char **ret_data,
			 size_t *ret_len, struct err *err)
{
	cleanup_findings struct findings findings = {0};
	static const char *const anywhere[] = {"/", NULL};
	cleanup_model struct model *model = model_new("dep.xml");
	struct tenant *tenant = array_push(model->tenants, model->n_tenants);
	struct deployment *deployment = array_push(tenant->deployments, tenant->n_deployments);
	struct vm_group *group = array_push(deployment->vm_groups, deployment->n_vm_groups);
	struct configuration *c = array_push(group->configurations, group->n_configurations);

	c->dst = xstrdup("--user-data");
	c->file = xstrdup(path);
	c = array_push(group->configurations, group->n_configurations);
	c->dst = xstrdup(dst);
	c->file = xstrdup(added);
	model->folders = anywhere;
	day0_load(model, group, &findings);
	return day0_compose(group, 0, NULL, 0, ret_data, ret_len, err);
}

/* Writes each file, with the file `added` as DST beside it, under its own name into a folder. */
static int compose_each(const char *folder, const char *dst, const char *added, char **paths, int n)
{
	for (int i = 0; i < n; i++) {
		const char *slash = strrchr(paths[i], '/');
		cleanup_err struct err err = ERR_INIT;
		cleanup_free char *to = xasprintf("%s/%s", folder, slash ? slash + 1 : paths[i]);
		cleanup_free char *data = NULL;
		size_t len;
		int r = compose_added(paths[i], dst, added, &data, &len, &err);
		if (r == 0)
			r = file_write_at(AT_FDCWD, to, data, len, 0644, &err);
		if (r < 0)
			fprintf(stderr, "%s: %s\n", paths[i], err.text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *data = NULL;
	size_t len = 0;

	if (argc > 2 && streq(argv[1], "--parts")) {
		int r = 0;
		for (int i = 2; i < argc && r == 0; i++)
			r = print_parts(argv[i]);
		return r;
	}

	if (argc > 5 && streq(argv[1], "--each"))
		return compose_each(argv[2], argv[3], argv[4], argv + 5, argc - 5);
	if (argc != 2)
		return 2;
	if (compose_descriptor(argv[1], &data, &len, &err) < 0)
		return fail(&err);
	fwrite(data, 1, len, stdout);
	return 0;
}
