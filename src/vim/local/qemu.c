// SPDX-License-Identifier: Apache-2.0
#include "vim/local/qemu.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "vim/local/qmp.h"

/* From its start until its monitor answers: under 1 s idle, more on a busy machine. */
#define START_MS 60000

void qemu_clear(struct qemu *qemu)
{
	free(qemu->why_no_kvm);
	*qemu = (struct qemu){0};
}

/*
 * Runs only the firmware on KVM until it reports that there is nothing to boot; returns NULL, or
 * why it failed. This takes 0.3 s under emulation, less on hardware. Where KVM itself emulates, as
 * in PVM with an unmodified guest, it takes many times longer, and no operating system would boot.
 */
static char *try_kvm(void)
{
	/* If dnsvnf is killed, timeout is killed too, and by setpriv QEMU with timeout. */
	const char *const argv[] = {"timeout",
				    "-k",
				    "2",
				    "2",
				    "setpriv",
				    "--pdeathsig",
				    "KILL",
				    QEMU_PROGRAM,
				    "-nodefaults",
				    "-no-user-config",
				    "-display",
				    "none",
				    "-machine",
				    "q35",
				    "-accel",
				    "kvm",
				    "-cpu",
				    "host",
				    "-m",
				    "32",
				    "-no-reboot",
				    "-boot",
				    "reboot-timeout=1",
				    "-debugcon",
				    "stdio",
				    "-global",
				    "isa-debugcon.iobase=0x402",
				    NULL};
	enum { TIMED_OUT = 124 };
	cleanup_err struct err err = ERR_INIT;
	cleanup_free char *output = NULL;
	cleanup_close int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return xasprintf("/dev/kvm: %s", strerror(errno));
	int r = process_run(argv, 8000, &output, &err);
	if (r == 0 && strstr(output, "No bootable device"))
		return NULL;
	if (r < 0)
		return xasprintf("%s", err.text);

	/* QEMU's message contains the cause: "qemu-system-x86_64: error: failed to set MSR ..." */
	char *said = strstr(output, QEMU_PROGRAM ": ");
	if (said && str_starts(said + strlen(QEMU_PROGRAM ": "), "terminating on signal"))
		said = strstr(output, "KVM internal error"); /* on which QEMU only pauses */
	if (said) {
		if (str_starts(said, QEMU_PROGRAM ": "))
			said += strlen(QEMU_PROGRAM ": ");
		said[strcspn(said, "\n")] = 0;
		return xasprintf("QEMU on /dev/kvm: %s", said);
	}
	return xstrdup(r == TIMED_OUT ? "QEMU on /dev/kvm: its firmware did not finish in 2 s"
				      : "QEMU on /dev/kvm: its firmware crashed");
}

/* -runas became -run-with user= in 9.1. */
static int probe_version(struct qemu *qemu, struct err *err)
{
	const char *const argv[] = {QEMU_PROGRAM, "--version", NULL};
	cleanup_free char *text = NULL;
	unsigned major, minor;

	int r = process_run(argv, 20000, &text, err);
	if (r < 0)
		return r;
	if (sscanf(text, "QEMU emulator version %u.%u", &major, &minor) != 2)
		return err_set(err, LOCAL, QEMU_PROGRAM " --version: %s", text);
	qemu->run_with_user = major > 9 || (major == 9 && minor >= 1);
	return 0;
}

int qemu_probe(struct qemu *ret, struct err *err)
{
	const char *const argv[] = {QEMU_PROGRAM, "-device", "help", NULL};
	cleanup_free char *devices = NULL;

	int r = process_run(argv, 20000, &devices, err);
	if (r == -ENOENT)
		return err_code(err, LOCAL, r,
				QEMU_PROGRAM " is not installed: apt install qemu-system-x86");
	if (r < 0)
		return r;
	if (r > 0)
		return err_set(err, LOCAL, QEMU_PROGRAM " cannot be run: %s", devices);
	ret->igb = strstr(devices, "name \"igb\"") != NULL;
	r = probe_version(ret, err);
	if (r < 0)
		return r;
	ret->why_no_kvm = try_kvm();
	ret->kvm = !ret->why_no_kvm;
	return 0;
}

int qemu_process(int dirfd, const char *id, struct process *ret)
{
	cleanup_free char *file = xasprintf("%s.pid", id);
	cleanup_free char *text = NULL;
	struct process p = {0};
	size_t len;
	int pid;

	int r = file_read_at(dirfd, file, 64, &text, &len, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	if (sscanf(text, "%d %" SCNu64, &pid, &p.starttime) != 2)
		return -ESRCH;
	p.pid = pid;
	r = process_check(&p);
	if (r == 0)
		*ret = p;
	return r;
}

char *qemu_last_words(int dirfd, const char *id)
{
	cleanup_free char *file = xasprintf("%s.log", id);
	cleanup_close int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC);
	char text[1024];
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = size > 0 ? pread(fd, text, sizeof(text) - 1, from) : 0;
	struct strbuf words = {0};
	char *rest = text;

	text[n > 0 ? n : 0] = 0;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (str_starts(line, QEMU_PROGRAM ": "))
			line += strlen(QEMU_PROGRAM ": ");
		if (*line)
			strbuf_addf(&words, "%s%s", words.len ? "; " : "", line);
	}
	return strbuf_steal(&words);
}

/* Between fork and exec: failures are written to the log. */
static _Noreturn void become(char **argv, const char *id, int dirfd, int netns, int log)
{
	struct process self;
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	if (setns(netns, CLONE_NEWNET) < 0) {
		dprintf(2, "cannot enter the network namespace: %s\n", strerror(errno));
		_exit(126);
	}
	if (fchdir(dirfd) < 0) {
		dprintf(2, "cannot enter the deployment's folder: %s\n", strerror(errno));
		_exit(126);
	}
	cleanup_free char *file = xasprintf("%s.pid", id);
	char text[64] = "";
	if (process_look(getpid(), &self) == 0)
		snprintf(text, sizeof(text), "%d %" PRIu64 "\n", (int)self.pid, self.starttime);
	cleanup_err struct err err = ERR_INIT;
	if (!*text || file_write_at(dirfd, file, text, strlen(text), 0644, &err) < 0) {
		dprintf(2, "cannot write the pid file: %s\n", err.text ? err.text : "no /proc");
		_exit(126);
	}
	/* QEMU outlives dnsvnf and would keep our caller's locks and pipes open. */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	execvpe(QEMU_PROGRAM, argv, process_environment());
	dprintf(2, "cannot run " QEMU_PROGRAM ": %s\n", strerror(errno));
	_exit(127);
}

/* Waits for the monitor of the child. */
static int wait_for_monitor(const struct qemu_guest *guest, int dirfd, pid_t pid, struct err *err)
{
	cleanup_free char *socket_name = xasprintf("%s.qmp", guest->id);
	cleanup_err struct err last = ERR_INIT;
	int status;

	/* Limited by time, not tries: a monitor that accepts and stays silent makes a try slow. */
	for (int64_t end = clock_deadline(START_MS); clock_left_ms(end) > 0;) {
		cleanup_qmp struct qmp *qmp = NULL;
		err_clear(&last);
		if (qmp_open(dirfd, socket_name, 10000, &qmp, &last) == 0)
			return 0;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			cleanup_free char *words = qemu_last_words(dirfd, guest->id);
			return err_set(err, LOCAL, "QEMU failed to start: %s",
				       *words ? words : "it exited without a message");
		}
		clock_sleep(20 * US_PER_MS);
	}
	return err_code(err, LOCAL, ETIMEDOUT, "QEMU did not answer within %d s of its start: %s",
			START_MS / 1000, last.text);
}

int qemu_start(const struct qemu *qemu, const struct qemu_guest *guest, int dirfd, int netns,
	       struct err *err)
{
	cleanup_free char *log_file = xasprintf("%s.log", guest->id);
	cleanup_close int log =
		openat(dirfd, log_file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	char **argv = NULL;

	if (log < 0)
		return err_errno(err, errno, "cannot create %s", log_file);
	int r = qemu_argv(qemu, guest, &argv, err);
	if (r < 0)
		return r;
	for (char **a = argv; *a; a++)
		log_debug("qemu: %s", *a);
	pid_t pid = fork();
	if (pid == 0)
		become(argv, guest->id, dirfd, netns, log);
	int e = errno;
	qemu_argv_free(argv);
	if (pid < 0)
		return err_errno(err, e, "cannot start QEMU");
	return wait_for_monitor(guest, dirfd, pid, err);
}
