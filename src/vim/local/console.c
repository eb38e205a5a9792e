// SPDX-License-Identifier: Apache-2.0
/*
 * The console is a ring of 64 KiB in QEMU's memory, so that no guest can fill the host's disk.
 * Reading consumes it, so the text read is appended to a file of the same size limit, for the next
 * reader.
 */
#include <fcntl.h>
#include <sys/file.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"
#include "vim/local/handle.h"
#include "vim/local/qmp.h"

#define CONSOLE_MAX 65536

/* Reads the ring; nothing if QEMU has exited. */
static void read_ring(struct local *local, const struct record *server, struct strbuf *text)
{
	cleanup_free char *name = record_file(server, "qmp");
	cleanup_qmp struct qmp *qmp = NULL;
	json_t *data = NULL;

	if (qmp_open(local->store.dirfd, name, 10000, &qmp, NULL) < 0 ||
	    qmp_command(qmp, "ringbuf-read",
			json_pack("{s:s, s:i, s:s}", "device", "console", "size", CONSOLE_MAX,
				  "format", "base64"),
			&data, NULL) < 0)
		return;
	base64_decode(json_string_value(data), json_string_length(data), text);
	json_decref(data);
}

/* Length of the escape sequence (ECMA-48) at s, at least 1. */
static size_t escape_length(const char *s, size_t len)
{
	size_t n = 2;

	if (len < 2 || s[1] != '[')
		return len < 2 ? len : 2;
	while (n < len && (s[n] < 0x40 || s[n] > 0x7e))
		n++;
	return n < len ? n + 1 : len;
}

/* Plain lines only: the guest must not control the reader's terminal. */
static char *plain_text(const char *s, size_t len)
{
	char *text = xcalloc(len + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)s[i];
		if (c == 0x1b) {
			i += escape_length(s + i, len - i);
			continue;
		}
		if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f))
			text[n++] = (char)c;
		i++;
	}
	text[n] = 0;
	utf8_make_printable(text, "\n\t");
	return text;
}

int server_console(struct local *local, const struct record *server, char **ret_text,
		   struct err *err)
{
	cleanup_strbuf struct strbuf text = {0};
	cleanup_free char *file = record_file(server, "console");
	cleanup_free char *saved = NULL;
	size_t len = 0;

	int r = store_open_folder(&local->store, err);
	if (r < 0)
		return r;
	cleanup_close int fd = openat(local->store.dirfd, file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_errno(err, errno, "cannot open the console of server %s", server->name);
	if (file_read_at(local->store.dirfd, file, CONSOLE_MAX, &saved, &len, NULL) == 0)
		strbuf_add(&text, saved, len);
	read_ring(local, server, &text);
	size_t cut = text.len > CONSOLE_MAX ? text.len - CONSOLE_MAX : 0;
	if (text.len && (pwrite(fd, text.s + cut, text.len - cut, 0) < 0 ||
			 ftruncate(fd, (off_t)(text.len - cut)) < 0))
		/* On a full disk it is still shown. */
		log_info("cannot save the console of server %s: %s", server->name, strerror(errno));
	*ret_text = text.len ? plain_text(text.s + cut, text.len - cut) : xstrdup("");
	return 0;
}
