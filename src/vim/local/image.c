// SPDX-License-Identifier: Apache-2.0
#include "vim/local/image.h"

#include <inttypes.h>
#include <limits.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/str.h"
#include "vim/local/process.h"
#include "vim/vim.h"

#define IMAGES "/var/lib/dnsvnf/images"

static const char *const endings[] = {".qcow2", ".img", ".raw"};

void image_files_clear(struct image_files *image)
{
	free_all(image->disk, image->kernel, image->initrd);
	*image = (struct image_files){0};
}

/* The folder "image" beside the running program, or NULL. */
static char *folder_beside_program(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return NULL;
	path[n] = 0;
	char *slash = strrchr(path, '/');
	return slash ? xasprintf("%.*s/image", (int)(slash - path), path) : NULL;
}

/* The file with the disk's name and another suffix, or NULL. */
static char *beside(const char *disk, const char *ending)
{
	const char *dot = strrchr(disk, '.');
	size_t stem = dot && !strchr(dot, '/') ? (size_t)(dot - disk) : strlen(disk);
	cleanup_free char *path = xasprintf("%.*s%s", (int)stem, disk, ending);

	return file_exists(path) ? steal_ptr(path) : NULL;
}

/* qcow2 is detected by its magic: otherwise a guest could name any host file as a backing file. */
static const char *format_of(const char *disk)
{
	cleanup_fclose FILE *f = fopen(disk, "re");
	char magic[4] = {0};

	return f && fread(magic, sizeof(magic), 1, f) == 1 && memcmp(magic, "QFI\xfb", 4) == 0
		       ? "qcow2"
		       : "raw";
}

/* Uses disk as the image if it exists; else records where it was searched. */
static bool look(const char *disk, struct image_files *ret, struct strbuf *places)
{
	char *path = realpath(disk, NULL);

	if (!path) {
		strbuf_addf(places, "%s%s", places->len ? ", " : "", disk);
		return false;
	}
	*ret = (struct image_files){.disk = path, .format = format_of(path)};
	ret->kernel = beside(path, ".vmlinux");
	ret->initrd = ret->kernel ? beside(path, ".initrd") : NULL;
	log_info("image: %s (%s%s)", path, ret->format, ret->kernel ? ", own kernel" : "");
	return true;
}

static bool look_in(const char *folder, const char *name, struct image_files *ret,
		    struct strbuf *places)
{
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		cleanup_free char *disk = xasprintf("%s/%s%s", folder, name, endings[i]);
		struct strbuf missed = {0};
		bool found = look(disk, ret, &missed);
		strbuf_clear(&missed);
		if (found)
			return true;
	}
	strbuf_addf(places, "%s%s/%s{.qcow2,.img,.raw}", places->len ? ", " : "", folder, name);
	return false;
}

int image_find(const char *name, const char *src, struct image_files *ret, struct err *err)
{
	cleanup_strbuf struct strbuf places = {0};
	cleanup_free char *program = folder_beside_program();
	const char *folders[] = {getenv("DNSVNF_IMAGE_DIR"), program, IMAGES};
	const char *path = src ? vim_image_file(src) : NULL;

	if (path && *path && look(path, ret, &places))
		return 0;
	/* A slash would allow paths outside the image folders. */
	for (size_t i = 0; !strchr(name, '/') && i < ARRAY_SIZE(folders); i++) {
		if (folders[i] && *folders[i] && look_in(folders[i], name, ret, &places))
			return 0;
	}
	return err_set(err, NOT_FOUND,
		       "image \"%s\" not found as %s: build it with `make image`, or set "
		       "DNSVNF_IMAGE_DIR%s",
		       name,
		       places.s ? places.s : "treated as a file, because its name has a slash",
		       src && !path ? " (the embedded VIM does not download images)" : "");
}

int image_size(const struct image_files *image, uint64_t *ret_bytes, struct err *err)
{
	const char *const argv[] = {"qemu-img",    "info",          "-U",        "-f",
				    image->format, "--output=json", image->disk, NULL};
	cleanup_free char *output = NULL;

	int r = process_run(argv, 20000, &output, err);
	if (r == -ENOENT)
		return err_code(err, LOCAL, r, "qemu-img is not installed: apt install qemu-utils");
	if (r < 0)
		return r;
	cleanup_json json_t *info = json_loads(output, 0, NULL);
	int64_t size = json_try_int64(info, "virtual-size");
	if (size < 0)
		return err_set(err, INVALID, "image %s: qemu-img: %s", image->disk, output);
	*ret_bytes = (uint64_t)size;
	return 0;
}

int image_overlay(const struct image_files *image, const char *path, uint64_t bytes,
		  struct err *err)
{
	cleanup_free char *size = xasprintf("%" PRIu64, bytes);
	const char *const argv[] = {"qemu-img",    "create", "-q",        "-f", "qcow2", "-F",
				    image->format, "-b",     image->disk, path, size,    NULL};
	cleanup_free char *output = NULL;

	int r = process_run(argv, 20000, &output, err);
	if (r < 0)
		return r;
	if (r > 0)
		return err_set(err, LOCAL, "cannot create disk %s on image %s: %s", path,
			       image->disk, output);
	return 0;
}
