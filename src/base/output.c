// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"

static struct filter {
	int fd;
	char held[4]; /* the first bytes of a character */
	size_t n_held;
} filters[] = {{.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};

static bool pass; /* the program's own sequence */

/* Whether the bytes at the end of a block are the beginning of a character, or of a line end. */
static bool is_cut(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];
	size_t need = c < 0xc0 ? 1 + (c == '\r') : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < len && i < need; i++)
		if ((s[i] & 0xc0) != 0x80)
			return false;
	return len < need;
}

/* Cleans the n bytes of s, which end with a 0; returns how many are complete. */
static size_t clean(char *s, size_t n)
{
	for (size_t i = 0, len; i < n; i += len) {
		if (is_cut(s + i, n - i))
			return i;
		len = utf8_printable(s + i);
		if (len == 0 && s[i] != '\n' && s[i] != '\t' && strncmp(s + i, "\r\n", 2) != 0)
			s[i] = '?';
		len = len ? len : 1;
	}
	return n;
}

static ssize_t filter_write(void *cookie, const char *data, size_t size)
{
	struct filter *f = cookie;

	if (pass) {
		f->n_held = 0;
		return write_all(f->fd, data, size) == 0 ? (ssize_t)size : 0;
	}
	for (size_t at = 0; at < size;) {
		char block[4096]; /* not allocated: "out of memory" must get out */
		size_t n = f->n_held, take = sizeof(block) - 1 - n;
		take = take < size - at ? take : size - at;
		memcpy(block, f->held, n);
		memcpy(block + n, data + at, take);
		at += take;
		n += take;
		block[n] = 0;
		size_t whole = clean(block, n);
		f->n_held = n - whole;
		memcpy(f->held, block + whole, f->n_held);
		if (write_all(f->fd, block, whole) < 0)
			return 0;
	}
	return (ssize_t)size;
}

static void replace(FILE **stream, struct filter *f, int buffering)
{
	FILE *clean_stream = fopencookie(f, "w", (cookie_io_functions_t){.write = filter_write});

	if (!clean_stream)
		return; /* out of memory: the next allocation aborts */
	fflush(*stream);
	setvbuf(clean_stream, NULL, buffering, BUFSIZ);
	*stream = clean_stream;
}

/*
 * A descriptor that was closed would be that of the next file or connection, which then got the
 * output. Read-only: what is printed to it fails, as if it were closed.
 */
static void open_standard(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd >= 0)
		close(fd);
}

void output_init(void)
{
	open_standard();
	replace(&stdout, &filters[0], isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
	replace(&stderr, &filters[1], _IONBF);
}

void output_control(FILE *out, const char *sequence)
{
	fflush(out);
	pass = true;
	fputs(sequence, out);
	fflush(out);
	pass = false;
}

int output_columns(FILE *out)
{
	int fd = out == stdout ? STDOUT_FILENO : out == stderr ? STDERR_FILENO : fileno(out);
	struct winsize size;

	if (!isatty(fd))
		return 0;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}
