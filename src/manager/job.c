// SPDX-License-Identifier: Apache-2.0
#include "manager/job.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "manager/lines.h"

enum { NOT_RUN = 127 };

/* What is read of the child. */
struct stream {
	struct job *job;
	sd_event_source *source;
	int fd; /* -1: it has ended */
	void (*take)(struct job *j, const char *data, size_t n);
};

struct job {
	struct job_handler handler;
	struct stream output, errors;
	sd_event_source *child, *timer;
	pid_t pid; /* 0: it was waited for */
	struct lines lines;
	struct strbuf tail;
	bool exited;
	int status;
	char *why; /* it was ended, or ended by a signal */
	int64_t timeout_ms;
};

static void stream_close(struct stream *s)
{
	s->source = sd_event_source_unref(s->source);
	if (s->fd >= 0)
		close(steal_fd(&s->fd));
}

static void job_free(struct job *j)
{
	stream_close(&j->output);
	stream_close(&j->errors);
	sd_event_source_unref(j->child);
	sd_event_source_unref(j->timer);
	strbuf_clear(&j->lines.part);
	strbuf_clear(&j->tail);
	free_all(j->why, j);
}

static void signal_group(const struct job *j, int number)
{
	if (j->pid > 0 && kill(-j->pid, number) < 0)
		(void)kill(j->pid, number); /* before it has a group */
}

void job_cancel(struct job *j)
{
	if (!j)
		return;
	if (j->pid > 0 && !j->exited) {
		signal_group(j, SIGKILL);
		while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	job_free(j);
}

/* When it has exited and its output is closed. */
static void finish(struct job *j)
{
	if (!j->exited || j->output.fd >= 0 || j->errors.fd >= 0)
		return;
	struct job_result result = {.exit_code = -1, .errors = j->tail.s ? j->tail.s : ""};
	if (!j->why && WIFEXITED(j->status))
		result.exit_code = WEXITSTATUS(j->status);
	else if (!j->why)
		j->why = xasprintf("was killed by signal %d", WTERMSIG(j->status));
	result.why = j->why;
	j->handler.done(j->handler.data, &result);
	job_free(j);
}

static void end(struct job *j, int number, const char *why)
{
	if (!j->why)
		j->why = xstrdup(why);
	signal_group(j, number);
}

static void kill_later(struct job *j)
{
	uint64_t now = 0;

	(void)sd_event_now(sd_event_source_get_event(j->timer), CLOCK_MONOTONIC, &now);
	(void)sd_event_source_set_time(j->timer, now + JOB_KILL_S * (uint64_t)US_PER_S);
	(void)sd_event_source_set_enabled(j->timer, SD_EVENT_ONESHOT);
}

void job_stop(struct job *j)
{
	end(j, SIGTERM, "was interrupted: dnsvnfd ends");
	kill_later(j);
}

static void take_output(struct job *j, const char *data, size_t n)
{
	if (!j->why && lines_add(&j->lines, data, n, j->handler.line, j->handler.data) < 0)
		end(j, SIGKILL, "wrote too much");
}

static void take_errors(struct job *j, const char *data, size_t n)
{
	strbuf_add(&j->tail, data, n);
	if (j->tail.len > JOB_ERRORS_MAX) {
		size_t cut = j->tail.len - JOB_ERRORS_MAX;
		memmove(j->tail.s, j->tail.s + cut, JOB_ERRORS_MAX + 1);
		j->tail.len = JOB_ERRORS_MAX;
	}
}

static int on_stream(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct stream *s = data;
	char buffer[16384];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	(void)source;
	(void)events;
	if (n > 0) {
		s->take(s->job, buffer, (size_t)n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		stream_close(s);
		finish(s->job);
	}
	return 0;
}

static int stream_watch(sd_event *event, struct stream *s)
{
	return sd_event_add_io(event, &s->source, s->fd, EPOLLIN, on_stream, s);
}

static int on_exit_of(sd_event_source *source, const siginfo_t *info, void *data)
{
	struct job *j = data;

	(void)source;
	j->exited = true;
	j->status = info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0) : info->si_status;
	/* What it has started may hold its output open. */
	signal_group(j, SIGKILL);
	j->pid = 0;
	finish(j);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t now, void *data)
{
	struct job *j = data;
	bool again = j->why != NULL;
	char why[64];

	(void)source;
	(void)now;
	snprintf(why, sizeof(why), "took more than %lld s", (long long)(j->timeout_ms / 1000));
	end(j, again ? SIGKILL : SIGTERM, why);
	kill_later(j);
	return 0;
}

/* The child's side. */
static _Noreturn void become(const char *const argv[], int output, int errors, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(NOT_RUN);
	(void)setpgid(0, 0);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	if (null >= 0 && dup2(null, 0) >= 0 && dup2(output, 1) >= 0 && dup2(errors, 2) >= 0)
		execvp(argv[0], (char *const *)argv);
	dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(NOT_RUN);
}

static int watch(sd_event *event, struct job *j)
{
	int r = stream_watch(event, &j->output);

	if (r >= 0)
		r = stream_watch(event, &j->errors);
	if (r >= 0)
		r = sd_event_add_child(event, &j->child, j->pid, WEXITED, on_exit_of, j);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &j->timer, CLOCK_MONOTONIC,
					       (uint64_t)(j->timeout_ms * US_PER_MS), 0, on_timer,
					       j);
	return r;
}

int job_start(sd_event *event, const char *const argv[], int64_t timeout_ms,
	      const struct job_handler *handler, struct job **ret_job, struct err *err)
{
	int out[2], errors[2];

	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(err, errno, "cannot create a pipe");
	if (pipe2(errors, O_CLOEXEC | O_NONBLOCK) < 0) {
		int r = err_errno(err, errno, "cannot create a pipe");
		close(out[0]);
		close(out[1]);
		return r;
	}
	/* The program's own ends block. */
	(void)fcntl(out[1], F_SETFL, 0);
	(void)fcntl(errors[1], F_SETFL, 0);

	struct job *j = xcalloc(1, sizeof(*j));
	*j = (struct job){.handler = *handler,
			  .output = {.job = j, .fd = out[0], .take = take_output},
			  .errors = {.job = j, .fd = errors[0], .take = take_errors},
			  .timeout_ms = timeout_ms};
	pid_t self = getpid();
	j->pid = fork();
	if (j->pid == 0)
		become(argv, out[1], errors[1], self);
	int code = errno;
	close(out[1]);
	close(errors[1]);
	int r = j->pid < 0 ? -code : watch(event, j);
	if (r < 0) {
		job_cancel(j);
		return err_errno(err, r, "cannot start %s", argv[0]);
	}
	*ret_job = j;
	return 0;
}
