// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/handle.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

static char *folder(void)
{
	const char *own = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		return xstrdup("/run/dnsvnf");
	return own && *own ? xasprintf("%s/dnsvnf", own) : xasprintf("/tmp/dnsvnf-%u", geteuid());
}

/* A lock in a folder that others can write to could be held, or its text written, by them. */
static int make_folder(const char *path, struct err *err)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, errno, "cannot make the folder %s for locks", path);
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? -EAGAIN : err_errno(err, errno, "cannot read %s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 0077)
		return err_set(err, LOCAL,
			       "%s must be a folder of user %u with mode 0700: remove it", path,
			       geteuid());
	return 0;
}

static int refuse(int fd, const char *shown, struct err *err)
{
	char text[16] = "";
	int64_t pid = 0;

	(void)!pread(fd, text, sizeof(text) - 1, 0);
	str_to_int(text, 1, INT32_MAX, &pid);
	return err_set(err, BUSY,
		       "another dnsvnf (pid %" PRId64
		       ") is working on %s: wait until it has finished",
		       pid, shown);
}

/* One try; -EAGAIN: its holder removed the file or the folder meanwhile. */
static int try_lock(struct lock *lock, const char *shown, struct err *err)
{
	struct stat ours, there;
	int r = make_folder(lock->folder, err);

	if (r < 0)
		return r;
	cleanup_close int fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == ENOENT)
		return -EAGAIN;
	if (fd < 0)
		return err_errno(err, errno, "cannot open %s", lock->path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? refuse(fd, shown, err)
					    : err_errno(err, errno, "cannot lock %s", lock->path);
	if (fstat(fd, &ours) < 0 || stat(lock->path, &there) < 0 || ours.st_ino != there.st_ino)
		return -EAGAIN;
	/* Only for the message to others. */
	cleanup_free char *pid = xasprintf("%d", (int)getpid());
	(void)!ftruncate(fd, 0);
	(void)!pwrite(fd, pid, strlen(pid), 0);
	lock->fd = steal_fd(&fd);
	return 0;
}

int lock_take(struct lock *lock, const char *what, const char *shown, struct err *err)
{
	cleanup_free char *hash = hash_hex(what, strlen(what));
	int r;

	*lock = (struct lock){.fd = -1, .folder = folder()};
	lock->path = xasprintf("%s/%s.lock", lock->folder, hash);
	do
		r = try_lock(lock, shown, err);
	while (r == -EAGAIN);
	return r;
}

void lock_release(struct lock *lock)
{
	if (lock->fd >= 0) {
		unlink(lock->path);
		rmdir(lock->folder); /* fails while another lock is there */
		close(lock->fd);
	}
	free_all(lock->folder, lock->path);
	*lock = (struct lock){.fd = -1};
}
