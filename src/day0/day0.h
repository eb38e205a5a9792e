/* SPDX-License-Identifier: Apache-2.0 */
/* Day-0: the files that configure a guest at its first boot, read and checked as cloud-init would.
 */
#pragma once

#include <stddef.h>

struct drive_file;
struct err;
struct findings;
struct model;
struct vm_group;

/* Nova's limit on user_data, after base64 (nova/api/openstack/compute/schemas/servers.py). */
#define DAY0_USER_DATA_MAX 65535

/*
 * Nova's quotas on files of the config drive, unless the project has others (nova/conf/quota.py):
 * their number, and the size of one, which Nova counts in base64, and of its path.
 */
#define DAY0_FILES_MAX     5
#define DAY0_FILE_SIZE_MAX 10240
#define DAY0_FILE_PATH_MAX 255

/* The plan of DNS, DHCP and addresses on the config drive, and its largest size in bytes. */
#define DAY0_PLAN_PATH "ddi.yaml"
#define DAY0_PLAN_MAX  ((size_t)32 << 20)

/*
 * Loads the group's configurations (path, content), parses the --user-data one as cloud-init does
 * and network files and scripts among the others, and sets group->guest to the resulting network.
 * Errors become findings with file and line of the day-0 file (of the descriptor for inline data).
 */
void day0_load(const struct model *model, struct vm_group *group, struct findings *findings);

/* A file that dnsvnf adds to the guest, unless the descriptor has a configuration for its path. */
struct day0_file {
	const char *path; /* absolute path in the guest */
	const char *content;
	unsigned mode;
};

/*
 * User data for VM number vm_index (from 0) of a loaded group. Variables are replaced.
 * Configurations with an absolute dst and the given files become write_files of a cloud-config
 * part. The caller frees *ret_data. -EFBIG if it exceeds Nova's limit.
 */
int day0_compose(const struct vm_group *group, unsigned vm_index, const struct day0_file *files,
		 size_t n_files, char **ret_data, size_t *ret_len, struct err *err);

/* The files on the config drive of VM number vm_index: configurations with a relative dst. The
 * caller clears and frees them (drive_file_clear). */
int day0_drive_files(const struct vm_group *group, unsigned vm_index, struct drive_file **ret,
		     size_t *ret_n, struct err *err);

/* A file that composed user data puts into the guest. */
struct day0_part {
	char *path, *content;
	size_t len;
	unsigned mode;
};

struct day0_parts {
	char *user; /* NULL: there is none */
	size_t user_len;
	struct day0_part *files;
	size_t n_files;
};

/* The parts of user data that day0_compose made; of other user data, everything is the user's. */
void day0_split(const char *data, size_t len, struct day0_parts *ret);
void day0_parts_clear(struct day0_parts *parts);
