// SPDX-License-Identifier: Apache-2.0
#include "cli/answer.h"

#include <signal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_write.h"
#include "cli/common.h"

struct failure {
	const char *kind; /* NULL: none */
	char *text, *hint;
};

static struct {
	struct json_writer w;
	size_t flags;
	struct failure first, part;
	volatile sig_atomic_t pending; /* begun but not printed */
} answer;

struct json_writer *answer_begin(bool one_line)
{
	answer.flags = one_line ? JSON_COMPACT : JSON_INDENT(2);
	json_open_object(&answer.w, NULL);
	json_put_int64(&answer.w, "format_version", ANSWER_FORMAT_VERSION);
	answer.pending = 1;
	return &answer.w;
}

static void failure_clear(struct failure *f)
{
	free_all(f->text, f->hint);
	*f = (struct failure){0};
}

static void keep(struct failure *f, const char *kind, const char *text, const char *hint)
{
	if (!f->kind)
		*f = (struct failure){kind, xstrdup(text), xstrdup(hint)};
}

static void fail(const char *kind, const char *text, const char *hint)
{
	keep(&answer.first, kind, text, hint);
	keep(&answer.part, kind, text, hint);
}

void answer_fail(const struct err *err)
{
	fail(err_kind_name(err->kind), err->text ? err->text : "failed", NULL);
}

void answer_usage_error(const char *text, const char *hint)
{
	fail("usage", text, hint);
}

static void put_failure(struct json_writer *w, const struct failure *f)
{
	if (!f->kind)
		return;
	json_open_object(w, "error");
	json_put_text(w, "kind", f->kind);
	json_put_text(w, "text", f->text);
	json_put_text(w, "hint", f->hint);
	json_close(w);
}

void answer_part_begin(void)
{
	failure_clear(&answer.part);
}

void answer_part_end(struct json_writer *w)
{
	put_failure(w, &answer.part);
}

int answer_end(int code)
{
	cleanup_err struct err err = ERR_INIT;

	answer.pending = 0;
	if (answer.w.root && (json_object_size(answer.w.root) > 1 || answer.first.kind)) {
		put_failure(&answer.w, &answer.first);
		json_close(&answer.w);
		if (json_write_file(&answer.w, stdout, answer.flags, &err) < 0)
			code = cli_fail("json", &err);
	}
	json_writer_clear(&answer.w);
	failure_clear(&answer.first);
	failure_clear(&answer.part);
	return code;
}

void answer_interrupted(void)
{
	static const char text[] = "{\"format_version\": 1, \"error\": {\"kind\": \"interrupted\", "
				   "\"text\": \"interrupted\", \"hint\": null}}\n";

	if (answer.pending && write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		return;
}
