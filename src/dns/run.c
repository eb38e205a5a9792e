// SPDX-License-Identifier: Apache-2.0
#include "dns/run.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "base/utf8.h"

enum {
	NOBODY = 65534,
	OUTPUT_MAX = 16 << 10,
	NOT_RUN = 127,
};

static const char folders[] = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin";

int run_folder(char **ret_path, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char *path = xasprintf("%s/dnsvnf-check-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");

	if (!mkdtemp(path)) {
		int r = err_errno(err, errno, "cannot create %s", path);

		free(path);
		return r;
	}
	if (geteuid() == 0 && chown(path, NOBODY, NOBODY) < 0) {
		int r = err_errno(err, errno, "cannot change the owner of %s", path);

		(void)rmdir(path);
		free(path);
		return r;
	}
	*ret_path = path;
	return 0;
}

int run_file(const char *path, const char *data, size_t len, struct err *err)
{
	cleanup_close int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : write_all(fd, data, len);

	if (r == 0 && geteuid() == 0 && fchown(fd, NOBODY, NOBODY) < 0)
		r = -errno;
	return r < 0 ? err_errno(err, -r, "cannot write %s", path) : 0;
}

static char *find_in(const char *list, const char *program)
{
	cleanup_free char *copy = xstrdup(list);
	char *rest = copy, *folder;

	while (list && (folder = strsep(&rest, ":"))) {
		cleanup_free char *path = xasprintf("%s/%s", folder, program);

		if (*folder == '/' && access(path, X_OK) == 0)
			return steal_ptr(path);
	}
	return NULL;
}

char *run_find(const char *program)
{
	char *path = find_in(getenv("PATH"), program);

	return path ? path : find_in(folders, program);
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit both = {value, value};

	(void)setrlimit(resource, &both);
}

struct checker {
	const char *folder;
	const char *const *argv;
};

/* In the child: returns only if it fails. */
static int become_checker(int output, const void *data)
{
	static char *const environment[] = {(char *)"LC_ALL=C", (char *)"PATH=/usr/sbin:/usr/bin",
					    NULL};
	const struct checker *c = data;

	limit(RLIMIT_AS, (rlim_t)2 << 30);
	limit(RLIMIT_FSIZE, (rlim_t)64 << 20);
	if (dup2(output, 1) < 0 || dup2(output, 2) < 0)
		return NOT_RUN;
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return NOT_RUN;
	if (chdir(c->folder) == 0)
		execve(c->argv[0], (char *const *)c->argv, environment);
	return NOT_RUN;
}

/* In the child, after fork. What it prints is not for the user. */
static void run_body(int output, int (*body)(int output, const void *data), const void *data)
{
	int null = open("/dev/null", O_RDWR);

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	limit(RLIMIT_CPU, RUN_SECONDS);
	limit(RLIMIT_CORE, 0);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(NOT_RUN);
	_exit(body(output, data));
}

/* Reads until the checker ends or its time is over. Only the start is kept. */
static int collect(int fd, int64_t deadline, struct strbuf *ret)
{
	char buffer[4096];

	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		int n = poll(&p, 1, clock_left_ms(deadline));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ETIME;
		ssize_t got = read(fd, buffer, sizeof(buffer));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		if (ret->len < OUTPUT_MAX)
			strbuf_add(ret, buffer, (size_t)got);
	}
}

/* Its status, once it ends by itself or is stopped. */
static int wait_for(pid_t pid, int64_t deadline, bool stop)
{
	int status = 0;

	while (!stop && clock_left_ms(deadline) > 0) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		clock_sleep(1000);
	}
	(void)kill(-pid, SIGKILL); /* also what it has started */
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int run_apart(int (*body)(int output, const void *data), const void *data, struct strbuf *ret,
	      struct err *err)
{
	cleanup_strbuf struct strbuf output = {0};
	int64_t deadline = clock_deadline(RUN_SECONDS * 1000);
	int pipe_fds[2], status = 0;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(err, errno, "cannot make a pipe");
	pid_t pid = fork();
	if (pid == 0)
		run_body(pipe_fds[1], body, data);
	int r = pid < 0 ? -errno : 0;
	close(pipe_fds[1]);
	if (pid > 0) {
		r = collect(pipe_fds[0], deadline, &output);
		status = wait_for(pid, deadline, r < 0);
	}
	close(pipe_fds[0]);
	if (r < 0)
		return err_errno(err, -r, "cannot run it to its end");
	if (WIFSIGNALED(status))
		return err_code(err, LOCAL, ECHILD, "it ended with signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == NOT_RUN)
		return err_code(err, LOCAL, ECHILD, "it did not run");
	*ret = output;
	output = (struct strbuf){0};
	return WEXITSTATUS(status);
}

int run_checker(const char *folder, const char *const *argv, char **ret_output, struct err *err)
{
	cleanup_strbuf struct strbuf output = {0};
	const struct checker checker = {folder, argv};

	int r = run_apart(become_checker, &checker, &output, err);
	if (r < 0)
		return err_wrap(err, "%s", argv[0]);
	*ret_output = strbuf_steal(&output);
	utf8_make_printable(*ret_output, "\n");
	return r;
}
