/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manager's store: accepted descriptors with their day-0 files, in files. A deployment has one
 * folder, tenants/TENANT/DEPLOYMENT, with numbered generations and the link `current`. A generation
 * is complete when `current` names it: writes go to a new folder, are on the disk (fsync), and take
 * effect by one rename. Killed at any moment, the old or the new generation is current.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"

struct err;
struct registry;

enum {
	REGISTRY_GENERATIONS = 3,     /* kept of each deployment */
	REGISTRY_FILES = 64,          /* of a generation */
	REGISTRY_FILE_MAX = 8 << 20,  /* bytes */
	REGISTRY_DEPLOYMENTS = 20000, /* read at most */
	REGISTRY_GENERATION_MAX = 1 << 30,
};

/* A file of a generation. name: "NAME" or "files/NAME". */
struct registry_file {
	const char *name;
	const char *data;
	size_t len;
};

struct registry_entry {
	char *tenant, *deployment;
	int generation; /* the current one */
	bool gone;      /* to be undeployed: see registry_mark_gone */
};

struct registry_entries {
	struct registry_entry *v;
	size_t n;
};

/*
 * Opens or creates the store in folder, removes what a killed write left, and locks it. -EBUSY:
 * another process has it.
 */
int registry_open(const char *folder, struct registry **ret, struct err *err);
void registry_close(struct registry *s); /* takes NULL */
DEFINE_CLEANUP(struct registry *, cleanup_registry_fn, registry_close)
#define cleanup_registry cleanup(cleanup_registry_fn)

/*
 * 1 to 200 bytes of a path's component: no "/", no control characters, no "." at the start.
 * -EINVAL; what names it in the error.
 */
int registry_check_name(const char *what, const char *name, struct err *err);

/*
 * Adds a generation with these files and makes it the current one; ends a mark of
 * registry_mark_gone. Older ones than REGISTRY_GENERATIONS are removed.
 */
int registry_put(struct registry *s, const char *tenant, const char *deployment,
		 const struct registry_file *files, size_t n, int *ret_generation, struct err *err);

/* All deployments, sorted by tenant and name. */
int registry_list(struct registry *s, struct registry_entries *ret, struct err *err);
void registry_entries_clear(struct registry_entries *e);

/* The complete generations, oldest first; -ENOENT: no such deployment. */
int registry_generations(struct registry *s, const char *tenant, const char *deployment,
			 int ret[static REGISTRY_GENERATIONS], size_t *ret_n, struct err *err);

/* A file of a generation (0: the current one). The caller frees; a zero byte follows the data. */
int registry_read(struct registry *s, const char *tenant, const char *deployment, int generation,
		  const char *name, char **ret_data, size_t *ret_len, struct err *err);

/* The path of a generation's file, for a child process. The caller frees. */
char *registry_path(const struct registry *s, const char *tenant, const char *deployment,
		    int generation, const char *name);

/* Copies an earlier generation to a new one. */
int registry_rollback(struct registry *s, const char *tenant, const char *deployment,
		      int generation, int *ret_generation, struct err *err);

/*
 * The deployment is to be removed from the cloud; its descriptor stays until registry_remove(). The
 * next generation ends the mark.
 */
int registry_mark_gone(struct registry *s, const char *tenant, const char *deployment,
		       struct err *err);
int registry_remove(struct registry *s, const char *tenant, const char *deployment,
		    struct err *err);
