/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the embedded VIM remembers: one folder a deployment, ROOT/TENANT/DEPLOYMENT, with one JSON
 * file an object, written before the object is made and removed after it is gone. So whatever a
 * killed dnsvnf leaves behind is found by the next one. Disks, sockets and logs of servers stand
 * beside the records. ROOT is /var/lib/dnsvnf or DNSVNF_LOCAL_DIR.
 */
#pragma once

#include <jansson.h>

#include "vim/vim.h"

struct record {
	enum vim_kind kind;
	int64_t seq; /* order of creation */
	char *id;    /* UUID; names the file and whatever belongs to the object */
	char *name;
	char *owner;
	char *digest;
	bool done;    /* the object behind it was made whole */
	json_t *spec; /* the request, as vim_request_json gives it */
	json_t *made; /* what the VIM chose: MAC and addresses of a port, name of a tap ... */
};

struct records {
	struct record *v;
	size_t n;
};

struct store {
	char *root, *tenant, *deployment;
	char *path; /* of the deployment's folder, which may not exist */
	int dirfd;  /* of that folder, -1: not open */
	int lockfd; /* -1: not locked */
};

/* Makes nothing. */
void store_init(struct store *store, const char *tenant, const char *deployment);
void store_clear(struct store *store); /* unlocks */

/* Opens the folder into store->dirfd; -ENOENT when there is none. */
int store_open_folder(struct store *store, struct err *err);

/*
 * Makes the folder (0700) and keeps other dnsvnf from changing the deployment until store_clear.
 * -EBUSY with the pid of who is at work. A second call does nothing.
 */
int store_lock(struct store *store, struct err *err);

/* All records in the order of their creation; none when there is no folder. */
int store_load(struct store *store, struct records *ret, struct err *err);

/* A new one, with an id, not saved yet. */
struct record *records_new(struct records *records, enum vim_kind kind, const char *name);

/* The last one made of that name, or NULL. Only images can have one name twice. */
struct record *records_find(const struct records *records, enum vim_kind kind, const char *name);
void records_clear(struct records *records);

/* Writes and removes the file of a record; the store must be locked. */
int record_save(struct store *store, const struct record *record, struct err *err);
int record_remove(struct store *store, const struct record *record, struct err *err);

/* "ID.SUFFIX", the file of that kind of the object; the caller frees. */
char *record_file(const struct record *record, const char *suffix);

/* Removes the folder, then its parents as far as they are empty; unlocks. */
int store_remove(struct store *store, struct err *err);

/* Every deployment that has a folder. */
int store_deployments(struct vim_deployment **ret, size_t *ret_n, struct err *err);

#define cleanup_records __attribute__((__cleanup__(records_clear)))
