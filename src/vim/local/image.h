/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the embedded VIM are files. One named NAME is NAME.qcow2, NAME.img or NAME.raw in
 * DNSVNF_IMAGE_DIR, in the folder `image` beside the running program, or in
 * /var/lib/dnsvnf/images. NAME.vmlinux and NAME.initrd beside it are booted without a boot loader.
 */
#pragma once

#include <stdint.h>

struct err;

struct image_files {
	char *disk;         /* absolute path */
	const char *format; /* "qcow2", "raw" */
	char *kernel;       /* absolute path, or NULL: the disk boots by itself */
	char *initrd;       /* absolute path, or NULL */
};

/*
 * Finds the image: src (file://PATH or PATH, may be NULL) if it exists, else by name. -ENOENT lists
 * the paths searched.
 */
int image_find(const char *name, const char *src, struct image_files *ret, struct err *err);

/*
 * The image's virtual disk size in bytes. -EINVAL for a qcow2 that QEMU would follow to other files
 * of the host: a backing or data file, or encryption.
 */
int image_size(const struct image_files *image, uint64_t *ret_bytes, struct err *err);

/*
 * Creates the disk of a server at path as a copy-on-write overlay; the image is not changed. bytes:
 * size that the guest sees, at least the image's.
 */
int image_overlay(const struct image_files *image, const char *path, uint64_t bytes,
		  struct err *err);

void image_files_clear(struct image_files *image);

#define cleanup_image_files __attribute__((__cleanup__(image_files_clear)))
