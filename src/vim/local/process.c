// SPDX-License-Identifier: Apache-2.0
#include "vim/local/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

#define OUTPUT_MAX (256 * 1024)
#define REAPED_MS  1000

char *const *process_environment(void)
{
	static char locale[] = "LC_ALL=C";
	static char *environment[] = {NULL, locale, NULL};
	const char *path = getenv("PATH");

	if (!environment[0])
		environment[0] =
			xasprintf("PATH=%s", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	return environment;
}

static int become(const void *data)
{
	const char *const *argv = data;

	execvpe(argv[0], (char *const *)argv, process_environment());
	return -errno;
}

int process_run(const char *const *argv, int timeout_ms, char **ret_output, struct err *err)
{
	const struct child child = {
		.name = argv[0],
		.body = become,
		.data = argv,
		.timeout_ms = timeout_ms,
		.output_max = OUTPUT_MAX,
	};
	cleanup_free char *output = NULL;
	int status;

	int r = child_run(&child, &output, &status, err);
	if (r < 0)
		return r;
	if (ret_output)
		*ret_output = steal_ptr(output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_look(pid_t pid, struct process *ret)
{
	cleanup_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	cleanup_free char *stat = NULL;
	size_t len;
	char state;
	unsigned long long starttime;

	if (pid <= 0)
		return -ESRCH;
	int r = file_read(path, 4096, &stat, &len, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* The name in parentheses may contain parentheses: the fields follow the last one. */
	char *fields = strrchr(stat, ')');
	if (!fields || sscanf(fields,
			      ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			      "%*d %*d %*d %llu",
			      &state, &starttime) != 2)
		return -ESRCH;
	if (state == 'Z' || state == 'X')
		return -ESRCH;
	*ret = (struct process){.pid = pid, .starttime = starttime};
	return 0;
}

int process_check(const struct process *p)
{
	struct process now;
	int r = process_look(p->pid, &now);

	return r == 0 && now.starttime != p->starttime ? -ESRCH : r;
}

bool process_alive(const struct process *p)
{
	return process_check(p) == 0;
}

int64_t process_uptime(const struct process *p)
{
	long hz = sysconf(_SC_CLK_TCK);

	if (hz <= 0 || !process_alive(p))
		return -1;
	return clock_boottime() / US_PER_S - (int64_t)(p->starttime / (uint64_t)hz);
}

/* A pidfd of p, safe against pid reuse; -ESRCH: it has exited. */
static int open_handle(const struct process *p)
{
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);

	if (fd < 0)
		return -errno;
	int r = process_check(p);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/*
 * Waits until the dead process is no longer listed: our own child is reaped here, any other by
 * init, which may be late or, in a container, never do it.
 */
static void wait_for_reaper(pid_t pid)
{
	for (int waited = 0; waited < REAPED_MS; waited += 10) {
		if (waitpid(pid, NULL, WNOHANG) == pid || kill(pid, 0) < 0)
			return;
		clock_sleep(10 * US_PER_MS);
	}
}

/* Waits for the process behind the handle. */
static int wait_handle(int fd, pid_t pid, int timeout_ms)
{
	int64_t deadline = clock_deadline(timeout_ms);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (;;) {
		int left = clock_left_ms(deadline);
		int r = poll(&p, 1, left);
		if (r > 0) {
			wait_for_reaper(pid);
			return 0;
		}
		if (r < 0 && errno != EINTR)
			return -errno;
		if (left == 0)
			return -ETIME;
	}
}

int process_wait(const struct process *p, int timeout_ms)
{
	cleanup_close int fd = open_handle(p);

	if (fd == -ESRCH) {
		waitpid(p->pid, NULL, WNOHANG);
		return 0;
	}
	return fd < 0 ? fd : wait_handle(fd, p->pid, timeout_ms);
}

int process_end(const struct process *p, int grace_ms, struct err *err)
{
	const int signals[] = {SIGTERM, SIGKILL};
	const int waits[] = {grace_ms, 10000};
	cleanup_close int fd = open_handle(p);

	if (fd == -ESRCH) {
		waitpid(p->pid, NULL, WNOHANG);
		return 0;
	}
	if (fd < 0)
		return err_errno(err, fd, "cannot reach process %d", (int)p->pid);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (syscall(SYS_pidfd_send_signal, fd, signals[i], NULL, 0) < 0 && errno != ESRCH)
			return err_errno(err, errno, "cannot signal process %d", (int)p->pid);
		if (wait_handle(fd, p->pid, waits[i]) == 0)
			return 0;
	}
	return err_code(err, LOCAL, ETIME, "process %d survived SIGKILL", (int)p->pid);
}
