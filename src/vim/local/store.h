/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the embedded VIM: one folder per deployment, ROOT/TENANT/DEPLOYMENT, with one JSON
 * record per object. A record is written before its object is created and removed after the object
 * is deleted, so that the next dnsvnf finds everything that a killed one left. Disks, sockets and
 * logs of servers are beside the records. ROOT is /var/lib/dnsvnf or DNSVNF_LOCAL_DIR.
 */
#pragma once

#include <jansson.h>

#include "vim/vim.h"

struct record {
	enum vim_kind kind;
	int64_t seq; /* order of creation */
	char *id;    /* UUID; name of the file and of the object's other files */
	char *name;
	char *owner;
	char *digest;
	bool done;    /* the object is complete */
	json_t *spec; /* the request (vim_request_json) */
	json_t *made; /* what the VIM chose: MAC and addresses of a port, name of a tap ... */
};

struct records {
	struct record *v;
	size_t n;
};

struct store {
	char *root, *tenant, *deployment;
	char *path; /* of the deployment's folder, which may not exist yet */
	int dirfd;  /* of that folder, -1: not open */
	int lockfd; /* -1: not locked */
};

/* Creates nothing. */
void store_init(struct store *store, const char *tenant, const char *deployment);
void store_clear(struct store *store); /* unlocks */

/* Opens the folder into store->dirfd, without following links below ROOT; -ENOENT if it does not
 * exist. */
int store_open_folder(struct store *store, struct err *err);

/*
 * Creates the folder (0700) and locks the deployment against changes by other dnsvnf processes
 * until store_clear. -EBUSY with the pid of the holder. A second call does nothing.
 */
int store_lock(struct store *store, struct err *err);

/*
 * All records in the order of creation; none if the folder does not exist. -EBADMSG: a record
 * cannot be read, and the error names it; *ret has the others.
 */
int store_load(struct store *store, struct records *ret, struct err *err);

/*
 * The record of a network namespace, ROOT/.netns/NAME: written before it is created, removed after
 * it is deleted. 0, or -ENOENT.
 */
int store_find_netns(const struct store *store, const char *name, struct err *err);
int store_add_netns(const struct store *store, const char *name, struct err *err);
void store_remove_netns(const struct store *store, const char *name);

/* For tests: the text of the record `file`; -EBADMSG. Of any other text *ret is {0}. */
int record_parse(const char *file, const char *text, size_t len, struct record *ret,
		 struct err *err);
char *record_text(const struct record *record, struct err *err);
void record_clear(struct record *record);

/* A new record, with an id, not saved yet. */
struct record *records_new(struct records *records, enum vim_kind kind, const char *name);

/* The latest record of that name, or NULL. Only images can share a name. */
struct record *records_find(const struct records *records, enum vim_kind kind, const char *name);
void records_clear(struct records *records);

/* Write and remove the file of a record; the store must be locked. */
int record_save(struct store *store, const struct record *record, struct err *err);
int record_remove(struct store *store, const struct record *record, struct err *err);

/* "ID.SUFFIX", the file of that kind of the object; the caller frees. */
char *record_file(const struct record *record, const char *suffix);

/* Of a locked store: removes the objects' files, the folder and its empty parents; unlocks.
 * -ENOTEMPTY: there are other files, which are kept with the folder. */
int store_remove(struct store *store, struct err *err);

/* Every deployment that has a folder. */
int store_deployments(struct vim_deployment **ret, size_t *ret_n, struct err *err);

#define cleanup_records __attribute__((__cleanup__(records_clear)))
