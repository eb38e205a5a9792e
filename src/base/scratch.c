// SPDX-License-Identifier: Apache-2.0
#include "base/scratch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"

/*
 * In a session of its own, so that neither a terminal nor a signal for the parent's group ends it.
 * It keeps nothing open but the pipe: neither output that somebody reads to its end, nor locks.
 */
static _Noreturn void keep(const char *path, int alive)
{
	char c;

	(void)setsid();
	if (dup2(alive, 0) < 0)
		_exit(1);
	(void)close_range(1, ~0U, 0);
	while (read(0, &c, 1) < 0 && errno == EINTR)
		;
	_exit(dir_remove(path, NULL) < 0);
}

/* Signals come to the parent only: the keeper is started with all blocked. */
static pid_t start_keeper(const char *path, const int *ends)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	pid_t pid = fork();
	int e = errno;
	if (pid == 0)
		keep(path, ends[0]);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	errno = e;
	return pid;
}

int scratch_make(const char *prefix, struct scratch *ret, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	uint64_t random;
	int ends[2];

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_errno(err, errno, "cannot get random bytes from the kernel");
	cleanup_free char *path =
		xasprintf("%s/%s-%016" PRIx64, tmp && *tmp == '/' ? tmp : "/tmp", prefix, random);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, errno, "cannot create a pipe");
	struct scratch made = {.alive = ends[1], .keeper = start_keeper(path, ends)};
	int e = errno;
	close(ends[0]);
	if (made.keeper < 0) {
		close(ends[1]);
		return err_errno(err, e, "cannot start a process for %s", path);
	}
	/* The keeper is there before its folder: no moment is without. */
	if (mkdir(path, 0700) < 0) {
		int r = err_errno(err, errno, "cannot create %s", path);

		scratch_remove(&made);
		return r;
	}
	made.path = steal_ptr(path);
	*ret = made;
	return 0;
}

void scratch_remove(struct scratch *scratch)
{
	if (scratch->keeper <= 0)
		return;
	close(scratch->alive);
	while (waitpid(scratch->keeper, NULL, 0) < 0 && errno == EINTR)
		;
	/* In case that the keeper was killed. */
	if (scratch->path)
		(void)dir_remove(scratch->path, NULL);
	free(scratch->path);
	*scratch = (struct scratch){0};
}
