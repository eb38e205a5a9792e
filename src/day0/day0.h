/* SPDX-License-Identifier: Apache-2.0 */
/* Day-0: the files that reach a guest at its first boot, read and checked as cloud-init would. */
#pragma once

#include <stddef.h>

struct err;
struct findings;
struct model;
struct vm_group;

/* Nova's limit on user_data, counted after base64 (nova/api/openstack/compute/schemas/servers.py).
 */
#define DAY0_USER_DATA_MAX 65535

/*
 * Loads the configurations of the group (path, content), reads the --user-data one as cloud-init
 * does, network files and scripts among the others, and fills group->guest with the network that
 * they set up. Whatever is wrong goes to findings,
 * with file and line of the day-0 file, or of the descriptor for inline data.
 */
void day0_load(const struct model *model, struct vm_group *group, struct findings *findings);

/* A file that dnsvnf itself adds to the guest, unless the descriptor has a configuration for it. */
struct day0_file {
	const char *path; /* absolute, in the guest */
	const char *content;
	unsigned mode;
};

/*
 * User data of VM number vm_index (from 0) of a loaded group: variables replaced, every other
 * configuration with an absolute dst and the given files added as a cloud-config part with
 * write_files. The caller frees *ret_data. -EFBIG when Nova would refuse its size.
 */
int day0_compose(const struct vm_group *group, unsigned vm_index, const struct day0_file *files,
		 size_t n_files, char **ret_data, size_t *ret_len, struct err *err);
