// SPDX-License-Identifier: Apache-2.0
#include "vim/local/image.h"

#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
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

/* What dnsvnf reads of a qcow2's header (QEMU's docs/interop/qcow2.txt), and where, big-endian. */
enum {
	QCOW2_VERSION = 4,
	QCOW2_BACKING = 8,
	QCOW2_SIZE = 24,
	QCOW2_CRYPT = 32,
	QCOW2_INCOMPATIBLE = 72, /* features, from version 3 on */
	QCOW2_HEADER = 80,
	QCOW2_EXTERNAL_DATA = 1 << 2,
};

static uint64_t be64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

static uint32_t be32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

/* By its magic; the first bytes of the disk, as far as it has them, go to header. */
static const char *format_of(int fd, char header[static QCOW2_HEADER])
{
	memset(header, 0, QCOW2_HEADER);
	return pread(fd, header, QCOW2_HEADER, 0) > 0 && memcmp(header, "QFI\xfb", 4) == 0 ? "qcow2"
											   : "raw";
}

static int open_disk(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Uses disk as the image if it exists; else records where it was searched. */
static bool look(const char *disk, struct image_files *ret, struct strbuf *places)
{
	char header[QCOW2_HEADER];
	char *path = realpath(disk, NULL);
	cleanup_close int fd = path ? open_disk(path) : -1;

	if (!path) {
		strbuf_addf(places, "%s%s", places->len ? ", " : "", disk);
		return false;
	}
	*ret = (struct image_files){.disk = path, .format = format_of(fd, header)};
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

/*
 * A qcow2 that refers to other files would show the guest any file of this host, as would one whose
 * format is guessed: a raw image's first bytes are the guest's.
 */
static const char *refers_to(const char *header)
{
	uint32_t version = be32(header + QCOW2_VERSION);

	if (version != 2 && version != 3)
		return "is of an unknown qcow2 version";
	if (be64(header + QCOW2_BACKING))
		return "has a backing file";
	if (version == 3 && be64(header + QCOW2_INCOMPATIBLE) & QCOW2_EXTERNAL_DATA)
		return "has an external data file";
	return be32(header + QCOW2_CRYPT) ? "is encrypted" : NULL;
}

int image_size(const struct image_files *image, uint64_t *ret_bytes, struct err *err)
{
	enum { SECTOR = 512 };
	char header[QCOW2_HEADER];
	cleanup_close int fd = open_disk(image->disk);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot open image %s", image->disk);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(err, INVALID, "image %s is not a file", image->disk);
	const char *format = format_of(fd, header);
	if (!streq(format, image->format))
		return err_set(err, BUSY, "image %s was replaced meanwhile: try again",
			       image->disk);
	const char *why = streq(format, "qcow2") ? refers_to(header) : NULL;
	if (why)
		return err_set(err, INVALID,
			       "image %s %s: convert it on a trusted machine with `qemu-img "
			       "convert -O qcow2`",
			       image->disk, why);
	off_t end = lseek(fd, 0, SEEK_END);
	*ret_bytes = streq(format, "qcow2") ? be64(header + QCOW2_SIZE)
					    : ((uint64_t)end + SECTOR - 1) / SECTOR * SECTOR;
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
