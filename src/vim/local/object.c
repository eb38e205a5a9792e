// SPDX-License-Identifier: Apache-2.0
/* Creates and deletes one object with its record. */

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "vim/local/handle.h"
#include "vim/request.h"

static int realise(struct local *local, const struct vim_request *request, struct records *records,
		   struct record *record, struct err *err)
{
	cleanup_image_files struct image_files files = {0};
	int r;

	switch (record->kind) {
	case VIM_FLAVOR:
	case VIM_SERVER_GROUP: /* there is one host: nothing to keep apart */
		return 0;
	case VIM_IMAGE:
		r = image_find(record->name, request->image->src, &files, err);
		if (r == 0)
			json_object_set_new(record->made, "disk", json_string(files.disk));
		return r;
	case VIM_NETWORK:
		return net_network_create(local, records, record, err);
	case VIM_SUBNET:
		return net_subnet_create(local, records, record, err);
	case VIM_PORT:
		return net_port_create(local, records, record, err);
	case VIM_SERVER:
		return server_create(local, request, records, record, err);
	}
	return 0;
}

int local_create_one(struct local *local, const struct vim_request *request,
		     struct records *records, struct err *err)
{
	const char *kind = vim_kind_name(request->kind);

	/* A changed image is created beside the old one. */
	if (request->kind != VIM_IMAGE && records_find(records, request->kind, request->name))
		return err_code(err, REFUSED, EEXIST, "%s \"%s\" exists already", kind,
				request->name);
	struct record *record = records_new(records, request->kind, request->name);
	record->owner = xstrdup(request->owner);
	record->digest = vim_request_digest(request);
	json_decref(record->spec);
	record->spec = vim_request_json(request);
	int r = record_save(&local->store, record, err);
	if (r == 0)
		r = realise(local, request, records, record, err);
	if (r < 0) {
		err_wrap(err, "%s %s", kind, request->name);
		if (err) {
			json_object_set_new(record->made, "fault", json_string(err->text));
			json_object_set_new(record->made, "no_host",
					    json_boolean(err->kind == ERR_NO_CAPACITY));
			record_save(&local->store, record, NULL);
		}
		return r;
	}
	record->done = true;
	return record_save(&local->store, record, err);
}

/* Removes the record from the array and passes its ownership to the caller. */
static struct record take(struct records *records, size_t i)
{
	struct record record = records->v[i];

	memmove(records->v + i, records->v + i + 1, (records->n - i - 1) * sizeof(*records->v));
	records->n--;
	return record;
}

static int unmake(struct local *local, const struct records *records, const struct record *record,
		  struct err *err)
{
	switch (record->kind) {
	case VIM_IMAGE:
	case VIM_FLAVOR:
	case VIM_SERVER_GROUP:
		return 0;
	case VIM_SUBNET:
		return net_subnet_destroy(local, records, record, err);
	case VIM_NETWORK:
		return net_prune(local, records, err);
	case VIM_PORT:
		return net_port_destroy(local, record, err);
	case VIM_SERVER:
		return server_destroy(local, record, err);
	}
	return 0;
}

int local_destroy_one(struct local *local, struct records *records, const struct vim_object *object,
		      struct err *err)
{
	for (size_t i = 0; i < records->n; i++) {
		if (!streq(records->v[i].id, object->id))
			continue;
		struct records gone = {0};
		*array_push(gone.v, gone.n) = take(records, i);
		int r = unmake(local, records, &gone.v[0], err);
		if (r == 0)
			r = record_remove(&local->store, &gone.v[0], err);
		records_clear(&gone);
		return r;
	}
	return 0;
}
