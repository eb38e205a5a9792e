// SPDX-License-Identifier: Apache-2.0
#include "base/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

enum { NOT_RUN = 127 };

static pid_t parent; /* in the child */

void child_dies_with_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it exited before that took effect */
		_exit(NOT_RUN);
}

/* The child's side. */
static _Noreturn void become(const struct child *c, int output, int report)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int r = -EIO;

	child_dies_with_parent();
	(void)setpgid(0, 0); /* Ctrl-C is for the parent, which waits for it */
	if (null >= 0 && dup2(null, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0)
		r = c->body(c->data);
	ssize_t n = write(report, &r, sizeof(r));
	(void)n;
	_exit(NOT_RUN);
}

/* Reads until the end of the output or the deadline. */
static int collect(int fd, int64_t deadline, size_t max, struct strbuf *output)
{
	char buffer[8192];

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int left = clock_left_ms(deadline); /* also of one whose output never pauses */
		int n = left > 0 ? poll(&p, 1, left) : 0;

		if (n == 0)
			return -ETIME;
		ssize_t got = n < 0 ? -1 : read(fd, buffer, sizeof(buffer));
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return 0;
		if (got > 0 && output->len < max)
			strbuf_add(output, buffer,
				   (size_t)got < max - output->len ? (size_t)got
								   : max - output->len);
	}
}

/* Waits until it has exited, which is soon after the end of its output. */
static int wait_until(pid_t pid, int64_t deadline, int *ret_status)
{
	for (;;) {
		pid_t n = waitpid(pid, ret_status, WNOHANG);

		if (n == pid)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (clock_left_ms(deadline) == 0)
			return -ETIME;
		clock_sleep(US_PER_MS);
	}
}

static void end(pid_t pid)
{
	(void)kill(-pid, SIGKILL); /* with what it has started */
	(void)kill(pid, SIGKILL);  /* before it has a group */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The child is pid; output and report are its pipes. */
static int follow(const struct child *c, pid_t pid, const int *fds, struct strbuf *output,
		  int *ret_status, struct err *err)
{
	int64_t deadline = clock_deadline(c->timeout_ms);
	int r = collect(fds[0], deadline, c->output_max, output);

	if (r == 0)
		r = wait_until(pid, deadline, ret_status);
	if (r < 0)
		end(pid);
	if (r == -ETIME)
		return err_code(err, LOCAL, ETIME, "%s took more than %d ms", c->name,
				c->timeout_ms);
	if (r < 0)
		return err_errno(err, -r, "cannot read the output of %s", c->name);
	if (read(fds[1], &r, sizeof(r)) == (ssize_t)sizeof(r))
		return err_errno(err, -r, "cannot run %s", c->name);
	return 0;
}

int child_run(const struct child *c, char **ret_output, int *ret_status, struct err *err)
{
	cleanup_strbuf struct strbuf output = {0};
	int out[2], report[2], status = 0;

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_errno(err, errno, "cannot create a pipe");
	cleanup_close int out_read = out[0];
	if (pipe2(report, O_CLOEXEC) < 0) {
		int r = err_errno(err, errno, "cannot create a pipe");

		close(out[1]);
		return r;
	}
	cleanup_close int report_read = report[0];

	pid_t self = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		parent = self;
		become(c, out[1], report[1]);
	}
	int e = errno;
	close(out[1]);
	close(report[1]);
	if (pid < 0)
		return err_errno(err, e, "cannot start %s", c->name);
	int r = follow(c, pid, (int[]){out_read, report_read}, &output, &status, err);
	if (r < 0)
		return r;
	*ret_output = strbuf_steal(&output);
	*ret_status = status;
	return 0;
}
