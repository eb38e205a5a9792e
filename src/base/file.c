// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/alloc.h"
#include "base/err.h"

#define WAIT_MS 5000

int file_read_at(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_len,
		 struct err *err)
{
	cleanup_close int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot open %s", path);

	cleanup_free char *data = NULL;
	size_t len = 0;
	size_t room = 0;

	for (;;) {
		if (len == room) {
			room = room ? room * 2 : 4096;
			data = xreallocarray(data, room + 1, 1);
		}
		/* A FIFO may have no writer, a terminal no input. */
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && poll(&p, 1, WAIT_MS) == 0)
			return err_code(err, LOCAL, ETIME, "%s has no data within %d s", path,
					WAIT_MS / 1000);
		ssize_t n = read(fd, data + len, room - len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot read %s", path);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return err_code(err, INVALID, EFBIG, "%s is larger than %zu bytes", path,
					max);
	}
	data[len] = 0;
	*ret_data = steal_ptr(data);
	*ret_len = len;
	return 0;
}

int file_read(const char *path, size_t max, char **ret_data, size_t *ret_len, struct err *err)
{
	return file_read_at(AT_FDCWD, path, max, ret_data, ret_len, err);
}

int write_all(int fd, const void *bytes, size_t len)
{
	const char *data = bytes;

	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The name of the rename lasts only when the folder is on the disk, too. */
static int sync_folder(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = !slash          ? xstrdup(".")
				    : slash == path ? xstrdup("/")
						    : xstrndup(path, (size_t)(slash - path));
	cleanup_close int fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* EINVAL: a file system without. */
	return fd < 0 || (fsync(fd) < 0 && errno != EINVAL) ? -errno : 0;
}

/* The name of the new file until it is renamed: where path is, and not too long if path is not. */
static char *name_aside(const char *path, uint64_t random)
{
	enum { KEPT = 200 }; /* of a name of at most 255 bytes */
	const char *slash = strrchr(path, '/');
	size_t folder = slash ? (size_t)(slash + 1 - path) : 0;

	return xasprintf("%.*s.%016" PRIx64 ".new", (int)(folder + strnlen(path + folder, KEPT)),
			 path, random);
}

int file_write_at(int dirfd, const char *path, const void *data, size_t len, unsigned mode,
		  struct err *err)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_errno(err, errno, "cannot write %s", path);
	cleanup_free char *aside = name_aside(path, random);
	cleanup_close int fd =
		openat(dirfd, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return err_errno(err, errno, "cannot create %s", path);

	int r = write_all(fd, data, len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, aside, dirfd, path) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, aside, 0);
		return err_errno(err, r, "cannot write %s", path);
	}
	r = sync_folder(dirfd, path);
	return r < 0 ? err_errno(err, r, "cannot write the folder of %s to the disk", path) : 0;
}

int file_write_output(const char *path, const void *data, size_t len, unsigned mode,
		      struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0 || S_ISREG(st.st_mode))
		return file_write_at(AT_FDCWD, path, data, len, mode, err);
	cleanup_close int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	int r = fd < 0 ? -errno : write_all(fd, data, len);
	return r < 0 ? err_errno(err, r, "cannot write %s", path) : 0;
}

int dir_make(const char *path, struct err *err)
{
	cleanup_free char *copy = xstrdup(path);

	for (char *p = copy + 1;; p++) {
		char end = *p;
		if (end && end != '/')
			continue;
		*p = 0;
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return err_errno(err, errno, "cannot create folder %s", copy);
		if (!end)
			return 0;
		*p = end;
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int dir_remove(const char *path, struct err *err)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove %s", path);
	return 0;
}

int open_resolved(int dirfd, const char *path, int flags, unsigned resolve)
{
	struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC, .resolve = resolve};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}
