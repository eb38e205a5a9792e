// SPDX-License-Identifier: Apache-2.0
#include "base/json_read.h"
#include "bondd/status.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"

enum { MAX_FILE = 256 << 10, MAX_ERRORS = 16, MAX_ERROR = 1024 };

/* The object "v1" of a file (borrowed from *document, which the caller releases), or NULL. */
static json_t *load(const char *root, const char *name, json_t **document, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/run/cloud-init/%s", root, name);
	cleanup_free char *text = NULL;
	size_t len;

	*document = NULL;
	if (!status_text(path, MAX_FILE, &text, &len, err))
		return NULL;
	*document = json_loadb(text, len, 0, NULL);
	return json_object_get(*document, "v1");
}

static void add_errors(struct guest_cloud_init *c, const char *stage, const json_t *errors)
{
	json_for_each (e, errors) {
		const char *text = json_string_value(e);
		if (text && c->errors.n < MAX_ERRORS)
			strv_take(&c->errors, xasprintf("%s: %.*s", stage, MAX_ERROR, text));
	}
}

void cloud_init_read(const char *root, struct guest_cloud_init *ret, struct err *err)
{
	struct guest_cloud_init c = {0};
	cleanup_free char *dir = xasprintf("%s/run/cloud-init", root);
	json_t *status_document, *result_document;
	json_t *status = load(root, "status.json", &status_document, err);
	json_t *result = load(root, "result.json", &result_document, err);
	const char *stage;
	json_t *value;

	json_object_foreach (status, stage, value)
		add_errors(&c, stage, json_object_get(value, "errors"));
	/* cloud-init writes result.json at the end of the last stage. */
	if (result && c.errors.n == 0)
		add_errors(&c, "result", json_object_get(result, "errors"));

	if (!file_exists(dir))
		status_note(dir, err);
	else if (c.errors.n)
		c.status = xstrdup("error");
	else if (result)
		c.status = xstrdup("done");
	else
		c.status = xstrdup(status ? "running" : "not started");
	json_decref(status_document);
	json_decref(result_document);
	*ret = c;
}
