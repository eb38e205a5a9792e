// SPDX-License-Identifier: Apache-2.0
#include "bondd/relay_record.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/str.h"

enum { RECORD_VERSION = 1, RECORD_MAX = 128 << 10 };

static char *record_text(const struct relay_record *r, struct err *err)
{
	cleanup_json_writer struct json_writer w = {0};

	json_open_object(&w, NULL);
	json_put_int64(&w, "version", RECORD_VERSION);
	json_put_string(&w, "pf", r->pf);
	json_put_int64(&w, "index", r->index);
	json_put_bool(&w, "pf_down", r->pf_down);
	json_open_array(&w, "vfs");
	for (size_t i = 0; i < r->n_vfs; i++) {
		json_open_object(&w, NULL);
		json_put_int64(&w, "vf", r->vfs[i].index);
		json_put_string(&w, "before", vf_link_state_name(r->vfs[i].before));
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	return json_write_text(&w, JSON_COMPACT, err);
}

int relay_record_write(const char *dir, const struct relay_record *record, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RELAY_RECORD, dir);

	if (!record->pf[0]) {
		if (unlink(path) < 0 && errno != ENOENT)
			return err_errno(err, errno, "cannot remove '%s'", path);
		return 0;
	}
	cleanup_free char *text = record_text(record, err);
	if (!text)
		return -EINVAL;
	return file_write_at(AT_FDCWD, path, text, strlen(text), 0644, err);
}

static void read_vf(struct json_reader *entry, struct relay_record *r)
{
	struct relay_record_vf *vf = &r->vfs[r->n_vfs];
	cleanup_free char *before = NULL;
	int index = -1;

	json_must_have(entry, "vf");
	json_get_int(entry, "vf", 0, RTNL_VFS_MAX - 1, &index);
	json_must_have(entry, "before");
	json_get_name(entry, "before", &before);
	if (!before || index < 0)
		return;
	if (!streq(before, "auto") && !streq(before, "enable"))
		json_fail(entry, "before", "must be auto or enable");
	*vf = (struct relay_record_vf){
		.index = (unsigned)index,
		.before = streq(before, "enable") ? VF_LINK_ENABLE : VF_LINK_AUTO,
	};
	r->n_vfs++;
}

int relay_record_parse(const char *text, size_t len, const char *name,
		       struct relay_record *ret_record, struct err *err)
{
	cleanup_json json_t *document = NULL;
	cleanup_free struct relay_record *r = xcalloc(1, sizeof(*r));
	cleanup_free char *pf = NULL;
	int version = 0;
	int code = json_parse_document(text, len, name, &document, err);

	if (code < 0)
		return code;
	struct json_reader reader = json_reader(document, err);
	json_must_be_object(&reader);
	json_must_have(&reader, "version");
	json_get_int(&reader, "version", RECORD_VERSION, RECORD_VERSION, &version);
	json_must_have(&reader, "pf");
	json_get_name(&reader, "pf", &pf);
	json_must_have(&reader, "index");
	json_get_int(&reader, "index", 1, INT32_MAX, &r->index);
	json_must_have(&reader, "pf_down");
	json_get_bool(&reader, "pf_down", &r->pf_down);
	if (pf && strlen(pf) >= sizeof(r->pf))
		json_fail(&reader, "pf", "must be the name of an interface");
	json_each (&reader, "vfs", RTNL_VFS_MAX, entry)
		read_vf(&entry, r);
	code = json_end(&reader);
	if (code < 0)
		return err ? err_wrap(err, "%s", name) : code;
	snprintf(r->pf, sizeof(r->pf), "%s", pf ? pf : "");
	*ret_record = *r;
	return 0;
}

int relay_record_read(const char *dir, struct relay_record *ret_record, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RELAY_RECORD, dir);
	cleanup_free char *text = NULL;
	cleanup_err struct err problem = ERR_INIT;
	size_t len;
	int r = file_read(path, RECORD_MAX, &text, &len, &problem);

	if (r == -ENOENT) {
		memset(ret_record, 0, sizeof(*ret_record));
		return 0;
	}
	if (r < 0)
		return err_copy(err, &problem);
	return relay_record_parse(text, len, path, ret_record, err);
}
