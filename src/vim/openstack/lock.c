// SPDX-License-Identifier: Apache-2.0
#include "vim/openstack/handle.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"

static const char *folder(void)
{
	const char *own = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		return "/run/lock";
	return own && *own ? own : "/tmp";
}

static int refuse(int fd, const char *shown, struct err *err)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	return err_set(err, BUSY, "another dnsvnf%s%s is working on %s: wait until it has finished",
		       n > 0 ? ", pid " : "", n > 0 ? pid : "", shown);
}

/* One try; -EAGAIN: its holder removed the file meanwhile. */
static int try_lock(struct lock *lock, const char *shown, struct err *err)
{
	cleanup_close int fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat ours, there;

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

	*lock = (struct lock){-1, xasprintf("%s/dnsvnf-%u-%s.lock", folder(), geteuid(), hash)};
	do
		r = try_lock(lock, shown, err);
	while (r == -EAGAIN);
	return r;
}

void lock_release(struct lock *lock)
{
	if (lock->fd >= 0) {
		unlink(lock->path);
		close(lock->fd);
	}
	free(lock->path);
	*lock = (struct lock){.fd = -1};
}
