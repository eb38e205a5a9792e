// SPDX-License-Identifier: Apache-2.0
#include "dns/run.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/err.h"
#include "base/file.h"
#include "base/scratch.h"
#include "base/str.h"
#include "base/utf8.h"

enum {
	NOBODY = 65534,
	OUTPUT_MAX = 16 << 10,
};

static const char folders[] = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin";

int run_folder(struct scratch *ret, struct err *err)
{
	cleanup_scratch struct scratch folder = {0};
	int r = scratch_make("dnsvnf-check", &folder, err);

	if (r < 0)
		return r;
	if (geteuid() == 0 && chown(folder.path, NOBODY, NOBODY) < 0)
		return err_errno(err, errno, "cannot change the owner of %s", folder.path);
	*ret = steal(folder);
	return 0;
}

int run_file(const char *path, const char *data, size_t len, struct err *err)
{
	cleanup_close int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return err_errno(err, errno, "cannot write %s", path);
	r = write_all(fd, data, len);
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
static int become_checker(const void *data)
{
	static char *const environment[] = {(char *)"LC_ALL=C", (char *)"PATH=/usr/sbin:/usr/bin",
					    NULL};
	const struct checker *c = data;

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	limit(RLIMIT_CPU, RUN_SECONDS);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_AS, (rlim_t)2 << 30);
	limit(RLIMIT_FSIZE, (rlim_t)64 << 20);
	if (geteuid() == 0) {
		if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) < 0)
			return -errno;
		child_dies_with_parent();
	}
	if (chdir(c->folder) == 0)
		execve(c->argv[0], (char *const *)c->argv, environment);
	return -errno;
}

int run_checker(const char *folder, const char *const *argv, char **ret_output, struct err *err)
{
	const struct checker checker = {folder, argv};
	const struct child child = {
		.name = argv[0],
		.body = become_checker,
		.data = &checker,
		.timeout_ms = RUN_SECONDS * 1000,
		.output_max = OUTPUT_MAX,
	};
	cleanup_free char *output = NULL;
	int status;

	int r = child_run(&child, &output, &status, err);
	if (r < 0)
		return r;
	if (!WIFEXITED(status))
		return err_code(err, LOCAL, ECHILD, "%s ended with signal %d", argv[0],
				WTERMSIG(status));
	utf8_make_printable(output, "\n");
	*ret_output = steal_ptr(output);
	return WEXITSTATUS(status);
}
